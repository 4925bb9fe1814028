package worker

import (
	"context"
	"runtime"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

func TestRunLeavesNothingBehind(t *testing.T) {
	// Not parallel: it counts goroutines.
	s := storetest.Open(t)
	r := newRig(t, s)
	url, got := receiver(t, nil)
	r.client("shop", url)
	base := runtime.NumGoroutine()
	for range 3 {
		w := r.worker(always(proved()))
		stop := r.run(w)
		opened := r.open("shop")
		w.Hint(opened.ID)
		one(t, got)
		stop()
		if err := w.Run(t.Context()); err == nil {
			t.Error("a worker ran twice")
		}
		w.Hint(opened.ID) // after the end: no effect
		w.Wake()
	}
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > base; runtime.Gosched() {
		if time.Now().After(end) { // the receiver's side of closed connections takes a moment
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), base, buf[:runtime.Stack(buf, true)])
		}
	}
	if s := r.webhooks("shop"); len(s) != 3 {
		t.Errorf("%d webhooks", len(s))
	}
}

func TestStopGivesLeasesBack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		release := make(chan struct{})
		url, got := receiver(t, silentFor(release))
		client := r.client("shop", url)
		for range 30 {
			r.queue(client)
		}
		looking := make(chan struct{}, 10)
		w := r.worker(fetch(func(ctx context.Context, _ string) (kyc.Outcome, error) {
			looking <- struct{}{}
			<-ctx.Done()
			return kyc.Outcome{}, ctx.Err()
		}), func(c *Config) { c.Drain, c.Looks = time.Millisecond, 1 })
		first, second := r.open("shop"), r.open("shop")
		r.clock.Advance(2 * time.Second)
		stop := r.run(w)
		for range laneStart {
			one(t, got)
		}
		one(t, looking)
		w.Hint(first.ID)
		w.Hint(second.ID)
		stop()
		close(release)
		for _, row := range r.webhooks("shop") {
			if row.LeaseUntil != nil || row.Tries != 0 || row.NextAttempt == nil || row.NextAttempt.After(r.now()) {
				t.Fatalf("row: %+v", row)
			}
		}
		for _, id := range []kyc.ID{first.ID, second.ID} {
			if s := r.session(id); s.LeaseUntil != nil || s.NextCheck.After(r.now()) || s.Checks != 0 {
				t.Errorf("session: lease %v, next %v, %d checks", s.LeaseUntil, s.NextCheck, s.Checks)
			}
		}
	})
}

func TestStopLetsRunningSendsFinish(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	release := make(chan struct{})
	url, got := receiver(t, silentFor(release))
	queued := r.queue(r.client("shop", url))
	w := r.worker(always(proved()))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	one(t, got)
	cancel()
	close(release)
	if err := one(t, done); err != nil {
		t.Fatal(err)
	}
	if row := r.webhook(queued.ID); row.DeliveredAt == nil {
		t.Errorf("row: %+v", row)
	}
}
