package address

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vouchgate/kyc"
)

func builtIn(t *testing.T) texts {
	t.Helper()
	made, err := loadTexts("")
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// What a text says in each language to people who did not ask for it.
var warnings = map[string][]string{
	"en": {"id not ask for", "gnore", "tell nobody the code"},
	"de": {"icht angefordert", "ignorieren", "niemandem"},
	"fr": {"demandé", "gnorez", "personne"},
	"it": {"richiesto", "ignori", "nessuno"},
}

func TestTextsSayWhatTheyMust(t *testing.T) {
	t.Parallel()
	made := builtIn(t)
	for _, method := range kyc.AddressMethods {
		for _, language := range allTexts {
			t.Run(string(method)+" in "+language, func(t *testing.T) {
				t.Parallel()
				m := messageTo(method)
				m.Language = language
				got, err := made.of(m, origin{host: "id.muster.example"}, testNow)
				if err != nil {
					t.Fatal(err)
				}
				want := append([]string{m.ClientName}, warnings[language]...)
				switch method {
				case kyc.MethodPhone:
					want = append(want, testTAN, "15 min", "\n\n@id.muster.example #"+testTAN)
				case kyc.MethodEmail:
					want = append(want, testTAN, "15 min", "id.muster.example")
				default:
					want = append(want, kyc.SpacedTAN(testTAN), m.Link, "2026")
				}
				for _, w := range want {
					if !strings.Contains(strings.ToLower(got.body), strings.ToLower(w)) {
						t.Errorf("%q is not in:\n%s", w, got.body)
					}
				}
				if strings.Contains(got.body+got.subject, "<no value>") || strings.Contains(got.subject, testTAN) {
					t.Errorf("subject %q, text:\n%s", got.subject, got.body)
				}
				if hasSubject := strings.Contains(got.subject, m.ClientName); hasSubject != (method != kyc.MethodPhone) {
					t.Errorf("the subject is %q", got.subject)
				}
			})
		}
	}
}

func TestShortMessagesAreShort(t *testing.T) {
	t.Parallel()
	made := builtIn(t)
	for _, language := range allTexts {
		for _, client := range []string{"Muster Bank AG", "Crédit Général Français", "Łódź Česká Bank", strings.Repeat("Bank!", 6)} {
			m := messageTo(kyc.MethodPhone)
			m.Language, m.ClientName = language, client
			got, err := made.of(m, origin{host: "id.example.org"}, testNow)
			if err != nil {
				t.Fatal(err)
			}
			n, ok := septets(got.body)
			if !ok || n > 160 {
				t.Errorf("%s: %d characters, in the alphabet: %t:\n%s", language, n, ok, got.body)
			}
			if !strings.Contains(got.body, warnings[language][0]) {
				t.Errorf("%s: no advice in %d characters:\n%s", language, n, got.body)
			}
		}
	}
	if n := len([]rune(gsmBasic)); n != 127 { // the 128th leads to the extension
		t.Errorf("the alphabet has %d characters, want 127", n)
	}
}

// What does not fit is left out from the end of what matters: the advice first, and
// never the TAN or the line that phones look for.
func TestLongShortMessagesHaveNoAdvice(t *testing.T) {
	t.Parallel()
	made := builtIn(t)
	for _, language := range allTexts {
		for name, message := range map[string][2]string{
			"a long host":               {strings.Repeat("Bank!", 6), "identity.very-long-name.muster.example"},
			"a name that counts twice":  {strings.Repeat("{}", 15), "id.example.org"},
			"a name in another script":  {"東京銀行", "id.example.org"},
			"a name of two UTF-16 each": {strings.Repeat("😀", 30), "id.example.org"},
		} {
			m := messageTo(kyc.MethodPhone)
			m.Language, m.ClientName = language, message[0]
			got, err := made.of(m, origin{host: message[1]}, testNow)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(got.body, warnings[language][0]) || !strings.HasSuffix(got.body, ".\n\n@"+message[1]+" #"+testTAN) {
				t.Errorf("%s in %s:\n%s", name, language, got.body)
			}
		}
	}
}

func TestRoomOfOneShortMessage(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, text string
		want       bool
	}{
		{"160 of the alphabet", strings.Repeat("a", 160), true},
		{"161 of the alphabet", strings.Repeat("a", 161), false},
		{"80 that count twice", strings.Repeat("€", 80), true},
		{"81 that count twice", strings.Repeat("€", 81), false},
		{"70 of another script", strings.Repeat("東", 70), true},
		{"71 of another script", strings.Repeat("東", 71), false},
		{"36 beyond 16 bits", strings.Repeat("😀", 36), false},
	}
	for _, r := range rows {
		if got := oneSMS(r.text); got != r.want {
			t.Errorf("%s: %t", r.name, got)
		}
	}
}

func TestMailsSayWhoReadsAnswers(t *testing.T) {
	t.Parallel()
	made := builtIn(t)
	nobody := map[string]string{"en": "Nobody reads", "de": "liest niemand", "fr": "Personne ne lit", "it": "non vengono lette"}
	for _, language := range allTexts {
		m := messageTo(kyc.MethodEmail)
		m.Language = language
		for _, replyTo := range []string{"", "help@example.org"} {
			got, err := made.of(m, origin{host: "id.example.org", replyTo: replyTo}, testNow)
			if err != nil || strings.Contains(got.body, nobody[language]) != (replyTo == "") || strings.HasSuffix(got.body, " ") {
				t.Errorf("%s, answers to %q: %v:\n%s", language, replyTo, err, got.body)
			}
		}
	}
}

