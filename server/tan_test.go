package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"vouchgate/kyc"
)

func TestWrongTANsAreCountedAndThenNotEvenTheRightOneHelps(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.mailed("email", mailTyped)
	right := w.tan()
	w.missed().stays(http.StatusUnprocessableEntity, `aria-invalid="true"`, `name="pin"`)
	w.missed().stays(http.StatusUnprocessableEntity)
	w.missed().stays(http.StatusTooManyRequests).lacks(`name="pin"`)
	for range 3 {
		w.enter(right).stays(http.StatusTooManyRequests)
	}
	if c := g.challenge(w.id); c.Tries != kyc.TANTries || g.session(w.id).Status != kyc.StatusAuthorized {
		t.Errorf("%d tries are counted, the session is %s", c.Tries, g.session(w.id).Status)
	}
}

func TestTheLastOfThreeTriesMayBeRight(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.mailed("email", mailTyped)
	w.missed()
	w.missed()
	w.enter(w.tan()).leads(w.at("/finish"))
	w.home(w.get(w.at("/finish")), "")
}

func TestANewTANKillsTheOldOne(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.mailed("email", mailTyped)
	old := w.tan()
	w.missed()
	g.clock.advance(time.Minute)
	w.resend().leads(w.at("/pin"))
	fresh := w.tan()
	if old == fresh {
		t.Fatal("the TAN is sent again")
	}
	if c := g.challenge(w.id); c.Tries != 0 || c.Sends != 2 || c.Addresses != 1 {
		t.Errorf("challenge counts %d tries, %d messages, %d addresses", c.Tries, c.Sends, c.Addresses)
	}
	w.enter(old).stays(http.StatusUnprocessableEntity)
	w.enter(fresh).leads(w.at("/finish"))
}

func TestATANOfOneAddressNeverProvesAnother(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.mailed("email", "a@one.example")
	ofA := w.tan()
	w.mail("b@two.example").leads(w.at("/pin"))
	ofB := w.tan()
	w.enter(ofA).stays(http.StatusUnprocessableEntity)
	w.mail("a@one.example").leads(w.at("/pin")) // again, which is a third address
	for _, old := range []string{ofA, ofB} {
		w.enter(old).stays(http.StatusUnprocessableEntity)
	}
	w.enter(w.tan()).leads(w.at("/finish"))
	w.home(w.get(w.at("/finish")), "")
	w.swap()
	if got := g.info(w.token).text("email"); got != "a@one.example" {
		t.Errorf("proved is %s", got)
	}
	elsewhere := g.mailed("email", "a@one.example")
	elsewhere.enter(ofA).stays(http.StatusUnprocessableEntity) // of another session
}

func TestATANLastsAQuarterOfAnHour(t *testing.T) {
	t.Parallel()
	for after, good := range map[time.Duration]bool{15*time.Minute - time.Microsecond: true, 15 * time.Minute: false} {
		g := newPost(t)
		w := g.mailed("email", mailTyped)
		right := w.tan()
		g.clock.advance(after)
		r := w.enter(right)
		if good {
			r.leads(w.at("/finish"))
			continue
		}
		r.stays(http.StatusUnprocessableEntity)
		if c := g.challenge(w.id); c.Tries != 0 {
			t.Errorf("a try of what has expired is counted: %d", c.Tries)
		}
		w.get(w.at("/pin")).shows(http.StatusOK).lacks(`name="pin"`)
		w.resend().leads(w.at("/pin"))
		w.enter(right).stays(http.StatusUnprocessableEntity)
		w.enter(w.tan()).leads(w.at("/finish"))
	}
}

func TestASessionWaitsForItsTAN(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.prover("email")
	g.clock.advance(time.Hour - time.Microsecond)
	w.mail(mailTyped).leads(w.at("/pin"))
	s := g.session(w.id)
	if end := g.clock.Now().Add(kyc.TANLifetime); !s.ExpiresAt.Equal(end) || s.NextCheck == nil || !s.NextCheck.Equal(end) {
		t.Errorf("the session ends at %s, is looked at %v", s.ExpiresAt, s.NextCheck)
	}
	g.clock.advance(10 * time.Minute)
	w.enter(w.tan()).leads(w.at("/finish"))
}

func TestTANsAreTakenHoweverTheyAreTyped(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	for i, typed := range []func(string) string{
		func(tan string) string { return tan[:4] + " " + tan[4:] },
		func(tan string) string { return " " + tan[:2] + "-" + tan[2:4] + "–" + tan[4:] + "\r\n" },
		func(tan string) string { return tan[:4] + "\u00a0\u202f" + tan[4:] },
		func(tan string) string { return strings.Join(strings.Split(tan, ""), " ") },
	} {
		w := g.mailed("email", strings.Repeat("x", i+1)+"@b.example")
		w.enter(typed(w.tan())).leads(w.at("/finish"))
	}
}

