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
func (s *Server) owned(ctx context.Context, st *store.Store, id kyc.ID) (kyc.Session, kyc.Client, error) {
	session, err := st.Session(ctx, id)
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
	if !oauth.MatchRedirectURI(client.RedirectURIs, client.Native, session.RedirectURI) {
		return session, client, shownAs(pages.ReasonBadRedirectURI, http.StatusBadRequest)
	}
	return session, client, nil
}

// nextPath is the page that a person sees next.
func nextPath(session kyc.Session) string {
	switch {
	case session.Status == kyc.StatusVerified && session.NeedsConsent():
		return sessionPath(session.ID, "/consent")
	case session.Status != kyc.StatusAuthorized || session.Method.Visits():
		return sessionPath(session.ID, "")
	case session.Method == kyc.MethodOpen:
		return sessionPath(session.ID, "/choose")
	case session.Method.Addressed():
		return sessionPath(session.ID, "/pin")
	case session.AccountID == nil:
		return sessionPath(session.ID, "/login")
	}
	return sessionPath(session.ID, "/consent")
}

// nextStep is nextPath for a browser that has just come or signed in: where nothing
// is left to be shown or asked, it goes straight home.
func nextStep(session kyc.Session, client kyc.Client) string {
	if !session.Method.Visits() && session.Status == kyc.StatusVerified && !session.NeedsConsent() &&
		client.CodeDelivery == kyc.DeliverByRedirect {
		return sessionPath(session.ID, "/finish")
	}
	return nextPath(session)
}

// ShowSession implements api.StrictServerInterface.
func (s *Server) ShowSession(ctx context.Context, r api.ShowSessionRequestObject) (api.ShowSessionResponseObject, error) {
	session, client, err := s.owned(ctx, s.Store, kyc.ID(r.ID))
	if err != nil {
		return nil, err
	}
	if session.Status == kyc.StatusPending { // its verifier could not be reached when it was made
		if session, err = s.openLate(ctx, session.ID); err != nil {
			return nil, err
		}
	}
	if next := nextPath(session); next != sessionPath(session.ID, "") {
		return redirectAnswer(next + langQuery(visitOf(ctx))), nil
	}
	lang := visitOf(ctx).lang
	p, err := s.sessionPage(ctx, session, client, lang)
	if err != nil {
		return nil, err
	}
	body, err := s.pages.Session(p)
	if err != nil {
		return nil, err
	}
	return pageAnswer(http.StatusOK, lang, body, session.RedirectURI), nil
}

// openLate opens a session that was kept without a verification, one request at a
// time. A verifier that cannot be reached still leaves it as it is.
func (s *Server) openLate(ctx context.Context, id kyc.ID) (kyc.Session, error) {
	done, err := s.opening.take(ctx, id)
	if err != nil {
		return kyc.Session{}, err
	}
	defer done()
	session, client, err := s.owned(ctx, s.Store, id)
	if err != nil || session.Status != kyc.StatusPending {
		return session, err
	}
	if session.CanOpen(session.Binding, s.Now()) != nil {
		return session, nil // it is over, and no verification is made in vain
	}
	opened, err := s.open(ctx, client, session, session.Binding, "")
	if down := (*pageError)(nil); errors.As(err, &down) {
		return session, nil
	}
	return opened, err
}

