package server

import (
	"context"

	"vouchgate/gen/api"
	"vouchgate/kyc"
)

// Notify implements api.StrictServerInterface. What to do is already on the
// session's to-do list, so a hint only makes it sooner, and nothing is written.
func (s *Server) Notify(ctx context.Context, r api.NotifyRequestObject) (api.NotifyResponseObject, error) {
	id := r.Body.VerificationID.String()
	session, err := s.Store.SessionByRequest(ctx, id)
	switch {
	case isNotFound(err):
		// Unknown, finished or replaced. An error would make the verifier ask again
		// for ever.
		s.Log.Debug("notification of a verification that is not open", "verification", id)
		s.metrics.notified("not open")
	case err != nil:
		s.metrics.notified("unavailable")
		return nil, err
	default:
		s.metrics.notified("open")
		s.Background.Hint(session.ID)
	}
	return api.Notify200Response{Headers: api.Notify200ResponseHeaders{CacheControl: noStore}}, nil
}

func isUUID(s string) bool {
	_, err := kyc.ParseID(s)
	return err == nil
}
