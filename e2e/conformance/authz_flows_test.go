package conformance

import (
	"net/http"
	"strings"
	"time"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"AUTHZ-42", "two flows of one client in one browser end in reverse order, each with its own state and data", authz42},
	Row{"AUTHZ-43", "who goes back and sends a form again gets no second code, but a page that says it is finished", authz43},
	Row{"AUTHZ-44", "a flow that was left lying ends on a page with a way to start again, and sends nobody away by itself", authz44},
)

func authz42(t *T) {
	client := t.NewClient(byAccount, question)
	b := t.SignedIn()
	one, two := t.Ask(client, "scope", "given_name"), t.Ask(client, "scope", "family_name")
	first, second := t.Open(b, one.Path()), t.Open(b, two.Path())
	t.ends(b, two, second, "family_name")
	t.ends(b, one, first, "given_name")

	wallet := t.Wallet()
	b = e2e.NewBrowser()
	one, two = t.Ask(wallet, "scope", "given_name"), t.Ask(wallet, "scope", "family_name")
	first, second = t.Open(b, one.Path()), t.Open(b, two.Path())
	if first.Session() == second.Session() || first.Verification() == second.Verification() {
		t.Fatal("two flows share a session or a verification")
	}
	t.ends(b, two, second, "family_name")
	t.ends(b, one, first, "given_name")
}

// ends walks a flow to its end and fails the case unless it comes home with its
// own state and reads its own claim alone.
func (t *T) ends(b *e2e.Browser, ask Ask, from e2e.Page, claim string) {
	t.Helper()
	home := t.GoOn(b, from)
	t.HomeWith(ask, home.Header.Get("Location"))
	info := t.OK(t.Info(t.Swap(ask, home.Code()).Access)).JSON
	for _, name := range []string{"given_name", "family_name"} {
		if _, there := info[name]; there != (name == claim) {
			t.Errorf("%s: reads %s %t", claim, name, there)
		}
	}
}

func authz43(t *T) {
	client := t.NewClient(byAccount, question)
	b, ask := t.SignedIn(), t.Ask(client)
	page := t.Open(b, ask.Path())
	home := t.Submit(b, page, "/consent", "decision", "allow")
	again := t.Submit(b, page, "/consent", "decision", "allow")
	if code := again.Code(); code != "" && code != home.Code() {
		t.Error("the same form gave another code")
	}
	g := t.Swap(ask, home.Code())
	late := t.Submit(b, page, "/consent", "decision", "allow")
	t.over(late)
	t.over(t.Open(b, page.URL.Path))
	t.over(t.Open(b, "/session/"+t.sessionOf(page)))
	t.over(t.Open(b, "/session/"+t.sessionOf(page)+"/finish"))
	t.OK(t.Info(g.Access)) // which is what a second code would have put an end to
}

// sessionOf is the id in the path of one of a session's pages.
func (t *T) sessionOf(p e2e.Page) string {
	t.Helper()
	rest, ok := strings.CutPrefix(p.URL.Path, "/session/")
	if !ok {
		t.Fatalf("no page of a session: %s", p)
	}
	id, _, _ := strings.Cut(rest, "/")
	return id
}

// over fails the case unless a page says that its flow is finished.
func (t *T) over(p e2e.Page) {
	t.Helper()
	if p.Away != nil || p.Code() != "" {
		t.Errorf("a finished flow leads away: %s", p)
	}
	t.Status(t.Answer(p), http.StatusOK, http.StatusConflict, http.StatusGone)
	if text := words(p.Body); !strings.Contains(text, "already finished") {
		t.Errorf("the page does not say that it is finished: %s", text)
	}
}

func authz44(t *T) {
	alone := t.Alone()
	type lying struct {
		*e2e.Browser
		Ask
		page e2e.Page
	}
	var flows []lying
	for _, client := range []e2e.Client{alone.NewClient(), alone.NewClient(byAccount, question)} {
		ask, b := alone.Ask(client), e2e.NewBrowser()
		flows = append(flows, lying{b, ask, alone.Open(b, ask.Path())})
	}
	alone.Gateway.Stop()
	alone.Data.Age(t.T, 8*24*time.Hour)
	t.Check(alone.Gateway.Restart())
	for _, flow := range flows {
		var late e2e.Page
		alone.Until("the flow to end", func() (bool, error) {
			late = alone.Open(flow.Browser, "/session/"+t.sessionOf(flow.page))
			return !Has(late, "/login"), nil
		})
		if found := leadsAway.Find(late.Body); late.Away != nil || found != nil {
			t.Errorf("it leads away by itself: %s %s", late, found)
		}
		alone.Status(alone.Answer(late), http.StatusOK, http.StatusGone)
		text := words(late.Body)
		if !Has(late, "/retry") && !strings.Contains(string(late.Body), flow.Client.RedirectURI) && !strings.Contains(text, "start again") {
			t.Errorf("there is no way to start again: %s", text)
		}
		if late.Verification() != "" || Has(late, "/login") || Has(late, "/consent") {
			t.Errorf("the flow goes on: %s", text)
		}
	}
}
