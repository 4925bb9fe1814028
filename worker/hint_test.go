package worker

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

func TestHintsDuringALookCostOneMore(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	r.client("shop", "")
	opened := r.open("shop")
	looking, answer := make(chan struct{}, 200), make(chan kyc.Outcome)
	w := r.worker(fetch(func(context.Context, string) (kyc.Outcome, error) {
		looking <- struct{}{}
		return <-answer, nil
	}))
	w.Hint(opened.ID)
	one(t, looking)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { w.Hint(opened.ID) })
	}
	all.Wait()
	answer <- pendingOutcome
	one(t, looking)
	answer <- pendingOutcome
	w.stop(context.Background())
	if s := r.session(opened.ID); s.Checks != 2 || len(looking) != 0 {
		t.Errorf("100 hints during a look: %d looks and %d more, want 2 and 0", s.Checks, len(looking))
	}
}

func TestHintMakesTheNextLooksSooner(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	r.client("shop", "")
	opened := r.open("shop")
	looking := make(chan struct{}, 10)
	w := r.worker(fetch(func(context.Context, string) (kyc.Outcome, error) {
		looking <- struct{}{}
		return pendingOutcome, nil
	}), func(c *Config) { c.Poll = time.Nanosecond }) // so that no timer looks by itself
	w.Hint(opened.ID)
	one(t, looking)
	looked(t, w)
	for i, want := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second} {
		next := r.session(opened.ID).NextCheck.Sub(r.now())
		if next < want*9/10 || next > want*11/10 {
			t.Errorf("after look %d the next is due in %v, want about %v", i+1, next, want)
		}
		r.clock.Advance(next)
		r.check(w)
	}
}

func TestHintForASessionThatAnotherProcessLooksAt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		r.client("shop", "")
		opened := r.open("shop")
		looking, answer := make(chan string, 10), make(chan kyc.Outcome)
		first := r.worker(fetch(func(context.Context, string) (kyc.Outcome, error) {
			looking <- "first"
			return <-answer, nil
		}))
		second := r.worker(fetch(func(context.Context, string) (kyc.Outcome, error) {
			looking <- "second"
			return proved(), nil
		}))
		first.Hint(opened.ID)
		one(t, looking)
		r.clock.Advance(time.Second)
		second.Hint(opened.ID)
		looked(t, second)
		if got := r.session(opened.ID); got.NextCheck.After(r.now()) || got.Status != kyc.StatusAuthorized {
			t.Errorf("the next look is due at %v, want now; status %s", got.NextCheck, got.Status)
		}
		answer <- pendingOutcome
		if who := one(t, looking); who != "second" { // it asks again by itself
			t.Errorf("%s looked", who)
		}
		looked(t, second)
		if got := r.session(opened.ID); got.Status != kyc.StatusVerified {
			t.Errorf("session is %s", got.Status)
		}
	})
}

func TestHintForASessionThatIsOver(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	r.client("shop", "")
	opened := r.open("shop")
	var asked atomic.Int64
	w := r.worker(fetch(func(context.Context, string) (kyc.Outcome, error) {
		asked.Add(1)
		return proved(), nil
	}))
	r.clock.Advance(2 * time.Second)
	r.check(w)
	w.Hint(opened.ID)
	w.Hint(r.id())
	looked(t, w)
	if n := asked.Load(); n != 1 {
		t.Errorf("the verifier was asked %d times", n)
	}
	if len(w.Checker.entries)+len(w.Checker.trails)+len(w.Checker.queue) != 0 {
		t.Errorf("something is remembered: %d, %d, %d", len(w.Checker.entries), len(w.Checker.trails), len(w.Checker.queue))
	}
}

func TestLooksRunSideBySideButNotWithoutLimit(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	r.client("shop", "")
	for range 7 {
		r.open("shop")
	}
	looking, answer := make(chan struct{}, 10), make(chan struct{})
	w := r.worker(fetch(func(context.Context, string) (kyc.Outcome, error) {
		looking <- struct{}{}
		<-answer
		return proved(), nil
	}), func(c *Config) { c.Looks = 3 })
	r.clock.Advance(2 * time.Second)
	done := make(chan Checked, 1)
	go func() { done <- r.check(w) }()
	for range 3 {
		one(t, looking)
	}
	if w.Checker.free() > 0 || len(looking) != 0 {
		t.Errorf("%d looks are free, %d more run", w.Checker.free(), len(looking))
	}
	close(answer)
	if got := one(t, done); got.Claimed != 3 {
		t.Errorf("claimed %d at once, want as many as may run", got.Claimed)
	}
	looked(t, w)
	if got := r.check(w).Claimed + r.check(w).Claimed; got != 4 {
		t.Errorf("%d were left, want 4", got)
	}
}
