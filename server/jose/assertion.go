package jose

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	gojose "github.com/go-jose/go-jose/v4"
)

// maxAssertion is the length of the longest assertion that is looked at, in bytes.
const maxAssertion = 8 << 10

var (
	// ErrAssertion says that a text is not a signed assertion of a kind that is
	// accepted, whoever may have signed it.
	ErrAssertion = errors.New("bad assertion")
	// ErrUnknownKey says that no key of the client could have made the signature.
	// The client may have a new key.
	ErrUnknownKey = errors.New("assertion is signed with an unknown key")
	// ErrSignature says that a signature is not that of the key it names, or of any
	// key of the client if it names none.
	ErrSignature = errors.New("assertion has a wrong signature")
)

// assertionAlgorithms are those that clients may sign with. Neither "none" nor the
// ones with a shared secret are among them (RFC 8725, section 3.1).
var assertionAlgorithms = []gojose.SignatureAlgorithm{gojose.ES256, gojose.RS256, gojose.PS256}

// AssertionAlgorithms returns the names of the algorithms that clients may sign
// assertions with, for the metadata.
func AssertionAlgorithms() []string {
	var names []string
	for _, a := range assertionAlgorithms {
		names = append(names, string(a))
	}
	return names
}

// assertionTypes are the typ headers of client assertions, in lower case: none, the
// usual one, and the one that tells them from other signed things (RFC 8725,
// section 3.11; draft-ietf-oauth-rfc7523bis). An ID token request or a proof of
// possession by the same key has another one.
var assertionTypes = []string{"", "jwt", "client-authentication+jwt"}

// VerifyAssertion returns what a client signed: the payload of a compact JWS of at
// most 8 KiB (RFC 7515, section 7.1) that is signed with ES256, RS256 or PS256 by
// a key of the set. The key is the one with the key id in the header, or any of
// the right type if there is no id there. Keys that the assertion brings along or
// points to are not looked at. Errors are ErrAssertion, ErrUnknownKey,
// ErrSignature, and ErrKeySet.
//
// The payload is usually a JSON object, which is for the caller to find out, as is
// whether its claims are right.
func VerifyAssertion(jwks []byte, assertion string) (payload []byte, err error) {
	a, err := parseAssertion(assertion)
	if err != nil {
		return nil, err
	}
	keys, err := usableKeys(jwks)
	if err != nil {
		return nil, err
	}
	return a.verify(keys)
}

// assertion is one that was read and whose signature is not verified yet.
type assertion struct {
	jws       *gojose.JSONWebSignature
	keyID     string
	algorithm string
}

func parseAssertion(text string) (assertion, error) {
	if len(text) > maxAssertion {
		return assertion{}, fmt.Errorf("%w: it is longer than %d bytes", ErrAssertion, maxAssertion)
	}
	if strings.Trim(text, compactCharacters) != "" || strings.Count(text, ".") != 2 {
		return assertion{}, fmt.Errorf("%w: it is not a compact JWS", ErrAssertion)
	}
	// The library's own errors are dropped: they quote what they stumbled over.
	jws, err := gojose.ParseSignedCompact(text, assertionAlgorithms)
	if other := (*gojose.ErrUnexpectedSignatureAlgorithm)(nil); errors.As(err, &other) {
		return assertion{}, fmt.Errorf("%w: its algorithm is not accepted", ErrAssertion)
	}
	if err != nil || len(jws.Signatures) != 1 {
		return assertion{}, fmt.Errorf("%w: it is not a compact JWS", ErrAssertion)
	}
	header := jws.Signatures[0].Protected
	// An unencoded payload (RFC 7797) must not be used in a JWT, and there is no
	// other extension that has to be understood.
	if header.ExtraHeaders["crit"] != nil || header.ExtraHeaders["b64"] != nil {
		return assertion{}, fmt.Errorf("%w: it needs extensions that are not known", ErrAssertion)
	}
	if !isAssertionType(header.ExtraHeaders[gojose.HeaderType]) {
		return assertion{}, fmt.Errorf("%w: its type is that of something else", ErrAssertion)
	}
	return assertion{jws: jws, keyID: header.KeyID, algorithm: header.Algorithm}, nil
}

const compactCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."

func isAssertionType(typ any) bool {
	text, ok := typ.(string)
	if typ != nil && !ok {
		return false
	}
	return slices.Contains(assertionTypes, strings.TrimPrefix(strings.ToLower(text), "application/"))
}

// verify returns the payload if one of the keys made the signature.
func (a assertion) verify(keys []gojose.JSONWebKey) ([]byte, error) {
	candidates := 0
	for _, key := range keys {
		if a.keyID != "" && key.KeyID != a.keyID || !fits(key, a.algorithm) {
			continue
		}
		candidates++
		if payload, err := a.jws.Verify(key.Key); err == nil {
			return payload, nil
		}
	}
	if candidates == 0 {
		return nil, ErrUnknownKey
	}
	return nil, ErrSignature
}
