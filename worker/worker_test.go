package worker

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

func TestNewWantsWhatItNeeds(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	whole := *r.worker(always(proved())).cfg
	for name, remove := range map[string]func(*Config){
		"store": func(c *Config) { c.Store = nil }, "ring": func(c *Config) { c.Ring = nil },
		"verifier": func(c *Config) { c.Verifier = nil }, "clock": func(c *Config) { c.Now = nil },
		"random source": func(c *Config) { c.Rand = nil }, "log": func(c *Config) { c.Log = nil },
	} {
		c := whole
		remove(&c)
		if _, err := New(c); err == nil {
			t.Errorf("New without %s gives no error", name)
		}
	}
	c := whole
	c.Registry = prometheus.NewRegistry()
	if _, err := New(c); err != nil {
		t.Fatal(err)
	}
	if _, err := New(c); err == nil {
		t.Error("the same metrics can be registered twice")
	}
}

// silentFor answers no request of the tar pit until release is closed.
func silentFor(release <-chan struct{}) http.HandlerFunc {
	return func(_ http.ResponseWriter, q *http.Request) {
		select {
		case <-release:
		case <-q.Context().Done():
		}
	}
}

func TestTarPitsDoNotDelayAGoodReceiver(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		r.now = time.Now
		release := make(chan struct{})
		pit, swallowed := receiver(t, silentFor(release))
		for i := range 12 {
			client := r.client(fmt.Sprint("pit", i), pit)
			for range 20 {
				r.queue(client)
			}
		}
		url, got := receiver(t, nil)
		good := r.client("good", url)
		for range 5 {
			r.queue(good) // due after all the others
		}
		w := r.worker(always(proved()), func(c *Config) { c.Sends, c.Drain = 16, time.Millisecond })
		stop := r.run(w)
		for range 5 {
			one(t, got) // although no tar pit has answered
		}
		for range 3 { // and while they are silent, new ones go out
			queued := r.queue(good)
			w.Wake()
			if id := one(t, got).header.Get("Webhook-Id"); id != queued.MessageID() {
				t.Errorf("got %s, want %s", id, queued.MessageID())
			}
		}
		if len(swallowed) == 0 {
			t.Error("no tar pit was tried")
		}
		stop()
		close(release)
		for _, row := range r.webhooks("") {
			if row.LeaseUntil != nil {
				t.Fatalf("a lease is left: %+v", row)
			}
			if row.ClientID != "good" && row.Tries != 0 {
				t.Fatalf("a try that we broke off is counted: %+v", row)
			}
		}
	})
}

func TestDeadReceiverIsLeftAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	url, got := receiver(t, status(500))
	client := r.client("shop", url)
	for range 40 {
		r.queue(client)
	}
	w := r.worker(always(proved()))
	d := r.deliver(w)
	if d.Failed < breakAfter || d.Failed >= breakAfter+laneStart || d.Failed+d.PutOff != 40 {
		t.Errorf("first round: %+v, want about %d failures and the others put off", d, breakAfter)
	}
	tried := len(got)
	r.queue(client)
	if d := r.deliver(w); d.PutOff != 1 || len(got) != tried {
		t.Errorf("while the breaker is open: %+v, %d more requests", d, len(got)-tried)
	}
	r.clock.Advance(4900 * time.Millisecond)
	if d := r.deliver(w); d.Claimed != 0 {
		t.Errorf("before the break is over: %+v", d)
	}
	r.clock.Advance(200 * time.Millisecond)
	if d := r.deliver(w); len(got) != tried+1 || d.Failed != 1 {
		t.Errorf("after the break: %+v, %d requests, want one probe", d, len(got)-tried)
	}
}

func TestWakeReachesOtherProcesses(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.OpenOn(t, "postgres"))
	url, got := receiver(t, nil)
	client := r.client("shop", url)
	slow := func(c *Config) { c.Poll = time.Hour } // so that only a NOTIFY can wake it
	listener := r.worker(always(proved()), slow)
	listening := make(chan struct{}, 100)
	go func() { _ = r.store.Listen(t.Context(), func() { listening <- struct{}{} }) }()
	r.run(listener)
	one(t, listening)
	for range 3 {
		queued := r.queue(client)
		// The announcer alone, as in a process that does not deliver by itself.
		announcer := r.worker(always(proved()), slow)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { announcer.announceLoop(ctx); close(done) }()
		announcer.Wake()
		if id := one(t, got).header.Get("Webhook-Id"); id != queued.MessageID() {
			t.Errorf("got %s", id)
		}
		cancel()
		<-done
	}
}

func TestSignalSetOftenWakesOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignal()
		for range 1000 {
			s.set()
		}
		began := time.Now()
		wait(t.Context(), s, time.Hour)
		if time.Since(began) != 0 {
			t.Error("a set signal does not wake")
		}
		wait(t.Context(), s, time.Second)
		if time.Since(began) != time.Second {
			t.Error("a signal set many times wakes more than once")
		}
	})
}

func TestNotificationReachesTheClient(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		url, got := receiver(t, nil)
		r.client("shop", url)
		w := r.worker(always(proved()), func(c *Config) { c.Poll = time.Hour })
		r.run(w)
		for range 20 {
			opened := r.open("shop")
			w.Hint(opened.ID)
			if body := string(one(t, got).body); !strings.Contains(body, opened.ID.String()) || !strings.Contains(body, "verification.verified") {
				t.Errorf("body %s", body)
			}
		}
	})
}

func TestLostNotificationLosesNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		url, got := receiver(t, nil)
		r.client("shop", url)
		for range 10 {
			r.open("shop")
		}
		r.run(r.worker(always(proved())))
		r.clock.Advance(2 * time.Second) // no hint ever comes
		for range 10 {
			one(t, got)
		}
	})
}

func TestCleanerLeavesNothingThatIsPastItsTime(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		url, _ := receiver(t, nil)
		client := r.client("shop", url)
		for range cleanBatch + 10 {
			r.queue(client) // each with a denied session
		}
		w := r.worker(always(proved()))
		fresh := r.pending("shop")
		if p, err := w.Cleaner.Once(context.Background()); err != nil || p.Total() != 0 {
			t.Fatalf("purged %+v (%v) of what is new", p, err)
		}
		r.clock.Advance(25 * time.Hour)
		p, err := w.Cleaner.Once(context.Background())
		if err != nil || p.Sessions != cleanBatch+10 {
			t.Errorf("purged %+v (%v), want %d sessions", p, err, cleanBatch+10)
		}
		if got := r.session(fresh.ID); got.Status != kyc.StatusPending {
			t.Errorf("an open session is %s", got.Status)
		}
	})
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	registry := prometheus.NewRegistry()
	url, _ := receiver(t, status(500))
	r.client("shop", url)
	opened := r.open("shop")
	w := r.worker(always(proved()), func(c *Config) { c.Registry = registry })
	r.clock.Advance(2 * time.Second)
	r.check(w)
	w.Deliverer.sends.Wait() // of what the look queued
	w.Deliverer.records.wait()
	got := values(t, registry)
	for series, want := range map[string]float64{
		"vouchgate_looks_total proved": 1, "vouchgate_look_seconds ": 1, "vouchgate_sessions_ended_total verified": 1,
		"vouchgate_webhook_tries_total failed": 1, "vouchgate_webhooks pending": 1, "vouchgate_webhooks dead": 0,
		"vouchgate_sessions verified": 1, "vouchgate_sessions authorized": 0,
	} {
		if v, ok := got[series]; !ok || v != want {
			t.Errorf("%s = %v (%v), want %v", series, v, ok, want)
		}
	}
	// What is counted in the store is counted again after a while only.
	r.open("shop")
	if n := values(t, registry)["vouchgate_sessions authorized"]; n != 0 {
		t.Errorf("%v authorized sessions at once", n)
	}
	r.clock.Advance(censusLife)
	if n := values(t, registry)["vouchgate_sessions authorized"]; n != 1 {
		t.Errorf("%v authorized sessions after %v", n, censusLife)
	}
	all, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprint(all); strings.Contains(text, "shop") || strings.Contains(text, opened.ID.String()) {
		t.Error("a label names a client or a session")
	}
}

// values reads all metrics, by name and value of the only label.
func values(t *testing.T, g prometheus.Gatherer) map[string]float64 {
	t.Helper()
	all, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range all {
		for _, m := range family.GetMetric() {
			label := ""
			if len(m.GetLabel()) > 0 {
				label = m.GetLabel()[0].GetValue()
			}
			got[family.GetName()+" "+label] = m.GetCounter().GetValue() + m.GetGauge().GetValue() +
				float64(m.GetHistogram().GetSampleCount())
		}
	}
	return got
}
