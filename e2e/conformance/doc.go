// Package conformance checks the built program against what OAuth 2.0, OpenID
// Connect and their security profiles ask of a server, over HTTP and on both
// databases. Each requirement is a row with an id such as TOK-12, and each row a
// case named after it:
//
//	go test ./e2e/conformance -run 'TestConformance/sqlite/TOK-12$'
//
// A run of all rows in which every one passes writes docs/conformance.md.
//
// # How to add a case
//
// The ids are listed in ids.go. Cases are in the files named after their group, in
// lists that register themselves:
//
//	var _ = rows(
//		Row{"TOK-08", "a request without a code is refused (RFC 6749, section 5.2)", tok08},
//	)
//
//	func tok08(t *T) {
//		client := t.App()
//		t.JSON(t.PostForm("/token", t.Form(client, "grant_type", "authorization_code")), 400, "invalid_request")
//	}
//
// A case gets a T: a testing.T with an Env, which is a running gateway with its
// surroundings (mock verifier, receiver of webhooks, database, a person with an
// account). All cases of a database share one Env and run side by side, so that a
// case must not rely on what others leave alone: a case that changes a client
// (disables it, rotates its secret, fails to authenticate as it) takes one of its
// own from NewClient, and one that signs out or erases an account takes one from
// NewPerson. T.Alone starts a gateway with settings of its own; it costs a second.
//
// Three things are asked for again and again, and have short names:
//
//   - ErrPage: the person sees an error page, and is sent nowhere.
//   - Redir: the client is told the error by a redirect, with state and iss.
//   - JSON: a program is told the error, as RFC 6749, section 5.2, has it.
//
// An Ask is an authorization request that a case can bend before it is sent:
// T.Visit sends it without following where it leads, T.Home walks it to its end in
// a browser, T.Code and T.Grant take the code and the tokens home.
//
// Nothing waits for time to pass. What has to expire gets a lifetime of a second
// or two (client add --token-lifetime 2s), and is asked for by T.Until until it
// has.
package conformance
