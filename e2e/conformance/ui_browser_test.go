package conformance

import (
	"fmt"
	"strings"
)

var _ = rows(
	Row{"UI-04", "in Chromium, forms of sign-in, TAN, consent, refusal, cancelling and form_post lead home to the client under the page's policy", ui04},
)

func ui04(t *T) {
	s, callback := t.Site()
	person := t.Person()
	asking, implicit := t.NewClient(byAccount, question, callback), t.NewClient(byAccount, noQuestion, callback)
	wallet := t.NewClient(callback)
	policy := directives(t.Answer(t.Open(t.SignedIn(), t.Ask(asking).Path())))["form-action"]
	if !strings.Contains(" "+policy+" ", " 'self' ") || !strings.Contains(policy, s.URL) || strings.Contains(policy, "*") {
		t.Errorf("the forms of a consent page may lead to %q", policy)
	}

	b, ask := t.Tab(), t.Ask(implicit)
	b.Open(ask.Path())
	b.Has("#user_name")
	b.Click("#user_name")
	b.Key(person.UserName)
	b.Click("#password")
	b.Key(person.Password)
	b.Click("button.primary")
	t.Swap(ask, b.Brought(s, ask).Get("code"))

	ask = t.Ask(asking)
	b.Open(ask.Path())
	b.Click("button[value=allow]")
	t.Swap(ask, b.Brought(s, ask).Get("code"))

	ask = t.Ask(asking, "prompt", "consent")
	b.Open(ask.Path())
	b.Click("button[value=deny]")
	b.refused(s, ask)

	ask = t.Ask(wallet)
	b.Open(ask.Path())
	b.Click("form[action*='/cancel'] button")
	b.refused(s, ask)

	ask = t.Ask(t.NewClient(byEmail, callback))
	b.proveMailbox(ask, "\r")
	t.Swap(ask, b.Brought(s, ask).Get("code"))

	ask = t.Ask(asking, "prompt", "consent", "response_mode", "form_post")
	b.Open(ask.Path())
	b.Click("button[value=allow]")
	t.Swap(ask, b.Brought(s, ask).Get("code"))
}

// refused waits for a tab to bring the client a refusal.
func (b *Tab) refused(s *website, ask Ask) {
	b.t.Helper()
	if got := b.Brought(s, ask); got.Get("error") != "access_denied" || got.Has("code") {
		b.t.Errorf("a refusal came back as %v", got)
	}
}

// byKeyboard fails the case unless somebody gets home with nothing but keys, in a
// browser without script.
func (t *T) byKeyboard() {
	t.Helper()
	s, callback := t.Site()
	ask := t.Ask(t.NewClient(byAccount, question, callback))
	b := t.Tab()
	b.WithoutScript()
	b.Open(ask.Path())
	b.tabTo("#user_name")
	b.Key(t.Person().UserName)
	b.tabTo("#password")
	b.Key(t.Person().Password + "\r")
	b.Has("button[value=allow]")
	b.tabTo("button[value=allow]")
	b.Key("\r")
	t.Swap(ask, b.Brought(s, ask).Get("code"))

	ask = t.Ask(t.NewClient(byEmail, callback))
	b.proveMailbox(ask, "\t\r")
	t.Swap(ask, b.Brought(s, ask).Get("code"))
}

// proveMailbox opens a request and proves a mailbox with nothing but keys, the last of
// which send a form.
func (b *Tab) proveMailbox(ask Ask, send string) {
	b.t.Helper()
	where := b.t.Place("email")
	b.Open(ask.Path())
	b.Has("#CONTACT_EMAIL")
	b.tabTo("#CONTACT_EMAIL")
	b.Key(where.Mark + send)
	b.Has("#pin")
	b.tabTo("#pin")
	b.Key(b.t.TAN(where, 1) + send)
}

// tabTo presses the tab key until an element has the focus.
func (b *Tab) tabTo(selector string) {
	b.t.Helper()
	for range 30 {
		if b.Ask(fmt.Sprintf("String(document.activeElement === document.querySelector(%q))", selector)) == "true" {
			return
		}
		b.Key("\t")
	}
	b.t.Fatalf("the tab key does not lead to %s; the tab shows %s", selector, b)
}
