package seal_test

import (
	"bytes"
	"crypto/rand"
	"testing"

	"vouchgate/seal"
)

func TestCurrentTellsWhatStaysReadable(t *testing.T) {
	t.Parallel()
	old, fresh := bytes.Repeat([]byte{1}, seal.KeySize), bytes.Repeat([]byte{2}, seal.KeySize)
	before, err := seal.NewRing("k1", map[string][]byte{"k1": old}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	after, err := seal.NewRing("k2", map[string][]byte{"k1": old, "k2": fresh}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := before.Seal("p", nil, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if !before.Current(sealed) || after.Current(sealed) {
		t.Error("what was sealed with the old key counts as current")
	}
	again, err := after.Seal("p", nil, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if !after.Current(again) || after.Current(nil) || after.Current([]byte("junk")) {
		t.Error("the current key is not told from others")
	}
}
