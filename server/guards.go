package server

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	jsonv2 "github.com/go-json-experiment/json"
	middleware "github.com/oapi-codegen/nethttp-middleware"

	"vouchgate/oauth"
	"vouchgate/server/pages"
)

// The sizes of the largest bodies, in bytes.
const (
	maxForm         = 16 << 10
	maxNotification = 4 << 10
	maxSetup        = 64 << 10
)

// byOAuth marks an operation of the contract that the protocol code validates.
const byOAuth = "x-validated-by"

// unlessOAuth applies a middleware to all operations but those that the contract
// leaves to the protocol code.
func unlessOAuth(spec *openapi3.T, apply func(http.Handler) http.Handler) func(http.Handler) http.Handler {
	skip := map[string]bool{}
	for path, item := range spec.Paths.Map() {
		for method, op := range item.Operations() {
			if op.Extensions[byOAuth] == "oauth" {
				skip[method+" "+path] = true
			}
		}
	}
	return func(next http.Handler) http.Handler {
		checked := apply(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if skip[r.Pattern] {
				next.ServeHTTP(w, r)
				return
			}
			if r.Method == http.MethodHead { // the contract has no words of its own for it
				asGet := *r
				asGet.Method = http.MethodGet
				r = &asGet
			}
			checked.ServeHTTP(w, r)
		})
	}
}

// validatorOptions leave authentication to the operations, which know why a
// cookie may be missing.
func validatorOptions() openapi3filter.Options {
	return openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}
}

// contractFault answers a request that does not fit the contract. The validator's
// own text may quote what was sent and goes nowhere.
func (s *Server) contractFault(_ context.Context, _ error, w http.ResponseWriter, r *http.Request, _ middleware.ErrorHandlerOpts) {
	s.malformed(w, r)
}

// malformed answers a request whose path or query cannot be read. A session whose
// id is malformed is as unknown as any other.
func (s *Server) malformed(w http.ResponseWriter, r *http.Request) {
	if err := checkSessionPath(r.URL.Path); err != nil {
		s.writeError(w, r, err)
		return
	}
	s.writeError(w, r, shownAs(pages.ReasonBadRequest, http.StatusBadRequest))
}

// checkSessionPath refuses ids of sessions in any form but the usual one, of which
// generated code reads several.
func checkSessionPath(path string) error {
	rest, ofSession := strings.CutPrefix(path, "/session/")
	id, _, _ := strings.Cut(rest, "/")
	if ofSession && !isUUID(id) {
		return shownAs(pages.ReasonSessionUnknown, http.StatusNotFound)
	}
	return nil
}

// guard prepares requests to the operations that OAuth checks, before generated
// code binds them: that code would take the first of repeated parameters and read
// form parameters from the URL.
func (s *Server) guard(w http.ResponseWriter, r *http.Request, next http.Handler) {
	var err error
	switch p := r.URL.Path; {
	case p == "/authorize" && r.Method == http.MethodPost:
		err = guardVisit(w, r)
	case p == "/authorize", strings.HasPrefix(p, "/authorize/"):
		hideQuery(r) // the operation has the raw query in its visit
	case strings.HasPrefix(p, "/setup/"):
		err = guardSetup(w, r)
	case p == "/token", p == "/par", p == "/revoke", p == "/introspect":
		err = guardForm(w, r)
	case p == "/userinfo":
		err = guardUserinfo(w, r)
	case p == "/notification":
		err = s.guardNotification(w, r)
	case isChallenger(p):
		err = guardFields(w, r)
	case r.Method == http.MethodPost && browserRoute(p):
		if err = checkSessionPath(p); err == nil {
			err = guardFields(w, r)
		}
	default:
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	}
	if err != nil {
		s.writeError(w, r, err)
		return
	}
	next.ServeHTTP(w, r)
}

// dropBody reads a body that is ignored, so that the connection can be used
// again.
func dropBody(w http.ResponseWriter, r *http.Request, limit int64) error {
	if _, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, limit)); err != nil {
		return bodyFault(err)
	}
	r.Body = http.NoBody
	return nil
}

func bodyFault(err error) error {
	var large *http.MaxBytesError
	e := oauth.InvalidRequest("the body cannot be read")
	if errors.As(err, &large) {
		e = oauth.InvalidRequest("the body is too large")
		e.Status = http.StatusRequestEntityTooLarge
	}
	return e.Because(err)
}

// notification is what the verifier sends.
type notification struct {
	VerificationID string `json:"verification_id"`
}

// guardNotification checks the verifier's key before it reads anything, and the
// body more strictly than generated code does: no repeated members, nothing after
// the object.
func (s *Server) guardNotification(w http.ResponseWriter, r *http.Request) error {
	sent := r.Header.Values(s.NotificationKeyHeader)
	if s.NotificationKey != "" &&
		(len(sent) != 1 || subtle.ConstantTimeCompare([]byte(sent[0]), []byte(s.NotificationKey)) != 1) {
		e := oauth.InvalidRequest("the key of the verifier is missing or wrong")
		e.Status, e.Scheme = http.StatusUnauthorized, "ApiKey"
		return e
	}
	if r.Header.Get("Content-Encoding") != "" {
		e := oauth.InvalidRequest("the body must not be compressed")
		e.Status = http.StatusUnsupportedMediaType
		return e
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxNotification))
	if err != nil {
		return bodyFault(err)
	}
	var n notification
	if err := jsonv2.Unmarshal(raw, &n); err != nil {
		return oauth.InvalidRequest("the body must be a JSON object with verification_id").Because(err)
	}
	if !isUUID(n.VerificationID) {
		return oauth.InvalidRequest("verification_id must be a UUID")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Body = io.NopCloser(bytes.NewReader([]byte(`{"verification_id":"` + n.VerificationID + `"}`)))
	return nil
}