func (s *Server) sessionPage(ctx context.Context, session kyc.Session, client kyc.Client, lang pages.Lang) (pages.SessionPage, error) {
	now := s.Now()
	p := pages.SessionPage{
		Lang: lang, ClientName: nameOf(client), Status: session.Status, Failure: kyc.FailureCode(session.ErrorCode),
		Claims: session.Asked(), ReadFor: retentionShown(client, session), Deeplink: session.Deeplink,
		CSRF:      s.csrf(session.ID.String(), visitOf(ctx).browser),
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
	if session.RanOut(now) || session.Status == kyc.StatusPending && !now.Before(session.ExpiresAt) {
		p.Status = kyc.StatusExpired // as the background will write in a moment
	}
	if session.Status == kyc.StatusAuthorized || p.CanRetry {
		var err error
		if p.OtherPath, err = s.otherPath(ctx, session, client); err != nil {
			return p, err
		}
	}
	if session.Status == kyc.StatusVerified && client.CodeDelivery == kyc.DeliverByRedirect {
		p.FinishPath = sessionPath(session.ID, "/finish")
	}
	if session.Status.Final() {
		p.BackURL = s.wayBack(session, client)
	}
	if session.Status != kyc.StatusCompleted {
		return p, nil
	}
	return p, s.showGrant(ctx, &p, session)
}

// showGrant says on the page of a completed session what has become of its grant.
func (s *Server) showGrant(ctx context.Context, p *pages.SessionPage, session kyc.Session) error {
	grant, err := s.Store.GrantOfSession(ctx, session.ID)
	switch {
	case isNotFound(err):
		return nil // it has ended and was purged
	case err != nil:
		return err
	case grant.RevokedAt != nil:
		p.Withdrawn = true
	case grant.Live(s.Now()):
		p.WithdrawPath, p.ReadableUntil = sessionPath(session.ID, "/withdraw"), endShown(grant)
	}
	return nil
}

// wayBack leads a person to the client when nothing moves the session any more.
func (s *Server) wayBack(session kyc.Session, client kyc.Client) string {
	return s.link(s.refusal(session, client, oauth.CodeAccessDenied, "the session has ended"))
}

// RetrySession implements api.StrictServerInterface.
func (s *Server) RetrySession(ctx context.Context, r api.RetrySessionRequestObject) (api.RetrySessionResponseObject, error) {
	if _, _, err := s.posted(ctx, kyc.ID(r.ID)); err != nil { // a stranger need not wait in line
		return nil, err
	}
	done, err := s.opening.take(ctx, kyc.ID(r.ID))
	if err != nil {
		return nil, err
	}
	defer done()
	session, client, err := s.posted(ctx, kyc.ID(r.ID))
	if err != nil {
		return nil, err
	}
	here := redirectAnswer(sessionPath(session.ID, "?ui_locales="+string(visitOf(ctx).lang)))
	if !session.CanRetry(s.Now()) {
		return here, nil // the page says why
	}
	_, err = s.open(ctx, client, session, session.Binding, sessionPath(session.ID, ""))
	if err != nil && !errors.Is(err, store.ErrStale) { // stale: the second of two clicks
		return nil, err
	}
	return here, nil
}

// CancelSession implements api.StrictServerInterface.
func (s *Server) CancelSession(ctx context.Context, r api.CancelSessionRequestObject) (api.CancelSessionResponseObject, error) {
	session, client, err := s.posted(ctx, kyc.ID(r.ID))
	if err != nil {
		return nil, err
	}
	return s.cancel(ctx, session, client)
}

// cancel ends a session because the person wants it so, and takes that home.
func (s *Server) cancel(ctx context.Context, session kyc.Session, client kyc.Client) (answer, error) {
	session, err := s.move(ctx, session.ID, client, func(session *kyc.Session) (kyc.Effects, error) {
		return session.Cancel(s.Now())
	})
	switch {
	case errors.Is(err, kyc.ErrIllegalMove) && session.Status == kyc.StatusDenied: // the second of two clicks
	case errors.Is(err, kyc.ErrIllegalMove):
		return redirectAnswer(sessionPath(session.ID, "")), nil
	case err != nil:
		return answer{}, err
	}
	return answer{}, s.refusal(session, client, oauth.CodeAccessDenied, "the person cancelled")
}

// move makes a move of a session, with the webhook that belongs to it, and tells
// everybody who waits for it.
func (s *Server) move(ctx context.Context, id kyc.ID, client kyc.Client, m func(*kyc.Session) (kyc.Effects, error)) (kyc.Session, error) {
	session, err := s.Store.UpdateSession(ctx, id, func(session *kyc.Session) (kyc.Effects, error) {
		effects, err := m(session)
		if err != nil || effects.Event == nil {
			return effects, err
		}
		return effects, s.queue(&effects, client)
	})
	if err == nil {
		s.Changed(session)
		s.Background.Wake()
	}
	return session, err
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
