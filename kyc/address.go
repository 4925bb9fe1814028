package kyc

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// The names of the fields of an address in GNU Taler's register of form attributes
// (GANA, gnu-taler-form-attributes), by which Challenger's clients know them.
const (
	FieldEmail   = "CONTACT_EMAIL"
	FieldPhone   = "CONTACT_PHONE"
	FieldName    = "CONTACT_NAME"
	FieldLines   = "ADDRESS_LINES" // with line breaks
	FieldCountry = "ADDRESS_COUNTRY"
)

// Fields lists the fields of an address of this method, in the order of a form;
// none for methods that prove no address.
func (m Method) Fields() []string {
	switch m {
	case MethodEmail:
		return []string{FieldEmail}
	case MethodPhone:
		return []string{FieldPhone}
	case MethodPostal:
		return []string{FieldName, FieldLines, FieldCountry}
	case MethodPostalCH:
		return []string{FieldName, FieldLines}
	}
	return nil
}

// Address is where a person says that messages reach them, in its one form: that
// which package verify/address gives it.
type Address struct {
	Method  Method   `json:"method"`
	Email   string   `json:"email,omitempty"`   // the domain in its Unicode form
	Phone   string   `json:"phone,omitempty"`   // E.164
	Name    string   `json:"name,omitempty"`    // whom a letter is for
	Lines   []string `json:"lines,omitempty"`   // below the name, without the country
	Country string   `json:"country,omitempty"` // ISO 3166-1, two letters
}

// Encode returns the address as the bytes that are sealed.
func (a Address) Encode() ([]byte, error) { return json.Marshal(a) }

// DecodeAddress reads what Encode returned.
func DecodeAddress(b []byte) (a Address, err error) {
	err = json.Unmarshal(b, &a)
	return a, err
}

// Equal says whether two addresses are the same in every field.
func (a Address) Equal(b Address) bool {
	return a.Method == b.Method && a.Email == b.Email && a.Phone == b.Phone && a.Name == b.Name &&
		a.Country == b.Country && slices.Equal(a.Lines, b.Lines)
}

// Fields returns the address as the fields of a form.
func (a Address) Fields() map[string]string {
	all := map[string]string{
		FieldEmail: a.Email, FieldPhone: a.Phone, FieldName: a.Name,
		FieldLines: strings.Join(a.Lines, "\n"), FieldCountry: a.Country,
	}
	fields := map[string]string{}
	for _, name := range a.Method.Fields() {
		fields[name] = all[name]
	}
	return fields
}

// Key returns what addresses have in common that reach the same person, so that
// limits cannot be got round by writing one in another way: case, the part of an
// e-mail address from a plus sign on, whom a letter is for, and all but letters and
// digits of its lines do not count.
func (a Address) Key() string {
	switch a.Method {
	case MethodEmail:
		local, domain, _ := strings.Cut(strings.ToLower(a.Email), "@")
		local, _, _ = strings.Cut(local, "+")
		return "email\x00" + local + "@" + domain
	case MethodPhone:
		return "phone\x00" + a.Phone
	}
	plain := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, strings.Join(a.Lines, ""))
	return "postal\x00" + a.Country + "\x00" + plain
}

// Identity returns what names the person of an address: all of it, so that two who
// share a house or a mail provider are never taken for one. Case does not count in a
// mail address, and a postal one is the same in whichever way it was asked for.
func (a Address) Identity() []byte {
	if a.Method == MethodPostalCH {
		a.Method = MethodPostal
	}
	a.Email = strings.ToLower(a.Email)
	b, err := a.Encode()
	if err != nil { // texts always encode
		panic(err)
	}
	return b
}

// Claims returns what is proved when a message to the address has been read, by
// the names of OpenID Connect Core, section 5.1.
func (a Address) Claims() Claims {
	switch a.Method {
	case MethodEmail:
		return Claims{"email": a.Email, "email_verified": true}
	case MethodPhone:
		return Claims{"phone_number": a.Phone, "phone_number_verified": true}
	}
	return Claims{"address": a.claim()}
}

var swissTown = regexp.MustCompile(`^([0-9]{4}) (.+)$`)

// claim is the address claim of OpenID Connect Core, section 5.1.1. Only of
// addresses in countries that write post code and town in a line of their own are
// the parts told apart.
func (a Address) claim() map[string]any {
	claim := map[string]any{"formatted": strings.Join(a.Lines, "\n"), "country": a.Country}
	if len(a.Lines) < 2 || a.Country != "CH" && a.Country != "LI" {
		return claim
	}
	last := len(a.Lines) - 1
	if town := swissTown.FindStringSubmatch(a.Lines[last]); town != nil {
		claim["street_address"] = strings.Join(a.Lines[:last], "\n")
		claim["postal_code"], claim["locality"] = town[1], town[2]
	}
	return claim
}

// AddressFault says in one word what is wrong with a field of an address.
type AddressFault string

