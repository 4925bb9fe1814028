package storetest

import (
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

var webhookTests = []test{
	{"AllFieldsComeBackAsTheyWereKept", webhookRoundTrip},
	{"AnUnknownWebhookIsNotFound", unknownWebhook},
	{"WhatIsDueIsTakenEarliestFirst", claimDueWebhooks},
	{"WhatIsTakenIsLeftAloneUntilTheLeaseEnds", claimLeasedWebhook},
	{"DeliveriesAreRecordedTogether", finishWebhooks},
	{"AFailedTryIsDueAgainLater", rescheduleWebhook},
	{"AWebhookThatWasGivenUpIsNotTriedAgain", deadWebhook},
	{"AWorkerThatLostItsLeaseRecordsNothing", staleWebhookLease},
	{"WebhooksOfASilentEndpointArePutOff", deferWebhooks},
	{"AnEndpointTurnedOffHoldsWhatWaitsUntilItIsOnAgain", holdAndRelease},
	{"TurningOffTwiceChangesNothing", disableTwice},
	{"AReplayStartsTheScheduleAnew", replayWebhook},
	{"ListsAreNewestFirstAndNarrowed", listWebhooks},
}

func webhookRoundTrip(f *fixture) {
	f.addClient("kiosk")
	s := f.addSession("kiosk")
	full := newWebhook(f.newID(), s)
	full.Attempt, full.Tries, full.LastOutcome, full.SealedBody = 3, 4, "503", []byte{0, 255}
	held := newWebhook(f.newID(), s)
	held.NextAttempt = nil
	for _, want := range []kyc.Webhook{full, held} {
		f.ok(f.Apply(f.ctx, f.session(s.ID), kyc.Effects{Webhook: &want}))
		f.same("webhook", f.webhook(want.ID), want)
	}
}

func unknownWebhook(f *fixture) {
	_, err := f.Webhook(f.ctx, f.newID())
	f.is(err, store.ErrNotFound)
	f.is(f.ReplayWebhook(f.ctx, f.newID(), noon), store.ErrNotFound)
	f.ok(f.FinishWebhooks(f.ctx, []kyc.ID{f.newID()}, noon, noon))
	f.ok(f.FinishWebhooks(f.ctx, nil, noon, noon))
	f.ok(f.RescheduleWebhook(f.ctx, store.WebhookOutcome{ID: f.newID(), Lease: noon}))
}

func (f *fixture) claimWebhooks(now, lease time.Time, n int) []kyc.ID {
	f.t.Helper()
	list, err := f.ClaimDueWebhooks(f.ctx, now, lease, n)
	f.ok(err)
	var ids []kyc.ID
	for _, w := range list {
		f.same("lease", w.LeaseUntil, at(micro(lease)))
		ids = append(ids, w.ID)
	}
	return ids
}

// queue keeps a webhook that is due at a time.
func (f *fixture) queue(due time.Time) kyc.Webhook {
	f.t.Helper()
	s := f.addSession("kiosk")
	w := newWebhook(f.newID(), s)
	w.NextAttempt = &due
	f.ok(f.Apply(f.ctx, s, kyc.Effects{Webhook: &w}))
	return f.webhook(w.ID)
}

func claimDueWebhooks(f *fixture) {
	f.addClient("kiosk")
	now, lease := noon.Add(time.Minute), noon.Add(2*time.Minute)
	third := f.queue(now)
	first := f.queue(now.Add(-2 * time.Second))
	second := f.queue(now.Add(-time.Second))
	f.queue(now.Add(time.Microsecond))
	f.same("the first", f.claimWebhooks(now, lease, 1), []kyc.ID{first.ID})
	f.same("the second", f.claimWebhooks(now, lease, 1), []kyc.ID{second.ID})
	f.same("all that is left", f.claimWebhooks(now, lease, 10), []kyc.ID{third.ID})
	f.same("nothing", f.claimWebhooks(now, lease, 10), []kyc.ID(nil))
}

func claimLeasedWebhook(f *fixture) {
	f.addClient("kiosk")
	w := f.queue(noon)
	lease := noon.Add(time.Minute)
	f.same("first worker", f.claimWebhooks(noon, lease, 10), []kyc.ID{w.ID})
	f.same("second worker, within the lease",
		f.claimWebhooks(lease.Add(-time.Microsecond), lease.Add(time.Minute), 10), []kyc.ID(nil))
	f.same("second worker, at its end", f.claimWebhooks(lease, lease.Add(time.Minute), 10), []kyc.ID{w.ID})
}

func finishWebhooks(f *fixture) {
	f.addClient("kiosk")
	var ids []kyc.ID
	for range 3 {
		ids = append(ids, f.queue(noon).ID)
	}
	lease := noon.Add(time.Minute)
	f.claimWebhooks(noon, lease, 10)
	f.ok(f.FinishWebhooks(f.ctx, ids[:2], lease, noon.Add(time.Second)))
	for _, id := range ids[:2] {
		w := f.webhook(id)
		f.same("delivered", w.DeliveredAt, at(micro(noon.Add(time.Second))))
		f.same("tries", w.Tries, int64(1))
		f.same("outcome", w.LastOutcome, "delivered")
	}
	f.same("left undone", f.webhook(ids[2]).DeliveredAt, (*time.Time)(nil))
	f.same("due after the lease", f.claimWebhooks(lease, lease.Add(time.Minute), 10), ids[2:])
}

func rescheduleWebhook(f *fixture) {
	f.addClient("kiosk")
	w := f.queue(noon)
	lease, next := noon.Add(time.Minute), noon.Add(5*time.Minute)
	f.claimWebhooks(noon, lease, 1)
	f.ok(f.RescheduleWebhook(f.ctx, store.WebhookOutcome{
		ID: w.ID, Lease: lease, Tries: 3, NextAttempt: &next, LastOutcome: "503",
	}))
	w.Tries, w.NextAttempt, w.LastOutcome = 3, at(micro(next)), "503"
	f.same("webhook", f.webhook(w.ID), w)
	f.same("taken too early", f.claimWebhooks(next.Add(-time.Microsecond), next.Add(time.Minute), 1), []kyc.ID(nil))
	f.same("taken in time", f.claimWebhooks(next, next.Add(time.Minute), 1), []kyc.ID{w.ID})
}

func deadWebhook(f *fixture) {
	f.addClient("kiosk")
	w := f.queue(noon)
	lease := noon.Add(time.Minute)
	f.claimWebhooks(noon, lease, 1)
	f.ok(f.RescheduleWebhook(f.ctx, store.WebhookOutcome{
		ID: w.ID, Lease: lease, Tries: 15, LastOutcome: "timeout", DeadAt: &noon,
	}))
	w.Tries, w.NextAttempt, w.LastOutcome, w.DeadAt = 15, nil, "timeout", at(micro(noon))
	f.same("webhook", f.webhook(w.ID), w)
	year := 365 * 24 * time.Hour
	f.same("taken", f.claimWebhooks(noon.Add(year), noon.Add(2*year), 1), []kyc.ID(nil))
	n, err := f.CountWebhooks(f.ctx)
	f.ok(err)
	f.same("counts", n, store.WebhookCount{Dead: 1})
}

func staleWebhookLease(f *fixture) {
	f.addClient("kiosk")
	w := f.queue(noon)
	old, lease := noon.Add(time.Minute), noon.Add(2*time.Minute)
	f.claimWebhooks(noon, old, 1)
	f.claimWebhooks(old, lease, 1)
	taken := f.webhook(w.ID)

	f.ok(f.FinishWebhooks(f.ctx, []kyc.ID{w.ID}, old, noon))
	f.same("after a late delivery", f.webhook(w.ID), taken)
	f.ok(f.RescheduleWebhook(f.ctx, store.WebhookOutcome{ID: w.ID, Lease: old, DeadAt: &noon}))
	f.same("after a late failure", f.webhook(w.ID), taken)
	f.ok(f.FinishWebhooks(f.ctx, []kyc.ID{w.ID}, lease, noon))
	delivered := f.webhook(w.ID)
	f.same("delivered", delivered.DeliveredAt, at(micro(noon)))
	f.ok(f.RescheduleWebhook(f.ctx, store.WebhookOutcome{ID: w.ID, Lease: lease, DeadAt: &noon}))
	f.same("after its own second report", f.webhook(w.ID), delivered)
}

func deferWebhooks(f *fixture) {
	f.addClient("kiosk")
	f.addClient("other")
	taken := f.queue(noon)
	f.claimWebhooks(noon, noon.Add(time.Minute), 1)
	waiting, late := f.queue(noon), f.queue(noon.Add(time.Hour))
	other := f.addWebhook("other")
	until := micro(noon.Add(10 * time.Minute))
	n, err := f.DeferWebhooks(f.ctx, "kiosk", until)
	f.ok(err)
	f.same("put off", n, int64(1))
	for what, want := range map[string]struct {
		id  kyc.ID
		due time.Time
	}{
		"the one that waits":   {waiting.ID, until},
		"the one that is late": {late.ID, *late.NextAttempt},
		"the one under way":    {taken.ID, *taken.NextAttempt},
		"another client's":     {other.ID, *other.NextAttempt},
	} {
		f.same(what, f.webhook(want.id).NextAttempt, &want.due)
	}
}

func holdAndRelease(f *fixture) {
	c := f.addClient("kiosk")
	f.addClient("other")
	lease := noon.Add(time.Minute)
	delivered := f.queue(noon)
	f.claimWebhooks(noon, lease, 1)
	f.ok(f.FinishWebhooks(f.ctx, []kyc.ID{delivered.ID}, lease, noon))
	waiting, other := f.queue(noon), f.addWebhook("other")

	f.ok(f.DisableWebhook(f.ctx, "kiosk", "410", noon.Add(time.Second)))
	off, err := f.Client(f.ctx, "kiosk")
	f.ok(err)
	f.same("off since", off.WebhookDisabledAt, at(micro(noon.Add(time.Second))))
	held := f.webhook(waiting.ID)
	f.same("held", held.NextAttempt, (*time.Time)(nil))
	f.same("outcome", held.LastOutcome, "410")
	f.same("taken meanwhile", f.claimWebhooks(noon, lease, 10), []kyc.ID{other.ID})
	n, err := f.CountWebhooks(f.ctx)
	f.ok(err)
	f.same("counts", n, store.WebhookCount{Pending: 1, Held: 1})

	c.Name, c.WebhookDisabledAt = "Still off", off.WebhookDisabledAt
	f.ok(f.UpdateClient(f.ctx, c, "client.updated"))
	f.same("held after another change", f.webhook(waiting.ID).NextAttempt, (*time.Time)(nil))
	c.WebhookDisabledAt, c.UpdatedAt = nil, noon.Add(time.Hour)
	f.ok(f.UpdateClient(f.ctx, c, "client.webhook_enabled"))
	f.same("released", f.webhook(waiting.ID).NextAttempt, at(micro(c.UpdatedAt)))
	f.same("delivered before", f.webhook(delivered.ID).NextAttempt, (*time.Time)(nil))
}

func disableTwice(f *fixture) {
	f.addClient("kiosk")
	f.ok(f.DisableWebhook(f.ctx, "kiosk", "410", noon))
	f.ok(f.DisableWebhook(f.ctx, "kiosk", "silent", noon.Add(time.Hour)))
	c, err := f.Client(f.ctx, "kiosk")
	f.ok(err)
	f.same("off since", c.WebhookDisabledAt, at(micro(noon)))
	f.ok(f.DisableWebhook(f.ctx, "nobody", "410", noon))
	trail, err := f.backend.Reader().ListAudit(f.ctx, "")
	f.ok(err)
	f.same("audit", len(trail), 2) // added and disabled
}

func replayWebhook(f *fixture) {
	f.addClient("kiosk")
	lease, when := noon.Add(time.Minute), micro(noon.Add(24*time.Hour))
	dead, delivered, taken := f.queue(noon), f.queue(noon), f.queue(noon)
	f.claimWebhooks(noon, lease, 10)
	f.ok(f.FinishWebhooks(f.ctx, []kyc.ID{delivered.ID}, lease, noon))
	f.ok(f.RescheduleWebhook(f.ctx, store.WebhookOutcome{ID: dead.ID, Lease: lease, Tries: 15, DeadAt: &noon}))
	for _, w := range []kyc.Webhook{dead, delivered, taken} {
		f.ok(f.ReplayWebhook(f.ctx, w.ID, when))
		got := f.webhook(w.ID)
		w.NextAttempt, w.LastOutcome = &when, got.LastOutcome
		f.same("webhook", got, w)
	}
	f.ok(f.FinishWebhooks(f.ctx, []kyc.ID{taken.ID}, lease, noon))
	f.same("after the report of the worker that had it", f.webhook(taken.ID).DeliveredAt, (*time.Time)(nil))
}

func listWebhooks(f *fixture) {
	f.addClient("kiosk")
	f.addClient("other")
	var made []kyc.ID
	for i := range 4 {
		s := f.addSession([]string{"kiosk", "other"}[i%2])
		w := newWebhook(f.idAt(noon.Add(time.Duration(i)*time.Second)), s)
		f.ok(f.Apply(f.ctx, s, kyc.Effects{Webhook: &w}))
		made = append(made, w.ID)
	}
	lease := noon.Add(time.Minute)
	f.claimWebhooks(noon, lease, 10)
	f.ok(f.RescheduleWebhook(f.ctx, store.WebhookOutcome{ID: made[1], Lease: lease, DeadAt: &noon}))
	for _, row := range []struct {
		name   string
		filter store.WebhookFilter
		want   []kyc.ID
	}{
		{"all", store.WebhookFilter{}, []kyc.ID{made[3], made[2], made[1], made[0]}},
		{"of a client", store.WebhookFilter{ClientID: "kiosk"}, []kyc.ID{made[2], made[0]}},
		{"given up", store.WebhookFilter{DeadOnly: true}, []kyc.ID{made[1]}},
		{"given up, of another client", store.WebhookFilter{DeadOnly: true, ClientID: "kiosk"}, nil},
		{"a few", store.WebhookFilter{Limit: 1}, []kyc.ID{made[3]}},
	} {
		list, err := f.Webhooks(f.ctx, row.filter)
		f.ok(err)
		var got []kyc.ID
		for _, w := range list {
			got = append(got, w.ID)
		}
		f.same(row.name, got, row.want)
	}
}
