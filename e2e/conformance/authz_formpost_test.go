package conformance

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"vouchgate/e2e"
)

const breakout = `"><script>alert(1)</script>&amp;<!--`

func authz29(t *T) {
	if !slices.Contains(Texts(t.Metadata(), "response_modes_supported"), "form_post") {
		t.Error("the metadata does not list it")
	}
	ask := t.Ask(t.App(), "response_mode", "form_post", "state", breakout)
	page := t.Home(t.SignedIn(), ask)
	form := t.posted(ask, page)
	code := form.Values.Get("code")
	t.Secret("code", code)
	t.Swap(ask, code)

	bad := ask.With("response_type", "token")
	if form = t.posted(bad, t.Open(e2e.NewBrowser(), bad.Path())); form.Values.Get("error") != "unsupported_response_type" || form.Values.Has("code") {
		t.Errorf("an error is posted as %v", form.Values)
	}
	b, refused := e2e.NewBrowser(), t.Ask(t.Wallet(), "response_mode", "form_post")
	page = t.Submit(b, t.Open(b, refused.Path()), "/cancel")
	if form = t.posted(refused, page); form.Values.Get("error") != "access_denied" {
		t.Errorf("a refusal is posted as %v", form.Values)
	}
}

var submitButton = regexp.MustCompile(`(?s)<button\b[^>]*type="submit"[^>]*>.*?</button>`)

// posted fails the case unless a page posts an answer to a request home by itself,
// and has a button for browsers without script.
func (t *T) posted(ask Ask, p e2e.Page) e2e.Form {
	t.Helper()
	a := t.Answer(p)
	if t.NoStore(a); p.Status != http.StatusOK || p.Away != nil {
		t.Fatalf("no page that posts: %s", p)
	}
	home := must[e2e.Form](t)(p.Form(strings.TrimPrefix(ask.Client.RedirectURI, "https://"+ask.Client.ID+".example")))
	if got := home.Action.String(); got != ask.Client.RedirectURI {
		t.Errorf("the form leads to %q", got)
	}
	if got := home.Values; got.Get("state") != ask.State() || got.Get("iss") != t.Issuer() {
		t.Errorf("the form has state %q and iss %q", got.Get("state"), got.Get("iss"))
	}
	body := string(p.Body)
	if strings.Contains(body, breakout) || strings.Contains(body, "<script>") {
		t.Error("a value is not escaped")
	}
	if !submitButton.MatchString(body) || !strings.Contains(body, `method="post"`) || !strings.Contains(body, "<script src=") {
		t.Error("the page lacks a button, a method or a script of our own")
	}
	return home
}
