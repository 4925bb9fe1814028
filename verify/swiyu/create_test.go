package swiyu_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
	"vouchgate/verify/swiyu"
	"vouchgate/verify/swiyu/swiyutest"
)

func TestCreateReturnsWhatThePageNeeds(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	v, err := b.client.Create(t.Context(), kyc.Client{}, "profile")
	b.must(err)
	made, err := b.mock.Get(v.RequestID)
	b.must(err)
	ends := b.clock.Now().Add(900 * time.Second)
	want := kyc.Verification{RequestID: made.ID, URL: made.URL, Deeplink: made.Deeplink, EndsAt: &ends}
	if diff := cmp.Diff(want, v); diff != "" {
		t.Error(diff)
	}
}

func TestEndsAtIsCountedFromBeforeTheCall(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{config: func(c *swiyu.Config) { c.TTL = time.Minute }})
	before := b.clock.Now()
	b.mock.SetHook(func(context.Context, swiyutest.Call) { b.clock.advance(5 * time.Second) })
	v, err := b.client.Create(t.Context(), kyc.Client{}, "profile")
	b.must(err)
	if !v.EndsAt.Equal(before.Add(time.Minute)) {
		t.Errorf("ends at %v, want a minute after %v", v.EndsAt, before)
	}
}

// capture is a verifier that keeps the last request and gives a fixed answer.
func capture(t *testing.T, status int, answer string) (url string, body *string) {
	t.Helper()
	body = new(string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		*body = string(b)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return server.URL, body
}

const created = `{"id":"0198C0DE-1111-4222-8333-444455556666","state":"PENDING",` +
	`"verification_url":"https://v.example/r","verification_deeplink":"swiyu-verify://?client_id=a%3Ab&request_uri=https%3A%2F%2Fv.example%2Fr"}`

func TestCreateAsksByDCQLWithoutValues(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	url, body := capture(t, http.StatusCreated, created)
	v, err := b.client.Create(t.Context(), kyc.Client{
		VerifierURL: url, AcceptedIssuers: kyc.Strings{"did:example:one"}, CredentialTypes: kyc.Strings{"urn:example:id"},
		ClaimPaths: kyc.Paths{"given_name": {"name", "first"}}, VerifierResponseMode: "direct_post",
		DeeplinkScheme: "openid4vp",
	}, "given_name age_over_18")
	b.must(err)

	var got any
	b.must(json.Unmarshal([]byte(*body), &got))
	want := map[string]any{
		"accepted_issuer_dids": []any{"did:example:one"}, "response_mode": "direct_post",
		"dcql_query": map[string]any{"credentials": []any{map[string]any{
			"id": "identity", "format": "dc+sd-jwt", "meta": map[string]any{"vct_values": []any{"urn:example:id"}},
			"claims": []any{
				map[string]any{"path": []any{"name", "first"}}, map[string]any{"path": []any{"age_over_18"}},
			},
			"require_cryptographic_holder_binding": true,
		}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if v.RequestID != "0198c0de-1111-4222-8333-444455556666" {
		t.Errorf("id %q is not in its usual form", v.RequestID)
	}
	if want := "openid4vp://?client_id=a%3Ab&request_uri=https%3A%2F%2Fv.example%2Fr"; v.Deeplink != want {
		t.Errorf("deep link %q, want %q", v.Deeplink, want)
	}
}

func TestAScopeWithoutClaimsAsksForTheCredentialAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	url, body := capture(t, http.StatusOK, created)
	_, err := b.client.Create(t.Context(), kyc.Client{VerifierURL: url}, "openid offline_access")
	b.must(err)
	if strings.Contains(*body, `"claims"`) || !strings.Contains(*body, `"vct_values"`) {
		t.Errorf("the request is %s", *body)
	}
}

func TestCreateAsksForTheBetaIDUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{config: func(c *swiyu.Config) {
		c.DefaultProfile.Purpose = &swiyu.Purpose{
			Scope: "org.example.age", Name: map[string]string{"default": "Age"}, Description: map[string]string{"default": "To sell wine"},
		}
	}})
	url, body := capture(t, http.StatusOK, created)
	_, err := b.client.Create(t.Context(), kyc.Client{VerifierURL: url}, "age_over_18")
	b.must(err)
	for _, part := range []string{
		`"betaid-sdjwt"`, `"urn:vct:ch.admin.bcs.betaid"`, `"did:tdw:Qm`, `"did:webvh:Qm`, `"direct_post.jwt"`,
		`"purpose_name":{"default":"Age"}`,
	} {
		if !strings.Contains(*body, part) {
			t.Errorf("request lacks %s", part)
		}
	}
	if strings.Contains(*body, `"values"`) {
		t.Error("request filters by value")
	}
}

func TestCreateChecksTheLinks(t *testing.T) {
	t.Parallel()
	const id = `{"id":"0198c0de-1111-4222-8333-444455556666","verification_url":`
	rows := []struct {
		name, answer, deeplink string // no deeplink: refused
	}{
		{"an old verifier sends no deep link, so the address is the link", id + `"https://v.example/r"}`, "https://v.example/r"},
		{"a null deep link is none", id + `"https://v.example/r","verification_deeplink":null}`, "https://v.example/r"},
		{"a web link keeps its scheme", id + `"https://v.example/r","verification_deeplink":"https://w.example/1"}`, "https://w.example/1"},
		{"a wallet link gets the scheme of the profile", id + `"https://v.example/r","verification_deeplink":"swiyu-verify://?a=b"}`, "haip://?a=b"},
		{"a script is no link", id + `"https://v.example/r","verification_deeplink":"javascript://x/%0aalert(1)"}`, ""},
		{"a data link is no link", id + `"https://v.example/r","verification_deeplink":"DATA://text/html,x"}`, ""},
		{"quotes have no place in a link", id + `"https://v.example/r","verification_deeplink":"swiyu-verify://?a=\"b"}`, ""},
		{"line ends have no place in a link", id + `"https://v.example/r","verification_deeplink":"swiyu-verify://?a=\nb"}`, ""},
		{"a link without scheme is no link", id + `"https://v.example/r","verification_deeplink":"//host/x"}`, ""},
		{"a link must fit a QR code", id + `"https://v.example/r","verification_deeplink":"swiyu-verify://?` + strings.Repeat("a", 3000) + `"}`, ""},
		{"an address must be a web address", id + `"ftp://v.example/r"}`, ""},
		{"an address must be there", `{"id":"0198c0de-1111-4222-8333-444455556666"}`, ""},
		{"an id must be a UUID", `{"id":"../../x","verification_url":"https://v.example/r"}`, ""},
		{"an id must be there", `{"verification_url":"https://v.example/r"}`, ""},
		{"an answer must be an object", `[]`, ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, benchOptions{})
			url, _ := capture(t, http.StatusOK, row.answer)
			v, err := b.client.Create(t.Context(), kyc.Client{VerifierURL: url, DeeplinkScheme: "haip"}, "profile")
			switch {
			case row.deeplink == "" && !errors.Is(err, swiyu.ErrUnavailable):
				t.Errorf("got %+v, %v, want ErrUnavailable", v, err)
			case row.deeplink != "" && (err != nil || v.Deeplink != row.deeplink):
				t.Errorf("got %q, %v, want %q", v.Deeplink, err, row.deeplink)
			}
		})
	}
}

