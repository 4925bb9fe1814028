package address

import (
	"errors"
	"os"
	"strings"
	"testing"

	"vouchgate/kyc"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// wantFault fails the test unless err is about the field and says what is wrong,
// without the value.
func wantFault(t *testing.T, err error, field string, fault kyc.AddressFault, values ...string) {
	t.Helper()
	var found *kyc.AddressError
	if !errors.As(err, &found) || found.Field != field || found.Fault != fault {
		t.Fatalf("error is %v, want %s of %s", err, fault, field)
	}
	for _, v := range values {
		if len(v) > 3 && strings.Contains(err.Error(), v) {
			t.Errorf("error %q holds what was typed", err)
		}
	}
}

func TestReadEmail(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, typed, want string
		fault             kyc.AddressFault
	}{
		{"a plain one stays", "anna@example.org", "anna@example.org", ""},
		{"nor do characters around it that cannot be seen", "\u202a\ufeff anna@example.org\u200b \u202c", "anna@example.org", ""},
		{"space around it does not count", " \tanna@example.org\n", "anna@example.org", ""},
		{"the case of the local part stays, that of the domain does not", "Anna@EXAMPLE.org", "Anna@example.org", ""},
		{"a plus is part of it", "anna+shop@example.org", "anna+shop@example.org", ""},
		{"a local part may look like an option", "-rf@example.org", "-rf@example.org", ""},
		{"a local part may look like a command", "`$x`@example.org", "`$x`@example.org", ""},
		{"an international domain has its Unicode form", "a@xn--bcher-kva.example", "a@bücher.example", ""},
		{"and the same from Unicode", "a@BÜCHER.example", "a@bücher.example", ""},
		{"a dot in another script is a dot", "a@example。org", "a@example.org", ""},
		{"letters that cannot be seen go", "a@exam\u00adple.org", "a@example.org", ""},
		{"full-width letters become letters", "a@ｅｘample.org", "a@example.org", ""},

		{"nothing is missing", "", "", kyc.AddressMissing},
		{"space is missing", " \t", "", kyc.AddressMissing},
		{"two at signs", "a@b@c.org", "", kyc.AddressMalformed},
		{"a quoted local part", `"x"@example.org`, "", kyc.AddressMalformed},
		{"a header behind it", "a@example.org\nBcc: z@example.org", "", kyc.AddressMalformed},
		{"a header behind a carriage return", "a@example.org\rBcc: z@example.org", "", kyc.AddressMalformed},
		{"a header in the local part", "a\r\nBcc:z@example.org", "", kyc.AddressMalformed},
		{"a NUL", "a\x00@example.org", "", kyc.AddressMalformed},
		{"an escape", "a\x1b[2J@example.org", "", kyc.AddressMalformed},
		{"no bytes of UTF-8", "a\xff@example.org", "", kyc.AddressMalformed},
		{"a name in front", "Anna <anna@example.org>", "", kyc.AddressMalformed},
		{"angle brackets", "<anna@example.org>", "", kyc.AddressMalformed},
		{"a comment", "anna@example.org (home)", "", kyc.AddressMalformed},
		{"a group", "all:anna@example.org;", "", kyc.AddressMalformed},
		{"two addresses", "a@example.org, b@example.org", "", kyc.AddressMalformed},
		{"a character inside that cannot be seen", "an\u200bna@example.org", "", kyc.AddressMalformed},
		{"nothing but characters that cannot be seen", "\u200b\u202c", "", kyc.AddressMalformed},
		{"a command", "$(id)", "", kyc.AddressMalformed},
		{"a semicolon", "a;b@example.org", "", kyc.AddressMalformed},
		{"no dot in the domain", "a@localhost", "", kyc.AddressMalformed},
		{"a dot at the end", "a@localhost.", "", kyc.AddressMalformed},
		{"an IP address", "a@192.0.2.1", "", kyc.AddressMalformed},
		{"an IP address in brackets", "a@[192.0.2.1]", "", kyc.AddressMalformed},
		{"an IPv6 address in brackets", "a@[IPv6:2001:db8::1]", "", kyc.AddressMalformed},
		{"letters outside of ASCII before the at sign", "jürg@example.org", "", kyc.AddressMalformed},
		{"full-width letters before the at sign", "ａ@example.org", "", kyc.AddressMalformed},
		{"an underscore in the domain", "a@b_c.org", "", kyc.AddressMalformed},
		{"a broken label", "a@xn--a.org", "", kyc.AddressMalformed},
		{"a Cyrillic letter among Latin ones", "a@\u0430pple.example", "", kyc.AddressMalformed},
		{"and the same in ASCII", "a@xn--pple-43d.example", "", kyc.AddressMalformed},
		{"400 characters", strings.Repeat("a", 388) + "@example.org", "", kyc.AddressTooLong},
		{"65 characters before the at sign", strings.Repeat("a", 65) + "@example.org", "", kyc.AddressTooLong},
		{"a page of text", strings.Repeat("a ", 10_000), "", kyc.AddressTooLong},
		{"a domain that is too long in ASCII", "a@" + strings.Repeat("ü.", 80) + "org", "", kyc.AddressMalformed},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			a, err := Reader{}.Read(kyc.MethodEmail, map[string]string{kyc.FieldEmail: r.typed})
			if r.fault != "" {
				wantFault(t, err, kyc.FieldEmail, r.fault, r.typed)
				return
			}
			if want := (kyc.Address{Method: kyc.MethodEmail, Email: r.want}); err != nil || !cmp.Equal(a, want) {
				t.Errorf("read %+v, %v, want %+v", a, err, want)
			}
		})
	}
}

