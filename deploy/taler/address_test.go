package taler

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The converters for addresses.
const (
	emailConverter  = "vouchgate-email-converter"
	phoneConverter  = "vouchgate-phone-converter"
	postalConverter = "vouchgate-postal-converter"
)

// object is a JSON object.
type object = map[string]any

// The answers of /info that vouchgate gives for each address type.
func emailInfo() object {
	return object{
		"id": 4503599627370495, "sub": "u7", "scope": "email", "method": "email", "address_type": "email",
		"address": object{"CONTACT_EMAIL": "anna@example.org"}, "expires": object{"t_s": inOneHour()},
		"email": "anna@example.org", "email_verified": true,
		"verified_at": "2026-11-22T12:00:00Z", "expires_at": "2026-11-22T13:00:00Z",
	}
}

func phoneInfo() object {
	return object{
		"id": 4503599627370496, "sub": "u7", "scope": "phone", "method": "phone", "address_type": "phone",
		"address": object{"CONTACT_PHONE": "+41791234567"}, "expires": object{"t_s": inOneHour()},
		"phone_number": "+41791234567", "phone_number_verified": true,
		"verified_at": "2026-11-22T12:00:00Z", "expires_at": "2026-11-22T13:00:00Z",
	}
}

func postalInfo(addressType string) object {
	return object{
		"id": 4503599627370497, "sub": "u7", "scope": "address", "method": addressType, "address_type": addressType,
		"address": object{
			"CONTACT_NAME": "Anna Muster", "ADDRESS_LINES": "Musterweg 1\n8000 Zürich", "ADDRESS_COUNTRY": "CH",
			"formatted": "Musterweg 1\n8000 Zürich", "country": "CH",
			"street_address": "Musterweg 1", "postal_code": "8000", "locality": "Zürich",
		},
		"expires": object{"t_s": inOneHour()}, "verified_at": "2026-11-22T12:00:00Z", "expires_at": "2026-11-22T13:00:00Z",
	}
}

// challenger is the answer of a Challenger, which has four members and no more.
func challenger(addressType string, address any) object {
	return object{"id": 7, "address": address, "address_type": addressType, "expires": object{"t_s": inOneHour()}}
}

func inOneHour() int64 { return time.Now().Add(time.Hour).Unix() }

// with returns an answer with one member changed; nil takes it away.
func with(info object, name string, value any) object {
	info[name] = value
	if value == nil {
		delete(info, name)
	}
	return info
}

// withField returns an answer with one field of its address changed; nil takes it
// away.
func withField(info object, name string, value any) object {
	with(info["address"].(object), name, value)
	return info
}

