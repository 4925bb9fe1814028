package pages

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
)

func TestLetterLeadsToTheClient(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	tests := []struct {
		name, start string
		want        []string
	}{
		{"the client has a page to start at", "https://bank.example/start?iss=x", []string{"https://bank.example/start?iss=x"}},
		{"an app of the client", "com.example.app:/start", []string{"com.example.app:/start"}},
		{"nowhere to lead to", "", nil},
		{"a script is no page", "javascript:alert(1)", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			page, err := p.Letter(LetterPage{Lang: English, ClientName: "Example Bank", StartURL: tt.start})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, ways(t, string(page))); diff != "" {
				t.Errorf("ways out (-want +got):\n%s", diff)
			}
			text := words(t, string(page))
			for _, want := range []string{
				"Open Example Bank again here.", "You are then asked for the code of the letter at once.",
				"If you did not ask for this letter, throw it away.",
			} {
				if !strings.Contains(text, want) {
					t.Errorf("page does not say %q: %q", want, text)
				}
			}
		})
	}
}

func TestSessionSaysThatEverythingWasTried(t *testing.T) {
	t.Parallel()
	s := sampleSession(English, kyc.StatusFailed)
	s.Failure, s.AttemptsLeft, s.CanRetry = kyc.FailureUsedUp, 0, false
	page, err := newPages(t).Session(s)
	if err != nil {
		t.Fatal(err)
	}
	if text := words(t, string(page)); !strings.Contains(text, "Too many codes, messages or addresses have been tried.") {
		t.Errorf("page says %q", text)
	}
}
