package kyc_test

import (
	"strings"
	"testing"

	"vouchgate/kyc"
)

func TestValidClientID(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"shop": true, "A-z_0": true, strings.Repeat("a", 64): true,
		"": false, strings.Repeat("a", 65): false, "a b": false, "a\x00b": false, "a/b": false, "ü": false, "\xff": false, "../x": false,
	} {
		if got := kyc.ValidClientID(id); got != want {
			t.Errorf("%q: %v", id, got)
		}
	}
}
