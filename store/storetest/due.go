package storetest

import (
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

var dueTests = []test{
	{"WhatIsDueIsTakenEarliestFirst", claimDue},
	{"WhatIsTakenIsLeftAloneUntilTheLeaseEnds", claimLeased},
	{"TakingIsNotAWriteOfTheSession", claimKeepsVersion},
	{"AScheduledSessionIsFreeAndDueAgainLater", scheduleSession},
	{"AWorkerThatLostItsLeaseCannotSchedule", scheduleStaleLease},
	{"ASessionThatMovedIsNotScheduled", scheduleMoved},
	{"AMoveFreesTheSession", moveFrees},
	{"OneOpenSessionCanBeTakenBeforeItIsDue", claimOne},
	{"AHintBringsTheNextCheckForward", hasten},
}

func (f *fixture) claim(now, lease time.Time, n int) []kyc.ID {
	f.t.Helper()
	list, err := f.ClaimDueSessions(f.ctx, now, lease, n)
	f.ok(err)
	var ids []kyc.ID
	for _, s := range list {
		ids = append(ids, s.ID)
	}
	return ids
}

// dueAt opens a session whose next check is at a time.
func (f *fixture) dueAt(t time.Time) kyc.Session {
	f.t.Helper()
	return f.move(f.addSession("kiosk").ID, func(s *kyc.Session) (kyc.Effects, error) {
		return s.Open(binding, kyc.Verification{RequestID: s.ID.String()}, noon, t)
	})
}

func claimDue(f *fixture) {
	f.addClient("kiosk")
	now, lease := noon.Add(time.Minute), noon.Add(2*time.Minute)
	third := f.dueAt(now)
	first := f.dueAt(now.Add(-2 * time.Second))
	second := f.dueAt(now.Add(-time.Second))
	f.dueAt(now.Add(time.Microsecond))
	f.same("the first", f.claim(now, lease, 1), []kyc.ID{first.ID})
	f.same("the second", f.claim(now, lease, 1), []kyc.ID{second.ID})
	f.same("all that is left", f.claim(now, lease, 10), []kyc.ID{third.ID})
	f.same("nothing", f.claim(now, lease, 10), []kyc.ID(nil))
}

func claimLeased(f *fixture) {
	f.addClient("kiosk")
	s := f.dueAt(noon)
	lease := noon.Add(time.Minute)
	f.same("first worker", f.claim(noon, lease, 10), []kyc.ID{s.ID})
	f.same("second worker, within the lease", f.claim(lease.Add(-time.Microsecond), lease.Add(time.Minute), 10), []kyc.ID(nil))
	f.same("second worker, at its end", f.claim(lease, lease.Add(time.Minute), 10), []kyc.ID{s.ID})
}

func claimKeepsVersion(f *fixture) {
	f.addClient("kiosk")
	s := f.dueAt(noon)
	lease := noon.Add(time.Minute)
	list, err := f.ClaimDueSessions(f.ctx, noon, lease, 1)
	f.ok(err)
	s.LeaseUntil = at(micro(lease))
	f.same("taken", list, []kyc.Session{s})
	f.same("kept", f.session(s.ID), s)
}

func scheduleSession(f *fixture) {
	f.addClient("kiosk")
	s := f.dueAt(noon)
	list, err := f.ClaimDueSessions(f.ctx, noon, noon.Add(time.Minute), 1)
	f.ok(err)
	next := noon.Add(5 * time.Second)
	list[0].Checks++
	f.ok(f.ScheduleSession(f.ctx, list[0], next))
	s.NextCheck, s.Checks = at(micro(next)), 1
	f.same("session", f.session(s.ID), s)
	f.same("taken too early", f.claim(next.Add(-time.Microsecond), next.Add(time.Minute), 1), []kyc.ID(nil))
	f.same("taken in time", f.claim(next, next.Add(time.Minute), 1), []kyc.ID{s.ID})
}

func scheduleStaleLease(f *fixture) {
	f.addClient("kiosk")
	s := f.dueAt(noon)
	lease := noon.Add(time.Minute)
	slow, err := f.ClaimDueSessions(f.ctx, noon, lease, 1)
	f.ok(err)
	f.claim(lease, lease.Add(time.Minute), 1)
	taken := f.session(s.ID)
	f.is(f.ScheduleSession(f.ctx, slow[0], noon.Add(time.Hour)), store.ErrStale)
	f.same("session", f.session(s.ID), taken)
	f.is(f.ScheduleSession(f.ctx, s, noon.Add(time.Hour)), store.ErrStale) // never taken
	f.same("session", f.session(s.ID), taken)
}

func scheduleMoved(f *fixture) {
	f.addClient("kiosk")
	s := f.dueAt(noon)
	list, err := f.ClaimDueSessions(f.ctx, noon, noon.Add(time.Minute), 1)
	f.ok(err)
	proved := f.prove(s.ID, noon)
	f.is(f.ScheduleSession(f.ctx, list[0], noon), store.ErrStale)
	f.same("session", f.session(s.ID), proved)
}

func moveFrees(f *fixture) {
	f.addClient("kiosk")
	s := f.dueAt(noon)
	f.claim(noon, noon.Add(time.Minute), 1)
	f.same("lease", f.prove(s.ID, noon).LeaseUntil, (*time.Time)(nil))
	cancelled := f.move(s.ID, func(s *kyc.Session) (kyc.Effects, error) { return s.Cancel(noon) })
	f.same("next check", cancelled.NextCheck, (*time.Time)(nil))
	f.same("taken", f.claim(noon.Add(365*24*time.Hour), noon.Add(366*24*time.Hour), 1), []kyc.ID(nil))
}

func claimOne(f *fixture) {
	f.addClient("kiosk")
	s := f.dueAt(noon.Add(time.Hour))
	lease := noon.Add(time.Minute)
	got, err := f.ClaimSession(f.ctx, s.ID, noon, lease)
	f.ok(err)
	s.LeaseUntil = at(micro(lease))
	f.same("session", got, s)
	_, err = f.ClaimSession(f.ctx, s.ID, noon, lease)
	f.is(err, store.ErrNotFound)
	_, err = f.ClaimSession(f.ctx, s.ID, lease, lease.Add(time.Minute))
	f.ok(err)

	_, err = f.ClaimSession(f.ctx, f.addSession("kiosk").ID, noon, lease)
	f.is(err, store.ErrNotFound) // not open
	_, err = f.ClaimSession(f.ctx, f.newID(), noon, lease)
	f.is(err, store.ErrNotFound)
}

func hasten(f *fixture) {
	f.addClient("kiosk")
	s := f.dueAt(noon.Add(time.Hour))
	f.ok(f.HastenSession(f.ctx, s.ID, noon.Add(time.Minute)))
	s.NextCheck = at(micro(noon.Add(time.Minute)))
	f.same("session", f.session(s.ID), s)
	f.ok(f.HastenSession(f.ctx, s.ID, noon.Add(2*time.Minute)))
	f.same("after a later hint", f.session(s.ID), s)

	proved := f.prove(s.ID, noon)
	f.ok(f.HastenSession(f.ctx, s.ID, noon))
	f.same("after a hint that came too late", f.session(s.ID), proved)
	f.ok(f.HastenSession(f.ctx, f.newID(), noon))
}
