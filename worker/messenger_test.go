package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

func TestAMessageIsSentOnceAndErased(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		r.client("shop", "")
		for _, method := range kyc.AddressMethods {
			sender, told := &sentBy{}, &toldOf{}
			w := r.worker(always(proved()), with(sender), func(c *Config) { c.Changed = told.told })
			c := r.message("shop", method)
			if got := r.send(w); got != (Sent{Claimed: 1, Sent: 1}) {
				t.Fatalf("%s: %+v", method, got)
			}
			if got := r.send(w); got != (Sent{}) {
				t.Errorf("%s, second round: %+v", method, got)
			}
			want := []kyc.Message{{
				SessionID: c.SessionID, Address: kyc.Address{Method: method, Email: canaryMail}, TAN: canaryTAN, Language: "de",
				ClientName: canaryName, ExpiresAt: r.now().Add(method.TANLifetime()),
			}}
			if diff := cmp.Diff(want, sender.got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", method, diff)
			}
			stillWaits(t, r.challenge(c.SessionID), false)
			sameDelivery(t, r.challenge(c.SessionID), kyc.DeliverySent, 1)
			if !told.has(c.SessionID) {
				t.Errorf("%s: nobody was told", method)
			}
		}
	})
}

func TestWhatASenderAnswersIsRecorded(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		answer kyc.Delivery
		want   Sent
		kept   kyc.Delivery
		waits  bool
	}{
		"an address that does not exist":       {kyc.DeliveryRefused, Sent{Claimed: 1, Refused: 1}, kyc.DeliveryRefused, false},
		"a sender that is busy":                {kyc.DeliveryDelayed, Sent{Claimed: 1, Delayed: 1}, kyc.DeliveryDelayed, true},
		"an error without an outcome":          {kyc.DeliveryNone, Sent{Claimed: 1, Delayed: 1}, kyc.DeliveryDelayed, true},
		"an outcome that is not for a sender":  {kyc.DeliveryFailed, Sent{Claimed: 1, Delayed: 1}, kyc.DeliveryDelayed, true},
		"an outcome that nobody has heard of":  {"lost", Sent{Claimed: 1, Delayed: 1}, kyc.DeliveryDelayed, true},
		"a message that was sent, in the end ": {kyc.DeliverySent, Sent{Claimed: 1, Sent: 1}, kyc.DeliverySent, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, told := newRig(t, storetest.Open(t)), &toldOf{}
			r.client("shop", "")
			w := r.worker(always(proved()), with(answering(row.answer)), func(c *Config) { c.Changed = told.told })
			c := r.message("shop", kyc.MethodEmail)
			if got := r.send(w); got != row.want {
				t.Errorf("%+v, want %+v", got, row.want)
			}
			stillWaits(t, r.challenge(c.SessionID), row.waits)
			sameDelivery(t, r.challenge(c.SessionID), row.kept, 1)
			if !told.has(c.SessionID) {
				t.Error("nobody was told")
			}
		})
	}
}

func TestADelayedMessageIsTriedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	r.client("shop", "")
	sender := answering(kyc.DeliveryDelayed, kyc.DeliveryDelayed, kyc.DeliverySent)
	w := r.worker(always(proved()), with(sender))
	c := r.message("shop", kyc.MethodPhone)
	for tries, pause := range []time.Duration{5 * time.Second, 10 * time.Second} {
		if got := r.send(w); got != (Sent{Claimed: 1, Delayed: 1}) {
			t.Fatalf("try %d: %+v", tries+1, got)
		}
		next := r.challenge(c.SessionID).NextTry.Sub(r.now())
		if next < pause*9/10 || next > pause*11/10 {
			t.Errorf("after %d tries the next is in %v, want about %v", tries+1, next, pause)
		}
		r.clock.Advance(next - time.Microsecond)
		if got := r.send(w); got.Claimed != 0 {
			t.Errorf("tried again too early: %+v", got)
		}
		r.clock.Advance(time.Microsecond)
	}
	if got := r.send(w); got != (Sent{Claimed: 1, Sent: 1}) {
		t.Errorf("in the end: %+v", got)
	}
	sameDelivery(t, r.challenge(c.SessionID), kyc.DeliverySent, 3)
}

