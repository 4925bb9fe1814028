package pages

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

var assetHash = regexp.MustCompile(`\.[0-9a-f]{12}\.`)

// golden compares with a file in testdata. The hashes of assets are left out, so
// that a new colour does not touch every file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	got = assetHash.ReplaceAllString(got, ".HASH.")
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s has changed; look at it, then run the test with -update (-want +got):\n%s", name, diff)
	}
}

func TestGoldenPages(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	for _, lang := range []Lang{German, English} {
		pages := samplePages(t, p, lang)
		for _, name := range []string{
			"pending", "authorized", "verified", "failed-refused_by_wallet", "failed-no-attempts",
			"expired", "completed", "completed-readable", "denied", "error-bad_redirect_uri", "error-take-over",
			"login", "login-wrong", "consent", "consent-wallet", "me", "signed-out", "formpost",
			"choose", "address-email", "address-phone-hinted", "address-postal-ch-ADDRESS_LINES-malformed", "address-email-none-left",
			"pin-email", "pin-email-wrong", "pin-email-spent", "pin-postal-ch", "letter",
		} {
			golden(t, string(lang)+"-"+name+".html", pages[name])
		}
	}
}
