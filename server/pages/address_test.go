package pages

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
)

func drawAddress(t testing.TB, a AddressPage) string {
	t.Helper()
	page, err := newPages(t).Address(a)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// controls lists what the form of the address sends: name to attributes, with the
// text of an entry as text and the choice of a list as value.
func controls(t testing.TB, page string) map[string]map[string]string {
	t.Helper()
	all := readPage(t, page)
	found := make(map[string]map[string]string)
	for _, e := range named(all, "input", "select", "textarea") {
		if e.attr["name"] == "" || e.attr["name"] == "csrf" {
			continue
		}
		found[e.attr["name"]] = e.attr
		switch e.name {
		case "textarea":
			e.attr["text"] = e.text
		case "select":
			for _, o := range named(all, "option") {
				if o.inside(e) && o.attr["selected"] != "" {
					e.attr["value"] = o.attr["value"]
				}
			}
		}
	}
	return found
}

func TestAddressAsksInAWayThatBrowsersFillIn(t *testing.T) {
	t.Parallel()
	common := map[string]string{"autocorrect": "off", "spellcheck": "false", "required": "required"}
	field := func(name string, others map[string]string) map[string]string {
		f := maps.Clone(common)
		f["id"], f["name"] = name, name
		maps.Copy(f, others)
		return f
	}
	name := field(kyc.FieldName, map[string]string{"type": "text", "value": "", "autocomplete": "name", "autocapitalize": "words"})
	lines := field(kyc.FieldLines, map[string]string{
		"rows": "3", "text": "", "autocomplete": "street-address", "aria-describedby": "ADDRESS_LINES-hint",
	})
	want := map[kyc.Method]map[string]map[string]string{
		kyc.MethodEmail: {kyc.FieldEmail: field(kyc.FieldEmail, map[string]string{
			"type": "email", "inputmode": "email", "value": "", "autocomplete": "email", "autocapitalize": "none",
		})},
		kyc.MethodPhone: {kyc.FieldPhone: field(kyc.FieldPhone, map[string]string{
			"type": "tel", "inputmode": "tel", "value": "", "autocomplete": "tel", "autocapitalize": "none",
			"aria-describedby": "CONTACT_PHONE-hint",
		})},
		kyc.MethodPostal: {
			kyc.FieldName: name, kyc.FieldLines: lines,
			kyc.FieldCountry: field(kyc.FieldCountry, map[string]string{"autocomplete": "country"}),
		},
		kyc.MethodPostalCH: {kyc.FieldName: name, kyc.FieldLines: lines},
	}
	for _, m := range kyc.AddressMethods {
		if diff := cmp.Diff(want[m], controls(t, drawAddress(t, sampleAddress(English, m)))); diff != "" {
			t.Errorf("fields of %s (-want +got):\n%s", m, diff)
		}
	}
}

func TestAddressKeepsTheLastTry(t *testing.T) {
	t.Parallel()
	for _, m := range kyc.AddressMethods {
		a := sampleAddress(Italian, m)
		a.Values = sampleAddresses[m].Fields()
		got := map[string]string{}
		for name, attr := range controls(t, drawAddress(t, a)) {
			got[name] = attr["value"] + attr["text"]
		}
		if diff := cmp.Diff(a.Values, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", m, diff)
		}
	}
}

func TestAddressThatIsFixedIsSentAsItIs(t *testing.T) {
	t.Parallel()
	for _, m := range kyc.AddressMethods {
		a := sampleAddress(English, m)
		a.Values, a.Fixed, a.BackPath = sampleAddresses[m].Fields(), true, "/session/01/pin"
		page := drawAddress(t, a)
		got := map[string]string{}
		for name, attr := range controls(t, page) {
			got[name] = attr["value"] + attr["text"]
			if attr["readonly"] == "" && attr["type"] != "hidden" {
				t.Errorf("%s of %s can be changed", name, m)
			}
		}
		if diff := cmp.Diff(a.Values, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", m, diff)
		}
		text := words(t, page)
		set := map[bool]string{true: "Example Bank has set this number.", false: "Example Bank has set this address."}[m == kyc.MethodPhone]
		if !strings.Contains(text, set) || strings.Contains(text, "You can try") {
			t.Errorf("page of %s says %q", m, text)
		}
		if m == kyc.MethodPostal && !strings.Contains(page, `value="Germany" readonly="readonly"`) {
			t.Error("the country is not shown by its name")
		}
	}
}

func TestAddressTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	for _, lang := range Languages {
		said := make(map[string]string) // by what is wrong
		for _, m := range kyc.AddressMethods {
			for _, field := range m.Fields() {
				for _, fault := range []kyc.AddressFault{kyc.AddressMissing, kyc.AddressMalformed, kyc.AddressTooLong, kyc.AddressNotAllowed} {
					a := sampleAddress(lang, m)
					a.Fault = &kyc.AddressError{Field: field, Fault: fault}
					page, err := p.Address(a)
					if err != nil {
						t.Fatal(err)
					}
					said[field+" "+string(fault)] = faultOf(t, string(page), field)
				}
			}
		}
		for what, text := range said {
			if field, fault, _ := strings.Cut(what, " "); fault == string(kyc.AddressMissing) && text == said[field+" not_allowed"] {
				t.Errorf("%s says the same for a missing and a refused %s: %q", lang, field, text)
			}
		}
	}
}

