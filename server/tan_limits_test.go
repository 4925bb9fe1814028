package server_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

// words is a page without what differs from one session to the next.
func (w *walk) words(r reply, mailbox string) string {
	for _, own := range []string{w.id.String(), w.csrf(w.id.String()), w.client.Name, mailbox} {
		r.body = strings.ReplaceAll(r.body, own, "")
	}
	return r.body
}

func TestFewSessionsSendToOneAddressWhoeverAsks(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newPostOn(t, st)
		g.addProver("rival", []kyc.Method{kyc.MethodEmail})
		spellings := []string{"Victim@b.example", "victim@b.example", "VICTIM+1@b.example", "victim+spam@B.example", "victim+@b.example"}
		for i, spelling := range spellings {
			g.mailed([]string{"email", "rival"}[i%2], spelling)
			g.clock.advance(time.Hour)
		}
		for _, client := range []string{"email", "rival", "any"} {
			w := g.prover(client)
			page := w.mail("victim+x@b.example").stays(http.StatusTooManyRequests, "victim+x@b.example"[:6])
			if _, err := g.store.Challenge(ctx, w.id); err == nil {
				t.Errorf("%s: something is kept of what was refused", client)
			}
			page.form(w.at("/address")) // another one may be entered
			w.mail("somebody@b.example").leads(w.at("/pin"))
		}
		if lines := g.logs.lines(`"limit":"sessions"`); len(lines) != 3 || strings.Contains(strings.Join(lines, ""), "ictim") {
			t.Errorf("the operator reads %q", lines)
		}
		g.clock.set(noon.Add(24*time.Hour - time.Microsecond))
		g.prover("email").mail("victim@b.example").stays(http.StatusTooManyRequests)
		g.clock.set(noon.Add(24 * time.Hour))
		g.mailed("email", "victim@b.example")
	})
}

// Nobody learns from a refusal whether others use an address.
func TestTooManyMessagesAreRefusedInTheSameWordsWhateverTheLimit(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	g.addProver("small", []kyc.Method{kyc.MethodEmail}, func(c *kyc.Client) { c.DailyMessages = 1 })
	for range kyc.AddressSessions {
		g.mailed("email", "victim@b.example")
	}
	full := g.prover("email")
	known := full.words(full.mail("victim@b.example").stays(http.StatusTooManyRequests), "victim")
	g.mailed("small", "first@b.example")
	spent := g.prover("small")
	unknown := spent.words(spent.mail("nobody@b.example").stays(http.StatusTooManyRequests), "nobody")
	if known != unknown {
		t.Errorf("the refusals differ:\n%s\n%s", known, unknown)
	}
}

func TestTriesForOneAddressAreCountedOverAllSessions(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	var walks []*walk
	for range kyc.AddressSessions {
		walks = append(walks, g.mailed("email", "victim@b.example"))
	}
	g.clock.advance(10 * time.Minute) // so that the tries' day ends later than that of the sessions
	for sends := range kyc.TANSends {
		for _, w := range walks {
			if sends > 0 {
				w.resend().leads(w.at("/pin"))
			}
			for range kyc.TANTries {
				w.missed().lacks("expired")
			}
		}
		g.clock.advance(2 * time.Minute)
	}
	g.clock.set(noon.Add(24 * time.Hour))
	w := g.mailed("any", "victim@b.example")
	right := w.tan()
	w.enter(right).stays(http.StatusTooManyRequests).lacks(`name="pin"`)
	w.enter(right).stays(http.StatusTooManyRequests)
	if c := g.challenge(w.id); c.TANHash != nil || c.LockedAt == nil || c.SealedMessage != nil {
		t.Error("the TAN still counts, or is still sent")
	}
	if lines := g.logs.lines(`"limit":"tries"`); len(lines) != 1 {
		t.Errorf("the operator reads %q", lines)
	}
	someone := g.mailed("email", "other@b.example")
	someone.enter(someone.tan()).leads(someone.at("/finish"))
	g.clock.set(noon.Add(24*time.Hour + 10*time.Minute))
	w.resend().leads(w.at("/pin"))
	w.enter(w.tan()).leads(w.at("/finish"))
}

func TestMessagesOfAClientAreBounded(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	g.addProver("small", []kyc.Method{kyc.MethodEmail}, func(c *kyc.Client) { c.DailyMessages = 3 })
	w := g.mailed("small", "a@b.example")
	g.clock.advance(time.Minute)
	w.resend().leads(w.at("/pin"))
	g.mailed("small", "b@b.example")
	g.prover("small").mail("c@b.example").stays(http.StatusTooManyRequests)
	g.clock.advance(2 * time.Minute)
	last := w.tan()
	w.resend().stays(http.StatusTooManyRequests).form(w.at("/pin"))
	g.mailed("email", "c@b.example") // of another client
	if len(g.logs.lines(`"limit":"messages"`)) != 2 {
		t.Errorf("the operator reads %q", g.logs.lines("limit of TANs"))
	}
	w.enter(last).leads(w.at("/finish"))
	g.clock.set(noon.Add(24 * time.Hour))
	g.mailed("small", "c@b.example")
}

