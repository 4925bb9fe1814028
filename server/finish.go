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
	var response answer
	err := s.Store.Together(ctx, func(st *store.Store) (err error) {
		response, err = s.finish(ctx, st, kyc.ID(r.ID))
		return err
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

func (s *Server) finish(ctx context.Context, st *store.Store, id kyc.ID) (answer, error) {
	session, client, err := s.owned(ctx, st, id)
	if err != nil {
		return answer{}, err
	}
	if next := nextPath(session); session.Status == kyc.StatusVerified && session.NeedsConsent() {
		return redirectAnswer(next), nil
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
	params := oauth.CodeParams(code, session.State, s.issuerFor(client))
	return s.home(client, session.RedirectURI, session.ResponseMode, params, visitOf(ctx).lang)
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
