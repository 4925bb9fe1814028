package swiyu

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
)

const (
	testID    = "0198c0de-1111-4222-8333-444455556666"
	goodIss   = "did:example:issuer"
	goodType  = "urn:example:id"
	goodClaim = `"given_name":"Mira","age_over_18":"true"`
)

func testExpectation(t testing.TB, scope string) expectation {
	t.Helper()
	id, err := kyc.ParseID(testID)
	if err != nil {
		t.Fatal(err)
	}
	profile := Profile{AcceptedIssuers: []string{goodIss}, CredentialTypes: []string{goodType}}.or(BetaID())
	return expectation{id: id, profile: profile, claims: kyc.ClaimsOf(scope), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
}

// success is a SUCCESS answer around credential_subject_data.
func success(data string) string {
	return `{"id":"` + testID + `","state":"SUCCESS","wallet_response":{"error_code":null,"credential_subject_data":` + data + `}}`
}

// keyed is credential_subject_data with one credential.
func keyed(claims string) string {
	return `{"identity":[{"iss":"` + goodIss + `","vct":"` + goodType + `",` + claims + `}]}`
}

func failedWith(code string) string {
	return `{"id":"` + testID + `","state":"FAILED","wallet_response":{"error_code":` + code +
		`,"error_description":"<script>SUCCESS</script>"}}`
}

type verdict struct {
	Kind    kyc.OutcomeKind
	Failure kyc.FailureCode
	Reason  Reason
}

// judgeScope is what judgeRows are held against.
const judgeScope = "given_name age_over_18"

var pending, proved = verdict{}, verdict{Kind: kyc.OutcomeProved}

func no(f kyc.FailureCode, r Reason) verdict { return verdict{kyc.OutcomeRefused, f, r} }

var judgeRows = []struct {
	name string
	raw  string
	want verdict
}{
	{"pending is pending", `{"id":"` + testID + `","state":"PENDING"}`, pending},
	{"the hidden state of the verifier is pending", `{"id":"` + testID + `","state":"IN_PROGRESS"}`, pending},
	{"success in small letters is pending", strings.Replace(success(keyed(goodClaim)), "SUCCESS", "success", 1), pending},
	{"a number as state is pending", `{"id":"` + testID + `","state":1}`, pending},
	{"an object as state is pending", `{"id":"` + testID + `","state":{"SUCCESS":true}}`, pending},
	{"no state but null is pending", `{"id":"` + testID + `","state":null}`, pending},
	{"pending about another verification is pending", `{"id":"x","state":"PENDING"}`, pending},

	{"all claims keyed by credential prove", success(keyed(goodClaim)), proved},
	{"an id in capitals is the same id", strings.Replace(success(keyed(goodClaim)), testID, strings.ToUpper(testID), 1), proved},
	{"flat claims prove", success(`{"iss":"` + goodIss + `",` + goodClaim + `}`), proved},
	{"one credential under another key proves", success(strings.Replace(keyed(goodClaim), "identity", "before", 1)), proved},
	{"data without issuer and type prove, since the verifier checked both", success(`{"identity":[{` + goodClaim + `}]}`), proved},
	{"a bool is as good as its text", success(keyed(`"given_name":"Mira","age_over_18":true`)), proved},
	{"a status that is valid does no harm", strings.Replace(success(keyed(goodClaim)), `"state"`,
		`"credential_evaluation":{"identity":{"credential_status":{"valid":true}}},"state"`, 1), proved},

	{"success about another verification is refused", strings.Replace(success(keyed(goodClaim)), "0198c0de", "0198c0df", 1), no(kyc.FailureVerification, ReasonOtherID)},
	{"success without id is refused", `{"state":"SUCCESS","wallet_response":{"credential_subject_data":` + keyed(goodClaim) + `}}`, no(kyc.FailureVerification, ReasonOtherID)},
	{"a failure of another verification is not ours", strings.Replace(failedWith(`"access_denied"`), "0198c0de", "0198c0df", 1), no(kyc.FailureVerification, ReasonOtherID)},
	{"success without wallet_response is refused", `{"id":"` + testID + `","state":"SUCCESS"}`, no(kyc.FailureClaims, ReasonNoData)},
	{"success with a null wallet_response is refused", `{"id":"` + testID + `","state":"SUCCESS","wallet_response":null}`, no(kyc.FailureClaims, ReasonNoData)},
	{"success without data is refused", `{"id":"` + testID + `","state":"SUCCESS","wallet_response":{}}`, no(kyc.FailureClaims, ReasonNoData)},
	{"success with null data is refused", success(`null`), no(kyc.FailureClaims, ReasonNoData)},
	{"success with empty data is refused", success(`{}`), no(kyc.FailureClaims, ReasonNoData)},
	{"success with an empty list is refused", success(`{"identity":[]}`), no(kyc.FailureClaims, ReasonNoData)},
	{"success with data as text is refused", success(`"given_name"`), no(kyc.FailureClaims, ReasonShape)},
	{"success with two other credentials is refused", success(`{"a":[{` + goodClaim + `}],"b":[{` + goodClaim + `}]}`), no(kyc.FailureClaims, ReasonShape)},
	{"success with two entries is refused", success(`{"identity":[{` + goodClaim + `},{` + goodClaim + `}]}`), no(kyc.FailureVerification, ReasonSeveral)},
	{"success with an error code is refused", strings.Replace(success(keyed(goodClaim)), `"error_code":null`, `"error_code":"jwt_expired"`, 1), no(kyc.FailureVerification, ReasonContradiction)},
	{"a missing claim is refused", success(keyed(`"given_name":"Mira"`)), no(kyc.FailureClaims, ReasonClaimMissing)},
	{"a null claim is refused", success(keyed(`"given_name":null,"age_over_18":"true"`)), no(kyc.FailureClaims, ReasonClaimMissing)},
	{"a claim in other letters is missing", success(keyed(`"Given_Name":"Mira","age_over_18":"true"`)), no(kyc.FailureClaims, ReasonClaimMissing)},
	{"a claim of the wrong type is refused", success(keyed(`"given_name":{"a":1},"age_over_18":"true"`)), no(kyc.FailureClaims, ReasonClaimUnusable)},
	{"a flag that is neither is refused", success(keyed(`"given_name":"Mira","age_over_18":"maybe"`)), no(kyc.FailureClaims, ReasonClaimUnusable)},
	{"a text of a megabyte is refused", success(keyed(`"given_name":"` + strings.Repeat("M", 1<<20) + `","age_over_18":"true"`)), no(kyc.FailureClaims, ReasonClaimUnusable)},
	{"control characters are refused", success(keyed(`"given_name":"Mi\u0000ra","age_over_18":"true"`)), no(kyc.FailureClaims, ReasonClaimUnusable)},
	{"text that turns direction is refused", success(keyed(`"given_name":"Mi\u202era","age_over_18":"true"`)), no(kyc.FailureClaims, ReasonClaimUnusable)},
	{"another issuer is refused", success(`{"identity":[{"iss":"did:example:other",` + goodClaim + `}]}`), no(kyc.FailureIssuer, ReasonIssuer)},
	{"an issuer that is no text is refused", success(`{"identity":[{"iss":["` + goodIss + `"],` + goodClaim + `}]}`), no(kyc.FailureIssuer, ReasonIssuer)},
	{"a null issuer is refused", success(`{"identity":[{"iss":null,` + goodClaim + `}]}`), no(kyc.FailureIssuer, ReasonIssuer)},
	{"another credential type is refused", success(`{"identity":[{"vct":"loyalty-card",` + goodClaim + `}]}`), no(kyc.FailureVerification, ReasonType)},
	{"a status that is not valid is refused", strings.Replace(success(keyed(goodClaim)), `"state"`,
		`"credential_evaluation":{"identity":[{"credential_status":{"valid":false}}]},"state"`, 1), no(kyc.FailureCredential, ReasonStatus)},

	{"the person said no", failedWith(`"access_denied"`), no(kyc.FailureRefusedByWallet, "access_denied")},
	{"the person said no to an old verifier", failedWith(`"client_rejected"`), no(kyc.FailureRefusedByWallet, "client_rejected")},
	{"the verifier did not accept the issuer", failedWith(`"issuer_not_accepted"`), no(kyc.FailureIssuer, "issuer_not_accepted")},
	{"a revoked credential", failedWith(`"credential_revoked"`), no(kyc.FailureCredential, "credential_revoked")},
	{"a token before its time", failedWith(`"jwt_premature"`), no(kyc.FailureCredential, "jwt_premature")},
	{"a malformed credential", failedWith(`"malformed_credential"`), no(kyc.FailureCredential, "malformed_credential")},
	{"a proof by somebody else", failedWith(`"holder_binding_mismatch"`), no(kyc.FailureVerification, "holder_binding_mismatch")},
	{"a result that was overwritten", failedWith(`"verification_process_closed"`), no(kyc.FailureVerification, "verification_process_closed")},
	{"an unknown code is not repeated", failedWith(`"credential_<b>eaten</b>"`), no(kyc.FailureVerification, ReasonUnknownCode)},
	{"a null code", failedWith(`null`), no(kyc.FailureVerification, ReasonNoCode)},
	{"a code that is a number", failedWith(`7`), no(kyc.FailureVerification, ReasonNoCode)},
	{"a failure without wallet_response", `{"id":"` + testID + `","state":"FAILED"}`, no(kyc.FailureVerification, ReasonNoCode)},
}

func TestJudge(t *testing.T) {
	t.Parallel()
	for _, row := range judgeRows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			o, err := judge([]byte(row.raw), testExpectation(t, judgeScope))
			if err != nil {
				t.Fatal(err)
			}
			if got := (verdict{o.Kind, o.Failure, Reason(o.Detail)}); got != row.want {
				t.Errorf("got %+v, want %+v", got, row.want)
			}
			if o.Kind != kyc.OutcomeProved && o.Proof.Claims != nil {
				t.Error("claims without a proof")
			}
		})
	}
}

