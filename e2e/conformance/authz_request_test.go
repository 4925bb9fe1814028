package conformance

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"AUTHZ-10", "a missing response_type is told to the client (RFC 6749, section 4.1.2.1)", authz10},
	Row{"AUTHZ-11", "every response type but code is refused, and no token is ever in a URL (RFC 9700, section 2.1.2)", authz11},
	Row{"AUTHZ-12", "a parameter that comes twice is refused; a doubled state is not given back (RFC 6749, section 3.1)", authz12},
	Row{"AUTHZ-13", "an empty parameter counts as absent (RFC 6749, section 3.1)", authz13},
	Row{"AUTHZ-14", "unknown parameters change nothing (RFC 6749, section 3.1)", authz14},
	Row{"AUTHZ-15", "the order of parameters changes nothing, and that of scope names is kept", authz15},
	Row{"AUTHZ-16", "a scope with characters that no scope may have is refused (RFC 6749, section 3.3)", authz16},
	Row{"AUTHZ-17", "a request without scope is for all that the client is registered for, and the answer says so", authz17},
	Row{"AUTHZ-18", "a scope that exists, but not for this client, is refused", authz18},
	Row{"AUTHZ-19", "state comes back byte by byte, with codes and with errors", authz19},
	Row{"AUTHZ-20", "a request without state gets an answer without state", authz20},
	Row{"AUTHZ-21", "a state of one character is good enough", authz21},
	Row{"AUTHZ-30", "an unknown response_mode is refused, by query", authz30},
	Row{"AUTHZ-32", "request objects and foreign request_uris are refused and not ignored (OpenID Connect Core, section 6)", authz32},
	Row{"AUTHZ-35", "prompt=none beside another value, and unknown values, are refused", authz35},
)

func authz10(t *T) {
	for _, v := range []string{Without, ""} {
		ask := t.Ask(t.Wallet(), "response_type", v)
		t.Redir(ask, t.Visit(ask), "invalid_request")
	}
}

func authz11(t *T) {
	for _, kind := range []string{
		"token", "id_token", "code id_token", "code token", "id_token token", "code id_token token", "none", "CODE", "code code", "garbage \x7f",
	} {
		ask := t.Ask(t.App(), "response_type", kind, "scope", "openid given_name", "nonce", "n")
		home := t.Home(t.SignedIn(), ask)
		query := t.Redir(ask, t.Answer(home), "unsupported_response_type")
		for _, name := range []string{"access_token", "id_token", "token_type"} {
			if query.Has(name) {
				t.Errorf("%q: %s is in the URL", kind, name)
			}
		}
	}
}

func authz12(t *T) {
	ask := t.Ask(t.Wallet(), "scope", "given_name")
	for _, name := range []string{"client_id", "redirect_uri"} {
		t.ErrPage(t.VisitPath(ask.RawPath("&" + name + "=" + url.QueryEscape(ask.Values.Get(name)))))
	}
	for _, name := range []string{"scope", "response_type", "code_challenge", "code_challenge_method", "nonce", "prompt", "response_mode"} {
		twice := "&" + name + "=" + url.QueryEscape(ask.Values.Get(name))
		if !ask.Values.Has(name) {
			twice = "&" + name + "=a&" + name + "=a"
		}
		t.Redir(ask, t.VisitPath(ask.RawPath(twice)), "invalid_request")
	}
	t.Redir(ask.With("state", Without), t.VisitPath(ask.RawPath("&state=other")), "invalid_request")
	t.Redir(ask, t.VisitPath(ask.RawPath("&scope=a&scope")), "invalid_request")
}

func authz13(t *T) {
	ask := t.Ask(t.App(), "state", "", "scope", "", "prompt", "", "nonce", "", "response_mode", "", "claims", "", "max_age", "", "request_uri", "")
	home := t.Home(t.SignedIn(), ask)
	t.HomeWith(ask, home.Header.Get("Location")) // which has no state
	g := t.Swap(ask, home.Code())
	if got := g.Answer.Text("scope"); got != t.defaultScope(t.App().ID) {
		t.Errorf("the scope is %q", got)
	}
	t.ErrPage(t.Visit(ask.With("redirect_uri", "")))
	bad := ask.With("response_type", "")
	t.Redir(bad, t.Visit(bad), "invalid_request")
}

func authz14(t *T) {
	ask := t.Ask(t.App(), "foo", "bar", "resource_x", "1", "display_name", "x", "code_challenge_", "x", "", "x")
	t.GrantOf(ask)
}

func authz15(t *T) {
	for _, scope := range []string{"given_name family_name birth_date", "birth_date given_name family_name", "family_name openid given_name"} {
		ask := t.Ask(t.App(), "scope", scope)
		pairs := strings.Split(ask.Query(), "&")
		slices.Reverse(pairs)
		b := t.SignedIn()
		home := t.GoOn(b, t.Open(b, "/authorize?"+strings.Join(pairs, "&")))
		if got := t.Swap(ask, home.Code()).Answer.Text("scope"); got != scope {
			t.Errorf("the scope is %q, not %q", got, scope)
		}
	}
}

func authz16(t *T) {
	for _, scope := range []string{
		`"given_name`, `given_name\`, "given_name\x07", "given\tname", "given_name\nfamily_name", "prénom", "given_name\x7f", `a"b given_name`,
	} {
		ask := t.Ask(t.Wallet(), "scope", scope)
		t.Redir(ask, t.Visit(ask), "invalid_scope")
	}
}

