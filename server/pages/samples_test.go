package pages

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"vouchgate/kyc"
)

const (
	sampleDeeplink = "swiyu-verify://?client_id=did%3Atdw%3AQmVerifier%3Averifier.example%3A1&request_uri=" +
		"https%3A%2F%2Fverifier.example%2Foid4vp%2Fapi%2Frequest-object%2F0f3c9a52-1d3e-4f57-9a55-6b8f4a1c2d3e"
	sampleCSRF  = "oVn3w0Zk8y-b_7"
	hostileName = `<script>alert("x")</script>"'><img src=x onerror=alert(1)>`
)

func newPages(t testing.TB) *Pages {
	t.Helper()
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// sampleSession is a session page with everything in it.
func sampleSession(lang Lang, status kyc.Status) SessionPage {
	return SessionPage{
		Lang: lang, ClientName: "Example Bank", Status: status,
		Claims:  []string{"given_name", "family_name", "birth_date", "age_over_18"},
		ReadFor: Retention(time.Hour), Deeplink: sampleDeeplink, ExpiresIn: 812,
		AttemptsLeft: 3, CanRetry: status == kyc.StatusFailed || status == kyc.StatusExpired,
		SelfPath: "/session/01", StatusPath: "/session/01/status", RetryPath: "/session/01/retry",
		CancelPath: "/session/01/cancel", FinishPath: "/session/01/finish",
		BackURL: "https://bank.example/callback?error=access_denied&state=a%22b", Refresh: 5,
		CSRF: sampleCSRF, Languages: sampleLanguages("/session/01"),
	}
}

// sampleLanguages are links to a path in all languages.
func sampleLanguages(path string) map[Lang]string {
	links := make(map[Lang]string)
	for _, lang := range Languages {
		links[lang] = path + "?ui_locales=" + string(lang)
	}
	return links
}

// samplePages draws every kind of page in one language, by name.
func samplePages(t testing.TB, p *Pages, lang Lang) map[string]string {
	t.Helper()
	out := make(map[string]string)
	add := func(name string, body []byte, err error) {
		if err != nil {
			t.Fatalf("%s in %s: %v", name, lang, err)
		}
		out[name] = string(body)
	}
	for _, status := range kyc.Statuses {
		body, err := p.Session(sampleSession(lang, status))
		add(string(status), body, err)
	}
	for code := range p.catalogue[lang].Failed.Reasons {
		s := sampleSession(lang, kyc.StatusFailed)
		s.Failure = code
		body, err := p.Session(s)
		add("failed-"+string(code), body, err)
	}
	all := sampleSession(lang, kyc.StatusAuthorized)
	all.Claims = kyc.ClaimsOf(strings.Join(kyc.KnownScopes(), " "))
	body, err := p.Session(all)
	add("authorized-all-claims", body, err)

	choice := sampleSession(lang, kyc.StatusAuthorized)
	choice.OtherPath = "/session/01/choose"
	body, err = p.Session(choice)
	add("authorized-choice", body, err)

	none := sampleSession(lang, kyc.StatusAuthorized)
	none.Claims = nil
	body, err = p.Session(none)
	add("authorized-no-claims", body, err)

	used := sampleSession(lang, kyc.StatusFailed)
	used.AttemptsLeft, used.CanRetry = 0, false
	body, err = p.Session(used)
	add("failed-no-attempts", body, err)

	stay := sampleSession(lang, kyc.StatusVerified)
	stay.FinishPath = ""
	body, err = p.Session(stay)
	add("verified-no-return", body, err)

	hostile := sampleSession(lang, kyc.StatusAuthorized)
	hostile.ClientName = hostileName
	hostile.Claims = append(hostile.Claims, hostileName)
	body, err = p.Session(hostile)
	add("authorized-hostile", body, err)

	sampleCompletions(p, lang, add)
	sampleErrors(p, lang, add)
	sampleForms(p, lang, add)
	sampleProofs(p, lang, add)
	return out
}

// sampleErrors draws every error page.
func sampleErrors(p *Pages, lang Lang, add func(string, []byte, error)) {
	for _, reason := range Reasons {
		body, err := p.Error(ErrorPage{
			Lang: lang, Reason: reason, Reference: "7Q3K-9F2M", ClientName: "Example Bank", BackURL: "https://bank.example/",
		})
		add("error-"+string(reason), body, err)
	}
	body, err := p.Error(ErrorPage{Lang: lang, Reason: ReasonOtherBrowser, ContinuePath: "/authorize/n?a=1&b=2", CSRF: sampleCSRF})
	add("error-take-over", body, err)
	body, err = p.Error(ErrorPage{Lang: lang, Reason: ReasonUnknownClient})
	add("error-bare", body, err)
}

// loadContract reads the contract that the program serves.
func loadContract(t testing.TB) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.FromSlash("../../openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestWritePages writes all pages to a folder, to be looked at in a browser that
// finds the assets at AssetPrefix.
func TestWritePages(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("VOUCHGATE_PAGES_OUT")
	if dir == "" {
		t.Skip("set VOUCHGATE_PAGES_OUT to a folder to look at the pages")
	}
	p := newPages(t)
	write := func(name string, body []byte) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, lang := range Languages {
		for name, body := range samplePages(t, p, lang) {
			write(string(lang)+"/"+name+".html", []byte(body))
		}
	}
	docs, err := p.Docs(loadContract(t))
	if err != nil {
		t.Fatal(err)
	}
	write("docs.html", docs)
	for _, name := range p.Assets() {
		body, _, _ := p.Asset(name)
		write(strings.TrimPrefix(AssetPrefix, "/")+name, body)
	}
}
