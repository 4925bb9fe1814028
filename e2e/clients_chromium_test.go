package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"vouchgate/e2e"
)

// appUser is what oidc-client-ts knows of a person who has signed in.
type appUser struct {
	AccessToken  string         `json:"access_token"`
	RefreshToken string         `json:"refresh_token"`
	Scope        string         `json:"scope"`
	Profile      map[string]any `json:"profile"`
}

// app serves an app that lives in the browser alone, on an origin of its own.
type app struct {
	URL      string
	settings map[string]string
}

func newApp(t *testing.T, gateway string) *app {
	t.Helper()
	folder := packages(t, clientPackages)
	a := &app{settings: map[string]string{"authority": gateway, "client_id": "app", "scope": "openid profile offline_access"}}
	files := map[string]string{
		"/": "app.html", "/callback": "app.html", "/app.js": "app.js",
		"/oidc-client-ts.js": "node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js",
	}
	mux := http.NewServeMux()
	for path, file := range files {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFile(w, r, filepath.Join(folder, filepath.FromSlash(file)))
		})
	}
	mux.HandleFunc("GET /settings.json", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(a.settings)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	a.URL = server.URL
	return a
}

// press presses a button of the app and returns what came of it.
func press[T any](b *tab, button string) T {
	b.t.Helper()
	b.click("#" + button)
	return output[T](b, "Done: "+button)
}

// output waits until the app's heading is some text, and reads the output.
func output[T any](b *tab, heading string) (came T) {
	b.t.Helper()
	b.shows(heading)
	check(b.t, json.Unmarshal([]byte(ask[string](b, "document.querySelector('output').value")), &came))
	return came
}

// signIn signs zoe in from the app, and waits until the app has made of it what
// its heading says.
func (a *app) signIn(b *tab) {
	b.t.Helper()
	b.open(a.URL)
	b.shows("Done: load")
	b.click("#sign-in")
	b.until("location.pathname.endsWith('/login') && document.readyState === 'complete'")
	b.fill("user_name", zoe)
	b.fill("password", password)
	b.click("form[action$='/login'] button")
	b.until("location.pathname.endsWith('/consent') && document.readyState === 'complete'")
	b.click("button[value=allow]")
	b.until(fmt.Sprintf("location.href.startsWith(%q)", a.URL+"/callback?"))
}

// fill types into a field of a form.
func (b *tab) fill(name, text string) {
	b.t.Helper()
	b.click("input[name=" + name + "]")
	b.press(text)
}

// appReading is what the app got from /info.
type appReading struct {
	Status    int
	Challenge string
	Body      map[string]any
}

// appInBrowser walks with oidc-client-ts in an app whose origin the client is
// registered with.
func appInBrowser(e e2e.Engine) func(*testing.T, *chromium) {
	return func(t *testing.T, c *chromium) {
		s := newClientStage(t, e)
		a, b := newApp(t, s.URL), c.person(t)
		s.add(t, byAccount, "app", a.URL+"/callback", "--auth-method", "none", "--origin", a.URL)
		b.watch.forgive("request of "+a.URL, "status of 401")

		a.signIn(b)
		first := output[appUser](b, "Done: come home")
		isZoe(t, first.Profile)
		if first.Scope != a.settings["scope"] {
			t.Errorf("the scope is %q", first.Scope)
		}
		second := press[appUser](b, "refresh")
		if second.AccessToken == first.AccessToken || second.RefreshToken == first.RefreshToken || second.Profile["sub"] != first.Profile["sub"] {
			t.Error("refreshing gave no new tokens for the same person")
		}
		says(t, e2e.Answer{JSON: press[appReading](b, "read").Body}, zoe)
		press[any](b, "revoke")
		after := press[appReading](b, "read")
		if after.Status != http.StatusUnauthorized || !strings.Contains(after.Challenge, "invalid_token") {
			t.Errorf("after revoking, the app reads %d with challenge %q", after.Status, after.Challenge)
		}
	}
}

// appElsewhere is the same app on an origin that the client is not registered
// with: the browser comes home with a code, and the script gets nothing for it.
func appElsewhere(t *testing.T, c *chromium) {
	s := newClientStage(t, e2e.SQLite)
	a, b := newApp(t, s.URL), c.person(t)
	s.add(t, byAccount, "app", a.URL+"/callback", "--auth-method", "none", "--origin", "https://app.example")
	a.signIn(b)
	if said := output[string](b, "Failed: come home"); !strings.Contains(said, "Failed to fetch") {
		t.Errorf("the app says %s", said)
	}
	if flaws := strings.Join(b.watch.found(), "\n"); !strings.Contains(flaws, "CORS policy") || !strings.Contains(flaws, "/token") {
		t.Errorf("it was not the origin that was refused: %s", flaws)
	}
	b.watch.forgive("")
}
