package worker

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vouchgate/store"
	"vouchgate/store/storetest"
)

// fakeBackend is a backend that can be listened to and nothing else.
type fakeBackend struct {
	store.Backend
	notified, listened atomic.Int64
	listen             func(n int64, wake func()) error
}

func (f *fakeBackend) Notify(context.Context, string) error { f.notified.Add(1); return nil }

func (f *fakeBackend) Listen(_ context.Context, heard func(string)) error {
	return f.listen(f.listened.Add(1), func() { heard("") })
}

func (f *fakeBackend) MapError(err error) error { return err }

func TestAnnouncementsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBackend{}
		r := newRig(t, store.New(b))
		w := r.worker(always(proved()))
		ctx, cancel := context.WithCancel(t.Context())
		go w.announceLoop(ctx)
		w.Wake()
		synctest.Wait()
		if n := b.notified.Load(); n != 1 {
			t.Errorf("the first was announced %d times at once", n)
		}
		for range 10_000 { // for 10 s
			w.Wake()
			time.Sleep(time.Millisecond) // the bubble's time
		}
		time.Sleep(announceEvery)
		if n := b.notified.Load(); n < 190 || n > 202 {
			t.Errorf("%d announcements in 10 s, want 20 a second", n)
		}
		cancel()
	})
}

func TestListeningIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBackend{listen: func(n int64, wake func()) error {
			if n == 30 {
				wake()
			}
			return errors.New("connection lost")
		}}
		r := newRig(t, store.New(b))
		w := r.worker(always(proved()))
		ctx, cancel := context.WithCancel(t.Context())
		go w.listenLoop(ctx)
		time.Sleep(time.Minute)
		if n := b.listened.Load(); n < 8 || n > 14 {
			t.Errorf("%d tries to listen in a minute of failures", n)
		}
		for b.listened.Load() < 30 {
			time.Sleep(time.Second)
		}
		if len(w.Deliverer.wake) != 1 || len(w.Checker.wake) != 1 || len(w.Messenger.wake) != 1 {
			t.Error("a notification woke nobody")
		}
		at := b.listened.Load()
		time.Sleep(time.Second)
		if b.listened.Load() == at {
			t.Error("after a connection that worked, the pauses are still long")
		}
		cancel()
		synctest.Wait()
	})
}

func TestStoreOfOneProcessIsNotListenedTo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBackend{listen: func(int64, func()) error { return nil }}
		newRig(t, store.New(b)).worker(always(proved())).listenLoop(t.Context())
		if n := b.listened.Load(); n != 1 {
			t.Errorf("listened %d times", n)
		}
	})
}

func TestOutcomeIsRecordedWhenTheStoreComesBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.OpenFlaky(t, 2))
	url, got := receiver(t, nil)
	queued := r.queue(r.client("shop", url))
	if d := r.deliver(r.worker(always(proved()))); d.Delivered != 1 {
		t.Errorf("%+v", d)
	}
	if row := r.webhook(queued.ID); row.DeliveredAt == nil || len(got) != 1 {
		t.Errorf("row %+v, %d requests", row, len(got))
	}
}

func TestOutcomeThatCannotBeRecordedIsSentAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.OpenFlaky(t, 1))
	url, got := receiver(t, func(w http.ResponseWriter, _ *http.Request) { r.clock.Advance(webhookLease) })
	queued := r.queue(r.client("shop", url))
	w := r.worker(always(proved()))
	r.deliver(w)
	if row := r.webhook(queued.ID); row.DeliveredAt != nil {
		t.Fatalf("row %+v", row)
	}
	r.deliver(w)
	first, second := one(t, got), one(t, got)
	if first.header.Get("Webhook-Id") != second.header.Get("Webhook-Id") {
		t.Error("the second try has another id")
	}
	if row := r.webhook(queued.ID); row.DeliveredAt == nil {
		t.Errorf("row %+v", row)
	}
}
