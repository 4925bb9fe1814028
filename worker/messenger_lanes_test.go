package worker

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

// stubborn returns a sender that hangs for some sessions until its context ends, and
// says so.
func stubborn(hangs func(kyc.Message) bool) (s *sentBy, hung, sent chan kyc.ID) {
	s, hung, sent = &sentBy{}, make(chan kyc.ID, 1000), make(chan kyc.ID, 1000)
	s.answer = func(ctx context.Context, m kyc.Message) (kyc.Delivery, error) {
		if hangs(m) {
			hung <- m.SessionID
			<-ctx.Done()
			return kyc.DeliveryDelayed, ctx.Err()
		}
		sent <- m.SessionID
		return kyc.DeliverySent, nil
	}
	return s, hung, sent
}

func TestWhoeverCannotBeReachedHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		r.client("shop", "")
		stuck := r.message("shop", kyc.MethodEmail)
		sender, hung, sent := stubborn(func(m kyc.Message) bool { return m.SessionID == stuck.SessionID })
		w := r.worker(always(proved()), with(sender, func(c *Config) { c.Messages, c.Drain = 2, time.Millisecond }))
		stop := r.run(w)
		one(t, hung)
		var want []kyc.ID
		for i := range 50 {
			want = append(want, r.message("shop", kyc.AddressMethods[i%len(kyc.AddressMethods)]).SessionID)
		}
		w.Wake()
		var got []kyc.ID
		for range want {
			got = append(got, one(t, sent))
		}
		slices.SortFunc(got, byID)
		slices.SortFunc(want, byID)
		if !slices.Equal(got, want) {
			t.Errorf("sent %d of %d others, or some twice", len(slices.Compact(got)), len(want))
		}
		stop()
	})
}

func TestAFullLaneHoldsNoOtherMethodUp(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	r.client("shop", "")
	const places = 3
	sender, hung, sent := stubborn(func(m kyc.Message) bool { return m.Address.Method == kyc.MethodPostal })
	w := r.worker(always(proved()), with(sender, func(c *Config) { c.Messages, c.Drain = places, time.Millisecond }))
	for range 2 * places {
		r.message("shop", kyc.MethodPostal)
	}
	stop := r.run(w)
	for range places {
		one(t, hung)
	}
	for range 10 * places {
		r.message("shop", kyc.MethodPhone)
	}
	w.Wake()
	for range 10 * places {
		one(t, sent)
	}
	if len(hung) != 0 {
		t.Errorf("%d more letters than places are on their way", len(hung))
	}
	stop()
}

func TestALaneThatWasFullGoesOnAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	r.client("shop", "")
	sender, _, sent := stubborn(func(kyc.Message) bool { return false })
	w := r.worker(always(proved()), with(sender, func(c *Config) { c.Messages, c.Poll = 1, time.Hour }))
	const n = 20
	for range n {
		r.message("shop", kyc.MethodEmail)
	}
	r.run(w)
	for range n {
		one(t, sent)
	}
}

func TestALaneWithOnePlaceLeftDoesNotSpin(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	r.client("shop", "")
	r.message("shop", kyc.MethodEmail)
	sender, hung, _ := stubborn(func(kyc.Message) bool { return true })
	w := r.worker(always(proved()), with(sender, func(c *Config) { c.Messages, c.Drain = 2, time.Millisecond }))
	done := make(chan Sent)
	go func() { done <- r.send(w) }()
	one(t, hung)
	if got := r.send(w); got != (Sent{}) || len(w.Messenger.wake) != 0 {
		t.Errorf("a round that found nothing: %+v; it asks for another: %v", got, len(w.Messenger.wake) != 0)
	}
	w.Messenger.cancel()
	one(t, done)
}

func TestASendIsCutOffInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, store.New(&fakeBackend{}))
		sender := &sentBy{answer: func(ctx context.Context, _ kyc.Message) (kyc.Delivery, error) {
			<-ctx.Done()
			return kyc.DeliveryDelayed, ctx.Err()
		}}
		w := r.worker(always(proved()), with(sender))
		began := time.Now()
		outcome, err := w.Messenger.try(kyc.Message{})
		if took := time.Since(began); took != sendMessageLimit || outcome != kyc.DeliveryDelayed || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s, %v after %v", outcome, err, took)
		}
		if sendMessageLimit+2*rowTimeout > messageLease {
			t.Error("what became of a send that is cut off cannot be written within its lease")
		}
	})
}

// TestANewerMessageWins is about somebody who asks for another message, or enters
// another address, while one is on its way.
func TestANewerMessageWins(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		r.client("shop", "")
		for _, outcome := range []kyc.Delivery{kyc.DeliverySent, kyc.DeliveryRefused, kyc.DeliveryDelayed} {
			old := r.message("shop", kyc.MethodEmail)
			sending, answer := make(chan kyc.ID), make(chan kyc.Delivery)
			w := r.worker(always(proved()), with(&sentBy{answer: func(_ context.Context, m kyc.Message) (kyc.Delivery, error) {
				sending <- m.SessionID
				return <-answer, errors.New("because")
			}}))
			round := make(chan Sent, 1)
			go func() { round <- r.send(w) }()
			one(t, sending)
			r.clock.Advance(time.Minute)
			newer := r.ask(r.session(old.SessionID), r.challenge(old.SessionID))
			answer <- outcome
			one(t, round)
			if diff := r.challenge(old.SessionID); diff.Delivery != kyc.DeliveryQueued || diff.NextTry == nil || diff.Version != newer.Version {
				t.Errorf("after the old one was %s, the new one: %+v", outcome, diff)
			}
			go func() { round <- r.send(w) }()
			one(t, sending)
			answer <- kyc.DeliverySent
			one(t, round)
			sameDelivery(t, r.challenge(old.SessionID), kyc.DeliverySent, 1)
		}
	})
}

func TestAMessageThatNobodyWantsAnyMoreIsNotSent(t *testing.T) {
	t.Parallel()
	r, sender := newRig(t, storetest.Open(t)), &sentBy{}
	r.client("shop", "")
	w := r.worker(always(proved()), with(sender))
	for range 3 {
		c := r.message("shop", kyc.MethodEmail)
		_, err := r.store.UpdateSession(t.Context(), c.SessionID, func(s *kyc.Session) (kyc.Effects, error) { return s.Cancel(r.now()) })
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := r.send(w); got != (Sent{}) || len(sender.got) != 0 {
		t.Errorf("%+v", got)
	}
}