func TestNamesForShortMessages(t *testing.T) {
	t.Parallel()
	rows := []struct{ name, in, want string }{
		{"letters of the alphabet stay", "Zürich Café à la Ñ", "Zürich Café à la Ñ"},
		{"other accents go", "Crêpe Société Çédille čaj", "Crepe Société Çédille caj"},
		{"typographic marks become plain", "L’Âme – “x”", `L'Ame - "x"`},
		{"joined letters come apart", "Œuvre cœur", "OEuvre coeur"},
		{"letters with a stroke lose it", "Łódź Đakovo łd đı", "Lodz Dakovo ld di"},
		{"all quotation marks are plain", "«a» „b“ ‘c’", "\"a\" \"b\" 'c'"},
		{"dashes, dots and spaces are plain", "a\u00a0–\u202fb — c…", "a - b - c..."},
		{"what has no plain form stays", "東京", "東京"},
		{"long names are cut", "Schweizerische Mustergesellschaft AG", "Schweizerische Mustergesells.."},
	}
	for _, r := range rows {
		if got := gsmName(r.in, maxSMSName); got != r.want {
			t.Errorf("%s: %q, want %q", r.name, got, r.want)
		}
	}
}

func TestClientNamesCannotForgeLines(t *testing.T) {
	t.Parallel()
	made := builtIn(t)
	for _, method := range kyc.AddressMethods {
		m := messageTo(method)
		m.ClientName = "Evil\r\nBcc: z@example.org\n\n@evil.example #00000000\u2028x\u202e\x1b[2J {{.TAN}}" + strings.Repeat("y", 500)
		got, err := made.of(m, origin{host: "id.muster.example"}, testNow)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(got.subject + "\n" + got.body) {
			if strings.HasPrefix(line, "Bcc") || strings.HasPrefix(line, "@evil") || strings.ContainsAny(line, "\r\x1b\u202e\u2028") {
				t.Errorf("%s: a line is %q", method, line)
			}
		}
		if strings.ContainsAny(got.subject, "\r\n") || strings.Count(got.body, "y") > 100 {
			t.Errorf("%s: subject %q, text:\n%s", method, got.subject, got.body)
		}
	}
}

func TestTextsFollowTheMessage(t *testing.T) {
	t.Parallel()
	made := builtIn(t)
	text := func(change func(*kyc.Message), method kyc.Method, now time.Time) string {
		m := messageTo(method)
		change(&m)
		got, err := made.of(m, origin{host: "id.muster.example"}, now)
		if err != nil {
			t.Fatal(err)
		}
		return got.body
	}
	rows := []struct{ name, got, want string }{
		{"a language without texts is English", text(func(m *kyc.Message) { m.Language = "rm" }, kyc.MethodEmail, testNow), "would like to know"},
		{"a client without a name is the gateway", text(func(m *kyc.Message) { m.ClientName = "\n" }, kyc.MethodPhone, testNow), "for id.muster.example,"},
		{"minutes are those that are left", text(func(*kyc.Message) {}, kyc.MethodEmail, testNow.Add(5*time.Minute)), "10 minutes."},
		{"some seconds in a queue do not count", text(func(*kyc.Message) {}, kyc.MethodEmail, testNow.Add(20*time.Second)), "15 minutes."},
		{"the last minute is one", text(func(*kyc.Message) {}, kyc.MethodEmail, testNow.Add(time.Hour)), "1 minute."},
		{"a letter names the last whole day", text(func(*kyc.Message) {}, kyc.MethodPostal, testNow), "until 21 December 2026."},
		{"in words of the language", text(func(m *kyc.Message) { m.Language, m.ExpiresAt = "fr", time.Date(2027, 8, 2, 1, 0, 0, 0, time.UTC) }, kyc.MethodPostal, testNow), "1er août 2027."},
	}
	for _, r := range rows {
		if !strings.Contains(r.got, r.want) {
			t.Errorf("%s: %q is not in:\n%s", r.name, r.want, r.got)
		}
	}
}

func TestFolderReplacesTexts(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("email.de.txt", "Subject: Hallo {{.Client}}\r\n\r\nCode {{.TAN}}\r\n")
	write("README", "not a template")
	made, err := loadTexts(folder)
	if err != nil {
		t.Fatal(err)
	}
	m := messageTo(kyc.MethodEmail)
	m.Language = "de"
	if got, err := made.of(m, origin{host: "h"}, testNow); err != nil || got.subject != "Hallo Muster Bank AG" || got.body != "Code "+testTAN {
		t.Errorf("text is %+v, %v", got, err)
	}
	m.Language = "en"
	if got, _ := made.of(m, origin{host: "h"}, testNow); !strings.Contains(got.body, "would like to know") {
		t.Errorf("the English text is %q", got.body)
	}

	write("email.en.txt", "Your code {{.TAN}}")
	write("email.fr.txt", "Subject: x\n\nno code here")
	write("letter.it.txt", "Subject: x\n\n{{.TAN}} without a way on")
	write("sms.it.txt", "{{.Tan}}")
	write("sms.fr.txt", "{{.TAN")
	write("sms.rm.txt", "{{.TAN}}")
	_, err = loadTexts(folder)
	if err == nil {
		t.Fatal("faulty templates were taken")
	}
	for _, want := range []string{"email.en.txt: it must begin", "email.fr.txt: it does not name the TAN",
		"letter.it.txt: it does not name the link", "sms.it.txt", "sms.fr.txt", "sms.rm.txt: there is none"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%v", want, err)
		}
	}
	if _, err := loadTexts(filepath.Join(folder, "missing")); err == nil {
		t.Error("a folder that is not there was taken")
	}
}
