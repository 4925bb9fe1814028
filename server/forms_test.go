package server_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"vouchgate/kyc"
)

var (
	formTag  = regexp.MustCompile(`<form[^>]* action="([^"]*)"[^>]*>`)
	inputTag = regexp.MustCompile(`<input[^>]*>`)
	attrName = regexp.MustCompile(`([a-z_-]+)="([^"]*)"`)
)

// form returns the fields of the form that goes to a path, as a browser would send
// them that changes nothing. A form that is not there ends the test.
func (r reply) form(action string) url.Values {
	r.t.Helper()
	for _, at := range formTag.FindAllStringSubmatchIndex(r.body, -1) {
		if target := html.UnescapeString(r.body[at[2]:at[3]]); target != action {
			continue
		}
		inside, _, _ := strings.Cut(r.body[at[1]:], "</form>")
		return fieldsIn(inside)
	}
	r.t.Fatalf("status %d, no form that goes to %s:\n%s", r.status, action, r.body)
	return nil
}

func fieldsIn(form string) url.Values {
	fields := url.Values{}
	for _, tag := range inputTag.FindAllString(form, -1) {
		attr := map[string]string{}
		for _, a := range attrName.FindAllStringSubmatch(tag, -1) {
			attr[a[1]] = html.UnescapeString(a[2])
		}
		if attr["type"] == "checkbox" && attr["checked"] == "" || attr["name"] == "" {
			continue
		}
		fields.Add(attr["name"], attr["value"])
	}
	return fields
}

// start makes the session of a walk by an authorization request.
func (w *walk) start() reply {
	w.g.t.Helper()
	r := w.get("/authorize?" + w.params.Encode())
	w.found(r)
	return r
}

// found remembers the session that an answer leads to.
func (w *walk) found(r reply) reply {
	w.g.t.Helper()
	if at := r.header.Get("Location"); strings.HasPrefix(at, "/authorize?") { // it was posted without a cookie
		r = w.get(at)
	}
	r.leads("/session/")
	id, _, _ := strings.Cut(strings.TrimPrefix(r.header.Get("Location"), "/session/"), "/")
	id, _, _ = strings.Cut(id, "?")
	var err error
	w.id, err = kyc.ParseID(id)
	must(w.g.t, err)
	return r
}

// visitor is a person who is about to be sent here by a client, with parameters to
// add or, if empty, to leave out.
func (g *gate) visitor(clientID string, params ...string) *walk {
	g.t.Helper()
	client, err := g.store.Client(ctx, clientID)
	must(g.t, err)
	w := &walk{browser: g.browser(), client: client, secret: pkceVerifier, params: url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {client.RedirectURIs[0]}, "state": {"state of " + clientID},
		"code_challenge": {pkceChallenge}, "code_challenge_method": {"S256"},
	}}
	return w.asking(params...)
}

// asking changes the parameters of a walk.
func (w *walk) asking(params ...string) *walk {
	for i := 0; i < len(params); i += 2 {
		if params[i+1] == "" {
			w.params.Del(params[i])
		} else {
			w.params.Set(params[i], params[i+1])
		}
	}
	return w
}

// again is another walk in the same browser.
func (w *walk) again(params ...string) *walk {
	w.g.t.Helper()
	next := w.g.visitor(w.client.ID, params...)
	next.browser = w.browser
	return next
}

// follow follows redirects within the server, and returns the first answer that leads
// out of it or nowhere.
func (w *walk) follow(r reply) reply {
	w.g.t.Helper()
	for range 10 {
		to := r.header.Get("Location")
		if r.status != http.StatusSeeOther || !strings.HasPrefix(to, "/") {
			return r
		}
		r = w.get(to)
	}
	w.g.t.Fatalf("redirects without end, the last one to %s", r.header.Get("Location"))
	return r
}

// home checks that an answer leads to the client with a code, or with an error word.
func (w *walk) home(r reply, word string) url.Values {
	w.g.t.Helper()
	q := r.leads(w.params.Get("redirect_uri"))
	w.answered(q, word)
	return q
}

func (w *walk) answered(q url.Values, word string) {
	w.g.t.Helper()
	if q.Get("state") != w.params.Get("state") || q.Get("iss") != issuer || q.Get("error") != word || q.Has("code") == q.Has("error") {
		w.g.t.Errorf("the client is told %v, want error %q", q, word)
	}
	w.code = q.Get("code")
}

// swap redeems the code of the walk and remembers the access token.
func (w *walk) swap() reply {
	w.g.t.Helper()
	r := w.redeem().wants(http.StatusOK)
	w.token = r.text("access_token")
	return r
}
