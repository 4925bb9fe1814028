// Package keyed makes keyed hashes whose keys belong to a database: random secrets
// that are made once, sealed, and outlive every change of the key ring. With them a
// person keeps their subject for years, and a TAN in a letter counts for weeks.
package keyed

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"sync"

	"vouchgate/kyc"
	"vouchgate/seal"
	"vouchgate/store"
)

// MAC is a keyed hash (HMAC-SHA256) over parts, apart for each purpose.
type MAC = func(purpose string, parts ...[]byte) []byte

// Key is a secret of a database. It is read, or made, when it is first needed. It is
// safe for concurrent use.
type Key struct {
	name  string
	store *store.Store
	ring  *seal.Ring
	rand  io.Reader

	mu  sync.Mutex
	key []byte
}

// New returns the key of a name in a database.
func New(name string, st *store.Store, ring *seal.Ring, rand io.Reader) *Key {
	return &Key{name: name, store: st, ring: ring, rand: rand}
}

// MAC returns the keyed hash. It must not be called in a transaction, which could be
// undone with the key in it. The errors are those of the store, the ring and rand.
func (k *Key) MAC(ctx context.Context) (MAC, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key == nil {
		sealed, err := k.store.ServerSecret(ctx, k.name, k.fresh)
		if err != nil {
			return nil, err
		}
		if k.key, err = k.ring.Open(kyc.PurposeServerSecret, []byte(k.name), sealed); err != nil {
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

func (k *Key) fresh() ([]byte, error) {
	fresh := make([]byte, 32)
	if _, err := io.ReadFull(k.rand, fresh); err != nil {
		return nil, err
	}
	return k.ring.Seal(kyc.PurposeServerSecret, []byte(k.name), fresh)
}

// Tans are the keyed hashes about TANs.
type Tans struct{ mac MAC }

// TansName is the name of the key of TANs.
const TansName = "tans"

// NewTans returns the hashes of a MAC whose key has TansName.
func NewTans(mac MAC) Tans { return Tans{mac} }

// Address hashes what addresses have in common that reach the same person.
func (t Tans) Address(a kyc.Address) []byte { return t.mac("address", []byte(a.Key())) }

// TAN hashes a TAN that was sent to the address of a hash.
func (t Tans) TAN(address []byte, tan string) []byte { return t.mac("tan", part(address), []byte(tan)) }

// Letter hashes the code of a letter's link.
func (t Tans) Letter(code string) []byte { return t.mac("letter", []byte(code)) }

// Sessions is the key under which the sessions are counted that send to an address.
func (t Tans) Sessions(address []byte) []byte { return t.mac("sessions", address) }

// Tries is the key under which the tries are counted to enter TANs of an address.
func (t Tans) Tries(address []byte) []byte { return t.mac("tries", address) }

// Messages is the key under which the messages for a client are counted, letters
// apart from the others.
func (t Tans) Messages(clientID string, post bool) []byte {
	if post {
		return t.mac("messages by post", []byte(clientID))
	}
	return t.mac("messages", []byte(clientID))
}

// Network is the key under which the messages are counted that callers of a network
// ask for.
func (t Tans) Network(network string) []byte { return t.mac("network", []byte(network)) }

// part keeps two parts from running into one another.
func part(b []byte) []byte { return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...) }
