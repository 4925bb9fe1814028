package server

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/server/pages"
)

// ShowPIN implements api.StrictServerInterface.
func (s *Server) ShowPIN(ctx context.Context, r api.ShowPINRequestObject) (api.ShowPINResponseObject, error) {
	p, away, err := s.addressingAt(ctx, kyc.ID(r.ID))
	if err != nil {
		return nil, err
	}
	if away != "" {
		return redirectAnswer(away), nil
	}
	if !p.open {
		return s.withoutChallenge(ctx, p)
	}
	return s.showPIN(ctx, p, "", http.StatusOK)
}

// withoutChallenge leads to the page for the address, unless the browser has a
// letter that is for this client.
func (s *Server) withoutChallenge(ctx context.Context, p proving) (answer, error) {
	adopted, err := s.adoptLetter(ctx, p)
	if err != nil {
		return answer{}, err
	}
	lang := langQuery(visitOf(ctx))
	if adopted {
		return redirectAnswer(sessionPath(p.session.ID, "/pin")+lang, s.letterCookie("", -time.Second)), nil
	}
	return redirectAnswer(sessionPath(p.session.ID, "/address") + lang), nil
}

// showPIN draws the page for a TAN. fault says why the last try led nowhere.
func (s *Server) showPIN(ctx context.Context, p proving, fault pages.PinFault, status int) (answer, error) {
	v, session, now := visitOf(ctx), p.session, s.Now()
	here := sessionPath(session.ID, "/pin")
	page := pages.PinPage{
		Lang: v.lang, ClientName: nameOf(p.client), Method: session.Method, Address: addressShown(p.address),
		Delivery: p.challenge.Delivery.Shown(), Fault: fault,
		TriesLeft: int(p.challenge.TriesLeft(now)), SendsLeft: int(p.challenge.SendsLeft()),
		ResendIn: seconds(p.challenge.WaitsFor(now)), ChangesLeft: int(p.challenge.AddressesLeft()), ExpiresAt: p.challenge.ExpiresAt,
		SelfPath: here + langQuery(v), StatusPath: sessionPath(session.ID, "/status"), ActionPath: here + langQuery(v),
		ResendPath: sessionPath(session.ID, "/resend") + langQuery(v), CancelPath: sessionPath(session.ID, "/cancel") + langQuery(v),
		CSRF: s.csrf(session.ID.String(), v.browser), Languages: languagesOf(here),
	}
	if !p.hint.Fixed {
		page.ChangePath = sessionPath(session.ID, "/address") + langQuery(v)
	}
	var err error
	if page.OtherPath, err = s.otherPath(ctx, session, p.client); err != nil {
		return answer{}, err
	}
	body, err := s.pages.Pin(page)
	if err != nil {
		return answer{}, err
	}
	a := pageAnswer(status, v.lang, body, session.RedirectURI)
	if status == http.StatusTooManyRequests && page.ResendIn > 0 {
		a.header.Set("Retry-After", strconv.Itoa(page.ResendIn))
	}
	return a, nil
}

// seconds is a time in whole seconds, rounded up.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// addressShown is an address as it is read, by lines.
func addressShown(a kyc.Address) []string {
	if !a.Method.Post() {
		return []string{a.Email + a.Phone}
	}
	lines := append([]string{a.Name}, a.Lines...)
	if a.Country != "CH" {
		lines = append(lines, a.Country)
	}
	return lines
}

// EnterPIN implements api.StrictServerInterface.
func (s *Server) EnterPIN(ctx context.Context, r api.EnterPINRequestObject) (api.EnterPINResponseObject, error) {
	p, away, done, err := s.inTurn(ctx, kyc.ID(r.ID))
	if err != nil {
		return nil, err
	}
	defer done()
	switch {
	case p.session.Status == kyc.StatusVerified:
		return redirectAnswer(nextStep(p.session, p.client) + langQuery(visitOf(ctx))), nil // the second of two clicks
	case away != "":
		return redirectAnswer(away), nil
	case !p.open:
		return s.withoutChallenge(ctx, p)
	}
	tan, err := kyc.NormalizeTAN(visitOf(ctx).fields.Get("pin"))
	if err != nil {
		return s.showPIN(ctx, p, pages.PinMalformed, http.StatusUnprocessableEntity)
	}
	p, verdict, err := s.solve(ctx, p, tan)
	if errors.Is(err, kyc.ErrIllegalMove) {
		return redirectAnswer(nextPath(p.session) + langQuery(visitOf(ctx))), nil
	}
	if err != nil {
		return nil, err
	}
	return s.answerPIN(ctx, p, verdict)
}

// answerPIN leads home, or shows the page again.
func (s *Server) answerPIN(ctx context.Context, p proving, v verdict) (answer, error) {
	switch v {
	case tanRight, tanBefore:
		return redirectAnswer(nextStep(p.session, p.client) + langQuery(visitOf(ctx))), nil
	case tanMissing:
		return leadTo(ctx, p.session.ID, "/address"), nil
	case tanExpired:
		return s.showPIN(ctx, p, pages.PinExpired, http.StatusUnprocessableEntity)
	}
	if p.session.Status == kyc.StatusFailed { // nothing is left, and the session's page says so
		return leadTo(ctx, p.session.ID, ""), nil
	}
	status := http.StatusUnprocessableEntity
	if p.challenge.TriesLeft(s.Now()) == 0 {
		status = http.StatusTooManyRequests
	}
	return s.showPIN(ctx, p, pages.PinWrong, status)
}

// ResendTAN implements api.StrictServerInterface.
func (s *Server) ResendTAN(ctx context.Context, r api.ResendTANRequestObject) (api.ResendTANResponseObject, error) {
	p, away, done, err := s.inTurn(ctx, kyc.ID(r.ID))
	if err != nil {
		return nil, err
	}
	defer done()
	switch {
	case away != "":
		return redirectAnswer(away), nil
	case !p.open:
		return s.withoutChallenge(ctx, p)
	}
	_, err = s.resend(ctx, p.session, p.client)
	switch {
	case errors.Is(err, kyc.ErrTooSoon):
		return s.showPIN(ctx, p, pages.PinTooSoon, http.StatusTooManyRequests)
	case errors.Is(err, kyc.ErrNoSendsLeft):
		return s.showPIN(ctx, p, "", http.StatusTooManyRequests) // the page says that there is none
	case isLimited(err):
		a, drawing := s.showPIN(ctx, p, pages.PinLimited, http.StatusTooManyRequests)
		if drawing == nil {
			setRetryAfter(a.header, http.StatusTooManyRequests, err)
		}
		return a, drawing
	case err != nil && !errors.Is(err, kyc.ErrIllegalMove) && !errors.Is(err, errNoChallenge):
		return nil, err
	}
	return leadTo(ctx, p.session.ID, "/pin"), nil
}
