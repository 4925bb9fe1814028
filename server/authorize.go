package server

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/oauth"
	"vouchgate/server/pages"
	"vouchgate/store"
)

// firstCheck is how long after its opening the background looks at a verification
// for the first time by itself.
const firstCheck = 2 * time.Second

// Authorize implements api.StrictServerInterface.
func (s *Server) Authorize(ctx context.Context, r api.AuthorizeRequestObject) (api.AuthorizeResponseObject, error) {
	return s.arrive(ctx, r.Nonce, false)
}

// AuthorizeHere implements api.StrictServerInterface.
func (s *Server) AuthorizeHere(ctx context.Context, r api.AuthorizeHereRequestObject) (api.AuthorizeHereResponseObject, error) {
	return s.arrive(ctx, r.Nonce, true)
}

// arrival is a visit to the authorization endpoint that has passed the checks of
// client, redirect URI and request.
type arrival struct {
	*visit
	client   kyc.Client
	request  oauth.AuthorizeRequest
	nonce    kyc.Handle
	browser  string // the cookie's value, new for a browser that had none
	takeOver bool   // the person wants to go on in this browser
}

func (a arrival) binding() kyc.Binding {
	return kyc.Binding{
		RedirectURI: a.request.RedirectURI, State: a.request.State, Scope: a.request.Scope,
		Challenge: a.request.Challenge, BrowserHash: kyc.HashSecret(kyc.SecretBrowser, a.browser),
	}
}

// arrive serves both ways to the authorization endpoint. The answers that say
// that the session cannot go on know the way back to the client, because its
// redirect URI has been checked by then.
func (s *Server) arrive(ctx context.Context, nonce string, takeOver bool) (answer, error) {
	a := arrival{visit: visitOf(ctx), takeOver: takeOver}
	var err error
	a.request, err = oauth.ParseAuthorize(a.query, s.lookClient(ctx, &a.client), kyc.KnownScope)
	if away := (*oauth.RedirectError)(nil); errors.As(err, &away) {
		return answer{}, inWordsOf(a.client, away)
	}
	if err != nil {
		return answer{}, err
	}
	if a.browser, err = s.browserOf(a.visit); err != nil {
		return answer{}, err
	}
	if a.nonce, err = kyc.ParseHandle(nonce); err != nil {
		return answer{}, s.deadEnd(a, pages.ReasonSessionUnknown, "the session is unknown")
	}
	return s.enter(ctx, a)
}

