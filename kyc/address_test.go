package kyc_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"vouchgate/kyc"
)

var (
	mailbox = kyc.Address{Method: kyc.MethodEmail, Email: "Zoe@büro.example"}
	number  = kyc.Address{Method: kyc.MethodPhone, Phone: "+41791234567"}
	house   = kyc.Address{
		Method: kyc.MethodPostalCH, Name: "Zoë Muster", Lines: []string{"Bahnhofstrasse 1", "8001 Zürich"}, Country: "CH",
	}
	abroad = kyc.Address{
		Method: kyc.MethodPostal, Name: "Zoë Muster", Lines: []string{"1 Main Street", "Springfield 12345"}, Country: "US",
	}
)

func TestEveryMethodOfAnAddressHasAForm(t *testing.T) {
	t.Parallel()
	for method, want := range map[kyc.Method][]string{
		kyc.MethodEmail:    {"CONTACT_EMAIL"},
		kyc.MethodPhone:    {"CONTACT_PHONE"},
		kyc.MethodPostal:   {"CONTACT_NAME", "ADDRESS_LINES", "ADDRESS_COUNTRY"},
		kyc.MethodPostalCH: {"CONTACT_NAME", "ADDRESS_LINES"},
		kyc.MethodSwiyu:    nil, kyc.MethodAccount: nil, kyc.MethodOpen: nil,
	} {
		same(t, string(method), method.Fields(), want)
		same(t, string(method), method.Addressed(), want != nil)
	}
	for address, want := range map[*kyc.Address]map[string]string{
		&mailbox: {"CONTACT_EMAIL": "Zoe@büro.example"},
		&number:  {"CONTACT_PHONE": "+41791234567"},
		&house:   {"CONTACT_NAME": "Zoë Muster", "ADDRESS_LINES": "Bahnhofstrasse 1\n8001 Zürich"},
		&abroad: {
			"CONTACT_NAME": "Zoë Muster", "ADDRESS_LINES": "1 Main Street\nSpringfield 12345", "ADDRESS_COUNTRY": "US",
		},
		{}: {},
	} {
		same(t, string(address.Method), address.Fields(), want)
	}
}

func TestAnAddressComesBackAsItWasEncoded(t *testing.T) {
	t.Parallel()
	for _, want := range []kyc.Address{mailbox, number, house, abroad, {}} {
		text, err := want.Encode()
		is(t, err, nil)
		got, err := kyc.DecodeAddress(text)
		is(t, err, nil)
		same(t, string(want.Method), got, want)
		hint, err := kyc.AddressHint{Address: want, Fixed: true}.Encode()
		is(t, err, nil)
		read, err := kyc.DecodeAddressHint(hint)
		is(t, err, nil)
		same(t, "hint of "+string(want.Method), read, kyc.AddressHint{Address: want, Fixed: true})
	}
	for _, bad := range []string{"", "x", "[]", `{"lines":"a"}`, `{"address":1}`} {
		_, first := kyc.DecodeAddress([]byte(bad))
		_, second := kyc.DecodeAddressHint([]byte(bad))
		if first == nil && second == nil {
			t.Errorf("%q is an address and a hint", bad)
		}
	}
}

func TestEqualAddressesAreEqualInEveryField(t *testing.T) {
	t.Parallel()
	same(t, "with itself", abroad.Equal(abroad), true)
	for name, change := range map[string]func(*kyc.Address){
		"method": func(a *kyc.Address) { a.Method = kyc.MethodPostalCH }, "e-mail": func(a *kyc.Address) { a.Email = "x" },
		"phone": func(a *kyc.Address) { a.Phone = "x" }, "name": func(a *kyc.Address) { a.Name += "x" },
		"country": func(a *kyc.Address) { a.Country = "DE" }, "lines": func(a *kyc.Address) { a.Lines = a.Lines[:1] },
		"a line": func(a *kyc.Address) { a.Lines = []string{"1 Main Street", "springfield 12345"} },
	} {
		other := abroad
		change(&other)
		same(t, "another "+name, abroad.Equal(other), false)
	}
}

