package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/server"
)

// fuzzed sends a request as net/http would hand it over, whatever is in it, and
// checks the answer as that of every test.
func (g *gate) fuzzed(t *testing.T, method, path, query, contentType, body string) *httptest.ResponseRecorder {
	t.Helper()
	g.contract.t = t
	g.clock.advance(time.Second) // no limit is what we look for
	u := &url.URL{Path: path, RawQuery: query}
	r := &http.Request{
		Method: method, URL: u, RequestURI: u.RequestURI(), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Host: "gate.example",
		RemoteAddr: "192.0.2.1:1234", Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	w := httptest.NewRecorder()
	g.handler().ServeHTTP(w, r)
	return w
}

func FuzzNotification(f *testing.F) {
	g := newGate(f, func(c *server.Config) { c.NotificationKey = "" })
	for _, body := range []string{
		notice(unknownVerification), `{}`, `null`, `{"verification_id":7}`, notice(unknownVerification) + "{}", `{"verification_id":"` + unknownVerification + `","x":[[[`,
		`{"verification_id":"` + unknownVerification + `","verification_id":""}`, "\xef\xbb\xbf{}", `{"x":1e999}`, `{"\u0000":"\ud800"}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w := g.fuzzed(t, http.MethodPost, "/notification", "", "application/json", body)
		if w.Code != http.StatusOK {
			return
		}
		var n struct {
			VerificationID string `json:"verification_id"`
		}
		if err := json.Unmarshal([]byte(body), &n); err != nil {
			t.Fatalf("accepted what is no JSON: %v", err)
		}
		if _, err := kyc.ParseID(n.VerificationID); err != nil {
			t.Fatalf("accepted %q as an id", n.VerificationID)
		}
	})
}

func FuzzTokenForm(f *testing.F) {
	g := newGate(f)
	g.addClient("shop")
	w := g.finished("shop")
	good := w.form().Encode()
	const form = "application/x-www-form-urlencoded"
	f.Add(form, good)
	f.Add(form, good+"&code=x")
	f.Add(form, strings.Replace(good, "authorization_code", "refresh_token", 1))
	f.Add(form, strings.ReplaceAll(good, "&", ";"))
	f.Add(form+"; charset=utf-8", "grant_type=authorization_code&client_id=shop&client_secret=%zz")
	f.Add("application/json", `{"grant_type":"authorization_code"}`)
	f.Add("multipart/form-data; boundary=x", "--x\r\n\r\n--x--")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, contentType, body string) {
		w := g.fuzzed(t, http.MethodPost, "/token", "", contentType, body)
		if kind := w.Header().Get("Content-Type"); kind != "application/json" {
			t.Fatalf("content type is %q", kind)
		}
		if w.Header().Get("Location") != "" || w.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("headers are %v", w.Header())
		}
		if w.Code == http.StatusOK && !strings.Contains(body, "client_secret=") {
			t.Fatal("a token without a secret")
		}
	})
}

func FuzzAuthorizeQuery(f *testing.F) {
	g := newGate(f)
	g.addClient("shop")
	g.addExchange()
	w := g.setUp("shop")
	good := w.params.Encode()
	for _, query := range []string{
		good, good + "&scope=given_name", good + "&scope=%22", good + "&state=x", good + "&redirect_uri=https://evil.example", good + ";x",
		"client_id=exchange&redirect_uri=https%3A%2F%2Fexchange.example%2Fkyc-proof%2Fswiyu&response_type=token&state=%0d%0aX:y",
		strings.Replace(good, "shop.example", "shop.example%40evil.example", 1), strings.Replace(good, "cb", "cb%2F..%2F..", 1),
		good + "&code_challenge=" + pkceChallenge + "&code_challenge_method=S256", good + "&ui_locales=de+../..", "%", "",
	} {
		f.Add(query, false)
		f.Add(query, true)
	}
	f.Fuzz(func(t *testing.T, query string, post bool) {
		method := http.MethodGet
		if post {
			method = http.MethodPost
		}
		answer := g.fuzzed(t, method, "/authorize/"+w.nonce, query, "", "")
		location := answer.Header().Get("Location")
		if (answer.Code == http.StatusSeeOther) != (location != "") {
			t.Fatalf("status %d leads to %q", answer.Code, location)
		}
		if strings.ContainsAny(location, "\r\n\x00") || strings.Contains(location, "code=") && strings.HasPrefix(location, "https://") {
			t.Fatalf("leads to %q", location)
		}
	})
}

func FuzzVisitForm(f *testing.F) {
	g := newGate(f).withApp()
	g.addClient("shop")
	good := g.visitor("shop").params.Encode()
	for _, form := range []string{
		good, good + "&scope=openid&nonce=x&prompt=none", good + "&response_mode=form_post&scope=%22", good + "&redirect_uri=https://evil.example",
		strings.Replace(good, "shop.example", "shop.example%40evil.example", 1), good + `&claims={"userinfo":{"given_name":{"values":[1]}}}`,
		good + "&request_uri=urn:ietf:params:oauth:request_uri:x", strings.ReplaceAll(good, "shop", "app") + "&max_age=1&login_hint=%3Cscript%3E", "", "%",
	} {
		f.Add(form, false)
		f.Add(form, true)
	}
	f.Fuzz(func(t *testing.T, form string, push bool) {
		path := "/authorize"
		if push {
			path = "/par"
		}
		answer := g.fuzzed(t, http.MethodPost, path, "", "application/x-www-form-urlencoded", form)
		location := answer.Header().Get("Location")
		if (answer.Code == http.StatusSeeOther) != (location != "") || strings.ContainsAny(location, "\r\n\x00") {
			t.Fatalf("status %d leads to %q", answer.Code, location)
		}
		if strings.HasPrefix(location, "https://") && strings.Contains(location, "code=") {
			t.Fatalf("a code without a proof: %q", location)
		}
		if push && answer.Code == http.StatusCreated && !strings.Contains(form, "client_secret=") {
			t.Fatal("a request was pushed without a secret")
		}
	})
}

func FuzzPageForm(f *testing.F) {
	g := newGate(f).withApp()
	w := g.asked("app")
	before := g.session(w.id).Version
	f.Add("/consent", "decision=allow&scope=given_name")
	f.Add("/login", "user_name=mira&password=x&remember=yes")
	f.Add("/switch", "")
	f.Add("/cancel", "csrf=AAAA&csrf=BBBB")
	f.Add("/withdraw", "%zz")
	f.Add("/choose", "method=email")
	f.Add("/address", "CONTACT_EMAIL=a%40b.example")
	f.Add("/pin", "pin=12345678")
	f.Fuzz(func(t *testing.T, step, form string) {
		path := w.at("/consent")
		if u, err := url.Parse(w.at(step)); err == nil && u.Path == w.at(step) {
			path = u.Path
		}
		// The browser's cookie is missing, and nothing may move.
		answer := g.fuzzed(t, http.MethodPost, path, "", "application/x-www-form-urlencoded", form)
		now, err := g.store.Session(ctx, w.id)
		must(t, err)
		if answer.Code < 400 || now.Version != before {
			t.Fatalf("%s: status is %d, the session moved: %v", path, answer.Code, now.Version != before)
		}
	})
}
