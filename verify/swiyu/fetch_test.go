package swiyu_test

import (
	"context"
	"errors"
	"io"
	"log"
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

const scope = "profile age_over_18"

func TestAWalkEndsWithAProof(t *testing.T) {
	t.Parallel()
	for _, major := range []int{4, 5} {
		b := newBench(t, benchOptions{major: major})
		id := b.create(scope)
		if o := b.fetch(id, scope); o.Kind != kyc.OutcomePending {
			t.Fatalf("major %d: before the wallet: %v", major, o.Kind)
		}
		b.must(b.mock.Accept(id, "zoe"))
		want := kyc.Outcome{Kind: kyc.OutcomeProved, Proof: kyc.Proof{
			Method: kyc.MethodSwiyu, Issuer: swiyu.BetaID().AcceptedIssuers[0], Type: swiyu.BetaID().CredentialTypes[0],
			VerifiedAt: b.clock.Now(),
			Claims: kyc.Claims{
				"given_name": "Zoë", "family_name": "D'Essai-Échantillon", "birth_date": "1972-02-29", "age_over_18": true,
			},
		}}
		if diff := cmp.Diff(want, b.fetch(id, scope)); diff != "" {
			t.Errorf("major %d: %s", major, diff)
		}
	}
}

func TestACredentialProvesWithoutClaims(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		mode swiyutest.Mode
		want kyc.OutcomeKind
	}{
		"the right credential":         {swiyutest.Mode{}, kyc.OutcomeProved},
		"one that shows more":          {swiyutest.Mode{ExtraClaims: map[string]any{"given_name": "Mira"}}, kyc.OutcomeProved},
		"one of another type":          {swiyutest.Mode{Type: "loyalty-card"}, kyc.OutcomeRefused},
		"one of another issuer":        {swiyutest.Mode{Issuer: "did:example:mallory"}, kyc.OutcomeRefused},
		"one that says not what it is": {swiyutest.Mode{OmitClaims: []string{"vct"}}, kyc.OutcomeRefused},
		"no data at all":               {swiyutest.Mode{Shape: swiyutest.ShapeNone}, kyc.OutcomeRefused},
	} {
		b := newBench(t, benchOptions{})
		b.mock.SetMode(row.mode)
		id := b.create("openid")
		b.must(b.mock.Accept(id, "zoe"))
		if o := b.fetch(id, "openid"); o.Kind != row.want || len(o.Proof.Claims) != 0 {
			t.Errorf("%s: %s with %d claims, not %s", name, o.Kind, len(o.Proof.Claims), row.want)
		}
	}
}

func TestFetchOfWhatTheVerifierMakesOfIt(t *testing.T) {
	t.Parallel()
	accept := &swiyutest.Auto{Action: swiyutest.AutoAccept}
	rows := []struct {
		name   string
		mode   swiyutest.Mode
		kind   kyc.OutcomeKind
		reason swiyu.Reason
	}{
		{"bools as bools prove", swiyutest.Mode{Flags: swiyutest.FlagsAsBool, Auto: accept}, kyc.OutcomeProved, ""},
		{"flat data prove", swiyutest.Mode{Shape: swiyutest.ShapeFlat, Auto: accept}, kyc.OutcomeProved, ""},
		{"another credential id proves", swiyutest.Mode{Shape: swiyutest.ShapeOtherID, Auto: accept}, kyc.OutcomeProved, ""},
		{"extra claims prove", swiyutest.Mode{ExtraClaims: map[string]any{"shoe_size": 41}, Auto: accept}, kyc.OutcomeProved, ""},
		{"two entries are refused", swiyutest.Mode{Shape: swiyutest.ShapeTwo, Auto: accept}, kyc.OutcomeRefused, swiyu.ReasonSeveral},
		{"no data are refused", swiyutest.Mode{Shape: swiyutest.ShapeNone, Auto: accept}, kyc.OutcomeRefused, swiyu.ReasonNoData},
		{"a missing claim is refused", swiyutest.Mode{OmitClaims: []string{"birth_date"}, Auto: accept}, kyc.OutcomeRefused, swiyu.ReasonClaimMissing},
		{"a null claim is refused", swiyutest.Mode{ExtraClaims: map[string]any{"birth_date": nil}, Auto: accept}, kyc.OutcomeRefused, swiyu.ReasonClaimMissing},
		{"a claim as a list is refused", swiyutest.Mode{ExtraClaims: map[string]any{"birth_date": []any{"x"}}, Auto: accept}, kyc.OutcomeRefused, swiyu.ReasonClaimUnusable},
		{"another type is refused", swiyutest.Mode{Type: "loyalty-card", Auto: accept}, kyc.OutcomeRefused, swiyu.ReasonType},
		{"another issuer is refused", swiyutest.Mode{Issuer: "did:example:mallory", Auto: accept}, kyc.OutcomeRefused, swiyu.ReasonIssuer},
		{"another id is refused", swiyutest.Mode{WrongID: true, Auto: accept}, kyc.OutcomeRefused, swiyu.ReasonOtherID},
		{"an unknown state is pending", swiyutest.Mode{RawState: `"success"`, Auto: accept}, kyc.OutcomePending, ""},
		{"a number as state is pending", swiyutest.Mode{RawState: `1`, Auto: accept}, kyc.OutcomePending, ""},
		{"a stuck verification is pending", swiyutest.Mode{Stuck: true, Auto: accept}, kyc.OutcomePending, ""},
		{"a failure without code is refused", swiyutest.Mode{NullErrorCode: true, Auto: &swiyutest.Auto{Action: swiyutest.AutoFail}}, kyc.OutcomeRefused, swiyu.ReasonNoCode},
		{"a rejection is refused", swiyutest.Mode{Auto: &swiyutest.Auto{Action: swiyutest.AutoReject}}, kyc.OutcomeRefused, "access_denied"},
		{"a made-up code is refused", swiyutest.Mode{Auto: &swiyutest.Auto{Action: swiyutest.AutoReject, Code: "\x1b[2J"}}, kyc.OutcomeRefused, swiyu.ReasonUnknownCode},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, benchOptions{})
			b.mock.SetMode(row.mode)
			o := b.fetch(b.create(scope), scope)
			if o.Kind != row.kind || swiyu.Reason(o.Detail) != row.reason {
				t.Errorf("got %v %q, want %v %q", o.Kind, swiyu.Reason(o.Detail), row.kind, row.reason)
			}
		})
	}
}