func TestReadPhone(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, region, typed, want string
		fault                     kyc.AddressFault
	}{
		{"a Swiss mobile number as people write it", "", "079 123 45 67", "+41791234567", ""},
		{"with the zero that is not dialled", "", "+41 (0)79 123 45 67", "+41791234567", ""},
		{"with two zeros in front", "", "0041791234567", "+41791234567", ""},
		{"with dashes, dots and slashes", "", "079/123-45.67", "+41791234567", ""},
		{"with other dashes and spaces", "", "079\u2013123\u00a045\u202f67", "+41791234567", ""},
		{"with marks for the direction of writing, as phones copy them", "", "\u202a+41 79\u200b 123 45 67\u202c", "+41791234567", ""},
		{"in full-width digits", "", "０７９１２３４５６７", "+41791234567", ""},
		{"in Arabic digits", "", "٠٧٩١٢٣٤٥٦٧", "+41791234567", ""},
		{"a fixed line", "", "044 668 18 00", "+41446681800", ""},
		{"of another country", "", "+49 1512 3456789", "+4915123456789", ""},
		{"of the gateway's region", "DE", "01512 3456789", "+4915123456789", ""},
		{"of a region with another way of writing", "US", "(201) 555-0123", "+12015550123", ""},

		{"nothing is missing", "", " ", "", kyc.AddressMissing},
		{"letters", "", "+41 79 CALL ME", "", kyc.AddressMalformed},
		{"letters for keys", "", "+1 800 FLOWERS", "", kyc.AddressMalformed},
		{"an extension", "", "079 123 45 67 ext 5", "", kyc.AddressMalformed},
		{"a URI", "", "tel:+41791234567;phone-context=x", "", kyc.AddressMalformed},
		{"a command", "", "0791234567;$(id)", "", kyc.AddressMalformed},
		{"a NUL", "", "0791234567\x00", "", kyc.AddressMalformed},
		{"an escape", "", "\x1b[2J0791234567", "", kyc.AddressMalformed},
		{"a line break inside", "", "079\n1234567", "", kyc.AddressMalformed},
		{"a star service", "", "*21*0791234567#", "", kyc.AddressMalformed},
		{"the police", "", "117", "", kyc.AddressMalformed},
		{"the police with a country code", "", "+41 117", "", kyc.AddressMalformed},
		{"directory enquiries", "", "+41 1811", "", kyc.AddressMalformed},
		{"an emergency abroad", "", "+44 999", "", kyc.AddressMalformed},
		{"nothing but characters that cannot be seen", "", "\u200b\u202c", "", kyc.AddressMalformed},
		{"too short", "", "079 123", "", kyc.AddressMalformed},
		{"no country", "", "+999 123 45 67", "", kyc.AddressMalformed},
		{"40 digits", "", strings.Repeat("1234567890", 4), "", kyc.AddressTooLong},
		{"a page of digits", "", strings.Repeat("1", 5000), "", kyc.AddressTooLong},
		{"free phone", "", "0800 123 456", "", kyc.AddressNotAllowed},
		{"free phone of the world", "", "+800 1234 5678", "", kyc.AddressNotAllowed},
		{"shared cost of the world", "", "+808 1234 5678", "", kyc.AddressNotAllowed},
		{"a ship", "", "+870 773 111 632", "", kyc.AddressNotAllowed},
		{"a personal number", "", "+878 10 1234567890", "", kyc.AddressNotAllowed},
		{"a satellite", "", "+881 612 345 678", "", kyc.AddressNotAllowed},
		{"a network of the world", "", "+882 16 12345", "", kyc.AddressNotAllowed},
		{"another network of the world", "", "+883 5100 1234 5678", "", kyc.AddressNotAllowed},
		{"disaster relief", "", "+888 1234 5678", "", kyc.AddressNotAllowed},
		{"premium rate of the world", "", "+979 123 456 789", "", kyc.AddressNotAllowed},
		{"premium rate", "", "0900 123 456", "", kyc.AddressNotAllowed},
		{"shared cost", "", "0848 123 456", "", kyc.AddressNotAllowed},
		{"a voice mailbox", "", "+41 860 79 123 45 67", "", kyc.AddressNotAllowed},
		{"a pager", "", "+41 740 123 456", "", kyc.AddressNotAllowed},
		{"a company's number", "", "+41 51 222 12 12", "", kyc.AddressNotAllowed},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			a, err := Reader{Region: r.region}.Read(kyc.MethodPhone, map[string]string{kyc.FieldPhone: r.typed})
			if r.fault != "" {
				wantFault(t, err, kyc.FieldPhone, r.fault, r.typed)
				return
			}
			if want := (kyc.Address{Method: kyc.MethodPhone, Phone: r.want}); err != nil || !cmp.Equal(a, want) {
				t.Errorf("read %+v, %v, want %+v", a, err, want)
			}
		})
	}
}

