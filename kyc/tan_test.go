package kyc_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"vouchgate/kyc"
)

// TestGuessingATANStaysBelowOneInAMillionPerAddressAndDay computes what the limits
// promise: two windows touch any day, and each holds so many tries.
func TestGuessingATANStaysBelowOneInAMillionPerAddressAndDay(t *testing.T) {
	t.Parallel()
	most := 2 * kyc.AddressTries
	if chance := float64(most) / math.Pow10(kyc.TANDigits); chance >= 1e-6 {
		t.Errorf("%d tries in a day guess a TAN with a chance of %g", most, chance)
	}
	if needed := kyc.TANTries * kyc.TANSends * kyc.AddressSessions; kyc.AddressTries < needed {
		t.Errorf("%d tries are too few for %d sessions that use theirs up", kyc.AddressTries, kyc.AddressSessions)
	}
	if kyc.TANWindow < 24*time.Hour {
		t.Errorf("a window of %v lets more than two touch a day", kyc.TANWindow)
	}
}

// TestNoDayHoldsMoreTriesThanTwoWindows lets somebody guess whenever they like, and
// counts as the store does: a window begins with its first try and is over when it is
// as old as TANWindow.
func TestNoDayHoldsMoreTriesThanTwoWindows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		const day = 24 * time.Hour
		var made []time.Duration // the tries that were let through
		var now, began time.Duration
		n := 0
		for range rapid.IntRange(1, 40).Draw(r, "bursts") {
			now += time.Duration(rapid.Int64Range(0, int64(20*time.Hour)).Draw(r, "pause"))
			for range rapid.IntRange(1, 2*kyc.AddressTries).Draw(r, "tries") {
				if n == 0 || began <= now-kyc.TANWindow {
					n, began = 0, now
				}
				if n++; n <= kyc.AddressTries {
					made = append(made, now)
				}
			}
		}
		for first := range made {
			held := 0
			for _, at := range made[first:] {
				if at < made[first]+day {
					held++
				}
			}
			if held > 2*kyc.AddressTries {
				r.Fatalf("a day holds %d tries", held)
			}
		}
	})
}

// seeded is a source that is the same in each run.
func seeded() *rand.ChaCha8 { return rand.NewChaCha8([32]byte{4}) }

func TestEveryTANIsAsLikelyAsAnyOther(t *testing.T) {
	t.Parallel()
	const n = 100_000
	source := seeded()
	var digits [kyc.TANDigits][10]float64
	seen := map[string]bool{}
	for range n {
		tan, err := kyc.NewTAN(source)
		is(t, err, nil)
		if !regexp.MustCompile(`^[0-9]{8}$`).MatchString(tan) {
			t.Fatalf("TAN %q", tan)
		}
		for i, d := range tan {
			digits[i][d-'0']++
		}
		seen[tan] = true
	}
	for i, counts := range digits {
		chi := 0.0
		for _, c := range counts {
			chi += (c - n/10) * (c - n/10) / (n / 10)
		}
		if chi > 27.88 { // 9 degrees of freedom, one in a thousand
			t.Errorf("digit %d: %v, chi-square %.1f", i+1, counts, chi)
		}
	}
	if digits[0][0] == 0 {
		t.Error("no TAN begins with a zero")
	}
	if len(seen) < n-n*n/100_000_000 { // about n²/2/10⁸ meet
		t.Errorf("%d of %d TANs are different", len(seen), n)
	}
}

func TestTANsOfKnownBits(t *testing.T) {
	t.Parallel()
	bits := func(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
	for name, row := range map[string]struct {
		bits []byte
		want string
	}{
		"none set":                        {bits(0), "00000000"},
		"a number with leading zeros":     {bits(42), "00000042"},
		"the last one":                    {bits(99_999_999), "99999999"},
		"beyond it, which is thrown away": {append(bits(100_000_000), bits(7)...), "00000007"},
		"all set, which is thrown away":   {append(bits(math.MaxUint32), bits(7)...), "00000007"},
	} {
		tan, err := kyc.NewTAN(bytes.NewReader(row.bits))
		is(t, err, nil)
		same(t, name, tan, row.want)
	}
}

func TestWithoutRandomBitsThereIsNoTAN(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(*bytes.Reader) (string, error){
		"TAN":         func(r *bytes.Reader) (string, error) { return kyc.NewTAN(r) },
		"letter code": func(r *bytes.Reader) (string, error) { return kyc.NewLetterCode(r) },
	} {
		for _, n := range []int{0, 3} {
			got, err := read(bytes.NewReader(make([]byte, n)))
			if err == nil || got != "" {
				t.Errorf("%s of %d bytes: %q, %v", name, n, got, err)
			}
		}
	}
}

func TestATANIsReadAsPeopleTypeIt(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ typed, want string }{
		"as it is":                  {"12345678", "12345678"},
		"with leading zeros":        {"00000001", "00000001"},
		"as it is printed":          {"1234 5678", "12345678"},
		"with edges":                {"\t 12345678\r\n", "12345678"},
		"with dashes":               {"12-34–56—78", "12345678"},
		"with hard and thin spaces": {"1234\u00a0\u202f5678", "12345678"},
		"digit by digit":            {"1 2 3 4 5 6 7 8", "12345678"},
		"too short":                 {"1234567", ""},
		"too long":                  {"123456789", ""},
		"empty":                     {"", ""},
		"spaces alone":              {"   -  ", ""},
		"letters":                   {"1234567O", ""},
		"digits of another script":  {"١٢٣٤٥٦٧٨", ""},
		"wide digits":               {"１２３４５６７８", ""},
		"a sign":                    {"+1234567", ""},
		"a point":                   {"1234.678", ""},
		"a dash of mathematics":     {"1234−5678", ""},
		"NUL":                       {"1234567\x00", ""},
		"bytes that are not UTF-8":  {"1234567\xff", ""},
		"ever so long":              {strings.Repeat(" ", 93) + "12345678", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := kyc.NormalizeTAN(row.typed)
			if row.want == "" {
				is(t, err, kyc.ErrBadTAN)
			} else {
				is(t, err, nil)
			}
			same(t, "TAN", got, row.want)
		})
	}
}

func FuzzNormalizeTAN(f *testing.F) {
	for _, seed := range []string{"12345678", " 1234-5678 ", "", "1234567\xff", "１２３４５６７８", strings.Repeat("-", 101)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		tan, err := kyc.NormalizeTAN(typed)
		if err != nil {
			if !errors.Is(err, kyc.ErrBadTAN) || tan != "" {
				t.Errorf("%q: %q, %v", typed, tan, err)
			}
			return
		}
		if len(tan) != kyc.TANDigits || strings.Trim(tan, "0123456789") != "" {
			t.Errorf("%q became %q", typed, tan)
		}
		digits := strings.Map(func(r rune) rune {
			if unicode.IsDigit(r) {
				return r
			}
			return -1
		}, typed)
		if digits != tan {
			t.Errorf("%q became %q, which are not its digits", typed, tan)
		}
		for _, form := range []string{tan, kyc.SpacedTAN(tan)} {
			if again, err := kyc.NormalizeTAN(form); again != tan || err != nil {
				t.Errorf("%q became %q, %v", form, again, err)
			}
		}
	})
}

func TestSpacedTAN(t *testing.T) {
	t.Parallel()
	for tan, want := range map[string]string{"12345678": "1234 5678", "": "", "123": "123", "123456789": "123456789"} {
		same(t, tan, kyc.SpacedTAN(tan), want)
	}
}
