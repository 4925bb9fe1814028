package pages

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
)

func drawConsent(t testing.TB, c ConsentPage) string {
	t.Helper()
	page, err := newPages(t).Consent(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func TestConsentSaysWhoAsksForWhatAndHowLong(t *testing.T) {
	t.Parallel()
	text := words(t, drawConsent(t, sampleConsent(German)))
	for _, want := range []string{
		"Darf Example Bank Ihre Angaben lesen?", "Example Bank wird betrieben von Example Bank AG, Bern.",
		"Angemeldet als anna.muster", "Vorname Anna", "Nachname Muster", "Geburtsdatum 1. Februar 1990",
		"Ob Sie mindestens 18 Jahre alt sind Ja", "Ob Sie mindestens 65 Jahre alt sind Nein", "Gesichtsbild Foto",
		"Staatsangehörigkeit", "Keeping your customer file up to date", "Example Bank kann dies 30 Tage lang lesen.",
		"auch wenn Sie nicht anwesend sind", "Sie können dies jederzeit widerrufen auf Ihrer Seite",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("page does not say %q", want)
		}
	}
	if strings.Contains(text, "base64") || strings.Contains(text, "1990-02-01") {
		t.Error("page shows values as no person writes them")
	}
}

func TestConsentLeavesOutWhatItIsNotTold(t *testing.T) {
	t.Parallel()
	c := sampleConsent(English)
	c.Operator, c.Purpose, c.UserName, c.SwitchPath, c.MePath, c.Refresh, c.Retention = "", "", "", "", "", false, 0
	page := drawConsent(t, c)
	text := words(t, page)
	for _, not := range []string{"is run by", "What for", "Signed in", "For how long", "background", "your page"} {
		if strings.Contains(text, not) {
			t.Errorf("page says %q", not)
		}
	}
	if !strings.Contains(text, "You can withdraw this later on this same page, in this browser.") {
		t.Error("page does not say how to withdraw the proof of a wallet")
	}
	if diff := cmp.Diff([]string{"/session/01/consent"}, ways(t, page)); diff != "" {
		t.Errorf("ways out (-want +got):\n%s", diff)
	}
}

// boxes lists the boxes of a page: value and whether it is ticked.
func boxes(t testing.TB, page string) (out []string) {
	t.Helper()
	for _, e := range named(readPage(t, page), "input") {
		if e.attr["type"] == "checkbox" {
			out = append(out, e.attr["name"]+" "+e.attr["value"]+" "+e.attr["checked"])
		}
	}
	return out
}

func TestConsentLetsEachDetailBeUnticked(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		items []ConsentItem
		want  []string
	}{
		{"each detail has its box, ticked", []ConsentItem{{Scope: "sex", Claim: "sex"}, {Scope: "portrait", Claim: "portrait"}},
			[]string{"scope sex checked", "scope portrait checked"}},
		{"a fixed one has none", []ConsentItem{{Scope: "sex", Claim: "sex", Fixed: true}, {Scope: "portrait", Claim: "portrait"}},
			[]string{"scope portrait checked"}},
		{"nor has one without a scope", []ConsentItem{{Claim: "sex"}, {Claim: "portrait"}}, nil},
		{"details of one scope share a box", []ConsentItem{{Scope: "profile", Claim: "given_name"},
			{Scope: "profile", Claim: "family_name"}, {Scope: "sex", Claim: "sex"}},
			[]string{"scope profile checked", "scope sex checked"}},
		{"one fixed detail fixes its scope", []ConsentItem{{Scope: "profile", Claim: "given_name"},
			{Scope: "profile", Claim: "family_name", Fixed: true}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := sampleConsent(English)
			c.Items = tt.items
			page := drawConsent(t, c)
			checkStructure(t, English, page)
			if diff := cmp.Diff(tt.want, boxes(t, page)); diff != "" {
				t.Errorf("boxes (-want +got):\n%s", diff)
			}
			if got := strings.Contains(words(t, page), "Untick"); got != (tt.want != nil) {
				t.Errorf("page speaks of unticking: %v", got)
			}
		})
	}
}

