package seal_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"vouchgate/seal"
)

func key(fill byte) []byte { return bytes.Repeat([]byte{fill}, seal.KeySize) }

func newRing(t testing.TB, current string, keys map[string][]byte) *seal.Ring {
	t.Helper()
	ring, err := seal.NewRing(current, keys, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func mustSeal(t testing.TB, r *seal.Ring, purpose, aad, plaintext string) []byte {
	t.Helper()
	sealed, err := r.Seal(purpose, []byte(aad), []byte(plaintext))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestWhatWasSealedCanBeOpened(t *testing.T) {
	t.Parallel()
	ring := newRing(t, "k1", map[string][]byte{"k1": key(1)})
	for name, plaintext := range map[string]string{
		"nothing":      "",
		"text":         `{"given_name":"Helvetia"}`,
		"binary":       "\x00\xff\x01",
		"a megabyte":   strings.Repeat("x", 1<<20),
		"another seal": string(mustSeal(t, ring, "claims", "row", "x")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sealed := mustSeal(t, ring, "claims", "row 1", plaintext)
			if len(plaintext) > 3 && bytes.Contains(sealed, []byte(plaintext)) {
				t.Error("the sealed text shows the plaintext")
			}
			got, err := ring.Open("claims", []byte("row 1"), sealed)
			if err != nil || string(got) != plaintext {
				t.Errorf("opened %d bytes, %v, want %d", len(got), err, len(plaintext))
			}
		})
	}
}

func TestSealingTwiceGivesDifferentTexts(t *testing.T) {
	t.Parallel()
	ring := newRing(t, "k1", map[string][]byte{"k1": key(1)})
	if bytes.Equal(mustSeal(t, ring, "claims", "row", "same"), mustSeal(t, ring, "claims", "row", "same")) {
		t.Error("equal plaintexts can be told from their sealed texts")
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	ring := newRing(t, "k1", map[string][]byte{"k1": key(1), "k2": key(2)})
	sealed := mustSeal(t, ring, "claims", "row 1", "Helvetia")
	change := func(at int, to byte) []byte {
		c := bytes.Clone(sealed)
		c[at] = to
		return c
	}
	for name, row := range map[string]struct {
		ring         *seal.Ring
		purpose, aad string
		sealed       []byte
	}{
		"the text of another row":                  {ring, "claims", "row 2", sealed},
		"no row":                                   {ring, "claims", "", sealed},
		"another purpose":                          {ring, "webhooks", "row 1", sealed},
		"a ring without the key":                   {newRing(t, "k2", map[string][]byte{"k2": key(2)}), "claims", "row 1", sealed},
		"a ring with another key of the same name": {newRing(t, "k1", map[string][]byte{"k1": key(9)}), "claims", "row 1", sealed},
		"the name of another key of the ring":      {ring, "claims", "row 1", change(3, '2')},
		"another version":                          {ring, "claims", "row 1", change(0, 2)},
		"another length of the key id":             {ring, "claims", "row 1", change(1, 3)},
		"a key id longer than the text":            {ring, "claims", "row 1", change(1, 255)},
		"a text that was cut":                      {ring, "claims", "row 1", sealed[:len(sealed)-1]},
		"a text that was cut to its header":        {ring, "claims", "row 1", sealed[:4]},
		"a text with a byte more":                  {ring, "claims", "row 1", append(bytes.Clone(sealed), 0)},
		"nothing":                                  {ring, "claims", "row 1", nil},
		"the plaintext":                            {ring, "claims", "row 1", []byte("Helvetia")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := row.ring.Open(row.purpose, []byte(row.aad), row.sealed)
			if !errors.Is(err, seal.ErrUnopenable) || got != nil {
				t.Errorf("got %q, %v, want ErrUnopenable", got, err)
			}
		})
	}
}

func TestOpenRefusesEveryFlippedBit(t *testing.T) {
	t.Parallel()
	ring := newRing(t, "k1", map[string][]byte{"k1": key(1)})
	sealed := mustSeal(t, ring, "claims", "row 1", "Helvetia")
	for i := range len(sealed) * 8 {
		sealed[i/8] ^= 1 << (i % 8)
		if _, err := ring.Open("claims", []byte("row 1"), sealed); !errors.Is(err, seal.ErrUnopenable) {
			t.Errorf("bit %d flipped: %v", i, err)
		}
		sealed[i/8] ^= 1 << (i % 8)
	}
}

func TestSealedTextsCannotBeSwappedBetweenRows(t *testing.T) {
	t.Parallel()
	ring := newRing(t, "k1", map[string][]byte{"k1": key(1)})
	rows := map[string][]byte{}
	for _, id := range []string{"a", "b"} {
		rows[id] = mustSeal(t, ring, "claims", id, "claims of "+id)
	}
	rows["a"], rows["b"] = rows["b"], rows["a"]
	for id, sealed := range rows {
		if _, err := ring.Open("claims", []byte(id), sealed); !errors.Is(err, seal.ErrUnopenable) {
			t.Errorf("row %s opens with the other's text: %v", id, err)
		}
	}
}

// The header and the additional data must not flow into one another.
func TestKeyIDAndAdditionalDataAreApart(t *testing.T) {
	t.Parallel()
	ring := newRing(t, "k", map[string][]byte{"k": key(1), "ka": key(1)})
	sealed := mustSeal(t, ring, "claims", "ab", "x")
	forged := append([]byte{sealed[0], 2, 'k', 'a'}, sealed[3:]...)
	if _, err := ring.Open("claims", []byte("b"), forged); !errors.Is(err, seal.ErrUnopenable) {
		t.Errorf("a byte of the additional data was moved into the key id: %v", err)
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	before := newRing(t, "k1", map[string][]byte{"k1": key(1)})
	after := newRing(t, "k2", map[string][]byte{"k1": key(1), "k2": key(2)})
	old, fresh := mustSeal(t, before, "claims", "row", "old"), mustSeal(t, after, "claims", "row", "new")
	if got, err := after.Open("claims", []byte("row"), old); err != nil || string(got) != "old" {
		t.Errorf("the old key does not open any more: %q, %v", got, err)
	}
	if _, err := before.Open("claims", []byte("row"), fresh); !errors.Is(err, seal.ErrUnopenable) {
		t.Errorf("the new text is not sealed with the new key: %v", err)
	}
	if bytes.Equal(before.MAC("codes", []byte("x")), after.MAC("codes", []byte("x"))) {
		t.Error("the MAC is not made with the current key")
	}
}

func TestSealReportsARandomSourceThatFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("no entropy")
	ring, err := seal.NewRing("k1", map[string][]byte{"k1": key(1)}, iotest.ErrReader(broken))
	if err != nil {
		t.Fatal(err)
	}
	if sealed, err := ring.Seal("claims", nil, []byte("x")); !errors.Is(err, broken) || sealed != nil {
		t.Errorf("got %d bytes, %v", len(sealed), err)
	}
}

func TestMAC(t *testing.T) {
	t.Parallel()
	ring := newRing(t, "k1", map[string][]byte{"k1": key(1)})
	mac := func(r *seal.Ring, purpose string, parts ...string) string {
		var b [][]byte
		for _, p := range parts {
			b = append(b, []byte(p))
		}
		return string(r.MAC(purpose, b...))
	}
	same := newRing(t, "k1", map[string][]byte{"k1": key(1), "k0": key(7)})
	if want := mac(ring, "codes", "ab", "c"); len(want) != 32 || mac(same, "codes", "ab", "c") != want {
		t.Errorf("the same parts have different MACs, or one of %d bytes", len(want))
	}
	seen := map[string]string{}
	for name, got := range map[string]string{
		"two parts":              mac(ring, "codes", "ab", "c"),
		"cut elsewhere":          mac(ring, "codes", "a", "bc"),
		"one part":               mac(ring, "codes", "abc"),
		"an empty part at first": mac(ring, "codes", "", "ab", "c"),
		"an empty part at last":  mac(ring, "codes", "ab", "c", ""),
		"no part":                mac(ring, "codes"),
		"an empty part":          mac(ring, "codes", ""),
		"another purpose":        mac(ring, "other", "ab", "c"),
		"another key":            mac(newRing(t, "k1", map[string][]byte{"k1": key(2)}), "codes", "ab", "c"),
	} {
		if other, clash := seen[got]; clash {
			t.Errorf("%s and %s have the same MAC", name, other)
		}
		seen[got] = name
	}
}

func TestRingPrintsNoKey(t *testing.T) {
	t.Parallel()
	ring := newRing(t, "k1", map[string][]byte{"k1": []byte("canary-canary-canary-canary-cana")})
	mustSeal(t, ring, "claims", "", "x")
	ring.MAC("codes")
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("keys", "ring", ring)
	printed := []string{log.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		printed = append(printed, fmt.Sprintf(verb, ring), fmt.Sprintf(verb, struct{ R *seal.Ring }{ring}))
	}
	//lint:ignore SA9005 the test shows that nothing is printed
	asJSON, err := json.Marshal(ring)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range append(printed, string(asJSON)) {
		for _, canary := range []string{"canary", "63616e617279", "99 97 110", "Y2FuYXJ5"} {
			if strings.Contains(text, canary) {
				t.Errorf("printed: %s", text)
			}
		}
	}
	if got := ring.String(); got != "seal.Ring(current k1, 1 keys)" {
		t.Errorf("String = %s", got)
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	ring := newRing(t, "k1", map[string][]byte{"k1": key(1)})
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			purpose := fmt.Sprint("purpose ", i%3)
			sealed, err := ring.Seal(purpose, nil, []byte(purpose))
			if err != nil {
				t.Error(err)
				return
			}
			if got, err := ring.Open(purpose, nil, sealed); err != nil || string(got) != purpose {
				t.Errorf("opened %q, %v", got, err)
			}
			ring.MAC(purpose, sealed)
		})
	}
	group.Wait()
}

