package pages

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func drawMe(t testing.TB, m MePage) string {
	t.Helper()
	page, err := newPages(t).Me(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func TestMeListsWhoMayReadWhat(t *testing.T) {
	t.Parallel()
	page := drawMe(t, sampleMe(English))
	var grants []string
	for _, e := range named(readPage(t, page), "section") {
		grants = append(grants, strings.Join(strings.Fields(e.text), " "))
	}
	want := []string{
		"Example Bank Example Bank is run by Example Bank AG, Bern. First name Last name Date of birth Whether you are at least 18 " +
			"Since 1 March 2026 Until 30 May 2026, 14:05 UTC This includes reading in the background, while you are away. " +
			"Last read 2 March 2026, 16:05 UTC Withdraw",
		"Example Shop No details, only that you have signed in Since 1 March 2026 Until You withdraw it Last read Never Withdraw",
	}
	if diff := cmp.Diff(want, grants); diff != "" {
		t.Errorf("grants (-want +got):\n%s", diff)
	}
}

func TestMeWithdrawsOneGrantAtATime(t *testing.T) {
	t.Parallel()
	m := sampleMe(English)
	all := readPage(t, drawMe(t, m))
	var ids, labels []string
	for _, form := range named(all, "form") {
		if form.attr["action"] != m.WithdrawPath {
			continue
		}
		for _, e := range named(all, "input", "button") {
			if e.inside(form) && e.attr["name"] == "grant" {
				ids = append(ids, e.attr["value"])
			}
			if e.inside(form) && e.name == "button" {
				labels = append(labels, e.attr["aria-labelledby"])
			}
		}
	}
	if diff := cmp.Diff([]string{m.Grants[0].ID, m.Grants[1].ID}, ids); diff != "" {
		t.Errorf("grants (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"withdraw-1 grant-1", "withdraw-2 grant-2"}, labels); diff != "" {
		t.Errorf("buttons that sound the same (-want +got):\n%s", diff)
	}
}

func TestMeErasesOnlyAfterASecondLook(t *testing.T) {
	t.Parallel()
	m := sampleMe(English)
	all := readPage(t, drawMe(t, m))
	details := named(all, "details")
	if len(details) != 1 || details[0].attr["open"] != "" {
		t.Fatalf("%d explanations, want one that is closed", len(details))
	}
	for _, e := range named(all, "form") {
		if (e.attr["action"] == m.ErasePath) != e.inside(details[0]) {
			t.Errorf("form to %s is inside the explanation: %v", e.attr["action"], e.inside(details[0]))
		}
	}
	if !strings.Contains(details[0].text, "This cannot be undone.") {
		t.Errorf("explanation is %q", details[0].text)
	}
	m.ErasePath = ""
	if got := named(readPage(t, drawMe(t, m)), "details"); len(got) > 0 {
		t.Error("page offers to erase where it cannot")
	}
}

func TestMeTellsWhatWasDone(t *testing.T) {
	t.Parallel()
	for notice, want := range map[MeNotice]string{
		"": "", "new": "", MeWithdrawn: "Widerrufen. Der Dienst kann Ihre Angaben hier nicht mehr lesen.",
		MeErased: "Gelöscht. Kein Dienst kann hier noch Angaben über Sie lesen.",
	} {
		m := sampleMe(German)
		m.Notice = notice
		got := ""
		for _, e := range readPage(t, drawMe(t, m)) {
			if e.attr["role"] == "status" {
				got = e.text
			}
		}
		if got != want {
			t.Errorf("%q: page tells %q, want %q", notice, got, want)
		}
	}
}

func TestMeWithoutGrantsSaysSo(t *testing.T) {
	t.Parallel()
	m := sampleMe(English)
	m.Grants = nil
	page := drawMe(t, m)
	if !strings.Contains(words(t, page), "No service may read details about you at present.") {
		t.Error("page says nothing")
	}
	if diff := cmp.Diff([]string{"/logout", "/me/erase"}, ways(t, page)); diff != "" {
		t.Errorf("ways out (-want +got):\n%s", diff)
	}
}

func TestMeWritesTimesInUTC(t *testing.T) {
	t.Parallel()
	m := sampleMe(English)
	zone := time.FixedZone("somewhere", -14*3600)
	until := sampleTime.In(zone)
	m.Grants = []MeGrant{{ClientName: "Example Bank", Since: until, Until: &until}, {ClientName: "Example Shop"}}
	text := words(t, drawMe(t, m))
	if !strings.Contains(text, "Since 1 March 2026 Until 1 March 2026, 14:05 UTC") {
		t.Errorf("page says %q", text)
	}
	if strings.Count(text, "Since") != 1 {
		t.Error("page shows a beginning that nobody knows")
	}
}

func TestFarewellsLeadToSignIn(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	for name, draw := range map[string]func(FarewellPage) ([]byte, error){"signed out": p.SignedOut, "erased": p.Erased} {
		for path, want := range map[string][]string{"/login": {"/login"}, "": nil, "javascript:alert(1)": nil} {
			page, err := draw(FarewellPage{Lang: English, LoginPath: path})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, ways(t, string(page))); diff != "" {
				t.Errorf("%s, ways out (-want +got):\n%s", name, diff)
			}
		}
	}
}
