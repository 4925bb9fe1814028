package server

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"vouchgate/kyc"
	"vouchgate/oauth"
	"vouchgate/store"
)

// authenticate returns the client with an id if one of the candidate secrets is
// one of its own. Unknown and disabled clients give errWrongSecret like a wrong
// secret. Too many failures from one address give limited.
func (s *Server) authenticate(ctx context.Context, id string, candidates []string) (kyc.Client, error) {
	if !kyc.ValidClientID(id) {
		return kyc.Client{}, errWrongSecret
	}
	key := id + "\x00" + visitOf(ctx).address
	if wait := s.failures.wait(key, s.Now()); wait > 0 {
		return kyc.Client{}, limited{retryAfter(wait)}
	}
	client, err := s.Store.Client(ctx, id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return kyc.Client{}, err
	}
	secrets, fault := s.Store.ClientSecrets(ctx, id)
	if fault != nil {
		return kyc.Client{}, fault
	}
	good := matches(secrets, candidates, s.Now())
	if err != nil || !client.Enabled() || !good {
		return kyc.Client{}, s.failed(key, errWrongSecret)
	}
	if wait := s.failures.wait(key, s.Now()); wait > 0 {
		return kyc.Client{}, limited{retryAfter(wait)} // it came along with too many guesses
	}
	return client, nil
}

// failed counts credentials that did not hold and returns err. Guesses that come at
// the same time all find the count low; those that are too many get limited here.
func (s *Server) failed(key string, err error) error {
	if wait := s.failures.spend(key, s.Now()); wait > 0 {
		return limited{retryAfter(wait)}
	}
	return err
}

var errWrongSecret = errors.New("wrong client or secret")

// noSecret stands in for the secrets of a client that has none, so that the
// comparison is made for an unknown client too.
var noSecret = []kyc.ClientSecret{{Hash: make([]byte, 32)}}

// matches compares every candidate with every secret that is still valid, without
// stopping early.
func matches(secrets []kyc.ClientSecret, candidates []string, now time.Time) bool {
	if len(secrets) == 0 {
		secrets = noSecret
	}
	found := 0
	for _, c := range candidates {
		hash := kyc.HashSecret(kyc.SecretClient, c)
		for _, secret := range secrets {
			same := subtle.ConstantTimeCompare(hash, secret.Hash)
			if secret.ExpiresAt == nil || now.Before(*secret.ExpiresAt) {
				found |= same
			}
		}
	}
	return found == 1
}

// lookClient finds clients for an authorization request and keeps the one that
// was found.
func (s *Server) lookClient(ctx context.Context, found *kyc.Client) func(string) (oauth.Client, error) {
	return func(id string) (oauth.Client, error) {
		if !kyc.ValidClientID(id) {
			return oauth.Client{}, oauth.ErrNoClient
		}
		c, err := s.Store.Client(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			return oauth.Client{}, oauth.ErrNoClient
		}
		*found = c
		return protocolClient(c), err
	}
}

// protocolClient is what the rules of OAuth need to know of a client.
func protocolClient(c kyc.Client) oauth.Client {
	return oauth.Client{
		ID: c.ID, RedirectURIs: c.RedirectURIs, Scopes: c.Scopes, Narrower: kyc.CoveredScopes(c.Scopes),
		GrantTypes: grantTypes(c), AuthMethod: c.AuthMethod, PKCERequired: c.PKCERequired,
		Native: c.Native, RequirePAR: c.RequirePAR, Disabled: !c.Enabled(),
	}
}

// grantTypes lists the grant types of a client. Every client swaps codes.
func grantTypes(c kyc.Client) []string {
	types := []string{oauth.GrantAuthorizationCode}
	if c.MayRefresh() {
		types = append(types, oauth.GrantRefreshToken)
	}
	return types
}
