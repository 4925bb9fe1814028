package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"vouchgate/kyc"
)

func TestLimiterLetsABurstPassAndThenOneEachTime(t *testing.T) {
	t.Parallel()
	l, now := newLimiter(3, 2*time.Second), time.Unix(1000, 0)
	for range 3 {
		if w := l.wait("a", now); w != 0 {
			t.Fatalf("wait is %s within the burst", w)
		}
		l.take("a", now)
	}
	if w := l.wait("a", now); w != 2*time.Second {
		t.Errorf("wait is %s, want 2s", w)
	}
	if w := l.wait("b", now); w != 0 {
		t.Errorf("another key waits %s", w)
	}
	if w := l.wait("a", now.Add(2*time.Second)); w != 0 {
		t.Errorf("wait is %s after its time", w)
	}
}

func TestLimiterForgets(t *testing.T) {
	t.Parallel()
	l, now := newLimiter(1, time.Second), time.Unix(1000, 0)
	for i := range maxLimiters {
		l.take(fmt.Sprint("old", i), now)
	}
	later := now.Add(time.Minute)
	l.take("busy", later)
	if len(l.byKey) != 1 {
		t.Errorf("%d keys at rest are kept", len(l.byKey))
	}
	for i := range maxLimiters + 10 {
		l.take(fmt.Sprint("new", i), later)
	}
	if len(l.byKey) > maxLimiters {
		t.Errorf("%d keys are kept, want at most %d", len(l.byKey), maxLimiters)
	}
}

func TestHubWakesTheWatchersOfASession(t *testing.T) {
	t.Parallel()
	h := newHub(func() time.Time { return time.Unix(1000, 0) })
	a, b := kyc.ID{1}, kyc.ID{2}
	moved, leave, _ := h.watch(a)
	h.changed(kyc.Session{ID: b})
	h.changed(kyc.Session{ID: a, Status: kyc.StatusAuthorized})
	h.changed(kyc.Session{ID: a, Status: kyc.StatusVerified}) // is not waited for
	if s, open := <-moved; !open || s.Status != kyc.StatusVerified {
		t.Errorf("the watcher is told %q, want the newest state", s.Status)
	}
	select {
	case <-moved:
		t.Error("two moves are told one by one")
	default:
	}
	if !h.watched(a) || h.watched(b) {
		t.Error("the wrong session is watched")
	}
	leave()
	if h.watched(a) || len(h.watchers) != 0 {
		t.Error("a watcher that left is remembered")
	}
}

func TestHubThatIsClosedSendsWatchersAway(t *testing.T) {
	t.Parallel()
	h := newHub(func() time.Time { return time.Unix(1000, 0) })
	moved, leave, _ := h.watch(kyc.ID{1})
	h.close()
	h.close()
	if _, open := <-moved; open {
		t.Error("the watcher stays")
	}
	leave()
	late, leave, _ := h.watch(kyc.ID{1})
	defer leave()
	if _, open := <-late; open {
		t.Error("a late watcher stays")
	}
}

func TestHubForgetsGlances(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	h := newHub(func() time.Time { return now })
	for i := range 100 {
		h.glance(kyc.ID{byte(i)})
	}
	now = now.Add(glanceLife)
	h.glance(kyc.ID{200})
	if len(h.glances) != 1 {
		t.Errorf("%d glances are kept", len(h.glances))
	}
}

func TestHeartbeatIsAComment(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	if err := (eventWriter{w, http.NewResponseController(w)}).comment(); err != nil {
		t.Fatal(err)
	}
	if got := w.Body.String(); got != ":\n\n" || !w.Flushed {
		t.Errorf("heartbeat is %q", got)
	}
}

func TestQuality(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{
		"1": 1, "1.000": 1, "0": 0, "0.": 0, "0.5": 0.5, "0.25": 0.25, "0.1234": 0, "": 0, "x": 0, "2": 0, "-1": 0, "0.x": 0, ".5": 0, "NaN": 0,
	} {
		if got := quality(text); got != want {
			t.Errorf("quality(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestMatchesLooksAtEverySecret(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	ended := now
	secret := func(s string, end *time.Time) kyc.ClientSecret {
		return kyc.ClientSecret{Hash: kyc.HashSecret(kyc.SecretClient, s), ExpiresAt: end}
	}
	secrets := []kyc.ClientSecret{secret("new", nil), secret("old", &ended)}
	for _, row := range []struct {
		name       string
		secrets    []kyc.ClientSecret
		candidates []string
		want       bool
	}{
		{"the newest", secrets, []string{"new"}, true},
		{"one of two readings", secrets, []string{"x", "new"}, true},
		{"one that has ended", secrets, []string{"old"}, false},
		{"a wrong one", secrets, []string{"x"}, false},
		{"none sent", secrets, nil, false},
		{"none kept", nil, []string{"new"}, false},
		{"none kept and an empty one", nil, []string{""}, false},
	} {
		if got := matches(row.secrets, row.candidates, now); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

func TestForPersons(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/session/x": true, "/authorize/x": true, "/docs": true, "/nothing": true, "/session/x/status": false, "/token": false, "/info": false,
		"/setup/x": false, "/notification": false, "//Notification/": false, "/config": false,
	} {
		if got := forPersons(path); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}

func TestErrorsOfPagesHaveWordsForPrograms(t *testing.T) {
	t.Parallel()
	for status, code := range map[int]string{
		http.StatusNotFound: "invalid_request", http.StatusServiceUnavailable: "temporarily_unavailable",
		http.StatusTooManyRequests: "temporarily_unavailable", http.StatusInternalServerError: "server_error", http.StatusGone: "invalid_request",
	} {
		e := problemOf(shownAs("reason_of_it", status))
		if string(e.Code) != code || e.Status != status || e.Description == "" {
			t.Errorf("%d: %+v", status, e)
		}
	}
}
