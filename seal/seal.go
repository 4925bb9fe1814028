package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// A sealed text is: the version, the length of the key id, the key id, the nonce,
// and the ciphertext with its tag.
const (
	version   = 1
	nonceSize = 12
	tagSize   = 16
)

// ErrUnopenable says that a sealed text cannot be opened: its key is not in the
// ring, it was changed, or it was sealed for another purpose or place.
var ErrUnopenable = errors.New("sealed data cannot be opened")

// Seal encrypts plaintext for a purpose with the current key. aad is not part of
// the result but has to be the same to open it; it should name the place, such as
// the row's id. The error is that of the random source.
//
// A nonce is 96 random bits (NIST SP 800-38D, section 8.2.2), which is good for
// 2^32 texts per key and purpose.
func (r *Ring) Seal(purpose string, aad, plaintext []byte) ([]byte, error) {
	header := append([]byte{version, byte(len(r.current))}, r.current...)
	sealed := make([]byte, len(header)+nonceSize, len(header)+nonceSize+len(plaintext)+tagSize)
	copy(sealed, header)
	nonce := sealed[len(header):]
	if _, err := io.ReadFull(r.rand, nonce); err != nil {
		return nil, fmt.Errorf("reading nonce: %w", err)
	}
	return r.aead(use{r.current, purpose}).Seal(sealed, nonce, plaintext, slices.Concat(header, aad)), nil
}

// Open decrypts what Seal returned for the same purpose and aad, with any key of
// the ring. Everything else gives ErrUnopenable.
func (r *Ring) Open(purpose string, aad, sealed []byte) ([]byte, error) {
	keyID, headerLen, ok := readHeader(sealed)
	if !ok {
		return nil, fmt.Errorf("%w: it is not a sealed text", ErrUnopenable)
	}
	if _, ok := r.keys[keyID]; !ok {
		return nil, fmt.Errorf("%w: its key is not in the ring", ErrUnopenable)
	}
	header, nonce := sealed[:headerLen], sealed[headerLen:headerLen+nonceSize]
	plaintext, err := r.aead(use{keyID, purpose}).
		Open(nil, nonce, sealed[headerLen+nonceSize:], slices.Concat(header, aad))
	if err != nil {
		return nil, fmt.Errorf("%w: it was changed, or sealed for another purpose or place", ErrUnopenable)
	}
	return plaintext, nil
}

// readHeader returns the key id and the length of what comes before the nonce.
func readHeader(sealed []byte) (keyID string, headerLen int, ok bool) {
	if len(sealed) < 2 || sealed[0] != version {
		return "", 0, false
	}
	headerLen = 2 + int(sealed[1])
	if len(sealed) < headerLen+nonceSize+tagSize {
		return "", 0, false
	}
	return string(sealed[2:headerLen]), headerLen, true
}

// MAC returns a keyed hash (HMAC-SHA256, 32 bytes) of the parts for a purpose. The
// same parts give the same hash as long as the current key stays; no one without
// the key can tell it from random bytes. Parts are told apart: "ab", "c" and "a",
// "bc" have different hashes.
func (r *Ring) MAC(purpose string, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, r.macKey(use{r.current, purpose}))
	var length [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write(part)
	}
	return h.Sum(nil)
}

// Current says whether something was sealed with the current key, so that it stays
// readable when the older keys are removed. It does not open it.
func (r *Ring) Current(sealed []byte) bool {
	keyID, _, ok := readHeader(sealed)
	return ok && keyID == r.current
}
