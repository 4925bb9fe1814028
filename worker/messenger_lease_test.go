package worker

import (
	"context"
	"slices"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

func TestAMessageThatACrashCutOffIsSentAgain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r, sender := newRig(t, s), &sentBy{}
		r.client("shop", "")
		c := r.message("shop", kyc.MethodEmail)
		// What a process leaves behind that dies while it sends.
		if _, err := s.ClaimDueMessages(t.Context(), kyc.MethodEmail, r.now(), r.now().Add(messageLease), 1); err != nil {
			t.Fatal(err)
		}
		w := r.worker(always(proved()), with(sender))
		r.clock.Advance(messageLease - time.Microsecond)
		if got := r.send(w); got != (Sent{}) {
			t.Errorf("within the lease: %+v", got)
		}
		r.clock.Advance(time.Microsecond)
		if got := r.send(w); got != (Sent{Claimed: 1, Sent: 1}) {
			t.Errorf("after the lease: %+v", got)
		}
		sameDelivery(t, r.challenge(c.SessionID), kyc.DeliverySent, 1)
	})
}

func TestWhoLostTheLeaseRecordsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	r.client("shop", "")
	c := r.message("shop", kyc.MethodEmail)
	sending, answer := make(chan kyc.ID), make(chan kyc.Delivery)
	slow := r.worker(always(proved()), with(&sentBy{answer: func(_ context.Context, m kyc.Message) (kyc.Delivery, error) {
		sending <- m.SessionID
		return <-answer, nil
	}}))
	round := make(chan Sent, 1)
	go func() { round <- r.send(slow) }()
	one(t, sending)
	r.clock.Advance(messageLease)
	if got := r.send(r.worker(always(proved()), with(&sentBy{}))); got != (Sent{Claimed: 1, Sent: 1}) {
		t.Errorf("take-over: %+v", got)
	}
	answer <- kyc.DeliveryRefused
	one(t, round)
	sameDelivery(t, r.challenge(c.SessionID), kyc.DeliverySent, 1)
}

func TestManyWorkersSendEachMessageOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		r.client("shop", "")
		sender, _, sent := stubborn(func(kyc.Message) bool { return false })
		const n = 120
		var want, got []kyc.ID
		for i := range n {
			want = append(want, r.message("shop", kyc.AddressMethods[i%2]).SessionID)
		}
		told := make(chan kyc.ID, 2*n)
		for range 2 {
			r.run(r.worker(always(proved()), with(sender, func(c *Config) {
				c.Messages, c.Changed = 5, func(s kyc.Session) { told <- s.ID }
			})))
		}
		for range n {
			got = append(got, one(t, sent))
		}
		slices.SortFunc(got, byID)
		slices.SortFunc(want, byID)
		if !slices.Equal(got, want) {
			t.Error("some were sent twice")
		}
		for range n { // each is written then
			one(t, told)
		}
		for _, id := range want {
			sameDelivery(t, r.challenge(id), kyc.DeliverySent, 1)
		}
		if len(sent) != 0 {
			t.Errorf("%d more sends than messages", len(sent))
		}
	})
}

func TestStopGivesMessagesBack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		r.client("shop", "")
		sender, hung, _ := stubborn(func(kyc.Message) bool { return true })
		w := r.worker(always(proved()), with(sender, func(c *Config) { c.Messages, c.Drain = 2, time.Millisecond }))
		var all []kyc.ID
		for range 4 {
			all = append(all, r.message("shop", kyc.MethodEmail).SessionID)
		}
		stop := r.run(w)
		one(t, hung)
		one(t, hung)
		stop()
		for _, id := range all {
			c := r.challenge(id)
			stillWaits(t, c, true)
			if c.NextTry.After(r.now()) {
				t.Errorf("next try at %v", c.NextTry)
			}
		}
		if got := r.send(w); got != (Sent{}) {
			t.Errorf("it goes on after its end: %+v", got)
		}
		if got := r.send(r.worker(always(proved()), with(&sentBy{}))); got != (Sent{Claimed: 4, Sent: 4}) {
			t.Errorf("whoever comes next: %+v", got)
		}
	})
}

func TestStopLetsASendFinish(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	r.client("shop", "")
	c := r.message("shop", kyc.MethodEmail)
	sending, answer := make(chan kyc.ID), make(chan kyc.Delivery)
	w := r.worker(always(proved()), with(&sentBy{answer: func(_ context.Context, m kyc.Message) (kyc.Delivery, error) {
		sending <- m.SessionID
		return <-answer, nil
	}}))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	one(t, sending)
	cancel()
	answer <- kyc.DeliverySent
	if err := one(t, done); err != nil {
		t.Fatal(err)
	}
	sameDelivery(t, r.challenge(c.SessionID), kyc.DeliverySent, 1)
}

func TestWhatIsClaimedAtTheEndIsGivenBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	r.client("shop", "")
	c := r.message("shop", kyc.MethodEmail)
	w := r.worker(always(proved()), with(&sentBy{}))
	claimed, err := r.store.ClaimDueMessages(t.Context(), kyc.MethodEmail, r.now(), r.now().Add(messageLease), 1)
	if err != nil || len(claimed) != 1 {
		t.Fatalf("claimed %d, %v", len(claimed), err)
	}
	w.Messenger.stop(t.Context())
	if w.Messenger.start(claimed[0], &dispatch{}) {
		t.Error("it starts a send after its end")
	}
	w.Messenger.delay(claimed[0], r.now(), 0)
	stillWaits(t, r.challenge(c.SessionID), true)
}

func TestAnOutcomeIsWrittenWhenTheStoreComesBack(t *testing.T) {
	t.Parallel()
	r, sender := newRig(t, storetest.OpenFlaky(t, 2)), &sentBy{}
	r.client("shop", "")
	w := r.worker(always(proved()), with(sender))
	c := r.message("shop", kyc.MethodPostal)
	if got := r.send(w); got != (Sent{Claimed: 1, Sent: 1}) {
		t.Errorf("%+v", got)
	}
	sameDelivery(t, r.challenge(c.SessionID), kyc.DeliverySent, 1)
	if len(sender.got) != 1 {
		t.Errorf("%d letters were sent", len(sender.got))
	}
}

func TestAnOutcomeThatCannotBeWrittenIsLeftToTheLease(t *testing.T) {
	t.Parallel()
	r, sender := newRig(t, storetest.OpenFlaky(t, 1)), &sentBy{}
	r.client("shop", "")
	w := r.worker(always(proved()), with(sender))
	sender.answer = func(context.Context, kyc.Message) (kyc.Delivery, error) {
		r.clock.Advance(messageLease)
		return kyc.DeliverySent, nil
	}
	c := r.message("shop", kyc.MethodPostal)
	r.send(w)
	sameDelivery(t, r.challenge(c.SessionID), kyc.DeliveryQueued, 0)
	r.send(w)
	sameDelivery(t, r.challenge(c.SessionID), kyc.DeliverySent, 1)
	if len(sender.got) != 2 {
		t.Errorf("it was sent %d times", len(sender.got))
	}
}