// TestConsentRefusesAsEasilyAsItAllows compares the two buttons. The one that
// denies comes first, because the return key presses the first.
func TestConsentRefusesAsEasilyAsItAllows(t *testing.T) {
	t.Parallel()
	all := readPage(t, drawConsent(t, sampleConsent(English)))
	var got []map[string]string
	var forms []*element
	for _, e := range named(all, "button") {
		if e.attr["name"] == "decision" {
			got, forms = append(got, e.attr), append(forms, e.parent.parent)
		}
	}
	want := []map[string]string{
		{"class": "button", "type": "submit", "name": "decision", "value": "deny"},
		{"class": "button", "type": "submit", "name": "decision", "value": "allow"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("buttons (-want +got):\n%s", diff)
	}
	if forms[0] != forms[1] || forms[0].attr["action"] != "/session/01/consent" {
		t.Error("the decision is not made in one form")
	}
}

func TestConsentWithoutDetailsSaysWhatIsConfirmed(t *testing.T) {
	t.Parallel()
	c := sampleConsent(English)
	c.Items = nil
	if text := words(t, drawConsent(t, c)); !strings.Contains(text, "learns only that you have signed in here") {
		t.Errorf("account: page says %q", text)
	}
	c.UserName = ""
	page := drawConsent(t, c)
	if text := words(t, page); !strings.Contains(text, "learns only that you hold a valid credential") {
		t.Errorf("wallet: page says %q", text)
	}
	c.Method = kyc.MethodPhone
	if text := words(t, drawConsent(t, c)); !strings.Contains(text, "learns only that a message has reached you") {
		t.Errorf("the proof of an address says %q", text)
	}
	if len(named(readPage(t, page), "fieldset")) > 0 {
		t.Error("page has a group of nothing")
	}
}

func TestConsentSwitchesAccountWithoutDeciding(t *testing.T) {
	t.Parallel()
	page := drawConsent(t, sampleConsent(English))
	want := []string{"/session/01/switch", "/session/01/consent", "/me"}
	if diff := cmp.Diff(want, ways(t, page)); diff != "" {
		t.Errorf("ways out (-want +got):\n%s", diff)
	}
	if names := entries(t, page, "/session/01/switch"); len(names) != 1 || names["csrf"] == nil {
		t.Errorf("switching sends %v", names)
	}
}

// TestNamesAreNotSearchedForPlaceholders keeps one name from standing in for
// another.
func TestNamesAreNotSearchedForPlaceholders(t *testing.T) {
	t.Parallel()
	c := sampleConsent(English)
	c.ClientName, c.Operator = "{operator}", "{client}{user}"
	if text := words(t, drawConsent(t, c)); !strings.Contains(text, "{operator} is run by {client}{user}.") {
		t.Errorf("page says %q", text)
	}
}

func TestRetentionInWords(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	for r, want := range map[Retention]string{
		0:                              "",
		ReadOnce:                       "{client} can read this once.",
		ReadUntilWithdrawn:             "{client} can read this until you withdraw it.",
		Retention(time.Hour):           "{client} can read this for 1 hour.",
		Retention(90 * 24 * time.Hour): "{client} can read this for 90 days.",
	} {
		if got := p.catalogue[English].retention(r); got != want {
			t.Errorf("%d: %q, want %q", r, got, want)
		}
	}
}

func TestValuesInWords(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, claim, value string
		want               []string // in the order of Languages
	}{
		{"a flag", "age_over_18", "true", []string{"Yes", "Ja", "Oui", "Sì"}},
		{"the other flag", "age_over_65", "false", []string{"No", "Nein", "Non", "No"}},
		{"a flag that is none", "age_over_18", "perhaps", []string{"perhaps", "perhaps", "perhaps", "perhaps"}},
		{"a name that is no flag", "family_name", "true", []string{"true", "true", "true", "true"}},
		{"a date", "birth_date", "1990-12-24",
			[]string{"24 December 1990", "24. Dezember 1990", "24 décembre 1990", "24 dicembre 1990"}},
		{"the first of a month", "birth_date", "1990-08-01",
			[]string{"1 August 1990", "1. August 1990", "1er août 1990", "1° agosto 1990"}},
		{"a year", "age_birth_year", "1990", []string{"1990", "1990", "1990", "1990"}},
		{"no date", "birth_date", "1990-02-30", []string{"1990-02-30", "1990-02-30", "1990-02-30", "1990-02-30"}},
		{"an image", "portrait", "iVBORw0KGgo", []string{"Photo", "Foto", "Photo", "Foto"}},
		{"nothing", "portrait", "", []string{"", "", "", ""}},
	}
	p := newPages(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, lang := range Languages {
				got = append(got, strings.ReplaceAll(p.catalogue[lang].value(tt.claim, tt.value), "\u00a0", " "))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
