package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func (b box) inside(o box) bool {
	const slack = 1e-6
	return b.x >= o.x-slack && b.y >= o.y-slack && b.x+b.w <= o.x+o.w+slack && b.y+b.h <= o.y+o.h+slack
}

// touches says whether two boxes overlap by more than the air within a line.
func (b box) touches(o box) bool {
	const air = 0.4
	return b.x+b.w > o.x+air && o.x+o.w > b.x+air && b.y+b.h > o.y+air && o.y+o.h > b.y+air
}

// sound fails the test if a letter could not be printed as it was composed.
func sound(t *testing.T, s sheet, side string) {
	t.Helper()
	printable := box{5, 5, pageWidth - 10, pageHeight - 10} // what office printers reach
	boxes := map[string]box{"QR code": s.qr}
	for i, l := range s.labels {
		boxes[fmt.Sprintf("line %d %q", i, l.text)] = l.box
		if !l.face.has(l.text) {
			t.Errorf("%q has characters that the font lacks", l.text)
		}
		// Nothing but sender and address shows through the window.
		if safe := windows[side].safe; l.touches(safe) && !l.inside(safe) {
			t.Errorf("%q stands half in the window: %+v", l.text, l.box)
		}
	}
	for name, b := range boxes {
		if !b.inside(printable) || b.y+b.h > textEnd {
			t.Errorf("%s leaves the page: %+v", name, b)
		}
		for other, o := range boxes {
			if name < other && b.touches(o) {
				t.Errorf("%s and %s overlap: %+v, %+v", name, other, b, o)
			}
		}
		for _, panel := range s.panels {
			if b.touches(panel) && !b.inside(panel) {
				t.Errorf("%s stands half in a panel: %+v, %+v", name, b, panel)
			}
		}
	}
	for i, panel := range s.panels[1:] {
		if panel.touches(s.panels[i]) {
			t.Errorf("panels overlap: %+v, %+v", panel, s.panels[i])
		}
	}
}

// long60 is a line of the most characters that the gateway takes.
const long60 = "Donaudampfschifffahrtsgesellschaftsstrasse am Alten Hafen 60"

func TestLettersAreSound(t *testing.T) {
	t.Parallel()
	many := strings.TrimSuffix(strings.Repeat("A sentence that is neither long nor short. ", 30), " ")
	rows := []struct {
		name    string
		members map[string]any
	}{
		{"the example", nil},
		{"the longest address", postal("DE", long60, long60, long60, long60, long60, long60)},
		{"an address of wide letters", postal("US", strings.Repeat("MW ", 14), strings.Repeat("MW", 20), "X", "Y", "Z")},
		{"a Greek address", postal("GR", "Δημήτρης Παπαδόπουλος", "Οδός Παραδείγματος 5", "105 57 Αθήνα")},
		{"a Cyrillic address", postal("BG", "Дмитрий Примеров", "ул. Примерна 1", "1000 София")},
		{"a long link", map[string]any{"link": "https://" + strings.Repeat("gate.", 20) + "example/letter/7K3F-9QWX-2MTD-8HJP"}},
		{"a long text", map[string]any{"text": many + "\n\n" + many}},
		{"a text without places for the panels", map[string]any{"text": "Good day\n\nYour letter.\n\nKind regards\nExample Gate"}},
		{"a long subject", map[string]any{"subject": "Your code for " + strings.Repeat("Genossenschaftliche Zentralbank ", 8)}},
		{"words without end", map[string]any{"text": strings.Repeat("x", 400), "subject": strings.Repeat("y", 150)}},
		{"French", map[string]any{"language": "fr"}},
		{"German", map[string]any{"language": "de"}},
		{"Italian", map[string]any{"language": "it"}},
	}
	for _, row := range rows {
		for side := range windows {
			t.Run(row.name+", window "+side, func(t *testing.T) {
				t.Parallel()
				s, err := compose(parse(t, example(t, row.members)), plain(side), today)
				if err != nil {
					t.Fatal(err)
				}
				sound(t, s, side)
			})
		}
	}
}

func TestAddressIsInTheWindow(t *testing.T) {
	t.Parallel()
	for side, win := range windows {
		s, err := compose(parse(t, example(t, postal("DE", "Žofie Łukasiewicz", "Beispielweg 7", "10115 Berlin"))), plain(side), today)
		if err != nil {
			t.Fatal(err)
		}
		var shown []string
		for _, l := range s.labels {
			if l.inside(win.safe) {
				shown = append(shown, l.text)
			}
		}
		want := []string{"Example Gate Ltd · Musterstrasse 1 · 8000 Zürich", "Žofie Łukasiewicz", "Beispielweg 7", "10115 Berlin", "GERMANY"}
		if diff := cmp.Diff(want, shown); diff != "" {
			t.Errorf("in the window on the %s (-want +got):\n%s", side, diff)
		}
	}
}

