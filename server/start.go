package server

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/oauth"
	"vouchgate/server/pages"
)

// AuthorizeVisit implements api.StrictServerInterface.
func (s *Server) AuthorizeVisit(ctx context.Context, _ api.AuthorizeVisitRequestObject) (api.AuthorizeVisitResponseObject, error) {
	return s.start(ctx)
}

// AuthorizeVisitByForm implements api.StrictServerInterface.
func (s *Server) AuthorizeVisitByForm(ctx context.Context, _ api.AuthorizeVisitByFormRequestObject) (api.AuthorizeVisitByFormResponseObject, error) {
	return s.start(ctx)
}

// start serves an authorization request that makes its own session, or one that was
// pushed.
func (s *Server) start(ctx context.Context) (answer, error) {
	a := arrival{visit: visitOf(ctx)}
	clientID, handle, pushed, err := oauth.RequestURI(a.query)
	if err != nil {
		return answer{}, err
	}
	if pushed {
		return s.resume(ctx, a, clientID, handle)
	}
	a.request, err = oauth.ParseAuthorize(a.query, s.lookClient(ctx, &a.client), kyc.KnownScope)
	if away := (*oauth.RedirectError)(nil); errors.As(err, &away) {
		return answer{}, inWordsOf(a.client, away)
	}
	if err != nil {
		return answer{}, err
	}
	if a.posted && a.visit.browser == "" && !a.json {
		return s.park(ctx, a)
	}
	if err := s.prepare(ctx, a); err != nil {
		return answer{}, err
	}
	if a.browser, err = s.browserOf(a.visit); err != nil {
		return answer{}, err
	}
	return s.visitNew(ctx, a)
}

// park keeps a request that another site posted as if it had been pushed, and has
// the browser come back for it. Browsers leave our cookies out of such a post
// (SameSite=Lax) but not out of what follows a redirect; answered here, the person
// would be a stranger, and a new cookie would take the place of the one to which
// other tabs are bound.
func (s *Server) park(ctx context.Context, a arrival) (answer, error) {
	if !s.budget.take(ctx, s, a.client.ID) {
		return answer{}, s.away(a, oauth.CodeTemporarilyUnavailable, "too many sessions are open")
	}
	session, handle, err := s.newVisit(a.client, a.request, kyc.PushedLifetime)
	if errors.Is(err, errNoChoice) {
		return answer{}, s.noMethod(a)
	}
	if err != nil {
		return answer{}, err
	}
	if err := s.Store.CreateSession(ctx, session); err != nil {
		return answer{}, err
	}
	query := url.Values{"client_id": {a.client.ID}, "request_uri": {oauth.RequestURIPrefix + handle.String()}}
	if a.chosenLang {
		query.Set("ui_locales", string(a.lang))
	}
	return redirectAnswer("/authorize?" + query.Encode()), nil
}

// visitNew makes a session for a request and opens it.
func (s *Server) visitNew(ctx context.Context, a arrival) (answer, error) {
	if !s.budget.take(ctx, s, a.client.ID) {
		return answer{}, s.away(a, oauth.CodeTemporarilyUnavailable, "too many sessions are open")
	}
	session, _, err := s.newVisit(a.client, a.request, kyc.VisitLifetime)
	if errors.Is(err, errNoChoice) {
		return answer{}, s.noMethod(a)
	}
	if err != nil {
		return answer{}, err
	}
	b := session.Binding
	b.BrowserHash = a.browserHash()
	_, err = s.begin(ctx, a.client, &session, b, "")
	if down := (*pageError)(nil); errors.As(err, &down) && !a.json {
		// The session is kept all the same, and its page tries again.
		s.Log.Warn("verification not made", "session_id", session.ID, "client_id", a.client.ID, "error", down.cause)
		session.Binding, err = b, nil
	}
	if err != nil {
		return answer{}, err
	}
	if err := s.Store.CreateSession(ctx, session); err != nil {
		return answer{}, err
	}
	if session.Status != kyc.StatusPending {
		s.opened(session)
	}
	if session, err = s.recognize(ctx, session, a.client); err != nil {
		return answer{}, err
	}
	return s.present(ctx, a, session)
}

// newVisit is a session that is bound to a request, and its nonce.
func (s *Server) newVisit(client kyc.Client, r oauth.AuthorizeRequest, life time.Duration) (kyc.Session, kyc.Handle, error) {
	now := s.Now()
	nonce, err := s.newHandle(now)
	if err != nil {
		return kyc.Session{}, nonce, err
	}
	sealed, err := s.sealRequest(r, nonce.ID, client.ID)
	if err != nil {
		return kyc.Session{}, nonce, err
	}
	b := bindingOf(r, client, sealed)
	method, err := s.methodFor(client, b.Scope, b.Claims)
	if err != nil {
		return kyc.Session{}, nonce, err
	}
	session := kyc.NewVisit(nonce, client.ID, method, b, now, life)
	session.Consent, session.LoginAfter = consentFor(client, r), loginAfter(r, now)
	return session, nonce, nil
}

