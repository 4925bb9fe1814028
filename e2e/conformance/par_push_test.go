package conformance

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

var _ = rows(
	Row{"PAR-01", "a pushed request gets 201 with a request_uri that nobody can guess, and its lifetime (RFC 9126, section 2.2)", par01},
	Row{"PAR-02", "/par knows clients as /token does, public ones by their name alone (RFC 9126, section 2.1)", par02},
	Row{"PAR-03", "what the authorization endpoint would refuse is refused at /par at once, as JSON (RFC 9126, section 2.3)", par03},
	Row{"PAR-04", "a request_uri cannot be pushed (RFC 9126, section 2.1)", par04},
	Row{"PAR-11", "other methods get 405, a body that is too large 413, too many requests 429 (RFC 9126, section 2.3)", par11},
)

const requestURIPrefix = "urn:ietf:params:oauth:request_uri:"

// pushed pushes a request, which has to work, and returns its request_uri.
func (t *T) pushed(ask Ask, set ...string) string {
	t.Helper()
	a := t.Push(ask, set...)
	if a.Status != http.StatusCreated {
		t.Fatalf("it was not pushed: %s", a)
	}
	t.Secret("request_uri", a.Text("request_uri"))
	return a.Text("request_uri")
}

func par01(t *T) {
	ask, seen := t.Ask(t.Wallet()), map[string]bool{}
	for range 30 {
		a := t.Push(ask)
		t.Status(a, http.StatusCreated)
		t.IsJSON(a)
		t.NoStore(a)
		reference, ok := strings.CutPrefix(a.Text("request_uri"), requestURIPrefix)
		// 22 characters of the alphabet for URLs have more than 128 bits.
		if !ok || len(reference) < 22 || strings.Trim(reference, urlAlphabet) != "" {
			t.Errorf("request_uri is %q", a.Text("request_uri"))
		}
		if end := reference[max(0, len(reference)-22):]; seen[end] {
			t.Error("two requests have the same reference")
		} else {
			seen[end] = true
		}
		if life, _ := a.JSON["expires_in"].(float64); life < 5 || life > 600 || life != float64(int(life)) {
			t.Errorf("expires_in is %v", a.JSON["expires_in"])
		}
		if len(a.JSON) != 2 {
			t.Errorf("the answer has %d members", len(a.JSON))
		}
	}
	if m := t.Metadata(); m["pushed_authorization_request_endpoint"] != t.Issuer()+"/par" {
		t.Errorf("the metadata has the endpoint %v", m["pushed_authorization_request_endpoint"])
	}
}

const urlAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func par02(t *T) {
	c, other := t.NewClient(), t.Wallet()
	ask := t.Ask(c)
	form := ask.Values
	t.Status(t.PostForm("/par", form, "Authorization", Basic(c.ID, c.Secret)), http.StatusCreated)
	t.pushed(ask)
	t.pushed(t.Ask(t.Public()))

	t.JSON(t.Push(ask, "client_secret", Without), http.StatusUnauthorized, "invalid_client")
	t.JSON(t.Push(ask, "client_secret", "x"+c.Secret), http.StatusUnauthorized, "invalid_client")
	t.JSON(t.Push(ask, "client_secret", other.Secret), http.StatusUnauthorized, "invalid_client")
	t.JSON(t.Push(ask, "client_id", "nobody"), http.StatusUnauthorized, "invalid_client")
	t.JSON(t.Push(ask, "client_id", Without), http.StatusUnauthorized, "invalid_client")
	basic := t.PostForm("/par", form, "Authorization", Basic(c.ID, "wrong"))
	t.JSON(basic, http.StatusUnauthorized, "invalid_client")
	if got := basic.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Basic ") {
		t.Errorf("the challenge is %q", got)
	}
	// Both ways at once, and one client with the request of another.
	t.JSON(t.PostForm("/par", t.Form(c), "Authorization", Basic(c.ID, c.Secret)), http.StatusBadRequest, "invalid_request")
	t.JSON(t.PostForm("/par", form, "Authorization", Basic(other.ID, other.Secret)), http.StatusBadRequest, "invalid_request")
}

