package worker

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"testing"

	"vouchgate/kyc"
)

// The message of the tests, of which no part may be seen anywhere.
const (
	canaryTAN  = "80417263"
	canaryMail = "canary-mailbox@example.org"
	canaryName = "Canary Client"
)

// sentBy is a Sender that does what it is told and remembers what it sent.
type sentBy struct {
	methods []kyc.Method // nil: all that prove an address
	answer  func(ctx context.Context, m kyc.Message) (kyc.Delivery, error)

	mu  sync.Mutex
	got []kyc.Message
}

func (s *sentBy) Methods() []kyc.Method {
	if s.methods == nil {
		return kyc.AddressMethods
	}
	return s.methods
}

func (s *sentBy) Send(ctx context.Context, m kyc.Message) (kyc.Delivery, error) {
	s.mu.Lock()
	s.got = append(s.got, m)
	s.mu.Unlock()
	if s.answer == nil {
		return kyc.DeliverySent, nil
	}
	return s.answer(ctx, m)
}

func (s *sentBy) sessions() []kyc.ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []kyc.ID
	for _, m := range s.got {
		ids = append(ids, m.SessionID)
	}
	return ids
}

// answering returns a sender that gives these answers in turn, and the last one from
// then on.
func answering(answers ...kyc.Delivery) *sentBy {
	s := &sentBy{}
	s.answer = func(context.Context, kyc.Message) (kyc.Delivery, error) {
		n := min(len(s.sessions()), len(answers)) - 1
		if answers[n] == kyc.DeliverySent {
			return kyc.DeliverySent, nil
		}
		return answers[n], errors.New("because")
	}
	return s
}

func with(s Sender, change ...func(*Config)) func(*Config) {
	return func(c *Config) {
		c.Sender = s
		for _, f := range change {
			f(c)
		}
	}
}

// proving adds a session that waits for an address to be proved.
func (r *rig) proving(clientID string, method kyc.Method) kyc.Session {
	r.t.Helper()
	s, err := r.store.UpdateSession(context.Background(), r.pending(clientID).ID, func(s *kyc.Session) (kyc.Effects, error) {
		if err := s.Choose(method, r.now()); err != nil {
			return kyc.Effects{}, err
		}
		return s.Open(kyc.Binding{RedirectURI: "https://client.example/cb", BrowserHash: []byte{1}}, kyc.Verification{}, r.now(), r.now())
	})
	if err != nil {
		r.t.Fatalf("opening: %v", err)
	}
	return s
}

// message returns a session of a client with a message on its way.
func (r *rig) message(clientID string, method kyc.Method) kyc.Challenge {
	r.t.Helper()
	s := r.proving(clientID, method)
	c := kyc.NewChallenge(s)
	if err := c.To(s, r.seal(s, kyc.PurposeAddress, []byte(canaryMail)), []byte{1}, r.now()); err != nil {
		r.t.Fatal(err)
	}
	return r.ask(s, c)
}

// ask asks for a message of a challenge.
func (r *rig) ask(s kyc.Session, c kyc.Challenge) kyc.Challenge {
	r.t.Helper()
	text, err := kyc.Message{
		SessionID: s.ID, Address: kyc.Address{Method: s.Method, Email: canaryMail}, TAN: canaryTAN, Language: "de",
		ClientName: canaryName, ExpiresAt: r.now().Add(s.Method.TANLifetime()),
	}.Encode()
	if err != nil {
		r.t.Fatal(err)
	}
	return r.askSealed(s, c, r.seal(s, kyc.PurposeMessage, text))
}

func (r *rig) askSealed(s kyc.Session, c kyc.Challenge, sealed []byte) kyc.Challenge {
	r.t.Helper()
	hash := binary.BigEndian.AppendUint64(s.ID[:], uint64(c.Sends))
	if err := c.Send(hash, nil, sealed, r.now()); err != nil {
		r.t.Fatalf("asking for a message: %v", err)
	}
	if err := r.store.PutChallenge(context.Background(), c); err != nil {
		r.t.Fatalf("PutChallenge: %v", err)
	}
	return r.challenge(s.ID)
}

func (r *rig) seal(s kyc.Session, purpose string, text []byte) []byte {
	r.t.Helper()
	sealed, err := testRing.Seal(purpose, kyc.ClaimsContext(s.ID, s.ClientID), text)
	if err != nil {
		r.t.Fatal(err)
	}
	return sealed
}

func (r *rig) challenge(id kyc.ID) kyc.Challenge {
	r.t.Helper()
	c, err := r.store.Challenge(context.Background(), id)
	if err != nil {
		r.t.Fatalf("Challenge: %v", err)
	}
	return c
}

// send runs one round of messages.
func (r *rig) send(w *Worker) Sent {
	r.t.Helper()
	got, err := w.Messenger.Once(context.Background())
	if err != nil {
		r.t.Fatalf("Messenger.Once: %v", err)
	}
	return got
}

// stillWaits checks that a challenge's message is to be sent, or is gone.
func stillWaits(t testing.TB, c kyc.Challenge, want bool) {
	t.Helper()
	if got := c.NextTry != nil; got != want || got != (c.SealedMessage != nil) || c.LeaseUntil != nil {
		t.Errorf("the message waits: %v; next try %v, sealed %v, lease %v", want, c.NextTry, c.SealedMessage != nil, c.LeaseUntil)
	}
}

func sameDelivery(t testing.TB, c kyc.Challenge, want kyc.Delivery, tries int64) {
	t.Helper()
	if c.Delivery != want || c.Deliveries != tries {
		t.Errorf("delivery %q after %d tries, want %q after %d", c.Delivery, c.Deliveries, want, tries)
	}
}

// toldOf remembers the sessions that somebody was told of.
type toldOf struct {
	mu  sync.Mutex
	ids []kyc.ID
}

func (c *toldOf) told(s kyc.Session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ids = append(c.ids, s.ID)
}

func (c *toldOf) has(id kyc.ID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(c.ids, id)
}

func byID(a, b kyc.ID) int { return bytes.Compare(a[:], b[:]) }
