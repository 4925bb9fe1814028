package server

import (
	"context"

	"vouchgate/gen/api"
	"vouchgate/kyc"
)

// Notify implements api.StrictServerInterface. What to do is already on the
// session's to-do list, so a notification only makes it sooner.
func (s *Server) Notify(ctx context.Context, r api.NotifyRequestObject) (api.NotifyResponseObject, error) {
	id := r.Body.VerificationID.String()
	open, err := s.Background.Notified(ctx, id)
	switch {
	case err != nil:
		s.metrics.notified("unavailable")
		return nil, err
	case open:
		s.metrics.notified("open")
	default:
		// Unknown, finished or replaced. An error would make the verifier ask again
		// for ever.
		s.metrics.notified("not open")
		s.Log.Debug("notification of a verification that is not open", "verification_id", id)
	}
	return api.Notify200Response{Headers: api.Notify200ResponseHeaders{CacheControl: noStore}}, nil
}

func isUUID(s string) bool {
	_, err := kyc.ParseID(s)
	return err == nil
}
