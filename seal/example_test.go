package seal_test

import (
	"bytes"
	"crypto/rand"
	"fmt"

	"vouchgate/seal"
)

// Sealed claims open in the row they were sealed for and nowhere else.
func ExampleRing_Open() {
	keys := map[string][]byte{"k1": bytes.Repeat([]byte{7}, seal.KeySize)}
	ring, err := seal.NewRing("k1", keys, rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	sealed, err := ring.Seal("claims", []byte("row 1"), []byte("Helvetia"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range []string{"row 1", "row 2"} {
		claims, err := ring.Open("claims", []byte(row), sealed)
		fmt.Printf("%s: %q %v\n", row, claims, err)
	}
	// Output:
	// row 1: "Helvetia" <nil>
	// row 2: "" sealed data cannot be opened: it was changed, or sealed for another purpose or place
}
