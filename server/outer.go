package server

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	middleware "github.com/oapi-codegen/nethttp-middleware"

	"vouchgate/gen/api"
	"vouchgate/oauth"
	"vouchgate/server/pages"
)

// maxURL is the length of the longest request URL, in bytes.
const maxURL = 8 << 10

// strictTransport keeps browsers on https for a year (RFC 6797).
const strictTransport = "max-age=31536000; includeSubDomains"

// assemble puts the handlers together: outer handler, guards, generated routing,
// validation against the contract, generated binding, our operations.
func (s *Server) assemble() (http.Handler, error) {
	spec, err := api.GetSpec()
	if err != nil {
		return nil, fmt.Errorf("reading the contract: %w", err)
	}
	spec.Servers = nil
	// The validator compiles a JSON schema on every request for documents of
	// version 3.1, and none for 3.0; what the contract's requests use is the same
	// in both.
	spec.OpenAPI = "3.0.3"
	validate := middleware.OapiRequestValidatorWithOptions(spec, &middleware.Options{
		ErrorHandlerWithOpts: s.contractFault, Options: validatorOptions(),
		SilenceServersWarning: true,
	})
	strict := api.NewStrictHandlerWithOptions(s, nil, api.StrictHTTPServerOptions{
		RequestErrorHandlerFunc: func(w http.ResponseWriter, r *http.Request, err error) {
			s.writeError(w, r, oauth.InvalidRequest("the request cannot be read").Because(err))
		},
		ResponseErrorHandlerFunc: s.writeError,
	})
	mux := http.NewServeMux()
	api.HandlerWithOptions(strict, api.StdHTTPServerOptions{
		BaseRouter:       mux,
		Middlewares:      []api.MiddlewareFunc{unlessOAuth(spec, validate)},
		ErrorHandlerFunc: func(w http.ResponseWriter, r *http.Request, _ error) { s.malformed(w, r) },
	})
	return s.surround(mux), nil
}

// surround is the outer handler: what every request shares.
func (s *Server) surround(mux *http.ServeMux) http.Handler {
	foreign := http.NewCrossOriginProtection()
	_ = foreign.AddTrustedOrigin(s.issuer()) // a proxy may have changed the Host
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := s.Now()
		v := s.visit(r)
		r = r.WithContext(withVisit(r.Context(), v))
		rec := &recorder{ResponseWriter: w}
		_, pattern := mux.Handler(r)
		v.pattern = pattern
		if s.secure() {
			rec.Header().Set("Strict-Transport-Security", strictTransport)
		}
		defer func() {
			if fault := recover(); fault != nil {
				s.panicked(rec, r, fault)
			}
			s.metrics.answered(pattern, rec.status, v.stream, s.Now().Sub(started))
		}()
		wait := s.overPace(r, v)
		switch {
		case s.shareWithScripts(rec, r): // a preflight, which is answered
		case wait > 0:
			s.writeError(rec, r, limited{retryAfter(wait)})
		case len(r.RequestURI) > maxURL:
			s.writeError(rec, r, shownAs(pages.ReasonBadRequest, http.StatusRequestURITooLong))
		case path.Clean(r.URL.Path) != r.URL.Path:
			// The mux would redirect to the clean path, and a verifier that is
			// redirected takes that for success.
			s.writeError(rec, r, errNoPath)
		case r.URL.Path == "/" && r.Method == http.MethodGet:
			_ = redirectAnswer("/docs").write(rec)
		case pattern == "", r.Method == http.MethodHead && movesSomething(r.URL.Path):
			s.noRoute(rec, r, mux)
		case browserRoute(r.URL.Path) && foreign.Check(r) != nil:
			s.writeError(rec, r, shownAs(pages.ReasonCrossOrigin, http.StatusForbidden))
		default:
			ctx, cancel := withLimit(r.Context(), r.URL.Path, v.stream)
			defer cancel()
			s.guard(rec, r.WithContext(ctx), mux)
		}
	})
}

// overPace says how long an address has to wait that asks for too much. The
// verifier speaks for many persons, and a monitor only asks for what is kept.
func (s *Server) overPace(r *http.Request, v *visit) time.Duration {
	if r.URL.Path == "/notification" || strings.HasPrefix(r.URL.Path, "/assets/") {
		return 0
	}
	return s.pace.spend(v.address, s.Now())
}

// The longest that an answer may take, whatever the database and the verifier do.
const (
	answerLimit = 5 * time.Second
	openLimit   = 20 * time.Second // with a verification to be made, which has 10 s itself
)

func withLimit(ctx context.Context, path string, stream bool) (context.Context, context.CancelFunc) {
	switch {
	case stream:
		return context.WithCancel(ctx) // it has a life of its own
	case path == "/authorize", strings.HasPrefix(path, "/authorize/"), strings.HasPrefix(path, "/session/"):
		return context.WithTimeout(ctx, openLimit)
	}
	return context.WithTimeout(ctx, answerLimit)
}

// browserRoute says whether a path is visited by persons' browsers, which are
// protected against forms of other sites and get pages.
func browserRoute(p string) bool {
	return strings.HasPrefix(p, "/authorize/") || strings.HasPrefix(p, "/session/") || strings.HasPrefix(p, "/me/") ||
		p == "/login" || p == "/logout" || isChallenger(p)
}

// movesSomething says whether a GET of the path has effects, which a HEAD must
// not have.
func movesSomething(p string) bool {
	last := p[strings.LastIndex(p, "/")+1:]
	return p == "/authorize" || strings.HasPrefix(p, "/authorize/") || strings.HasPrefix(p, "/letter/") ||
		slices.Contains([]string{"finish", "status", "pin", "choose"}, last)
}

// noRoute answers for paths and methods that the contract does not have.
func (s *Server) noRoute(w http.ResponseWriter, r *http.Request, mux *http.ServeMux) {
	probe, other := &discard{header: http.Header{}}, *r
	other.Method = "-" // which no route takes, so that the mux lists those that are
	mux.ServeHTTP(probe, &other)
	if probe.status == http.StatusMethodNotAllowed {
		allow := probe.header.Get("Allow")
		if movesSomething(r.URL.Path) {
			allow = strings.Replace(allow, ", HEAD", "", 1)
		}
		w.Header().Set("Allow", allow)
		s.writeError(w, r, errNoMethod)
		return
	}
	s.writeError(w, r, errNoPath)
}

// panicked answers in place of a handler that panicked, and logs where. The value
// of the panic may hold anything, so only its type is logged.
func (s *Server) panicked(w *recorder, r *http.Request, fault any) {
	if fault == http.ErrAbortHandler {
		panic(fault)
	}
	v := visitOf(r.Context())
	s.Log.Error("handler panicked", "reference", v.reference(s.Rand), "route", v.pattern,
		"type", fmt.Sprintf("%T", fault), "stack", string(debug.Stack()))
	if w.status == 0 {
		s.writeError(w, r, oauth.ServerError(nil))
	}
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// discard is a ResponseWriter whose answer nobody gets.
type discard struct {
	header http.Header
	status int
}

// Header implements http.ResponseWriter.
func (d *discard) Header() http.Header { return d.header }

// Write implements http.ResponseWriter.
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader implements http.ResponseWriter.
func (d *discard) WriteHeader(status int) { d.status = status }

func retryAfter(d time.Duration) string {
	return strconv.Itoa(seconds(d))
}
