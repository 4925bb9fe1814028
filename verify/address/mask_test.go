package address

import (
	"strings"
	"testing"
	"unicode"

	"vouchgate/kyc"
)

func TestMask(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, text string
		method     kyc.Method
		want       string
	}{
		{"plain words stay", "gateway answered HTTP/1.1 503, retry 2", kyc.MethodPhone, "gateway answered HTTP/1.1 503, retry 2"},
		{"the TAN goes", "sending " + testTAN + " now", kyc.MethodPhone, "sending *** now"},
		{"the TAN in groups goes", "code 4815 1623", kyc.MethodPostal, "code ***"},
		{"the TAN in other groups goes", "48-15-16-23", kyc.MethodPhone, "***"},
		{"any four digits go", "request 9231 of 12", kyc.MethodPhone, "request *** of 12"},
		{"a phone number goes", "to +41791234567 failed", kyc.MethodPhone, "to *** failed"},
		{"a phone number goes however it is written", "to 079 123 45 67 and %2B41791234567", kyc.MethodPhone, "to *** and %2B***"},
		{"an e-mail address goes", "<anna.muster@bücher.example>: no", kyc.MethodEmail, "<***>: no"},
		{"whatever its case", "<Anna.Muster@BÜCHER.example>: no", kyc.MethodEmail, "<***>: no"},
		{"and its form for mail servers", "RCPT TO:<anna.muster@xn--bcher-kva.example>", kyc.MethodEmail, "RCPT TO:<***>"},
		{"and the domain alone", "no route to xn--bcher-kva.example", kyc.MethodEmail, "no route to ***"},
		{"and the local part alone", "no mailbox anna.muster here", kyc.MethodEmail, "no mailbox *** here"},
		{"and encoded as in a URL", "to=anna.muster%40x", kyc.MethodEmail, "to=***%40x"},
		{"a postal address goes", "Anna Muster, Bahnhofstrasse 17, 8000 Zürich", kyc.MethodPostal, "***, ***"},
		{"and every word of it", "MUSTER lives in bahnhofstrasse no 17 (Zürich)", kyc.MethodPostal, "*** lives in *** no *** (***)"},
		{"and inside of words", "key=muster_anna", kyc.MethodPostal, "key=***_***"},
		{"a letter's link and code go", "GET https://id.muster.example:8443/base/letter/7K3F-9QWX-2MTD-8HJP or 7k3f9qwx2mtd8hjp", kyc.MethodPostal, "GET *** or ***"},
		{"control characters are written out", "a\x1b[31mb\nc\rd\x00e\u202ef", kyc.MethodPhone, `a\x1b[31mb\nc\rd e\u202ef`},
		{"bytes that are no UTF-8 as well", "a\xff\xfeb", kyc.MethodPhone, "a?b"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			if got := mask(r.text, messageTo(r.method)); got != r.want {
				t.Errorf("masked as %q, want %q", got, r.want)
			}
		})
	}
}

func TestShortPartsAreMaskedAsWords(t *testing.T) {
	t.Parallel()
	m := kyc.Message{TAN: testTAN, Address: kyc.Address{Method: kyc.MethodEmail, Email: "a@example.org"}}
	if got := mask("a failed: a@EXAMPLE.org has no mailbox", m); got != "*** failed: *** has no mailbox" {
		t.Errorf("masked as %q", got)
	}
}

func FuzzMask(f *testing.F) {
	f.Add("no mailbox a@example.org for 12345678", "a@example.org", "Anna Muster", "Weg 1\n8000 Zürich")
	f.Add("AnnaANNA\nanna\x00", "-x@b.org", "anna", "k\nK")
	f.Add("\x1b[2J+41 79 123 45 67", "", "İi", "ß\nSS")
	f.Fuzz(func(t *testing.T, text, email, name, lines string) {
		m := kyc.Message{TAN: testTAN, LetterCode: "7K3F-9QWX-2MTD-8HJP"}
		switch a, err := (Reader{}).Read(kyc.MethodEmail, map[string]string{kyc.FieldEmail: email}); err {
		case nil:
			m.Address = a
		default:
			m.Address, _ = Reader{}.Read(kyc.MethodPostal, map[string]string{kyc.FieldName: name, kyc.FieldLines: lines, kyc.FieldCountry: "DE"})
		}
		// A helper that repeats all it knows, between whatever else it says.
		got := mask(text+" "+strings.Join(secrets(m), text)+text, m)
		if strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("%q holds what cannot be seen", got)
		}
		for _, secret := range secrets(m) {
			// The mask is printed as stars, so those of an address prove nothing.
			if len([]rune(secret)) >= anywhere && !strings.Contains(secret, "*") && strings.Contains(got, secret) && !strings.Contains(escape(text), secret) {
				t.Fatalf("%q tells %q", got, secret)
			}
		}
		if strings.Contains(got, testTAN) {
			t.Fatalf("%q tells the TAN", got)
		}
	})
}