func par03(t *T) {
	ask := t.Ask(t.Client("--scope=given_name"))
	for name, row := range map[string]struct {
		bad   Ask
		words []string
	}{
		"unregistered redirect URI": {ask.With("redirect_uri", "https://evil.example/cb"), []string{"invalid_request"}},
		"no redirect URI":           {ask.With("redirect_uri", Without), []string{"invalid_request"}},
		"scope of others":           {ask.With("scope", "sex"), []string{"invalid_scope"}},
		"malformed scope":           {ask.With("scope", `given_name "`), []string{"invalid_scope"}},
		"no response_type":          {ask.With("response_type", Without), []string{"invalid_request"}},
		"another response_type":     {ask.With("response_type", "code id_token"), []string{"unsupported_response_type"}},
		"another response_mode":     {ask.With("response_mode", "fragment"), []string{"invalid_request"}},
		"no challenge":              {ask.Plain(), []string{"invalid_request"}},
		"a plain challenge":         {ask.With("code_challenge_method", "plain"), []string{"invalid_request"}},
		"a short challenge":         {ask.With("code_challenge", "short"), []string{"invalid_request"}},
		"a request object":          {ask.With("request", "x.y.z"), []string{"request_not_supported", "invalid_request"}},
		"prompt with none":          {ask.With("prompt", "none login"), []string{"invalid_request"}},
		"max_age":                   {ask.With("max_age", "soon"), []string{"invalid_request"}},
		"claims":                    {ask.With("claims", `{"userinfo":`), []string{"invalid_request"}},
		"verified_claims":           {ask.With("claims", `{"userinfo":{"verified_claims":{}}}`), []string{"invalid_request"}},
	} {
		a := t.Push(row.bad)
		t.JSON(a, http.StatusBadRequest, row.words...)
		if a.Header.Get("Location") != "" || strings.Contains(string(a.Body), "evil.example") {
			t.Errorf("%s: the answer leads away, or repeats what was sent", name)
		}
		if t.Failed() {
			t.Fatalf("this was with: %s", name)
		}
	}
	form := t.Form(ask.Client)
	form["scope"] = []string{"given_name", "given_name"}
	for name, values := range ask.Values {
		form[name] = values
	}
	t.JSON(t.PostForm("/par", form), http.StatusBadRequest, "invalid_request")
	t.pushed(ask)
}

func par04(t *T) {
	ask := t.Ask(t.Wallet())
	for _, uri := range []string{t.pushed(ask), requestURIPrefix + "x", "https://c.example/request", "x"} {
		t.JSON(t.Push(ask, "request_uri", uri), http.StatusBadRequest, "invalid_request", "request_uri_not_supported")
		alone := t.Form(ask.Client, "request_uri", uri)
		t.JSON(t.PostForm("/par", alone), http.StatusBadRequest, "invalid_request", "request_uri_not_supported")
	}
}

func par11(t *T) {
	ask := t.Ask(t.Wallet())
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		a := t.Send(method, "/par?"+ask.Query(), "")
		t.Status(a, http.StatusMethodNotAllowed)
		if allow := strings.Split(a.Header.Get("Allow"), ", "); !slices.Contains(allow, http.MethodPost) || slices.Contains(allow, method) {
			t.Errorf("%s: Allow is %q", method, allow)
		}
	}
	t.JSON(t.Push(ask, "ballast", strings.Repeat("x", 1<<20)), http.StatusRequestEntityTooLarge, "invalid_request")
	t.JSON(t.Post("/par?"+ask.Query(), t.Form(ask.Client).Encode()), http.StatusBadRequest, "invalid_request")

	few := t.Alone("--max-open-sessions=3")
	greedy, modest := few.Ask(few.Wallet()), few.Ask(few.App())
	for range 3 {
		few.pushed(greedy)
	}
	full := few.Push(greedy)
	few.Status(full, http.StatusTooManyRequests)
	if wait, err := strconv.Atoi(full.Header.Get("Retry-After")); err != nil || wait < 1 {
		t.Errorf("Retry-After is %q", full.Header.Get("Retry-After"))
	}
	few.pushed(modest) // the limit is each client's own
}
