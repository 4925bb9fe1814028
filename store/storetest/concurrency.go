package storetest

import (
	"errors"
	"sync"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

var concurrencyTests = []test{
	{"EveryUpdateThatSucceedsIsCounted", contendedUpdates},
	{"OneOfManyFinalAnswersWins", oneAnswerWins},
	{"EachDueSessionIsTakenByOneWorker", workersShareSessions},
	{"EachDueWebhookIsTakenByOneWorker", workersShareWebhooks},
	{"OneOfManyTakesAnOpenSession", oneClaimWins},
	{"OneOfManyCodesOfAGenerationIsKept", oneCodeIsKept},
	{"OneOfManyRedeemersGetsTheGrant", oneRedeemerWins},
	{"RedeemingAndCancellingExcludeEachOther", redeemOrCancel},
	{"OneOfManyClientsGetsTheName", oneClientIsMade},
}

func contendedUpdates(f *fixture) {
	f.addClient("kiosk")
	s := f.addSession("kiosk")
	errs := together(32, func(int) error {
		_, err := f.UpdateSession(f.ctx, s.ID, func(s *kyc.Session) (kyc.Effects, error) {
			s.Checks++
			return kyc.Effects{}, nil
		})
		return err
	})
	won, lost := int64(count(errs, nil)), int64(count(errs, store.ErrStale))
	f.same("outcomes", won+lost, int64(len(errs)))
	got := f.session(s.ID)
	f.same("writes", got.Checks, won)
	f.same("version", got.Version, s.Version+won)
}

func oneAnswerWins(f *fixture) {
	f.addClient("kiosk")
	for range 5 {
		s := f.open(f.addSession("kiosk").ID, noon)
		errs := together(16, func(i int) error {
			_, err := f.UpdateSession(f.ctx, s.ID, func(s *kyc.Session) (kyc.Effects, error) {
				var effects kyc.Effects
				var err error
				if i%2 == 0 {
					effects, err = s.Prove(s.RequestID, []byte("sealed claims"), noon)
				} else {
					effects, err = s.Refuse(s.RequestID, kyc.FailureClaims, noon)
				}
				w := newWebhook(kyc.ID{1, byte(i)}, *s)
				w.ID[15], effects.Webhook = s.ID[15], &w
				return effects, err
			})
			return err
		})
		f.same("winners", count(errs, nil), 1)
		f.same("losers", count(errs, kyc.ErrIllegalMove), 15)
		trail, err := f.Audit(f.ctx, s.ID)
		f.ok(err)
		f.same("moves", len(trail), 3)
	}
	n, err := f.CountWebhooks(f.ctx)
	f.ok(err)
	f.same("webhooks", n.Pending, int64(5))
}

// drain lets 8 workers take work until none is left and returns how often each
// thing was taken.
func drain(f *fixture, claim func() ([]kyc.ID, error)) map[kyc.ID]int {
	f.t.Helper()
	var mu sync.Mutex
	taken := map[kyc.ID]int{}
	errs := together(8, func(int) error {
		for {
			ids, err := claim()
			if err != nil || len(ids) == 0 {
				return err
			}
			mu.Lock()
			for _, id := range ids {
				taken[id]++
			}
			mu.Unlock()
		}
	})
	f.ok(errors.Join(errs...))
	return taken
}

func workersShareSessions(f *fixture) {
	f.addClient("kiosk")
	want := map[kyc.ID]int{}
	for range 100 {
		want[f.dueAt(noon).ID] = 1
	}
	got := drain(f, func() ([]kyc.ID, error) {
		list, err := f.ClaimDueSessions(f.ctx, noon, noon.Add(time.Minute), 7)
		var ids []kyc.ID
		for _, s := range list {
			ids = append(ids, s.ID)
		}
		return ids, err
	})
	f.same("taken", got, want)
}

func workersShareWebhooks(f *fixture) {
	f.addClient("kiosk")
	want := map[kyc.ID]int{}
	for range 100 {
		want[f.queue(noon).ID] = 1
	}
	lease := noon.Add(time.Minute)
	got := drain(f, func() ([]kyc.ID, error) {
		list, err := f.ClaimDueWebhooks(f.ctx, noon, lease, 7)
		var ids []kyc.ID
		for _, w := range list {
			ids = append(ids, w.ID)
		}
		return ids, errors.Join(err, f.FinishWebhooks(f.ctx, ids, lease, noon))
	})
	f.same("taken", got, want)
	n, err := f.CountWebhooks(f.ctx)
	f.ok(err)
	f.same("left", n, store.WebhookCount{})
}

func oneClaimWins(f *fixture) {
	f.addClient("kiosk")
	s := f.dueAt(noon)
	errs := together(16, func(int) error {
		_, err := f.ClaimSession(f.ctx, s.ID, noon, noon.Add(time.Minute))
		return err
	})
	f.same("winners", count(errs, nil), 1)
	f.same("losers", count(errs, store.ErrNotFound), 15)
}

var errNotKept = errors.New("not kept")

func oneCodeIsKept(f *fixture) {
	f.addClient("kiosk")
	s := f.addVerified("kiosk")
	errs := together(64, func(int) error {
		kept, err := f.PutCode(f.ctx, s.NewCode(f.newHandle(), s.FirstGeneration(), noon, time.Minute))
		if err == nil && !kept {
			err = errNotKept
		}
		return err
	})
	f.same("winners", count(errs, nil), 1)
	f.same("losers", count(errs, errNotKept), 63)
}

func oneRedeemerWins(f *fixture) {
	f.addClient("kiosk")
	for range 10 {
		s := f.addVerified("kiosk")
		code := f.addCode(s)
		tokens := make([]kyc.ID, 64)
		errs := together(64, func(i int) error {
			_, token, err := f.redeem(code, noon)
			tokens[i] = token.ID
			return err
		})
		f.same("winners", count(errs, nil), 1)
		f.same("losers", count(errs, store.ErrConflict), 63)
		for i, err := range errs {
			access, readErr := f.Access(f.ctx, tokens[i])
			if err != nil {
				f.is(readErr, store.ErrNotFound)
				continue
			}
			f.ok(readErr)
			f.same("session of the grant", access.Grant.SessionID, s.ID)
		}
		f.same("status", f.session(s.ID).Status, kyc.StatusCompleted)
	}
}

// redeemOrCancel would fail with a deadlock if the two took their rows in
// different orders.
func redeemOrCancel(f *fixture) {
	f.addClient("kiosk")
	for range 20 {
		s := f.addVerified("kiosk")
		code := f.addCode(s)
		errs := together(8, func(i int) error {
			if i%2 == 0 {
				_, _, err := f.redeem(code, noon)
				return err
			}
			_, err := f.UpdateSession(f.ctx, s.ID, func(s *kyc.Session) (kyc.Effects, error) { return s.Cancel(noon) })
			return err
		})
		f.same("winners", count(errs, nil), 1)
		lost := count(errs, store.ErrConflict) + count(errs, kyc.ErrIllegalMove) + count(errs, store.ErrStale)
		if lost != len(errs)-1 {
			f.t.Errorf("losers ended otherwise: %v", errs)
		}
	}
}

func oneClientIsMade(f *fixture) {
	errs := together(8, func(int) error {
		return f.CreateClient(f.ctx, newClient("kiosk"), f.newSecret("kiosk"), nil)
	})
	f.same("winners", count(errs, nil), 1)
	f.same("losers", count(errs, store.ErrConflict), 7)
	secrets, err := f.ClientSecrets(f.ctx, "kiosk")
	f.ok(err)
	f.same("secrets", len(secrets), 1)
}
