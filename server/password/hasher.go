package password

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"runtime"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// ErrLength says that a text is too short or too long for a password that can be
// hashed at all: 1 to 1024 bytes.
var ErrLength = errors.New("a password has 1 to 1024 bytes")

// maxBytes is the length of the longest password, so that hashing its bytes costs
// nothing beside the hash itself.
const maxBytes = 1024

// today are the parameters of new hashes: of those that OWASP's Password Storage
// Cheat Sheet holds equally strong, the one with the least memory for two passes.
var today = parameters{memory: 19 * 1024, time: 2, threads: 1}

// The sizes of new hashes in bytes (RFC 9106, section 3.1).
const (
	saltSize = 16
	keySize  = 32
)

// Hasher makes and checks hashes. It can be used by many goroutines at once.
type Hasher struct {
	rand   io.Reader
	places chan struct{} // one for each hash that may be worked on
	derive func(p parameters, password, salt []byte, size uint32) []byte
}

// New returns a hasher that takes salts from rand and works on as many hashes at a
// time as there are processors for this program (runtime.GOMAXPROCS).
func New(rand io.Reader) *Hasher {
	return &Hasher{rand: rand, places: make(chan struct{}, runtime.GOMAXPROCS(0)), derive: derive}
}

// Hash returns the hash of a password in PHC string form, which names algorithm,
// parameters and salt. Errors are ErrLength, that of the random source, and that
// of the context while waiting for others. It judges no password: see Check.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if !hashable(password) {
		return "", ErrLength
	}
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(h.rand, salt); err != nil {
		return "", fmt.Errorf("reading salt: %w", err)
	}
	key, err := h.key(ctx, today, password, salt, keySize)
	if err != nil {
		return "", err
	}
	return encoded{today, salt, key}.String(), nil
}

// Verify says whether a password is the one that was hashed. stale says that it is,
// and should be hashed anew because hashes are made otherwise today. A password
// that Hash refuses is a wrong one. Errors are ErrEncoded for a text that is no
// such hash, and that of the context while waiting for others.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (ok, stale bool, err error) {
	e, err := parse(hash)
	if err != nil {
		return false, false, err
	}
	if !hashable(password) {
		return false, false, nil
	}
	key, err := h.key(ctx, e.parameters, password, e.salt, uint32(len(e.key)))
	if err != nil || subtle.ConstantTimeCompare(key, e.key) == 0 {
		return false, false, err
	}
	return true, e.parameters != today || len(e.salt) != saltSize || len(e.key) != keySize, nil
}

// Dummy returns a hash as new as any, of no password. To verify against it where
// there is no account takes the same time as with one, so that the time does not
// tell which accounts there are.
func (h *Hasher) Dummy() string {
	return encoded{today, make([]byte, saltSize), make([]byte, keySize)}.String()
}

// key waits for a place and hashes. Once it has begun it cannot be interrupted.
func (h *Hasher) key(ctx context.Context, p parameters, password string, salt []byte, size uint32) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case h.places <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-h.places }()
	return h.derive(p, norm.NFKC.Bytes([]byte(password)), salt, size), nil
}

func derive(p parameters, password, salt []byte, size uint32) []byte {
	return argon2.IDKey(password, salt, p.time, p.memory, p.threads, size)
}

func hashable(password string) bool { return password != "" && len(password) <= maxBytes }