func TestAddressesOfOnePersonHaveOneKey(t *testing.T) {
	t.Parallel()
	mail := func(a string) kyc.Address { return kyc.Address{Method: kyc.MethodEmail, Email: a} }
	letter := func(name, country string, lines ...string) kyc.Address {
		return kyc.Address{Method: kyc.MethodPostal, Name: name, Lines: lines, Country: country}
	}
	for name, row := range map[string]struct {
		a, b kyc.Address
		same bool
	}{
		"case":                          {mail("Zoe@Example.org"), mail("zoe@example.ORG"), true},
		"a tag":                         {mail("zoe+shop@example.org"), mail("zoe@example.org"), true},
		"a tag with an at sign":         {mail("zoe+a+b@example.org"), mail("zoe+c@example.org"), true},
		"another mailbox":               {mail("zoe@example.org"), mail("zoe2@example.org"), false},
		"another domain":                {mail("zoe@example.org"), mail("zoe@example.com"), false},
		"a dot, which may be another's": {mail("z.oe@example.org"), mail("zoe@example.org"), false},
		"a mailbox and a number":        {mail("+41791234567"), number, false},
		"whom a letter is for":          {letter("A", "CH", "Weg 1", "8000 Zürich"), letter("B", "CH", "Weg 1", "8000 Zürich"), true},
		"the marks of a letter":         {letter("A", "CH", "Weg 1,", "8000 ZÜRICH."), letter("A", "CH", "weg 1", "8000 Zürich"), true},
		"the lines of a letter":         {letter("A", "CH", "Weg 1 8000 Zürich"), letter("A", "CH", "Weg 1", "8000", "Zürich"), true},
		"another house":                 {letter("A", "CH", "Weg 1", "8000 Zürich"), letter("A", "CH", "Weg 2", "8000 Zürich"), false},
		"another country":               {letter("A", "CH", "Weg 1", "8000 Zürich"), letter("A", "LI", "Weg 1", "8000 Zürich"), false},
		"the two methods of letters":    {house, kyc.Address{Method: kyc.MethodPostal, Lines: house.Lines, Country: "CH"}, true},
	} {
		if got := row.a.Key() == row.b.Key(); got != row.same {
			t.Errorf("%s: keys %q and %q", name, row.a.Key(), row.b.Key())
		}
	}
}

func TestAnAddressProvesItsClaims(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		address kyc.Address
		want    kyc.Claims
	}{
		"a mailbox": {mailbox, kyc.Claims{"email": "Zoe@büro.example", "email_verified": true}},
		"a number":  {number, kyc.Claims{"phone_number": "+41791234567", "phone_number_verified": true}},
		"a house in Switzerland": {house, kyc.Claims{"address": map[string]any{
			"formatted": "Bahnhofstrasse 1\n8001 Zürich", "country": "CH",
			"street_address": "Bahnhofstrasse 1", "postal_code": "8001", "locality": "Zürich",
		}}},
		"a house abroad": {abroad, kyc.Claims{"address": map[string]any{
			"formatted": "1 Main Street\nSpringfield 12345", "country": "US",
		}}},
		"one in Liechtenstein": {
			kyc.Address{Method: kyc.MethodPostal, Lines: []string{"c/o A", "Weg 1", "9490 Vaduz"}, Country: "LI"},
			kyc.Claims{"address": map[string]any{
				"formatted": "c/o A\nWeg 1\n9490 Vaduz", "country": "LI",
				"street_address": "c/o A\nWeg 1", "postal_code": "9490", "locality": "Vaduz",
			}}},
		"one line, which is no street": {
			kyc.Address{Method: kyc.MethodPostal, Lines: []string{"9490 Vaduz"}, Country: "LI"},
			kyc.Claims{"address": map[string]any{"formatted": "9490 Vaduz", "country": "LI"}}},
		"a last line that is no town": {
			kyc.Address{Method: kyc.MethodPostal, Lines: []string{"Weg 1", "Vaduz"}, Country: "LI"},
			kyc.Claims{"address": map[string]any{"formatted": "Weg 1\nVaduz", "country": "LI"}}},
	} {
		got := row.address.Claims()
		same(t, name, got, row.want)
		for claim, value := range got {
			normal, err := kyc.NormalizeClaim(claim, value)
			is(t, err, nil)
			same(t, "normal form of "+claim, normal, value)
		}
		for _, claim := range []string{"email", "phone_number", "address"} {
			_, proved := got[claim]
			same(t, claim+" of "+name, row.address.Method.Proves(claim), proved)
		}
	}
}