func TestAProofHoldsWhatWasAskedForAndNothingElse(t *testing.T) {
	t.Parallel()
	raw := success(keyed(`"given_name":" Mira ","age_over_18":"TRUE","family_name":"Beispiel","exp":17e8,"birth_year":1990`))
	o, err := judge([]byte(raw), testExpectation(t, "given_name age_over_18"))
	if err != nil {
		t.Fatal(err)
	}
	want := kyc.Proof{
		Method: kyc.MethodSwiyu, Issuer: goodIss, Type: goodType,
		VerifiedAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		Claims:     kyc.Claims{"given_name": "Mira", "age_over_18": true},
	}
	if diff := cmp.Diff(want, o.Proof); diff != "" {
		t.Error(diff)
	}
}

func TestClaimsAreFoundWhereTheProfileSays(t *testing.T) {
	t.Parallel()
	want := testExpectation(t, "given_name nationality")
	want.profile.ClaimPaths = kyc.Paths{"given_name": {"name", "first"}}
	for data, kind := range map[string]kyc.OutcomeKind{
		keyed(`"name":{"first":"Mira"},"nationality":"CH"`): kyc.OutcomeProved,
		`{"name":{"first":"Mira"},"nationality":"CH"}`:      kyc.OutcomeProved,
		keyed(`"given_name":"Mira","nationality":"CH"`):     kyc.OutcomeRefused,
		keyed(`"name":"Mira","nationality":"CH"`):           kyc.OutcomeRefused,
	} {
		o, err := judge([]byte(success(data)), want)
		if err != nil || o.Kind != kind {
			t.Errorf("%s: got %v, %v, want %v", data, o.Kind, err, kind)
		}
	}
}

