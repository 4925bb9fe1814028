package swiyutest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"vouchgate/verify/swiyu/swiyutest"
)

func TestCreateAnswersLikeTheVerifier(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	r := s.post(minimal)
	id, _ := r.json["id"].(string)
	if r.status != http.StatusOK || r.json["state"] != "PENDING" || r.json["request_nonce"] == "" {
		t.Fatalf("%d %s", r.status, r.text)
	}
	if _, there := r.json["wallet_response"]; there {
		t.Error("wallet_response before there is one")
	}
	url := s.server.URL + "/oid4vp/api/request-object/" + id
	if r.json["verification_url"] != url {
		t.Errorf("verification_url %v", r.json["verification_url"])
	}
	link := r.json["verification_deeplink"].(string)
	if !strings.HasPrefix(link, "swiyu-verify://?client_id=decentralized_identifier%3Adid%3Aexample") ||
		!strings.HasSuffix(link, "&request_uri="+strings.NewReplacer(":", "%3A", "/", "%2F").Replace(url)) {
		t.Errorf("deep link %s", link)
	}
	select {
	case made := <-s.Created():
		if made.ID != id || strings.Join(made.Asked, " ") != "given_name age_over_18" {
			t.Errorf("told of %+v", made)
		}
	default:
		t.Error("Created does not tell")
	}
}

func TestLinksCanBeConfigured(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *swiyutest.Config) { c.Scheme, c.PublicURL = "openid4vp", "https://mock.example/" })
	r := s.post(minimal)
	if link := r.json["verification_deeplink"].(string); !strings.HasPrefix(link, "openid4vp://?") || !strings.Contains(link, "https%3A%2F%2Fmock.example%2Foid4vp") {
		t.Errorf("deep link %s", link)
	}
	overridden := s.post(strings.Replace(minimal, "{", `{"configuration_override":{"external_url":"https://x.example","verifier_did":"did:web:x"},`, 1))
	if link := overridden.json["verification_deeplink"].(string); !strings.Contains(link, "decentralized_identifier%3Adid%3Aweb%3Ax") || !strings.Contains(link, "x.example") {
		t.Errorf("overridden deep link %s", link)
	}
	s = newStage(t, func(c *swiyutest.Config) { c.WalletLinks = true })
	r = s.post(minimal)
	if r.json["verification_deeplink"] != s.server.URL+"/wallet/"+r.json["id"].(string) {
		t.Errorf("web link %v", r.json["verification_deeplink"])
	}
}

// swap returns the good request with one part replaced.
func swap(from, to string) string {
	if !strings.Contains(minimal, from) {
		panic("the good request lacks " + from)
	}
	return strings.Replace(minimal, from, to, 1)
}

// refusals are create requests that are not taken.
var refusals = []struct {
	name, body string
	status     int
	text       string // of error_description; empty: problem detail
}{
	{"no query", `{"accepted_issuer_dids":["did:x"]}`, 400, "dcqlQuery: must not be null"},
	{"neither issuers nor anchors", swap(`"accepted_issuer_dids":["did:example:one"],`, ""), 400, "acceptedIssuerDids or trustAnchors"},
	{"an empty list of issuers", swap(`["did:example:one"]`, "[]"), 400, "acceptedIssuerDids:"},
	{"a null issuer", swap(`["did:example:one"]`, "[null]"), 400, "acceptedIssuerDids:"},
	{"an anchor without https", swap(`"accepted_issuer_dids":["did:example:one"]`, `"trust_anchors":[{"did":"did:x","trust_registry_uri":"http://x"}]`), 400, "trustAnchors[0]"},
	{"no credentials", `{"accepted_issuer_dids":["did:x"],"dcql_query":{"credentials":[]}}`, 400, "dcqlQuery.credentials:"},
	{"credential sets", swap(`{"credentials":`, `{"credential_sets":[{"options":[["identity"]]}],"credentials":`), 400, "credentialSets"},
	{"a bad credential id", swap(`"identity"`, `"an identity"`), 400, "dcqlQuery.credentials[0].id"},
	{"no format", swap(`"dc+sd-jwt"`, `""`), 400, "format"},
	{"no meta", swap(`"meta":{"vct_values":["urn:example:id"]},`, ""), 400, "meta: must not be null"},
	{"no type in the list", swap(`["urn:example:id"]`, `[]`), 400, "meta.vctValues"},
	{"no list of types", swap(`{"vct_values":["urn:example:id"]}`, `{}`), 500, "Internal Server Error"},
	{"multiple credentials", swap(`"format"`, `"multiple":true,"format"`), 400, "multiple"},
	{"claim sets", swap(`"format"`, `"claim_sets":[["a"]],"format"`), 400, "claimSets"},
	{"trusted authorities", swap(`"format"`, `"trusted_authorities":[{}],"format"`), 400, "trustedAuthorities"},
	{"no claims in the list", swap(`[{"path":["given_name"]},{"path":["age_over_18"]}]`, `[]`), 400, "claims: must not be empty"},
	{"an empty path", swap(`["given_name"]`, `[]`), 400, "claims[0].path"},
	{"a negative index", swap(`["given_name"]`, `["a",-1]`), 400, "claims[0].path"},
	{"an empty list of values", swap(`{"path":["given_name"]}`, `{"path":["given_name"],"values":[]}`), 400, "claims[0].values"},
	{"an override without https", swap(`{"accepted`, `{"configuration_override":{"external_url":"http://x"},"accepted`), 400, "configurationOverride.externalUrl"},
	{"an unknown response mode", swap(`"direct_post"`, `"fragment"`), 400, ""},
	{"half a body", minimal[:40], 400, ""},
}

