package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"vouchgate/kyc"
)

// badRedirectURIs are all unlike the registered https://shop.example/cb.
var badRedirectURIs = []string{
	"http://shop.example/cb", "https://shop.example/cb/", "https://shop.example/cb/x", "https://shop.example/CB",
	"https://SHOP.example/cb", "https://shop.example:443/cb", "https://shop.example/cb?a=1", "https://shop.example/cb?",
	"https://shop.example/cb#x", "https://shop.example/cb#", "https://shop.example//cb", "https://shop.example/./cb",
	"https://shop.example/x/../cb", "https://shop.example/x/%2e%2e/cb", "https://shop.example/x/..;/cb",
	"https://shop.example/cb/../x", "https://shop.example/%63b", "https://shop.example/%2563b",
	"https://shop.example.evil/cb", "https://shop.example@evil.example/cb", "https://shop.example:80@evil.example/",
	"https://shop.example%2f@evil.example/cb", "https://evil.example/https://shop.example/cb", `\\evil.example`, "//evil.example/cb",
	`https://shop.example\cb`, "https://shop.example/cb ", "https://shop.example/cb\t", "https://shop.example/cb\n",
	"https://shop.example/cb\r\nSet-Cookie: a=b", "https://xn--shp-nqa.example/cb", "https://shoр.example/cb",
	"javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "file:///etc/passwd", "/cb", "cb", "https://shop.example",
	"https://shop.example/cb?tenant=8", "https://shop.example/cb?tenant=7&x=1", "https://shop.example/cb?tenant=%37",
	"http://127.0.0.1/cb", "http://localhost/cb",
}