func TestNoClaimIsProvedIfNoneWasAskedFor(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]kyc.OutcomeKind{
		keyed(goodClaim): kyc.OutcomeProved,
		`{"identity":[{"iss":"` + goodIss + `",` + goodClaim + `}]}`: kyc.OutcomeRefused, // of what type?
		`{` + goodClaim + `}`: kyc.OutcomeRefused,
	} {
		o, err := judge([]byte(success(data)), testExpectation(t, "openid"))
		if err != nil || o.Kind != want || len(o.Proof.Claims) != 0 {
			t.Errorf("%s: got %v with %d claims, %v", data, o.Kind, len(o.Proof.Claims), err)
		}
	}
}

func TestAnAnswerThatIsNoVerificationIsNoVerdict(t *testing.T) {
	t.Parallel()
	good := success(keyed(goodClaim))
	for name, raw := range map[string]string{
		"nothing":                  "",
		"a page":                   "<html>SUCCESS</html>",
		"a list":                   "[" + good + "]",
		"a text":                   `"SUCCESS"`,
		"half an answer":           good[:len(good)/2],
		"an answer and more":       good + good,
		"a state twice":            strings.Replace(good, `"state":`, `"state":"PENDING","state":`, 1),
		"a claim twice":            success(keyed(goodClaim + `,"given_name":"Zoe"`)),
		"a claim twice, escaped":   success(keyed(goodClaim + `,"given\u005fname":"Zoe"`)),
		"an object without state":  `{"id":"` + testID + `"}`,
		"a state in other letters": `{"id":"` + testID + `","State":"SUCCESS"}`,
		"very deep nesting":        success(strings.Repeat("[", 5000) + strings.Repeat("]", 5000)),
	} {
		o, err := judge([]byte(raw), testExpectation(t, "given_name"))
		if !errors.Is(err, ErrUnavailable) || o.Kind != kyc.OutcomePending {
			t.Errorf("%s: got %v, %v", name, o.Kind, err)
		}
	}
}

