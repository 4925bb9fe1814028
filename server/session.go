package server

import (
	"context"
	"errors"
	"net/http"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/oauth"
	"vouchgate/server/pages"
	"vouchgate/store"
)

// pageRefresh is how often a browser without script looks again, in seconds.
const pageRefresh = 5

// owned returns a session to the browser that it is bound to, with its client.
// To every other browser it does not exist.
func (s *Server) owned(ctx context.Context, st *store.Store, id api.SessionID) (kyc.Session, kyc.Client, error) {
	session, err := st.Session(ctx, kyc.ID(id))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return session, kyc.Client{}, err
	}
	if err != nil || !session.OwnedBy(visitOf(ctx).browserHash()) {
		return session, kyc.Client{}, shownAs(pages.ReasonSessionUnknown, http.StatusNotFound)
	}
	client, err := st.Client(ctx, session.ClientID)
	if err != nil {
		return session, client, err
	}
	if !client.Enabled() {
		return session, client, shownAs(pages.ReasonUnknownClient, http.StatusBadRequest)
	}
	// The redirect URIs may have changed since the session was opened, and a
	// browser is never sent to one that is not registered now.
	if !oauth.MatchRedirectURI(client.RedirectURIs, session.RedirectURI) {
		return session, client, shownAs(pages.ReasonBadRedirectURI, http.StatusBadRequest)
	}
	return session, client, nil
}

// ShowSession implements api.StrictServerInterface.
func (s *Server) ShowSession(ctx context.Context, r api.ShowSessionRequestObject) (api.ShowSessionResponseObject, error) {
	session, client, err := s.owned(ctx, s.Store, r.ID)
	if err != nil {
		return nil, err
	}
	lang := visitOf(ctx).lang
	body, err := s.pages.Session(s.sessionPage(session, client, lang))
	if err != nil {
		return nil, err
	}
	return pageAnswer(http.StatusOK, lang, body, session.RedirectURI), nil
}

func (s *Server) sessionPage(session kyc.Session, client kyc.Client, lang pages.Lang) pages.SessionPage {
	now := s.Now()
	p := pages.SessionPage{
		Lang: lang, ClientName: client.Name, Status: session.Status, Failure: kyc.FailureCode(session.ErrorCode),
		Claims: kyc.ClaimsOf(session.Scope), ReadFor: client.TokenLifetime, Deeplink: session.Deeplink,
		ExpiresIn: session.TimeLeft(now), AttemptsLeft: int(kyc.MaxAttempts - session.Attempts),
		CanRetry:   session.CanRetry(now),
		SelfPath:   sessionPath(session.ID, "?ui_locales="+string(lang)),
		StatusPath: sessionPath(session.ID, "/status"),
		RetryPath:  sessionPath(session.ID, "/retry"),
		CancelPath: sessionPath(session.ID, "/cancel"),
		Refresh:    pageRefresh,
		Languages:  map[pages.Lang]string{},
	}
	for _, other := range pages.Languages {
		p.Languages[other] = sessionPath(session.ID, "?ui_locales="+string(other))
	}
	if session.RanOut(now) {
		p.Status = kyc.StatusExpired // as the background will write in a moment
	}
	if p.ClientName == "" {
		p.ClientName = client.ID
	}
	if session.Status == kyc.StatusVerified && client.CodeDelivery == kyc.DeliverByRedirect {
		p.FinishPath = sessionPath(session.ID, "/finish")
	}
	if session.Status.Final() {
		p.BackURL = s.wayBack(session, client)
	}
	return p
}

// refusal tells the client that there will be no proof.
func (s *Server) refusal(session kyc.Session, client kyc.Client, why string) profiled {
	return inWordsOf(client, oauth.NewRedirectError(session.RedirectURI, session.State, oauth.CodeAccessDenied, why))
}

// wayBack leads a person to the client when nothing moves the session any more.
func (s *Server) wayBack(session kyc.Session, client kyc.Client) string {
	return s.refusal(session, client, "the session has ended").url(s.issuer())
}

// RetrySession implements api.StrictServerInterface.
func (s *Server) RetrySession(ctx context.Context, r api.RetrySessionRequestObject) (api.RetrySessionResponseObject, error) {
	done, err := s.opening.take(ctx, kyc.ID(r.ID))
	if err != nil {
		return nil, err
	}
	defer done()
	session, client, err := s.owned(ctx, s.Store, r.ID)
	if err != nil {
		return nil, err
	}
	here := redirectAnswer(sessionPath(session.ID, "?ui_locales="+string(visitOf(ctx).lang)))
	if !session.CanRetry(s.Now()) {
		return here, nil // the page says why
	}
	_, err = s.verify(ctx, client, session, session.Binding, sessionPath(session.ID, ""))
	if err != nil && !errors.Is(err, store.ErrStale) { // stale: the second of two clicks
		return nil, err
	}
	return here, nil
}

