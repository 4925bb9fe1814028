package pages

import (
	"net/http"
	"net/url"
)

// Reason says why a person is shown an error page.
type Reason string

// The reasons.
const (
	ReasonUnknownClient    Reason = "unknown_client"
	ReasonBadRedirectURI   Reason = "bad_redirect_uri" // not registered; the page never shows it and never leads there (RFC 6749, section 3.1.2.4)
	ReasonBadRequest       Reason = "bad_request"
	ReasonSessionUnknown   Reason = "session_unknown"
	ReasonSessionOver      Reason = "session_over"  // its life has ended
	ReasonOtherBrowser     Reason = "other_browser" // it belongs to the browser that started it
	ReasonOtherRequest     Reason = "other_request" // it was opened before with other values
	ReasonFinished         Reason = "finished"      // nothing moves it any more
	ReasonTooManyRequests  Reason = "too_many_requests"
	ReasonNotFound         Reason = "not_found"
	ReasonMethodNotAllowed Reason = "method_not_allowed"
	ReasonCrossOrigin      Reason = "cross_origin"   // another site posted the form
	ReasonBadCSRF          Reason = "bad_csrf"       // the form was not drawn for this browser and session, or its key is gone
	ReasonRequestURI       Reason = "request_uri"    // used, unknown or expired (RFC 9126, section 4)
	ReasonLetterUnknown    Reason = "letter_unknown" // no letter has this code, or it has ended
	ReasonUnavailable      Reason = "unavailable"    // the store is down, the server stops
	ReasonInternal         Reason = "internal"
)

var statusOf = map[Reason]int{
	ReasonUnknownClient:    http.StatusBadRequest,
	ReasonBadRedirectURI:   http.StatusBadRequest,
	ReasonBadRequest:       http.StatusBadRequest,
	ReasonSessionUnknown:   http.StatusNotFound,
	ReasonSessionOver:      http.StatusGone,
	ReasonOtherBrowser:     http.StatusConflict,
	ReasonOtherRequest:     http.StatusConflict,
	ReasonFinished:         http.StatusConflict,
	ReasonTooManyRequests:  http.StatusTooManyRequests,
	ReasonNotFound:         http.StatusNotFound,
	ReasonMethodNotAllowed: http.StatusMethodNotAllowed,
	ReasonCrossOrigin:      http.StatusForbidden,
	ReasonBadCSRF:          http.StatusForbidden,
	ReasonRequestURI:       http.StatusBadRequest,
	ReasonLetterUnknown:    http.StatusNotFound,
	ReasonUnavailable:      http.StatusServiceUnavailable,
	ReasonInternal:         http.StatusInternalServerError,
}

// Reasons lists all reasons.
var Reasons = []Reason{
	ReasonUnknownClient, ReasonBadRedirectURI, ReasonBadRequest, ReasonSessionUnknown, ReasonSessionOver,
	ReasonOtherBrowser, ReasonOtherRequest, ReasonFinished, ReasonTooManyRequests, ReasonNotFound,
	ReasonMethodNotAllowed, ReasonCrossOrigin, ReasonBadCSRF, ReasonRequestURI,
	ReasonLetterUnknown, ReasonUnavailable, ReasonInternal,
}

// Status returns the HTTP status of the page, 500 for an unknown reason.
func (r Reason) Status() int {
	if status, ok := statusOf[r]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// ErrorPage is what an error page shows. It has no room for texts of others: what
// was sent to us is never repeated.
type ErrorPage struct {
	Lang       Lang
	Reason     Reason // an unknown one is shown as ReasonInternal
	Reference  string // finds the request in the log; empty leaves it out
	BackURL    string // a registered redirect URI, http, https or an app's private scheme; empty leaves it out
	ClientName string // names the link back

	// ContinuePath takes a POST that moves the session to this browser. It is
	// offered with ReasonOtherBrowser only; empty leaves it out.
	ContinuePath string
	CSRF         string // goes into that form
}

// Error draws an error page.
func (p *Pages) Error(e ErrorPage) ([]byte, error) {
	back := safeURL(e.BackURL, returnScheme)
	name := e.ClientName
	if u, err := url.Parse(string(back)); name == "" && err == nil {
		name = u.Host
	}
	n, do := p.noticeOf(e.Lang, name)
	m, ok := n.M.Errors[e.Reason]
	if !ok {
		e.Reason, m = ReasonInternal, n.M.Errors[ReasonInternal]
	}
	n.Title, n.Icon, n.Heading = m.Title, iconStop, n.Say(m.Title)
	if e.Reason == ReasonFinished {
		n.Icon = iconDone
	}
	if here := n.M.TakeOver; e.Reason == ReasonOtherBrowser && e.ContinuePath != "" {
		m.Text, m.Action = here.Text, here.Action
		do.CSRF = e.CSRF
		do.post(here.Button, e.ContinuePath)
	}
	n.Body, n.Reference = n.paragraphs(m.Text, m.Action), e.Reference
	if name != "" {
		do.link(n.M.Common.Back, back)
	}
	n.Actions = do.list
	return render(p.notice, n)
}
