package kyc_test

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"vouchgate/kyc"
)

func TestNormalizeUserName(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 128)
	for name, row := range map[string]struct {
		text string
		want string // empty: refused
	}{
		"a name as it is":                   {"anna", "anna"},
		"a name in capitals":                {"ANNA", "anna"},
		"capitals beyond ASCII":             {"ZOË", "zoë"},
		"a name with space around it":       {" \t anna\r\n", "anna"},
		"an address":                        {"Anna.Muster+1@Example.ch", "anna.muster+1@example.ch"},
		"a name of another script":          {"АННА", "анна"},
		"a script without capitals":         {"漢字", "漢字"},
		"one character":                     {"A", "a"},
		"128 bytes":                         {long, long},
		"markup, which is shown as text":    {"<b>&", "<b>&"},
		"what a database takes for a query": {"' or 1=1;--", ""},
		"nothing":                           {"", ""},
		"space alone":                       {" \t\n\u00a0", ""},
		"129 bytes":                         {long + "x", ""},
		"128 characters of two bytes":       {strings.Repeat("ü", 128), ""},
		"a space inside":                    {"anna muster", ""},
		"a space that does not break":       {"anna\u00a0muster", ""},
		"an ideographic space":              {"anna\u3000muster", ""},
		"a line break inside":               {"anna\nmuster", ""},
		"a line separator":                  {"anna\u2028muster", ""},
		"NUL":                               {"anna\x00", ""},
		"an escape sequence":                {"\x1b[31manna", ""},
		"a right-to-left override":          {"anna\u202egpj", ""},
		"a left-to-right mark":              {"anna\u200e", ""},
		"a byte order mark":                 {"\ufeffanna", ""},
		"a space of no width":               {"an\u200bna", ""},
		"a joiner of no width":              {"an\u200dna", ""},
		"a soft hyphen":                     {"an\u00adna", ""},
		"a character for private use":       {"an\ue000na", ""},
		"a replacement character":           {"an\ufffdna", ""},
		"bytes that are not UTF-8":          {"an\xffna", ""},
		"half a surrogate pair":             {"an\xed\xa0\x80na", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := kyc.NormalizeUserName(row.text)
			if row.want == "" {
				is(t, err, kyc.ErrBadUserName)
			} else {
				is(t, err, nil)
			}
			same(t, "name", got, row.want)
		})
	}
}

func FuzzNormalizeUserName(f *testing.F) {
	for _, text := range []string{"anna", " ANNA ", "İstanbul", "ǅ", "ẞ", "K", "a\u200bb", "\xff", strings.Repeat("Ⱥ", 64)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := kyc.NormalizeUserName(text)
		if err != nil {
			is(t, err, kyc.ErrBadUserName)
			same(t, "name that was refused", got, "")
			return
		}
		if got == "" || len(got) > 128 || !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool {
			return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Bidi_Control)
		}) {
			t.Errorf("%q became %q", text, got)
		}
		again, err := kyc.NormalizeUserName(" " + got + "\n")
		if err != nil || again != got {
			t.Errorf("%q is not its own normal form: %q, %v", got, again, err)
		}
	})
}

func TestAnAccountIsEnabledUntilItIsDisabled(t *testing.T) {
	t.Parallel()
	same(t, "enabled", kyc.Account{}.Enabled(), true)
	same(t, "disabled", kyc.Account{DisabledAt: at(noon)}.Enabled(), false)
}

func TestASignInLastsUntilItsEndAndNotAtIt(t *testing.T) {
	t.Parallel()
	in := kyc.SignIn{ExpiresAt: noon}
	same(t, "before its end", in.Live(noon.Add(-1)), true)
	same(t, "at its end", in.Live(noon), false)
	same(t, "after it", in.Live(noon.Add(time.Hour)), false)
	same(t, "one without an end", kyc.SignIn{}.Live(noon), false)
}

func TestClaimsComeBackAsTheyWereEncoded(t *testing.T) {
	t.Parallel()
	for _, want := range []kyc.Claims{nil, {}, {"given_name": "Zoë <b>\u2028\"", "age_over_18": true, "age_over_65": false}} {
		text, err := want.Encode()
		is(t, err, nil)
		got, err := kyc.DecodeClaims(text)
		is(t, err, nil)
		same(t, "claims", got, want)
	}
	for _, bad := range [][]byte{nil, {}, []byte("x"), []byte("[]"), []byte(`{"a":1`), []byte(`"a"`)} {
		if _, err := kyc.DecodeClaims(bad); err == nil {
			t.Errorf("%q are claims", bad)
		}
	}
	if _, err := (kyc.Claims{"a": func() {}}).Encode(); err == nil {
		t.Error("a claim that is no value was encoded")
	}
}

func TestARequestComesBackAsItWasEncoded(t *testing.T) {
	t.Parallel()
	for _, want := range []kyc.Request{
		{Nonce: "n-<&>\u2028\"\x00"}, {Claims: `{"userinfo":{"given_name":null}}`}, {LoginHint: "zoë"},
		{Nonce: "n", Claims: "{}", LoginHint: "anna"},
	} {
		text, err := want.Encode()
		is(t, err, nil)
		got, err := kyc.DecodeRequest(text)
		is(t, err, nil)
		same(t, "request", got, want)
	}
	for _, bad := range [][]byte{{}, []byte("x"), []byte("[]"), []byte(`{"nonce":1}`)} {
		if _, err := kyc.DecodeRequest(bad); err == nil {
			t.Errorf("%q is a request", bad)
		}
	}
}

func TestARequestThatAsksForNothingIsNotKept(t *testing.T) {
	t.Parallel()
	text, err := kyc.Request{}.Encode()
	is(t, err, nil)
	same(t, "kept", text, []byte(nil))
	got, err := kyc.DecodeRequest(nil)
	is(t, err, nil)
	same(t, "request", got, kyc.Request{})
}

func FuzzDecodeRequest(f *testing.F) {
	for _, text := range []string{"", "{}", `{"nonce":"n"}`, `{"nonce":"\ud800"}`, "null", "[]"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := kyc.DecodeRequest(bytes.Clone(text))
		if err != nil {
			return
		}
		again, err := r.Encode()
		is(t, err, nil)
		got, err := kyc.DecodeRequest(again)
		is(t, err, nil)
		same(t, "request", got, r)
	})
}
