package ida_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
)

// A shape says what a JSON value must be like. The shapes here are those of the
// Identity Assurance Schema Definition 1.0 for what this package can answer; what
// they do not name is not allowed, which is stricter than the specification.
type shape func(at string, v any) error

func text(at string, v any) error {
	if s, ok := v.(string); !ok || s == "" {
		return fmt.Errorf("%s is not a text", at)
	}
	return nil
}

func matching(pattern string) shape {
	re := regexp.MustCompile(pattern)
	return func(at string, v any) error {
		if s, ok := v.(string); !ok || !re.MatchString(s) {
			return fmt.Errorf("%s is %v", at, v)
		}
		return nil
	}
}

func oneOf(words ...string) shape {
	return func(at string, v any) error {
		if s, ok := v.(string); !ok || !slices.Contains(words, s) {
			return fmt.Errorf("%s is %v", at, v)
		}
		return nil
	}
}

func some(each shape) shape {
	return func(at string, v any) error {
		list, ok := v.([]any)
		if !ok || len(list) == 0 {
			return fmt.Errorf("%s is not an array with members", at)
		}
		for i, v := range list {
			if err := each(fmt.Sprintf("%s[%d]", at, i), v); err != nil {
				return err
			}
		}
		return nil
	}
}

func object(required []string, members map[string]shape) shape {
	return func(at string, v any) error {
		m, ok := v.(map[string]any)
		if !ok || len(m) == 0 {
			return fmt.Errorf("%s is not an object with members", at)
		}
		for _, name := range required {
			if m[name] == nil {
				return fmt.Errorf("%s has no %s", at, name)
			}
		}
		for name, v := range m {
			is, known := members[name]
			if !known {
				return fmt.Errorf("%s has %s, which is unknown", at, name)
			}
			if err := is(at+"."+name, v); err != nil {
				return err
			}
		}
		return nil
	}
}

var (
	day     = matching(`^\d{4}-\d\d-\d\d$`)
	instant = matching(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`)

	party = object(nil, map[string]shape{
		"name": text, "formatted": text, "street_address": text, "locality": text, "region": text,
		"postal_code": text, "country": text, "country_code": text, "jurisdiction": text,
	})
	check = object([]string{"check_method"}, map[string]shape{
		"check_method": text, "check_id": text, "organization": text, "time": instant,
	})
	evidence = object([]string{"type"}, map[string]shape{
		"type":          oneOf("document", "electronic_record", "vouch", "electronic_signature"),
		"check_details": some(check), "time": instant,
		"document_details": object([]string{"type"}, map[string]shape{
			"type": text, "document_number": text, "serial_number": text, "date_of_issuance": day, "date_of_expiry": day, "issuer": party,
		}),
		"record": object([]string{"type"}, map[string]shape{
			"type": text, "created_at": instant, "date_of_expiry": day, "source": party,
		}),
	})
	verifiedClaims = object([]string{"verification", "claims"}, map[string]shape{
		"verification": object([]string{"trust_framework"}, map[string]shape{
			"trust_framework": text, "time": instant, "evidence": some(evidence),
		}),
		"claims": func(at string, v any) error {
			if m, ok := v.(map[string]any); !ok || len(m) == 0 {
				return fmt.Errorf("%s is empty", at)
			}
			return nil
		},
	})
)

// checkAnswer says what is wrong with the verified_claims of an answer, as clients
// would read it.
func checkAnswer(answer any) error {
	if answer == nil {
		return nil
	}
	b, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	if list, ok := v.([]any); ok {
		return some(verifiedClaims)("verified_claims", list)
	}
	return verifiedClaims("verified_claims", v)
}
