package jose

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	gojose "github.com/go-jose/go-jose/v4"
)

// What a client's key set may be.
const (
	maxSet     = 64 << 10 // bytes
	maxKeys    = 20       // an assertion without a key id is tried with each
	minRSABits = 2048     // RFC 7518, sections 3.3 and 3.5
)

// useSignature is the use of a key that is not for encryption (RFC 7517, section 4.2).
const useSignature = "sig"

// ErrKeySet says that a JSON Web Key Set cannot be used. Its text says why and
// shows nothing of the keys.
var ErrKeySet = errors.New("bad key set")

// CheckJWKS says whether a client can be registered with a JSON Web Key Set (RFC
// 7517, section 5): at most 64 KiB with 1 to 20 keys, all of them public, EC with
// P-256 or RSA with 2048 to 4096 bits, no key id twice, and one at least that
// VerifyAssertion can use. Else the error is ErrKeySet.
func CheckJWKS(raw []byte) error {
	members, err := readSet(raw)
	if err != nil {
		return err
	}
	var ids []string
	usable := false
	for i, member := range members {
		key, err := readKey(member)
		if err != nil {
			return fmt.Errorf("%w: key %d: %w", ErrKeySet, i+1, err)
		}
		if key.KeyID != "" && slices.Contains(ids, key.KeyID) {
			return fmt.Errorf("%w: key %d: another key has its id", ErrKeySet, i+1)
		}
		ids = append(ids, key.KeyID)
		usable = usable || verifies(member, key)
	}
	if !usable {
		return fmt.Errorf("%w: no key in it is for signatures with ES256, RS256 or PS256", ErrKeySet)
	}
	return nil
}

// usableKeys returns the keys of a set that can verify assertions. Others, such as
// keys for encryption or of kinds that are not known here, are left out (RFC 7517,
// section 5). The error is ErrKeySet.
func usableKeys(raw []byte) ([]gojose.JSONWebKey, error) {
	members, err := readSet(raw)
	if err != nil {
		return nil, err
	}
	var keys []gojose.JSONWebKey
	for _, member := range members {
		if key, err := readKey(member); err == nil && verifies(member, key) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

func readSet(raw []byte) ([]json.RawMessage, error) {
	if len(raw) > maxSet {
		return nil, fmt.Errorf("%w: it is longer than %d bytes", ErrKeySet, maxSet)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, fmt.Errorf(`%w: not JSON of the form {"keys": [...]}`, ErrKeySet)
	}
	if len(set.Keys) == 0 || len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("%w: it has %d keys instead of 1 to %d", ErrKeySet, len(set.Keys), maxKeys)
	}
	return set.Keys, nil
}

// publicMembers are those members of a key that are read; the certificates that
// others speak of are not looked at.
var publicMembers = []string{"kty", "kid", "use", "alg", "crv", "x", "y", "n", "e"}

// privateMembers are the members that only private and symmetric keys have
// (RFC 7518, sections 6.2.2, 6.3.2 and 6.4; RFC 9964 for priv).
var privateMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}

// readKey reads a public key of a kind and size that is good enough.
func readKey(raw []byte) (key gojose.JSONWebKey, err error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return key, errors.New("it is not a JSON object")
	}
	for _, name := range privateMembers {
		if _, ok := members[name]; ok {
			return key, errors.New("it is a private or symmetric key")
		}
	}
	wanted := map[string]json.RawMessage{}
	for _, name := range publicMembers {
		if value, ok := members[name]; ok {
			wanted[name] = value
		}
	}
	reduced, err := json.Marshal(wanted)
	if err != nil || key.UnmarshalJSON(reduced) != nil {
		return gojose.JSONWebKey{}, errors.New("it is no EC or RSA key, or has wrong values")
	}
	return key, checkStrength(key)
}

func checkStrength(key gojose.JSONWebKey) error {
	switch public := key.Key.(type) {
	case *ecdsa.PublicKey:
		if public.Curve != elliptic.P256() {
			return errors.New("its curve is not P-256")
		}
	case *rsa.PublicKey:
		if public.N.BitLen() < minRSABits {
			return fmt.Errorf("its modulus has fewer than %d bits", minRSABits)
		}
		if public.N.Bit(0) == 0 || public.E < 3 || public.E&1 == 0 {
			return errors.New("it is no RSA key, but has the form of one")
		}
	default:
		return errors.New("it is neither an EC nor an RSA key")
	}
	return nil
}

// verifies says whether a key may verify signatures, by its use, its key_ops and
// its alg (RFC 7517, sections 4.2 to 4.4).
func verifies(raw []byte, key gojose.JSONWebKey) bool {
	var about struct {
		Ops []string `json:"key_ops"`
	}
	if err := json.Unmarshal(raw, &about); err != nil {
		return false
	}
	if key.Use != "" && key.Use != useSignature || about.Ops != nil && !slices.Contains(about.Ops, "verify") {
		return false
	}
	return slices.ContainsFunc(assertionAlgorithms, func(a gojose.SignatureAlgorithm) bool { return fits(key, string(a)) })
}

// fits says whether a key is of the type that an algorithm needs, and not kept for
// another algorithm.
func fits(key gojose.JSONWebKey, algorithm string) bool {
	if key.Algorithm != "" && key.Algorithm != algorithm {
		return false
	}
	switch key.Key.(type) {
	case *ecdsa.PublicKey:
		return algorithm == ES256
	case *rsa.PublicKey:
		return algorithm == RS256 || algorithm == string(gojose.PS256)
	}
	return false
}
