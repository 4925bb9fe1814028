package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

// lettered is a walk to whose person a letter is on its way.
func (g *gate) lettered(clientID string) *walk {
	g.t.Helper()
	w := g.visitor(clientID, "scope", "openid address")
	if w.start(); g.session(w.id).Method == kyc.MethodOpen {
		w.choose(kyc.MethodPostal).leads(w.at("/pin"))
	}
	w.fill("/address", addressFields[g.session(w.id).Method]...).leads(w.at("/pin"))
	return w
}

// letter is the path of the link in a walk's letter.
func (w *walk) letter() string {
	w.g.t.Helper()
	m := w.g.message(w.id)
	path, ours := strings.CutPrefix(m.Link, issuer)
	if !ours || path != "/letter/"+m.LetterCode {
		w.g.t.Fatalf("the letter's link is %s for %s", m.Link, m.LetterCode)
	}
	return path
}

func TestALetterOpenedWhereItWasOrdered(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newPostOn(t, st)
		w := g.lettered("postal")
		w.get(w.at("/pin")).shows(http.StatusOK, nameKept, "Vogelweg 3", "8000 Zürich")
		r := w.get(w.letter())
		r.leads(w.at("/pin"))
		if r.header.Get("Set-Cookie") != "" {
			t.Errorf("cookie is %s", r.header.Get("Set-Cookie"))
		}
		w.get(w.letter() + "?ui_locales=fr").leads(w.at("/pin?ui_locales=fr"))
		w.enter(kyc.SpacedTAN(w.tan())).leads(w.at("/finish"))
		w.home(w.get(w.at("/finish")), "")
		w.swap()
	})
}

func TestALettersTANLastsThirtyDaysAndItsSessionAsLong(t *testing.T) {
	t.Parallel()
	month := 30 * 24 * time.Hour
	for after, good := range map[time.Duration]bool{29 * 24 * time.Hour: true, month - time.Microsecond: true, month: false} {
		g := newPost(t)
		w := g.lettered("postal-ch")
		right, link := w.tan(), w.letter()
		if end := g.session(w.id).ExpiresAt; !end.Equal(noon.Add(month)) {
			t.Fatalf("the session ends at %s", end)
		}
		g.clock.advance(after)
		if good {
			w.get(link).leads(w.at("/pin"))
			w.enter(right).leads(w.at("/finish"))
			w.home(w.get(w.at("/finish")), "")
			w.swap()
			continue
		}
		w.get(link).shows(http.StatusNotFound)
		w.enter(right).stays(http.StatusUnprocessableEntity)
		g.expire(w.id)
		w.enter(right).leads(w.at(""))
		w.get(link).shows(http.StatusNotFound)
	}
}

func TestAnotherLetterTakesADay(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.lettered("postal")
	first, link := w.tan(), w.letter()
	g.clock.advance(24*time.Hour - time.Second)
	if got := w.resend().stays(http.StatusTooManyRequests).header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After is %q", got)
	}
	g.clock.advance(time.Second)
	w.resend().leads(w.at("/pin"))
	if w.letter() == link || w.tan() == first {
		t.Error("the second letter is the first one")
	}
	g.browser().get(link).shows(http.StatusNotFound) // of the letter before
	w.enter(first).stays(http.StatusUnprocessableEntity)
	w.enter(w.tan()).leads(w.at("/finish"))
}

