package oauth_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vouchgate/oauth"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const issuer = "https://id.example"

// after returns a time so long after noon.
func after(d time.Duration) *time.Time {
	at := noon.Add(d)
	return &at
}

func TestParseAssertionPayload(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		payload string
		want    oauth.Assertion
	}{
		"everything": {
			`{"iss":"shop","sub":"shop","aud":"https://id.example","exp":1772366460,"iat":1772366400,"nbf":1772366399,"jti":"j"}`,
			oauth.Assertion{
				Issuer: "shop", Subject: "shop", Audience: []string{issuer}, ID: "j",
				Expires: after(time.Minute), IssuedAt: after(0), NotBefore: after(-time.Second),
			},
		},
		"nothing":              {`{}`, oauth.Assertion{}},
		"a fraction":           {`{"exp":1772366400.25}`, oauth.Assertion{Expires: after(250 * time.Millisecond)}},
		"an exponent":          {`{"exp":17723664e2}`, oauth.Assertion{Expires: after(0)}},
		"an array of one":      {`{"aud":["https://id.example"]}`, oauth.Assertion{Audience: []string{issuer}, AudienceIsArray: true}},
		"an array of none":     {`{"aud":[]}`, oauth.Assertion{AudienceIsArray: true}},
		"claims of its own":    {`{"sub":"shop","htm":{"x":[true,null]}}`, oauth.Assertion{Subject: "shop"}},
		"letters of all kinds": {`{"jti":"é🎉"}`, oauth.Assertion{ID: "é🎉"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := oauth.ParseAssertionPayload([]byte(row.payload))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseAssertionPayloadRefuses(t *testing.T) {
	t.Parallel()
	for name, payload := range map[string]string{
		"nothing":                      ``,
		"no JSON":                      `{`,
		"an array":                     `[]`,
		"null":                         `null`,
		"two values":                   `{}{}`,
		"a member twice":               `{"sub":"shop","sub":"other"}`,
		"a member twice within":        `{"x":{"a":1,"a":2}}`,
		"a member twice when decoded":  `{"sub":"shop","\u0073ub":"other"}`,
		"an issuer that is a number":   `{"iss":1}`,
		"a subject that is null":       `{"sub":null}`,
		"an id that is an array":       `{"jti":["j"]}`,
		"a time that is a text":        `{"exp":"1772366400"}`,
		"a time that is null":          `{"nbf":null}`,
		"a time before 1970":           `{"iat":-1}`,
		"a time after the year 9999":   `{"exp":253402300800}`,
		"a time beyond all numbers":    `{"exp":1e999}`,
		"an audience that is a number": `{"aud":1}`,
		"an audience with a number":    `{"aud":["https://id.example",1]}`,
		"an audience that is null":     `{"aud":null}`,
		"text that is not UTF-8":       "{\"sub\":\"\xff\"}",
		"nesting without end":          `{"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`,
		"more than 16 KiB":             `{"x":"` + strings.Repeat("x", 16<<10) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := oauth.ParseAssertionPayload([]byte(payload))
			wantError(t, err, 401, oauth.CodeInvalidClient)
			if !errors.Is(err, oauth.ErrBadAssertion) {
				t.Errorf("%v has another cause", err)
			}
		})
	}
}

func TestAssertionCheck(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change func(a *oauth.Assertion)
		fine   bool
	}{
		"as it should be":                                     {func(*oauth.Assertion) {}, true},
		"for the other name of the server":                    {func(a *oauth.Assertion) { a.Audience = []string{issuer + "/token"} }, true},
		"without iat and nbf":                                 {func(a *oauth.Assertion) { a.IssuedAt, a.NotBefore = nil, nil }, true},
		"with iat 10 s ahead":                                 {func(a *oauth.Assertion) { a.IssuedAt = after(10 * time.Second) }, true},
		"with nbf 8 s ahead":                                  {func(a *oauth.Assertion) { a.NotBefore = after(8 * time.Second) }, true},
		"with iat a minute ahead":                             {func(a *oauth.Assertion) { a.IssuedAt = after(time.Minute) }, true},
		"with iat long ago":                                   {func(a *oauth.Assertion) { a.IssuedAt = after(-time.Hour) }, true},
		"with exp in a second":                                {func(a *oauth.Assertion) { a.Expires = after(time.Second) }, true},
		"with exp in 5 min by a clock that is a minute ahead": {func(a *oauth.Assertion) { a.Expires = after(6 * time.Minute) }, true},
		"with a jti of 255 bytes":                             {func(a *oauth.Assertion) { a.ID = strings.Repeat("j", 255) }, true},

		"with another issuer":          {func(a *oauth.Assertion) { a.Issuer = "other" }, false},
		"without issuer":               {func(a *oauth.Assertion) { a.Issuer = "" }, false},
		"with another subject":         {func(a *oauth.Assertion) { a.Subject = "other" }, false},
		"without subject":              {func(a *oauth.Assertion) { a.Subject = "" }, false},
		"for another server":           {func(a *oauth.Assertion) { a.Audience = []string{"https://other.example"} }, false},
		"for the server and a slash":   {func(a *oauth.Assertion) { a.Audience = []string{issuer + "/"} }, false},
		"for nobody":                   {func(a *oauth.Assertion) { a.Audience = nil }, false},
		"for an array of the server":   {func(a *oauth.Assertion) { a.AudienceIsArray = true }, false},
		"without exp":                  {func(a *oauth.Assertion) { a.Expires = nil }, false},
		"with exp 5 min ago":           {func(a *oauth.Assertion) { a.Expires = after(-5 * time.Minute) }, false},
		"with exp just now":            {func(a *oauth.Assertion) { a.Expires = after(0) }, false},
		"with exp in more than 6 min":  {func(a *oauth.Assertion) { a.Expires = after(6*time.Minute + time.Second) }, false},
		"with iat over a minute ahead": {func(a *oauth.Assertion) { a.IssuedAt = after(61 * time.Second) }, false},
		"with nbf over a minute ahead": {func(a *oauth.Assertion) { a.NotBefore = after(61 * time.Second) }, false},
		"without jti":                  {func(a *oauth.Assertion) { a.ID = "" }, false},
		"with a jti of 256 bytes":      {func(a *oauth.Assertion) { a.ID = strings.Repeat("j", 256) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := oauth.Assertion{
				Issuer: "shop", Subject: "shop", Audience: []string{issuer}, ID: "j",
				Expires: after(5 * time.Minute), IssuedAt: after(0), NotBefore: after(0),
			}
			row.change(&a)
			err := a.Check("shop", []string{issuer, issuer + "/token"}, noon)
			if row.fine {
				if err != nil {
					t.Errorf("refused: %v", errors.Unwrap(err))
				}
				return
			}
			wantError(t, err, 401, oauth.CodeInvalidClient)
			if !errors.Is(err, oauth.ErrBadAssertion) {
				t.Errorf("%v has another cause", err)
			}
		})
	}
}