func encode(t *testing.T, info any) string {
	t.Helper()
	b, err := json.Marshal(info)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAddressConverters(t *testing.T) {
	t.Parallel()
	type attributes = map[string]string
	anna := attributes{"id": "7", "CONTACT_EMAIL": "anna@example.org"}
	home := attributes{"id": "7", "CONTACT_NAME": "Anna Muster", "ADDRESS_LINES": "Musterweg 1\n8000 Zürich", "ADDRESS_COUNTRY": "CH"}
	lines := func(lines string) object { return object{"CONTACT_NAME": "Anna Muster", "ADDRESS_LINES": lines} }
	abroad := object{"CONTACT_NAME": "Anna Muster", "ADDRESS_LINES": "Beispielgasse 1\n1010 Wien", "ADDRESS_COUNTRY": "AT"}
	for _, test := range []struct {
		name, script, names string
		info                object
		want                attributes
	}{
		{"an e-mail address", emailConverter, "", emailInfo(),
			attributes{"id": "4503599627370495", "CONTACT_EMAIL": "anna@example.org"}},
		{"an e-mail address under the current name", emailConverter, "current", emailInfo(),
			attributes{"id": "4503599627370495", "CONTACT_EMAIL": "anna@example.org"}},
		{"an e-mail address under both names", emailConverter, "both", emailInfo(),
			attributes{"id": "4503599627370495", "CONTACT_EMAIL": "anna@example.org", "email": "anna@example.org"}},
		{"an e-mail address of Challenger", emailConverter, "", challenger("email", object{"CONTACT_EMAIL": "anna@example.org"}), anna},
		{"an e-mail address of an old Challenger", emailConverter, "", challenger("email", "anna@example.org"), anna},
		{"an end with its old name", emailConverter, "",
			with(with(challenger("email", "anna@example.org"), "expires", nil), "address_expiration", object{"t_s": inOneHour()}), anna},
		{"no end", emailConverter, "", with(challenger("email", "anna@example.org"), "expires", object{"t_s": "never"}), anna},
		{"an id that is a text", emailConverter, "", with(challenger("email", "anna@example.org"), "id", "019aa3d1-x"),
			attributes{"id": "019aa3d1-x", "CONTACT_EMAIL": "anna@example.org"}},
		{"the largest id", emailConverter, "", with(challenger("email", "anna@example.org"), "id", 1<<53-1),
			attributes{"id": "9007199254740991", "CONTACT_EMAIL": "anna@example.org"}},
		{"a domain in Unicode and a tag", emailConverter, "", challenger("email", " o'neil+$(id)@exämple.org\n"),
			attributes{"id": "7", "CONTACT_EMAIL": "o'neil+$(id)@exämple.org"}},
		{"a phone number", phoneConverter, "", phoneInfo(), attributes{"id": "4503599627370496", "CONTACT_PHONE": "+41791234567"}},
		{"a phone number under both names", phoneConverter, "both", phoneInfo(),
			attributes{"id": "4503599627370496", "CONTACT_PHONE": "+41791234567", "phone": "+41791234567"}},
		{"a phone number of Challenger, as it was typed", phoneConverter, "", challenger("phone", object{"CONTACT_PHONE": "+41 (79) 123-45.67"}),
			attributes{"id": "7", "CONTACT_PHONE": "+41791234567"}},
		{"a phone number of an old Challenger", phoneConverter, "", challenger("phone", "0791234567"),
			attributes{"id": "7", "CONTACT_PHONE": "0791234567"}},
		{"a postal address", postalConverter, "", with(postalInfo("postal"), "id", 7), home},
		{"a postal address in Switzerland", postalConverter, "", with(postalInfo("postal-ch"), "id", 7), home},
		{"a postal address under both names", postalConverter, "both", postalInfo("postal"), attributes{
			"id": "4503599627370497", "CONTACT_NAME": "Anna Muster", "ADDRESS_LINES": "Musterweg 1\n8000 Zürich", "ADDRESS_COUNTRY": "CH",
			"street": "Musterweg 1", "city": "CH-8000 Zürich"}},
		{"a postal address of Challenger without country", postalConverter, "", challenger("postal-ch", lines("Musterweg 1\n8000 Zürich")), home},
		{"line breaks of Windows, spaces and empty lines", postalConverter, "",
			challenger("postal-ch", lines(" Musterweg 1 \r\n\r\n8000 Zürich\r\n")), home},
		{"a street of two lines under both names", postalConverter, "both", challenger("postal-ch", lines("Haus \"B\"\nMusterweg 1\n8000 Zürich")), attributes{
			"id": "7", "CONTACT_NAME": "Anna Muster", "ADDRESS_LINES": "Haus \"B\"\nMusterweg 1\n8000 Zürich", "ADDRESS_COUNTRY": "CH",
			"street": "Haus \"B\", Musterweg 1", "city": "CH-8000 Zürich"}},
		{"a town alone, which has no older names", postalConverter, "both", challenger("postal-ch", lines("8000 Zürich")),
			attributes{"id": "7", "CONTACT_NAME": "Anna Muster", "ADDRESS_LINES": "8000 Zürich", "ADDRESS_COUNTRY": "CH"}},
		{"an address abroad, which has no older names", postalConverter, "both", challenger("postal", abroad),
			attributes{"id": "7", "CONTACT_NAME": "Anna Muster", "ADDRESS_LINES": "Beispielgasse 1\n1010 Wien", "ADDRESS_COUNTRY": "AT"}},
		{"a country in small letters", postalConverter, "", withField(with(postalInfo("postal"), "id", 7), "ADDRESS_COUNTRY", "ch"), home},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, exit := run(t, test.script, test.names, encode(t, test.info))
			if exit != 0 || stderr != "" {
				t.Fatalf("exit code %d, standard error %q", exit, stderr)
			}
			var got attributes
			if err := json.Unmarshal([]byte(stdout), &got); err != nil {
				t.Fatalf("output %q is not one JSON object of texts: %v", stdout, err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("attributes (-want +got):\n%s", diff)
			}
		})
	}
}

// addressSchemes are one good answer for each converter, made anew each time.
var addressSchemes = map[string]func() object{
	emailConverter: emailInfo, phoneConverter: phoneInfo, postalConverter: func() object { return postalInfo("postal") },
}

