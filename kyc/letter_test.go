package kyc_test

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"vouchgate/kyc"
)

var letterForm = regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$`)

func TestLetterCodesDifferAndCanBeTyped(t *testing.T) {
	t.Parallel()
	source, seen := seeded(), map[string]bool{}
	for range 10_000 {
		code, err := kyc.NewLetterCode(source)
		is(t, err, nil)
		if !letterForm.MatchString(code) || seen[code] {
			t.Fatalf("code %q, seen before: %v", code, seen[code])
		}
		seen[code] = true
		read, err := kyc.NormalizeLetterCode(code)
		is(t, err, nil)
		same(t, "read", read, code)
	}
	all, err := kyc.NewLetterCode(bytes.NewReader(bytes.Repeat([]byte{0xff}, 10)))
	is(t, err, nil)
	same(t, "code of set bits", all, "ZZZZ-ZZZZ-ZZZZ-ZZZZ")
}

func TestALetterCodeIsReadAsPeopleTypeIt(t *testing.T) {
	t.Parallel()
	const want = "7K3F-9QW0-2MTD-1HJ1"
	for name, typed := range map[string]string{
		"as it is":                     want,
		"in small letters":             "7k3f-9qw0-2mtd-1hj1",
		"without dashes":               "7K3F9QW02MTD1HJ1",
		"with spaces":                  " 7K3F 9QW0 2MTD 1HJ1 ",
		"with letters for digits":      "7K3F-9QWO-2MTD-IHJL",
		"in small letters for digits":  "7k3f-9qwo-2mtd-ihjl",
		"with dashes where there none": "7-K-3-F9QW0-2MTD1HJ1--",
		"with a line break":            "7K3F-9QW0\r\n2MTD-1HJ1\n",
	} {
		got, err := kyc.NormalizeLetterCode(typed)
		is(t, err, nil)
		same(t, name, got, want)
	}
	for name, typed := range map[string]string{
		"empty":                     "",
		"a character too few":       "7K3F-9QW0-2MTD-1HJ",
		"a character too many":      "7K3F-9QW0-2MTD-1HJ11",
		"a letter that is not used": "7K3F-9QW0-2MTD-1HJU",
		"padding":                   "7K3F-9QW0-2MTD-1HJ=",
		"another dash":              "7K3F–9QW0–2MTD–1HJ1",
		"a link":                    "https://gw.example/letter/7K3F-9QW0-2MTD-1HJ1",
		"ever so long":              want + strings.Repeat("-", 100),
	} {
		got, err := kyc.NormalizeLetterCode(typed)
		is(t, err, kyc.ErrBadLetterCode)
		same(t, name, got, "")
	}
}

func TestHoweverALetterCodeIsTypedItIsTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		code, err := kyc.NewLetterCode(bytes.NewReader(rapid.SliceOfN(rapid.Byte(), 10, 10).Draw(r, "bits")))
		if err != nil {
			r.Fatal(err)
		}
		var typed strings.Builder
		for _, c := range code {
			choices := []string{string(c), strings.ToLower(string(c)), " " + string(c), string(c) + "-"}
			switch c {
			case '0':
				choices = append(choices, "O", "o")
			case '1':
				choices = append(choices, "I", "i", "l", "L")
			}
			typed.WriteString(rapid.SampledFrom(choices).Draw(r, "typed"))
		}
		if got, err := kyc.NormalizeLetterCode(typed.String()); err != nil || got != code {
			r.Fatalf("%q became %q, %v", typed.String(), got, err)
		}
	})
}

func FuzzNormalizeLetterCode(f *testing.F) {
	for _, seed := range []string{"7K3F-9QWX-2MTD-8HJP", "7k3f9qwx2mtd8hjp", "", "7K3F\n9QWX2MTD8HJP", "ı7K3F9QWX2MTD8HJ", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code, err := kyc.NormalizeLetterCode(typed)
		if err != nil {
			if !errors.Is(err, kyc.ErrBadLetterCode) || code != "" {
				t.Errorf("%q: %q, %v", typed, code, err)
			}
			return
		}
		if !letterForm.MatchString(code) {
			t.Errorf("%q became %q", typed, code)
		}
		if again, err := kyc.NormalizeLetterCode(code); again != code || err != nil {
			t.Errorf("%q became %q, %v", code, again, err)
		}
	})
}