func TestWhatCannotBeATANIsNotCounted(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.mailed("email", mailTyped)
	right := w.tan()
	wide := strings.Map(func(r rune) rune { return r - '0' + '０' }, right)
	before := g.challenge(w.id)
	for name, typed := range map[string]string{
		"nothing": "", "spaces": "   ", "six digits": "000000", "nine digits": right + "0", "without its first digit": right[1:],
		"10,000 digits": strings.Repeat("1", 10_000), "full-width digits": wide, "a negative number": "-" + right[1:], "a plus sign": "+" + right[1:],
		"an exponent": "1e6", "eight characters with an exponent": "1234567e", "hexadecimal": "0x123456", "a decimal point": right[:4] + "." + right[4:],
		"letters": "ABCDEFGH", "NUL behind it": right + "\x00", "Arabic digits": "١٢٣٤٥٦٧٨", "a thousand spaces around it": right + strings.Repeat(" ", 1000),
	} {
		w.enter(typed).stays(http.StatusUnprocessableEntity)
		if c := g.challenge(w.id); c.Tries != before.Tries || c.Version != before.Version {
			t.Errorf("%s is counted", name)
		}
	}
	w.fill("/pin").stays(http.StatusUnprocessableEntity) // without the field
	w.enter(right).leads(w.at("/finish"))
}

func TestMessagesToOneAddressAreFewAndSlow(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.mailed("email", mailTyped)
	tooSoon := func(wait string) {
		t.Helper()
		was := w.tan()
		if got := w.resend().stays(http.StatusTooManyRequests).header.Get("Retry-After"); got != wait {
			t.Errorf("Retry-After is %q, want %s", got, wait)
		}
		if w.tan() != was {
			t.Error("a message was sent too soon")
		}
	}
	tooSoon("60")
	g.clock.advance(60*time.Second - time.Microsecond)
	tooSoon("1")
	g.clock.advance(time.Microsecond)
	w.resend().leads(w.at("/pin"))
	tooSoon("120")
	g.clock.advance(119 * time.Second)
	tooSoon("1")
	g.clock.advance(time.Second)
	w.resend().leads(w.at("/pin"))
	g.clock.advance(10 * time.Minute)
	last := w.tan()
	w.resend().stays(http.StatusTooManyRequests).form(w.at("/pin")) // the TAN still counts
	w.mail(mailTyped).leads(w.at("/pin"))                           // the same address again sends nothing
	if w.tan() != last || g.challenge(w.id).Sends != kyc.TANSends {
		t.Error("a fourth message was sent")
	}
	w.enter(last).leads(w.at("/finish"))
}

func TestTheSameAddressAgainSendsAnotherMessageWhenItIsTime(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.mailed("email", mailTyped)
	first := w.tan()
	w.mail(mailTyped).leads(w.at("/pin"))
	if w.tan() != first {
		t.Error("a second click sends a second message")
	}
	g.clock.advance(time.Minute)
	w.mail(mailTyped).leads(w.at("/pin"))
	if c := g.challenge(w.id); w.tan() == first || c.Addresses != 1 || c.Sends != 2 {
		t.Errorf("%d addresses, %d messages", c.Addresses, c.Sends)
	}
}

func TestASessionTriesThreeAddresses(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.mailed("email", "a@one.example")
	w.mail("b@two.example").leads(w.at("/pin"))
	w.get(w.at("/address")).shows(http.StatusOK).form(w.at("/address"))
	w.mail("c@three.example").leads(w.at("/pin"))
	last := w.tan()
	w.get(w.at("/pin")).shows(http.StatusOK).lacks(w.at("/address"))
	w.get(w.at("/address")).shows(http.StatusOK).lacks(kyc.FieldEmail)
	w.mail("d@four.example").stays(http.StatusTooManyRequests).lacks("four.example")
	if m := g.message(w.id); m.Address.Email != "c@three.example" || m.TAN != last {
		t.Errorf("a message goes to %s", m.Address.Email)
	}
	w.enter(last).leads(w.at("/finish"))
}