// TestAddressConvertersRefuse is about what they all refuse.
func TestAddressConvertersRefuse(t *testing.T) {
	t.Parallel()
	for script, good := range addressSchemes {
		whole := encode(t, good())
		change := func(name string, value any) string { return encode(t, with(good(), name, value)) }
		called := func(addressType any) string { // as Challenger has it, with no method
			return encode(t, with(with(good(), "method", nil), "address_type", addressType))
		}
		inputs := map[string]string{
			"nothing":                          "",
			"no JSON":                          "<html>",
			"half an object":                   whole[:len(whole)/2],
			"two objects":                      whole + whole,
			"an object and rubbish":            whole + "}",
			"a list":                           "[" + whole + "]",
			"a text":                           `"anna@example.org"`,
			"null":                             "null",
			"an empty object":                  "{}",
			"an error of OAuth":                `{"error":"invalid_token","error_description":"the token has ended"}`,
			"no id":                            change("id", nil),
			"an empty id":                      change("id", " "),
			"an id below one":                  change("id", 0),
			"a negative id":                    change("id", -7),
			"an id with a fraction":            change("id", 7.5),
			"an id beyond what jq can count":   change("id", 1<<53+1),
			"an id that is not a number":       strings.Replace(whole, `"id":45035996273704`, `"id":nan,"x":45035996273704`, 1),
			"a list as id":                     change("id", []int{7}),
			"no address type":                  called(nil),
			"an unknown address type":          called("fax"),
			"an address type in capitals":      called(strings.ToUpper(good()["address_type"].(string))),
			"a list of address types":          called([]any{good()["address_type"]}),
			"the address type of the e-ID":     called("swiyu"),
			"another method":                   change("method", "account"),
			"no end":                           change("expires", nil),
			"an end without time":              change("expires", object{}),
			"an end in words":                  change("expires", object{"t_s": "forever"}),
			"an end that is a date":            change("expires", "2099-01-01T00:00:00Z"),
			"an end that is a bare number":     change("expires", inOneHour()),
			"an end long ago":                  change("expires", object{"t_s": 0}),
			"an end a second ago":              change("expires", object{"t_s": time.Now().Unix() - 1}),
			"a false end and no other":         change("expires", false),
			"no address":                       change("address", nil),
			"an empty address":                 change("address", object{}),
			"an empty text as address":         change("address", ""),
			"a list as address":                change("address", []any{good()["address"]}),
			"a number as address":              change("address", 41791234567),
			"an address in an address":         change("address", object{"address": good()["address"]}),
			"the answer of the e-ID":           `{"id":"s-1","sub":"s-1","method":"swiyu","given_name":"Anna","family_name":"Muster"}`,
			"the answer of an account":         `{"id":"s-1","sub":"s-1","method":"account","email":"anna@example.org","email_verified":true}`,
			"objects within objects, too deep": strings.Repeat(`{"a":`, 20_000),
		}
		for other, answer := range addressSchemes {
			if other != script {
				inputs["the answer for "+other] = encode(t, answer())
			}
		}
		for name, input := range inputs {
			t.Run(script+"/"+name, func(t *testing.T) {
				t.Parallel()
				refuses(t, script, input)
			})
		}
	}
}

func TestAddressConvertersRefuseAddresses(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		script, field string
		good          func() object
		values        map[string]any
	}{
		{emailConverter, "CONTACT_EMAIL", emailInfo, map[string]any{
			"missing": nil, "empty": " ", "a number": 7, "a list": []string{"anna@example.org"}, "an object": object{"anna": 1},
			"without at sign": "anna.example.org", "without name": "@example.org", "without domain": "anna@",
			"with two at signs": "anna@anna@example.org", "two addresses": "anna@example.org,anna@example.com",
			"with a display name": "Anna <anna@example.org>", "in angle brackets": "<anna@example.org>", "with half a bracket": "<anna@example.org",
			"with a line break": "anna@example.org\nBcc: muster@example.org", "with a NUL": "anna\x00@example.org",
			"with bytes that were no text": "anna\ufffd@example.org", "with a space of another kind": "anna\u2003@example.org"}},
		{phoneConverter, "CONTACT_PHONE", phoneInfo, map[string]any{
			"missing": nil, "empty": "", "a number": 41791234567, "a list": []string{"+41791234567"},
			"with letters": "+41 79 MUSTER", "too short": "+411", "too long": "+4179123456701234", "signs only": "+ ( ) -",
			"with a plus sign within": "41+791234567", "with two plus signs": "++41791234567", "with an extension": "+41791234567;ext=7",
			"two numbers": "+41791234567, +41791234568", "with a line break": "+4179\n1234567", "in full-width digits": "+４１７９１２３４５６７"}},
		{postalConverter, "CONTACT_NAME", addressSchemes[postalConverter], map[string]any{
			"missing": nil, "empty": "  ", "a number": 7, "with a line break": "Anna\nMuster", "with an escape": "Anna\x1b[2J"}},
		{postalConverter, "ADDRESS_LINES", addressSchemes[postalConverter], map[string]any{
			"missing": nil, "empty": "", "empty lines only": " \n\r\n", "a list": []string{"Musterweg 1", "8000 Zürich"},
			"with a tab": "Musterweg\t1\n8000 Zürich", "with old line breaks": "Musterweg 1\r8000 Zürich", "with a delete": "Musterweg\x7f 1"}},
		{postalConverter, "ADDRESS_COUNTRY", addressSchemes[postalConverter], map[string]any{
			"missing": nil, "empty": "", "a number": 41, "in words": "Schweiz", "of three letters": "CHE", "of one letter": "C",
			"of digits": "41", "two": "CH,DE", "in other letters": "ЅÜ"}},
		{postalConverter, "ADDRESS_COUNTRY", func() object { return postalInfo("postal-ch") }, map[string]any{
			"another than postal-ch has": "DE", "empty in postal-ch": ""}},
	} {
		for name, value := range one.values {
			t.Run(one.field+" "+name, func(t *testing.T) {
				t.Parallel()
				refuses(t, one.script, encode(t, withField(one.good(), one.field, value)))
			})
		}
	}
}