func (s *Server) newHandle(now time.Time) (kyc.Handle, error) {
	id, err := kyc.NewID(now, s.Rand)
	if err != nil {
		return kyc.Handle{}, err
	}
	return kyc.NewHandle(id, s.Rand)
}

// resume opens the session of a pushed request (RFC 9126, section 4). Whatever is
// wrong with the reference is shown and not redirected: it says nothing that can be
// trusted about where to.
func (s *Server) resume(ctx context.Context, a arrival, clientID, handle string) (answer, error) {
	look, err := s.lookClient(ctx, &a.client)(clientID)
	if err != nil && !errors.Is(err, oauth.ErrNoClient) {
		return answer{}, err
	}
	if err != nil || look.Disabled {
		return answer{}, shownAs(pages.ReasonUnknownClient, http.StatusBadRequest)
	}
	unknown := shownAs(pages.ReasonRequestURI, http.StatusBadRequest)
	if a.nonce, err = kyc.ParseHandle(handle); err != nil {
		return answer{}, unknown
	}
	session, err := s.Store.Session(ctx, a.nonce.ID)
	if err != nil && !isNotFound(err) {
		return answer{}, err
	}
	if err != nil || !session.Bound() || session.ClientID != a.client.ID || !a.nonce.Matches(kyc.SecretNonce, session.NonceHash) ||
		!oauth.MatchRedirectURI(a.client.RedirectURIs, a.client.Native, session.RedirectURI) {
		return answer{}, unknown
	}
	a.pushed = true
	a.request = oauth.AuthorizeRequest{
		ClientID: clientID, RedirectURI: session.RedirectURI, State: session.State, Scope: session.Scope,
		ResponseMode: session.ResponseMode, Challenge: session.Challenge,
	}
	request, err := s.openRequest(session.ID, session.ClientID, session.SealedRequest)
	if err != nil {
		return answer{}, err
	}
	if request.Silent && session.Status == kyc.StatusPending {
		if err := s.silently(ctx, a, session.LoginAfter, session.Claims); err != nil {
			return answer{}, err
		}
	}
	if a.browser, err = s.browserOf(a.visit); err != nil {
		return answer{}, err
	}
	return s.enter(ctx, a)
}

// away is a refusal that goes home with the values of a request.
func (s *Server) away(a arrival, code oauth.Code, why string) profiled {
	e := oauth.NewRedirectError(a.request.RedirectURI, a.request.State, code, why)
	e.ResponseMode = a.request.ResponseMode
	return inWordsOf(a.client, e)
}

// prepare does what has to be done before a session is made: it has the keys ready
// that will sign, and refuses a request for which no page may be shown if one is
// needed.
func (s *Server) prepare(ctx context.Context, a arrival) error {
	if slices.Contains(strings.Fields(a.request.Scope), oauth.ScopeOpenID) {
		if err := s.Keys.Prepare(ctx, idTokenAlgorithm(a.client)); err != nil {
			return err
		}
	}
	if !slices.Contains(a.request.Prompt, oauth.PromptNone) {
		return nil
	}
	return s.silently(ctx, a, loginAfter(a.request, s.Now()), single(a.request, a.client))
}

// silently refuses a request that cannot be answered without a page (OpenID Connect
// Core, section 3.1.2.6).
func (s *Server) silently(ctx context.Context, a arrival, since *time.Time, claims kyc.Strings) error {
	choices := s.choices(a.client, a.request.Scope, claims)
	switch {
	case !slices.Contains(choices, kyc.MethodAccount):
		return s.away(a, oauth.CodeLoginRequired, "a proof needs the person")
	case len(choices) > 1:
		return s.away(a, oauth.CodeInteractionRequired, "the person has to choose a method")
	}
	in, err := s.signedIn(ctx, since)
	if err != nil && !isNotFound(err) {
		return err
	}
	if err != nil {
		return s.away(a, oauth.CodeLoginRequired, "nobody is signed in")
	}
	covered, err := s.covered(ctx, a.client, in.AccountID, a.request.Scope, claims)
	if err == nil && a.client.AskConsent && !covered {
		return s.away(a, oauth.CodeConsentRequired, "the person has to be asked")
	}
	return err
}