func TestReadPostal(t *testing.T) {
	t.Parallel()
	const town = "8000 Zürich"
	swiss := func(lines ...string) kyc.Address {
		return kyc.Address{Method: kyc.MethodPostalCH, Name: "Anna Muster", Lines: lines, Country: "CH"}
	}
	rows := []struct {
		name                 string
		method               kyc.Method
		person, typed, where string
		want                 kyc.Address
		field                string
		fault                kyc.AddressFault
	}{
		{"an address in Switzerland", kyc.MethodPostalCH, "Anna Muster", "Bahnhofstrasse 1\n8000 Zürich", "", swiss("Bahnhofstrasse 1", town), "", ""},
		{"spaces and empty lines are tidied", kyc.MethodPostalCH, " Anna  Muster ", "\r\n Bahnhofstrasse   1 \r\n\r\n8000\u00a0Zürich\r\n", "", swiss("Bahnhofstrasse 1", town), "", ""},
		{"the country goes off the post code", kyc.MethodPostalCH, "Anna Muster", "Bahnhofstrasse 1\nCH-8000 Zürich", "", swiss("Bahnhofstrasse 1", town), "", ""},
		{"in small letters", kyc.MethodPostalCH, "Anna Muster", "Bahnhofstrasse 1\nch-8000 Zürich", "", swiss("Bahnhofstrasse 1", town), "", ""},
		{"with another dash and spaces", kyc.MethodPostalCH, "Anna Muster", "Bahnhofstrasse 1\nCH \u2013 8000 Zürich", "", swiss("Bahnhofstrasse 1", town), "", ""},
		{"with a space alone", kyc.MethodPostalCH, "Anna Muster", "Bahnhofstrasse 1\nCH 8000 Zürich", "", swiss("Bahnhofstrasse 1", town), "", ""},
		{"the country's name below the town goes", kyc.MethodPostalCH, "Anna Muster", "Bahnhofstrasse 1\n8000 Zürich\nSCHWEIZ\n", "", swiss("Bahnhofstrasse 1", town), "", ""},
		{"in Romansh", kyc.MethodPostalCH, "Anna Muster", "Bahnhofstrasse 1\n8000 Zürich\n svizra", "", swiss("Bahnhofstrasse 1", town), "", ""},
		{"as its code", kyc.MethodPostalCH, "Anna Muster", "Bahnhofstrasse 1\n8000 Zürich\nch", "", swiss("Bahnhofstrasse 1", town), "", ""},
		{"and does not count among the lines", kyc.MethodPostalCH, "Anna Muster", "a\nb\nc\nd\n8000 Zürich\nSuisse", "", swiss("a", "b", "c", "d", town), "", ""},
		{"by the other method too", kyc.MethodPostal, "Anna Muster", "Bahnhofstrasse 1\n8000 Zürich\nSwitzerland", "ch",
			kyc.Address{Method: kyc.MethodPostal, Name: "Anna Muster", Lines: []string{"Bahnhofstrasse 1", town}, Country: "CH"}, "", ""},
		{"the post code before Liechtenstein's", kyc.MethodPostalCH, "Anna Muster", "Weg 1\n9484 Ort", "", swiss("Weg 1", "9484 Ort"), "", ""},
		{"the post code after Liechtenstein's", kyc.MethodPostalCH, "Anna Muster", "Weg 1\n9499 Ort", "", swiss("Weg 1", "9499 Ort"), "", ""},
		{"Liechtenstein as a country", kyc.MethodPostal, "Anna Muster", "Weg 1\n9490 Vaduz", "LI",
			kyc.Address{Method: kyc.MethodPostal, Name: "Anna Muster", Lines: []string{"Weg 1", "9490 Vaduz"}, Country: "LI"}, "", ""},
		{"Switzerland's name in an address abroad stays", kyc.MethodPostal, "Ann Sample", "1 High Street\nSuisse", "FR",
			kyc.Address{Method: kyc.MethodPostal, Name: "Ann Sample", Lines: []string{"1 High Street", "Suisse"}, Country: "FR"}, "", ""},
		{"letters with accents of their own are joined", kyc.MethodPostalCH, "Anna Muster", "Bahnhofstrasse 1\n8000 Zu\u0308rich", "", swiss("Bahnhofstrasse 1", town), "", ""},
		{"a country given for a Swiss method does not count", kyc.MethodPostalCH, "Anna Muster", "Bahnhofstrasse 1\n8000 Zürich", "DE", swiss("Bahnhofstrasse 1", town), "", ""},
		{"text like commands stays text", kyc.MethodPostalCH, "Anna Muster", "-x; $(id) `id` | cat\n8000 Zürich", "", swiss("-x; $(id) `id` | cat", town), "", ""},
		{"an address abroad has any form", kyc.MethodPostal, "Ann Sample", "1 High Street", "ie",
			kyc.Address{Method: kyc.MethodPostal, Name: "Ann Sample", Lines: []string{"1 High Street"}, Country: "IE"}, "", ""},
		{"in any script", kyc.MethodPostal, "山田 花子", "千代田区１丁目", "JP",
			kyc.Address{Method: kyc.MethodPostal, Name: "山田 花子", Lines: []string{"千代田区１丁目"}, Country: "JP"}, "", ""},

		{"no name", kyc.MethodPostalCH, "", "Bahnhofstrasse 1\n8000 Zürich", "", kyc.Address{}, kyc.FieldName, kyc.AddressMissing},
		{"a name without letters", kyc.MethodPostalCH, "--- 1", "Bahnhofstrasse 1\n8000 Zürich", "", kyc.Address{}, kyc.FieldName, kyc.AddressMalformed},
		{"a name of two lines", kyc.MethodPostalCH, "Anna\nMuster", "Bahnhofstrasse 1\n8000 Zürich", "", kyc.Address{}, kyc.FieldName, kyc.AddressMalformed},
		{"a long name", kyc.MethodPostalCH, strings.Repeat("ä", 61), "Bahnhofstrasse 1\n8000 Zürich", "", kyc.Address{}, kyc.FieldName, kyc.AddressTooLong},
		{"a name with an escape", kyc.MethodPostalCH, "Anna\x1b[2J", "Bahnhofstrasse 1\n8000 Zürich", "", kyc.Address{}, kyc.FieldName, kyc.AddressMalformed},
		{"a name written backwards", kyc.MethodPostalCH, "\u202eretsuM", "Bahnhofstrasse 1\n8000 Zürich", "", kyc.Address{}, kyc.FieldName, kyc.AddressMalformed},
		{"no lines", kyc.MethodPostalCH, "Anna Muster", " \n ", "", kyc.Address{}, kyc.FieldLines, kyc.AddressMissing},
		{"a NUL in a line", kyc.MethodPostalCH, "Anna Muster", "Bahnhof\x00strasse\n8000 Zürich", "", kyc.Address{}, kyc.FieldLines, kyc.AddressMalformed},
		{"six lines", kyc.MethodPostalCH, "Anna Muster", "a\nb\nc\nd\ne\n8000 Zürich", "", kyc.Address{}, kyc.FieldLines, kyc.AddressTooLong},
		{"a long line", kyc.MethodPostalCH, "Anna Muster", strings.Repeat("a", 61) + "\n8000 Zürich", "", kyc.Address{}, kyc.FieldLines, kyc.AddressTooLong},
		{"a town that grows too long", kyc.MethodPostalCH, "Anna Muster", "a\n8000" + strings.Repeat("a", 56), "", kyc.Address{}, kyc.FieldLines, kyc.AddressMalformed},
		{"one line in Switzerland", kyc.MethodPostalCH, "Anna Muster", "8000 Zürich", "", kyc.Address{}, kyc.FieldLines, kyc.AddressMalformed},
		{"no post code in Switzerland", kyc.MethodPostalCH, "Anna Muster", "Bahnhofstrasse 1\nZürich", "", kyc.Address{}, kyc.FieldLines, kyc.AddressMalformed},
		{"a post code below 1000", kyc.MethodPostalCH, "Anna Muster", "Bahnhofstrasse 1\n0800 Zürich", "", kyc.Address{}, kyc.FieldLines, kyc.AddressMalformed},
		{"Liechtenstein's first post code", kyc.MethodPostalCH, "Anna Muster", "Weg 1\n9485 Nendeln", "", kyc.Address{}, kyc.FieldLines, kyc.AddressMalformed},
		{"Liechtenstein's last post code", kyc.MethodPostalCH, "Anna Muster", "Weg 1\n9498 Planken", "", kyc.Address{}, kyc.FieldLines, kyc.AddressMalformed},
		{"Liechtenstein as Switzerland", kyc.MethodPostal, "Anna Muster", "Weg 1\nCH-9490 Vaduz", "CH", kyc.Address{}, kyc.FieldLines, kyc.AddressMalformed},
		{"nothing but the country", kyc.MethodPostalCH, "Anna Muster", "Schweiz", "", kyc.Address{}, kyc.FieldLines, kyc.AddressMalformed},
		{"the country twice", kyc.MethodPostalCH, "Anna Muster", "Weg 1\n8000 Zürich\nCH\nCH", "", kyc.Address{}, kyc.FieldLines, kyc.AddressMalformed},
		{"Switzerland by the other method", kyc.MethodPostal, "Anna Muster", "Bahnhofstrasse 1\nZürich", "CH", kyc.Address{}, kyc.FieldLines, kyc.AddressMalformed},
		{"no country", kyc.MethodPostal, "Ann Sample", "1 High Street", "", kyc.Address{}, kyc.FieldCountry, kyc.AddressMissing},
		{"a country of three letters", kyc.MethodPostal, "Ann Sample", "1 High Street", "IRL", kyc.Address{}, kyc.FieldCountry, kyc.AddressMalformed},
		{"a country's name", kyc.MethodPostal, "Ann Sample", "1 High Street", "Ireland", kyc.Address{}, kyc.FieldCountry, kyc.AddressMalformed},
		{"a code of no country", kyc.MethodPostal, "Ann Sample", "1 High Street", "ZZ", kyc.Address{}, kyc.FieldCountry, kyc.AddressMalformed},
		{"a code that is usual but wrong", kyc.MethodPostal, "Ann Sample", "1 High Street", "UK", kyc.Address{}, kyc.FieldCountry, kyc.AddressMalformed},
		{"a country that is no more", kyc.MethodPostal, "Ann Sample", "1 High Street", "YU", kyc.Address{}, kyc.FieldCountry, kyc.AddressMalformed},
		{"lines without letters", kyc.MethodPostal, "Ann Sample", "123\n;", "IE", kyc.Address{}, kyc.FieldLines, kyc.AddressMalformed},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			fields := map[string]string{kyc.FieldName: r.person, kyc.FieldLines: r.typed, kyc.FieldCountry: r.where}
			a, err := Reader{}.Read(r.method, fields)
			if r.fault != "" {
				wantFault(t, err, r.field, r.fault, r.person, r.typed)
				return
			}
			if diff := cmp.Diff(r.want, a); err != nil || diff != "" {
				t.Errorf("error %v, difference:\n%s", err, diff)
			}
		})
	}
}

