package storetest

import (
	"errors"
	"time"

	"vouchgate/store"
)

var togetherTests = []test{
	{"WhatIsDoneTogetherIsWrittenTogetherOrNotAtAll", togetherOrNot},
	{"WhatIsWrittenTogetherIsReadTogether", togetherReads},
	{"LeasesEndAtTheStart", endLeases},
	{"AVerificationIsClaimedByItsRequest", claimByRequest},
}

func togetherOrNot(f *fixture) {
	f.addClient("kiosk")
	first, second := f.addVerified("kiosk"), f.addVerified("kiosk")
	refused := errors.New("refused")
	f.is(f.Together(f.ctx, func(s *store.Store) error {
		f.ok(s.VoidCode(f.ctx, first.ID, noon))
		_, err := s.PutCode(f.ctx, second.NewCode(f.newHandle(), second.FirstGeneration(), noon, time.Minute))
		f.ok(err)
		return refused
	}), refused)
	_, err := f.Code(f.ctx, second.ID)
	f.is(err, store.ErrNotFound)
}

func togetherReads(f *fixture) {
	f.addClient("kiosk")
	s := f.addVerified("kiosk")
	code := s.NewCode(f.newHandle(), s.FirstGeneration(), noon, time.Minute)
	f.ok(f.Together(f.ctx, func(st *store.Store) error {
		if _, err := st.PutCode(f.ctx, code); err != nil {
			return err
		}
		_, err := st.Code(f.ctx, s.ID)
		return err
	}))
	_, err := f.Code(f.ctx, s.ID)
	f.ok(err)
}

func endLeases(f *fixture) {
	f.addClient("kiosk")
	s := f.open(f.addSession("kiosk").ID, noon)
	_, err := f.ClaimSession(f.ctx, s.ID, noon, noon.Add(time.Minute))
	f.ok(err)
	_, err = f.ClaimSession(f.ctx, s.ID, noon, noon.Add(time.Minute))
	f.is(err, store.ErrNotFound)
	f.ok(f.EndLeases(f.ctx))
	_, err = f.ClaimSession(f.ctx, s.ID, noon, noon.Add(time.Minute))
	f.ok(err)
}

func claimByRequest(f *fixture) {
	f.addClient("kiosk")
	s := f.open(f.addSession("kiosk").ID, noon)
	_, err := f.ClaimSessionByRequest(f.ctx, "nothing", noon, noon.Add(time.Minute))
	f.is(err, store.ErrNotFound)
	got, err := f.ClaimSessionByRequest(f.ctx, s.RequestID, noon, noon.Add(time.Minute))
	f.ok(err)
	if got.ID != s.ID || got.LeaseUntil == nil || !got.LeaseUntil.Equal(noon.Add(time.Minute).Truncate(time.Microsecond)) {
		f.t.Errorf("claimed %v until %v", got.ID, got.LeaseUntil)
	}
	_, err = f.ClaimSessionByRequest(f.ctx, s.RequestID, noon, noon.Add(time.Minute))
	f.is(err, store.ErrNotFound)
	_, err = f.ClaimSessionByRequest(f.ctx, s.RequestID, noon.Add(time.Minute), noon.Add(2*time.Minute))
	f.ok(err)
}