func TestCreateRefusesWhatTheVerifierRefuses(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, row := range refusals {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := s.post(row.body)
			text, _ := r.json["error_description"].(string)
			if r.status != row.status || (row.text == "") != (text == "") || !strings.Contains(text, row.text) {
				t.Errorf("%d %s", r.status, r.text)
			}
			if row.text == "" && (r.json["title"] == nil || r.header.Get("Content-Type") != "application/problem+json") {
				t.Errorf("no problem detail: %s", r.text)
			}
		})
	}
	if r := s.call(http.MethodPost, "/management/api/verifications", "text/plain", minimal); r.status != http.StatusUnsupportedMediaType {
		t.Errorf("text: %d", r.status)
	}
	if r := s.call(http.MethodDelete, "/management/api/verifications", "", ""); r.status != http.StatusMethodNotAllowed {
		t.Errorf("DELETE: %d", r.status)
	}
}

func TestReadOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	if r := s.read("0198c0de-1111-4222-8333-444455556666"); r.status != http.StatusNotFound || r.json["detail"] == nil || len(r.json) != 1 {
		t.Errorf("unknown: %d %s", r.status, r.text)
	}
	if r := s.read("not-a-uuid"); r.status != http.StatusBadRequest || r.json["title"] == nil {
		t.Errorf("bad id: %d %s", r.status, r.text)
	}
}

func TestTheEndOfTheTTLRemovesFinishedVerificationsToo(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	done, open := s.create(), s.create()
	s.must(s.Accept(done, ""))
	s.clock.advance(900*time.Second - time.Nanosecond)
	s.wantState(done, "SUCCESS")
	s.wantState(open, "PENDING")
	s.clock.advance(time.Nanosecond)
	for _, id := range []string{done, open} {
		if r := s.read(id); r.status != http.StatusNotFound {
			t.Errorf("after the TTL: %d", r.status)
		}
	}
	if n := s.Pending(); n != 1 {
		t.Errorf("%d webhooks recorded; the end of a TTL is none", n)
	}
	s.clock.advance(420 * time.Second)
	s.create()
	if n := len(s.List()); n != 1 {
		t.Errorf("%d verifications after the clean-up, want the new one", n)
	}
}

func TestUnusedMembersAreNullInMajor4AndLeftOutInMajor5(t *testing.T) {
	t.Parallel()
	for major, want := range map[int]int{4: 3, 5: 1} {
		s := newStage(t, func(c *swiyutest.Config) { c.Major = major })
		id := s.create()
		s.must(s.Accept(id, ""))
		if got := s.response(id); len(got) != want || got["credential_subject_data"] == nil {
			t.Errorf("major %d: %v", major, got)
		}
	}
}

func TestAVerifierThatHidesSubjectData(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *swiyutest.Config) { c.Major, c.HideSubjectData = 5, true })
	id := s.create()
	s.must(s.Accept(id, ""))
	r := s.read(id)
	if response, ok := r.json["wallet_response"].(map[string]any); r.json["state"] != "SUCCESS" || !ok || len(response) != 0 {
		t.Error(r.text)
	}
}

func TestAnyTokenThatTheCheckTakesIsEnough(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *swiyutest.Config) { c.CheckToken = func(token string) bool { return token == "good" } })
	if r := s.post(minimal); r.status != http.StatusUnauthorized || r.text != "" || !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Bearer") {
		t.Errorf("without a token: %d %q", r.status, r.text)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+"/management/api/verifications", strings.NewReader(minimal))
	s.must(err)
	req.Header.Set("Authorization", "Bearer good")
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.server.Client().Do(req)
	s.must(err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("with a token: %d", resp.StatusCode)
	}
}

func TestNewNeedsAClock(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	swiyutest.New(swiyutest.Config{})
}

func TestEveryPersonHasACompleteCredential(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	minors := 0
	for _, p := range swiyutest.Persons() {
		claims := p.Claims(day, swiyutest.FlagsAsBool)
		if len(claims) != 23 {
			t.Errorf("%s has %d claims, the Beta-ID 23", p.Key, len(claims))
		}
		for name, value := range claims {
			if value == "" {
				t.Errorf("%s has an empty %s", p.Key, name)
			}
		}
		if claims["age_over_18"] != (p.Age(day) >= 18) {
			t.Errorf("%s: age_over_18 %v at %d", p.Key, claims["age_over_18"], p.Age(day))
		}
		if claims["age_over_18"] == false {
			minors++
		}
	}
	if n := len(swiyutest.Persons()); n < 4 || minors != 1 {
		t.Errorf("%d persons, %d of them minors", n, minors)
	}
}

func TestAgesCountBirthdays(t *testing.T) {
	t.Parallel()
	p := swiyutest.Person{BirthDate: "2008-02-29"}
	for day, want := range map[string]int{"2026-02-28": 17, "2026-03-01": 18, "2028-02-29": 20} {
		on, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Age(on); got != want {
			t.Errorf("on %s: %d, want %d", day, got, want)
		}
	}
}
