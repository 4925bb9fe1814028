package kyc_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchgate/kyc"
)

func random() *rand.ChaCha8 { return rand.NewChaCha8([32]byte{1}) }

func TestAnIDIsAUUIDOfVersion7(t *testing.T) {
	t.Parallel()
	for _, bits := range [][]byte{bytes.Repeat([]byte{0}, 10), bytes.Repeat([]byte{0xff}, 10)} {
		got, err := kyc.NewID(noon, bytes.NewReader(bits))
		is(t, err, nil)
		if version, variant := got[6]>>4, got[8]>>6; version != 7 || variant != 2 {
			t.Errorf("%s: version %d, variant %b", got, version, variant)
		}
		ms := int64(0)
		for _, b := range got[:6] {
			ms = ms<<8 | int64(b)
		}
		same(t, "time", ms, noon.UnixMilli())
	}
}

func TestIDsAreInTheOrderOfTheirTime(t *testing.T) {
	t.Parallel()
	r := random()
	var ids []kyc.ID
	for i := range 1000 {
		got, err := kyc.NewID(noon.Add(time.Duration(i)*time.Millisecond), r)
		is(t, err, nil)
		ids = append(ids, got)
	}
	byText := slices.IsSortedFunc(ids, func(a, b kyc.ID) int { return strings.Compare(a.String(), b.String()) })
	byBytes := slices.IsSortedFunc(ids, func(a, b kyc.ID) int { return bytes.Compare(a[:], b[:]) })
	if !byText || !byBytes {
		t.Errorf("in order as text: %v, as bytes: %v", byText, byBytes)
	}
}

func TestFirstIDPartsOlderRowsFromNewerOnes(t *testing.T) {
	t.Parallel()
	r, first := random(), kyc.FirstID(noon)
	for range 100 {
		older, _ := kyc.NewID(noon.Add(-time.Millisecond), r)
		newer, _ := kyc.NewID(noon, r)
		if bytes.Compare(older[:], first[:]) >= 0 || bytes.Compare(newer[:], first[:]) < 0 {
			t.Fatalf("%s, %s, %s are not in order", older, first, newer)
		}
	}
}

func TestAnIDNeedsRandomBits(t *testing.T) {
	t.Parallel()
	if got, err := kyc.NewID(noon, strings.NewReader("short")); err == nil || got != (kyc.ID{}) {
		t.Errorf("made %s, %v", got, err)
	}
	if _, err := kyc.NewHandle(id(1), strings.NewReader("short")); err == nil {
		t.Error("made a handle of too few random bits")
	}
}

func TestParseID(t *testing.T) {
	t.Parallel()
	want := id(1)
	for name, text := range map[string]string{"lower case": want.String(), "upper case": strings.ToUpper(want.String())} {
		got, err := kyc.ParseID(text)
		is(t, err, nil)
		same(t, name, got, want)
	}
	for name, text := range map[string]string{
		"empty": "", "without hyphens": strings.ReplaceAll(want.String(), "-", ""), "in braces": "{" + want.String() + "}",
		"too long": want.String() + "0", "not hexadecimal": strings.Replace(want.String(), "0", "g", 1),
		"hyphens elsewhere": "0-00000000000-0000-0000-000000000000", "with a space": " " + want.String()[1:],
	} {
		if _, err := kyc.ParseID(text); !errors.Is(err, kyc.ErrBadID) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnIDGoesThroughJSONAndDatabase(t *testing.T) {
	t.Parallel()
	want := id(1)
	text, err := json.Marshal(want)
	is(t, err, nil)
	same(t, "JSON", string(text), `"`+want.String()+`"`)
	var got kyc.ID
	is(t, json.Unmarshal(text, &got), nil)
	same(t, "from JSON", got, want)
	value, err := want.Value()
	is(t, err, nil)
	for _, src := range []any{value, []byte(want.String())} {
		var got kyc.ID
		is(t, got.Scan(src), nil)
		same(t, "from the database", got, want)
	}
	for _, src := range []any{nil, int64(1), "x", []byte{1}, want[:]} {
		if err := got.Scan(src); err == nil {
			t.Errorf("read an id from %T", src)
		}
	}
	if err := json.Unmarshal([]byte(`"x"`), &got); !errors.Is(err, kyc.ErrBadID) {
		t.Errorf("from bad JSON: %v", err)
	}
}

func FuzzParseID(f *testing.F) {
	f.Add(id(1).String())
	f.Add("00000000-0000-0000-0000-000000000000")
	f.Add("zzzzzzzz-0000-0000-0000-000000000000")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := kyc.ParseID(text)
		if err != nil {
			is(t, err, kyc.ErrBadID)
			return
		}
		if got.String() != strings.ToLower(text) {
			t.Errorf("%q was read as %s", text, got)
		}
	})
}