func TestCountryLine(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, from, lang string
		members          map[string]any
		want             string // last line of the address
	}{
		{"at home there is none", "CH", "en", postal("CH", "A", "Weg 1", "8000 Zürich"), "8000 Zürich"},
		{"the Swiss method names no country", "CH", "en", nil, "8000 Zürich"},
		{"from abroad Switzerland is named", "AT", "de", nil, "SWITZERLAND"},
		{"to abroad", "CH", "de", postal("AT", "A", "Weg 1", "1010 Wien"), "AUSTRIA"},
		{"in French", "CH", "fr", postal("AT", "A", "Weg 1", "1010 Wien"), "AUTRICHE"},
		{"to the neighbour", "CH", "de", postal("LI", "A", "Weg 1", "9490 Vaduz"), "LIECHTENSTEIN"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			m := parse(t, example(t, row.members))
			m.Language = row.lang
			set := plain("right")
			_, set.country, _ = countryName(row.from, "en")
			lines, err := addressLines(m, set)
			if err != nil || lines[len(lines)-1] != row.want {
				t.Errorf("lines are %q (%v), the last should be %q", lines, err, row.want)
			}
		})
	}
}

func TestPanelsStandWhereTheTextHasTheirContents(t *testing.T) {
	t.Parallel()
	m := message{TAN: "12345678", Link: "https://gate.example/letter/AB", LetterCode: "AB"}
	says := func(text string) part { return part{text: text} }
	for _, row := range []struct {
		name, text string
		want       []part
	}{
		{"both", "One:\n\n1234 5678\n\nTwo:\n\nhttps://gate.example/letter/AB\n\nEnd\n",
			[]part{says("One:"), {kind: tanPanel, text: "1234 5678"}, says("Two:"), {kind: linkPanel, text: m.Link}, says("End")}},
		{"neither", "One\n\n\n\nTwo\nThree", []part{says("One"), says("Two\nThree"), {kind: tanPanel, caption: true}, {kind: linkPanel, caption: true}}},
		{"twice", "12345678\n\n1234 5678\n\nAB", []part{{kind: tanPanel, text: "12345678"}, {kind: linkPanel, caption: true}}},
		{"within a sentence", "It is 12345678.", []part{says("It is 12345678."), {kind: tanPanel, caption: true}, {kind: linkPanel, caption: true}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := partText(row.text, m)
			if !slices.Equal(got, row.want) {
				t.Errorf("got %+v, want %+v", got, row.want)
			}
		})
	}
}

func TestLetterSaysAllThatIsNeeded(t *testing.T) {
	t.Parallel()
	s, err := compose(parse(t, example(t, nil)), plain("right"), today)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Zürich, 22 November 2026", "Your code for Example Bank", "4071", "9358",
		"Valid until 21 December 2026", "https://gate.example/letter/7K3F-9QWX-2MTD-8HJP", "Letter code", "7K3F-9QWX-2MTD-8HJP"} {
		if n := len(slices.DeleteFunc(s.texts(), func(text string) bool { return text != want })); n != 1 {
			t.Errorf("%q stands %d times in %q", want, n, s.texts())
		}
	}
	if s.link != "https://gate.example/letter/7K3F-9QWX-2MTD-8HJP" {
		t.Errorf("the QR code says %q", s.link)
	}
}

func TestWhatCannotBeSet(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		members map[string]any
		change  func(*settings)
		want    int
	}{
		{"a name in Han characters", postal("CN", "李小龙", "Street 1", "Town"), nil, exitRefused},
		{"a line in Arabic", postal("EG", "A", "شارع 1", "Cairo"), nil, exitRefused},
		{"a control character", postal("DE", "A\x1b[2J", "Weg 1", "Ort"), nil, exitRefused},
		{"a name alone", postal("DE", "A"), nil, exitRefused},
		{"no country", postal("", "A", "Weg 1", "Ort"), nil, exitRefused},
		{"a country that is none", postal("XY", "A", "Weg 1", "Ort"), nil, exitRefused},
		{"a continent", postal("150", "A", "Weg 1", "Ort"), nil, exitRefused},
		{"more lines than the window has", postal("DE", "A", slices.Repeat([]string{"Weg 1"}, 20)...), nil, exitRefused},
		{"a subject in Han characters", map[string]any{"subject": "東京銀行"}, nil, exitSettings},
		{"a text in Han characters", map[string]any{"text": "東京銀行"}, nil, exitSettings},
		{"a text of two pages", map[string]any{"text": strings.Repeat("Many words. ", 1200)}, nil, exitSettings},
		{"a sender in Han characters", nil, func(s *settings) { s.sender[1] = "東京銀行" }, exitSettings},
		{"a sender with a long line", nil, func(s *settings) { s.sender[1] = strings.Repeat("W", 60) }, exitSettings},
		{"a sender too long for the window", nil, func(s *settings) { s.sender = slices.Repeat([]string{strings.Repeat("x", 40)}, 6) }, exitSettings},
		{"a place too long for the date", nil, func(s *settings) { s.place = strings.Repeat("x", 60) }, exitSettings},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			set := plain("right")
			if row.change != nil {
				row.change(&set)
			}
			_, err := compose(parse(t, example(t, row.members)), set, today)
			if got := exitCode(err); got != row.want {
				t.Fatalf("exit code %d (%v), want %d", got, err, row.want)
			}
			for _, value := range []string{"李", "شارع", "東京", "Weg", "40719358"} {
				if strings.Contains(err.Error(), value) {
					t.Errorf("the error tells %q: %v", value, err)
				}
			}
		})
	}
}
