package server

import (
	"context"
	"crypto/sha256"
	"errors"

	"vouchgate/kyc"
	"vouchgate/oauth"
	"vouchgate/server/jose"
	"vouchgate/store"
)

// caller returns the client that calls an endpoint for clients, after it has
// authenticated itself in the form or the Authorization header.
func (s *Server) caller(ctx context.Context) (kyc.Client, error) {
	v := visitOf(ctx)
	credentials, err := oauth.ParseClientCredentials(v.authorization, v.form)
	if err != nil {
		return kyc.Client{}, err
	}
	var client kyc.Client
	switch credentials.Method {
	case oauth.AuthNone:
		client, err = s.public(ctx, credentials.ClientID)
	case oauth.AuthPrivateKeyJWT:
		client, err = s.asserted(ctx, credentials)
	default:
		client, err = s.authenticate(ctx, credentials.ClientID, credentials.Secrets)
		if err == nil && !protocolClient(client).Accepts(credentials.Method) {
			err = errWrongSecret
		}
	}
	if errors.Is(err, errWrongSecret) {
		return kyc.Client{}, credentials.Refused().Because(err)
	}
	return client, err
}

// public returns a client that has no secret and only names itself.
func (s *Server) public(ctx context.Context, id string) (kyc.Client, error) {
	if !kyc.ValidClientID(id) {
		return kyc.Client{}, errWrongSecret
	}
	client, err := s.Store.Client(ctx, id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return kyc.Client{}, err
	}
	if err != nil || !client.Enabled() || !protocolClient(client).Public() {
		return kyc.Client{}, errWrongSecret
	}
	return client, nil
}

// asserted returns the client that has signed an assertion (RFC 7523, section 3).
// Faults count as wrong secrets do.
func (s *Server) asserted(ctx context.Context, c oauth.Credentials) (kyc.Client, error) {
	if !kyc.ValidClientID(c.ClientID) {
		return kyc.Client{}, errWrongSecret
	}
	key := c.ClientID + "\x00" + visitOf(ctx).address
	if wait := s.failures.wait(key, s.Now()); wait > 0 {
		return kyc.Client{}, limited{retryAfter(wait)}
	}
	client, err := s.Store.Client(ctx, c.ClientID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return kyc.Client{}, err
	}
	if err != nil || !client.Enabled() || !protocolClient(client).Accepts(c.Method) {
		err = errWrongSecret
	} else {
		err = s.checkAssertion(ctx, client, c.Assertion)
	}
	if errors.Is(err, errWrongSecret) {
		return kyc.Client{}, s.failed(key, err)
	}
	return client, err
}

// checkAssertion returns errWrongSecret, with the reason for the log, unless the
// assertion was signed with a key of the client, is meant for us, is in time and
// comes for the first time.
func (s *Server) checkAssertion(ctx context.Context, client kyc.Client, text string) error {
	payload, err := s.verifyAssertion(ctx, client, text)
	if err != nil {
		return errors.Join(errWrongSecret, err)
	}
	a, err := oauth.ParseAssertionPayload(payload)
	if err == nil {
		err = a.Check(client.ID, []string{s.issuer()}, s.Now())
	}
	if err != nil {
		return errors.Join(errWrongSecret, errors.Unwrap(err))
	}
	name := sha256.Sum256([]byte(client.ID + "\x00" + a.ID))
	fresh, err := s.Store.UseAssertion(ctx, name[:], *a.Expires)
	if err == nil && !fresh {
		err = errors.Join(errWrongSecret, errAssertionUsed)
	}
	return err
}

var errAssertionUsed = errors.New("the assertion was used before")

func (s *Server) verifyAssertion(ctx context.Context, client kyc.Client, text string) ([]byte, error) {
	if client.JWKSURI == "" {
		return jose.VerifyAssertion(client.JWKS, text)
	}
	return s.Fetcher.VerifyAssertion(ctx, client.JWKSURI, text)
}
