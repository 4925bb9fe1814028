package server

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"io"
	"sync"

	"vouchgate/kyc"
)

// subjectKey makes subjects. It is a secret of the database and not one of the key
// ring's, because a person's subject has to outlive the change of those keys.
type subjectKey struct {
	mu  sync.Mutex
	key []byte
}

// macFunc is a keyed hash over parts, apart for each purpose.
type macFunc = func(purpose string, parts ...[]byte) []byte

const subjectKeyName = "subjects"

// mac returns the keyed hash that makes subjects. It must not be called in a
// transaction, which could be undone with the key in it.
func (k *subjectKey) mac(ctx context.Context, s *Server) (macFunc, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key == nil {
		sealed, err := s.Store.ServerSecret(ctx, subjectKeyName, func() ([]byte, error) {
			fresh := make([]byte, 32)
			if _, err := io.ReadFull(s.Rand, fresh); err != nil {
				return nil, err
			}
			return s.Ring.Seal(kyc.PurposeServerSecret, []byte(subjectKeyName), fresh)
		})
		if err != nil {
			return nil, err
		}
		if k.key, err = s.Ring.Open(kyc.PurposeServerSecret, []byte(subjectKeyName), sealed); err != nil {
			return nil, err
		}
	}
	key := k.key
	return func(purpose string, parts ...[]byte) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(purpose))
		for _, part := range parts {
			h.Write(part)
		}
		return h.Sum(nil)
	}, nil
}

// personClaim is what names a person for good, in credentials that have it.
const personClaim = "personal_administrative_number"

// subject returns the name by which a client shall know the person of a session:
// the same each time for an account, and for a credential that names the person; of
// every other credential, and for clients that want it so, a new one (OpenID
// Connect Core, section 8; OpenID Connect Ephemeral Subject Identifier 1.0).
func subject(client kyc.Client, session kyc.Session, proof kyc.Proof, mac macFunc) string {
	number, _ := proof.Claims[personClaim].(string)
	var person []byte
	switch {
	case client.Ephemeral:
	case session.AccountID != nil:
		person = append([]byte("account\x00"), session.AccountID[:]...)
	case number != "":
		person = []byte("number\x00" + number)
	}
	if person == nil {
		return session.ID.String()
	}
	return kyc.Subject(client.ID, person, mac)
}
