package server

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"vouchgate/gen/api"
	"vouchgate/kyc"
	"vouchgate/oauth"
	"vouchgate/server/keyed"
	"vouchgate/server/pages"
	"vouchgate/store"
)

// A letter may be opened in another browser than the one that ordered it. The code
// that its link holds then waits there, in a cookie, for a session that this browser
// begins with the client itself: the proof counts for that one. To let it end the
// first browser's session would be to let whoever gets a person to scan a code use
// their address (the session fixation of cross-device flows, which the security
// considerations of OpenID for Verifiable Presentations 1.0 describe).

// letterSuffix makes the name of the cookie that holds a letter's code from that of
// the browser's, and letterLife is how long it waits for a session.
const (
	letterSuffix = "-letter"
	letterLife   = 24 * time.Hour
)

// letterCookie is the cookie that holds the code of a letter; a negative life takes
// it away.
func (s *Server) letterCookie(code string, life time.Duration) *http.Cookie {
	c := s.cookie(code)
	c.Name += letterSuffix
	c.MaxAge = int(life / time.Second)
	return c
}

// letterOf returns the challenge of a letter whose TAN can still be entered, or
// store.ErrNotFound.
func (s *Server) letterOf(ctx context.Context, typed string) (kyc.Challenge, string, error) {
	code, err := kyc.NormalizeLetterCode(typed)
	if err != nil {
		return kyc.Challenge{}, "", store.ErrNotFound
	}
	mac, err := s.tans.MAC(ctx)
	if err != nil {
		return kyc.Challenge{}, "", err
	}
	challenge, err := s.Store.ChallengeOfLetter(ctx, keyed.NewTans(mac).Letter(code))
	if err == nil && (challenge.ExpiresAt == nil || !s.Now().Before(*challenge.ExpiresAt)) {
		err = store.ErrNotFound
	}
	return challenge, code, err
}

// letterFor returns the letter that waits in this browser, if it is for the client.
func (s *Server) letterFor(ctx context.Context, client kyc.Client) (kyc.Challenge, bool, error) {
	v := visitOf(ctx)
	if v.letter == "" {
		return kyc.Challenge{}, false, nil
	}
	challenge, _, err := s.letterOf(ctx, v.letter)
	if isNotFound(err) {
		return challenge, false, nil
	}
	return challenge, err == nil && challenge.ClientID == client.ID, err
}

// OpenLetter implements api.StrictServerInterface.
func (s *Server) OpenLetter(ctx context.Context, r api.OpenLetterRequestObject) (api.OpenLetterResponseObject, error) {
	v := visitOf(ctx)
	unknown := shownAs(pages.ReasonLetterUnknown, http.StatusNotFound)
	challenge, code, err := s.letterOf(ctx, r.Code)
	if isNotFound(err) {
		return nil, unknown
	}
	if err != nil {
		return nil, err
	}
	session, err := s.Store.Session(ctx, challenge.SessionID)
	if isNotFound(err) {
		return nil, unknown
	}
	if err != nil {
		return nil, err
	}
	if challenge.Of(session) && session.OwnedBy(v.browserHash()) {
		return redirectAnswer(sessionPath(session.ID, "/pin") + langQuery(v)), nil
	}
	client, err := s.Store.Client(ctx, challenge.ClientID)
	if err != nil || !client.Enabled() {
		return nil, unknown
	}
	body, err := s.pages.Letter(pages.LetterPage{
		Lang: v.lang, ClientName: nameOf(client), StartURL: s.startURL(client),
		Languages: languagesOf("/letter/" + url.PathEscape(code)),
	})
	if err != nil {
		return nil, err
	}
	a := pageAnswer(http.StatusOK, v.lang, body)
	a.header.Add("Set-Cookie", s.letterCookie(code, letterLife).String())
	return a, nil
}

// startURL is where a client begins anew (OpenID Connect Core, section 4); empty if
// it has no such place.
func (s *Server) startURL(client kyc.Client) string {
	if client.StartURI == "" {
		return ""
	}
	return oauth.AnswerURL(client.StartURI, oauth.Param{Name: "iss", Value: s.issuer()})
}

// adoptLetter gives a session that has no challenge the one of the letter that waits
// in its browser, and says whether it did. What the session has tried so far keeps
// counting.
func (s *Server) adoptLetter(ctx context.Context, p proving) (bool, error) {
	if !p.session.Method.Post() {
		return false, nil
	}
	letter, found, err := s.letterFor(ctx, p.client)
	if err != nil || !found {
		return false, err
	}
	address, err := s.openAddress(letter)
	if err != nil {
		return false, err
	}
	if !p.client.Takes(p.session.Method, p.hint, address) {
		return false, nil
	}
	sealed, err := s.sealAddress(p.session, address)
	if err != nil {
		return false, err
	}
	_, err = s.atomically(ctx, p.session, p.client, func(st *store.Store, p *proving) error {
		if p.open {
			return kyc.ErrIllegalMove // something else is under way by now
		}
		if letter, err = st.ChallengeOfLetter(ctx, letter.LetterHash); err != nil { // with the tries until now
			return err
		}
		p.challenge = letter.Adopt(p.session, p.challenge, s.Now())
		p.challenge.SealedAddress = sealed
		return s.keep(ctx, st, p, func(ctx context.Context, adopted kyc.Challenge) error {
			return st.MoveLetter(ctx, letter, adopted)
		})
	})
	return err == nil, ignoreLost(err)
}

// ignoreLost passes over that a letter was changed or taken by somebody else in
// between: it is not there then.
func ignoreLost(err error) error {
	if isStale(err) || isNotFound(err) || errors.Is(err, kyc.ErrIllegalMove) {
		return nil
	}
	return err
}
