package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp/kb"

	"vouchgate/e2e"
	"vouchgate/verify/swiyu/swiyutest"
)

// addressOuting is an outing of a person who proves an address.
type addressOuting struct {
	*addressStage
	*site
	b *tab

	gate *os.File // no message goes out before a line is written here
}

// newAddressOuting registers the client's website for some methods. Flags are of
// client add.
func newAddressOuting(t *testing.T, c *chromium, e e2e.Engine, methods string, flags ...string) *addressOuting {
	t.Helper()
	gate := filepath.Join(t.TempDir(), "gate")
	check(t, syscall.Mkfifo(gate, 0o600))
	o := &addressOuting{b: c.person(t), gate: must[*os.File](t)(os.OpenFile(gate, os.O_RDWR, 0))}
	t.Cleanup(func() { _ = o.gate.Close() }) // which lets everything go that waits
	v := e2e.NewVerifier(t, swiyutest.Config{WalletLinks: true})
	o.addressStage = &addressStage{stage: &stage{verifier: v, webhooks: e2e.NewReceiver(t)}, outbox: e2e.NewOutbox(t)}
	helper := o.outbox.Helper(t, "read -r _ <"+gate)
	o.Gateway = e2e.Start(t, e2e.Options{Data: e2e.NewData(t, e), Flags: append(e2e.HelperFlags(helper), "--verifier-url", v.URL)})
	v.Tell(o.Gateway)
	for method := range strings.FieldsSeq(methods) {
		flags = append(flags, "--method", method)
	}
	o.site = o.stage.site(t, "shop", flags...)
	return o
}

// letGo lets a message go out.
func (o *addressOuting) letGo(b *tab) {
	b.t.Helper()
	_, err := o.gate.WriteString("\n")
	check(b.t, err)
}

// message lets a message go out, the nth to a place, and waits for it.
func (o *addressOuting) message(b *tab, p place, n int) e2e.Sent {
	b.t.Helper()
	o.letGo(b)
	return must[e2e.Sent](b.t)(o.outbox.To(e2e.Patient(b.t), p.mark, n))
}

// start goes from the client's website to a page of a session.
func (o *addressOuting) start(b *tab, step string) {
	b.t.Helper()
	b.open(o.site.URL)
	b.click("#prove")
	b.comes(step)
}

// home waits until the browser is back at the client, which then knows the place.
func (o *addressOuting) home(b *tab, p place) {
	b.t.Helper()
	(&outing{stage: o.stage, site: o.site}).home(b)
	q := o.brought(b.t)
	if q.Get("error") != "" || q.Get("code") == "" || q.Get("state") != "my state" {
		b.t.Fatalf("came back with %v", q)
	}
	isProved(b.t, must[e2e.Answer](b.t)(o.shop.Read(e2e.Patient(b.t), o.Gateway.URL, q.Get("code"))), p)
}

// comes waits until a page of a session has loaded.
func (b *tab) comes(step string) {
	b.t.Helper()
	b.until(fmt.Sprintf("location.pathname.endsWith('/%s') && document.readyState === 'complete'", step))
}

// types puts a text into an entry, in place of what is there.
func (b *tab) types(name, text string) {
	b.t.Helper()
	b.click("[name=" + name + "]")
	ask[any](b, "document.activeElement.select()")
	b.press(text)
}

// pastes puts a text where the focus is by the clipboard.
func (b *tab) pastes(text string) {
	b.t.Helper()
	ask[any](b, fmt.Sprintf("(e => { e.value = %q; document.body.append(e); e.select(); })(document.createElement('textarea'))", text))
	for _, command := range []string{"copy", "paste"} {
		order(b, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeRawKeyDown, Commands: []string{command}})
		ask[any](b, "document.querySelector('body > textarea')?.remove(); document.querySelector('#pin').focus()")
	}
}

// holds is what an entry holds.
func (b *tab) holds(name string) string {
	b.t.Helper()
	return ask[string](b, "document.querySelector('[name="+name+"]').value")
}

// hasFocus fails the test unless an entry has the focus.
func (b *tab) hasFocus(name string) {
	b.t.Helper()
	if got := ask[string](b, "document.activeElement.name || document.activeElement.tagName"); got != name {
		b.t.Errorf("%s has the focus, not %s", got, name)
	}
}

// entry is how an entry asks for the right keyboard, and for what the device knows.
type entry struct{ Type, Keys, Fills string }

func (b *tab) entry(name string) entry {
	b.t.Helper()
	return ask[entry](b, "(e => ({Type: e.type, Keys: e.inputMode, Fills: e.autocomplete}))(document.querySelector('[name="+name+"]'))")
}

