package server

import (
	"context"
	"errors"
	"net/http"
	"time"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/oauth"
	"vouchgate/store"
)

// The numbers of errors in GNU Taler's register (GANA, gnu-taler-error-codes).
const (
	talerMissing       = 25   // GENERIC_PARAMETER_MISSING
	talerMalformed     = 26   // GENERIC_PARAMETER_MALFORMED
	talerStore         = 53   // GENERIC_DB_FETCH_FAILED
	talerInternal      = 60   // GENERIC_INTERNAL_INVARIANT_FAILURE
	talerUnknown       = 9755 // CHALLENGER_GENERIC_VALIDATION_UNKNOWN
	talerTooMany       = 9757 // CHALLENGER_TOO_MANY_ATTEMPTS
	talerInvalidPIN    = 9758 // CHALLENGER_INVALID_PIN
	talerNoAddress     = 9759 // CHALLENGER_MISSING_ADDRESS
	talerReadOnly      = 9760 // CHALLENGER_CLIENT_FORBIDDEN_READ_ONLY
	challengerProtocol = "6:0:6"
)

// talerError is a refusal with its number in GNU Taler's register.
type talerError struct {
	refusal *oauth.Error
	number  int
	cause   error // says how long to wait; nil without
}

// Error implements error.
func (e *talerError) Error() string { return e.refusal.Error() }

// Unwrap returns the refusal and its cause.
func (e *talerError) Unwrap() []error {
	if e.cause == nil {
		return []error{e.refusal}
	}
	return []error{e.refusal, e.cause}
}

func refused(status int, code oauth.Code, number int, why string) *talerError {
	e := oauth.InvalidRequest(why)
	e.Status, e.Code = status, code
	return &talerError{refusal: e, number: number}
}

// talerNumber is the number of an error that has none of its own.
func talerNumber(err error, status int) int {
	if own := (*talerError)(nil); errors.As(err, &own) {
		return own.number
	}
	switch status {
	case http.StatusNotFound:
		return talerUnknown
	case http.StatusTooManyRequests:
		return talerTooMany
	case http.StatusServiceUnavailable:
		return talerStore
	case http.StatusInternalServerError:
		return talerInternal
	}
	return talerMalformed
}

// ofNonce returns the session of a nonce to the browser that has opened it.
func (s *Server) ofNonce(ctx context.Context, nonce string) (proving, error) {
	unknown := refused(http.StatusNotFound, oauth.CodeInvalidRequest, talerUnknown, "the session is unknown, or open in another browser")
	handle, err := kyc.ParseHandle(nonce)
	if err != nil {
		return proving{}, unknown
	}
	session, client, err := s.owned(ctx, s.Store, handle.ID)
	if page := (*pageError)(nil); errors.As(err, &page) {
		return proving{}, unknown
	}
	if err != nil {
		return proving{}, err
	}
	if !handle.Matches(kyc.SecretNonce, session.NonceHash) {
		return proving{}, unknown
	}
	return s.provingOf(ctx, s.Store, session, client)
}

// inTurnOf is ofNonce, one request of a session at a time: done ends the turn.
func (s *Server) inTurnOf(ctx context.Context, nonce string) (p proving, done func(), err error) {
	if p, err = s.ofNonce(ctx, nonce); err != nil {
		return p, nil, err
	}
	if done, err = s.opening.take(ctx, p.session.ID); err != nil {
		return p, nil, err
	}
	if p, err = s.ofNonce(ctx, nonce); err != nil {
		done()
	}
	return p, done, err
}

// Challenge implements api.StrictServerInterface.
func (s *Server) Challenge(ctx context.Context, r api.ChallengeRequestObject) (api.ChallengeResponseObject, error) {
	p, done, err := s.inTurnOf(ctx, r.Nonce)
	if err != nil {
		return nil, err
	}
	defer done()
	if p.session.Status == kyc.StatusVerified {
		return s.completed(ctx, p, http.StatusSeeOther)
	}
	address, p, err := s.challenged(ctx, p)
	if err != nil {
		return nil, err
	}
	after, err := s.sendTo(ctx, p.session, p.client, address)
	transmitted := err == nil
	switch {
	case errors.Is(err, kyc.ErrTooSoon): // the one that was sent before still counts
		after = p
	case err != nil:
		return nil, sendRefused(err)
	}
	if visitOf(ctx).html {
		return leadTo(ctx, p.session.ID, "/pin"), nil
	}
	return jsonAnswer(http.StatusOK, api.ChallengeCreated{
		Type: api.ChallengeCreatedTypeCreated, AttemptsLeft: after.challenge.TriesLeft(s.Now()), Address: fieldsOf(after.address),
		Transmitted: transmitted, RetransmissionTime: timestamp(after.challenge.NextSend),
	}), nil
}

