package main

import (
	"strings"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/verify/address"
)

// countTAN counts sessions and tries for an address, as a gateway does.
func (s *shell) countTAN(a kyc.Address, sessions, tries int, when time.Time) {
	s.t.Helper()
	st := s.storage()
	p := &program{now: clock, rand: zeroRand{}}
	keys, err := p.countKeys(s.t.Context(), st, a)
	if err != nil {
		s.t.Fatal(err)
	}
	for key, n := range map[string]int{string(keys.sessions): sessions, string(keys.tries): tries} {
		for range n {
			if _, _, err := st.store.Count(s.t.Context(), []byte(key), when, kyc.TANWindow); err != nil {
				s.t.Fatal(err)
			}
		}
	}
}

// readAddress gives an address its one form.
func readAddress(t *testing.T, m kyc.Method, fields map[string]string) kyc.Address {
	t.Helper()
	a, err := address.Reader{}.Read(m, fields)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAddressIsUnlocked(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.countTAN(readAddress(t, kyc.MethodEmail, map[string]string{kyc.FieldEmail: "mira@example.org"}), 5, 7, clock())

	s.stdin = "Mira+news@Example.org\n" // the same letter box
	var got addressCounts
	s.run("address", "show", "--method", "email", "--json").into(&got)
	if got.Sessions.Count != 5 || got.Sessions.Most != 5 || got.Tries.Count != 7 || got.Tries.Most != 45 || !got.Locked || !got.Counted ||
		got.Sessions.Since == nil || got.Sessions.Until.Sub(*got.Sessions.Since) != 24*time.Hour {
		t.Errorf("counts are %+v", got)
	}
	text := s.run("address", "show", "--method", "email").ok()
	for _, says := range []string{"5 of 5, since ", "7 of 45", "locked    yes"} {
		if !strings.Contains(text.stdout, says) {
			t.Errorf("show lacks %q:\n%s", says, text.stdout)
		}
	}

	unlocked := s.run("address", "unlock", "--method", "email", "--file", writeFile(t, "address", "mira@example.org")).ok()
	got = addressCounts{}
	s.run("address", "show", "--method", "email", "--json").into(&got)
	if !strings.Contains(unlocked.stderr, "can be proved again") {
		t.Errorf("unlock says %q", unlocked.stderr)
	}
	if got.Counted || got.Locked || got.Sessions.Count != 0 || got.Tries.Count != 0 || got.Sessions.Since != nil {
		t.Errorf("after unlocking: %+v", got)
	}
	for _, said := range []string{text.stdout, text.stderr, unlocked.stdout, unlocked.stderr} {
		if strings.Contains(strings.ToLower(said), "mira") {
			t.Errorf("the address is printed:\n%s", said)
		}
	}
}

func TestAddressesAreReadByMethod(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		method kyc.Method
		fields map[string]string
		stdin  string
		args   []string
	}{
		{"a number as people write it", kyc.MethodPhone, map[string]string{kyc.FieldPhone: "+41791234567"}, "079 123 45 67\n", nil},
		{"a number of another region", kyc.MethodPhone, map[string]string{kyc.FieldPhone: "+4915112345678"}, "0151 12345678\n", []string{"--phone-region", "DE"}},
		{
			"a letter box in Switzerland", kyc.MethodPostalCH,
			map[string]string{kyc.FieldName: "Mira Muster", kyc.FieldLines: "Musterweg 7\n8000 Zürich"}, "Musterweg  7\r\n8000 Zürich\r\n", nil,
		},
		{
			"a letter box elsewhere", kyc.MethodPostal,
			map[string]string{kyc.FieldName: "Mira Muster", kyc.FieldLines: "Musterweg 7\n12345 Musterstadt", kyc.FieldCountry: "DE"},
			"Musterweg 7\n12345 Musterstadt\nde\n", nil,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newShell(t)
			s.countTAN(readAddress(t, test.method, test.fields), 1, 45, clock())
			s.stdin = test.stdin
			var got addressCounts
			s.run(append([]string{"address", "show", "--json", "--method", string(test.method)}, test.args...)...).into(&got)
			if got.Method != test.method || got.Sessions.Count != 1 || got.Tries.Count != 45 || !got.Locked {
				t.Errorf("counts are %+v", got)
			}
		})
	}
}

// An address with a slip of the pen must not seem to be unlocked.
func TestAddressOfWhichNothingWasCounted(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	mira := map[string]string{kyc.FieldEmail: "mira@example.org"}
	s.countTAN(readAddress(t, kyc.MethodEmail, mira), 5, 0, clock())
	s.stdin = "mria@example.org\n"
	for _, verb := range []string{"show", "unlock"} {
		said := s.run("address", verb, "--method", "email").ok().stderr
		if !strings.Contains(said, notCounted) || strings.Contains(said, "proved again") {
			t.Errorf("%s says %q", verb, said)
		}
		got := addressCounts{Counted: true}
		if s.run("address", verb, "--method", "email", "--json").into(&got); got.Counted || got.Locked {
			t.Errorf("%s prints %+v", verb, got)
		}
	}

	s.stdin = "mira@example.org\n"
	got := addressCounts{}
	if s.run("address", "unlock", "--method", "email", "--json").into(&got); !got.Counted || got.Sessions.Count != 0 || got.Sessions.Most != 5 {
		t.Errorf("unlock prints %+v", got)
	}
	if said := s.run("address", "unlock", "--method", "email").ok().stderr; !strings.Contains(said, notCounted) {
		t.Errorf("a second unlock says %q", said)
	}
}

func TestCountsOfAWindowThatEndedAreNone(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.countTAN(readAddress(t, kyc.MethodPhone, map[string]string{kyc.FieldPhone: "+41791234567"}), 5, 45, clock().Add(-kyc.TANWindow))
	s.stdin = "+41 79 123 45 67"
	var got addressCounts
	if s.run("address", "show", "--method", "phone", "--json").into(&got); got.Counted || got.Locked || got.Sessions.Count != 0 || got.Tries.Count != 0 {
		t.Errorf("counts are %+v", got)
	}
}

func TestAddressFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		stdin string
		args  []string
		says  string
	}{
		"no method":                 {"", nil, "--method"},
		"a method without address":  {"", []string{"--method", "swiyu"}, "method: must be one of: email, phone, postal, postal-ch"},
		"nothing":                   {"", []string{"--method", "email"}, "CONTACT_EMAIL: missing"},
		"not an address":            {personal, []string{"--method", "email"}, "CONTACT_EMAIL: malformed"},
		"a country in words":        {"Weg 1\n" + personal, []string{"--method", "postal"}, "ADDRESS_COUNTRY: "},
		"a file that is not there":  {"", []string{"--method", "email", "--file", "/does/not/exist"}, "file: "},
		"more than addresses have":  {strings.Repeat("x", 5000), []string{"--method", "email"}, "file is too long"},
		"an address as an argument": {"", []string{"--method", "email", personal}, "unexpected argument"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, verb := range []string{"show", "unlock"} {
				s := newShell(t)
				s.stdin = test.stdin
				got := s.run(append([]string{"address", verb}, test.args...)...).fails(exitUsage, test.says)
				if strings.Contains(got.stderr, personal) && name != "an address as an argument" {
					t.Errorf("the address is printed:\n%s", got.stderr)
				}
			}
		})
	}
}
