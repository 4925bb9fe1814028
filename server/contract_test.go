package server_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"html"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"vouchgate/gen/api"
	"vouchgate/kyc"
)

// contract checks every answer of a test, whatever the test is about: that it is
// one of those the contract describes, and what holds for all answers.
type contract struct {
	t      testing.TB
	router routers.Router
	issuer string

	mu       sync.Mutex
	known    []string // the redirect URIs that a browser may be sent to
	origins  []string // whose scripts may call
	mayFail  bool     // answers of 5xx are expected
	statuses map[string]int
}

func init() {
	// What the contract calls a text stays a text.
	for _, kind := range []string{
		"text/html", "text/css", "text/javascript", "text/event-stream", "image/svg+xml", "application/yaml",
	} {
		openapi3filter.RegisterBodyDecoder(kind, func(body io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
			b, err := io.ReadAll(body)
			return string(b), err
		})
	}
}

// router finds operations of the contract. Version 3.1 would compile a schema for
// every answer.
var router = sync.OnceValues(func() (routers.Router, error) {
	spec, err := api.GetSpec()
	if err != nil {
		return nil, err
	}
	spec.Servers, spec.OpenAPI = nil, "3.0.3"
	return gorillamux.NewRouter(spec)
})

func newContract(t testing.TB, issuer *url.URL) *contract {
	t.Helper()
	r, err := router()
	must(t, err)
	return &contract{t: t, router: r, issuer: issuer.String(), statuses: map[string]int{}}
}

// register remembers where a client's browsers may be sent.
func (c *contract) register(client kyc.Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = append(c.known, client.RedirectURIs...)
	c.origins = append(c.origins, client.Origins...)
}

// forget takes back what register said.
func (c *contract) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = nil
}

// expectFailures allows answers of 5xx from now on.
func (c *contract) expectFailures() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mayFail = true
}

// checked checks the answers of a handler.
func (c *contract) checked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &tee{ResponseWriter: w}
		next.ServeHTTP(seen, r)
		c.check(r, seen)
	})
}

func (c *contract) check(r *http.Request, seen *tee) {
	c.mu.Lock()
	defer c.mu.Unlock()
	what := r.Method + " " + clip(r.URL.Path) + " -> " + strconv.Itoa(seen.status)
	for _, fault := range slices.Concat(c.described(r, seen), c.sound(r, seen)) {
		c.t.Errorf("%s: %s", what, fault)
	}
	c.statuses[strconv.Itoa(seen.status)]++
}