func walkByEmail(e e2e.Engine) func(*testing.T, *chromium) {
	return func(t *testing.T, c *chromium) {
		o, p := newAddressOuting(t, c, e, "email"), newPlace("email")
		o.start(o.b, "address")
		o.b.shows("Which e-mail address may we write to?")
		if got, want := o.b.entry("CONTACT_EMAIL"), (entry{"email", "email", "email"}); got != want {
			t.Errorf("the entry of the address is %+v", got)
		}
		o.b.types("CONTACT_EMAIL", "no address@")
		o.b.press(kb.Enter)
		if !ask[bool](o.b, "document.querySelector('form:invalid') !== null && location.pathname.endsWith('/address')") {
			t.Error("the browser takes what is no address")
		}
		o.b.types("CONTACT_EMAIL", p.mark)
		o.b.press(kb.Enter)

		o.b.comes("pin")
		o.b.mustSay("Enter the code from the e-mail", p.mark)
		o.b.awaitSaying("The e-mail is being sent")
		if got, want := o.b.entry("pin"), (entry{"text", "numeric", "one-time-code"}); got != want {
			t.Errorf("the entry of the TAN is %+v", got)
		}
		// What is typed stays while the page hears that the message is out.
		o.b.hasFocus("pin")
		ask[bool](o.b, "window.stillHere = true")
		o.b.press("1234")
		sent := o.message(o.b, p, 1)
		o.b.awaitSaying("Sent.")
		if got := o.b.holds("pin"); got != "1234" || !ask[bool](o.b, "window.stillHere === true") {
			t.Errorf("the page was drawn anew and holds %q", got)
		}

		wrong := other(sent.TAN)
		o.b.types("pin", wrong[:4]+"–"+wrong[4:])
		o.b.turn(enterScript)
		o.b.shows("Enter the code from the e-mail")
		o.b.mustSay("Wrong code", "You have 2 tries left")
		o.b.hasFocus("pin")
		if title := ask[string](o.b, "document.title"); !strings.HasPrefix(title, "Wrong code") || o.b.holds("pin") != "" {
			t.Errorf("the page is called %q and holds %q", title, o.b.holds("pin"))
		}
		o.b.pastes(" " + sent.TAN[:4] + " " + sent.TAN[4:] + " ")
		o.b.press(kb.Enter)
		o.home(o.b, p)
	}
}

// enterScript does what Enter does in an entry, with the check of the browser.
const enterScript = "document.activeElement.form.requestSubmit()"

// later moves the page's clock.
func (b *tab) later(by time.Duration) {
	b.t.Helper()
	ask[any](b, fmt.Sprintf("(now => { Date.now = () => now.call(Date) + %d; })(Date.now); 0", by.Milliseconds()))
}

// againButton asks for another message.
const againButton = "form[action*='/resend'] button"

func anotherMessage(t *testing.T, c *chromium) {
	o, p := newAddressOuting(t, c, e2e.SQLite, "email"), newPlace("email")
	o.start(o.b, "address")
	o.b.types("CONTACT_EMAIL", p.mark)
	o.b.press(kb.Enter)
	o.b.comes("pin")
	first := o.message(o.b, p, 1)
	if !ask[bool](o.b, "document.querySelector(`"+againButton+"`).disabled") {
		t.Error("another message can be asked for at once")
	}
	clock := "document.querySelector('[data-resend]').textContent"
	o.b.until(fmt.Sprintf("%s !== %q", clock, ask[string](o.b, clock))) // it counts
	o.b.later(time.Minute)
	o.b.until("!document.querySelector(`" + againButton + "`).disabled")
	o.b.mustSay("You can ask for another message now.")
	o.Data.AgeTANs(t, 2*time.Minute)
	o.b.click(againButton)
	o.b.awaitSaying("The e-mail is being sent")
	second := o.message(o.b, p, 2)
	o.b.awaitSaying("Sent.")
	o.b.mustSay("Possible in")

	// Only the newest TAN counts.
	if first.TAN != second.TAN {
		o.b.types("pin", first.TAN)
		o.b.turn(enterScript)
		o.b.mustSay("Wrong code")
	}
	o.b.types("pin", second.TAN)
	o.b.press(kb.Enter)
	o.home(o.b, p)
}

func anotherAddress(t *testing.T, c *chromium) {
	o, wrong, right := newAddressOuting(t, c, e2e.SQLite, "phone"), newPlace("phone"), newPlace("phone")
	o.start(o.b, "address")
	if got, want := o.b.entry("CONTACT_PHONE"), (entry{"tel", "tel", "tel"}); got != want {
		t.Errorf("the entry of the number is %+v", got)
	}
	o.b.types("CONTACT_PHONE", wrong.mark)
	o.b.click("main form button")
	o.b.comes("pin")
	first := o.message(o.b, wrong, 1)
	o.b.click("a[href*='/address']")
	o.b.comes("address")
	if got := o.b.holds("CONTACT_PHONE"); got != wrong.mark {
		t.Errorf("the form holds %q", got)
	}
	o.b.mustSay("You can try 2 more numbers")
	o.b.click("a[href*='/pin']")
	o.b.comes("pin")
	o.b.click("a[href*='/address']")
	o.b.comes("address")
	o.b.types("CONTACT_PHONE", "0"+right.mark[3:]) // as it is dialled here
	o.b.click("main form button")
	o.b.comes("pin")
	o.b.mustSay(right.mark)
	second := o.message(o.b, right, 1)
	if first.TAN != second.TAN {
		o.b.types("pin", first.TAN)
		o.b.turn(enterScript)
		o.b.mustSay("Wrong code")
	}
	o.b.types("pin", second.TAN)
	o.b.click("main form button")
	o.home(o.b, right)
}
