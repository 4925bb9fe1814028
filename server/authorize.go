package server

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
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
	pushed   bool   // the request was pushed, and the session knows it
}

func (a arrival) browserHash() []byte { return kyc.HashSecret(kyc.SecretBrowser, a.browser) }

// binding is what the first visit fixes. sealed is what else was asked for.
func (a arrival) binding(sealed []byte) kyc.Binding {
	b := bindingOf(a.request, a.client, sealed)
	b.BrowserHash = a.browserHash()
	return b
}

// arrive serves both ways to the authorization endpoint. The answers that say
// that the session cannot go on know the way back to the client, because its
// redirect URI has been checked by then.
func (s *Server) arrive(ctx context.Context, nonce string, takeOver bool) (answer, error) {
	a := arrival{visit: visitOf(ctx), takeOver: takeOver}
	var err error
	a.request, err = oauth.ParseAuthorize(a.query, s.lookSetUp(ctx, &a.client), kyc.KnownScope)
	if away := (*oauth.RedirectError)(nil); errors.As(err, &away) {
		return answer{}, inWordsOf(a.client, away)
	}
	if err != nil {
		return answer{}, err
	}
	if err := s.prepare(ctx, a); err != nil {
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

// lookSetUp is lookClient for a session that the client has set up, which counts
// as a pushed request.
func (s *Server) lookSetUp(ctx context.Context, found *kyc.Client) func(string) (oauth.Client, error) {
	look := s.lookClient(ctx, found)
	return func(id string) (oauth.Client, error) {
		c, err := look(id)
		c.RequirePAR = false
		return c, err
	}
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
	now, browser := s.Now(), a.browserHash()
	owned := session.OwnedBy(browser)
	// A client that takes its code by webhook shows the link itself and has no
	// browser to bind; it may look as often as it wants.
	shown := a.json && a.client.CodeDelivery == kyc.DeliverByWebhook
	switch {
	case !a.pushed && session.CheckBinding(a.binding(nil)) != nil:
		return answer{}, s.deadEnd(a, pages.ReasonOtherRequest, "the session was opened with other values")
	case session.Reusable(browser, now), shown && session.Reusable(session.BrowserHash, now):
		session, err := s.recognize(ctx, session, a.client)
		if err != nil {
			return answer{}, err
		}
		return s.present(ctx, a, session)
	case (owned || shown) && (session.Status == kyc.StatusVerified || session.Status.Final() && !a.pushed):
		return s.present(ctx, a, session)
	case session.Status.Final():
		return answer{}, s.deadEnd(a, pages.ReasonFinished, "the session has ended")
	case session.Taken() && !owned && !shown && !(a.takeOver && session.Status != kyc.StatusVerified):
		e := s.deadEnd(a, pages.ReasonOtherBrowser, "the session is open in another browser")
		if session.Status != kyc.StatusVerified && !a.pushed {
			e.here = a.path
		}
		return answer{}, e
	}
	return s.openHere(ctx, a, session)
}

// openHere opens the session and binds it to the visit.
func (s *Server) openHere(ctx context.Context, a arrival, session kyc.Session) (answer, error) {
	b := session.Binding
	b.BrowserHash = a.browserHash()
	if !session.Bound() {
		sealed, err := s.sealRequest(a.request, session.ID, session.ClientID)
		if err != nil {
			return answer{}, err
		}
		b = a.binding(sealed)
		if err := s.settleMethod(&session, a.client, b); err != nil {
			if errors.Is(err, errNoChoice) {
				err = s.noMethod(a)
			}
			return answer{}, err
		}
		session.Consent, session.LoginAfter = consentFor(a.client, a.request), loginAfter(a.request, s.Now())
	}
	switch err := session.CanOpen(b, s.Now()); {
	case errors.Is(err, kyc.ErrSessionOver) && a.pushed:
		return answer{}, shownAs(pages.ReasonRequestURI, http.StatusBadRequest)
	case errors.Is(err, kyc.ErrSessionOver):
		return answer{}, s.deadEnd(a, pages.ReasonSessionOver, "the session has run out")
	case errors.Is(err, kyc.ErrNoAttemptsLeft) && session.OwnedBy(b.BrowserHash):
		return s.present(ctx, a, session)
	case errors.Is(err, kyc.ErrNoAttemptsLeft):
		return answer{}, s.deadEnd(a, pages.ReasonSessionOver, "the session has no attempts left")
	case err != nil:
		return answer{}, err
	}
	session, err := s.open(ctx, a.client, session, b, a.path)
	if err != nil {
		return answer{}, err
	}
	if session, err = s.recognize(ctx, session, a.client); err != nil {
		return answer{}, err
	}
	return s.present(ctx, a, session)
}

// open starts what the session's method needs and writes it down. selfPath is
// where a person tries again when the verifier cannot be reached; nothing has been
// written then.
func (s *Server) open(ctx context.Context, client kyc.Client, session kyc.Session, b kyc.Binding, selfPath string) (kyc.Session, error) {
	effects, err := s.begin(ctx, client, &session, b, selfPath)
	if err != nil {
		return session, err
	}
	if err := s.Store.Apply(ctx, session, effects); err != nil {
		return session, err
	}
	session.Version++
	s.opened(session)
	return session, nil
}

// begin has the verifier start a verification, if the method needs one, and moves
// the session.
func (s *Server) begin(ctx context.Context, client kyc.Client, session *kyc.Session, b kyc.Binding, selfPath string) (kyc.Effects, error) {
	if !session.Method.Visits() {
		now := s.Now()
		return session.Open(b, kyc.Verification{}, now, now)
	}
	asking := *session
	asking.Binding = b
	verification, err := s.Verifier.Create(ctx, client, strings.Join(asking.Asked(), " "))
	if err != nil {
		e := shownAs(pages.ReasonUnavailable, http.StatusServiceUnavailable)
		e.client, e.selfPath, e.cause = &client, selfPath, err
		return kyc.Effects{}, e
	}
	now := s.Now()
	return session.Open(b, verification, now, now.Add(firstCheck))
}

// opened tells everybody who waits for a session to be opened.
func (s *Server) opened(session kyc.Session) {
	s.Changed(session)
	if session.Method.Visits() {
		s.Background.Opened(session)
	}
}

// present shows a session to the browser that owns it, or as JSON.
func (s *Server) present(ctx context.Context, a arrival, session kyc.Session) (answer, error) {
	var cookies []*http.Cookie
	if session.OwnedBy(a.browserHash()) {
		// Sent each time, so that it lives as long as the session.
		cookies = append(cookies, s.cookie(a.browser))
	}
	if !a.json {
		return redirectAnswer(nextStep(session, a.client)+langQuery(a.visit), cookies...), nil
	}
	var body any = api.Authorization{
		VerificationID: session.RequestID, VerificationURL: session.URL, VerificationDeeplink: session.Deeplink,
		State: pointer(session.State), Status: api.Status(session.Status), ExpiresIn: session.TimeLeft(s.Now()),
	}
	if session.Method.Addressed() || session.Method == kyc.MethodOpen {
		var err error
		if body, err = s.challengeStatus(ctx, session, a.client); err != nil {
			return answer{}, err
		}
	}
	response := jsonAnswer(http.StatusOK, body)
	for _, c := range cookies {
		response.header.Add("Set-Cookie", c.String())
	}
	return response, nil
}

// deadEnd is a page that says why the session cannot go on, with a way back that
// tells the client.
func (s *Server) deadEnd(a arrival, reason pages.Reason, why string) *pageError {
	e := shownAs(reason, reason.Status())
	e.client = &a.client
	away := oauth.NewRedirectError(a.request.RedirectURI, a.request.State, oauth.CodeAccessDenied, why)
	e.back = s.link(inWordsOf(a.client, away))
	return e
}

// langQuery keeps the language that a client or person has chosen.
func langQuery(v *visit) string {
	if !v.chosenLang {
		return ""
	}
	return "?ui_locales=" + url.QueryEscape(string(v.lang))
}

// leadTo leads a person to a page of a session, in the language that was chosen.
func leadTo(ctx context.Context, id kyc.ID, step string, cookies ...*http.Cookie) answer {
	return redirectAnswer(sessionPath(id, step)+langQuery(visitOf(ctx)), cookies...)
}

func sessionPath(id kyc.ID, step string) string { return "/session/" + id.String() + step }

// pointer returns nil for an empty text, which JSON then leaves out.
func pointer(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