// defaultScope is what a client is registered for.
func (t *T) defaultScope(clientID string) string {
	t.Helper()
	var shown struct {
		Scopes []string `json:"scopes"`
	}
	t.Data.RunJSON(t.T, &shown, "client", "show", clientID)
	return strings.Join(shown.Scopes, " ")
}

func authz17(t *T) {
	c := t.Client(byAccount, noQuestion, "--scope=family_name given_name")
	g := t.Grant(c)
	if got := g.Answer.Text("scope"); got != "family_name given_name" {
		t.Errorf("the scope is %q", got)
	}
	if info := t.OK(t.Info(g.Access)).JSON; info["given_name"] != accountClaims["given_name"] || info["birth_date"] != nil {
		t.Errorf("it reads %v", info)
	}
}

func authz18(t *T) {
	c := t.Client(byAccount, noQuestion, "--scope=family_name given_name")
	for _, scope := range []string{"birth_date", "given_name birth_date", "profile"} {
		ask := t.Ask(c, "scope", scope)
		t.Redir(ask, t.Visit(ask), "invalid_scope")
	}
	unknown := t.Ask(c, "scope", "no_such_thing")
	t.Redir(unknown, t.Visit(unknown), "invalid_scope")
	if got := t.Grant(c, "scope", "no_such_thing given_name").Answer.Text("scope"); got != "given_name" {
		t.Errorf("beside an unknown name the scope is %q", got)
	}
	t.scopeOfMethods()
}

// scopeOfMethods is about scopes that one method of a client proves and another one
// does not.
func (t *T) scopeOfMethods() {
	t.Helper()
	where := t.Place("email")
	g := t.GrantAt(where, t.Ask(t.Chooser(), "scope", "given_name email"))
	info := t.OK(t.Info(g.Access)).JSON
	if got := g.Answer.Text("scope"); got != "email" || info["email"] != where.Mark || info["given_name"] != nil {
		t.Errorf("the scope is %q, and it reads %v", got, names(info))
	}
	if p := t.Open(e2e.NewBrowser(), t.Ask(t.Chooser(), "scope", "phone").Path()); !Has(p, "/address") || methodOn(p) != "phone" {
		t.Errorf("a scope that a phone alone proves leads to %s", p)
	}
	t.Refused("scope", "client", "add", "--id", t.next("refused-"), "--redirect-uri", "https://c.example/cb", byEmail, "--scope", "given_name")
	mute := t.Alone("--email-helper=")
	unsent := mute.Ask(mute.NewClient(byEmail))
	mute.Redir(unsent, mute.Visit(unsent), "invalid_scope")
}

func authz19(t *T) {
	for _, state := range []string{
		"a", "%2B+%20&=", `{"back":"/a?b=c","n":[1,2]}`, "grüezi – 日本 🧀", "ab+/cd==", "a b\tc\nd", "<script>", "'\"\\;,#",
		strings.Repeat("0123456789abcdef", 128),
	} {
		ask := t.Ask(t.App(), "state", state)
		home := t.Home(t.SignedIn(), ask)
		if q := t.HomeWith(ask, home.Header.Get("Location")); q.Get("code") == "" {
			t.Errorf("no code with state %q", state)
		}
		bad := ask.With("response_type", "token")
		t.Redir(bad, t.Visit(bad), "unsupported_response_type")
	}
}

func authz20(t *T) {
	ask := t.Ask(t.App(), "state", Without)
	home := t.Home(t.SignedIn(), ask)
	if q := t.HomeWith(ask, home.Header.Get("Location")); q.Get("code") == "" {
		t.Errorf("no code: %s", home)
	}
	bad := ask.With("prompt", "nonsense")
	t.Redir(bad, t.Visit(bad), "invalid_request")
}

func authz21(t *T) { t.Grant(t.App(), "state", "x", "nonce", "y", "scope", "openid") }

func authz30(t *T) {
	for _, mode := range []string{"foo", "fragment", "QUERY", "form_post.jwt", "jwt", "query fragment"} {
		ask := t.Ask(t.Wallet(), "response_mode", mode)
		t.Redir(ask, t.Visit(ask), "invalid_request")
	}
	t.Status(t.Visit(t.Ask(t.Wallet(), "response_mode", "query")), http.StatusSeeOther)
}

func authz32(t *T) {
	object := t.Ask(t.Wallet(), "request", "eyJhbGciOiJub25lIn0.e30.")
	t.Redir(object, t.Visit(object), "request_not_supported")
	for _, uri := range []string{"https://c.example/request.jwt", "urn:example:request", "x"} {
		ask := t.Ask(t.Wallet(), "request_uri", uri)
		t.Redir(ask, t.Visit(ask), "request_uri_not_supported")
	}
	m := t.Metadata()
	if m["request_parameter_supported"] != false || m["request_uri_parameter_supported"] != false {
		t.Error("the metadata does not say that they are not supported")
	}
}

func authz35(t *T) {
	for _, prompt := range []string{"none login", "login none", "none consent", "create", "LOGIN", "login nonsense"} {
		ask := t.Ask(t.App(), "prompt", prompt)
		t.Redir(ask, t.Visit(ask), "invalid_request")
	}
}