func TestReadTakesAddressMethodsAlone(t *testing.T) {
	t.Parallel()
	for _, m := range []kyc.Method{kyc.MethodOpen, kyc.MethodSwiyu, kyc.MethodAccount, "fax"} {
		var fault *kyc.AddressError
		if _, err := (Reader{}).Read(m, map[string]string{kyc.FieldEmail: "a@example.org"}); err == nil || errors.As(err, &fault) {
			t.Errorf("method %q: error %v, want one about the method", m, err)
		}
	}
}

// The list that systems come with has all of ISO 3166-1, and nothing else.
func TestCountriesAreThoseOfTheStandard(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("/usr/share/zoneinfo/iso3166.tab")
	if err != nil {
		t.Skip("this machine has no list of countries")
	}
	official := map[string]bool{"XK": true}
	for line := range strings.Lines(string(table)) {
		if code, _, ok := strings.Cut(line, "\t"); ok && !strings.HasPrefix(code, "#") {
			official[code] = true
		}
	}
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string(a) + string(b)
			if _, fault := readCountry(code); (fault == "") != official[code] {
				t.Errorf("%s: fault %q, in the standard: %t", code, fault, official[code])
			}
		}
	}
}

// What is read reads as itself, and nothing in it can steer a mail or a terminal.
func checkAddress(t interface{ Fatalf(string, ...any) }, m kyc.Method, a kyc.Address) {
	again, err := Reader{}.Read(m, a.Fields())
	if err != nil || !again.Equal(a) {
		t.Fatalf("%+v reads as %+v, %v", a, again, err)
	}
	for field, value := range a.Fields() {
		if field != kyc.FieldLines && strings.ContainsAny(value, "\r\n\x00\x1b") || strings.ContainsAny(value, "\r\x00\x1b") {
			t.Fatalf("%s is %q", field, value)
		}
	}
	if a.Method == kyc.MethodEmail && (strings.Count(a.Email, "@") != 1 || strings.ContainsAny(a.Email, " \t<>,;:\"()[]\\")) {
		t.Fatalf("e-mail is %q", a.Email)
	}
	if a.Method == kyc.MethodPhone && (a.Phone[0] != '+' || strings.Trim(a.Phone[1:], "0123456789") != "" || len(a.Phone) > 16) {
		t.Fatalf("phone is %q", a.Phone)
	}
	if a.Method.Post() && (len(a.Lines) == 0 || len(a.Lines) > maxLines || len(a.Country) != 2) {
		t.Fatalf("address is %+v", a)
	}
}

