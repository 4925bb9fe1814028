package swiyu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"vouchgate/kyc"
)

// createRequest is the body of POST /management/api/verifications.
type createRequest struct {
	AcceptedIssuers []string  `json:"accepted_issuer_dids"`
	ResponseMode    string    `json:"response_mode"`
	Query           dcqlQuery `json:"dcql_query"`
	Purpose         *Purpose  `json:"verification_purpose,omitempty"`
}

// dcqlQuery asks for one credential (OpenID4VP 1.0, section 6). It has no values
// filter on purpose: a credential that does not match one leaves the
// verification pending until it is forgotten, instead of failing it
// (swiyu-verifier issue 477). Comparing values is the client's business.
type dcqlQuery struct {
	Credentials []dcqlCredential `json:"credentials"`
}

type dcqlCredential struct {
	ID            string      `json:"id"`
	Format        string      `json:"format"`
	Meta          dcqlMeta    `json:"meta"`
	Claims        []dcqlClaim `json:"claims,omitempty"` // the verifier refuses an empty list; without one the credential itself is the proof
	HolderBinding bool        `json:"require_cryptographic_holder_binding"`
}

type dcqlMeta struct {
	Types []string `json:"vct_values"`
}

type dcqlClaim struct {
	Path []string `json:"path"`
}

// Create makes a verification for the claims of a scope at the verifier of a
// client. A scope without claims, such as openid alone, asks for the credential and
// nothing that is in it. The returned EndsAt is counted from before the call, so it
// never lies after the verifier's own end.
//
// It returns ErrUnavailable or ErrRejected. A create is never repeated here: the
// verifier has no idempotency key, so a second one would make a second
// verification. If an answer was lost, a verification that nobody knows of runs
// out at the verifier, which does no harm; the caller may just create anew.
func (c *Client) Create(ctx context.Context, client kyc.Client, scope string) (kyc.Verification, error) {
	v, err := c.create(ctx, client, scope)
	if err != nil {
		return kyc.Verification{}, fmt.Errorf("creating a verification: %w", err)
	}
	return v, nil
}

func (c *Client) create(ctx context.Context, client kyc.Client, scope string) (kyc.Verification, error) {
	profile, err := c.profileOf(client)
	if err != nil {
		return kyc.Verification{}, err
	}
	endpoint, err := c.endpoint(client)
	if err != nil {
		return kyc.Verification{}, err
	}
	body, err := createBody(profile, kyc.ClaimsOf(scope))
	if err != nil {
		return kyc.Verification{}, err
	}
	endsAt := c.cfg.Now().Add(c.cfg.TTL)
	a, err := c.call(ctx, request{method: http.MethodPost, endpoint: endpoint, body: body, limit: maxAnswer})
	if err != nil {
		return kyc.Verification{}, err
	}
	if a.status != http.StatusOK && a.status != http.StatusCreated {
		c.logRefusedCreate(ctx, client, a)
		return kyc.Verification{}, fmt.Errorf("%w: status %d", statusError(a.status), a.status)
	}
	v, err := readCreated(a.body, profile.DeeplinkScheme)
	if err != nil {
		return kyc.Verification{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	v.EndsAt = &endsAt
	return v, nil
}

func createBody(p Profile, claims []string) ([]byte, error) {
	asked := make([]dcqlClaim, len(claims))
	for i, name := range claims {
		asked[i].Path = pathOf(p.ClaimPaths, name)
	}
	body, err := json.Marshal(createRequest{
		AcceptedIssuers: p.AcceptedIssuers,
		ResponseMode:    p.ResponseMode,
		Purpose:         p.Purpose,
		Query: dcqlQuery{Credentials: []dcqlCredential{{
			ID: p.CredentialID, Format: p.Format, Meta: dcqlMeta{Types: p.CredentialTypes},
			Claims: asked, HolderBinding: true,
		}}},
	})
	if err != nil {
		return nil, fmt.Errorf("encoding the request: %w", err)
	}
	return body, nil
}

// pathOf says where in a credential a claim is found.
func pathOf(paths kyc.Paths, claim string) []string {
	if path := paths[claim]; len(path) > 0 {
		return path
	}
	return []string{claim}
}

// logRefusedCreate leaves the verifier's text out, which nobody has checked; its
// length still tells an answer of the verifier from that of a proxy.
func (c *Client) logRefusedCreate(ctx context.Context, client kyc.Client, a answer) {
	length := 0
	if o, err := parse(a.body); err == nil {
		description, _ := o["error_description"].(string)
		length = utf8.RuneCountInString(description)
	}
	c.cfg.Log.LogAttrs(ctx, slog.LevelError, "verifier did not create a verification",
		slog.String("client_id", client.ID), slog.Int("status", a.status),
		slog.Int("answer_bytes", len(a.body)), slog.Int("error_description_length", length))
}

func readCreated(raw []byte, scheme string) (kyc.Verification, error) {
	o, err := parse(raw)
	if err != nil {
		return kyc.Verification{}, err
	}
	idText, err := text(o, "id")
	if err != nil {
		return kyc.Verification{}, err
	}
	id, err := kyc.ParseID(idText)
	if err != nil {
		return kyc.Verification{}, fmt.Errorf("reading the verification's id: %w", err)
	}
	address, err := text(o, "verification_url")
	if err != nil {
		return kyc.Verification{}, err
	}
	if !safeLink(address) || !isHTTP(address) {
		return kyc.Verification{}, errBadLink
	}
	link, err := deeplink(o, address, scheme)
	if err != nil {
		return kyc.Verification{}, err
	}
	return kyc.Verification{RequestID: id.String(), URL: address, Deeplink: link}, nil
}

// maxLink keeps a link well within what a QR code can hold and a phone can scan.
const maxLink = 2048

var errBadLink = errors.New("answer holds a link that cannot be used")

// deeplink returns what the QR code holds and the button opens. Old verifiers
// send none; their wallets take the plain address. A scheme of the profile
// replaces the one of a wallet link, never that of a web address, which would
// not open anything any more.
func deeplink(o object, address, scheme string) (string, error) {
	link, ok := o["verification_deeplink"].(string)
	if !ok || link == "" {
		return address, nil
	}
	if !safeLink(link) {
		return "", errBadLink
	}
	if scheme != "" && !isHTTP(link) {
		_, rest, _ := strings.Cut(link, ":")
		link = scheme + ":" + rest
	}
	return link, nil
}

// safeLink says whether a link can be put on a page: absolute, printable ASCII,
// not too long, and of a scheme that runs nothing in the browser.
func safeLink(link string) bool {
	u, err := url.Parse(link)
	if err != nil || len(link) > maxLink || !safeScheme(u.Scheme) || !strings.Contains(link, "://") {
		return false
	}
	for i := range len(link) {
		if link[i] <= ' ' || link[i] > '~' || strings.IndexByte(`"<>\^{|}`+"`", link[i]) >= 0 {
			return false
		}
	}
	return true
}

// safeScheme refuses the schemes that a browser runs or shows as a page of its
// own. Which scheme opens a wallet is the operator's choice, so there is no list
// of good ones.
func safeScheme(scheme string) bool {
	switch strings.ToLower(scheme) {
	case "javascript", "vbscript", "data", "file", "blob", "filesystem", "about", "view-source":
		return false
	}
	return schemeForm.MatchString(scheme)
}

func isHTTP(link string) bool {
	u, err := url.Parse(link)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}
