package helpers

import (
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

const mailer = "vouchgate-sendmail"

// sendmail is a mail server's program that ends as it is told and keeps what it gets.
type sendmail struct{ program, args, message string }

func newSendmail(t *testing.T, exit int) sendmail {
	t.Helper()
	dir := t.TempDir()
	s := sendmail{args: filepath.Join(dir, "args"), message: filepath.Join(dir, "message")}
	s.program = fake(t, "sendmail", fmt.Sprintf(
		"tr '\\0' ' ' </proc/$PPID/cmdline >%[1]s\nprintf '[%%s]' \"$@\" >>%[1]s\ncat >%[2]s\necho noise\nexit %[3]d\n", s.args, s.message, exit))
	return s
}

func (s sendmail) settings(more ...string) []string {
	return append([]string{"VOUCHGATE_HELPER_SENDMAIL=" + s.program, "VOUCHGATE_HELPER_MAIL_FROM=codes@gate.example"}, more...)
}

// read returns the message that was handed over, and its text.
func (s sendmail) read(t *testing.T) (*mail.Message, string) {
	t.Helper()
	content, err := os.ReadFile(s.message)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(content), "\n") {
		if len(line) > 76+len("Subject: ") || strings.ContainsFunc(line, func(r rune) bool { return r >= utf8.RuneSelf || r == '\r' }) {
			t.Errorf("a line is long or not ASCII: %q", line)
		}
	}
	m, err := mail.ReadMessage(strings.NewReader(string(content)))
	if err != nil {
		t.Fatalf("not a message: %v\n%s", err, content)
	}
	text, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, m.Body))
	if err != nil {
		t.Fatalf("the text is not base64: %v", err)
	}
	return m, string(text)
}

func TestMailIsSent(t *testing.T) {
	t.Parallel()
	s := newSendmail(t, 0)
	subject := "Ihr Code für «Zürich & Söhne» – 日本語 – 😀😀😀😀😀😀😀😀😀😀😀😀 $(id) `id`"
	text := "Guten Tag\n\nIhr Code für \"O'Brien\" lautet:\n.\n12345678\n" + strings.Repeat("lang ", 200) + "\n"
	got := start(t, mailer, with(t, "email", map[string]any{"subject": subject, "text": text}),
		s.settings("VOUCHGATE_HELPER_MAIL_NAME=Büro, \"Gate\"")...)
	if got != (outcome{}) {
		t.Fatalf("got %+v", got)
	}
	m, body := s.read(t)
	if want := strings.ReplaceAll(text, "\n", "\r\n"); body != want {
		t.Errorf("text is %q, want %q", body, want)
	}
	if got, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil || got != subject {
		t.Errorf("subject is %q (%v), want %q", got, err, subject)
	}
	from, err := m.Header.AddressList("From")
	if err != nil || len(from) != 1 || *from[0] != (mail.Address{Name: `Büro, "Gate"`, Address: "codes@gate.example"}) {
		t.Errorf("From is %v (%v)", from, err)
	}
	to, err := m.Header.AddressList("To")
	if err != nil || len(to) != 1 || to[0].Address != "zoe@xn--msterli-n2a.example" {
		t.Errorf("To is %v (%v)", to, err)
	}
	if _, err := m.Header.Date(); err != nil {
		t.Errorf("Date is %q: %v", m.Header.Get("Date"), err)
	}
	for name, want := range map[string]string{"Content-Type": "text/plain; charset=utf-8", "Content-Transfer-Encoding": "base64",
		"Content-Language": "de", "Mime-Version": "1.0", "Auto-Submitted": "auto-generated"} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	args, err := os.ReadFile(s.args)
	if err != nil || !strings.HasSuffix(string(args), "[-t][-oi][-f][codes@gate.example]") {
		t.Errorf("arguments of sendmail and the script (%v): %s", err, args)
	}
	silent(t, string(args), "zoe", "sterli")
}

func TestMailExitCodes(t *testing.T) {
	t.Parallel()
	for _, exit := range []int{0, 64, 65, 67, 68, 69, 70, 71, 75, 77, 78, 139} {
		t.Run(fmt.Sprint(exit), func(t *testing.T) {
			t.Parallel()
			if got := start(t, mailer, with(t, "email", nil), newSendmail(t, exit).settings()...); got.exit != exit {
				t.Errorf("got %+v, want exit code %d", got, exit)
			}
		})
	}
}

