package worker

import (
	"testing"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

func TestANotificationHasItsSessionLookedAt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		url, _ := receiver(t, nil)
		r.client("shop", url)
		opened := r.open("shop")
		w := r.worker(always(proved()))
		if open, err := w.Notified(t.Context(), "3fa85f64-5717-4562-b3fc-2c963f66afa6"); open || err != nil {
			t.Errorf("an unknown verification: %v, %v", open, err)
		}
		if open, err := w.Notified(t.Context(), opened.RequestID); !open || err != nil {
			t.Errorf("an open verification: %v, %v", open, err)
		}
		w.Checker.looks.Wait()
		if got := r.session(opened.ID); got.Status != kyc.StatusVerified {
			t.Errorf("the session is %s", got.Status)
		}
		if open, err := w.Notified(t.Context(), opened.RequestID); open || err != nil {
			t.Errorf("a finished verification: %v, %v", open, err)
		}
	})
}

func TestANotificationMayComeBeforeItsSession(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	url, _ := receiver(t, nil)
	r.client("shop", url)
	opened := r.open("shop")
	w := r.worker(always(proved()))
	w.Opened(opened)
	w.Checker.looks.Wait()
	if got := r.session(opened.ID); got.Status != kyc.StatusAuthorized {
		t.Errorf("without a notification the session is %s at once", got.Status)
	}
	w.Checker.early.put(opened.RequestID, r.clock.Now())
	w.Opened(opened)
	w.Checker.looks.Wait()
	if got := r.session(opened.ID); got.Status != kyc.StatusVerified {
		t.Errorf("after a notification that came early the session is %s", got.Status)
	}
}

func TestAWebhookIsSentByTheProcessThatQueuedIt(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	url, _ := receiver(t, nil)
	r.client("shop", url)
	opened := r.open("shop")
	w := r.worker(always(proved()))
	if open, err := w.Notified(t.Context(), opened.RequestID); !open || err != nil {
		t.Fatalf("%v, %v", open, err)
	}
	w.Checker.looks.Wait()
	w.Deliverer.sends.Wait()
	w.Deliverer.records.wait()
	list, err := r.store.Webhooks(t.Context(), store.WebhookFilter{})
	if err != nil || len(list) != 1 || list[0].DeliveredAt == nil || list[0].Tries != 1 {
		t.Errorf("webhooks %+v (%v), want one, delivered at the first try", list, err)
	}
}