// The faults.
const (
	AddressMissing    AddressFault = "missing"     // nothing was entered
	AddressMalformed  AddressFault = "malformed"   // it is not an address
	AddressTooLong    AddressFault = "too_long"    // longer than addresses are, or more lines than a letter has
	AddressNotAllowed AddressFault = "not_allowed" // the client or the gateway does not take such an address
)

// AddressError says which field of an address is at fault. It never carries the
// value.
type AddressError struct {
	Field string // one of Method.Fields
	Fault AddressFault
}

// Error implements error.
func (e *AddressError) Error() string {
	return e.Field + ": " + strings.ReplaceAll(string(e.Fault), "_", " ")
}

// Restriction is what a client asks of a field of an address, in the form of
// Challenger's ADDRESS_RESTRICTIONS.
type Restriction struct {
	Regex    string            `json:"regex"`               // POSIX extended; empty: any value
	Hint     string            `json:"hint,omitempty"`      // for the person, in English
	HintI18N map[string]string `json:"hint_i18n,omitempty"` // by language tag
}

// Restrictions are restrictions by the names of fields. Fields without one take any
// value.
type Restrictions map[string]Restriction

// ErrBadRestriction says that a restriction cannot be kept.
var ErrBadRestriction = errors.New("bad restriction")

// The sizes of the longest expression and hint, in bytes.
const (
	maxRegex = 500
	maxHint  = 300
)

// ParseRestrictions reads restrictions from JSON, as Challenger's configuration has
// them. Errors are ErrBadRestriction with what is wrong.
func ParseRestrictions(b []byte) (Restrictions, error) {
	var r Restrictions
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("%w: it must be a JSON object of objects with regex, hint and hint_i18n", ErrBadRestriction)
	}
	for field, one := range r {
		if !slices.ContainsFunc(AddressMethods, func(m Method) bool { return slices.Contains(m.Fields(), field) }) {
			return nil, fmt.Errorf("%w: %s is not a field of an address", ErrBadRestriction, field)
		}
		if len(one.Regex) > maxRegex || !posix(one.Regex) {
			return nil, fmt.Errorf("%w: the expression for %s is too long or not a POSIX extended one", ErrBadRestriction, field)
		}
		for _, hint := range append([]string{one.Hint}, mapValues(one.HintI18N)...) {
			if len(hint) > maxHint || !cleanText(hint) {
				return nil, fmt.Errorf("%w: a hint for %s is too long or not a line of text", ErrBadRestriction, field)
			}
		}
	}
	return r, nil
}

// posix says whether an expression is a POSIX extended one that matcher understands
// as well.
func posix(expression string) bool {
	_, strict := regexp.CompilePOSIX(expression)
	_, err := matcher(expression)
	return strict == nil && err == nil
}

// matcher compiles an expression so that it sees a value of several lines as POSIX
// does: the ends are those of the value, and a line break is a character like others.
// Go's own reading of POSIX has it the other way round.
func matcher(expression string) (*regexp.Regexp, error) { return regexp.Compile("(?s)" + expression) }

func mapValues(m map[string]string) (values []string) {
	for _, v := range m {
		values = append(values, v)
	}
	return values
}

// Hint returns what a field's restriction tells a person who reads a language, or
// "".
func (r Restrictions) Hint(field, lang string) string {
	if text, ok := r[field].HintI18N[lang]; ok {
		return text
	}
	return r[field].Hint
}

// Check returns an *AddressError for the first field whose restriction an address
// does not keep. An expression matches a part of a value unless it says otherwise.
func (r Restrictions) Check(a Address) error {
	values := a.Fields()
	for _, field := range a.Method.Fields() {
		one, ok := r[field]
		if !ok || one.Regex == "" {
			continue
		}
		form, err := matcher(one.Regex)
		if err != nil || !form.MatchString(values[field]) {
			return &AddressError{field, AddressNotAllowed}
		}
	}
	return nil
}

// AddressHint is the address that a client gave when it set a session up.
type AddressHint struct {
	Address Address `json:"address"`
	Fixed   bool    `json:"fixed,omitempty"` // the person cannot change it
}

// Encode returns the hint as the bytes that are sealed.
func (h AddressHint) Encode() ([]byte, error) { return json.Marshal(h) }

// DecodeAddressHint reads what Encode returned.
func DecodeAddressHint(b []byte) (h AddressHint, err error) {
	err = json.Unmarshal(b, &h)
	return h, err
}

// Takes says whether an address can be proved for the client in a session of a method:
// one of the method's kind that keeps the restrictions and is the one that the client
// has fixed, if it has.
func (s Settings) Takes(m Method, h AddressHint, a Address) bool {
	kind := a.Method == m || a.Method.Post() && (m == MethodPostal || m == MethodPostalCH && a.Country == "CH")
	return kind && s.Restrictions.Check(a) == nil && (!h.Fixed || a.Equal(h.Address))
}
