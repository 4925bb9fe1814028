package ida_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"vouchgate/oauth/ida"
	"vouchgate/oauth/internal/strictjson"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// wallet is what a credential proved 100 s ago, mailbox what a TAN proved 10 s ago.
func wallet() ida.Fact {
	zurich := time.FixedZone("", 3600)
	at := now.Add(-100 * time.Second).In(zurich)
	return ida.Fact{
		TrustFramework: "https://id.example/ida/wallet", Time: at,
		Evidence: []map[string]any{{
			"type": ida.EvidenceDocument,
			"check_details": []any{
				map[string]any{"check_method": ida.CheckVCrypt, "organization": "gateway", "time": at},
				map[string]any{"check_method": "data", "check_id": "c-1"},
			},
			"document_details": map[string]any{
				"type": "idcard", "document_number": "X1", "date_of_issuance": "2026-02-20", "date_of_expiry": "2036-02-19",
				"issuer": map[string]any{"name": "Office", "country_code": "CHE"},
			},
		}},
		Claims: map[string]any{"given_name": "Ada", "birthdate": "1990-01-02", "nationalities": []string{"CH"}, "nickname": ""},
	}
}

func mailbox() ida.Fact {
	return ida.Fact{
		TrustFramework: "https://id.example/ida/tan", Time: now.Add(-10 * time.Second),
		Evidence: []map[string]any{{
			"type":          ida.EvidenceElectronicRecord,
			"check_details": []map[string]any{{"check_method": ida.CheckToken}},
			"record":        map[string]any{"type": "mailbox", "created_at": "2026-03-01T13:00:00+01:00", "source": map[string]any{"name": "mail.example"}},
		}},
		Claims: map[string]any{"email": "ada@mail.example"},
	}
}

// answer returns the answer to a request as JSON, having checked its shape.
func answer(t *testing.T, request string, facts ...ida.Fact) string {
	t.Helper()
	requests, isArray, err := ida.Parse(read(t, request))
	if err != nil {
		t.Fatalf("%s: %v", request, err)
	}
	got := ida.Answer(requests, isArray, facts, now)
	if err := checkAnswer(got); err != nil {
		t.Errorf("the answer to %s breaks the schema: %v", request, err)
	}
	b, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "https://id.example/ida/", "")
}

// asking returns a request with these members of verification beside
// trust_framework, for the given name.
func asking(verification string) string {
	return `{"verification":{` + verification + `},"claims":{"given_name":null}}`
}