func TestAMessageThatCannotBeSentIsGivenUp(t *testing.T) {
	t.Parallel()
	for method, end := range map[kyc.Method]time.Duration{
		kyc.MethodEmail: kyc.TANLifetime, kyc.MethodPostal: letterSendLife, kyc.MethodPostalCH: letterSendLife,
	} {
		t.Run(string(method), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, storetest.Open(t))
			r.client("shop", "")
			w := r.worker(always(proved()), with(answering(kyc.DeliveryDelayed)))
			c, began := r.message("shop", method), r.now()
			var tries int64
			for tries < 1000 {
				tries++
				if got := r.send(w); got.Failed == 1 {
					break
				} else if got != (Sent{Claimed: 1, Delayed: 1}) {
					t.Fatalf("try %d: %+v", tries, got)
				}
				r.clock.Advance(r.challenge(c.SessionID).NextTry.Sub(r.now()))
			}
			left := began.Add(end).Sub(r.now())
			if longest := 66 * time.Minute; left <= 0 || left > longest {
				t.Errorf("given up %v before its end", left)
			}
			stillWaits(t, r.challenge(c.SessionID), false)
			sameDelivery(t, r.challenge(c.SessionID), kyc.DeliveryFailed, tries)
		})
	}
}

func TestAMessageWhoseTANHasEndedIsNotSent(t *testing.T) {
	t.Parallel()
	r, sender := newRig(t, storetest.Open(t)), &sentBy{}
	r.client("shop", "")
	w := r.worker(always(proved()), with(sender))
	late, inTime := r.message("shop", kyc.MethodEmail), r.message("shop", kyc.MethodPostal)
	r.clock.Advance(kyc.TANLifetime)
	if got := r.send(w); got != (Sent{Claimed: 2, Failed: 1, Sent: 1}) {
		t.Errorf("%+v", got)
	}
	sameDelivery(t, r.challenge(late.SessionID), kyc.DeliveryFailed, 1)
	sameDelivery(t, r.challenge(inTime.SessionID), kyc.DeliverySent, 1)
	if got := sender.sessions(); len(got) != 1 || got[0] != inTime.SessionID {
		t.Errorf("sent %v", got)
	}
}

func TestAMessageThatCannotBeReadIsGivenUp(t *testing.T) {
	t.Parallel()
	r, sender := newRig(t, storetest.Open(t)), &sentBy{}
	r.client("shop", "")
	w := r.worker(always(proved()), with(sender))
	for name, seal := range map[string]func(kyc.Session) []byte{
		"not sealed":             func(kyc.Session) []byte { return []byte(`{"tan":"` + canaryTAN + `"}`) },
		"sealed for another use": func(s kyc.Session) []byte { return r.seal(s, kyc.PurposeAddress, []byte("{}")) },
		"sealed for another session": func(kyc.Session) []byte {
			return r.seal(r.pending("shop"), kyc.PurposeMessage, []byte("{}"))
		},
		"no message": func(s kyc.Session) []byte { return r.seal(s, kyc.PurposeMessage, []byte(`["`+canaryTAN+`"]`)) },
	} {
		s := r.proving("shop", kyc.MethodEmail)
		c := kyc.NewChallenge(s)
		if err := c.To(s, []byte("sealed"), []byte{1}, r.now()); err != nil {
			t.Fatal(err)
		}
		r.askSealed(s, c, seal(s))
		if got := r.send(w); got != (Sent{Claimed: 1, Failed: 1}) {
			t.Errorf("%s: %+v", name, got)
		}
		sameDelivery(t, r.challenge(s.ID), kyc.DeliveryFailed, 1)
		stillWaits(t, r.challenge(s.ID), false)
	}
	if len(sender.got) != 0 {
		t.Errorf("%d messages were sent", len(sender.got))
	}
	if strings.Contains(r.log.String(), canaryTAN) {
		t.Error("a TAN is in the log")
	}
}

func TestNobodySendsWithoutASender(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	r.client("shop", "")
	c := r.message("shop", kyc.MethodEmail)
	w := r.worker(always(proved()))
	if got := r.send(w); got != (Sent{}) {
		t.Errorf("%+v", got)
	}
	w.Messenger.run(t.Context()) // returns
	sameDelivery(t, r.challenge(c.SessionID), kyc.DeliveryQueued, 0)
}

func TestMethodsThatTheSenderDoesNotHaveAreLeftAlone(t *testing.T) {
	t.Parallel()
	r, sender := newRig(t, storetest.Open(t)), &sentBy{methods: []kyc.Method{kyc.MethodPostalCH, kyc.MethodPhone}}
	r.client("shop", "")
	w := r.worker(always(proved()), with(sender))
	left := []kyc.Challenge{r.message("shop", kyc.MethodEmail), r.message("shop", kyc.MethodPostal)}
	sent := []kyc.Challenge{r.message("shop", kyc.MethodPostalCH), r.message("shop", kyc.MethodPhone)}
	if got := r.send(w); got != (Sent{Claimed: 2, Sent: 2}) {
		t.Errorf("%+v", got)
	}
	for _, c := range left {
		sameDelivery(t, r.challenge(c.SessionID), kyc.DeliveryQueued, 0)
	}
	for _, c := range sent {
		sameDelivery(t, r.challenge(c.SessionID), kyc.DeliverySent, 1)
	}
}

func TestASenderThatPanicsEndsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, storetest.Open(t))
	r.client("shop", "")
	bad := r.message("shop", kyc.MethodEmail)
	sender := &sentBy{}
	sender.answer = func(_ context.Context, m kyc.Message) (kyc.Delivery, error) {
		if m.SessionID == bad.SessionID {
			panic("no way to " + m.Address.Email)
		}
		return kyc.DeliverySent, nil
	}
	w := r.worker(always(proved()), with(sender))
	good := r.message("shop", kyc.MethodEmail)
	if got := r.send(w); got != (Sent{Claimed: 2, Sent: 1, Delayed: 1}) {
		t.Errorf("%+v", got)
	}
	sameDelivery(t, r.challenge(good.SessionID), kyc.DeliverySent, 1)
	sameDelivery(t, r.challenge(bad.SessionID), kyc.DeliveryDelayed, 1)
	if text := r.log.String(); strings.Contains(text, canaryMail) || !strings.Contains(text, "panicked") {
		t.Errorf("log: %s", text)
	}
}

func TestNothingOfAMessageIsInClear(t *testing.T) {
	t.Parallel()
	s, path := storetest.OpenFile(t)
	r, sender := newRig(t, s), answering(kyc.DeliveryDelayed, kyc.DeliveryRefused, kyc.DeliverySent)
	r.client("shop", "")
	w := r.worker(always(proved()), with(sender))
	search := func(when string) {
		for _, name := range []string{path, path + "-wal"} {
			kept, err := os.ReadFile(name)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			for _, secret := range []string{canaryTAN, canaryMail, "canary-mailbox", canaryName} {
				if strings.Contains(string(kept), secret) {
					t.Errorf("%s: %q is in %s", when, secret, filepath.Base(name))
				}
			}
		}
	}
	for range 3 {
		r.message("shop", kyc.MethodEmail)
	}
	search("while messages wait")
	for range 3 {
		r.send(w)
		search("after a round")
		r.clock.Advance(time.Minute)
	}
	if len(sender.got) < 3 || sender.got[0].TAN != canaryTAN || sender.got[0].Address.Email != canaryMail {
		t.Fatalf("sent %+v", sender.got)
	}
	for _, secret := range []string{canaryTAN, canaryMail, canaryName} {
		if strings.Contains(r.log.String(), secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
}

func TestMessagesAreMeasured(t *testing.T) {
	t.Parallel()
	r, registry := newRig(t, storetest.Open(t)), prometheus.NewRegistry()
	r.client("shop", "")
	sender := &sentBy{methods: []kyc.Method{kyc.MethodEmail}}
	sender.answer = func(context.Context, kyc.Message) (kyc.Delivery, error) {
		r.clock.Advance(time.Second)
		return kyc.DeliverySent, nil
	}
	w := r.worker(always(proved()), with(sender), func(c *Config) { c.Registry = registry })
	r.message("shop", kyc.MethodEmail)
	r.message("shop", kyc.MethodPhone)
	r.message("shop", kyc.MethodPhone)
	r.send(w)
	got := values(t, registry)
	for series, want := range map[string]float64{
		"vouchgate_messages_total email": 1, "vouchgate_message_seconds ": 1,
		"vouchgate_messages_waiting phone": 2, "vouchgate_messages_waiting email": 0, "vouchgate_messages_waiting postal": 0,
	} {
		if v, ok := got[series]; !ok || v != want {
			t.Errorf("%s = %v (%v), want %v", series, v, ok, want)
		}
	}
}

// broken is a fault of the operator's.
type broken struct{}

func (broken) Error() string { return "helper ended with exit code 3" }
func (broken) Fault() bool   { return true }

func TestFaultsOfTheOperatorAreErrorsInTheLog(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		err  error
		want slog.Level
	}{
		{broken{}, slog.LevelError},
		{fmt.Errorf("sending: %w", broken{}), slog.LevelError},
		{errors.New("mailbox busy"), slog.LevelWarn},
		{nil, slog.LevelWarn},
	} {
		if got := levelOf(row.err); got != row.want {
			t.Errorf("%v is logged as %v, want %v", row.err, got, row.want)
		}
	}
}
