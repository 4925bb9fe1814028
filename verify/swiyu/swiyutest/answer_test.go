package swiyutest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vouchgate/verify/swiyu/swiyutest"
)

func TestFaultsOfAnswers(t *testing.T) {
	t.Parallel()
	rows := []struct {
		fault swiyutest.Fault
		check func(reply) bool
	}{
		{swiyutest.Fault{Kind: swiyutest.FaultStatus}, func(r reply) bool { return r.status == 503 && r.json == nil }},
		{swiyutest.Fault{Kind: swiyutest.FaultStatus, Status: 500}, func(r reply) bool { return r.status == 500 && r.json["error_description"] != nil }},
		{swiyutest.Fault{Kind: swiyutest.FaultStatus, Status: 401}, func(r reply) bool { return r.status == 401 && r.header.Get("WWW-Authenticate") != "" }},
		{swiyutest.Fault{Kind: swiyutest.FaultStatus, Status: 404}, func(r reply) bool { return r.status == 404 && r.json["detail"] != nil }},
		{swiyutest.Fault{Kind: swiyutest.FaultGarbage}, func(r reply) bool { return r.status == 200 && !json.Valid([]byte(r.text)) }},
		{swiyutest.Fault{Kind: swiyutest.FaultHTML}, func(r reply) bool { return r.header.Get("Content-Type") == "text/html" }},
		{swiyutest.Fault{Kind: swiyutest.FaultEmpty}, func(r reply) bool { return r.status == 200 && r.text == "" }},
		{swiyutest.Fault{Kind: swiyutest.FaultTruncated}, func(r reply) bool { return r.err != nil && strings.HasPrefix(r.text, "{") }},
		{swiyutest.Fault{Kind: swiyutest.FaultHuge, Bytes: 3000}, func(r reply) bool { return len(r.text) > 3000 && r.json["state"] == "PENDING" }},
		{swiyutest.Fault{Kind: swiyutest.FaultGzipBomb, Bytes: 1 << 20}, func(r reply) bool { return len(r.text) == 1<<20 }},
		{swiyutest.Fault{Kind: swiyutest.FaultReset}, func(r reply) bool { return r.err != nil && r.status == 0 }},
		{swiyutest.Fault{Kind: swiyutest.FaultRedirect}, func(r reply) bool { return r.status == 302 && r.header.Get("Location") == "/control/trap" }},
	}
	for _, row := range rows {
		t.Run(string(row.fault.Kind), func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			row.fault.Times = 1
			s.SetMode(swiyutest.Mode{CreateFault: &row.fault, ReadFault: &row.fault})
			if r := s.post(minimal); !row.check(r) {
				t.Errorf("create: %d %.100q %v", r.status, r.text, r.err)
			}
			made := <-s.Created() // it was made all the same
			if r := s.read(made.ID); !row.check(r) {
				t.Errorf("read: %d %.100q %v", r.status, r.text, r.err)
			}
			s.wantState(made.ID, "PENDING")
			if r := s.read(s.create()); !row.check(r) {
				t.Errorf("a new verification has no read fault of its own: %d %.100q", r.status, r.text)
			}
		})
	}
}

func TestAFaultWithoutTimesStays(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.SetMode(swiyutest.Mode{ReadFault: &swiyutest.Fault{Kind: swiyutest.FaultStatus, Status: 502}})
	id := s.create()
	for range 3 {
		if r := s.read(id); r.status != http.StatusBadGateway {
			t.Errorf("%d", r.status)
		}
	}
}

func TestShapesOfTheAnswer(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name string
		mode swiyutest.Mode
		want func(reply) bool
	}{
		{"flat", swiyutest.Mode{Shape: swiyutest.ShapeFlat}, func(r reply) bool { return at(r, "wallet_response", "credential_subject_data", "given_name") != nil }},
		{"two entries", swiyutest.Mode{Shape: swiyutest.ShapeTwo}, func(r reply) bool {
			return len(at(r, "wallet_response", "credential_subject_data", "identity").([]any)) == 2
		}},
		{"another credential id", swiyutest.Mode{Shape: swiyutest.ShapeOtherID}, func(r reply) bool {
			return at(r, "wallet_response", "credential_subject_data", "other_identity") != nil
		}},
		{"no data", swiyutest.Mode{Shape: swiyutest.ShapeNone}, func(r reply) bool {
			return at(r, "wallet_response", "credential_subject_data") == nil && r.json["state"] == "SUCCESS"
		}},
		{"an unknown state", swiyutest.Mode{RawState: "7"}, func(r reply) bool { return r.json["state"] == json.Number("7") }},
		{"another id", swiyutest.Mode{WrongID: true}, func(r reply) bool { return r.json["id"] != "" }},
		{"a failed check", swiyutest.Mode{CheckFails: "jwt_expired"}, func(r reply) bool { return at(r, "wallet_response", "error_code") == "jwt_expired" }},
		{"a failure without code", swiyutest.Mode{CheckFails: "jwt_expired", NullErrorCode: true}, func(r reply) bool {
			return at(r, "wallet_response", "error_code") == nil && r.json["state"] == "FAILED"
		}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.SetMode(row.mode)
			id := s.create()
			s.must(s.Accept(id, ""))
			r := s.read(id)
			if !row.want(r) || (r.json["id"] != id) != row.mode.WrongID {
				t.Error(r.text)
			}
		})
	}
}

// at walks into an answer.
func at(r reply, path ...string) any {
	var v any = r.json
	for _, name := range path {
		o, _ := v.(map[string]any)
		v = o[name]
	}
	return v
}

func TestClaimsCanBeBent(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.SetMode(swiyutest.Mode{
		Flags: swiyutest.FlagsAsBool, OmitClaims: []string{"given_name", "cnf"},
		ExtraClaims: map[string]any{"shoe_size": "41"}, Issuer: "did:example:mallory", Type: "loyalty-card",
	})
	id := s.create()
	s.must(s.Accept(id, "lia"))
	c := s.claims(id)
	got := []any{c["age_over_18"], c["given_name"], c["cnf"], c["shoe_size"], c["iss"], c["vct"]}
	if diff := cmp.Diff([]any{false, nil, nil, "41", "did:example:mallory", "loyalty-card"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestNestedClaims(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	id := s.post(strings.Replace(minimal, `["given_name"]`, `["name","given_name"]`, 1)).json["id"].(string)
	s.must(s.Accept(id, ""))
	name, _ := s.claims(id)["name"].(map[string]any)
	if name["given_name"] != "Mira Jolanda" {
		t.Errorf("name %v", name)
	}
}