// challenged reads the address of a form, for the session as it is then: the fields
// choose the method if nobody has.
func (s *Server) challenged(ctx context.Context, p proving) (kyc.Address, proving, error) {
	sent := visitOf(ctx).fields
	fields := map[string]string{}
	for name := range sent {
		fields[name] = sent.Get(name)
	}
	if err := challengeable(p.session, s.Now()); err != nil {
		return kyc.Address{}, p, err
	}
	if p.hint.Fixed {
		return s.fixedAddress(p, fields)
	}
	choices, err := s.choicesOf(p.session, p.client)
	if err != nil {
		return kyc.Address{}, p, err
	}
	method := kyc.MethodOfFields(choices, fields)
	if method == kyc.MethodOpen {
		return kyc.Address{}, p, refused(http.StatusBadRequest, oauth.CodeInvalidRequest, talerMissing, "the address is missing")
	}
	address, err := s.readAddress(p.client, method, fields)
	if fault := (*kyc.AddressError)(nil); errors.As(err, &fault) {
		return address, p, refused(http.StatusBadRequest, oauth.CodeInvalidRequest, talerMalformed, fault.Error())
	}
	if err != nil || method == p.session.Method && p.session.Status == kyc.StatusAuthorized {
		return address, p, err
	}
	session, err := s.begun(ctx, p.session, p.client, method)
	if err != nil {
		return address, p, err
	}
	if session.Method != method {
		return address, p, refused(http.StatusTooManyRequests, oauth.CodeAccessDenied, talerTooMany, "too many methods were chosen")
	}
	p, err = s.provingOf(ctx, s.Store, session, p.client)
	return address, p, err
}

// fixedAddress is the address that the client has set, unless the form has another
// one.
func (s *Server) fixedAddress(p proving, fields map[string]string) (kyc.Address, proving, error) {
	fixed := p.hint.Address
	for name := range fixed.Fields() {
		if _, sent := fields[name]; sent {
			address, err := s.Addresses.Read(fixed.Method, fields)
			if err != nil || !address.Equal(fixed) {
				return fixed, p, sendRefused(errFixed)
			}
			break
		}
	}
	return fixed, p, nil
}

// challengeable says why no address can be proved in a session.
func challengeable(session kyc.Session, now time.Time) error {
	switch {
	case session.UsedUp():
		return sendRefused(kyc.ErrNoAddressesLeft)
	case session.Status != kyc.StatusAuthorized && !session.CanRetry(now):
		return over()
	}
	return nil
}

func over() error {
	return refused(http.StatusConflict, oauth.CodeInvalidRequest, talerUnknown, "the session has ended")
}

// sendRefused says in GNU Taler's words why no message is sent.
func sendRefused(err error) error {
	switch {
	case errors.Is(err, errFixed):
		return refused(http.StatusForbidden, oauth.CodeAccessDenied, talerReadOnly, "the address cannot be changed")
	case isLimited(err), errors.Is(err, kyc.ErrNoSendsLeft), errors.Is(err, kyc.ErrNoAddressesLeft):
		e := refused(http.StatusTooManyRequests, oauth.CodeAccessDenied, talerTooMany, "too many messages were sent")
		e.cause = err
		return e
	case errors.Is(err, kyc.ErrIllegalMove):
		return over()
	}
	return err
}

// Solve implements api.StrictServerInterface.
func (s *Server) Solve(ctx context.Context, r api.SolveRequestObject) (api.SolveResponseObject, error) {
	p, done, err := s.inTurnOf(ctx, r.Nonce)
	if err != nil {
		return nil, err
	}
	defer done()
	if p.session.Status == kyc.StatusVerified {
		return s.completed(ctx, p, http.StatusFound)
	}
	fields := visitOf(ctx).fields
	if !fields.Has("pin") {
		return nil, refused(http.StatusBadRequest, oauth.CodeInvalidRequest, talerMissing, "pin is missing")
	}
	tan, err := kyc.NormalizeTAN(fields.Get("pin"))
	if err != nil {
		return nil, refused(http.StatusBadRequest, oauth.CodeInvalidRequest, talerMalformed, "pin must have 8 digits")
	}
	if p.session.UsedUp() {
		return s.unsolved(p, tanUsedUp), nil
	}
	p, v, err := s.solve(ctx, p, tan)
	if errors.Is(err, kyc.ErrIllegalMove) {
		return nil, over()
	}
	if err != nil {
		return nil, err
	}
	if v == tanRight || v == tanBefore {
		return s.completed(ctx, p, http.StatusFound)
	}
	return s.unsolved(p, v), nil
}

// unsolved says that a TAN was not accepted, and what is left to try.
func (s *Server) unsolved(p proving, v verdict) answer {
	status, number, why := http.StatusForbidden, talerInvalidPIN, "the TAN is wrong"
	switch v {
	case tanUsedUp:
		status, number, why = http.StatusTooManyRequests, talerTooMany, "the tries of this TAN are used up"
	case tanExpired:
		why = "the TAN has expired"
	case tanMissing:
		status, number, why = http.StatusConflict, talerNoAddress, "no TAN was sent"
	}
	return jsonAnswer(status, api.InvalidPin{
		Type: api.InvalidPinTypePending, Code: int64(number), Hint: why, Error: string(oauth.CodeAccessDenied), ErrorDescription: why,
		AddressesLeft: p.changesLeft(), PinTransmissionsLeft: p.challenge.SendsLeft(), AuthAttemptsLeft: p.challenge.TriesLeft(s.Now()),
		Exhausted: v == tanUsedUp, NoChallenge: v == tanMissing,
	})
}

