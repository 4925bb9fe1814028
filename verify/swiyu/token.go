package swiyu

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// tokenMargin is how long before its end a token is no longer used, so that it
// does not run out on the way.
const tokenMargin = 30 * time.Second

// tokens keeps the bearer token of the management API.
type tokens struct {
	conf    clientcredentials.Config
	http    *http.Client
	now     func() time.Time
	slot    chan struct{} // a lock that gives up with the caller's context
	current *oauth2.Token
}

func newTokens(cfg Config, client *http.Client) *tokens {
	return &tokens{
		conf: clientcredentials.Config{
			TokenURL: cfg.TokenURL, ClientID: cfg.ClientID, ClientSecret: cfg.ClientSecret, Scopes: cfg.Scopes,
		},
		http: client, now: cfg.Now, slot: make(chan struct{}, 1),
	}
}

// get returns a token that is valid by its own dates and is not the refused one.
// Of many callers that were refused the same token, one fetches a new one for
// all. Errors are ErrRejected (the token endpoint does not know us) and
// ErrUnavailable.
func (t *tokens) get(ctx context.Context, refused string) (string, error) {
	select {
	case t.slot <- struct{}{}:
		defer func() { <-t.slot }()
	case <-ctx.Done():
		return "", fmt.Errorf("%w: waiting for a token: %w", ErrUnavailable, ctx.Err())
	}
	if t.usable() && t.current.AccessToken != refused {
		return t.current.AccessToken, nil
	}
	fresh, err := t.conf.Token(context.WithValue(ctx, oauth2.HTTPClient, t.http))
	if err != nil {
		return "", tokenError(err)
	}
	t.current = fresh
	return fresh.AccessToken, nil
}

func (t *tokens) usable() bool {
	return t.current != nil && (t.current.Expiry.IsZero() || t.now().Add(tokenMargin).Before(t.current.Expiry))
}

// tokenError leaves out the body, which the library would print.
func tokenError(err error) error {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok && refused.Response != nil {
		status := refused.Response.StatusCode
		if status == http.StatusOK { // answered, but with something that is no token
			return fmt.Errorf("%w: token endpoint sent no token", ErrUnavailable)
		}
		return fmt.Errorf("%w: token endpoint answered %d", statusError(status), status)
	}
	return fmt.Errorf("%w: fetching a token: %w", ErrUnavailable, withoutURL(err))
}
