package server

import (
	"bytes"
	"compress/zlib"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"vouchgate/kyc"
	"vouchgate/oauth"
)

// asTyped takes every address that is not empty.
type asTyped struct{}

// Read implements AddressReader.
func (asTyped) Read(m kyc.Method, fields map[string]string) (kyc.Address, error) {
	for _, name := range m.Fields() {
		if fields[name] == "" {
			return kyc.Address{}, &kyc.AddressError{Field: name, Fault: kyc.AddressMissing}
		}
	}
	return kyc.Address{
		Method: m, Email: fields[kyc.FieldEmail], Phone: fields[kyc.FieldPhone], Name: fields[kyc.FieldName],
		Lines: strings.Split(fields[kyc.FieldLines], "\n"), Country: fields[kyc.FieldCountry],
	}, nil
}

func compressed(t testing.TB, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	if _, err := z.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func FuzzSetupBody(f *testing.F) {
	s := &Server{Config: Config{Addresses: asTyped{}, Sendable: kyc.AddressMethods, Log: slog.New(slog.DiscardHandler)}}
	var client kyc.Client
	client.Methods = []kyc.Method{kyc.MethodSwiyu, kyc.MethodEmail, kyc.MethodPostalCH}
	for _, body := range []string{
		"", " \n", "null", "{}", `{"CONTACT_EMAIL":"a@b.example","read_only":true}`, `{"CONTACT_EMAIL":"a@b.example","CONTACT_EMAIL":"c@d.example"}`,
		`{"contact_email":"a@b.example"}`, `{"CONTACT_NAME":"A","ADDRESS_LINES":"B\nC","ADDRESS_COUNTRY":"CH"}`, `{"CONTACT_NAME":null,"read_only":true}`,
		`{"CONTACT_EMAIL":"\ud800"}`, "{\"CONTACT_EMAIL\":\"\xff\"}", `{"CONTACT_PHONE":"+41790001122"}`, `[]`, `{} {}`, "\x08\x1d", "x\x9c", "\x78\x01\x03\x00",
	} {
		f.Add([]byte(body))
		f.Add(compressed(f, []byte(body)))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		hint, err := s.readHint(client, body)
		checkHint(t, client, hint, err)
		if len(body) > maxSetup/2 {
			return
		}
		if same, again := s.readHint(client, compressed(t, body)); again == nil && err == nil &&
			(same.Fixed != hint.Fixed || !same.Address.Equal(hint.Address)) {
			t.Fatalf("compressed, %q is read as %+v and not as %+v", body, same, hint)
		}
	})
}

func checkHint(t *testing.T, client kyc.Client, hint kyc.AddressHint, err error) {
	t.Helper()
	if refusal := (*oauth.Error)(nil); err != nil {
		if !errors.As(err, &refusal) || refusal.Status != http.StatusBadRequest && refusal.Status != http.StatusRequestEntityTooLarge {
			t.Fatalf("refused with %v", err)
		}
		if hint.Address.Method != kyc.MethodOpen || hint.Fixed {
			t.Fatalf("refused, with an address: %+v", hint)
		}
		return
	}
	switch m := hint.Address.Method; {
	case m == kyc.MethodOpen && hint.Fixed:
		t.Fatal("nothing is fixed")
	case m != kyc.MethodOpen && (!slices.Contains(client.Methods, m) || !m.Addressed()):
		t.Fatalf("an address of method %q", m)
	}
	plain, err := hint.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := kyc.DecodeAddressHint(plain)
	if err != nil || back.Fixed != hint.Fixed || !back.Address.Equal(hint.Address) {
		t.Fatalf("kept as %+v, read back as %+v, %v", hint, back, err)
	}
}

func TestMethodOfFields(t *testing.T) {
	t.Parallel()
	client := func(methods ...kyc.Method) (c kyc.Client) {
		c.Methods = methods
		return c
	}
	for _, row := range []struct {
		name   string
		client kyc.Client
		fields string
		want   kyc.Method
	}{
		{"e-mail", client(kyc.AddressMethods...), kyc.FieldEmail, kyc.MethodEmail},
		{"a letter with a country", client(kyc.AddressMethods...), "CONTACT_NAME ADDRESS_LINES ADDRESS_COUNTRY", kyc.MethodPostal},
		{"a letter without one", client(kyc.AddressMethods...), "CONTACT_NAME ADDRESS_LINES", kyc.MethodPostalCH},
		{"a letter without one, for a client of all countries", client(kyc.MethodPostal), "CONTACT_NAME ADDRESS_LINES", kyc.MethodPostal},
		{"a letter with a country, for a client of Switzerland", client(kyc.MethodPostalCH), "CONTACT_NAME ADDRESS_LINES ADDRESS_COUNTRY", kyc.MethodPostalCH},
		{"nothing", client(kyc.AddressMethods...), "", kyc.MethodOpen},
		{"a country alone", client(kyc.AddressMethods...), kyc.FieldCountry, kyc.MethodOpen},
		{"what the client does not prove", client(kyc.MethodPhone), kyc.FieldEmail, kyc.MethodOpen},
		{"what a client of the wallet does not prove", client(), kyc.FieldEmail, kyc.MethodOpen},
	} {
		fields := map[string]string{}
		for _, name := range strings.Fields(row.fields) {
			fields[name] = "x"
		}
		if got := kyc.MethodOfFields(row.client.Choices("", nil), fields); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}