func TestReadReadsWhatItReturned(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.StringMatching(`[ \t]{0,2}[A-Za-zäöüéß0-9 '.,/;$()\-]{1,30}[ ]{0,2}`)
		m := rapid.SampledFrom(kyc.AddressMethods).Draw(t, "method")
		fields := map[string]string{
			kyc.FieldEmail:   rapid.StringMatching(`[A-Za-z0-9.+_\-]{1,10}@[A-Za-zäöü0-9\-]{1,10}\.(ch|org|例え)`).Draw(t, "email"),
			kyc.FieldPhone:   rapid.StringMatching(`(0|\+41|0041)[ ]?(79|78|44)[ .\-/]?[0-9]{3}[ ]?[0-9]{2}[ ]?[0-9]{2}`).Draw(t, "phone"),
			kyc.FieldName:    line.Draw(t, "name"),
			kyc.FieldLines:   line.Draw(t, "first") + "\r\n" + line.Draw(t, "second") + "\nCH-8000  " + line.Draw(t, "town"),
			kyc.FieldCountry: rapid.SampledFrom([]string{"ch", "DE", " it "}).Draw(t, "country"),
		}
		a, err := Reader{}.Read(m, fields)
		var fault *kyc.AddressError
		switch {
		case errors.As(err, &fault):
		case err != nil:
			t.Fatalf("error is %v", err)
		default:
			checkAddress(t, m, a)
		}
	})
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"a@bücher.example", "079 123 45 67", "a@b\nBcc: z@c.d", "０７９", "\u202e", "CH-8000 Zürich", "a@xn--80ak6aa92e.com"} {
		f.Add(uint8(0), s, "Bahnhofstrasse 1\n8000 Zürich", "ch")
		f.Add(uint8(1), s, s, "")
		f.Add(uint8(2), "Anna Muster", s+"\n"+s, "DE")
		f.Add(uint8(3), s, "Weg 1\r\n"+s, s)
	}
	f.Fuzz(func(t *testing.T, which uint8, first, lines, country string) {
		m := kyc.AddressMethods[int(which)%len(kyc.AddressMethods)]
		fields := map[string]string{kyc.FieldLines: lines, kyc.FieldCountry: country}
		fields[m.Fields()[0]] = first
		a, err := Reader{}.Read(m, fields)
		if err != nil {
			if fault := (*kyc.AddressError)(nil); !errors.As(err, &fault) {
				t.Fatalf("error is %v", err)
			}
			return
		}
		checkAddress(t, m, a)
	})
}
