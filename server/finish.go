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

// FinishSession implements api.StrictServerInterface.
func (s *Server) FinishSession(ctx context.Context, r api.FinishSessionRequestObject) (api.FinishSessionResponseObject, error) {
	if visitOf(ctx).browser == "" { // a stranger need not wait in line with those who write
		return nil, shownAs(pages.ReasonSessionUnknown, http.StatusNotFound)
	}
	in, err := s.signedIn(ctx, nil)
	if isNotFound(err) {
		in, err = kyc.SignIn{}, nil
	}
	if err != nil {
		return nil, err
	}
	var response answer
	err = s.Store.Together(ctx, func(st *store.Store) (err error) {
		response, err = s.finish(ctx, st, kyc.ID(r.ID), in)
		return err
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

// finish takes a session's code home. in is who is signed in, zero if nobody is.
func (s *Server) finish(ctx context.Context, st *store.Store, id kyc.ID, in kyc.SignIn) (answer, error) {
	session, client, err := s.owned(ctx, st, id)
	if err != nil {
		return answer{}, err
	}
	if next := nextPath(session); session.Status == kyc.StatusVerified && session.NeedsConsent() {
		return redirectAnswer(next + langQuery(visitOf(ctx))), nil
	}
	if session.Status != kyc.StatusVerified || client.CodeDelivery != kyc.DeliverByRedirect {
		if session.Status.Final() {
			return answer{}, s.finishedBefore(session, client)
		}
		return redirectAnswer(sessionPath(session.ID, "")), nil
	}
	if !takesHome(session, in) {
		e := shownAs(pages.ReasonOtherBrowser, http.StatusConflict)
		e.client, e.back = &client, s.wayBack(session, client)
		return answer{}, e
	}
	code, err := s.code(ctx, st, session, client)
	if err != nil {
		return answer{}, err
	}
	params := oauth.CodeParams(code, session.State, s.issuerFor(client))
	return s.home(client, session.RedirectURI, session.ResponseMode, params, visitOf(ctx).lang)
}

// takesHome says whether a browser may take the code of a verified session home. If
// an account was the proof, only the one in which its person is signed in: that
// cookie is as new as the sign-in, so that nobody can have planted it before (RFC
// 6819, section 4.4.1.8).
func takesHome(session kyc.Session, in kyc.SignIn) bool {
	return session.Method != kyc.MethodAccount || session.AccountID != nil && *session.AccountID == in.AccountID
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
