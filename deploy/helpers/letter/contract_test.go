package main

import (
	"strings"
	"testing"
)

func TestWhatIsNoMessage(t *testing.T) {
	t.Parallel()
	inputs := map[string]string{
		"nothing":                    "",
		"no JSON":                    "tan=40719358",
		"half an object":             `{"version":1,"tan":"40719358`,
		"a list":                     `[{"version":1}]`,
		"an object without members":  `{}`,
		"two objects":                example(t, nil) + example(t, nil),
		"members of the wrong types": `{"version":1,"tan":40719358}`,
		"too much":                   example(t, map[string]any{"text": strings.Repeat("x", maxInput)}),
	}
	for name, members := range map[string]map[string]any{
		"another version":              {"version": 2},
		"an SMS":                       {"method": "phone"},
		"no id":                        {"id": nil},
		"an id that is a path":         {"id": "../../etc/passwd"},
		"an id of two lines":           {"id": "a\n"},
		"no TAN":                       {"tan": nil},
		"a TAN of letters":             {"tan": "abcdefgh"},
		"no end":                       {"expires_at": nil},
		"an end that is no time":       {"expires_at": "40719358"},
		"no subject":                   {"subject": nil},
		"no text":                      {"text": ""},
		"no link":                      {"link": nil},
		"a link that is none":          {"link": "javascript:alert(1)"},
		"a link of two lines":          {"link": "https://gate.example/\n"},
		"no letter code":               {"letter_code": nil},
		"a letter code of other signs": {"letter_code": "$(id)"},
	} {
		inputs[name] = example(t, members)
	}
	for name, input := range inputs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := readMessage(strings.NewReader(input))
			if exitCode(err) != exitInput {
				t.Fatalf("exit code %d (%v), want %d", exitCode(err), err, exitInput)
			}
			if strings.Contains(err.Error(), "40719358") || strings.Contains(err.Error(), "passwd") {
				t.Errorf("the error tells what is in the message: %v", err)
			}
		})
	}
}

func TestUnknownMembersArePassedOver(t *testing.T) {
	t.Parallel()
	m := parse(t, example(t, map[string]any{"colour": "blue"}))
	if got, want := m.name(), "Example3-20261222T120000Z"; got != want {
		t.Errorf("name is %q, want %q", got, want)
	}
	if m.Address.Country != "CH" {
		t.Errorf("country is %q, want CH", m.Address.Country)
	}
}

// FuzzMessage looks for messages that end the program in other ways than the contract
// has, or that would be printed badly.
func FuzzMessage(f *testing.F) {
	f.Add("Žofie", "Weg 1\n8000 Ort", "CH", "Subject", "Text\n\n4071 9358\n\nEnd", "en")
	f.Add("\x00", "\r\n\n", "", "\n", "\u2028\u00a0", "fr")
	f.Add("-oQ", "$(id)\n`id`", "DE", "%s%n", "(\\)\x1b[2J", "xx")
	f.Fuzz(func(t *testing.T, name, lines, country, subject, text, lang string) {
		m := message{Version: 1, ID: "x", Method: "postal", Address: address{name, lines, country}, TAN: "40719358", Language: lang,
			ExpiresAt: today.AddDate(0, 0, 30), Subject: subject, Text: text, Link: "https://gate.example/letter/AB", LetterCode: "AB"}
		s, err := compose(m, plain("right"), today)
		if code := exitCode(err); code != exitSent && code != exitRefused && code != exitSettings {
			t.Fatalf("exit code %d: %v", code, err)
		}
		if err != nil {
			return
		}
		sound(t, s, "right")
		if _, err := draw(s, lang, today); err != nil {
			t.Errorf("drawing: %v", err)
		}
	})
}
