package storetest

import (
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

var effectTests = []test{
	{"AProofItsWebhookAndItsCodeAppearTogether", proveWithEffects},
	{"AWebhookThatCannotBeQueuedUndoesTheMove", webhookUndoesMove},
	{"ACodeThatCannotBeKeptUndoesTheMove", codeUndoesMove},
	{"AStaleMoveHasNoEffects", staleEffects},
	{"CancellingDropsTheCode", dropCode},
	{"OpeningAgainMakesRoomForANewCode", openDropsCode},
}

// provedWith returns the move that proves a session and queues an event of it,
// with a code in it.
func (f *fixture) provedWith(webhookID kyc.ID) (func(*kyc.Session) (kyc.Effects, error), *kyc.Effects) {
	var effects kyc.Effects
	return func(s *kyc.Session) (kyc.Effects, error) {
		var err error
		if effects, err = s.Prove(s.RequestID, []byte("sealed claims"), micro(noon)); err != nil {
			return effects, err
		}
		w := newWebhook(webhookID, *s)
		code := s.NewCode(kyc.Handle{ID: s.ID}, s.FirstGeneration(), micro(noon), time.Minute)
		effects.Webhook, effects.Code = &w, &code
		return effects, nil
	}, &effects
}

func proveWithEffects(f *fixture) {
	f.addClient("kiosk")
	s := f.open(f.addSession("kiosk").ID, noon)
	move, effects := f.provedWith(f.newID())
	proved := f.move(s.ID, move)
	f.same("status", proved.Status, kyc.StatusVerified)
	f.same("claims", proved.SealedClaims, []byte("sealed claims"))
	f.same("webhook", f.webhook(effects.Webhook.ID), *effects.Webhook)
	code, err := f.Code(f.ctx, s.ID)
	f.ok(err)
	f.same("code", code, *effects.Code)
}

func webhookUndoesMove(f *fixture) {
	f.addClient("kiosk")
	s := f.open(f.addSession("kiosk").ID, noon)
	first := newWebhook(f.newID(), s)
	f.ok(f.Apply(f.ctx, s, kyc.Effects{Webhook: &first}))
	before := f.session(s.ID)

	move, effects := f.provedWith(f.newID())
	_, err := f.UpdateSession(f.ctx, s.ID, move)
	f.is(err, store.ErrConflict)
	f.same("session", f.session(s.ID), before)
	_, err = f.Code(f.ctx, s.ID)
	f.is(err, store.ErrNotFound)
	_, err = f.Webhook(f.ctx, effects.Webhook.ID)
	f.is(err, store.ErrNotFound)
	trail, err := f.Audit(f.ctx, s.ID)
	f.ok(err)
	f.same("audit", len(trail), 2) // made and opened
}

func codeUndoesMove(f *fixture) {
	f.addClient("kiosk")
	s := f.open(f.addSession("kiosk").ID, noon)
	later := f.addCode(s)
	before := f.session(s.ID)
	move, effects := f.provedWith(f.newID())
	_, err := f.UpdateSession(f.ctx, s.ID, move)
	f.is(err, store.ErrConflict) // of the same generation
	f.same("session", f.session(s.ID), before)
	_, err = f.Webhook(f.ctx, effects.Webhook.ID)
	f.is(err, store.ErrNotFound)
	code, err := f.Code(f.ctx, s.ID)
	f.ok(err)
	f.same("hash", code.Hash, later.Hash)
}

func staleEffects(f *fixture) {
	f.addClient("kiosk")
	verified := f.addVerified("kiosk")
	code := f.addCode(verified)
	f.meddle(verified.ID)
	w := newWebhook(f.newID(), verified)
	f.is(f.Apply(f.ctx, verified, kyc.Effects{DropCode: true, Webhook: &w}), store.ErrStale)
	kept, err := f.Code(f.ctx, verified.ID)
	f.ok(err)
	f.same("hash", kept.Hash, code.Hash)
	_, err = f.Webhook(f.ctx, w.ID)
	f.is(err, store.ErrNotFound)
}

func dropCode(f *fixture) {
	f.addClient("kiosk")
	s := f.addVerified("kiosk")
	code := f.addCode(s)
	f.move(s.ID, func(s *kyc.Session) (kyc.Effects, error) { return s.Cancel(noon) })
	_, err := f.Code(f.ctx, s.ID)
	f.is(err, store.ErrNotFound)
	_, _, err = f.redeem(code, noon)
	f.is(err, store.ErrConflict)
}

// openDropsCode covers a code that its own client spoiled, too: the attempt after
// it must not fail for that.
func openDropsCode(f *fixture) {
	f.addClient("kiosk")
	unused, spoiled := f.addVerified("kiosk"), f.addVerified("kiosk")
	f.addCode(unused)
	f.ok(f.VoidCode(f.ctx, f.addCode(spoiled), noon))
	for _, s := range []kyc.Session{unused, spoiled} {
		f.move(s.ID, func(s *kyc.Session) (kyc.Effects, error) { return s.Expire(noon) })
		f.open(s.ID, noon)
		_, err := f.Code(f.ctx, s.ID)
		f.is(err, store.ErrNotFound)
		_, _, err = f.redeem(f.addCode(f.prove(s.ID, noon)), noon)
		f.ok(err)
	}
}