// faultOf asserts that a page points at one field, and returns what is said beside
// it.
func faultOf(t *testing.T, page, field string) (text string) {
	t.Helper()
	all := readPage(t, page)
	title := named(all, "title")[0].text
	alerts := 0
	for _, e := range all {
		if e.attr["role"] == "alert" {
			alerts++
		}
		if e.attr["id"] == field+"-fault" {
			text = strings.TrimSpace(e.text)
		}
		invalid := e.attr["aria-invalid"] == "true"
		if at := e.attr["id"] == field; invalid != at || (e.attr["autofocus"] != "") != at {
			t.Errorf("with a fault of %s, <%s id=%q> is invalid: %v, has the focus: %q", field, e.name, e.attr["id"], invalid, e.attr["autofocus"])
		}
		if e.attr["id"] == field && !slices.Contains(strings.Fields(e.attr["aria-describedby"]), field+"-fault") {
			t.Errorf("%s is described by %q", field, e.attr["aria-describedby"])
		}
	}
	if alerts != 1 || text == "" || !slices.Contains(ways(t, page), "#"+field) || strings.Contains(title, "Your") {
		t.Errorf("fault of %s: %d alerts, %q beside it, title %q, ways %v", field, alerts, text, title, ways(t, page))
	}
	return text
}