// refuses checks that a converter ends with an error that repeats nothing of what it
// read.
func refuses(t *testing.T, script, input string) {
	t.Helper()
	stdout, stderr, exit := run(t, script, "both", input)
	if exit == 0 || stdout != "" || stderr == "" {
		t.Errorf("exit code %d, output %q, standard error %q; want an error and no output", exit, stdout, stderr)
	}
	for _, word := range []string{"anna", "muster", "example.org", "4179", "79", "8000", "rich", "schweiz", "45035996", "\x1b"} {
		if strings.Contains(strings.ToLower(stderr), word) {
			t.Errorf("standard error holds %q of the input: %q", word, stderr)
		}
	}
}

func TestAddressConvertersListTheirOutputs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ script, names, want string }{
		{emailConverter, "", "id CONTACT_EMAIL"},
		{emailConverter, "both", "id CONTACT_EMAIL email"},
		{phoneConverter, "", "id CONTACT_PHONE"},
		{phoneConverter, "both", "id CONTACT_PHONE phone"},
		{postalConverter, "current", "id CONTACT_NAME ADDRESS_LINES ADDRESS_COUNTRY"},
		{postalConverter, "both", "id CONTACT_NAME ADDRESS_LINES ADDRESS_COUNTRY street city"},
	} {
		t.Run(fmt.Sprintf("%s with %q", test.script, test.names), func(t *testing.T) {
			t.Parallel()
			stdout, stderr, exit := run(t, test.script, test.names, "", "-o")
			if got := strings.Join(strings.Fields(stdout), " "); exit != 0 || stderr != "" || got != test.want {
				t.Errorf("exit code %d, standard error %q, output %q, want %q", exit, stderr, got, test.want)
			}
		})
	}
}

func TestAddressConvertersRefuseSettings(t *testing.T) {
	t.Parallel()
	for script, good := range addressSchemes {
		if stdout, _, exit := run(t, script, "", encode(t, good()), "--unknown"); exit != 2 || stdout != "" {
			t.Errorf("%s: exit code %d, output %q for an unknown option, want 2 and none", script, exit, stdout)
		}
		stdout, stderr, exit := run(t, script, "older", encode(t, good()))
		if exit != 2 || stdout != "" || !strings.Contains(stderr, "VOUCHGATE_TALER_NAMES") {
			t.Errorf("%s: exit code %d, output %q, standard error %q for unknown names", script, exit, stdout, stderr)
		}
	}
}

// Each converter is installed alone, so what they have in common stands in each of
// them. It must stay the same.
func TestAddressConvertersShareTheirRules(t *testing.T) {
	t.Parallel()
	const first, last = "# Texts lose", "def only"
	want := ""
	for script := range addressSchemes {
		b, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, begins := strings.Cut(string(b), first)
		rules, _, ends := strings.Cut(rest, last)
		if !begins || !ends {
			t.Fatalf("%s has no part between %q and %q", script, first, last)
		}
		if want == "" {
			want = rules
		}
		if diff := cmp.Diff(want, rules); diff != "" {
			t.Errorf("%s is not as the others (-others +this one):\n%s", script, diff)
		}
	}
}
