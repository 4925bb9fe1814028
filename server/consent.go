package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/server/pages"
)

// covered says whether a person has let a client have as much before, and has not
// taken it back.
func (s *Server) covered(ctx context.Context, client kyc.Client, accountID kyc.ID, scope string, claims kyc.Strings) (bool, error) {
	grants, err := s.Store.GrantsOfAccount(ctx, accountID, s.Now())
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(grants, func(g kyc.Grant) bool {
		return g.ClientID == client.ID && g.Covers(scope, claims)
	}), nil
}

// offer is what a session would hand over.
type offer struct {
	userName string
	claims   kyc.Claims   // that were proved, or that the account has
	address  *kyc.Address // that was proved; nil without
}

// offered returns what a session would hand over. It gives store.ErrNotFound if the
// person is not signed in any more.
func (s *Server) offered(ctx context.Context, session kyc.Session) (offer, error) {
	if session.Method == kyc.MethodAccount {
		if session.AccountID == nil {
			return offer{}, fmt.Errorf("%w: nobody is signed in", kyc.ErrIllegalMove)
		}
		in, err := s.stillIn(ctx, session)
		if err != nil {
			return offer{}, err
		}
		account, claims, err := s.account(ctx, in.AccountID)
		return offer{userName: account.UserName, claims: claims}, err
	}
	proof, err := s.proofOf(session.ID, session.ClientID, session.SealedClaims)
	return offer{claims: proof.Claims, address: proof.Address}, err
}

// ShowConsent implements api.StrictServerInterface.
func (s *Server) ShowConsent(ctx context.Context, r api.ShowConsentRequestObject) (api.ShowConsentResponseObject, error) {
	session, client, err := s.owned(ctx, s.Store, kyc.ID(r.ID))
	if err != nil {
		return nil, err
	}
	v, here := visitOf(ctx), sessionPath(session.ID, "/consent")
	if next := nextPath(session); next != here {
		return redirectAnswer(next + langQuery(v)), nil
	}
	offer, err := s.offered(ctx, session)
	if isNotFound(err) {
		return s.askWho(ctx, session, client)
	}
	if err != nil {
		return nil, err
	}
	p := pages.ConsentPage{
		Lang: v.lang, ClientName: nameOf(client), Operator: client.Operator, Purpose: client.Purpose, UserName: offer.userName, Method: session.Method,
		Items: items(session, offer), Retention: retentionShown(client, session), Refresh: mayRefresh(client, session.Scope),
		ActionPath: here + langQuery(v), CSRF: s.csrf(session.ID.String(), v.browser), Languages: languagesOf(here),
	}
	if session.Method == kyc.MethodAccount {
		p.SwitchPath, p.MePath = sessionPath(session.ID, "/switch")+langQuery(v), "/me"+langQuery(v)
	}
	body, err := s.pages.Consent(p)
	if err != nil {
		return nil, err
	}
	return pageAnswer(http.StatusOK, v.lang, body, session.RedirectURI), nil
}

// items are the details that the person is shown, each of which can be refused.
func items(session kyc.Session, o offer) (list []pages.ConsentItem) {
	for _, name := range session.Asked() {
		text := o.claims.Text(name)
		if text == "" {
			continue
		}
		if o.address != nil { // whom a letter is for, and the country, are handed over as well
			text = strings.Join(addressShown(*o.address), "\n")
		}
		if kyc.AsksForImage(name) {
			text = ""
		}
		list = append(list, pages.ConsentItem{Scope: name, Claim: name, Value: text})
	}
	return list
}

// Consent implements api.StrictServerInterface.
func (s *Server) Consent(ctx context.Context, r api.ConsentRequestObject) (api.ConsentResponseObject, error) {
	session, client, err := s.posted(ctx, kyc.ID(r.ID))
	if err != nil {
		return nil, err
	}
	if next := nextPath(session); next != sessionPath(session.ID, "/consent") {
		return redirectAnswer(next + langQuery(visitOf(ctx))), nil // the second of two clicks
	}
	fields := visitOf(ctx).fields
	switch fields.Get("decision") {
	case "deny":
		return s.cancel(ctx, session, client)
	case "allow":
	default:
		return nil, shownAs(pages.ReasonBadRequest, http.StatusBadRequest)
	}
	offer, err := s.offered(ctx, session)
	if isNotFound(err) {
		return s.askWho(ctx, session, client)
	}
	if err != nil {
		return nil, err
	}
	ticked, shown := fields["scope"], items(session, offer)
	if len(shown) > 0 && len(ticked) == 0 {
		return s.cancel(ctx, session, client) // nothing is released, which is a refusal
	}
	var refused []string
	for _, item := range shown {
		if !slices.Contains(ticked, item.Claim) {
			refused = append(refused, item.Claim)
		}
	}
	session, err = s.agree(ctx, session, client, session.Without(refused))
	if isNotFound(err) {
		return s.askWho(ctx, session, client)
	}
	if err != nil && !errors.Is(err, kyc.ErrIllegalMove) {
		return nil, err
	}
	return leadTo(ctx, session.ID, "/finish"), nil
}

// askWho has the person sign in again who was asked, and has left: the browser may
// be somebody else's by now, who must not see what the first one has.
func (s *Server) askWho(ctx context.Context, session kyc.Session, client kyc.Client) (answer, error) {
	session, err := s.forgetWho(ctx, session, client)
	if err != nil {
		return answer{}, err
	}
	return redirectAnswer(nextPath(session) + langQuery(visitOf(ctx))), nil
}

// agree records what the person lets the client have.
func (s *Server) agree(ctx context.Context, session kyc.Session, client kyc.Client, c kyc.Choice) (kyc.Session, error) {
	if session.Method != kyc.MethodAccount {
		return s.move(ctx, session.ID, client, func(session *kyc.Session) (kyc.Effects, error) {
			return session.Agree(c, s.Now())
		})
	}
	in, err := s.stillIn(ctx, session)
	if err != nil {
		return session, err
	}
	return s.admit(ctx, session, client, in, c)
}

// retentionShown says how long the client will be able to read.
func retentionShown(client kyc.Client, session kyc.Session) pages.Retention {
	life, once := client.ReadableFor(mayRefresh(client, session.Granted()))
	switch {
	case once:
		return pages.ReadOnce
	case life > foreseeable:
		return pages.ReadUntilWithdrawn
	}
	return pages.Retention(life)
}

// foreseeable is how far ahead the end of a grant means something to a person.
const foreseeable = 50 * 365 * 24 * time.Hour

// endShown is when a grant ends by itself; nil if that is not foreseeable.
func endShown(g kyc.Grant) *time.Time {
	if g.ExpiresAt.Sub(g.CreatedAt) > foreseeable {
		return nil
	}
	return &g.ExpiresAt
}