// described lists where an answer is not what the contract says.
func (c *contract) described(r *http.Request, seen *tee) []string {
	plain := r.Clone(r.Context())
	plain.URL = &url.URL{Path: r.URL.Path, RawQuery: r.URL.RawQuery} // however the target was written
	route, params, err := c.router.FindRoute(plain)
	if err != nil {
		preflight := r.Method == http.MethodOptions && seen.sent.Get("Access-Control-Allow-Origin") != ""
		if seen.status < 400 && r.URL.Path != "/" && r.Method != http.MethodHead && !preflight {
			return []string{"an answer where the contract has no operation"}
		}
		return nil
	}
	if seen.status < 400 && route.Operation.Responses.Status(seen.status) == nil {
		return []string{"the contract does not know this status"}
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Status:                 seen.status, Header: seen.sent, Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	input.SetBodyBytes(seen.body.Bytes())
	if err := openapi3filter.ValidateResponse(ctx, input); err != nil {
		return []string{err.Error()}
	}
	return nil
}

// sound lists where an answer breaks a rule that holds for all.
func (c *contract) sound(r *http.Request, seen *tee) (faults []string) {
	h := seen.sent
	wants := func(good bool, fault string) {
		if !good {
			faults = append(faults, fault)
		}
	}
	kind := h.Get("Content-Type")
	wants(seen.status < 500 || c.mayFail, "a failure of the server: "+seen.body.String())
	redirect := http.StatusSeeOther
	if strings.HasPrefix(r.URL.Path, "/solve/") {
		redirect = http.StatusFound // as GNU Taler Challenger has it
	}
	wants(seen.status < 300 || seen.status > 399 || seen.status == redirect, "a redirect other than "+strconv.Itoa(redirect))
	wants(h.Get("Location") == "" || c.mayLeadTo(h.Get("Location")), "a redirect to "+h.Get("Location"))
	wants(seen.status != http.StatusMethodNotAllowed || h.Get("Allow") != "", "405 without Allow")
	if seen.status == http.StatusTooManyRequests && !waitsInVain(r.URL.Path) || seen.status == http.StatusServiceUnavailable {
		seconds, err := strconv.Atoi(h.Get("Retry-After"))
		wants(err == nil && seconds > 0, "no good Retry-After: "+h.Get("Retry-After"))
	}
	wants(seen.status != http.StatusUnauthorized || byForm[r.URL.Path] || h.Get("WWW-Authenticate") != "", "401 without a challenge")
	wants((h.Get("Strict-Transport-Security") != "") == strings.HasPrefix(c.issuer, "https:"), "https is not insisted on, or where there is none")
	if seen.status >= 400 {
		wants(h.Get("Cache-Control") == "no-store", "an error that may be kept")
		wants(len(traces(seen.body.String())) == 0, "an error with personal data")
	}
	if strings.HasPrefix(kind, "text/html") {
		wants(strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'"), "a page that can be framed")
		wants(h.Get("X-Frame-Options") == "DENY", "a page without X-Frame-Options")
		wants(h.Get("Referrer-Policy") == "no-referrer", "a page that tells where it was")
		for _, target := range formTargets(seen.body.String()) {
			wants(strings.HasPrefix(target, "/") || slices.Contains(c.known, target), "a form that goes to "+target)
		}
	}
	if kind == "application/json" && seen.status >= 400 {
		wants(goodError(r.URL.Path, seen.body.Bytes()), "not an OAuth error: "+seen.body.String())
	}
	empty := seen.status == redirect || seen.status == http.StatusNoContent ||
		seen.status == http.StatusOK && (r.URL.Path == "/notification" || r.URL.Path == "/revoke")
	wants(empty || kind != "", "no content type")
	wants(c.mayShare(r, h.Get("Access-Control-Allow-Origin")), "an answer for other origins")
	wants(h.Get("Access-Control-Allow-Credentials") == "", "scripts of other origins that may send cookies")
	return faults
}

// byForm are the endpoints whose callers may authenticate in the form, for which
// there is no challenge.
var byForm = map[string]bool{"/token": true, "/par": true, "/revoke": true, "/introspect": true}

// formTargets lists where the forms of a page go.
func formTargets(page string) (targets []string) {
	for _, form := range formTag.FindAllStringSubmatch(page, -1) {
		targets = append(targets, html.UnescapeString(form[1]))
	}
	return targets
}

// mayShare says whether scripts of other origins may read an answer: those of every
// origin what is the same for everybody, those of registered ones what their token is
// good for.
func (c *contract) mayShare(r *http.Request, origin string) bool {
	switch r.URL.Path {
	case "/jwks", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server":
		return origin == "*"
	case "/token", "/revoke", "/info", "/userinfo":
		return origin == "" || origin == r.Header.Get("Origin") && slices.Contains(c.origins, origin)
	}
	return origin == ""
}

// mayLeadTo says whether a browser may be sent somewhere: to a page of ours, or
// to a registered redirect URI with an answer for the client.
func (c *contract) mayLeadTo(location string) bool {
	path, _, _ := strings.Cut(location, "?")
	if path == "/authorize" && strings.Contains(location, "request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A") {
		return true // a request that was posted without a cookie
	}
	path, location = strings.TrimPrefix(path, c.issuer), strings.TrimPrefix(location, c.issuer)
	if path == "/docs" || path == "/me" || path == "/login" || strings.HasPrefix(location, "/session/") {
		return true
	}
	return slices.ContainsFunc(c.known, func(uri string) bool {
		rest, ok := strings.CutPrefix(location, uri)
		return ok && (strings.HasPrefix(rest, "?") || strings.Contains(uri, "?") && strings.HasPrefix(rest, "&"))
	})
}

// waitsInVain says whether 429 may mean that waiting does not help: the tries of a
// TAN or the messages of an address are used up.
func waitsInVain(path string) bool {
	return strings.HasSuffix(path, "/pin") || strings.HasSuffix(path, "/address") || strings.HasSuffix(path, "/resend") || ofWebApps(path)
}

// ofWebApps says whether GNU Taler Challenger's web apps call a path.
func ofWebApps(path string) bool {
	return strings.HasPrefix(path, "/challenge/") || strings.HasPrefix(path, "/solve/")
}

// goodError says whether a body is one JSON object of exactly the two members, in the
// characters of RFC 6749, section 5.2; beside GNU Taler's where its web apps call.
func goodError(path string, body []byte) bool {
	d := json.NewDecoder(bytes.NewReader(body))
	var members map[string]any
	if d.Decode(&members) != nil {
		return false
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return false
	}
	if ofWebApps(path) {
		code, _ := members["code"].(float64)
		if code == 0 || members["hint"] != members["error_description"] {
			return false
		}
	} else if len(members) != 2 {
		return false
	}
	for _, name := range []string{"error", "error_description"} {
		text, _ := members[name].(string)
		outside := func(r rune) bool { return r < 0x20 || r == '"' || r == '\\' || r > 0x7E }
		if text == "" || strings.ContainsFunc(text, outside) {
			return false
		}
	}
	return true
}

func clip(s string) string { return s[:min(len(s), 80)] }

// tee keeps what is written to it.
type tee struct {
	http.ResponseWriter
	status int
	sent   http.Header
	body   bytes.Buffer
}

// WriteHeader implements http.ResponseWriter.
func (t *tee) WriteHeader(status int) {
	if t.status == 0 {
		t.status, t.sent = status, maps.Clone(t.Header())
	}
	t.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (t *tee) Write(b []byte) (int, error) {
	if t.status == 0 {
		t.WriteHeader(http.StatusOK)
	}
	t.body.Write(b)
	return t.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (t *tee) Unwrap() http.ResponseWriter { return t.ResponseWriter }