// CancelSession implements api.StrictServerInterface.
func (s *Server) CancelSession(ctx context.Context, r api.CancelSessionRequestObject) (api.CancelSessionResponseObject, error) {
	session, client, err := s.owned(ctx, s.Store, r.ID)
	if err != nil {
		return nil, err
	}
	session, err = s.Store.UpdateSession(ctx, session.ID, func(session *kyc.Session) (kyc.Effects, error) {
		effects, err := session.Cancel(s.Now())
		if err != nil {
			return effects, err
		}
		return effects, s.queue(&effects, client)
	})
	switch {
	case errors.Is(err, kyc.ErrIllegalMove) && session.Status == kyc.StatusDenied: // the second of two clicks
	case errors.Is(err, kyc.ErrIllegalMove):
		return redirectAnswer(sessionPath(session.ID, "")), nil
	case err != nil:
		return nil, err
	default:
		s.Changed(session)
		s.Background.Wake()
	}
	return nil, s.refusal(session, client, "the person cancelled")
}

// queue adds the webhook of an event to its effects.
func (s *Server) queue(effects *kyc.Effects, client kyc.Client) error {
	id, err := kyc.NewID(s.Now(), s.Rand)
	if err != nil {
		return err
	}
	effects.Webhook, err = effects.Event.Queue(id, client, s.Ring.Seal)
	return err
}

// FinishSession implements api.StrictServerInterface.
func (s *Server) FinishSession(ctx context.Context, r api.FinishSessionRequestObject) (api.FinishSessionResponseObject, error) {
	if visitOf(ctx).browser == "" { // a stranger need not wait in line with those who write
		return nil, shownAs(pages.ReasonSessionUnknown, http.StatusNotFound)
	}
	var response answer
	err := s.Store.Together(ctx, func(st *store.Store) (err error) {
		response, err = s.finish(ctx, st, r.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

func (s *Server) finish(ctx context.Context, st *store.Store, id api.SessionID) (answer, error) {
	session, client, err := s.owned(ctx, st, id)
	if err != nil {
		return answer{}, err
	}
	if session.Status != kyc.StatusVerified || client.CodeDelivery != kyc.DeliverByRedirect {
		if session.Status.Final() {
			return answer{}, s.finishedBefore(session, client)
		}
		return redirectAnswer(sessionPath(session.ID, "")), nil
	}
	code, err := s.code(ctx, st, session, client)
	if err != nil {
		return answer{}, err
	}
	return redirectAnswer(oauth.CodeURL(session.RedirectURI, code, session.State, s.issuer())), nil
}

// finishedBefore is a page that leads back to the client without a code.
func (s *Server) finishedBefore(session kyc.Session, client kyc.Client) *pageError {
	e := shownAs(pages.ReasonFinished, http.StatusConflict)
	e.client, e.back = &client, s.wayBack(session, client)
	return e
}

// code returns the code of a verified session: the one that it has while that
// can be redeemed, else a new one. A used one gives a page.
func (s *Server) code(ctx context.Context, st *store.Store, session kyc.Session, client kyc.Client) (string, error) {
	for range 3 {
		generation := session.FirstGeneration()
		kept, err := st.Code(ctx, session.ID)
		switch {
		case errors.Is(err, store.ErrNotFound):
		case err != nil:
			return "", err
		case kept.UsedAt != nil:
			return "", s.finishedBefore(session, client)
		default:
			code := session.DeriveCode(kept.Generation, s.Ring.MAC)
			if kept.Live(s.Now()) && code.Matches(kyc.SecretCode, kept.Hash) {
				return code.String(), nil
			}
			// It ran out, or the current key has changed and nobody can derive it again.
			generation = max(generation, kept.Generation+1)
		}
		code := session.DeriveCode(generation, s.Ring.MAC)
		put, err := st.PutCode(ctx, session.NewCode(code, generation, s.Now(), client.CodeLifetime))
		if err != nil {
			return "", err
		}
		if put {
			return code.String(), nil
		}
	}
	return "", store.ErrStale
}