func TestFetchIsUnavailableForWhatIsNoAnswer(t *testing.T) {
	t.Parallel()
	rows := map[string]swiyutest.Fault{
		"400":                      {Kind: swiyutest.FaultStatus, Status: 400},
		"401":                      {Kind: swiyutest.FaultStatus, Status: 401},
		"403":                      {Kind: swiyutest.FaultStatus, Status: 403},
		"429":                      {Kind: swiyutest.FaultStatus, Status: 429},
		"500":                      {Kind: swiyutest.FaultStatus, Status: 500},
		"502":                      {Kind: swiyutest.FaultStatus, Status: 502},
		"302":                      {Kind: swiyutest.FaultRedirect},
		"garbage":                  {Kind: swiyutest.FaultGarbage},
		"a page":                   {Kind: swiyutest.FaultHTML},
		"an empty answer":          {Kind: swiyutest.FaultEmpty},
		"half an answer":           {Kind: swiyutest.FaultTruncated},
		"more than a megabyte":     {Kind: swiyutest.FaultHuge},
		"compressed endless zeros": {Kind: swiyutest.FaultGzipBomb},
		"a reset":                  {Kind: swiyutest.FaultReset},
	}
	for name, fault := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, benchOptions{})
			b.mock.SetMode(swiyutest.Mode{ReadFault: &fault, Auto: &swiyutest.Auto{Action: swiyutest.AutoAccept}})
			id := b.create(scope)
			o, err := b.client.Fetch(t.Context(), kyc.Client{}, id, scope)
			if !errors.Is(err, swiyu.ErrUnavailable) || errors.Is(err, swiyu.ErrRejected) || o.Kind != kyc.OutcomePending {
				t.Errorf("got %v, %v", o.Kind, err)
			}
			if strings.Contains(err.Error(), id) {
				t.Errorf("error quotes the address: %v", err)
			}
			if b.mock.Counters().Trapped != 0 {
				t.Error("the redirect was followed")
			}
			b.must(b.mock.SetModeOf(id, swiyutest.Mode{}))
			if o := b.fetch(id, scope); o.Kind != kyc.OutcomeProved {
				t.Errorf("afterwards: %v", o.Kind)
			}
		})
	}
}

func TestOnlyTheVerifiersOwn404MeansGone(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	id := b.create(scope)
	b.must(b.mock.Accept(id, ""))
	b.clock.advance(900 * time.Second)
	if o := b.fetch(id, scope); o.Kind != kyc.OutcomeGone {
		t.Errorf("after its time: %v", o.Kind)
	}
	for _, body := range []string{"", "<h1>404</h1>", `{"message":"no Route matched"}`, `{"status":404,"error":"Not Found"}`} {
		url, _ := capture(t, http.StatusNotFound, body)
		_, err := b.client.Fetch(t.Context(), kyc.Client{VerifierURL: url}, id, scope)
		if !errors.Is(err, swiyu.ErrUnavailable) {
			t.Errorf("404 with %q: %v", body, err)
		}
	}
}

func TestABigAnswerIsReadOnlyIfAPortraitWasAskedFor(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	picture := strings.Repeat("aGVsbG8h", 512<<10/8*3) // 1.5 MiB
	b.mock.SetMode(swiyutest.Mode{
		ExtraClaims: map[string]any{"portrait": picture}, Auto: &swiyutest.Auto{Action: swiyutest.AutoAccept},
	})
	o := b.fetch(b.create("portrait"), "portrait")
	if o.Kind != kyc.OutcomeProved || o.Proof.Claims["portrait"] != picture {
		t.Errorf("with a portrait: %v %q", o.Kind, swiyu.Reason(o.Detail))
	}
	_, err := b.client.Fetch(t.Context(), kyc.Client{}, b.create("given_name"), "given_name")
	if !errors.Is(err, swiyu.ErrUnavailable) {
		t.Errorf("without: %v", err)
	}
}