// completed sends the browser of a proved session on, as JSON to those who ask for
// it.
func (s *Server) completed(ctx context.Context, p proving, status int) (answer, error) {
	to, err := s.onward(ctx, p)
	if err != nil {
		return answer{}, err
	}
	if v := visitOf(ctx); v.json || status == http.StatusSeeOther && !v.html {
		return jsonAnswer(http.StatusOK, api.ChallengeRedirect{Type: api.ChallengeRedirectTypeCompleted, RedirectURL: to}), nil
	}
	a := redirectAnswer(to)
	a.status = status
	return a, nil
}

// onward is where the browser of a proved session goes: to the client, with the
// code, or to the page that comes before, which also knows who may take home what
// was proved by an account.
func (s *Server) onward(ctx context.Context, p proving) (string, error) {
	session := p.session
	if !session.Method.Addressed() || session.NeedsConsent() || session.ResponseMode != "" || p.client.CodeDelivery != kyc.DeliverByRedirect {
		return s.issuer() + nextStep(session, p.client), nil
	}
	var code string
	err := s.Store.Together(ctx, func(st *store.Store) (err error) {
		code, err = s.code(ctx, st, session, p.client)
		return err
	})
	return oauth.AnswerURL(session.RedirectURI, oauth.CodeParams(code, session.State, s.issuerFor(p.client))...), err
}

// challengeStatus is what Challenger's web apps read at /authorize.
func (s *Server) challengeStatus(ctx context.Context, session kyc.Session, client kyc.Client) (api.ChallengeStatus, error) {
	p, err := s.provingOf(ctx, s.Store, session, client)
	if err != nil {
		return api.ChallengeStatus{}, err
	}
	choices, err := s.choicesOf(session, client)
	if err != nil {
		return api.ChallengeStatus{}, err
	}
	now := s.Now()
	status := api.ChallengeStatus{
		FixAddress: p.hint.Fixed, Solved: session.Status == kyc.StatusVerified || session.Status == kyc.StatusCompleted,
		ChangesLeft: p.changesLeft(), Methods: wordsOf(choices),
		State: pointer(session.State), Status: api.Status(session.Status), ExpiresIn: session.TimeLeft(now),
	}
	status.AddressType, status.AddressHint, status.Restrictions = challengerConfig(client, session.Method)
	switch {
	case p.open:
		fields := fieldsOf(p.address)
		sends, tries, next := p.challenge.SendsLeft(), p.challenge.TriesLeft(now), timestamp(p.challenge.NextSend)
		status.LastAddress, status.PinTransmissionsLeft, status.AuthAttemptsLeft, status.RetransmissionTime = &fields, &sends, &tries, &next
	case p.hint.Address.Method != kyc.MethodOpen:
		fields := fieldsOf(p.hint.Address)
		status.LastAddress = &fields
	}
	return status, nil
}

// changesLeft says how often the address may still be changed: not at all if the client
// has fixed it, or if the tries were used up.
func (p proving) changesLeft() int64 {
	if p.hint.Fixed || p.session.Status == kyc.StatusFailed {
		return 0
	}
	return p.challenge.AddressesLeft()
}

// challengerConfig is what a client asks of addresses of a method, by Challenger's
// names.
func challengerConfig(client kyc.Client, method kyc.Method) (*api.AddressType, *api.AddressHint, *api.Restrictions) {
	if !method.Addressed() {
		return nil, nil, nil
	}
	kind, hint := api.AddressType(method), client.AddressHint
	all := api.Restrictions{}
	for _, field := range method.Fields() {
		if one, ok := client.Restrictions[field]; ok {
			all[field] = api.Restriction{Regex: pointer(one.Regex), Hint: pointer(one.Hint), HintI18N: translations(one.HintI18N)}
		}
	}
	return &kind, &hint, &all
}

// translations leaves a member out that would be empty.
func translations(m map[string]string) *map[string]string {
	if len(m) == 0 {
		return nil
	}
	return &m
}

func fieldsOf(a kyc.Address) api.AddressFields {
	f := a.Fields()
	return api.AddressFields{
		CONTACTEMAIL: pointer(f[kyc.FieldEmail]), CONTACTPHONE: pointer(f[kyc.FieldPhone]), CONTACTNAME: pointer(f[kyc.FieldName]),
		ADDRESSLINES: pointer(f[kyc.FieldLines]), ADDRESSCOUNTRY: pointer(f[kyc.FieldCountry]),
	}
}

// timestamp is a time in whole seconds, rounded up: what is allowed then is allowed.
func timestamp(t *time.Time) api.Timestamp {
	if t == nil {
		return api.Timestamp{}
	}
	return api.Timestamp{TS: t.Add(time.Second - time.Nanosecond).Unix()}
}

func wordsOf(methods []kyc.Method) []string {
	words := make([]string, len(methods))
	for i, m := range methods {
		words[i] = string(m)
	}
	return words
}