// replicas are two servers on one database, and the walk as each of them sees it.
func replicas(t *testing.T, st *store.Store) (g *gate, of func(*walk) [2]*walk) {
	t.Helper()
	a, b := newPostOn(t, st), newGateOn(t, st, withAddresses)
	for _, m := range kyc.AddressMethods {
		client, err := st.Client(ctx, string(m))
		must(t, err)
		b.contract.register(client)
	}
	b.listen()
	return a, func(w *walk) [2]*walk {
		other := *w
		other.browser = &browser{g: b, client: w.browser.client, header: w.browser.header}
		return [2]*walk{w, &other}
	}
}

func TestTheRightTANManyTimesAtOnceMovesTheSessionOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g, of := replicas(t, st)
		w := g.mailed("email", mailTyped)
		right, both := w.tan(), of(w)
		var n atomic.Int64
		for r := range side(64, func() reply { return both[n.Add(1)%2].enter(right) }) {
			r.leads(w.at("/finish"))
		}
		codes := map[string]bool{}
		for r := range side(16, func() reply { return both[n.Add(1)%2].get(w.at("/finish")) }) {
			codes[r.leads("https://email.example/cb").Get("code")] = true
		}
		if len(codes) != 1 {
			t.Errorf("%d codes", len(codes))
		}
		if told := g.told(w.id.String()); len(told) != 1 {
			t.Errorf("the client is told %d times", len(told))
		}
		if moves := g.trail(w, "session.verified"); moves != 1 {
			t.Errorf("%d moves in the audit trail", moves)
		}
		if c := g.challenge(w.id); c.Tries > kyc.TANTries {
			t.Errorf("%d tries", c.Tries)
		}
	})
}

// trail counts the events of a kind in the audit trail of a session.
func (g *gate) trail(w *walk, event string) (n int) {
	g.t.Helper()
	events, err := g.store.Audit(ctx, w.id)
	must(g.t, err)
	for _, e := range events {
		if e.Event == event {
			n++
		}
	}
	return n
}

func TestManyWrongTANsAtOnceAreCountedThreeTimes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g, of := replicas(t, st)
		w := g.mailed("email", mailTyped)
		right, both := w.tan(), of(w)
		var n, looked atomic.Int64
		for r := range side(300, func() reply {
			i := int(n.Add(1))
			return both[i%2].enter(other(right, i))
		}) {
			if r.status == http.StatusUnprocessableEntity {
				looked.Add(1)
			} else if r.status != http.StatusTooManyRequests {
				t.Errorf("status is %d: %s", r.status, r.header.Get("Location"))
			}
		}
		if c := g.challenge(w.id); c.Tries != kyc.TANTries {
			t.Errorf("%d tries are counted", c.Tries)
		}
		if looked.Load() > kyc.TANTries-1 { // after the last one, the page says that none is left
			t.Errorf("%d tries were answered as if there were more", looked.Load())
		}
		w.enter(right).stays(http.StatusTooManyRequests)
		if s := g.session(w.id); s.Status != kyc.StatusAuthorized {
			t.Errorf("session is %s", s.Status)
		}
	})
}

func TestManyMessagesAskedForAtOnceAreOne(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g, of := replicas(t, st)
		w := g.prover("email")
		both := of(w)
		var n atomic.Int64
		for r := range side(20, func() reply { return both[n.Add(1)%2].mail(mailTyped) }) {
			r.leads(w.at("/pin"))
		}
		g.clock.advance(time.Minute)
		both[1].g.clock.advance(time.Minute)
		for r := range side(20, func() reply { return both[n.Add(1)%2].resend() }) {
			if r.status != http.StatusSeeOther && r.status != http.StatusTooManyRequests {
				t.Errorf("status is %d: %s", r.status, clip(r.body))
			}
		}
		if c := g.challenge(w.id); c.Sends != 2 || c.Addresses != 1 {
			t.Errorf("%d messages to %d addresses", c.Sends, c.Addresses)
		}
		if queued := g.trail(w, "message.queued"); queued != 2 {
			t.Errorf("%d messages in the audit trail", queued)
		}
		w.enter(w.tan()).leads(w.at("/finish"))
	})
}

func TestManyAddressesAtOnceAreNeverMoreThanThree(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g, of := replicas(t, st)
		w := g.prover("email")
		both := of(w)
		var n, sent atomic.Int64
		for r := range side(20, func() reply {
			i := n.Add(1)
			return both[i%2].mail(string(rune('a'+i)) + "@many.example")
		}) {
			if r.status == http.StatusSeeOther {
				sent.Add(1)
			}
		}
		if c := g.challenge(w.id); c.Addresses != kyc.TANAddresses {
			t.Errorf("%d addresses", c.Addresses)
		}
		if sent.Load() != kyc.TANAddresses {
			t.Errorf("%d of them lead on", sent.Load())
		}
	})
}