func TestASessionFailsOnceNothingIsLeftToTry(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.mailed("email", "a@one.example")
	w.mail("b@two.example")
	w.mail("c@three.example")
	for sends := 1; ; sends++ {
		w.missed().stays(http.StatusUnprocessableEntity)
		w.missed().stays(http.StatusUnprocessableEntity)
		if sends == kyc.TANSends {
			break
		}
		w.missed().stays(http.StatusTooManyRequests)
		g.clock.advance(2 * time.Minute)
		w.resend().leads(w.at("/pin"))
	}
	right := w.tan()
	w.enter(other(right, 5)).leads(w.at(""))
	g.ended(w)
	w.enter(right).leads(w.at(""))
	w.resend().leads(w.at(""))
	w.mail("d@four.example").leads(w.at(""))
	w.fill("/retry").leads(w.at(""))
	g.ended(w)
	if lines := g.logs.lines(`"limit":"session"`); len(lines) != 1 {
		t.Errorf("the operator reads %q", lines)
	}
	w.home(w.fill("/cancel"), "access_denied")
}

func TestATANIsEnteredOnceAndTheSecondClickLeadsOn(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.mailed("email", mailTyped)
	right := w.tan()
	for _, typed := range []string{right, right, other(right, 1), "nonsense"} {
		w.enter(typed).leads(w.at("/finish"))
	}
	w.home(w.get(w.at("/finish")), "")
	w.swap()
	w.enter(right).leads(w.at(""))
	if told := g.told(w.id.String()); len(told) != 1 {
		t.Errorf("the client is told %d times", len(told))
	}
}

func TestNoStepIsThereForAnotherBrowserOrWithoutTheForm(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.mailed("any", mailTyped)
	thief := *w
	thief.browser = g.browser()
	right, before := w.tan(), g.everything()
	for _, step := range []string{"/choose", "/address", "/pin"} {
		thief.get(w.at(step)).shows(http.StatusNotFound).lacks("federli")
	}
	fields := map[string][]string{
		"/choose": {"method", "phone"}, "/address": {kyc.FieldEmail, "evil@b.example"}, "/pin": {"pin", right}, "/resend": nil, "/cancel": nil,
	}
	for step, form := range fields {
		thief.fill(step, form...).shows(http.StatusNotFound)
		for name, token := range map[string]string{
			"no token": "", "another form's": w.csrf("account"), "another browser's": thief.csrf(w.id.String()), "another session's": w.csrf(g.newID().String()),
		} {
			if r := w.fill(step, append(form, "csrf", token)...); r.status != http.StatusForbidden {
				t.Errorf("%s with %s: status is %d", step, name, r.status)
			}
		}
		w.with("Sec-Fetch-Site", "cross-site").postForm(w.at(step), nil).shows(http.StatusForbidden)
	}
	if g.everything() != before || w.tan() != right || g.challenge(w.id).Tries != 0 {
		t.Error("something moved")
	}
	w.enter(right).leads(w.at("/finish"))
	thief.get(w.at("/finish")).shows(http.StatusNotFound)
}

func TestTakingASessionOverVoidsItsTAN(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.hinted("email", `{"CONTACT_EMAIL":"a@b.example"}`)
	w.get(w.path()).leads(w.at("/pin"))
	w.mail(mailTyped).leads(w.at("/pin"))
	right := w.tan()
	thief := *w
	thief.browser = g.browser()
	thief.get(w.path()).shows(http.StatusConflict)
	thief.post(w.path()).leads(w.at("/pin"))
	w.get(w.at("/pin")).shows(http.StatusNotFound)
	w.enter(right).shows(http.StatusNotFound)
	thief.enter(right).leads(w.at("/address"))
	thief.get(w.at("/pin")).leads(w.at("/address"))
	thief.get(w.at("/address")).shows(http.StatusOK, "a@b.example").lacks("iepmatz")
	thief.resend().leads(w.at("/address"))
	if s := g.session(w.id); s.Status != kyc.StatusAuthorized {
		t.Errorf("session is %s", s.Status)
	}
}

func TestCancellingAtEachPage(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	for step, at := range map[string]func() *walk{
		"/choose":  func() *walk { w := g.visitor("any"); w.start(); return w },
		"/address": func() *walk { return g.prover("email") },
		"/pin":     func() *walk { return g.mailed("email", mailTyped) },
	} {
		w := at()
		fields := w.get(w.at(step)).shows(http.StatusOK).form(w.at("/cancel"))
		w.home(w.postForm(w.at("/cancel"), fields), "access_denied")
		w.get(w.at(step)).leads(w.at(""))
		if told := g.told(w.id.String()); len(told) != 1 || !strings.Contains(told[0], `"verification.denied"`) {
			t.Errorf("%s: the client is told %q", step, told)
		}
	}
}
