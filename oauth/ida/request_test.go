package ida_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"vouchgate/oauth/ida"
	"vouchgate/oauth/internal/strictjson"
)

// read returns a value as Parse takes it.
func read(t *testing.T, text string) any {
	t.Helper()
	v, err := strictjson.Parse([]byte(text), 16<<10, 16)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func TestParseAccepts(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		text  string
		names []string
		array bool
	}{
		"claims by null":            {text: `{"verification":{"trust_framework":null},"claims":{"given_name":null,"birthdate":null}}`, names: []string{"given_name", "birthdate"}},
		"claims by empty objects":   {text: `{"verification":{"trust_framework":{}},"claims":{"given_name":{}}}`, names: []string{"given_name"}},
		"claims that are essential": {text: `{"verification":{"trust_framework":null},"claims":{"given_name":{"essential":true}}}`, names: []string{"given_name"}},
		"claims that are not":       {text: `{"verification":{"trust_framework":null},"claims":{"given_name":{"essential":false}}}`, names: []string{"given_name"}},
		"claims nobody knows":       {text: `{"verification":{"trust_framework":null},"claims":{"a b\"#ü":{"essential":true}}}`, names: []string{`a b"#ü`}},
		"a purpose":                 {text: `{"verification":{"trust_framework":null},"claims":{"given_name":{"purpose":"x"}}}`, names: []string{"given_name"}},
		"null for claims":           {text: `{"verification":{"trust_framework":null},"claims":null}`},
		"an array of none":          {text: `[]`, array: true},
		"an array of one":           {text: `[{"verification":{"trust_framework":null},"claims":{"a":null}}]`, names: []string{"a"}, array: true},
		"all of verification": {text: `{"verification":{"trust_framework":{"values":["a","b"]},"assurance_level":null,"time":{"max_age":0},
			"assurance_process":{"policy":null,"assurance_details":[{"assurance_type":null}]},"verification_process":null,
			"evidence":[{"type":{"value":"document"},"check_details":[{"check_method":{"values":["vcrypt"]},"time":null}],
			"document_details":{"type":null,"issuer":{"name":null}}},{"type":{}}]},"claims":{"a":null}}`, names: []string{"a"}},
		"unknown members of verification": {text: `{"verification":{"trust_framework":null,"x":7,"y":{"z":null},"v":[]},"claims":{"a":null}}`, names: []string{"a"}},
		"an unknown type of evidence":     {text: `{"verification":{"trust_framework":null,"evidence":[{"type":{"value":"utility_bill"}}]},"claims":{"a":null}}`, names: []string{"a"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requests, isArray, err := ida.Parse(read(t, row.text))
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, r := range requests {
				names = append(names, r.Names()...)
			}
			if !slices.Equal(names, row.names) || isArray != row.array {
				t.Errorf("names %q, array %v", names, isArray)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	verification := func(s string) string { return `{"verification":` + s + `,"claims":{"a":null}}` }
	beside := func(s string) string { return verification(`{"trust_framework":null,` + s + `}`) }
	claims := func(s string) string { return `{"verification":{"trust_framework":null},"claims":` + s + `}` }
	for name, text := range map[string]string{
		"null":                                 `null`,
		"a text":                               `"x"`,
		"an empty object":                      `{}`,
		"an array with null":                   `[null]`,
		"an array with an array":               `[[]]`,
		"one that is good and one that is not": `[` + claims(`{"a":null}`) + `,{}]`,
		"no verification":                      `{"claims":{"a":null}}`,
		"verification null":                    verification(`null`),
		"verification empty":                   verification(`{}`),
		"verification without framework":       verification(`{"time":null}`),
		"verification that is an array":        verification(`[{"trust_framework":null}]`),
		"no claims":                            `{"verification":{"trust_framework":null}}`,
		"claims empty":                         claims(`{}`),
		"claims that are an array":             claims(`["a"]`),
		"a claim that is a text":               claims(`{"a":"x"}`),
		"a claim that is false":                claims(`{"a":false}`),
		"a claim with values empty":            claims(`{"a":{"values":[]}}`),
		"a claim with essential of a text":     claims(`{"a":{"essential":"yes"}}`),
		"another member":                       `{"verification":{"trust_framework":null},"claims":{"a":null},"purpose":"x"}`,
		"a framework that is a text":           verification(`{"trust_framework":"eidas"}`),
		"a framework that is an array":         verification(`{"trust_framework":["eidas"]}`),
		"a framework with values empty":        verification(`{"trust_framework":{"values":[]}}`),
		"a framework with values of a text":    verification(`{"trust_framework":{"values":"eidas"}}`),
		"a negative max_age":                   beside(`"time":{"max_age":-1}`),
		"a max_age with a fraction":            beside(`"time":{"max_age":1.5}`),
		"a max_age that is a text":             beside(`"time":{"max_age":"1"}`),
		"a max_age that is null":               beside(`"time":{"max_age":null}`),
		"a time that is a text":                beside(`"time":"2026-01-01"`),
		"evidence empty":                       beside(`"evidence":[]`),
		"evidence null":                        beside(`"evidence":null`),
		"evidence that is an object":           beside(`"evidence":{"type":{"value":"document"}}`),
		"evidence with null in it":             beside(`"evidence":[null]`),
		"evidence without type":                beside(`"evidence":[{"document_details":null}]`),
		"evidence without type beside one":     beside(`"evidence":[{"type":{"value":"document"}},{}]`),
		"evidence of types":                    beside(`"evidence":[{"type":{"values":["document"]}}]`),
		"evidence of a type that is a text":    beside(`"evidence":[{"type":"document"}]`),
		"a negative max_age within":            beside(`"evidence":[{"type":{},"check_details":[{"time":{"max_age":-5}}]}]`),
		"a check method that is a text":        beside(`"evidence":[{"type":{},"check_details":[{"check_method":"vcrypt"}]}]`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requests, _, err := ida.Parse(read(t, text))
			if !errors.Is(err, ida.ErrBadRequest) || requests != nil {
				t.Errorf("%s: %v, want ErrBadRequest", text, err)
			}
		})
	}
}

func TestConstraintAllows(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		constraint string
		value      any
		want       bool
	}{
		"null takes any value":                 {`null`, "x", true},
		"nothing named takes any value":        {`{"essential":true}`, 7, true},
		"the value":                            {`{"value":"x"}`, "x", true},
		"another value":                        {`{"value":"x"}`, "X", false},
		"one of the values":                    {`{"values":["x","y"]}`, "y", true},
		"none of the values":                   {`{"values":["x","y"]}`, "z", false},
		"value and values that agree":          {`{"value":"x","values":["x","y"]}`, "x", true},
		"value and values that do not":         {`{"value":"z","values":["x","y"]}`, "x", false},
		"a number":                             {`{"value":7}`, 7, true},
		"a number written otherwise":           {`{"value":7.0}`, int64(7), true},
		"a number for a text":                  {`{"value":7}`, "7", false},
		"a flag":                               {`{"value":true}`, true, true},
		"an object":                            {`{"value":{"country":"CH","x":[1]}}`, map[string]any{"x": []int{1}, "country": "CH"}, true},
		"an object with more in it":            {`{"value":{"country":"CH"}}`, map[string]any{"x": 1, "country": "CH"}, false},
		"an array":                             {`{"value":["CH"]}`, []string{"CH"}, true},
		"a member for its array":               {`{"value":"CH"}`, []string{"CH"}, false},
		"null as the value matches nothing":    {`{"value":null}`, "x", false},
		"null as the value matches no nothing": {`{"value":null}`, nil, false},
		"a value that no JSON can hold":        {`{"value":"x"}`, func() {}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := ida.ParseConstraint(read(t, row.constraint))
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Allows(row.value); got != row.want {
				t.Errorf("got %v", got)
			}
			if c.Essential != strings.Contains(row.constraint, "essential") {
				t.Errorf("essential: %v", c.Essential)
			}
		})
	}
}
