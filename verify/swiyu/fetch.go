package swiyu

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"vouchgate/kyc"
)

// Fetch asks the verifier of a client what became of a verification, and judges
// the answer against the scope. It may be repeated at will.
//
// The error is ErrUnavailable for everything that is no answer to the question:
// no connection, every status but 200 and the verifier's own 404, and bodies
// that are not the verifier's. It says nothing about the verification, which
// must be asked for again. ErrRejected means that there is nothing to ask with
// (no verifier, a bad id, a token endpoint that refuses us).
//
// A SUCCESS without any claims mostly means a verifier from major 5 on whose
// operator has not set ADDITIONAL_AUDIT_INFORMATION_CREDENTIAL_SUBJECT_DATA_ENABLED.
// It is Refused with ReasonNoData, and logged as an error with that name.
func (c *Client) Fetch(ctx context.Context, client kyc.Client, requestID, scope string) (kyc.Outcome, error) {
	outcome, err := c.fetch(ctx, client, requestID, scope)
	if err != nil {
		return kyc.Outcome{}, fmt.Errorf("reading a verification: %w", err)
	}
	c.logOutcome(ctx, client, requestID, outcome)
	return outcome, nil
}

func (c *Client) fetch(ctx context.Context, client kyc.Client, requestID, scope string) (kyc.Outcome, error) {
	profile, err := c.profileOf(client)
	if err != nil {
		return kyc.Outcome{}, err
	}
	endpoint, err := c.endpoint(client)
	if err != nil {
		return kyc.Outcome{}, err
	}
	id, err := kyc.ParseID(requestID)
	if err != nil {
		return kyc.Outcome{}, fmt.Errorf("%w: reading the verification's id: %w", ErrRejected, err)
	}
	limit := int64(maxAnswer)
	if kyc.AsksForImage(scope) {
		limit = maxImageAnswer
	}
	a, err := c.call(ctx, request{method: http.MethodGet, endpoint: endpoint + "/" + id.String(), limit: limit})
	if err != nil {
		return kyc.Outcome{}, err
	}
	switch {
	case a.status == http.StatusOK:
		return judge(a.body, expectation{id: id, profile: profile, claims: kyc.ClaimsOf(scope), now: c.cfg.Now()})
	case forgotten(a):
		return kyc.Outcome{Kind: kyc.OutcomeGone}, nil
	}
	return kyc.Outcome{}, fmt.Errorf("%w: status %d", ErrUnavailable, a.status)
}

// forgotten tells the verifier's own 404, an object with a detail, from that of
// a proxy that just has no verifier behind it: the first ends a session.
func forgotten(a answer) bool {
	if a.status != http.StatusNotFound {
		return false
	}
	o, err := parse(a.body)
	if err != nil {
		return false
	}
	_, own := o["detail"].(string)
	return own
}

func (c *Client) logOutcome(ctx context.Context, client kyc.Client, requestID string, o kyc.Outcome) {
	level, message := slog.LevelDebug, "verification looked at"
	attrs := []slog.Attr{
		slog.String("client_id", client.ID), slog.String("verification_id", requestID),
		slog.String("outcome", o.Kind.String()),
	}
	if o.Kind == kyc.OutcomeRefused {
		level, message = slog.LevelInfo, "verification refused"
		attrs = append(attrs, slog.String("failure", string(o.Failure)), slog.String("reason", o.Detail))
	}
	switch Reason(o.Detail) {
	case ReasonNoData:
		level, message = slog.LevelError, "verifier returns no claims; "+
			"set ADDITIONAL_AUDIT_INFORMATION_CREDENTIAL_SUBJECT_DATA_ENABLED=true there"
	case ReasonOtherID, ReasonContradiction, ReasonSeveral, ReasonShape:
		level, message = slog.LevelError, "verifier gave an answer that cannot be right"
	case ReasonIssuer, ReasonType, ReasonStatus, ReasonClaimMissing, ReasonClaimUnusable:
		level, message = slog.LevelWarn, "verifier said success, but the claims are not usable"
	}
	c.cfg.Log.LogAttrs(ctx, level, message, attrs...)
}

// Probe asks the default verifier for a verification that does not exist and
// expects to hear so. It tells whether the verifier can be reached and lets us
// in, and costs it one look-up. Without a default verifier there is nothing to
// ask and no error. Errors are ErrUnavailable and ErrRejected.
func (c *Client) Probe(ctx context.Context) error {
	if c.cfg.DefaultVerifierURL == "" {
		return nil
	}
	endpoint, err := c.endpoint(kyc.Client{})
	if err != nil {
		return err
	}
	id, err := kyc.NewID(c.cfg.Now(), c.cfg.Rand)
	if err != nil {
		return fmt.Errorf("making an id: %w", err)
	}
	a, err := c.call(ctx, request{method: http.MethodGet, endpoint: endpoint + "/" + id.String(), limit: maxAnswer})
	if err != nil {
		return fmt.Errorf("probing the verifier: %w", err)
	}
	if forgotten(a) {
		return nil
	}
	return fmt.Errorf("probing the verifier: %w: status %d", statusError(a.status), a.status)
}
