package kyc

import (
	"crypto/sha256"
	"crypto/subtle"
	"database/sql/driver"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"
)

// ID names a row: a UUID of version 7 (RFC 9562, section 5.7). Its first 48 bits
// are the time of creation in milliseconds, so that new rows land at the right
// edge of their index. An ID is not a secret.
type ID [16]byte

// NewID returns an ID made at the given time with random bits from rand.
// The error is that of rand.
func NewID(now time.Time, rand io.Reader) (ID, error) {
	var id ID
	if _, err := io.ReadFull(rand, id[6:]); err != nil {
		return ID{}, fmt.Errorf("reading random bits: %w", err)
	}
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli()))
	copy(id[:6], ms[2:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id, nil
}

// FirstID returns the smallest ID that a row made at the given time can have.
// Rows older than a time are exactly those with an ID below FirstID of it.
func FirstID(at time.Time) ID {
	id, _ := NewID(at, zeros{})
	return id
}

// ErrBadID says that a text is not an ID in its usual form of 36 characters.
var ErrBadID = errors.New("not an id")

// ParseID reads the usual text form with hyphens, in lower or upper case.
// Any other text gives ErrBadID.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return ID{}, ErrBadID
	}
	if _, err := hex.Decode(id[:], []byte(s[0:8]+s[9:13]+s[14:18]+s[19:23]+s[24:])); err != nil {
		return ID{}, ErrBadID
	}
	return id, nil
}

// String returns the usual text form in lower case.
func (id ID) String() string {
	h := hex.EncodeToString(id[:])
	return h[0:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// MarshalText returns the usual text form, for JSON.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the usual text form.
func (id *ID) UnmarshalText(b []byte) (err error) {
	*id, err = ParseID(string(b))
	return err
}

// Value stores the ID as text, which both databases take.
func (id ID) Value() (driver.Value, error) { return id.String(), nil }

// Scan reads what Value stored.
func (id *ID) Scan(src any) (err error) {
	switch v := src.(type) {
	case string:
		*id, err = ParseID(v)
	case []byte:
		*id, err = ParseID(string(v))
	default:
		err = fmt.Errorf("cannot read an id from %T", src)
	}
	return err
}

// SecretKind keeps secrets of different use apart: the hash of a nonce never
// matches the hash of a token with the same bytes.
type SecretKind string

// The kinds of secret.
const (
	SecretNonce        SecretKind = "nonce"
	SecretCode         SecretKind = "authorization code"
	SecretAccessToken  SecretKind = "access token"
	SecretRefreshToken SecretKind = "refresh token"
	SecretClient       SecretKind = "client secret"
	SecretBrowser      SecretKind = "browser"
	SecretSignIn       SecretKind = "sign-in"
	secretBytes                   = 32
	handleBytes                   = len(ID{}) + secretBytes
	handleLen                     = handleBytes * 4 / 3 // 48 bytes fill base64 without padding
)

// Handle is a bearer secret that names its row: the row's ID and 256 random
// bits, in 64 characters of [A-Za-z0-9_-]. The row is found by its primary key
// and the hash of the secret is compared in constant time, so that no index over
// random hashes is needed.
type Handle struct {
	ID     ID
	Secret [secretBytes]byte
}

// NewHandle returns a handle of the row id with a secret from rand.
func NewHandle(id ID, rand io.Reader) (Handle, error) {
	h := Handle{ID: id}
	if _, err := io.ReadFull(rand, h.Secret[:]); err != nil {
		return Handle{}, fmt.Errorf("reading random bits: %w", err)
	}
	return h, nil
}

// ErrBadHandle says that a text cannot be a handle. To the outside it is the
// same as a handle whose row does not exist.
var ErrBadHandle = errors.New("not a handle")

// ParseHandle reads a handle as String printed it; any other text, also one with
// other characters for the same bits, gives ErrBadHandle.
func ParseHandle(s string) (Handle, error) {
	var h Handle
	if len(s) != handleLen {
		return Handle{}, ErrBadHandle
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != handleBytes {
		return Handle{}, ErrBadHandle
	}
	copy(h.ID[:], b)
	copy(h.Secret[:], b[len(h.ID):])
	return h, nil
}

// String returns the 64 characters that are handed out, once.
func (h Handle) String() string {
	return base64.RawURLEncoding.EncodeToString(append(h.ID[:], h.Secret[:]...))
}

// GoString keeps the secret out of %#v.
func (h Handle) GoString() string { return "kyc.Handle{" + h.ID.String() + "}" }

// Hash returns what the store keeps of the secret when it is used as kind.
func (h Handle) Hash(kind SecretKind) []byte { return HashSecret(kind, string(h.Secret[:])) }

// Matches says, in constant time, whether hash is that of h used as kind.
func (h Handle) Matches(kind SecretKind, hash []byte) bool {
	return subtle.ConstantTimeCompare(h.Hash(kind), hash) == 1
}

// HashSecret hashes a secret of high entropy for keeping (SHA-256: a slow hash
// adds nothing to 256 random bits and would be a lever for attackers).
func HashSecret(kind SecretKind, secret string) []byte {
	sum := sha256.Sum256([]byte(string(kind) + "\x00" + secret))
	return sum[:]
}

type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
