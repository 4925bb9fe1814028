package conformance

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestTheShapeOfVerifiedClaimsIsStrict(t *testing.T) {
	t.Parallel()
	const (
		framework = `"verification":{"trust_framework":"https://gateway.example/rules"}`
		claims    = `"claims":{"given_name":"Zoë"}`
	)
	evidence := func(text string) string {
		return `{"verification":{"trust_framework":"x","evidence":` + text + `},` + claims + `}`
	}
	for name, row := range map[string]struct{ text, fault string }{
		"the smallest":            {`{` + framework + `,` + claims + `}`, ""},
		"a list":                  {`[{` + framework + `,` + claims + `},{` + framework + `,` + claims + `}]`, ""},
		"claims in their forms":   {`{` + framework + `,"claims":{"nationalities":["CH"],"place_of_birth":{"locality":"Bern"},"age_over_18":false}}`, ""},
		"evidence":                {evidence(`[{"type":"document","document_details":{"type":"x","issuer":{"name":"y"}},"check_details":[{"check_method":"vcrypt","time":"2026-01-01T00:00:00Z"}]}]`), ""},
		"a record":                {evidence(`[{"type":"electronic_record","record":{"type":"x","source":{"name":"y"}}}]`), ""},
		"an empty list":           {`[]`, "empty"},
		"nothing":                 {`{}`, "empty"},
		"a text":                  {`"x"`, "no object"},
		"null":                    {`null`, "no object"},
		"no claims":               {`{` + framework + `}`, "lacks claims"},
		"empty claims":            {`{` + framework + `,"claims":{}}`, "empty"},
		"no verification":         {`{` + claims + `}`, "lacks verification"},
		"no framework":            {`{"verification":{"time":"2026-01-01T00:00:00Z"},` + claims + `}`, "lacks trust_framework"},
		"another member":          {`{` + framework + `,` + claims + `,"more":1}`, "unknown member more"},
		"a claim without value":   {`{` + framework + `,"claims":{"given_name":null}}`, "no value"},
		"an empty claim":          {`{` + framework + `,"claims":{"given_name":""}}`, "no value"},
		"a place":                 {`{` + framework + `,"claims":{"place_of_birth":"Bern"}}`, "no object"},
		"a time of another zone":  {`{"verification":{"trust_framework":"x","time":"2026-01-01T00:00:00+02:00"},` + claims + `}`, "not like"},
		"no evidence in the list": {evidence(`[]`), "empty"},
		"evidence of no type":     {evidence(`[{"check_details":[{"check_method":"x"}]}]`), "has type"},
		"evidence of a wrong one": {evidence(`[{"type":"hearsay"}]`), "has type"},
		"a check of no method":    {evidence(`[{"type":"document","check_details":[{"organization":"x"}]}]`), "lacks check_method"},
		"a document of no type":   {evidence(`[{"type":"document","document_details":{"issuer":{"name":"x"}}}]`), "lacks type"},
		"a record in a document":  {evidence(`[{"type":"document","record":{"type":"x"}}]`), "unknown member record"},
	} {
		var value any
		if err := json.Unmarshal([]byte(row.text), &value); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		faults := strings.Join(isVerifiedClaims("it", value), "; ")
		if (faults == "") != (row.fault == "") || !strings.Contains(faults, row.fault) {
			t.Errorf("%s: %q, not %q", name, faults, row.fault)
		}
	}
}