func TestAddressShowsTheHintsOfTheClient(t *testing.T) {
	t.Parallel()
	hint := func(a AddressPage, field string) string {
		for _, e := range readPage(t, drawAddress(t, a)) {
			if e.attr["id"] == field+"-hint" {
				return strings.Join(strings.Fields(e.text), " ")
			}
		}
		return ""
	}
	with := func(m kyc.Method, field string) AddressPage {
		a := sampleAddress(English, m)
		a.Hints, a.AddressHint = map[string]string{field: "As we know it."}, "x <y>"
		return a
	}
	tests := []struct {
		name  string
		page  AddressPage
		field string
		want  string
	}{
		{"an e-mail address has none of ours", with(kyc.MethodEmail, kyc.FieldEmail), kyc.FieldEmail, "As we know it. Example: x <y>"},
		{"a phone number has ours as well", with(kyc.MethodPhone, kyc.FieldPhone), kyc.FieldPhone,
			"As we know it. A number from abroad needs its country code, such as +49. Example: x <y>"},
		{"the example stands at the lines", with(kyc.MethodPostalCH, kyc.FieldName), kyc.FieldLines,
			"Street and number first, post code and town in the last line. Example: x <y>"},
		{"and not at the name", with(kyc.MethodPostal, kyc.FieldName), kyc.FieldName, "As we know it."},
		{"a country has one if the client gives it", with(kyc.MethodPostal, kyc.FieldCountry), kyc.FieldCountry, "As we know it."},
		{"a field without a hint", sampleAddress(English, kyc.MethodPostal), kyc.FieldName, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := hint(tt.page, tt.field); got != tt.want {
				t.Errorf("hint is %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAddressSaysWhatIsLeft(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*AddressPage)
		says   string
		not    string
		ways   []string
	}{
		{"nothing on the first visit", func(*AddressPage) {}, "Send the code", "more address",
			[]string{"/session/01/address", "/session/01/cancel"}},
		{"who comes back may change it", func(a *AddressPage) {
			a.ChangesLeft, a.BackPath, a.OtherPath = 2, "/session/01/pin", "/session/01/choose"
		},
			"You can try 2 more addresses.", "last address",
			[]string{"/session/01/address", "/session/01/pin", "/session/01/choose", "/session/01/cancel"}},
		{"the last one", func(a *AddressPage) { a.ChangesLeft = 1 }, "This is the last address that you can try.", "more address",
			[]string{"/session/01/address", "/session/01/cancel"}},
		{"too many messages leave the form", func(a *AddressPage) { a.Limit = AddressLimited }, "Please try again later.",
			"Example Bank has", []string{"/session/01/address", "/session/01/cancel"}},
		{"too many addresses do not", func(a *AddressPage) { a.Limit, a.ChangesLeft, a.BackPath = AddressNoneLeft, 0, "/session/01/pin" },
			"You have tried as many addresses as you may for this request.", "Send the code",
			[]string{"/session/01/pin", "/session/01/cancel"}},
		{"a number is called one", func(a *AddressPage) { a.Method, a.ChangesLeft = kyc.MethodPhone, 1 },
			"This is the last number that you can try.", "address", []string{"/session/01/address", "/session/01/cancel"}},
		{"no way to cancel", func(a *AddressPage) { a.CancelPath = "" }, "Send the code", "Cancel", []string{"/session/01/address"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := sampleAddress(English, kyc.MethodEmail)
			tt.change(&a)
			page := drawAddress(t, a)
			if text := words(t, page); !strings.Contains(text, tt.says) || strings.Contains(text, tt.not) {
				t.Errorf("page says %q, want %q and not %q", text, tt.says, tt.not)
			}
			if diff := cmp.Diff(tt.ways, ways(t, page)); diff != "" {
				t.Errorf("ways out (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAddressHasPagesForAddressesOnly(t *testing.T) {
	t.Parallel()
	for _, m := range []kyc.Method{kyc.MethodOpen, kyc.MethodSwiyu, kyc.MethodAccount, "telepathy"} {
		if _, err := newPages(t).Address(sampleAddress(English, m)); err == nil {
			t.Errorf("page for %q was drawn", m)
		}
	}
}

func TestCountriesBeginWithTheNeighbours(t *testing.T) {
	t.Parallel()
	first := map[Lang]string{
		English: "Switzerland, Liechtenstein, Germany, Austria, France, Italy, Afghanistan",
		German:  "Schweiz, Liechtenstein, Deutschland, Österreich, Frankreich, Italien, Afghanistan",
		French:  "Suisse, Liechtenstein, Allemagne, Autriche, France, Italie, Afghanistan",
		Italian: "Svizzera, Liechtenstein, Germania, Austria, Francia, Italia, Afghanistan",
	}
	for _, lang := range Languages {
		all := countries(lang)
		var names []string
		codes := make(map[string]string)
		for _, c := range all {
			if c.Name == "" || len(c.Code) != 2 || codes[c.Code] != "" {
				t.Errorf("%s has %+v, after %q", lang, c, codes[c.Code])
			}
			codes[c.Code] = c.Name
			names = append(names, c.Name)
		}
		if got := strings.Join(names[:7], ", "); got != first[lang] {
			t.Errorf("%s begins with %s, want %s", lang, got, first[lang])
		}
		if len(all) != 250 { // the 249 of ISO 3166-1, and Kosovo
			t.Errorf("%s has %d countries, want 250", lang, len(all))
		}
		for _, code := range []string{"XK", "MK", "SZ", "US", "JP"} {
			if codes[code] == "" {
				t.Errorf("%s lacks %s", lang, code)
			}
		}
	}
	german := countries(German)
	at := func(code string) int { return slices.IndexFunc(german, func(c country) bool { return c.Code == code }) }
	if at("EG") > at("BR") {
		t.Error("Ägypten stands after Brasilien")
	}
}