func TestCreateTellsWhatIsBrokenFromWhatIsMisconfigured(t *testing.T) {
	t.Parallel()
	status := func(s int) swiyutest.Fault { return swiyutest.Fault{Kind: swiyutest.FaultStatus, Status: s} }
	rows := []struct {
		name  string
		fault swiyutest.Fault
		want  error
	}{
		{"400 is our fault", status(400), swiyu.ErrRejected},
		{"401 is our fault", status(401), swiyu.ErrRejected},
		{"403 is our fault", status(403), swiyu.ErrRejected},
		{"405 is our fault", status(405), swiyu.ErrRejected},
		{"429 passes", status(429), swiyu.ErrUnavailable},
		{"500 passes", status(500), swiyu.ErrUnavailable},
		{"503 passes", status(503), swiyu.ErrUnavailable},
		{"a redirect is not followed", swiyutest.Fault{Kind: swiyutest.FaultRedirect, Status: 307}, swiyu.ErrUnavailable},
		{"garbage passes", swiyutest.Fault{Kind: swiyutest.FaultGarbage}, swiyu.ErrUnavailable},
		{"a page of a proxy passes", swiyutest.Fault{Kind: swiyutest.FaultHTML}, swiyu.ErrUnavailable},
		{"an empty answer passes", swiyutest.Fault{Kind: swiyutest.FaultEmpty}, swiyu.ErrUnavailable},
		{"half an answer passes", swiyutest.Fault{Kind: swiyutest.FaultTruncated}, swiyu.ErrUnavailable},
		{"an endless answer passes", swiyutest.Fault{Kind: swiyutest.FaultHuge}, swiyu.ErrUnavailable},
		{"a compressed endless answer passes", swiyutest.Fault{Kind: swiyutest.FaultGzipBomb}, swiyu.ErrUnavailable},
		{"a reset passes", swiyutest.Fault{Kind: swiyutest.FaultReset}, swiyu.ErrUnavailable},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, benchOptions{})
			b.mock.SetMode(swiyutest.Mode{CreateFault: &row.fault})
			_, err := b.client.Create(t.Context(), kyc.Client{ID: "shop"}, "profile")
			if !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
			if c := b.mock.Counters(); c.Creates != 1 || c.Trapped != 0 {
				t.Errorf("%d creates, %d redirects followed; want one create and nothing more", c.Creates, c.Trapped)
			}
		})
	}
}

