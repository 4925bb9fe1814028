package address

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"vouchgate/kyc"

	"golang.org/x/text/unicode/norm"
)

// DefaultRegion is where phone numbers without a country code are from.
const DefaultRegion = "CH"

// maxTyped is the length in bytes from which on a field is not looked at any more. It
// is more than all lines of an address can have.
const maxTyped = 4000

// Reader gives addresses their one form. The zero value is of use.
type Reader struct {
	Region string // ISO 3166-1, for phone numbers without a country code; empty: DefaultRegion
}

// Read returns the address that a form's fields hold, by the names of Method.Fields;
// other fields do not count. What it returns reads as the same address again. An
// unusable field is a *kyc.AddressError, of the first one in the order of the form.
// Methods that prove no address are another error.
func (r Reader) Read(m kyc.Method, fields map[string]string) (kyc.Address, error) {
	if !m.Addressed() {
		return kyc.Address{}, fmt.Errorf("method %q proves no address", m)
	}
	for _, field := range m.Fields() {
		if fault := unreadable(fields[field]); fault != "" {
			return kyc.Address{}, &kyc.AddressError{Field: field, Fault: fault}
		}
	}
	switch m {
	case kyc.MethodEmail:
		return readEmail(fields[kyc.FieldEmail])
	case kyc.MethodPhone:
		return r.readPhone(fields[kyc.FieldPhone])
	}
	return readPostal(m, fields)
}

// unreadable says what is wrong with a field whatever it stands for, or "".
func unreadable(value string) kyc.AddressFault {
	switch {
	case strings.TrimSpace(value) == "":
		return kyc.AddressMissing
	case len(value) > maxTyped:
		return kyc.AddressTooLong
	case !utf8.ValidString(value):
		return kyc.AddressMalformed
	}
	return ""
}

// visible is a mapping for strings.Map that drops format characters, which programs
// put around numbers and addresses that are copied out of them.
func visible(r rune) rune {
	if unicode.Is(unicode.Cf, r) {
		return -1
	}
	return r
}

// oneLine returns a line of text in NFC with single spaces, or false if it holds what
// cannot be seen: control characters, marks that turn the direction of writing, and the
// like.
func oneLine(s string) (string, bool) {
	s = strings.Join(strings.Fields(norm.NFC.String(s)), " ")
	return s, !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) || r == utf8.RuneError })
}