func TestAnEmptyAssertionIsNobodys(t *testing.T) {
	t.Parallel()
	wantError(t, oauth.Assertion{}.Check("", []string{""}, noon), 401, oauth.CodeInvalidClient)
}

// All bad assertions are told the client alike, and like a wrong secret.
func TestBadAssertionsAreToldLikeWrongSecrets(t *testing.T) {
	t.Parallel()
	_, parsing := oauth.ParseAssertionPayload(nil)
	checking := oauth.Assertion{}.Check("shop", nil, noon)
	for _, err := range []error{parsing, checking} {
		if err.Error() != (oauth.Credentials{}).Refused().Error() {
			t.Errorf("told %q", err)
		}
	}
}

// FuzzParseAssertionPayload: what is read is what its members say, and nothing
// without an end within minutes may be used.
func FuzzParseAssertionPayload(f *testing.F) {
	for _, seed := range []string{
		`{"iss":"shop","sub":"shop","aud":"https://id.example","exp":1772366460,"jti":"j"}`, `{"aud":["a"]}`, `{"exp":1e3}`, `{}`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		a, err := oauth.ParseAssertionPayload(payload)
		if err != nil {
			wantError(t, err, 401, oauth.CodeInvalidClient)
			return
		}
		for _, at := range []*time.Time{a.Expires, a.IssuedAt, a.NotBefore} {
			if at != nil && (at.Year() < 1970 || at.Year() > 9999 || at.Location() != time.UTC) {
				t.Fatalf("%q has the time %v", payload, at)
			}
		}
		if !a.AudienceIsArray && len(a.Audience) > 1 {
			t.Fatalf("%q has audiences %q", payload, a.Audience)
		}
		if a.Check("shop", []string{issuer}, noon) == nil {
			if a.Expires == nil || a.Expires.Sub(noon) > 6*time.Minute || a.ID == "" || fmt.Sprint(a.Audience) != "["+issuer+"]" {
				t.Fatalf("%q may be used", payload)
			}
		}
	})
}
