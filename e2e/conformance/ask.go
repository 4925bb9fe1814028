package conformance

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"vouchgate/e2e"
)

// Without as the value of a parameter leaves the parameter out.
const Without = "\x00without"

// Ask is an authorization request.
type Ask struct {
	Client   e2e.Client
	Values   url.Values
	Verifier string // of the code challenge; empty without one
}

// Ask is a correct authorization request of a client, with PKCE and a state of its
// own, and with these names and values in turn set on top.
func (t *T) Ask(c e2e.Client, set ...string) Ask {
	t.Helper()
	n := t.next("")
	a := Ask{Client: c, Verifier: "verifier-of-the-code-challenge-of-a-request-" + n}
	a.Values = url.Values{
		"response_type": {"code"}, "client_id": {c.ID}, "redirect_uri": {c.RedirectURI}, "state": {"state " + n},
		"code_challenge": {Challenge(a.Verifier)}, "code_challenge_method": {"S256"},
	}
	return a.With(set...)
}

// Challenge is the code challenge of a verifier (RFC 7636, section 4.2).
func Challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Plain is a request without PKCE, for a client that need not have it.
func (a Ask) Plain() Ask {
	a = a.With("code_challenge", Without, "code_challenge_method", Without)
	a.Verifier = ""
	return a
}

// With returns the request with names and values in turn set.
func (a Ask) With(set ...string) Ask {
	values := url.Values{}
	for name, v := range a.Values {
		values[name] = v
	}
	a.Values = values
	change(a.Values, set)
	return a
}

// change sets names and values in turn.
func change(values url.Values, set []string) {
	for i := 0; i+1 < len(set); i += 2 {
		if set[i+1] == Without {
			values.Del(set[i])
			continue
		}
		values.Set(set[i], set[i+1])
	}
}

// State is the state that every answer has to repeat.
func (a Ask) State() string { return a.Values.Get("state") }

// Query is the request as a query or form.
func (a Ask) Query() string { return a.Values.Encode() }

// Path is where the client sends the person's browser, below the gateway's URL.
func (a Ask) Path() string { return "/authorize?" + a.Query() }

// RawPath is Path with further raw text at the end of the query, such as a
// parameter that comes twice.
func (a Ask) RawPath(more string) string { return a.Path() + more }

// Visit sends a request as a browser does that was never here, and does not follow
// where that leads.
func (t *T) Visit(a Ask) Answer {
	t.Helper()
	return t.VisitPath(a.Path())
}

// VisitPath is Visit for a path and query.
func (t *T) VisitPath(path string) Answer {
	t.Helper()
	return t.Get(path, "Accept", "text/html,*/*;q=0.8", "Accept-Language", "en")
}

// Form is a form for an endpoint that a client posts to, with its credentials in
// it (client_secret_post), and these names and values in turn.
func (t *T) Form(c e2e.Client, set ...string) url.Values {
	form := url.Values{"client_id": {c.ID}}
	if c.Secret != "" {
		form.Set("client_secret", c.Secret)
	}
	change(form, set)
	return form
}

// CodeForm is the form that swaps the code of a request.
func (t *T) CodeForm(a Ask, code string, set ...string) url.Values {
	form := t.Form(a.Client, "grant_type", "authorization_code", "code", code, "redirect_uri", a.Values.Get("redirect_uri"))
	if a.Verifier != "" {
		form.Set("code_verifier", a.Verifier)
	}
	change(form, set)
	return form
}

// Exchange swaps the code of a request at /token.
func (t *T) Exchange(a Ask, code string, set ...string) Answer {
	t.Helper()
	return t.token(t.CodeForm(a, code, set...))
}

// Refresh swaps a refresh token at /token.
func (t *T) Refresh(c e2e.Client, token string, set ...string) Answer {
	t.Helper()
	return t.token(t.Form(c, append([]string{"grant_type", "refresh_token", "refresh_token", token}, set...)...))
}

func (t *T) token(form url.Values) Answer {
	t.Helper()
	a := t.PostForm("/token", form)
	if a.Status == http.StatusOK {
		for _, name := range []string{"access_token", "refresh_token", "id_token"} {
			t.Secret(name, a.Text(name))
		}
	}
	return a
}

// Info reads /info with an access token.
func (t *T) Info(token string) Answer {
	t.Helper()
	return t.Get("/info", "Authorization", "Bearer "+token)
}

// Userinfo reads /userinfo with an access token, which needs scope openid.
func (t *T) Userinfo(token string) Answer {
	t.Helper()
	return t.Get("/userinfo", "Authorization", "Bearer "+token)
}

// Revoke gives a token up.
func (t *T) Revoke(c e2e.Client, token string, set ...string) Answer {
	t.Helper()
	return t.PostForm("/revoke", t.Form(c, append([]string{"token", token}, set...)...))
}

// Introspect asks what a token is good for.
func (t *T) Introspect(c e2e.Client, token string, set ...string) Answer {
	t.Helper()
	return t.PostForm("/introspect", t.Form(c, append([]string{"token", token}, set...)...))
}

// Push pushes a request to /par.
func (t *T) Push(a Ask, set ...string) Answer {
	t.Helper()
	form := t.Form(a.Client)
	for name, values := range a.Values {
		form[name] = values
	}
	change(form, set)
	return t.PostForm("/par", form)
}

// Basic is the value of an Authorization header with a client's credentials (RFC
// 6749, section 2.3.1).
func Basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
}

// fragmentless says whether a URL has no fragment.
func fragmentless(u string) bool { return !strings.Contains(u, "#") }