// FuzzOpen: nothing but what Seal returned opens, and nothing crashes.
func FuzzOpen(f *testing.F) {
	ring := newRing(f, "k1", map[string][]byte{"k1": key(1)})
	f.Add([]byte{})
	f.Add([]byte{1, 2, 'k', '1'})
	f.Add([]byte{1, 255})
	f.Add(append([]byte{1, 2, 'k', '1'}, make([]byte, 28)...))
	f.Add(mustSeal(f, ring, "another purpose", "", "x"))
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if got, err := ring.Open("claims", nil, sealed); !errors.Is(err, seal.ErrUnopenable) || got != nil {
			t.Errorf("%x opens as %q, %v", sealed, got, err)
		}
		sent := mustSeal(t, ring, "claims", "row", string(sealed))
		if got, err := ring.Open("claims", []byte("row"), sent); err != nil || !bytes.Equal(got, sealed) {
			t.Errorf("%x came back as %x, %v", sealed, got, err)
		}
	})
}

func BenchmarkSealAndOpen(b *testing.B) {
	ring := newRing(b, "k1", map[string][]byte{"k1": key(1)})
	plaintext, row := bytes.Repeat([]byte("x"), 500), []byte("01960000-0000-7000-8000-000000000000")
	b.SetBytes(int64(len(plaintext)))
	b.ReportAllocs()
	for b.Loop() {
		sealed, err := ring.Seal("claims", row, plaintext)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := ring.Open("claims", row, sealed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMAC(b *testing.B) {
	ring := newRing(b, "k1", map[string][]byte{"k1": key(1)})
	row := []byte("01960000-0000-7000-8000-000000000000")
	b.ReportAllocs()
	for b.Loop() {
		ring.MAC("codes", row)
	}
}
