package kyc_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"vouchgate/kyc"
)

// events are one of each type, the first with a code, as they are told.
func events(t *testing.T) []kyc.Event {
	t.Helper()
	proved := in(t, kyc.StatusAuthorized)
	verified, err := proved.Prove("r1", []byte("canary"), noon.Add(1500*time.Millisecond))
	is(t, err, nil)
	withCode := *verified.Event
	withCode.Code, withCode.State = "the-code", "st\u00e4te <&>"
	failed, err := in(t, kyc.StatusAuthorized).Refuse("r1", kyc.FailureIssuer, noon)
	is(t, err, nil)
	expired, err := in(t, kyc.StatusPending).Expire(noon)
	is(t, err, nil)
	denied, err := in(t, kyc.StatusVerified).Cancel(noon)
	is(t, err, nil)
	revoked := kyc.Grant{SessionID: id(1), ClientID: "kiosk", Method: kyc.MethodAccount, SealedClaims: []byte("canary")}.
		Revoked(kyc.RevokedByPerson, noon)
	return []kyc.Event{withCode, *verified.Event, *failed.Event, *expired.Event, *denied.Event, revoked}
}

func TestEveryTypeOfEventIsTold(t *testing.T) {
	t.Parallel()
	told := map[kyc.EventType]bool{}
	for _, e := range events(t) {
		told[e.Type] = true
	}
	for _, typ := range kyc.EventTypes {
		same(t, string(typ), told[typ], true)
	}
	same(t, "types", len(told), len(kyc.EventTypes))
}

func TestEventBodies(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for i, e := range events(t) {
		body, err := e.Body()
		is(t, err, nil)
		again, err := e.Body()
		is(t, err, nil)
		same(t, "body of the second try", string(again), string(body))
		if hasCode := strings.Contains(string(body), `"code"`); hasCode != (i == 0) {
			t.Errorf("a code in %s: %v", body, hasCode)
		}
		all.Write(body)
		all.WriteByte('\n')
	}
	golden(t, "events.golden", all.String())
}

func TestAnEventHoldsNothingBeyondItsContract(t *testing.T) {
	t.Parallel()
	allowed := map[string]bool{
		"session_id": true, "client_id": true, "verification_id": true, "status": true,
		"method": true, "error": true, "code": true, "state": true,
	}
	for _, e := range events(t) {
		body, err := e.Body()
		is(t, err, nil)
		var got struct{ Data map[string]any }
		is(t, json.Unmarshal(body, &got), nil)
		for name := range got.Data {
			if !allowed[name] {
				t.Errorf("%s holds %s", e.Type, name)
			}
		}
		if strings.Contains(string(body), "canary") || strings.Contains(string(body), "kiosk.example") {
			t.Errorf("%s holds claims or the binding: %s", e.Type, body)
		}
	}
}

// seal shows in its result what the body is tied to.
func seal(purpose string, context, body []byte) ([]byte, error) {
	return fmt.Appendf(nil, "%s %x:%s", purpose, context, body), nil
}

func TestQueue(t *testing.T) {
	t.Parallel()
	e := events(t)[0]
	body, err := e.Body()
	is(t, err, nil)
	c := kyc.Client{ID: "kiosk", WebhookURL: "https://kiosk.example/hook"}
	w, err := e.Queue(id(9), c, seal)
	is(t, err, nil)
	want := &kyc.Webhook{
		ID: id(9), SessionID: e.SessionID, ClientID: "kiosk", URL: c.WebhookURL, Event: kyc.EventVerified, Attempt: 1,
		SealedBody: fmt.Appendf(nil, "webhook body %x:%s", [16]byte(id(9)), body), NextAttempt: at(e.At), CreatedAt: e.At,
	}
	same(t, "webhook", w, want)

	c.WebhookDisabledAt = at(noon)
	w, err = e.Queue(id(9), c, seal)
	is(t, err, nil)
	want.NextAttempt = nil
	same(t, "webhook for an endpoint that is off", w, want)

	c.WebhookURL = ""
	w, err = e.Queue(id(9), c, func(string, []byte, []byte) ([]byte, error) {
		t.Error("a body that nobody gets was sealed")
		return nil, nil
	})
	is(t, err, nil)
	same(t, "webhook of a client without an endpoint", w, (*kyc.Webhook)(nil))
}

func TestAnEventThatCannotBeSealedIsNotQueued(t *testing.T) {
	t.Parallel()
	broken := errors.New("no key")
	w, err := events(t)[0].Queue(id(9), kyc.Client{WebhookURL: "https://kiosk.example/hook"},
		func(string, []byte, []byte) ([]byte, error) { return nil, broken })
	is(t, err, broken)
	same(t, "webhook", w, (*kyc.Webhook)(nil))
}

func TestTheMessageIDIsThatOfTheRow(t *testing.T) {
	t.Parallel()
	same(t, "message id", kyc.Webhook{ID: id(9), Tries: 3}.MessageID(), "msg_"+id(9).String())
}

func TestACodeHasTheBindingOfItsSession(t *testing.T) {
	t.Parallel()
	s, h := in(t, kyc.StatusVerified), handle(t)
	code := s.NewCode(h, 7, noon, time.Minute)
	same(t, "code", code, kyc.Code{
		SessionID: s.ID, Generation: 7, Hash: h.Hash(kyc.SecretCode), ClientID: "kiosk",
		RedirectURI: binding.RedirectURI, State: binding.State, Challenge: binding.Challenge, Scope: binding.Scope,
		CreatedAt: noon, ExpiresAt: noon.Add(time.Minute),
	})
	same(t, "live just before its expiry", code.Live(noon.Add(time.Minute-1)), true)
	same(t, "live at its expiry", code.Live(noon.Add(time.Minute)), false)
	code.UsedAt = at(noon)
	same(t, "live when used", code.Live(noon), false)
}
