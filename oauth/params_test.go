package oauth_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"vouchgate/oauth"
)

// mustParse parses parameters that a test knows to be good.
func mustParse(t *testing.T, raw string) oauth.Params {
	t.Helper()
	p, err := oauth.ParseParams(raw)
	if err != nil {
		t.Fatalf("ParseParams(%q): %v", raw, err)
	}
	return p
}

func TestParseParamsReads(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ raw, want string }{
		"a plain value":                     {"a=1", "1"},
		"a plus as a space":                 {"a=1+2", "1 2"},
		"%20 as a space":                    {"a=1%202", "1 2"},
		"an encoded plus as a plus":         {"a=1%2B2", "1+2"},
		"an encoded name":                   {"%61=1", "1"},
		"an equals sign inside a value":     {"a=b64==", "b64=="},
		"an encoded semicolon":              {"a=1%3B2", "1;2"},
		"UTF-8":                             {"a=Z%C3%BCrich", "Zürich"},
		"line breaks":                       {"a=%0d%0aX", "\r\nX"},
		"a missing parameter as empty":      {"b=1", ""},
		"no parameters at all":              {"", ""},
		"a parameter without equals sign":   {"a", ""},
		"an empty value as absent":          {"a=", ""},
		"ampersands without a field":        {"&&a=1&", "1"},
		"exactly a hundred parameters":      {"a=1" + strings.Repeat("&b=1", 99), "1"},
		"the first value of a repeated one": {"a=1&a=2", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := mustParse(t, row.raw).Get("a"); got != row.want {
				t.Errorf("a = %q, want %q", got, row.want)
			}
		})
	}
}

func TestParseParamsRefuses(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"a percent sign without digits":        "a=%zz",
		"a percent sign at the end":            "a=1%",
		"broken encoding in a name":            "%g1=1",
		"a semicolon between fields":           "a=1;b=2",
		"text that is not UTF-8":               "a=%ff",
		"raw bytes that are not UTF-8":         "a=\xff",
		"an overlong encoding":                 "a=%c0%af",
		"NUL in a value":                       "a=1%00",
		"NUL in a name":                        "a%00=1",
		"more than a hundred parameters":       "a=1" + strings.Repeat("&b=1", 100),
		"more than a hundred names":            manyNames(101),
		"broken encoding in a field not known": "a=1&unknown=%",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := oauth.ParseParams(raw)
			wantError(t, err, 400, oauth.CodeInvalidRequest)
		})
	}
}

func manyNames(n int) string {
	var fields []string
	for i := range n {
		fields = append(fields, fmt.Sprintf("n%d=1", i))
	}
	return strings.Join(fields, "&")
}

func TestRepeatedParameters(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		raw  string
		want string
	}{
		"none is repeated":                 {"a=1&b=1", ""},
		"one is repeated":                  {"a=1&b=1&b=2", "b"},
		"the first repeated one is named":  {"b=1&a=1&a=1&b=1", "a"},
		"the same value counts":            {"a=1&a=1", "a"},
		"an empty value counts":            {"a=&a=1", "a"},
		"another encoding of a name is it": {"a=1&%61=2", "a"},
		"resource may be repeated":         {"resource=1&resource=2", ""},
		"other letters are another name":   {"a=1&A=2", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := mustParse(t, row.raw)
			if got := p.AnyRepeated(); got != row.want {
				t.Errorf("AnyRepeated = %q, want %q", got, row.want)
			}
			if row.want != "" && !p.Repeated(row.want) {
				t.Errorf("Repeated(%q) is false", row.want)
			}
		})
	}
}

func TestParamsPrintNoValues(t *testing.T) {
	t.Parallel()
	p := mustParse(t, "client_secret=canary")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, p); strings.Contains(got, "canary") {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}

// FuzzParseParams compares with net/url: whatever we take, it reads the same way.
func FuzzParseParams(f *testing.F) {
	for _, seed := range []string{"a=1&b=%20+&a=2", "a;b", "%", "a=%00", "=1&=&a", "%C3%BC=%ff", strings.Repeat("a=1&", 101)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		p, err := oauth.ParseParams(raw)
		if err != nil {
			if e := oauth.AsError(err); e.Code != oauth.CodeInvalidRequest || e.Status != 400 {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		want, err := url.ParseQuery(raw)
		if err != nil {
			t.Fatalf("we take %q, net/url does not: %v", raw, err)
		}
		for name, values := range want {
			if p.Repeated(name) != (len(values) > 1) {
				t.Errorf("%q: Repeated(%q) = %v of %d", raw, name, p.Repeated(name), len(values))
			}
			if got := p.Get(name); len(values) == 1 && got != values[0] || !utf8.ValidString(got) || strings.Contains(got, "\x00") {
				t.Errorf("%q: Get(%q) = %q of %q", raw, name, got, values)
			}
		}
	})
}