func TestMailRefusesWhatIsNoAddress(t *testing.T) {
	t.Parallel()
	for name, to := range map[string]string{
		"nothing": "", "no domain": "zoe", "two addresses": "zoe@a.example,mallory@b.example", "a command": "$(id)@a.example",
		"another header": "zoe@a.example\nBcc: mallory@b.example", "a line break": "zoe@a.example\n", "a bracket": "zoe@a.example>",
		"a quoted part": `"zoe b"@a.example`, "a comment": "zoe(id)@a.example", "two at signs": "zoe@b.example@a.example",
		"not ASCII": "zoe@müsterli.example", "too long": strings.Repeat("z", 250) + "@a.example", "a space": "zoe @a.example",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSendmail(t, 0)
			got := start(t, mailer, with(t, "email", map[string]any{"to": to}), s.settings()...)
			if _, err := os.Stat(s.message); got.exit != 65 || err == nil {
				t.Errorf("got %+v, want exit code 65 and no message", got)
			}
			silent(t, got.stderr, "zoe", "mallory")
		})
	}
}

func TestMailTakesOddAddressesAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"-oQ/tmp@a.example", "`id`@a.example", "o'brien+x@a.example", "{a|b}@a.example"} {
		s := newSendmail(t, 0)
		if got := start(t, mailer, with(t, "email", map[string]any{"to": to}), s.settings()...); got != (outcome{}) {
			t.Fatalf("%s: got %+v", to, got)
		}
		if m, _ := s.read(t); m.Header.Get("To") != "<"+to+">" {
			t.Errorf("To is %q, want %q", m.Header.Get("To"), to)
		}
	}
}

func TestMailHeadersCannotBeAdded(t *testing.T) {
	t.Parallel()
	s := newSendmail(t, 0)
	input := with(t, "email", map[string]any{"subject": "Code\r\nBcc: mallory@b.example", "language": "de\nBcc: mallory@b.example"})
	if got := start(t, mailer, input, s.settings("VOUCHGATE_HELPER_MAIL_NAME=Gate\nBcc: mallory@b.example")...); got != (outcome{}) {
		t.Fatalf("got %+v", got)
	}
	m, _ := s.read(t)
	if bcc, ok := m.Header["Bcc"]; ok {
		t.Errorf("Bcc is %q", bcc)
	}
	if got, _ := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); got != "Code Bcc: mallory@b.example" {
		t.Errorf("subject is %q", got)
	}
}

func TestMailRefusesWhatIsNoMessage(t *testing.T) {
	t.Parallel()
	inputs := map[string]string{
		"another version": with(t, "email", map[string]any{"version": 2}),
		"an SMS":          with(t, "phone", nil),
		"no subject":      with(t, "email", map[string]any{"subject": nil}),
	}
	for name, input := range noMessages {
		inputs[name] = input
	}
	for name, input := range inputs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSendmail(t, 0)
			got := start(t, mailer, input, s.settings()...)
			if _, err := os.Stat(s.message); got.exit != 64 || err == nil {
				t.Errorf("got %+v, want exit code 64 and no message", got)
			}
			silent(t, got.stderr)
		})
	}
}

func TestMailSettingsThatCannotBe(t *testing.T) {
	t.Parallel()
	s := newSendmail(t, 0)
	for name, settings := range map[string][]string{
		"no sender":                {"VOUCHGATE_HELPER_SENDMAIL=" + s.program},
		"an option as sender":      s.settings("VOUCHGATE_HELPER_MAIL_FROM=-X/tmp/log@a.example"),
		"a sender of two lines":    s.settings("VOUCHGATE_HELPER_MAIL_FROM=a@b.example\nBcc: c@d.example"),
		"a sender without domain":  s.settings("VOUCHGATE_HELPER_MAIL_FROM=codes"),
		"a program that is no one": s.settings("VOUCHGATE_HELPER_SENDMAIL=/nowhere"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := start(t, mailer, with(t, "email", nil), settings...); got.exit != 78 || got.stderr == "" {
				t.Errorf("got %+v, want exit code 78 and why", got)
			}
		})
	}
}
