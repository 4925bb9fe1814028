package worker

import (
	"context"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/store/storetest"
)

// fickle is a verifier that says SUCCESS once and FAILED from then on.
func fickle(asked *int) fetch {
	return func(context.Context, string) (kyc.Outcome, error) {
		if *asked++; *asked == 1 {
			return proved(), nil
		}
		return kyc.Outcome{Kind: kyc.OutcomeRefused, Failure: kyc.FailureVerification}, nil
	}
}

func TestFirstFinalAnswerOutlivesAStoreThatStandsStill(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		failures int
		takes    time.Duration // each failure
		looks    int           // in all
		want     kyc.Status
	}{
		"it is written as soon as the store answers":           {2, 5 * time.Second, 1, kyc.StatusVerified},
		"it is given up when somebody else may have the lease": {1, lookLease, 2, kyc.StatusFailed},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, stall := storetest.OpenStall(t)
			r, asked := newRig(t, s), 0
			r.client("shop", "https://shop.example/hook")
			opened := r.open("shop")
			w := r.worker(fickle(&asked))
			r.clock.Advance(2 * time.Second)
			stall.Fail(row.failures, func() { r.clock.Advance(row.takes) })
			for range row.looks {
				r.check(w)
				r.clock.Advance(askAgain)
			}
			got := r.session(opened.ID)
			if got.Status != row.want || asked != row.looks || got.LeaseUntil != nil || stall.Left() != 0 {
				t.Errorf("session is %s after %d looks, lease %v; want %s after %d", got.Status, asked, got.LeaseUntil, row.want, row.looks)
			}
			if n := len(r.webhooks("shop")); n != 1 {
				t.Errorf("%d webhooks", n)
			}
		})
	}
}

func TestWorkerThatStopsDoesNotWaitForTheStore(t *testing.T) {
	t.Parallel()
	s, stall := storetest.OpenStall(t)
	r, asked, tries := newRig(t, s), 0, 0
	r.client("shop", "https://shop.example/hook")
	opened := r.open("shop")
	w := r.worker(fickle(&asked))
	r.clock.Advance(2 * time.Second)
	stall.Fail(5, func() {
		tries++
		w.Checker.mu.Lock()
		w.Checker.closed = true // as stop does it first of all
		w.Checker.mu.Unlock()
	})
	r.check(w)
	if got := r.session(opened.ID); got.Status != kyc.StatusAuthorized || got.LeaseUntil != nil || tries != 1 {
		t.Errorf("session is %s after %d tries, lease %v; want it given back after one", got.Status, tries, got.LeaseUntil)
	}
}
