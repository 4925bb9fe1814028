package swiyu_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"vouchgate/kyc"
	"vouchgate/verify/swiyu/swiyutest"
)

// loadContract finds the verifier's own contract beside the repository. It is
// not part of it, so its absence skips the test.
func loadContract(t *testing.T) *openapi3.T {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "..", "shared", "data", "swiyu-verifier-openapi.yaml"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the verifier's contract is not at ../shared/data: requests and mock answers are not held against it")
	}
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatalf("reading the contract: %v", err)
	}
	return doc
}

// exchange is one call as it went over the wire.
type exchange struct {
	method, path, requestType string
	request, response         []byte
	status                    int
}

// recorder is a transport that keeps what passes.
type recorder struct {
	mu   sync.Mutex
	seen []exchange
}

func (c *recorder) RoundTrip(r *http.Request) (*http.Response, error) {
	e := exchange{method: r.Method, path: r.URL.Path, requestType: r.Header.Get("Content-Type")}
	if r.Body != nil {
		e.request, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(e.request))
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	e.status = resp.StatusCode
	e.response, _ = io.ReadAll(resp.Body)
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(e.response))
	c.mu.Lock()
	c.seen = append(c.seen, e)
	c.mu.Unlock()
	return resp, nil
}

func TestOurRequestsAndTheMocksAnswersKeepTheVerifiersContract(t *testing.T) {
	t.Parallel()
	doc := loadContract(t)
	for _, major := range []int{4, 5} {
		wire := &recorder{}
		b := newBench(t, benchOptions{major: major, http: &http.Client{Transport: wire}})
		const scope = "profile age_over_18 portrait"

		accepted, rejected := b.create(scope), b.create(scope)
		b.fetch(accepted, scope)
		b.must(b.mock.Accept(accepted, "zoe"))
		b.fetch(accepted, scope)
		b.must(b.mock.Reject(rejected, ""))
		b.fetch(rejected, scope)
		b.fetch("0198c0de-0000-7000-8000-000000000000", scope)
		b.mock.SetMode(swiyutest.Mode{Auto: &swiyutest.Auto{Action: swiyutest.AutoFail, Code: "credential_revoked"}})
		b.fetch(b.create(scope), scope)
		if _, err := b.client.Create(t.Context(), kyc.Client{AcceptedIssuers: kyc.Strings{"did:example:one"}}, scope); err != nil {
			t.Fatal(err)
		}

		if len(wire.seen) != 9 {
			t.Fatalf("major %d: %d calls recorded, want 9", major, len(wire.seen))
		}
		for _, e := range wire.seen {
			checkExchange(t, doc, major, e)
		}
	}
}

func checkExchange(t *testing.T, doc *openapi3.T, major int, e exchange) {
	t.Helper()
	path := e.path
	if e.method == http.MethodGet {
		path = path[:strings.LastIndex(path, "/")] + "/{verificationId}"
	}
	item := doc.Paths.Find(path)
	if item == nil || item.GetOperation(e.method) == nil {
		t.Fatalf("%s %s is not in the contract", e.method, e.path)
	}
	op := item.GetOperation(e.method)
	if op.RequestBody != nil {
		media := op.RequestBody.Value.Content[e.requestType]
		if media == nil {
			t.Fatalf("%s %s: media type %q is not in the contract", e.method, e.path, e.requestType)
		}
		request := decode(t, e.request, false)
		if err := media.Schema.Value.VisitJSON(request); err != nil {
			t.Errorf("%s %s: request: %v", e.method, e.path, err)
		}
		checkNames(t, e, request, media.Schema.Value)
	}
	response := op.Responses.Status(e.status)
	if response == nil {
		t.Fatalf("%s %s: status %d is not in the contract", e.method, e.path, e.status)
	}
	// Up to major 4 the verifier writes null for what it leaves out, which its own
	// contract does not allow.
	body := decode(t, e.response, major < 5)
	if err := response.Value.Content.Get("*/*").Schema.Value.VisitJSON(body); err != nil {
		t.Errorf("%s %s: answer %d: %v", e.method, e.path, e.status, err)
	}
	checkNames(t, e, body, response.Value.Content.Get("*/*").Schema.Value)
}

// checkNames looks for members that the contract does not have: it allows them,
// and the verifier would drop them without a word.
func checkNames(t *testing.T, e exchange, v any, schema *openapi3.Schema) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, element := range v {
			if schema.Items != nil {
				checkNames(t, e, element, schema.Items.Value)
			}
		}
	case map[string]any:
		for name, member := range v {
			property := schema.Properties[name]
			if property == nil && len(schema.Properties) > 0 {
				t.Errorf("%s %s (%d): %q is not in the contract", e.method, e.path, e.status, name)
			} else if property != nil {
				checkNames(t, e, member, property.Value)
			}
		}
	}
}

func decode(t *testing.T, raw []byte, dropNull bool) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	if dropNull {
		v = withoutNull(v)
	}
	return v
}

func withoutNull(v any) any {
	o, ok := v.(map[string]any)
	if !ok {
		return v
	}
	for name, member := range o {
		if member == nil {
			delete(o, name)
			continue
		}
		o[name] = withoutNull(member)
	}
	return o
}