func TestAnswerGivesWhatIsAskedForAndNoMore(t *testing.T) {
	t.Parallel()
	const given = `{"claims":{"given_name":"Ada"},"verification":{`
	evidence := func(s string) string { return given + `"evidence":[` + s + `],"trust_framework":"wallet"}}` }
	ask := func(s string) string {
		return asking(`"trust_framework":null,"evidence":[{"type":{"value":"document"}` + s + `}]`)
	}
	for name, row := range map[string]struct{ request, want string }{
		"the framework alone":                    {asking(`"trust_framework":null`), given + `"trust_framework":"wallet"}}`},
		"an empty object is as good as null":     {asking(`"trust_framework":{}`), given + `"trust_framework":"wallet"}}`},
		"and so is one that is not essential":    {asking(`"trust_framework":{"essential":false}`), given + `"trust_framework":"wallet"}}`},
		"the time in UTC":                        {asking(`"trust_framework":null,"time":null`), given + `"time":"2026-03-01T11:58:20Z","trust_framework":"wallet"}}`},
		"what there is none of is left out":      {asking(`"trust_framework":null,"assurance_level":null,"assurance_process":{"policy":null},"x":{"y":null}`), given + `"trust_framework":"wallet"}}`},
		"evidence is its type":                   {ask(``), evidence(`{"type":"document"}`)},
		"a filter without a type takes any":      {asking(`"trust_framework":null,"evidence":[{"type":null}]`), evidence(`{"type":"document"}`)},
		"a member of a document brings its type": {ask(`,"document_details":{"date_of_expiry":null}`), evidence(`{"document_details":{"date_of_expiry":"2036-02-19","type":"idcard"},"type":"document"}`)},
		"a document alone is its type":           {ask(`,"document_details":null`), evidence(`{"document_details":{"type":"idcard"},"type":"document"}`)},
		"members of members":                     {ask(`,"document_details":{"type":null,"issuer":{"country_code":null,"jurisdiction":null}}`), evidence(`{"document_details":{"issuer":{"country_code":"CHE"},"type":"idcard"},"type":"document"}`)},
		"an issuer alone is whole":               {ask(`,"document_details":{"issuer":null}`), evidence(`{"document_details":{"issuer":{"country_code":"CHE","name":"Office"},"type":"idcard"},"type":"document"}`)},
		"members of no issuer":                   {ask(`,"document_details":{"issuer":{"region":null}}`), evidence(`{"document_details":{"type":"idcard"},"type":"document"}`)},
		"all checks":                             {ask(`,"check_details":null`), evidence(`{"check_details":[{"check_method":"vcrypt"},{"check_method":"data"}],"type":"document"}`)},
		"checks with their times":                {ask(`,"check_details":[{"check_method":null,"time":null}]`), evidence(`{"check_details":[{"check_method":"vcrypt","time":"2026-03-01T11:58:20Z"},{"check_method":"data"}],"type":"document"}`)},
		"checks of one method":                   {ask(`,"check_details":[{"check_method":{"value":"data"}}]`), evidence(`{"check_details":[{"check_method":"data"}],"type":"document"}`)},
		"checks of one method or another": {
			ask(`,"check_details":[{"check_method":{"value":"data"},"check_id":null},{"check_method":{"value":"vcrypt"}}]`),
			evidence(`{"check_details":[{"check_method":"vcrypt"},{"check_id":"c-1","check_method":"data"}],"type":"document"}`),
		},
		"checks asked for as one object": {ask(`,"check_details":{"check_method":{"value":"vcrypt"}}`), evidence(`{"check_details":[{"check_method":"vcrypt"}],"type":"document"}`)},
		"evidence of either type": {
			asking(`"trust_framework":null,"evidence":[{"type":{"value":"electronic_record"}},{"type":{"value":"document"},"document_details":{"type":null}}]`),
			evidence(`{"document_details":{"type":"idcard"},"type":"document"}`),
		},
		"what only another type of evidence has":    {ask(`,"record":{"type":null}`), evidence(`{"type":"document"}`)},
		"an element asked for as what it is not":    {ask(`,"document_details":{"type":{"x":null},"date_of_expiry":[{"y":null}]}`), evidence(`{"document_details":{"type":"idcard"},"type":"document"}`)},
		"an object asked for as an array":           {ask(`,"document_details":[{"document_number":null}]`), evidence(`{"type":"document"}`)},
		"details of assurance filter nothing":       {asking(`"trust_framework":null,"assurance_process":{"assurance_details":[{"assurance_type":{"value":"x"}}]}`), given + `"trust_framework":"wallet"}}`},
		"a framework of several":                    {asking(`"trust_framework":{"values":["eidas","https://id.example/ida/wallet"]}`), given + `"trust_framework":"wallet"}}`},
		"a time that is not too old":                {asking(`"trust_framework":null,"time":{"max_age":100}`), given + `"time":"2026-03-01T11:58:20Z","trust_framework":"wallet"}}`},
		"a date that is not too old at day's end":   {ask(`,"document_details":{"date_of_issuance":{"max_age":734401}}`), evidence(`{"document_details":{"date_of_issuance":"2026-02-20","type":"idcard"},"type":"document"}`)},
		"a date ahead is not old":                   {ask(`,"document_details":{"date_of_expiry":{"max_age":0}}`), evidence(`{"document_details":{"date_of_expiry":"2036-02-19","type":"idcard"},"type":"document"}`)},
		"a max_age beyond all numbers":              {asking(`"trust_framework":null,"time":{"max_age":1e999}`), given + `"time":"2026-03-01T11:58:20Z","trust_framework":"wallet"}}`},
		"essential changes nothing about a missing": {asking(`"trust_framework":null,"assurance_level":{"essential":true}`), given + `"trust_framework":"wallet"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := answer(t, row.request, wallet()); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}

func TestAnswerIsLeftOutWhenTheVerificationIsAnother(t *testing.T) {
	t.Parallel()
	evidence := func(s string) string { return asking(`"trust_framework":null,"evidence":[` + s + `]`) }
	for name, request := range map[string]string{
		"another framework":                       asking(`"trust_framework":{"value":"eidas"}`),
		"none of several frameworks":              asking(`"trust_framework":{"values":["eidas","de_aml"]}`),
		"another framework that is not essential": asking(`"trust_framework":{"value":"eidas","essential":false}`),
		"a framework that is null":                asking(`"trust_framework":{"value":null}`),
		"a framework that is a number":            asking(`"trust_framework":{"value":7}`),
		"a time that is too old":                  asking(`"trust_framework":null,"time":{"max_age":99}`),
		"another time":                            asking(`"trust_framework":null,"time":{"value":"2026-01-01T00:00:00Z"}`),
		"a level where there is none":             asking(`"trust_framework":null,"assurance_level":{"value":"high"}`),
		"a policy where there is none":            asking(`"trust_framework":null,"assurance_process":{"policy":{"value":"x"}}`),
		"an unknown member with a value":          asking(`"trust_framework":null,"x":{"y":[{"z":{"value":"x"}}]}`),
		"evidence of another type":                evidence(`{"type":{"value":"vouch"}}`),
		"evidence of no known type":               evidence(`{"type":{"value":"utility_bill"}}`),
		"evidence of two other types":             evidence(`{"type":{"value":"vouch"}},{"type":{"value":"electronic_record"}}`),
		"evidence checked otherwise":              evidence(`{"type":{"value":"document"},"check_details":[{"check_method":{"value":"vpip"}}]}`),
		"evidence checked in no way of two":       evidence(`{"type":{"value":"document"},"check_details":[{"check_method":{"value":"a"}},{"check_method":{"values":["b"]}}]}`),
		"evidence checked too long ago":           evidence(`{"type":{"value":"document"},"check_details":[{"check_method":null,"time":{"max_age":5}}]}`),
		"a document of another type":              evidence(`{"type":{"value":"document"},"document_details":{"type":{"values":["passport"]}}}`),
		"a document issued too long ago":          evidence(`{"type":{"value":"document"},"document_details":{"date_of_issuance":{"max_age":734400}}}`),
		"a max_age of what is no time":            evidence(`{"type":{"value":"document"},"document_details":{"document_number":{"max_age":5}}}`),
		"a document as another document":          evidence(`{"type":{"value":"document"},"document_details":{"value":"idcard"}}`),
		"a record where there is none":            evidence(`{"type":{"value":"document"},"record":{"type":{"value":"mailbox"}}}`),
		"a value within a text":                   asking(`"trust_framework":{"x":{"value":"y"}}`),
		"a value within what is no array":         evidence(`{"type":{},"document_details":[{"type":{"value":"idcard"}}]}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := answer(t, request, wallet()); got != "null" {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestAnswerLeavesOutClaims(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ claims, want string }{
		"that are unknown":                    {`{"given_name":null,"shoe_size":{"essential":true}}`, `{"given_name":"Ada"}`},
		"that are empty":                      {`{"given_name":null,"nickname":null}`, `{"given_name":"Ada"}`},
		"of another value":                    {`{"given_name":null,"birthdate":{"value":"2000-01-01"}}`, `{"given_name":"Ada"}`},
		"of another value, also an essential": {`{"given_name":null,"birthdate":{"values":["x","y"],"essential":true}}`, `{"given_name":"Ada"}`},
		"but not those of the value":          {`{"given_name":{"value":"Ada"},"birthdate":{"values":["x","1990-01-02"]}}`, `{"birthdate":"1990-01-02","given_name":"Ada"}`},
		"but not arrays of the value":         {`{"nationalities":{"value":["CH"]}}`, `{"nationalities":["CH"]}`},
		"that are too old":                    {`{"given_name":null,"birthdate":{"max_age":60}}`, `{"given_name":"Ada"}`},
		"and the rest with the last of them":  {`{"given_name":{"value":"Bea"},"shoe_size":null}`, ``},
		"when none are asked for":             {`null`, ``},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := "null"
			if row.want != "" {
				want = `{"claims":` + row.want + `,"verification":{"trust_framework":"wallet"}}`
			}
			if got := answer(t, `{"verification":{"trust_framework":null},"claims":`+row.claims+`}`, wallet()); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestAnswersToSeveralRequests(t *testing.T) {
	t.Parallel()
	const (
		name   = `{"verification":{"trust_framework":null},"claims":{"given_name":null}}`
		email  = `{"verification":{"trust_framework":null},"claims":{"email":null}}`
		both   = `{"verification":{"trust_framework":null},"claims":{"email":null,"given_name":null}}`
		eidas  = `{"verification":{"trust_framework":{"value":"eidas"}},"claims":{"given_name":null}}`
		record = `{"verification":{"trust_framework":null,"evidence":[{"type":{"value":"electronic_record"},"record":{"type":null,"created_at":null}}]},"claims":{"email":null}}`

		hasName   = `{"claims":{"given_name":"Ada"},"verification":{"trust_framework":"wallet"}}`
		hasEmail  = `{"claims":{"email":"ada@mail.example"},"verification":{"trust_framework":"tan"}}`
		hasRecord = `{"claims":{"email":"ada@mail.example"},"verification":{"evidence":[{"record":{"created_at":"2026-03-01T12:00:00Z","type":"mailbox"},"type":"electronic_record"}],"trust_framework":"tan"}}`
	)
	for title, row := range map[string]struct{ request, want string }{
		"each is met by a fact of its own":       {`[` + name + `,` + email + `]`, `[` + hasName + `,` + hasEmail + `]`},
		"one that is not met leaves the other":   {`[` + eidas + `,` + email + `]`, `[` + hasEmail + `]`},
		"none is met":                            {`[` + eidas + `,` + eidas + `]`, `null`},
		"there is none":                          {`[]`, `null`},
		"the same claim is given for each":       {`[` + email + `,` + record + `]`, `[` + hasEmail + `,` + hasRecord + `]`},
		"an array of one is answered by one":     {`[` + name + `]`, `[` + hasName + `]`},
		"no array is answered by none":           {name, hasName},
		"one that two facts meet is answered so": {both, `[` + hasName + `,` + hasEmail + `]`},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			if got := answer(t, row.request, wallet(), mailbox()); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
	if got := answer(t, name); got != "null" {
		t.Errorf("without facts: %s", got)
	}
}

func TestFactsThatLackSomething(t *testing.T) {
	t.Parallel()
	claims := map[string]any{"given_name": "Ada"}
	for name, row := range map[string]struct {
		request string
		fact    ida.Fact
		want    string
	}{
		"no framework":       {asking(`"trust_framework":null`), ida.Fact{Claims: claims}, `null`},
		"no time":            {asking(`"trust_framework":null,"time":null`), ida.Fact{TrustFramework: "f", Claims: claims}, `{"claims":{"given_name":"Ada"},"verification":{"trust_framework":"f"}}`},
		"no time to be met":  {asking(`"trust_framework":null,"time":{"max_age":9999}`), ida.Fact{TrustFramework: "f", Claims: claims}, `null`},
		"no evidence":        {asking(`"trust_framework":null,"evidence":[{"type":null}]`), ida.Fact{TrustFramework: "f", Claims: claims}, `{"claims":{"given_name":"Ada"},"verification":{"trust_framework":"f"}}`},
		"no such evidence":   {asking(`"trust_framework":null,"evidence":[{"type":{"value":"document"}}]`), ida.Fact{TrustFramework: "f", Claims: claims}, `null`},
		"no method in check": {asking(`"trust_framework":null,"evidence":[{"type":{},"check_details":null}]`), ida.Fact{TrustFramework: "f", Claims: claims, Evidence: []map[string]any{{"type": "document", "check_details": []any{map[string]any{"check_id": "x"}}}}}, `{"claims":{"given_name":"Ada"},"verification":{"evidence":[{"type":"document"}],"trust_framework":"f"}}`},
		"no type":            {asking(`"trust_framework":null,"evidence":[{"type":null}]`), ida.Fact{TrustFramework: "f", Claims: claims, Evidence: []map[string]any{{"time": now}}}, `{"claims":{"given_name":"Ada"},"verification":{"trust_framework":"f"}}`},
		"no claims":          {asking(`"trust_framework":null`), ida.Fact{TrustFramework: "f"}, `null`},
		"claims in evidence": {asking(`"trust_framework":null,"evidence":[{"type":null,"derived_claims":null}]`), ida.Fact{TrustFramework: "f", Claims: claims, Evidence: []map[string]any{{"type": "document", "derived_claims": claims}}}, `{"claims":{"given_name":"Ada"},"verification":{"evidence":[{"type":"document"}],"trust_framework":"f"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := answer(t, row.request, row.fact); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}

func TestAnswerLeavesFactsAsTheyWere(t *testing.T) {
	t.Parallel()
	fact, same := mailbox(), mailbox()
	answer(t, `{"verification":{"trust_framework":null,"evidence":[{"type":null,"record":{"created_at":null}}]},"claims":{"email":null}}`, fact)
	before, _ := json.Marshal(same)
	if after, _ := json.Marshal(fact); string(after) != string(before) {
		t.Errorf("now %s", after)
	}
}

// FuzzParse: any request is refused as a bad one, or answered within the schema by
// claims that it named.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		asking(`"trust_framework":null`), asking(`"trust_framework":{"values":["a"]},"time":{"max_age":5}`), `[]`, `null`, `{}`,
		asking(`"trust_framework":null,"evidence":[{"type":{"value":"document"},"document_details":{"issuer":{"name":null}},"check_details":[{"check_method":{"value":"vcrypt"}}]}]`),
		`[{"verification":{"trust_framework":null,"evidence":[{"type":null,"record":null}]},"claims":{"email":{"value":"x"},"birthdate":{"max_age":1}}}]`,
	} {
		f.Add([]byte(seed))
	}
	facts := []ida.Fact{wallet(), mailbox()}
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := strictjson.Parse(raw, 16<<10, 16)
		if err != nil {
			return
		}
		requests, isArray, err := ida.Parse(v)
		if err != nil {
			if !errors.Is(err, ida.ErrBadRequest) {
				t.Fatalf("%q gives %v", raw, err)
			}
			return
		}
		got := ida.Answer(requests, isArray, facts, now)
		if err := checkAnswer(got); err != nil {
			t.Fatalf("%q is answered against the schema: %v", raw, err)
		}
		asked := map[string]bool{}
		for _, r := range requests {
			for _, name := range r.Names() {
				asked[name] = true
			}
		}
		for _, object := range listOf(got) {
			o, _ := object.(map[string]any)
			claims, _ := o["claims"].(map[string]any)
			for name := range claims {
				if !asked[name] {
					t.Fatalf("%q is answered with %s", raw, name)
				}
			}
		}
	})
}

func listOf(answer any) []any {
	if list, ok := answer.([]any); ok {
		return list
	}
	return []any{answer}
}
