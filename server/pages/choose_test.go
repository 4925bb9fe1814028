package pages

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
)

func drawChoose(t testing.TB, c ChoosePage) string {
	t.Helper()
	page, err := newPages(t).Choose(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func TestChooseHasAButtonForEachMethod(t *testing.T) {
	t.Parallel()
	c := sampleChoose(English)
	c.Methods = []kyc.Method{kyc.MethodPostalCH, kyc.MethodSwiyu, kyc.MethodEmail}
	var got []string
	all := readPage(t, drawChoose(t, c))
	for _, form := range named(all, "form") {
		for _, e := range named(all, "button") {
			if e.inside(form) && e.attr["name"] != "" {
				got = append(got, form.attr["action"]+" "+e.attr["name"]+"="+e.attr["value"]+": "+strings.Join(strings.Fields(e.text), " "))
			}
		}
	}
	want := []string{
		"/session/01/choose method=postal-ch: By letter within Switzerland " +
			"We send a letter with a code to an address in Switzerland. It takes a few days.",
		"/session/01/choose method=swiyu: With the swiyu app You show your e-ID with the swiyu app on your phone.",
		"/session/01/choose method=email: By e-mail We send a code to your e-mail address. You enter it here.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("buttons (-want +got):\n%s", diff)
	}
}

func TestChooseSaysWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	nothing := sampleChoose(German)
	nothing.Claims = nil
	once := sampleChoose(German)
	once.ReadFor = ReadOnce
	tests := []struct {
		name      string
		page      ChoosePage
		want, not string
	}{
		{"details", sampleChoose(German), "Example Bank bittet um: E-Mail-Adresse Telefonnummer Postadresse", "lesen."},
		{"details that can be read once", once, "Example Bank kann dies einmal lesen. Sonst wird nichts weitergegeben.", "keine Angaben"},
		{"nothing", nothing, "bittet nur um eine Bestätigung und erhält keine Angaben über Sie.", "bittet um:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := words(t, drawChoose(t, tt.page))
			if !strings.Contains(text, tt.want) || strings.Contains(text, tt.not) {
				t.Errorf("page says %q, want %q and not %q", text, tt.want, tt.not)
			}
		})
	}
}

func TestChooseCancelsOnlyWhereItCan(t *testing.T) {
	t.Parallel()
	c := sampleChoose(French)
	if diff := cmp.Diff([]string{"/session/01/choose", "/session/01/cancel"}, ways(t, drawChoose(t, c))); diff != "" {
		t.Errorf("ways out (-want +got):\n%s", diff)
	}
	c.CancelPath = ""
	if diff := cmp.Diff([]string{"/session/01/choose"}, ways(t, drawChoose(t, c))); diff != "" {
		t.Errorf("ways out without cancelling (-want +got):\n%s", diff)
	}
}

func TestChooseRefusesWhatItCannotOffer(t *testing.T) {
	t.Parallel()
	for name, methods := range map[string][]kyc.Method{
		"nothing": nil, "a method without words": {kyc.MethodEmail, "telepathy"}, "no method yet": {kyc.MethodOpen},
	} {
		c := sampleChoose(English)
		c.Methods = methods
		if _, err := newPages(t).Choose(c); err == nil {
			t.Errorf("%s was offered", name)
		}
	}
}