// browserOf returns the value of the cookie that binds a browser, a new one for a
// browser that has none.
func (s *Server) browserOf(v *visit) (string, error) {
	if v.browser != "" {
		return v.browser, nil
	}
	var secret [32]byte
	if _, err := io.ReadFull(s.Rand, secret[:]); err != nil {
		return "", fmt.Errorf("reading random bits: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(secret[:]), nil
}

// enter brings the browser to its session, again when somebody else moved the
// session in between.
func (s *Server) enter(ctx context.Context, a arrival) (answer, error) {
	done, err := s.opening.take(ctx, a.nonce.ID)
	if err != nil {
		return answer{}, err
	}
	defer done()
	for try := 1; ; try++ {
		session, err := s.Store.Session(ctx, a.nonce.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return answer{}, err
		}
		if err != nil || !a.nonce.Matches(kyc.SecretNonce, session.NonceHash) || session.ClientID != a.client.ID {
			return answer{}, s.deadEnd(a, pages.ReasonSessionUnknown, "the session is unknown")
		}
		if session.Bound() && a.request.ByDefault {
			// The client leaves the scope to us, so what it was granted on the first
			// visit stays, even if its registration has changed.
			a.request.Scope = session.Scope
		}
		response, err := s.meet(ctx, a, session)
		if !errors.Is(err, store.ErrStale) || try == 3 {
			return response, err
		}
	}
}

// meet decides what a visit finds: the session where it stands, a new
// verification, or a closed door.
func (s *Server) meet(ctx context.Context, a arrival, session kyc.Session) (answer, error) {
	now, b := s.Now(), a.binding()
	owned := session.OwnedBy(b.BrowserHash)
	// A client that takes its code by webhook shows the link itself and has no
	// browser to bind; it may look as often as it wants.
	shown := a.json && a.client.CodeDelivery == kyc.DeliverByWebhook
	switch {
	case session.CheckBinding(b) != nil:
		return answer{}, s.deadEnd(a, pages.ReasonOtherRequest, "the session was opened with other values")
	case session.Reusable(b.BrowserHash, now), shown && session.Reusable(session.BrowserHash, now):
		return s.present(a, session), nil
	case (owned || shown) && (session.Status == kyc.StatusVerified || session.Status.Final()):
		return s.present(a, session), nil
	case session.Status.Final():
		return answer{}, s.deadEnd(a, pages.ReasonFinished, "the session has ended")
	case session.Bound() && !owned && !shown && !(a.takeOver && session.Status != kyc.StatusVerified):
		e := s.deadEnd(a, pages.ReasonOtherBrowser, "the session is open in another browser")
		if session.Status != kyc.StatusVerified {
			e.here = a.path
		}
		return answer{}, e
	}
	return s.openHere(ctx, a, session)
}

// openHere starts a verification and binds the session to the visit.
func (s *Server) openHere(ctx context.Context, a arrival, session kyc.Session) (answer, error) {
	switch err := session.CanOpen(a.binding(), s.Now()); {
	case errors.Is(err, kyc.ErrSessionOver):
		return answer{}, s.deadEnd(a, pages.ReasonSessionOver, "the session has run out")
	case errors.Is(err, kyc.ErrNoAttemptsLeft) && session.OwnedBy(a.binding().BrowserHash):
		return s.present(a, session), nil
	case errors.Is(err, kyc.ErrNoAttemptsLeft):
		return answer{}, s.deadEnd(a, pages.ReasonSessionOver, "the session has no attempts left")
	case err != nil:
		return answer{}, err
	}
	session, err := s.verify(ctx, a.client, session, a.binding(), a.path)
	if err != nil {
		return answer{}, err
	}
	return s.present(a, session), nil
}

// verify has the verifier start a verification and writes it down. selfPath is
// where a person tries again when the verifier cannot be reached; nothing has
// been written then.
func (s *Server) verify(ctx context.Context, client kyc.Client, session kyc.Session, b kyc.Binding, selfPath string) (kyc.Session, error) {
	verification, err := s.Verifier.Create(ctx, client, b.Scope)
	if err != nil {
		e := shownAs(pages.ReasonUnavailable, http.StatusServiceUnavailable)
		e.client, e.selfPath, e.cause = &client, selfPath, err
		return session, e
	}
	now := s.Now()
	effects, err := session.Open(b, verification, now, now.Add(firstCheck))
	if err != nil {
		return session, err
	}
	if err := s.Store.Apply(ctx, session, effects); err != nil {
		return session, err
	}
	s.Changed(session)
	s.Background.Opened(session)
	return session, nil
}

// present shows a session to the browser that owns it, or as JSON.
func (s *Server) present(a arrival, session kyc.Session) answer {
	var cookies []*http.Cookie
	if session.OwnedBy(kyc.HashSecret(kyc.SecretBrowser, a.browser)) {
		// Sent each time, so that it lives as long as the session.
		cookies = append(cookies, s.cookie(a.browser))
	}
	if a.json {
		response := jsonAnswer(http.StatusOK, api.Authorization{
			VerificationID: session.RequestID, VerificationURL: session.URL, VerificationDeeplink: session.Deeplink,
			State: pointer(session.State), Status: api.Status(session.Status), ExpiresIn: session.TimeLeft(s.Now()),
		})
		for _, c := range cookies {
			response.header.Add("Set-Cookie", c.String())
		}
		return response
	}
	location := sessionPath(session.ID, "")
	if len(a.request.UILocales) > 0 {
		location += "?ui_locales=" + url.QueryEscape(string(a.lang))
	}
	return redirectAnswer(location, cookies...)
}

// deadEnd is a page that says why the session cannot go on, with a way back that
// tells the client.
func (s *Server) deadEnd(a arrival, reason pages.Reason, why string) *pageError {
	e := shownAs(reason, reason.Status())
	e.client = &a.client
	away := oauth.NewRedirectError(a.request.RedirectURI, a.request.State, oauth.CodeAccessDenied, why)
	e.back = inWordsOf(a.client, away).url(s.issuer())
	return e
}

func sessionPath(id kyc.ID, step string) string { return "/session/" + id.String() + step }

// pointer returns nil for an empty text, which JSON then leaves out.
func pointer(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
