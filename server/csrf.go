package server

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"net/http"

	"vouchgate/kyc"
	"vouchgate/server/pages"
)

// formsOfAccount is what the forms of pages about an account are for, where those
// of a session are for that session.
const formsOfAccount = "account"

// formsOfMe are for whoever is signed in: a page that was drawn for one person must
// do nothing for the next one.
func (s *Server) formsOfMe(ctx context.Context) (string, error) {
	in, err := s.signedIn(ctx, nil)
	if isNotFound(err) {
		return formsOfAccount, nil
	}
	return formsOfAccount + in.ID.String(), err
}

// checkMyForm is checkForm for the page about oneself.
func (s *Server) checkMyForm(ctx context.Context) error {
	of, err := s.formsOfMe(ctx)
	if err != nil {
		return err
	}
	return s.checkForm(ctx, of)
}

// csrf is what the forms of a page carry, hidden: a keyed hash over what they are
// for and the browser's cookie. Another site can neither read it nor make it, and
// it is of no use in another browser or for another session.
func (s *Server) csrf(of, browser string) string {
	return base64.RawURLEncoding.EncodeToString(s.Ring.MAC("form", []byte(of), []byte(browser)))
}

// checkForm refuses a posted form that was not drawn here for this purpose and
// browser.
func (s *Server) checkForm(ctx context.Context, of string) error {
	v := visitOf(ctx)
	if v.browser == "" || !hmac.Equal([]byte(v.fields.Get("csrf")), []byte(s.csrf(of, v.browser))) {
		return shownAs(pages.ReasonBadCSRF, http.StatusForbidden)
	}
	return nil
}

// posted returns the session of a form, with its client, to the browser that the
// session is bound to and that the form was drawn for.
func (s *Server) posted(ctx context.Context, id kyc.ID) (kyc.Session, kyc.Client, error) {
	session, client, err := s.owned(ctx, s.Store, id)
	if err != nil {
		return session, client, err
	}
	return session, client, s.checkForm(ctx, session.ID.String())
}