func TestRestrictions(t *testing.T) {
	t.Parallel()
	r, err := kyc.ParseRestrictions([]byte(`{
		"CONTACT_PHONE": {"regex": "^\\+41", "hint": "Swiss numbers", "hint_i18n": {"de": "Schweizer Nummern"}},
		"ADDRESS_LINES": {"regex": "\n8[0-9]{3} "},
		"CONTACT_EMAIL": {"hint": "your address at work"},
		"CONTACT_NAME": {}
	}`))
	is(t, err, nil)
	for name, row := range map[string]struct {
		address kyc.Address
		field   string // empty: kept
	}{
		"a number that is kept to":        {number, ""},
		"a number of another country":     {kyc.Address{Method: kyc.MethodPhone, Phone: "+4915112345678"}, kyc.FieldPhone},
		"a number that holds it":          {kyc.Address{Method: kyc.MethodPhone, Phone: "+49+41"}, kyc.FieldPhone},
		"a town that is kept to":          {house, ""},
		"another town":                    {abroad, kyc.FieldLines},
		"a field with a hint alone":       {mailbox, ""},
		"a field of nothing, as it might": {kyc.Address{Method: kyc.MethodPhone}, kyc.FieldPhone},
	} {
		err := r.Check(row.address)
		var fault *kyc.AddressError
		if row.field == "" {
			is(t, err, nil)
			continue
		}
		if !errors.As(err, &fault) {
			t.Fatalf("%s: %v", name, err)
		}
		same(t, name, *fault, kyc.AddressError{Field: row.field, Fault: kyc.AddressNotAllowed})
	}
	for lang, want := range map[string]string{"de": "Schweizer Nummern", "fr": "Swiss numbers", "": "Swiss numbers"} {
		same(t, "hint in "+lang, r.Hint(kyc.FieldPhone, lang), want)
	}
	same(t, "hint of another field", r.Hint(kyc.FieldLines, "de"), "")
	same(t, "hint of no restrictions", kyc.Restrictions(nil).Hint(kyc.FieldPhone, "de"), "")
	is(t, kyc.Restrictions(nil).Check(number), nil)
	broken := kyc.Restrictions{kyc.FieldPhone: {Regex: "("}}
	if broken.Check(number) == nil {
		t.Error("a restriction that cannot be read lets everything pass")
	}
}

func TestBadRestrictionsAreRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 1000)
	for name, text := range map[string]string{
		"nothing":                     ``,
		"no JSON":                     `{`,
		"a list":                      `[]`,
		"text for a restriction":      `{"CONTACT_PHONE": "^x"}`,
		"a field that does not exist": `{"CONTACT_FAX": {"regex": "x"}}`,
		"a field in small letters":    `{"contact_phone": {"regex": "x"}}`,
		"a broken expression":         `{"CONTACT_PHONE": {"regex": "("}}`,
		"an expression of Perl":       `{"CONTACT_PHONE": {"regex": "\\d+"}}`,
		"a look ahead":                `{"CONTACT_PHONE": {"regex": "(?=x)"}}`,
		"a long expression":           `{"CONTACT_PHONE": {"regex": "` + long + `"}}`,
		"ever so many repeats":        `{"CONTACT_PHONE": {"regex": "((a{1000}){1000}){1000}"}}`,
		"a long hint":                 `{"CONTACT_PHONE": {"hint": "` + long + `"}}`,
		"a hint of two lines":         `{"CONTACT_PHONE": {"hint": "a\nb"}}`,
		"a hint that turns text":      `{"CONTACT_PHONE": {"hint_i18n": {"de": "a\u202eb"}}}`,
	} {
		r, err := kyc.ParseRestrictions([]byte(text))
		is(t, err, kyc.ErrBadRestriction)
		if r != nil || err != nil && strings.Contains(err.Error(), long) {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
}

func FuzzParseRestrictions(f *testing.F) {
	f.Add(`{"CONTACT_PHONE": {"regex": "^\\+41", "hint": "x", "hint_i18n": {"de": "y"}}}`, "+41791234567")
	f.Add(`{"ADDRESS_LINES": {"regex": "a|b*"}, "CONTACT_NAME": {}}`, "Weg 1\n8000 Zürich")
	f.Add(`null`, "")
	f.Add(`{"CONTACT_EMAIL": null}`, "\xff@\x00")
	f.Fuzz(func(t *testing.T, text, value string) {
		r, err := kyc.ParseRestrictions([]byte(text))
		if err != nil {
			if !errors.Is(err, kyc.ErrBadRestriction) {
				t.Errorf("error is %v", err)
			}
			return
		}
		for _, a := range []kyc.Address{
			{Method: kyc.MethodEmail, Email: value}, {Method: kyc.MethodPhone, Phone: value},
			{Method: kyc.MethodPostal, Name: value, Lines: strings.Split(value, "\n"), Country: "CH"},
		} {
			var fault *kyc.AddressError
			if err := r.Check(a); err != nil && (!errors.As(err, &fault) || value != "" && strings.Contains(err.Error(), value) && len(value) > 20) {
				t.Errorf("error is %v", err)
			}
		}
		for field := range r {
			if strings.ContainsAny(r.Hint(field, "de"), "\n\r\x00") {
				t.Errorf("hint %q", r.Hint(field, "de"))
			}
		}
	})
}

func TestAFaultDoesNotQuoteTheAddress(t *testing.T) {
	t.Parallel()
	for fault, want := range map[kyc.AddressFault]string{
		kyc.AddressMissing: "CONTACT_EMAIL: missing", kyc.AddressMalformed: "CONTACT_EMAIL: malformed",
		kyc.AddressTooLong: "CONTACT_EMAIL: too long", kyc.AddressNotAllowed: "CONTACT_EMAIL: not allowed",
	} {
		same(t, string(fault), (&kyc.AddressError{Field: kyc.FieldEmail, Fault: fault}).Error(), want)
	}
}

func TestKeysAreWholeAndOfOneKind(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		a := rapid.SampledFrom([]kyc.Address{mailbox, number, house, abroad}).Draw(r, "a")
		b := rapid.SampledFrom([]kyc.Address{mailbox, number, house, abroad}).Draw(r, "b")
		a.Name, b.Name = rapid.String().Draw(r, "name"), rapid.String().Draw(r, "other name")
		one := a.Method == b.Method
		if (a.Key() == b.Key()) != one {
			r.Fatalf("keys %q and %q", a.Key(), b.Key())
		}
	})
}

