package server

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"vouchgate/kyc"
	"vouchgate/oauth"
	"vouchgate/server/pages"
	"vouchgate/store"
)

// pageError is a refusal that a person sees as a page, and a program as JSON.
type pageError struct {
	reason   pages.Reason
	status   int
	client   *kyc.Client // whom the way back leads to, if known
	back     string      // the way back, with an error for the client
	here     string      // posts here to go on in this browser
	selfPath string      // comes back here to try again, for ReasonUnavailable
	cause    error       // for the log
}

// Error implements error.
func (e *pageError) Error() string { return "page: " + string(e.reason) }

// Unwrap returns the cause, for the log.
func (e *pageError) Unwrap() error { return e.cause }

func shownAs(reason pages.Reason, status int) *pageError {
	return &pageError{reason: reason, status: status}
}

var (
	errNoPath   = shownAs(pages.ReasonNotFound, http.StatusNotFound)
	errNoMethod = shownAs(pages.ReasonMethodNotAllowed, http.StatusMethodNotAllowed)
)

// limited is a refusal because of too many requests.
type limited struct{ retryAfter string }

// Error implements error.
func (limited) Error() string { return "too many requests" }

// writeError is the only place where an error becomes an answer.
func (s *Server) writeError(w http.ResponseWriter, r *http.Request, err error) {
	var away profiled
	v := visitOf(r.Context())
	if errors.As(err, &away) && !v.json {
		s.logRefusal(r.Context(), err, http.StatusSeeOther)
		home, fault := s.takeHome(away, v.lang)
		if fault == nil {
			_ = home.write(w)
			return
		}
		err = fault
	}
	page, problem := s.classify(err)
	s.logRefusal(r.Context(), err, problem.Status)
	if v.json || !forPersons(r.URL.Path) {
		body := map[string]any{"error": problem.Code, "error_description": problem.Description}
		if isChallenger(r.URL.Path) {
			body["code"], body["hint"] = talerNumber(err, problem.Status), problem.Description
		}
		a := jsonAnswer(problem.Status, body)
		a.header.Set("Pragma", "no-cache")
		if challenge := problem.Challenge("vouchgate"); challenge != "" {
			a.header.Set("WWW-Authenticate", challenge)
		}
		setRetryAfter(a.header, problem.Status, err)
		_ = a.write(w)
		return
	}
	s.writePage(w, v, page, err)
}

// classify says how an error looks as a page and as JSON.
func (s *Server) classify(err error) (*pageError, *oauth.Error) {
	var (
		page    *pageError
		shown   *oauth.ShownError
		away    profiled
		problem *oauth.Error
		slow    limited
	)
	switch {
	case errors.As(err, &page):
		return page, problemOf(page)
	case errors.As(err, &shown):
		p := shownAs(reasons[shown.Reason], shown.Status)
		return p, problemOf(p)
	case errors.As(err, &away):
		problem = oauth.InvalidRequest(away.Description)
		problem.Code = away.Code
		return shownAs(pages.ReasonBadRequest, problem.Status), problem
	case errors.As(err, &slow):
		p := shownAs(pages.ReasonTooManyRequests, http.StatusTooManyRequests)
		return p, problemOf(p)
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		p := shownAs(pages.ReasonUnavailable, http.StatusServiceUnavailable)
		return p, oauth.TemporarilyUnavailable(err)
	case errors.As(err, &problem) && problem.Status < http.StatusInternalServerError:
		return shownAs(pages.ReasonBadRequest, problem.Status), problem
	}
	return shownAs(pages.ReasonInternal, http.StatusInternalServerError), oauth.AsError(err)
}

// problemOf is a page's message for programs.
func problemOf(p *pageError) *oauth.Error {
	var e *oauth.Error
	switch {
	case p.status == http.StatusServiceUnavailable:
		e = oauth.TemporarilyUnavailable(p.cause)
	case p.status >= http.StatusInternalServerError:
		e = oauth.ServerError(p.cause)
	case p.status == http.StatusTooManyRequests:
		e = oauth.TemporarilyUnavailable(nil)
		e.Description = "too many requests, wait a little"
	default:
		e = oauth.InvalidRequest(strings.ReplaceAll(string(p.reason), "_", " "))
	}
	e.Status = p.status
	return e
}

var reasons = map[oauth.Reason]pages.Reason{
	oauth.ReasonBadRequest:         pages.ReasonBadRequest,
	oauth.ReasonUnknownClient:      pages.ReasonUnknownClient,
	oauth.ReasonNoRedirectURI:      pages.ReasonBadRedirectURI,
	oauth.ReasonUnknownRedirectURI: pages.ReasonBadRedirectURI,
}

// programPaths are called by programs alone.
var programPaths = []string{
	"/token", "/par", "/revoke", "/introspect", "/info", "/userinfo", "/jwks", "/config", "/openapi.yaml",
}

// forPersons says whether the callers of a path are persons' browsers.
func forPersons(p string) bool {
	switch {
	case strings.HasSuffix(p, "/status"), strings.HasPrefix(p, "/setup/"), strings.HasPrefix(p, "/.well-known/"), isChallenger(p):
		return false
	case strings.EqualFold(strings.Trim(p, "/."), "notification"):
		return false
	}
	return !slices.Contains(programPaths, p)
}

func (s *Server) writePage(w http.ResponseWriter, v *visit, e *pageError, err error) {
	if e.reason == pages.ReasonUnavailable && e.client != nil {
		body, fault := s.pages.Unavailable(pages.UnavailablePage{Lang: v.lang, ClientName: e.client.Name, SelfURL: e.selfPath})
		if fault == nil {
			a := pageAnswer(e.status, v.lang, body)
			setRetryAfter(a.header, e.status, err)
			_ = a.write(w)
			return
		}
	}
	p := pages.ErrorPage{Lang: v.lang, Reason: e.reason, Reference: v.reference(s.Rand), BackURL: e.back, ContinuePath: e.here}
	if e.client != nil {
		p.ClientName = e.client.Name
	}
	body, fault := s.pages.Error(p)
	if fault != nil {
		s.Log.Error("error page cannot be drawn", "reference", p.Reference, "error", fault)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	a := pageAnswer(e.status, v.lang, body, e.back)
	setRetryAfter(a.header, e.status, err)
	_ = a.write(w)
}

// outageRetry is how long callers shall wait while something of ours is down, in
// seconds.
const outageRetry = "5"

func setRetryAfter(h http.Header, status int, err error) {
	var slow limited
	var reached limitReached
	switch {
	case errors.As(err, &slow):
		h.Set("Retry-After", slow.retryAfter)
	case errors.As(err, &reached):
		h.Set("Retry-After", retryAfter(reached.wait))
	case status == http.StatusServiceUnavailable:
		h.Set("Retry-After", outageRetry)
	}
}

// logRefusal logs refusals: what is our fault as an error, the rest for those who
// look for it. Causes hold no values that somebody sent.
func (s *Server) logRefusal(ctx context.Context, err error, status int) {
	v := visitOf(ctx)
	if status < http.StatusInternalServerError || errors.Is(ctx.Err(), context.Canceled) { // the caller has left
		s.Log.Debug("request refused", "reference", v.reference(s.Rand), "route", v.pattern, "status", status, "error", err)
		return
	}
	cause := error(err)
	if inner := errors.Unwrap(err); inner != nil {
		cause = inner
	}
	s.Log.Error("request failed", "reference", v.reference(s.Rand), "route", v.pattern, "status", status, "error", cause)
}
