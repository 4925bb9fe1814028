package server_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

func TestStatusFollowsTheSession(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.opened("shop")
	is := func(status string, seconds float64) {
		t.Helper()
		want := map[string]any{"status": status, "expires_in": seconds}
		if diff := cmp.Diff(want, w.get(w.at("/status")).wants(http.StatusOK).json()); diff != "" {
			t.Errorf("status (-want +got):\n%s", diff)
		}
	}
	is("authorized", 900)
	g.clock.advance(899*time.Second + 999*time.Millisecond)
	is("authorized", 0)
	g.refuse(w.id)
	is("failed", 7*24*3600-900)
	w.post(w.at("/retry")).leads(w.at(""))
	g.prove(w.id)
	is("verified", 3600)
	w.finish()
	w.redeem().wants(http.StatusOK)
	is("completed", 0)
}

func TestStatusIsJSONWhateverIsAccepted(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.opened("shop")
	for _, accept := range []string{"", "*/*", "text/html", "application/json", "text/event-stream;q=0"} {
		if got := w.with("Accept", accept).get(w.at("/status")).wants(http.StatusOK).text("status"); got != "authorized" {
			t.Errorf("Accept %q: status is %q", accept, got)
		}
	}
}

func TestPollingIsLimited(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w, other := g.opened("shop"), g.opened("shop")
	served := 0
	for range 100 {
		if w.get(w.at("/status")).status == http.StatusOK {
			served++
		}
	}
	if served < 10 || served > 50 {
		t.Errorf("%d of 100 looks at once were answered", served)
	}
	w.get(w.at("/status")).refuses(http.StatusTooManyRequests, "temporarily_unavailable")
	other.get(other.at("/status")).wants(http.StatusOK)
	g.clock.advance(time.Second)
	w.get(w.at("/status")).wants(http.StatusOK)
}

func TestWatchingBringsTheNextCheckForward(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.opened("shop")
	if g.Watched(w.id) {
		t.Error("somebody watches a page that nobody looks at")
	}
	_, err := g.store.ClaimSession(ctx, w.id, noon, noon.Add(time.Minute))
	must(t, err)
	s := g.session(w.id)
	must(t, g.store.ScheduleSession(ctx, s, noon.Add(time.Hour)))
	w.get(w.at("/status")).wants(http.StatusOK)
	if next := g.session(w.id).NextCheck; next == nil || next.After(noon.Add(15*time.Second)) {
		t.Errorf("next check is at %v", next)
	}
	if !g.Watched(w.id) {
		t.Error("nobody watches")
	}
	g.clock.advance(20 * time.Second)
	if g.Watched(w.id) {
		t.Error("a glance lasts for ever")
	}
}

// events is an open stream of status.
type events struct {
	t    testing.TB
	body io.Closer
	in   *bufio.Reader
}

func (w *walk) stream() *events {
	w.g.t.Helper()
	r, err := http.NewRequest(http.MethodGet, w.g.url+w.at("/status"), nil)
	must(w.g.t, err)
	r.Header.Set("Accept", "text/event-stream")
	response, err := w.browser.client.Do(r)
	must(w.g.t, err)
	w.g.t.Cleanup(func() { response.Body.Close() })
	if kind := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || kind != "text/event-stream" ||
		response.Header.Get("Cache-Control") != "no-store" || response.Header.Get("X-Accel-Buffering") != "no" {
		w.g.t.Fatalf("stream is %s %v", response.Status, response.Header)
	}
	return &events{w.g.t, response.Body, bufio.NewReader(response.Body)}
}

// next returns the data of the next event, "" at the end of the stream.
func (e *events) next() string {
	e.t.Helper()
	var name, data string
	for {
		line, err := e.in.ReadString('\n')
		if err != nil {
			return ""
		}
		switch field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); field {
		case "event":
			name = value
		case "data":
			data = value
		case "":
			if data == "" {
				continue
			}
			if name != "status" {
				e.t.Errorf("event is called %q", name)
			}
			return data
		}
	}
}

func (e *events) wants(data string) {
	e.t.Helper()
	if got := e.next(); got != data {
		e.t.Errorf("event is %q, want %q", got, data)
	}
}

func TestStreamTellsEachChange(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st)
		g.addClient("shop")
		w := g.opened("shop")
		first, second := w.stream(), w.stream()
		for _, s := range []*events{first, second} {
			s.wants(`{"expires_in":900,"status":"authorized"}`)
		}
		if !g.Watched(w.id) {
			t.Error("nobody watches")
		}
		still, err := g.store.Session(ctx, w.id)
		must(t, err)
		g.Changed(still) // for nothing
		g.prove(w.id)
		for _, s := range []*events{first, second} {
			s.wants(`{"expires_in":3600,"status":"verified"}`)
			s.wants("") // everything was said
		}
	})
}

func TestStreamOfASessionThatStaysEndsAtOnce(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.opened("shop")
	g.refuse(w.id)
	s := w.stream()
	s.wants(`{"expires_in":604800,"status":"failed"}`)
	s.wants("")
}

func TestStreamFindsMovesOfOtherReplicas(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.opened("shop")
	s := w.stream()
	s.wants(`{"expires_in":900,"status":"authorized"}`)
	_, err := g.store.UpdateSession(ctx, w.id, func(s *kyc.Session) (kyc.Effects, error) { return s.Cancel(noon) })
	must(t, err)
	s.wants(`{"expires_in":0,"status":"denied"}`)
}

func TestStreamsEndWhenTheServerCloses(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.opened("shop")
	s := w.stream()
	s.wants(`{"expires_in":900,"status":"authorized"}`)
	g.Close()
	s.wants("")
	late := w.stream()
	late.wants(`{"expires_in":900,"status":"authorized"}`)
	late.wants("")
}

func TestStreamIsLeftWithTheBrowser(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.opened("shop")
	s := w.stream()
	s.wants(`{"expires_in":900,"status":"authorized"}`)
	must(t, s.body.Close())
	g.clock.advance(time.Minute) // past the glance; the watcher leaves with its request
	deadline := time.Now().Add(10 * time.Second)
	for g.Watched(w.id) && time.Now().Before(deadline) {
		g.Changed(kyc.Session{ID: w.id, Status: kyc.StatusAuthorized})
	}
	if g.Watched(w.id) {
		t.Error("the stream goes on without its browser")
	}
}

func TestStreamsOfOneSessionAreFew(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.opened("shop")
	for range 8 {
		w.stream().wants(`{"expires_in":900,"status":"authorized"}`)
	}
	w.with("Accept", "text/event-stream").get(w.at("/status")).refuses(http.StatusTooManyRequests, "temporarily_unavailable")
}

func TestStreamLeavesTheBrowserThatLostItsSession(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.opened("shop")
	s := w.stream()
	s.wants(`{"expires_in":900,"status":"authorized"}`)
	g.browser().post(w.path()).leads(w.at(""))
	s.wants("") // and nothing of what the other browser does
}