func TestBadRedirectURIIsShownAndNeverFollowed(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.setUp("shop")
	before := g.everything()
	others := map[string]url.Values{
		"everything else being right": {},
		"with a bad scope":            {"scope": {"portrait"}},
		"with a bad response type":    {"response_type": {"token"}},
		"without state":               {"state": {""}},
	}
	for name, other := range others {
		for _, uri := range badRedirectURIs {
			t.Run(uri+" "+name, func(t *testing.T) {
				params := clone(w.params)
				for k, v := range other {
					params[k] = v
				}
				params.Set("redirect_uri", uri)
				r := w.get("/authorize/" + w.nonce + "?" + params.Encode()).shows(http.StatusBadRequest)
				r.lacks("evil", "http-equiv", "alert(1)")
				if len(r.header.Values("Set-Cookie")) > 0 || r.header.Get("WWW-Authenticate") != "" {
					t.Errorf("headers are %v", r.header)
				}
			})
		}
	}
	for _, uri := range badRedirectURIs {
		w.params.Set("redirect_uri", uri)
		w.with("Accept", "application/json").get(w.path()).refuses(http.StatusBadRequest, "invalid_request")
		w.post(w.path()).shows(http.StatusBadRequest)
	}
	if after := g.everything(); after != before {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
}

func clone(v url.Values) url.Values {
	c := url.Values{}
	for name, values := range v {
		c[name] = append([]string(nil), values...)
	}
	return c
}

// shown are requests whose faults are shown on a page: edit changes the
// parameters of a good one, raw the text.
var shown = []struct {
	name   string
	edit   func(url.Values)
	raw    func(string) string
	status int
	client bool // all faults of the client look the same
}{
	{"client_id missing", func(p url.Values) { p.Del("client_id") }, asIs, 400, true},
	{"client_id empty", func(p url.Values) { p.Set("client_id", "") }, asIs, 400, true},
	{"client_id unknown", func(p url.Values) { p.Set("client_id", "nobody") }, asIs, 400, true},
	{"client_id of a disabled client", func(p url.Values) { p.Set("client_id", "closed") }, asIs, 400, true},
	{"client_id twice", func(p url.Values) { p.Add("client_id", "shop") }, asIs, 400, true},
	{"client_id with NUL", func(p url.Values) { p.Set("client_id", "shop\x00") }, asIs, 400, false},
	{"redirect_uri missing", func(p url.Values) { p.Del("redirect_uri") }, asIs, 400, false},
	{"redirect_uri empty", func(p url.Values) { p.Set("redirect_uri", "") }, asIs, 400, false},
	{"redirect_uri twice", func(p url.Values) { p.Add("redirect_uri", p.Get("redirect_uri")) }, asIs, 400, false},
	{"redirect_uri twice, one empty", func(p url.Values) { p.Add("redirect_uri", "") }, asIs, 400, false},
	{"state with NUL", func(p url.Values) { p.Set("state", "a\x00b") }, asIs, 400, false},
	{"broken percent-encoding", none, func(q string) string { return q + "&x=%zz" }, 400, false},
	{"semicolons", none, func(q string) string { return strings.ReplaceAll(q, "&", ";") }, 400, false},
	{"not UTF-8", none, func(q string) string { return q + "&x=%ff" }, 400, false},
	{"a thousand parameters", none, func(q string) string { return q + strings.Repeat("&a=b", 1000) }, 400, false},
	{"no query", none, func(string) string { return "" }, 400, true},
	{"a query of 9 kB", none, func(q string) string { return q + "&x=" + strings.Repeat("x", 9<<10) }, 414, false},
}

func asIs(query string) string { return query }

func TestAuthorizeShowsWhatItCannotSendHome(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	g.addClient("closed")
	g.disable("closed")
	w := g.setUp("shop")
	before := g.everything()
	var unknown string
	for _, row := range shown {
		t.Run(row.name, func(t *testing.T) {
			params := clone(w.params)
			row.edit(params)
			path := "/authorize/" + w.nonce + "?" + row.raw(params.Encode())
			r := w.get(path).shows(row.status).lacks("http-equiv", "goroutine")
			w.with("Accept", "application/json").get(path).refuses(row.status, "invalid_request")
			if !row.client {
				return
			}
			page, _, _ := strings.Cut(r.body, `class="reference"`)
			if unknown == "" {
				unknown = page
			}
			if page != unknown {
				t.Errorf("the page tells clients apart:\n%s\n%s", unknown, page)
			}
		})
	}
	if after := g.everything(); after != before {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
}

// redirected are requests whose faults go home to the client.
var redirected = []struct {
	name string
	edit func(url.Values)
	word string
}{
	{"response_type missing", func(p url.Values) { p.Del("response_type") }, "invalid_request"},
	{"response_type empty", func(p url.Values) { p.Set("response_type", "") }, "invalid_request"},
	{"response_type token", func(p url.Values) { p.Set("response_type", "token") }, "unsupported_response_type"},
	{"response_type id_token", func(p url.Values) { p.Set("response_type", "id_token") }, "unsupported_response_type"},
	{"response_type code token", func(p url.Values) { p.Set("response_type", "code token") }, "unsupported_response_type"},
	{"response_type in upper case", func(p url.Values) { p.Set("response_type", "CODE") }, "unsupported_response_type"},
	{"response_type none", func(p url.Values) { p.Set("response_type", "none") }, "unsupported_response_type"},
	{"response_type twice", func(p url.Values) { p.Add("response_type", "code") }, "invalid_request"},
	{"scope twice", func(p url.Values) { p["scope"] = []string{"given_name", "given_name"} }, "invalid_request"},
	{"code_challenge twice", func(p url.Values) { p.Add("code_challenge", pkceChallenge) }, "invalid_request"},
	{"method plain", func(p url.Values) { p.Set("code_challenge_method", "plain") }, "invalid_request"},
	{"method missing", func(p url.Values) { p.Del("code_challenge_method") }, "invalid_request"},
	{"method in lower case", func(p url.Values) { p.Set("code_challenge_method", "s256") }, "invalid_request"},
	{"challenge missing", func(p url.Values) { p.Del("code_challenge") }, "invalid_request"},
	{"challenge and method missing", func(p url.Values) { p.Del("code_challenge"); p.Del("code_challenge_method") }, "invalid_request"},
	{"challenge of 42 characters", func(p url.Values) { p.Set("code_challenge", pkceChallenge[1:]) }, "invalid_request"},
	{"challenge of 44 characters", func(p url.Values) { p.Set("code_challenge", pkceChallenge+"x") }, "invalid_request"},
	{"challenge of 129 characters", func(p url.Values) { p.Set("code_challenge", strings.Repeat("x", 129)) }, "invalid_request"},
	{"challenge with padding", func(p url.Values) { p.Set("code_challenge", pkceChallenge[1:]+"=") }, "invalid_request"},
	{"challenge with a plus", func(p url.Values) { p.Set("code_challenge", pkceChallenge[1:]+"+") }, "invalid_request"},
	{"a known scope that is not allowed", func(p url.Values) { p.Set("scope", "given_name portrait") }, "invalid_scope"},
	{"only unknown scopes", func(p url.Values) { p.Set("scope", "foo bar") }, "invalid_scope"},
	{"a thousand scopes", func(p url.Values) { p.Set("scope", strings.Repeat("a ", 1000)) }, "invalid_scope"},
	{"a scope name twice", func(p url.Values) { p.Set("scope", "given_name given_name") }, "invalid_scope"},
	{"control characters in the scope", func(p url.Values) { p.Set("scope", "given_name\r\nX: y") }, "invalid_scope"},
	{"a quote in the scope", func(p url.Values) { p.Set("scope", `"given_name"`) }, "invalid_scope"},
	{"a backslash in the scope", func(p url.Values) { p.Set("scope", `given\name`) }, "invalid_scope"},
	{"an emoji in the scope", func(p url.Values) { p.Set("scope", "given_name 🦊") }, "invalid_scope"},
	{"response_mode web_message", func(p url.Values) { p.Set("response_mode", "web_message") }, "invalid_request"},
	{"response_mode fragment", func(p url.Values) { p.Set("response_mode", "fragment") }, "invalid_request"},
	{"a request object", func(p url.Values) { p.Set("request", "eyJhbGciOiJub25lIn0.e30.") }, "request_not_supported"},
	{"a request_uri", func(p url.Values) { p.Set("request_uri", "http://127.0.0.1:1/x") }, "request_uri_not_supported"},
	{"prompt none", func(p url.Values) { p.Set("prompt", "none") }, "login_required"},
	{"prompt none and login", func(p url.Values) { p.Set("prompt", "none login") }, "invalid_request"},
}

func TestAuthorizeSendsFaultsHome(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop", func(c *kyc.Client) { c.PKCERequired = true })
	w := g.setUp("shop")
	before := g.everything()
	for _, row := range redirected {
		t.Run(row.name, func(t *testing.T) {
			params := clone(w.params)
			row.edit(params)
			path := "/authorize/" + w.nonce + "?" + params.Encode()
			r := w.get(path)
			home := r.leads("https://shop.example/cb?")
			if home.Get("error") != row.word || home.Get("error_description") == "" || home.Get("state") != "state of shop" ||
				home.Get("iss") != issuer || home.Has("code") || strings.Contains(r.header.Get("Location"), "#") {
				t.Errorf("answer is %v, want %s", home, row.word)
			}
			outside := func(r rune) bool { return r < 0x20 || r == '"' || r == '\\' || r > 0x7E }
			if strings.ContainsFunc(home.Get("error_description"), outside) {
				t.Errorf("description is %q", home.Get("error_description"))
			}
			w.with("Accept", "application/json").get(path).refuses(http.StatusBadRequest, row.word)
			w.post(path).leads("https://shop.example/cb?error=" + row.word)
		})
	}
	if after := g.everything(); after != before {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
}

func TestFaultsOfTheStateItself(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.setUp("shop")
	for name, values := range map[string][]string{
		"state twice":               {"a", "a"},
		"state of 2 KiB and a byte": {strings.Repeat("x", 2049)},
	} {
		w.params["state"] = values
		home := w.get(w.path()).leads("https://shop.example/cb?")
		if home.Get("error") != "invalid_request" || home.Has("state") {
			t.Errorf("%s: answer is %v, want invalid_request without state", name, home)
		}
	}
}

func TestTalerClientGetsWordsThatItActsOn(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addExchange()
	w := g.setUp("exchange")
	w.params.Set("response_type", "token")
	if home := w.get(w.path()).leads("https://exchange.example/kyc-proof/swiyu?"); home.Get("error") != "server_error" {
		t.Errorf("answer is %v", home)
	}
	w.params.Set("response_type", "code")
	w.open()
	home := w.post(w.at("/cancel")).leads("https://exchange.example/kyc-proof/swiyu?")
	if home.Get("error") != "unauthorized_client" || home.Get("state") != "state of exchange" {
		t.Errorf("answer is %v", home)
	}
}

func TestStateComesBackByteForByte(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	for name, state := range map[string]string{
		"one character":       "x",
		"percent signs":       "%2B+%20&=%",
		"JSON":                `{"a":"b c","d":[1]}`,
		"markup":              `"><script>alert(1)</script>`,
		"UTF-8":               "Zürich 🦊",
		"base64":              "a+b/c==",
		"CR and LF":           "a\r\nSet-Cookie: x=y",
		"2 KiB":               strings.Repeat("s", 2048),
		"spaces at the edges": "  a  ",
		"a fragment":          "a#b?c",
	} {
		t.Run(name, func(t *testing.T) {
			w := g.setUp("shop")
			w.params.Set("state", state)
			w.params.Set("response_type", "token")
			failed := w.get(w.path())
			if got := failed.leads("https://shop.example/cb?").Get("state"); got != state {
				t.Errorf("state on error is %q", got)
			}
			w.params.Set("response_type", "code")
			w.open()
			w.get(w.at("")).shows(http.StatusOK).lacks("<script>alert")
			g.prove(w.id)
			finished := w.get(w.at("/finish"))
			if got := finished.leads("https://shop.example/cb?").Get("state"); got != state {
				t.Errorf("state on success is %q", got)
			}
			for _, r := range []reply{failed, finished} {
				if r.header.Get("Set-Cookie") != "" {
					t.Errorf("the header was split: %v", r.header)
				}
			}
		})
	}
}

func TestAuthorizeTolerates(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	for name, more := range map[string]string{
		"unknown parameters": "&foo=bar&resource_x=1", "an empty scope": "&scope=", "OpenID Connect's own": "&display=page&claims_locales=de&acr_values=x&login_hint=%3Cscript%3E&max_age=1",
		"a nonce of 384 characters": "&nonce=" + strings.Repeat("n", 384), "prompt login": "&prompt=login", "prompt consent": "&prompt=consent",
		"languages that are none": "&ui_locales=%2e%2e%2f+%3Cscript%3E+xx-", "response_mode query": "&response_mode=query",
		"an unknown scope beside a known one": "&scope=openid+given_name",
	} {
		t.Run(name, func(t *testing.T) {
			w := g.setUp("shop")
			r := w.get(w.path() + more)
			r.leads(w.at(""))
			w.get(r.header.Get("Location")).shows(http.StatusOK)
		})
	}
}

func TestRegisteredQueryStays(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.setUp("shop")
	w.params.Set("redirect_uri", "https://shop.example/cb?tenant=7")
	w.open()
	g.prove(w.id)
	home := w.get(w.at("/finish")).leads("https://shop.example/cb?tenant=7&code=")
	if home.Get("tenant") != "7" || home.Get("state") == "" || home.Get("iss") != issuer {
		t.Errorf("answer is %v", home)
	}
}

func TestNoStateIsInvented(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.setUp("shop")
	w.params.Set("state", "")
	w.open()
	g.prove(w.id)
	if home := w.get(w.at("/finish")).leads("https://shop.example/cb?"); home.Has("state") {
		t.Errorf("answer is %v", home)
	}
}
