package server

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/server/pages"
)

// addressing returns an open session that proves an address to the browser that has
// it. away is where that browser has to go for any other session.
func (s *Server) addressing(ctx context.Context, session kyc.Session, client kyc.Client) (p proving, away string, err error) {
	if session.Status != kyc.StatusAuthorized || !session.Method.Addressed() {
		return proving{session: session, client: client}, nextPath(session) + langQuery(visitOf(ctx)), nil
	}
	if !s.sends(session.Method) { // it could when the session began
		e := shownAs(pages.ReasonUnavailable, http.StatusServiceUnavailable)
		e.client, e.selfPath = &client, sessionPath(session.ID, "/choose")
		return p, "", e
	}
	p, err = s.provingOf(ctx, s.Store, session, client)
	if err != nil || p.open {
		return p, "", err
	}
	// What was there may have been erased since the session was read, because another
	// request proved the address.
	fresh, err := s.Store.Session(ctx, session.ID)
	if err == nil && fresh.Status != kyc.StatusAuthorized {
		away = nextStep(fresh, client) + langQuery(visitOf(ctx))
	}
	return p, away, err
}

// addressingAt is addressing for a page that is shown.
func (s *Server) addressingAt(ctx context.Context, id kyc.ID) (p proving, away string, err error) {
	session, client, err := s.owned(ctx, s.Store, id)
	if err != nil {
		return p, "", err
	}
	return s.addressing(ctx, session, client)
}

// inTurn is addressing for a posted form, one request of a session at a time: done
// ends the turn. Strangers do not wait in line with those who write.
func (s *Server) inTurn(ctx context.Context, id kyc.ID) (p proving, away string, done func(), err error) {
	if _, _, err := s.posted(ctx, id); err != nil {
		return p, "", nil, err
	}
	if done, err = s.opening.take(ctx, id); err != nil {
		return p, "", nil, err
	}
	session, client, err := s.posted(ctx, id)
	if err == nil {
		p, away, err = s.addressing(ctx, session, client)
	}
	if err != nil {
		done()
	}
	return p, away, done, err
}

// ShowAddress implements api.StrictServerInterface.
func (s *Server) ShowAddress(ctx context.Context, r api.ShowAddressRequestObject) (api.ShowAddressResponseObject, error) {
	p, away, err := s.addressingAt(ctx, kyc.ID(r.ID))
	if err != nil {
		return nil, err
	}
	if away != "" {
		return redirectAnswer(away), nil
	}
	page, err := s.addressPage(ctx, p)
	if err != nil {
		return nil, err
	}
	if p.challenge.AddressesLeft() == 0 {
		page.Limit = pages.AddressNoneLeft
	}
	return s.showAddress(ctx, p, page, http.StatusOK)
}

// addressPage is the page for an address, with what is known of it filled in.
func (s *Server) addressPage(ctx context.Context, p proving) (pages.AddressPage, error) {
	v, session := visitOf(ctx), p.session
	here := sessionPath(session.ID, "/address")
	page := pages.AddressPage{
		Lang: v.lang, ClientName: nameOf(p.client), Method: session.Method, Values: map[string]string{}, Fixed: p.hint.Fixed,
		Hints: map[string]string{}, AddressHint: p.client.AddressHint, ChangesLeft: int(p.challenge.AddressesLeft()),
		ActionPath: here + langQuery(v), CancelPath: sessionPath(session.ID, "/cancel") + langQuery(v),
		CSRF: s.csrf(session.ID.String(), v.browser), Languages: languagesOf(here),
	}
	for _, field := range session.Method.Fields() {
		if hint := p.client.Restrictions.Hint(field, string(v.lang)); hint != "" {
			page.Hints[field] = hint
		}
	}
	var err error
	if page.OtherPath, err = s.otherPath(ctx, session, p.client); err != nil {
		return page, err
	}
	switch {
	case p.open:
		page.Values, page.BackPath = p.address.Fields(), sessionPath(session.ID, "/pin")+langQuery(v)
	case p.hint.Address.Method == session.Method:
		page.Values = p.hint.Address.Fields()
	default:
		page.Values, err = s.guessed(session)
	}
	return page, err
}

// guessed takes an address from what the client thinks the person is called
// (login_hint), if it looks like one.
func (s *Server) guessed(session kyc.Session) (map[string]string, error) {
	request, err := s.openRequest(session.ID, session.ClientID, session.SealedRequest)
	values := map[string]string{}
	switch hint := request.LoginHint; {
	case session.Method == kyc.MethodEmail && strings.Contains(hint, "@"):
		values[kyc.FieldEmail] = hint
	case session.Method == kyc.MethodPhone && strings.HasPrefix(hint, "+"):
		values[kyc.FieldPhone] = hint
	}
	return values, err
}

func (s *Server) showAddress(ctx context.Context, p proving, page pages.AddressPage, status int) (answer, error) {
	body, err := s.pages.Address(page)
	if err != nil {
		return answer{}, err
	}
	return pageAnswer(status, visitOf(ctx).lang, body, p.session.RedirectURI), nil
}

// EnterAddress implements api.StrictServerInterface.
func (s *Server) EnterAddress(ctx context.Context, r api.EnterAddressRequestObject) (api.EnterAddressResponseObject, error) {
	p, away, done, err := s.inTurn(ctx, kyc.ID(r.ID))
	if err != nil {
		return nil, err
	}
	defer done()
	if away != "" {
		return redirectAnswer(away), nil
	}
	fields := map[string]string{}
	for _, name := range p.session.Method.Fields() {
		fields[name] = visitOf(ctx).fields.Get(name)
	}
	if p.hint.Fixed {
		fields = p.hint.Address.Fields() // whatever a browser sends
	}
	address, err := s.readAddress(p.client, p.session.Method, fields)
	if err == nil {
		_, err = s.sendTo(ctx, p.session, p.client, address)
	}
	return s.answerAddress(ctx, p, fields, err)
}

// answerAddress leads on to the TAN, or shows the page again with what is wrong.
func (s *Server) answerAddress(ctx context.Context, p proving, fields map[string]string, err error) (answer, error) {
	var fault *kyc.AddressError
	onward := leadTo(ctx, p.session.ID, "/pin")
	switch {
	case err == nil, errors.Is(err, kyc.ErrIllegalMove), errors.Is(err, kyc.ErrTooSoon), errors.Is(err, kyc.ErrNoSendsLeft):
		return onward, nil // that page says what can be done
	case !errors.As(err, &fault) && !isLimited(err) && !errors.Is(err, kyc.ErrNoAddressesLeft):
		return answer{}, err
	}
	page, drawing := s.addressPage(ctx, p)
	if drawing != nil {
		return answer{}, drawing
	}
	page.Values, page.Fault = fields, fault
	status := http.StatusUnprocessableEntity
	switch {
	case isLimited(err):
		page.Limit, status = pages.AddressLimited, http.StatusTooManyRequests
	case errors.Is(err, kyc.ErrNoAddressesLeft):
		page.Limit, status = pages.AddressNoneLeft, http.StatusTooManyRequests
	}
	a, drawing := s.showAddress(ctx, p, page, status)
	if drawing == nil {
		setRetryAfter(a.header, status, err)
	}
	return a, drawing
}

// readAddress reads an address and checks it against what the client asks of one.
// Errors are *kyc.AddressError.
func (s *Server) readAddress(client kyc.Client, method kyc.Method, fields map[string]string) (kyc.Address, error) {
	address, err := s.Addresses.Read(method, fields)
	if err != nil {
		return address, err
	}
	return address, client.Restrictions.Check(address)
}
