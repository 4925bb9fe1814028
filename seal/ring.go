package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"sync"
)

// KeySize is the length of a key in bytes.
const KeySize = 32

// ErrBadKeys says that keys cannot make a ring. The text says why and never holds
// any part of a key.
var ErrBadKeys = errors.New("bad keys")

var keyIDForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// Ring holds the keys. It can be used by many goroutines at once, and it prints
// without its keys.
type Ring struct {
	current string
	keys    map[string][]byte
	rand    io.Reader
	ciphers sync.Map // use to cipher.AEAD
	macKeys sync.Map // use to []byte
}

// NewRing returns a ring with the given keys by id, of which current seals. Ids
// are 1 to 32 of [A-Za-z0-9_-], keys are KeySize random bytes; else ErrBadKeys.
// rand gives the nonces and must be safe for concurrent use. Subkeys are kept for
// every purpose that is used: purposes are constants of the program, not data.
func NewRing(current string, keys map[string][]byte, rand io.Reader) (*Ring, error) {
	if _, ok := keys[current]; !ok {
		return nil, fmt.Errorf("%w: the current key is not among the keys", ErrBadKeys)
	}
	r := &Ring{current: current, keys: make(map[string][]byte, len(keys)), rand: rand}
	for _, id := range slices.Sorted(maps.Keys(keys)) {
		key := keys[id]
		if !keyIDForm.MatchString(id) {
			return nil, fmt.Errorf("%w: a key id must be 1 to 32 of A-Z a-z 0-9 _ -", ErrBadKeys)
		}
		if len(key) != KeySize {
			return nil, fmt.Errorf("%w: key %s has %d bytes instead of %d", ErrBadKeys, id, len(key), KeySize)
		}
		r.keys[id] = slices.Clone(key)
	}
	return r, nil
}

// use names what a subkey is for. Each key of the ring has its own subkey for each
// use, so that what was made for one of them means nothing to another.
type use struct{ keyID, purpose string }

// aead returns the cipher for a use.
func (r *Ring) aead(u use) cipher.AEAD {
	if kept, ok := r.ciphers.Load(u); ok {
		return kept.(cipher.AEAD)
	}
	block, err := aes.NewCipher(r.derive("encrypt", u))
	if err != nil {
		panic(err) // only for a key of another length
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // only for a cipher other than AES
	}
	r.ciphers.Store(u, aead)
	return aead
}

// macKey returns the key of the MAC for a use.
func (r *Ring) macKey(u use) []byte {
	if kept, ok := r.macKeys.Load(u); ok {
		return kept.([]byte)
	}
	key := r.derive("mac", u)
	r.macKeys.Store(u, key)
	return key
}

// derive makes a subkey by HKDF (RFC 5869).
func (r *Ring) derive(algorithm string, u use) []byte {
	info := "vouchgate seal 1 " + algorithm + " " + u.purpose
	key, err := hkdf.Key(sha256.New, r.keys[u.keyID], nil, info, KeySize)
	if err != nil {
		panic(err) // only for a subkey longer than 255 hashes
	}
	return key
}

// String names the current key and counts the keys.
func (r *Ring) String() string {
	return fmt.Sprintf("seal.Ring(current %s, %d keys)", r.current, len(r.keys))
}

// Format is String for every verb, so that no verb prints the keys.
func (r *Ring) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue is String.
func (r *Ring) LogValue() slog.Value { return slog.StringValue(r.String()) }
