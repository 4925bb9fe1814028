package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	gojose "github.com/go-jose/go-jose/v4"

	"vouchgate/kyc"
)

// rsaBits is the size of an RSA key: what RFC 7518, section 3.3, asks for at least.
const rsaBits = 2048

// errMismatch says that the parts of a key's row do not belong together.
var errMismatch = errors.New("public and private key do not belong together")

// opened is a key that was read from its row.
type opened struct {
	public json.RawMessage // for the key set; nil if the row's public key cannot be read
	signer gojose.Signer   // nil if the row's private key cannot be opened
}

// generate makes a private key. The standard library takes its random bits from
// the operating system, whatever rand is, since Go 1.26.
func generate(algorithm string, rand io.Reader) (crypto.Signer, error) {
	switch algorithm {
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand)
	case RS256:
		return rsa.GenerateKey(rand, rsaBits)
	}
	return nil, ErrAlgorithm
}

// make returns the row of a new key. The private key is sealed in PKCS #8 form
// (RFC 5208) and tied to the row's id, which is also the key id.
func (k *Keys) make(algorithm string, generation int64, from time.Time) (kyc.SigningKey, error) {
	now := k.cfg.Now()
	id, err := kyc.NewID(now, k.cfg.Rand)
	if err != nil {
		return kyc.SigningKey{}, fmt.Errorf("naming signing key: %w", err)
	}
	private, err := k.generate(algorithm, k.cfg.Rand)
	if err != nil {
		return kyc.SigningKey{}, fmt.Errorf("generating signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return kyc.SigningKey{}, fmt.Errorf("encoding signing key: %w", err)
	}
	sealed, err := k.cfg.Seal(kyc.PurposeSigningKey, id[:], der)
	if err != nil {
		return kyc.SigningKey{}, fmt.Errorf("sealing signing key: %w", err)
	}
	public, err := json.Marshal(gojose.JSONWebKey{
		Key: private.Public(), KeyID: id.String(), Algorithm: algorithm, Use: useSignature,
	})
	if err != nil {
		return kyc.SigningKey{}, fmt.Errorf("encoding public key: %w", err)
	}
	return kyc.SigningKey{
		ID: id, Algorithm: algorithm, Generation: generation, Sealed: sealed, Public: public, CreatedAt: now, SignsFrom: from,
	}, nil
}

// open reads a row. Where the private key cannot be opened, because it was sealed
// with a key that this replica does not have, the public one is published all the
// same: another replica may sign with it.
func (k *Keys) open(row kyc.SigningKey) (opened, error) {
	public, err := readKey(row.Public)
	if err != nil {
		return opened{}, fmt.Errorf("reading public key: %w", err)
	}
	if public.KeyID != row.ID.String() || !fits(public, row.Algorithm) {
		return opened{}, errMismatch
	}
	listed, err := json.Marshal(public)
	if err != nil {
		return opened{}, fmt.Errorf("encoding public key: %w", err)
	}
	signer, err := k.openPrivate(row, public)
	if errors.Is(err, errMismatch) {
		return opened{}, err
	}
	return opened{public: listed, signer: signer}, err
}

// openPrivate makes the signer of a row. A private key that does not belong to the
// published one is of no use: nobody could verify what it signs.
func (k *Keys) openPrivate(row kyc.SigningKey, public gojose.JSONWebKey) (gojose.Signer, error) {
	der, err := k.cfg.Open(kyc.PurposeSigningKey, row.ID[:], row.Sealed)
	if err != nil {
		return nil, fmt.Errorf("opening private key: %w", err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("reading private key: it is not in PKCS #8 form")
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, errMismatch
	}
	own, ok := private.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !own.Equal(public.Key) {
		return nil, errMismatch
	}
	signer, err := gojose.NewSigner(
		gojose.SigningKey{
			Algorithm: gojose.SignatureAlgorithm(row.Algorithm),
			Key:       gojose.JSONWebKey{Key: private, KeyID: public.KeyID},
		},
		(&gojose.SignerOptions{}).WithType("JWT"),
	)
	if err != nil {
		return nil, fmt.Errorf("preparing to sign: %w", err)
	}
	return signer, nil
}

// AtHash returns the at_hash claim for an access token that is issued together
// with an ID token signed with the algorithm: the left half of its hash (OpenID
// Connect Core, section 3.1.3.6). It is "" for an algorithm that is not used here.
func AtHash(algorithm, accessToken string) string {
	if algorithm != ES256 && algorithm != RS256 {
		return ""
	}
	sum := sha256.Sum256([]byte(accessToken))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}