func TestALetterOpenedElsewhereProvesForThatBrowser(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newPostOn(t, st)
		g.change("postal", func(c *kyc.Client) { c.StartURI = "https://postal.example/start" })
		first := g.lettered("postal")
		right, link := first.tan(), first.letter()
		g.clock.advance(3 * 24 * time.Hour)

		second := g.visitor("postal", "scope", "openid address", "state", "another state")
		page := second.get(link).shows(http.StatusOK, "Corner postal", "https://postal.example/start?iss=http%3A%2F%2Fgate.example")
		page.lacks(right, nameKept, first.id.String(), "Vogelweg", "code=", "state of")
		cookie := page.header.Get("Set-Cookie")
		for _, part := range []string{"vouchgate-letter=" + strings.TrimPrefix(link, "/letter/"), "Max-Age=86400", "HttpOnly", "SameSite=Lax", "Path=/"} {
			if !strings.Contains(cookie, part) {
				t.Errorf("cookie is %s", cookie)
			}
		}
		second.start().leads(second.at("/pin"))
		if got := second.get(second.at("/pin")); !strings.Contains(got.header.Get("Set-Cookie"), "vouchgate-letter=;") || got.header.Get("Location") != second.at("/pin") {
			t.Errorf("cookie is %q, leads to %s", got.header.Get("Set-Cookie"), got.header.Get("Location"))
		}
		second.get(second.at("/pin")).shows(http.StatusOK, "Vogelweg 3").form(second.at("/pin"))
		second.enter(right).leads(second.at("/finish"))
		home := second.home(second.get(second.at("/finish")), "")
		if home.Get("state") != "another state" {
			t.Errorf("the answer is %v", home)
		}
		second.swap()
		if got := g.info(second.token).json()["address_type"]; got != "postal" {
			t.Errorf("address type is %v", got)
		}
		first.get(first.at("/pin")).leads(first.at("/address"))
		first.enter(right).leads(first.at("/address"))
		first.get(first.at("/address")).shows(http.StatusOK).lacks("Vogelweg")
		if s := g.session(first.id); s.Status != kyc.StatusAuthorized || s.SealedClaims != nil {
			t.Errorf("the first session is %s", s.Status)
		}
		g.browser().get(link).shows(http.StatusNotFound)
	})
}

func TestALetterIsForItsClientAlone(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	g.addProver("rival", []kyc.Method{kyc.MethodPostal})
	w := g.lettered("postal")
	thief := g.visitor("rival", "scope", "address")
	thief.get(w.letter()).shows(http.StatusOK, "Corner postal").lacks("initiate", "?iss=")
	thief.start().leads(thief.at("/pin"))
	thief.get(thief.at("/pin")).leads(thief.at("/address"))
	thief.get(thief.at("/address")).shows(http.StatusOK).lacks("Vogelweg")
	mail := g.visitor("email")
	mail.browser = thief.browser
	mail.start()
	mail.get(mail.at("/pin")).leads(mail.at("/address"))
	w.enter(w.tan()).leads(w.at("/finish"))
}

func TestLetterCodesThatOpenNothing(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.lettered("postal")
	good := strings.TrimPrefix(w.letter(), "/letter/")
	wrong := strings.Replace(good, good[:1], map[bool]string{true: "1", false: "0"}[good[0] == '0'], 1)
	for name, code := range map[string]string{
		"a wrong one": wrong, "one of no form": "nonsense", "a short one": good[:18], "a long one": good + "0", "a letter of no alphabet": good[:18] + "U",
		"NUL": good[:18] + "%00", "100 characters": strings.Repeat("7", 100), "two codes": good + good, "not UTF-8": "%ff",
	} {
		if r := g.browser().get("/letter/" + code); r.status != http.StatusNotFound {
			t.Errorf("%s: status is %d", name, r.status)
		}
	}
	if r := g.browser().get("/letter/" + strings.Repeat("7", 101)); r.status != http.StatusNotFound && r.status != http.StatusBadRequest {
		t.Errorf("101 characters: status is %d", r.status)
	}
	b := g.browser().with("Cookie", "vouchgate-letter="+wrong)
	lost := g.visitor("postal")
	lost.browser = b
	lost.start()
	lost.get(lost.at("/pin")).leads(lost.at("/address"))

	w.fill("/cancel")
	g.browser().get("/letter/" + good).shows(http.StatusNotFound) // with the session, its letter is gone
}