// Expressions see a value of several lines as POSIX does: the ends are those of the
// value, and every character is a character.
func TestRestrictionsSeeLinesAsPOSIXDoes(t *testing.T) {
	t.Parallel()
	letter := func(lines ...string) kyc.Address {
		return kyc.Address{Method: kyc.MethodPostalCH, Name: "A B", Lines: lines, Country: "CH"}
	}
	for expression, row := range map[string]struct{ good, bad kyc.Address }{
		`80[0-9]{2} Ort$`: {letter("Weg 1", "8001 Ort"), letter("8001 Ort", "1000 Dort")},
		`^Weg.*Ort$`:      {letter("Weg 1", "8001 Ort"), letter("Gasse 1", "8001 Ort")},
		`^[^x]*$`:         {letter("Weg 1", "8001 Ort"), letter("Weg 1", "8001 x")},
	} {
		r := kyc.Restrictions{kyc.FieldLines: {Regex: expression}}
		is(t, r.Check(row.good), nil)
		if r.Check(row.bad) == nil {
			t.Errorf("%s takes %v", expression, row.bad.Lines)
		}
	}
}

func TestWhichAddressesCanBeProved(t *testing.T) {
	t.Parallel()
	letter := kyc.Address{Method: kyc.MethodPostal, Name: "A B", Lines: []string{"Weg 1", "8000 Ort"}, Country: "CH"}
	abroad := letter
	abroad.Country = "DE"
	swiss := letter
	swiss.Method = kyc.MethodPostalCH
	mail := kyc.Address{Method: kyc.MethodEmail, Email: "a@b.example"}
	south := kyc.Settings{Restrictions: kyc.Restrictions{kyc.FieldLines: {Regex: "6[0-9]{3}"}}}
	for name, row := range map[string]struct {
		settings kyc.Settings
		method   kyc.Method
		hint     kyc.AddressHint
		address  kyc.Address
		want     bool
	}{
		"a mailbox by e-mail":                    {method: kyc.MethodEmail, address: mail, want: true},
		"a mailbox by letter":                    {method: kyc.MethodPostal, address: mail},
		"a Swiss letter in either way":           {method: kyc.MethodPostal, address: swiss, want: true},
		"one asked for abroad, within the Swiss": {method: kyc.MethodPostalCH, address: letter, want: true},
		"a letter abroad within the Swiss":       {method: kyc.MethodPostalCH, address: abroad},
		"one that the client does not take":      {settings: south, method: kyc.MethodPostal, address: letter},
		"the one that is fixed":                  {method: kyc.MethodEmail, hint: kyc.AddressHint{Address: mail, Fixed: true}, address: mail, want: true},
		"another than the one that is fixed":     {method: kyc.MethodPostal, hint: kyc.AddressHint{Address: letter, Fixed: true}, address: abroad},
		"another than the one that was proposed": {method: kyc.MethodPostal, hint: kyc.AddressHint{Address: letter}, address: abroad, want: true},
	} {
		same(t, name, row.settings.Takes(row.method, row.hint, row.address), row.want)
	}
}
