package worker

import (
	"net/http"
	"testing"

	"vouchgate/store"
	"vouchgate/store/storetest"
)

func TestOneTryPerLease(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		release := make(chan struct{})
		url, got := receiver(t, func(w http.ResponseWriter, q *http.Request) {
			select {
			case <-release:
			case <-q.Context().Done():
			}
		})
		queued := r.queue(r.client("shop", url))
		slow, other := r.worker(always(proved())), r.worker(always(proved()))
		first := make(chan Deliveries, 1)
		go func() { first <- r.deliver(slow) }()
		one(t, got)
		if d := r.deliver(other); d.Claimed != 0 {
			t.Fatalf("another worker claimed what is leased: %+v", d)
		}
		// The first worker sleeps past its lease and another takes over.
		r.clock.Advance(webhookLease)
		second := make(chan Deliveries, 1)
		go func() { second <- r.deliver(other) }()
		one(t, got)
		close(release)
		if d := one(t, second); d.Delivered != 1 {
			t.Fatalf("take-over: %+v", d)
		}
		one(t, first)
		row := r.webhook(queued.ID)
		if row.Tries != 1 || row.DeliveredAt == nil {
			t.Errorf("the stale worker's outcome counts: %+v", row)
		}
		if len(got) != 0 {
			t.Errorf("%d more requests", len(got))
		}
	})
}

func TestStaleWorkerCannotOverwrite(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		answers := make(chan int)
		url, got := receiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(<-answers) })
		queued := r.queue(r.client("shop", url))
		stale, fresh := r.worker(always(proved())), r.worker(always(proved()))
		first, second := make(chan Deliveries, 1), make(chan Deliveries, 1)
		go func() { first <- r.deliver(stale) }()
		one(t, got)
		r.clock.Advance(webhookLease)
		go func() { second <- r.deliver(fresh) }()
		one(t, got)
		answers <- http.StatusInternalServerError // to one of them
		answers <- http.StatusInternalServerError
		one(t, first)
		one(t, second)
		if row := r.webhook(queued.ID); row.Tries != 1 {
			t.Errorf("%d tries are recorded, want that of the lease's owner only", row.Tries)
		}
	})
}

func TestManyWorkersSendEachWebhookOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		url, got := receiver(t, nil)
		client := r.client("shop", url)
		const n = 200
		for range n {
			r.queue(client)
		}
		var stops []func()
		for range 3 {
			stops = append(stops, r.run(r.worker(always(proved()))))
		}
		seen := map[string]bool{}
		for range n {
			id := one(t, got).header.Get("Webhook-Id")
			if seen[id] {
				t.Errorf("%s came twice", id)
			}
			seen[id] = true
		}
		for _, stop := range stops {
			stop()
		}
		if len(got) != 0 {
			t.Errorf("%d requests more than webhooks", len(got))
		}
		for _, row := range r.webhooks("shop") {
			if row.DeliveredAt == nil || row.Tries != 1 {
				t.Fatalf("row: %+v", row)
			}
		}
	})
}

func TestWebhookIsNotSentLateInItsLease(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	url, got := receiver(t, nil)
	j := job{Webhook: r.queue(r.client("shop", url)), lease: r.now().Add(leaseReserve), batch: newBatch(1)}
	if try := r.worker(always(proved())).Deliverer.try(j); try.kind != tryBack || len(got) != 0 {
		t.Errorf("try = %+v, %d requests; want it given back", try, len(got))
	}
}
