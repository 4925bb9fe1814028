package storetest

import (
	"errors"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

var messageTests = []test{
	{"MessagesThatAreDueAreTakenEarliestFirst", claimMessages},
	{"MessagesAreTakenByMethod", claimByMethod},
	{"AMessageThatIsTakenIsLeftAloneUntilTheLeaseEnds", claimLeasedMessage},
	{"TakingAMessageIsNotAWriteOfTheChallenge", claimKeepsChallenge},
	{"EachDueMessageIsTakenByOneWorker", workersShareMessages},
	{"AFinishedMessageIsErased", finishMessage},
	{"ADelayedMessageIsDueAgainLater", delayMessage},
	{"AMessageThatWasReplacedIsNotFinished", finishReplaced},
	{"WhoLostTheLeaseRecordsNothing", finishStaleLease},
	{"WhatNobodyHasTakenIsNotFinished", finishUntaken},
	{"LeasesOfMessagesEndAtTheStart", endMessageLeases},
	{"MessagesThatWaitAreCountedByMethod", countMessages},
	{"WhatBecomesOfAMessageIsInTheAuditTrail", auditMessages},
	{"TheEndOfAllTriesIsInTheAuditTrailOnce", auditLock},
}

// takeMessages takes messages until a minute later.
func (f *fixture) takeMessages(m kyc.Method, now time.Time, n int) []kyc.Challenge {
	f.t.Helper()
	list, err := f.ClaimDueMessages(f.ctx, m, now, now.Add(time.Minute), n)
	f.ok(err)
	return list
}

// claimMessages takes messages and returns the sessions that they are of.
func (f *fixture) claimMessages(m kyc.Method, now time.Time, n int) (ids []kyc.ID) {
	f.t.Helper()
	for _, c := range f.takeMessages(m, now, n) {
		ids = append(ids, c.SessionID)
	}
	return ids
}

func claimMessages(f *fixture) {
	f.addClient("kiosk")
	now := noon.Add(time.Minute)
	due := func(t time.Time) kyc.ID { return f.addMessage(f.addProving(kyc.MethodEmail), t).SessionID }
	third, first, second := due(now), due(now.Add(-2*time.Second)), due(now.Add(-time.Second))
	due(now.Add(time.Microsecond))
	f.same("the first", f.claimMessages(kyc.MethodEmail, now, 1), []kyc.ID{first})
	f.same("the second", f.claimMessages(kyc.MethodEmail, now, 1), []kyc.ID{second})
	f.same("all that is left", f.claimMessages(kyc.MethodEmail, now, 10), []kyc.ID{third})
	f.same("nothing", f.claimMessages(kyc.MethodEmail, now, 10), []kyc.ID(nil))
}

func claimByMethod(f *fixture) {
	f.addClient("kiosk")
	want := map[kyc.Method]kyc.ID{}
	for _, m := range kyc.AddressMethods {
		want[m] = f.addMessage(f.addProving(m), noon).SessionID
	}
	for _, m := range kyc.AddressMethods {
		f.same(string(m), f.claimMessages(m, noon, 10), []kyc.ID{want[m]})
	}
	f.same("no method", f.claimMessages(kyc.MethodOpen, noon, 10), []kyc.ID(nil))
}

func claimLeasedMessage(f *fixture) {
	f.addClient("kiosk")
	id := f.addMessage(f.addProving(kyc.MethodEmail), noon).SessionID
	end := noon.Add(time.Minute)
	f.same("first worker", f.claimMessages(kyc.MethodEmail, noon, 10), []kyc.ID{id})
	f.same("second worker, within the lease", f.claimMessages(kyc.MethodEmail, end.Add(-time.Microsecond), 10), []kyc.ID(nil))
	f.same("second worker, at its end", f.claimMessages(kyc.MethodEmail, end, 10), []kyc.ID{id})
}

func claimKeepsChallenge(f *fixture) {
	f.addClient("kiosk")
	c := f.addMessage(f.addProving(kyc.MethodEmail), noon)
	list := f.takeMessages(kyc.MethodEmail, noon, 1)
	c.LeaseUntil = at(micro(noon.Add(time.Minute)))
	f.same("taken", list, []kyc.Challenge{c})
	f.same("kept", f.challenge(c.SessionID), c)
}

func workersShareMessages(f *fixture) {
	f.addClient("kiosk")
	want := map[kyc.ID]int{}
	for range 100 {
		want[f.addMessage(f.addProving(kyc.MethodPhone), noon).SessionID] = 1
	}
	got := drain(f, func() ([]kyc.ID, error) {
		list, err := f.ClaimDueMessages(f.ctx, kyc.MethodPhone, noon, noon.Add(time.Minute), 7)
		var ids []kyc.ID
		for _, c := range list {
			ids = append(ids, c.SessionID)
			err = errors.Join(err, f.FinishMessage(f.ctx, c, kyc.DeliverySent, noon))
		}
		return ids, err
	})
	f.same("taken", got, want)
	waiting, err := f.MessagesWaiting(f.ctx)
	f.ok(err)
	f.same("left", waiting, map[kyc.Method]int64{})
}

func finishMessage(f *fixture) {
	f.addClient("kiosk")
	for _, outcome := range []kyc.Delivery{kyc.DeliverySent, kyc.DeliveryRefused, kyc.DeliveryFailed} {
		want := f.addMessage(f.addProving(kyc.MethodEmail), noon)
		c := f.takeMessages(kyc.MethodEmail, noon, 1)[0]
		now := noon.Add(time.Second)
		f.ok(f.FinishMessage(f.ctx, c, outcome, now))
		want.SealedMessage, want.NextTry, want.Delivery, want.Deliveries, want.UpdatedAt = nil, nil, outcome, 1, micro(now)
		f.same("challenge", f.challenge(c.SessionID), want)
		f.is(f.FinishMessage(f.ctx, c, outcome, now), store.ErrStale)
		f.is(f.DelayMessage(f.ctx, c, now, now), store.ErrStale)
		f.same("left", f.claimMessages(kyc.MethodEmail, noon.Add(day), 10), []kyc.ID(nil))
	}
}

func delayMessage(f *fixture) {
	f.addClient("kiosk")
	want := f.addMessage(f.addProving(kyc.MethodEmail), noon)
	now := noon
	for tries := range int64(3) {
		c := f.takeMessages(kyc.MethodEmail, now, 1)[0]
		next := now.Add(5 * time.Second)
		f.ok(f.DelayMessage(f.ctx, c, next, now))
		want.NextTry, want.Delivery, want.Deliveries, want.UpdatedAt = at(micro(next)), kyc.DeliveryDelayed, tries+1, micro(now)
		f.same("challenge", f.challenge(c.SessionID), want)
		f.is(f.FinishMessage(f.ctx, c, kyc.DeliverySent, now), store.ErrStale)
		f.same("taken too early", f.claimMessages(kyc.MethodEmail, next.Add(-time.Microsecond), 1), []kyc.ID(nil))
		now = next
	}
}

// replace asks for another message of a challenge.
func (f *fixture) replace(session kyc.ID, now time.Time) kyc.Challenge {
	f.t.Helper()
	c := f.challenge(session)
	f.ok(c.Send([]byte("another TAN"), nil, []byte("another message"), micro(now)))
	f.ok(f.PutChallenge(f.ctx, c))
	return f.challenge(session)
}

func finishReplaced(f *fixture) {
	f.addClient("kiosk")
	id := f.addMessage(f.addProving(kyc.MethodEmail), noon).SessionID
	old := f.takeMessages(kyc.MethodEmail, noon, 1)[0]
	later := noon.Add(time.Minute)
	newer := f.replace(id, later)
	f.same("lease of the newer one", newer.LeaseUntil, (*time.Time)(nil))
	f.is(f.FinishMessage(f.ctx, old, kyc.DeliverySent, later), store.ErrStale)
	f.is(f.DelayMessage(f.ctx, old, later, later), store.ErrStale)
	f.same("challenge", f.challenge(id), newer)
	taken := f.takeMessages(kyc.MethodEmail, later, 1)
	f.same("message", taken[0].SealedMessage, []byte("another message"))
	f.is(f.FinishMessage(f.ctx, old, kyc.DeliverySent, later), store.ErrStale)
	f.ok(f.FinishMessage(f.ctx, taken[0], kyc.DeliverySent, later))
}

func finishStaleLease(f *fixture) {
	f.addClient("kiosk")
	f.addMessage(f.addProving(kyc.MethodEmail), noon)
	slow := f.takeMessages(kyc.MethodEmail, noon, 1)[0]
	fresh := f.takeMessages(kyc.MethodEmail, noon.Add(time.Minute), 1)[0]
	f.is(f.FinishMessage(f.ctx, slow, kyc.DeliveryRefused, noon), store.ErrStale)
	f.is(f.DelayMessage(f.ctx, slow, noon, noon), store.ErrStale)
	f.same("challenge", f.challenge(fresh.SessionID), fresh)
	f.ok(f.FinishMessage(f.ctx, fresh, kyc.DeliverySent, noon))
}

func finishUntaken(f *fixture) {
	f.addClient("kiosk")
	c := f.addMessage(f.addProving(kyc.MethodEmail), noon)
	f.is(f.FinishMessage(f.ctx, c, kyc.DeliverySent, noon), store.ErrStale)
	f.is(f.DelayMessage(f.ctx, c, noon, noon), store.ErrStale)
	stranger := c
	stranger.SessionID, stranger.LeaseUntil = f.newID(), at(noon)
	f.is(f.FinishMessage(f.ctx, stranger, kyc.DeliverySent, noon), store.ErrStale)
	f.same("challenge", f.challenge(c.SessionID), c)
}

func endMessageLeases(f *fixture) {
	f.addClient("kiosk")
	id := f.addMessage(f.addProving(kyc.MethodPostal), noon).SessionID
	f.same("taken", f.claimMessages(kyc.MethodPostal, noon, 1), []kyc.ID{id})
	f.ok(f.EndLeases(f.ctx))
	f.same("taken again", f.claimMessages(kyc.MethodPostal, noon, 1), []kyc.ID{id})
}

func countMessages(f *fixture) {
	f.addClient("kiosk")
	for _, m := range []kyc.Method{kyc.MethodEmail, kyc.MethodEmail, kyc.MethodPostal, kyc.MethodPhone} {
		f.addMessage(f.addProving(m), noon)
	}
	taken := f.takeMessages(kyc.MethodEmail, noon, 2)
	f.ok(f.FinishMessage(f.ctx, taken[0], kyc.DeliverySent, noon))
	f.ok(f.FinishMessage(f.ctx, f.takeMessages(kyc.MethodPhone, noon, 1)[0], kyc.DeliveryFailed, noon))
	waiting, err := f.MessagesWaiting(f.ctx)
	f.ok(err)
	f.same("waiting", waiting, map[kyc.Method]int64{kyc.MethodEmail: 1, kyc.MethodPostal: 1})
}

// trail lists what is recorded of a session beside its states, as "event at seconds
// after noon".
func (f *fixture) trail(session kyc.ID, topic string) (events []store.AuditEvent) {
	f.t.Helper()
	all, err := f.Audit(f.ctx, session)
	f.ok(err)
	for _, e := range all {
		if len(e.Event) > len(topic) && e.Event[:len(topic)] == topic {
			f.same("client", e.ClientID, "kiosk")
			f.same("actor", e.Actor, "session")
			events = append(events, store.AuditEvent{At: e.At, Event: e.Event})
		}
	}
	return events
}

func auditMessages(f *fixture) {
	f.addClient("kiosk")
	id := f.addMessage(f.addProving(kyc.MethodEmail), noon).SessionID
	second := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }
	for n := 1; n <= 2; n++ { // the second delay is no news
		f.ok(f.DelayMessage(f.ctx, f.takeMessages(kyc.MethodEmail, second(n), 1)[0], second(n), second(n)))
	}
	f.ok(f.FinishMessage(f.ctx, f.takeMessages(kyc.MethodEmail, second(3), 1)[0], kyc.DeliverySent, second(3)))
	f.replace(id, second(60))
	_, err := f.CountTANTry(f.ctx, id, 1, second(61))
	f.ok(err)
	f.replace(id, second(200)) // queued again, which is another message
	f.ok(f.FinishMessage(f.ctx, f.takeMessages(kyc.MethodEmail, second(201), 1)[0], kyc.DeliveryRefused, second(201)))
	c := f.challenge(id)
	f.ok(c.To(f.session(id), []byte("sealed"), []byte("hash"), second(300)))
	f.ok(f.PutChallenge(f.ctx, c)) // an address alone
	c = f.challenge(id)
	f.ok(c.Send([]byte("TAN"), nil, []byte("message"), second(301)))
	f.ok(f.PutChallenge(f.ctx, c))
	f.prove(id, second(302)) // which erases it
	var want []store.AuditEvent
	for _, e := range []struct {
		at    int
		event string
	}{
		{0, "queued"}, {1, "delayed"}, {3, "sent"}, {60, "queued"}, {200, "queued"}, {201, "refused"}, {301, "queued"},
	} {
		want = append(want, store.AuditEvent{At: micro(second(e.at)), Event: "message." + e.event})
	}
	f.same("trail", f.trail(id, "message."), want)
}

func auditLock(f *fixture) {
	f.addClient("kiosk")
	c := f.addMessage(f.addProving(kyc.MethodEmail), noon)
	for range 2 {
		c.LockedAt, c.UpdatedAt = at(noon.Add(time.Second)), noon.Add(time.Second)
		f.ok(f.PutChallenge(f.ctx, c))
		c = f.challenge(c.SessionID)
	}
	f.same("trail", f.trail(c.SessionID, "tan."), []store.AuditEvent{{At: micro(noon.Add(time.Second)), Event: "tan.locked"}})
}