func TestALogOfARefusedCreateDoesNotQuoteTheVerifier(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	url, _ := capture(t, http.StatusBadRequest, `{"error_description":"CANARY"}`)
	_, err := b.client.Create(t.Context(), kyc.Client{ID: "shop", VerifierURL: url}, "profile")
	if err == nil || strings.Contains(err.Error(), "CANARY") {
		t.Errorf("error %v", err)
	}
	logs := b.logs.String()
	if strings.Contains(logs, "CANARY") || !strings.Contains(logs, "status=400") || !strings.Contains(logs, "error_description_length=6") {
		t.Errorf("logged %s", logs)
	}
}

func TestCreateWithNothingSensibleToSendCallsNobody(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	for name, row := range map[string]struct {
		client kyc.Client
		scope  string
	}{
		"a script as scheme":       {kyc.Client{DeeplinkScheme: "javascript"}, "profile"},
		"an unknown response mode": {kyc.Client{VerifierResponseMode: "fragment"}, "profile"},
		"an address with a query":  {kyc.Client{VerifierURL: "https://v.example/?a=b"}, "profile"},
		"an address with a user":   {kyc.Client{VerifierURL: "https://u:p@v.example"}, "profile"},
		"an address of a file":     {kyc.Client{VerifierURL: "file:///etc"}, "profile"},
	} {
		if _, err := b.client.Create(t.Context(), row.client, row.scope); !errors.Is(err, swiyu.ErrRejected) {
			t.Errorf("%s: got %v, want ErrRejected", name, err)
		}
	}
	if n := b.mock.Counters().Creates; n != 0 {
		t.Errorf("%d creates", n)
	}
}

func TestAPathOfTheClientIsJoinedWithOneSlash(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	client := kyc.Client{VerifierURL: b.server.URL + "/", VerifierPath: "/management/api/verifications/"}
	if _, err := b.client.Create(t.Context(), client, "profile"); err != nil {
		t.Error(err)
	}
}

func TestNewListsEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := swiyu.New(swiyu.Config{
		DefaultVerifierURL: "verifier.example",
		DefaultProfile:     swiyu.Profile{CredentialID: "a b", ResponseMode: "query", DeeplinkScheme: "data"},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range []string{"now and rand", "credential id", "response mode", "deep link scheme", "verifier address"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error does not name %q: %v", part, err)
		}
	}
}