func TestAVerifierThatHidesItsDataIsNamedInTheLog(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{major: 5, hideData: true})
	id := b.create(scope)
	b.must(b.mock.Accept(id, ""))
	o := b.fetch(id, scope)
	if o.Kind != kyc.OutcomeRefused || o.Failure != kyc.FailureClaims || swiyu.Reason(o.Detail) != swiyu.ReasonNoData {
		t.Errorf("got %+v", o)
	}
	if logs := b.logs.String(); !strings.Contains(logs, "level=ERROR") || !strings.Contains(logs, "CREDENTIAL_SUBJECT_DATA_ENABLED") {
		t.Errorf("logged %s", logs)
	}
}

func TestLogsHoldNoClaimsAndNoTextOfTheWallet(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	good, bad := b.create(scope), b.create(scope)
	b.must(b.mock.Accept(good, "mira"))
	b.must(b.mock.Reject(bad, "CANARY"))
	b.fetch(good, scope)
	b.fetch(bad, scope)
	logs := b.logs.String()
	for _, secret := range []string{"Mira", "1990-03-14", "CANARY", "wallet says no"} {
		if strings.Contains(logs, secret) {
			t.Errorf("logs hold %q:\n%s", secret, logs)
		}
	}
	if !strings.Contains(logs, "outcome=proved") || !strings.Contains(logs, "unknown_error_code") {
		t.Errorf("logs do not say what happened:\n%s", logs)
	}
}

func TestFetchEndsWithItsContext(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	id := b.create(scope)
	ctx, cancel := context.WithCancel(t.Context())
	b.mock.SetHook(func(served context.Context, _ swiyutest.Call) {
		cancel()
		<-served.Done()
	})
	_, err := b.client.Fetch(ctx, kyc.Client{}, id, scope)
	if !errors.Is(err, swiyu.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestASlowVerifierIsNotWaitedForLongerThanTheLimit(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{config: func(c *swiyu.Config) { c.CallTimeout = time.Millisecond }})
	b.mock.SetHook(func(served context.Context, _ swiyutest.Call) { <-served.Done() })
	_, err := b.client.Create(t.Context(), kyc.Client{}, scope)
	if !errors.Is(err, swiyu.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestACertificateOfAnotherNameIsNotTrusted(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(swiyutest.New(swiyutest.Config{Now: newClock().Now, Rand: seeded()}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	b := newBench(t, benchOptions{http: server.Client()}) // trusts the issuer of the certificate
	for address, want := range map[string]kyc.OutcomeKind{
		server.URL: kyc.OutcomeGone,
		strings.Replace(server.URL, "127.0.0.1", "localhost", 1): kyc.OutcomePending,
	} {
		o, err := b.client.Fetch(t.Context(), kyc.Client{VerifierURL: address}, "0198c0de-1111-4222-8333-444455556666", scope)
		if o.Kind != want || (want == kyc.OutcomePending) != errors.Is(err, swiyu.ErrUnavailable) {
			t.Errorf("%s: got %v, %v", address, o.Kind, err)
		}
	}
}

func TestFetchRefusesAnIDThatIsNone(t *testing.T) {
	t.Parallel()
	b := newBench(t, benchOptions{})
	for _, id := range []string{"", "../x", "0198c0de-1111-4222-8333-44445555666g"} {
		if _, err := b.client.Fetch(t.Context(), kyc.Client{}, id, scope); !errors.Is(err, swiyu.ErrRejected) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	own404 := `{"detail":"not found"}`
	rows := []struct {
		name   string
		status int
		body   string
		want   error
	}{
		{"the verifier's own 404 is a good answer", 404, own404, nil},
		{"another 404 means a wrong path", 404, "nothing here", swiyu.ErrRejected},
		{"401 means that a token is missing", 401, "", swiyu.ErrRejected},
		{"500 is a verifier that is ill", 500, own404, swiyu.ErrUnavailable},
		{"200 is no verifier", 200, "hello", swiyu.ErrUnavailable},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			url, _ := capture(t, row.status, row.body)
			b := newBench(t, benchOptions{config: func(c *swiyu.Config) { c.DefaultVerifierURL = url }})
			if err := b.client.Probe(t.Context()); !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
		})
	}
	mocked := newBench(t, benchOptions{})
	mocked.must(mocked.client.Probe(t.Context()))
	mocked.server.Close()
	if err := mocked.client.Probe(t.Context()); !errors.Is(err, swiyu.ErrUnavailable) {
		t.Errorf("nobody there: %v", err)
	}
	none := newBench(t, benchOptions{config: func(c *swiyu.Config) { c.DefaultVerifierURL = "" }})
	none.must(none.client.Probe(t.Context()))
}