func TestEveryCodeOfTheVerifierHasItsOwnReason(t *testing.T) {
	t.Parallel()
	if len(verifierCodes) != 30 {
		t.Errorf("%d codes, want the 29 of verifier 4.2.0 and verification_process_closed", len(verifierCodes))
	}
	for _, code := range verifierCodes {
		if o := failed(string(code)); o.Kind != kyc.OutcomeRefused || Reason(o.Detail) != code || o.Failure == "" {
			t.Errorf("%s: %+v", code, o)
		}
	}
}

// FuzzJudge holds judge to its promise with a second, plainer reading of the
// answer: whatever is sent, a proof needs SUCCESS, our id, and each claim.
func FuzzJudge(f *testing.F) {
	for _, seed := range []string{
		success(keyed(goodClaim)), success(`{` + goodClaim + `}`), failedWith(`"access_denied"`), failedWith("null"),
		`{"id":"` + testID + `","state":"PENDING"}`, `{}`, `[]`, ``, success(`{"identity":[{},{}]}`),
		success(`{"identity":[{"iss":"did:example:other",` + goodClaim + `}]}`),
	} {
		f.Add([]byte(seed), "given_name age_over_18")
	}
	f.Add([]byte(success(keyed(`"portrait":"aGk="`))), "portrait")
	f.Fuzz(func(t *testing.T, raw []byte, scope string) {
		want := testExpectation(t, scope)
		o, err := judge(raw, want)
		if err != nil {
			if !errors.Is(err, ErrUnavailable) || o.Kind != kyc.OutcomePending {
				t.Fatalf("error %v with outcome %v", err, o.Kind)
			}
			return
		}
		if (o.Kind == kyc.OutcomeRefused) != (o.Failure != "" && Reason(o.Detail) != "") {
			t.Fatalf("refusal without its reason: %+v", o)
		}
		if o.Kind == kyc.OutcomeProved {
			checkProof(t, raw, want, o.Proof)
		}
	})
}

func checkProof(t *testing.T, raw []byte, want expectation, p kyc.Proof) {
	t.Helper()
	var plain map[string]any
	if err := json.Unmarshal(raw, &plain); err != nil {
		t.Fatalf("proof from what is no JSON: %v", err)
	}
	id, _ := plain["id"].(string)
	response, _ := plain["wallet_response"].(map[string]any)
	if plain["state"] != "SUCCESS" || !strings.EqualFold(id, testID) || response["error_code"] != nil {
		t.Fatalf("proof from %s", raw)
	}
	if len(want.claims) == 0 || !slices.Equal(slices.Sorted(maps.Keys(p.Claims)), slices.Sorted(slices.Values(want.claims))) {
		t.Fatalf("proof of %v, asked for %v", p.Claims, want.claims)
	}
	if p.Issuer != "" && p.Issuer != goodIss || p.Type != "" && p.Type != goodType {
		t.Fatalf("proof by %q of %q", p.Issuer, p.Type)
	}
	for name, value := range p.Claims {
		if normal, err := kyc.NormalizeClaim(name, value); err != nil || normal != value {
			t.Fatalf("claim %s is not in its one form", name)
		}
	}
}