func TestLetterCodesHoweverTheyAreTyped(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.lettered("postal")
	good := strings.TrimPrefix(w.letter(), "/letter/")
	alike := strings.NewReplacer("0", "o", "1", "l").Replace(strings.ToLower(good))
	for _, typed := range []string{
		good, strings.ToLower(good), alike, strings.NewReplacer("1", "I", "0", "O").Replace(good), strings.ReplaceAll(good, "-", ""),
		url.PathEscape(strings.ReplaceAll(good, "-", " ")), strings.ReplaceAll(good, "-", "--"),
	} {
		g.browser().get("/letter/"+typed).shows(http.StatusOK, "Corner postal")
		w.get("/letter/" + typed).leads(w.at("/pin"))
	}
}

func TestTheChoiceIsMadeWhereALetterWaits(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	first := g.lettered("any")
	right := first.tan()
	second := g.visitor("any", "scope", "email address")
	second.get(first.letter()).shows(http.StatusOK)
	second.start().leads(second.at("/choose"))
	second.get(second.at("/choose")).leads(second.at("/pin"))
	second.get(second.at("/pin")).leads(second.at("/pin"))
	second.enter(right).leads(second.at("/finish"))
	second.home(second.get(second.at("/finish")), "")

	third := g.lettered("any")
	asks := g.visitor("any", "scope", "email phone") // which no letter proves
	asks.get(third.letter()).shows(http.StatusOK)
	asks.start().leads(asks.at("/choose"))
	asks.get(asks.at("/choose")).shows(http.StatusOK)
}

func TestALetterOfTheSameBrowserComesBackAfterAnotherChoice(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	first := g.lettered("any")
	link, right := first.letter(), first.tan()
	next := g.visitor("any", "scope", "address")
	next.browser = first.browser
	next.start().leads(next.at("/choose"))
	next.get(link).leads(first.at("/pin")) // the session that ordered it
	first.enter(right).leads(first.at("/finish"))
}

func TestWhatASessionHasTriedCountsBesideTheLetter(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	first := g.lettered("postal")
	first.missed()
	first.missed()
	right := first.tan()
	second := g.visitor("postal", "scope", "address")
	second.get(first.letter()).shows(http.StatusOK)
	second.start()
	second.get(second.at("/pin")).leads(second.at("/pin"))
	second.enter(other(right, 1)).stays(http.StatusTooManyRequests) // the third try, wherever
	second.enter(right).stays(http.StatusTooManyRequests)
	if c := g.challenge(second.id); c.Sends != 1 || c.Addresses != 1 {
		t.Errorf("%d letters to %d addresses", c.Sends, c.Addresses)
	}
}

func TestOneOfManyBrowsersWithTheLetterProvesTheAddress(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newPostOn(t, st)
		first := g.lettered("postal")
		link, right := first.letter(), first.tan()
		var walks []*walk
		for range 8 {
			w := g.visitor("postal", "scope", "address")
			w.get(link).shows(http.StatusOK)
			w.start()
			walks = append(walks, w)
		}
		var n atomic.Int64
		for r := range side(len(walks), func() reply {
			w := walks[n.Add(1)-1]
			w.get(w.at("/pin")).leads(w.at("/"))
			return w.enter(right)
		}) {
			r.leads("/session/")
		}
		for range 3 { // the letter may have gone on to another browser meanwhile, which asks again
			for _, w := range walks {
				w.enter(right).leads(w.at(""))
			}
		}
		proved := 0
		for _, w := range append(walks, first) {
			if g.session(w.id).Status == kyc.StatusVerified {
				proved++
			}
		}
		if told := g.told(`"verification.verified"`); proved != 1 || len(told) != 1 {
			t.Errorf("%d browsers prove the address, the client is told %q", proved, told)
		}
	})
}

func TestALetterWhoseAddressTheClientDoesNotTakeIsNotAdopted(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	first := g.lettered("any") // to Zürich, by the method for all countries
	g.change("any", func(c *kyc.Client) {
		c.Restrictions = kyc.Restrictions{kyc.FieldLines: {Regex: "Bern"}}
	})
	second := g.visitor("any", "scope", "address")
	second.get(first.letter()).shows(http.StatusOK)
	second.start()
	second.get(second.at("/choose")).leads(second.at("/pin"))
	second.get(second.at("/pin")).leads(second.at("/address"))
	first.enter(first.tan()).leads(first.at("/finish"))
}
