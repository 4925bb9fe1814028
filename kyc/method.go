package kyc

import (
	"slices"
	"strings"
	"time"
)

// Method says how something is proved.
type Method string

// The methods.
const (
	MethodOpen     Method = ""          // the person has not chosen yet
	MethodSwiyu    Method = "swiyu"     // a credential from the Swiss e-ID wallet
	MethodAccount  Method = "account"   // a sign-in with user name and password
	MethodEmail    Method = "email"     // a TAN sent by e-mail
	MethodPhone    Method = "phone"     // a TAN sent to a phone
	MethodPostal   Method = "postal"    // a TAN in a letter
	MethodPostalCH Method = "postal-ch" // a TAN in a letter to an address in Switzerland
)

// Methods lists all methods.
var Methods = []Method{MethodSwiyu, MethodAccount, MethodEmail, MethodPhone, MethodPostal, MethodPostalCH}

// AddressMethods lists the methods that prove an address by a TAN.
var AddressMethods = []Method{MethodEmail, MethodPhone, MethodPostal, MethodPostalCH}

// Visits says whether the proof is fetched from elsewhere, where somebody has to
// look whether it is there.
func (m Method) Visits() bool { return m == MethodSwiyu }

// Addressed says whether the method proves an address by a TAN.
func (m Method) Addressed() bool { return slices.Contains(AddressMethods, m) }

// Post says whether the TAN goes by letter.
func (m Method) Post() bool { return m == MethodPostal || m == MethodPostalCH }

// TANLifetime says how long a TAN can be entered.
func (m Method) TANLifetime() time.Duration {
	if m.Post() {
		return LetterLifetime
	}
	return TANLifetime
}

// addressClaims are the claims that are proved by a TAN alone, by method.
var addressClaims = map[Method]string{
	MethodEmail: "email", MethodPhone: "phone_number", MethodPostal: "address", MethodPostalCH: "address",
}

// Proves says whether a claim can be proved by the method. The operator vouches for
// whatever an account has.
func (m Method) Proves(claim string) bool {
	switch {
	case m == MethodAccount, m == MethodOpen:
		return true
	case m.Addressed():
		return addressClaims[m] == claim
	}
	for _, others := range addressClaims {
		if others == claim {
			return false
		}
	}
	return true
}

// Choices lists those of a client's methods by which something can be proved of what
// is asked for; all of them if nothing is.
func (s Settings) Choices(scope string, claims Strings) []Method {
	methods := s.Methods
	if len(methods) == 0 {
		methods = []Method{MethodSwiyu}
	}
	asked := Asked(scope, claims)
	if len(asked) == 0 {
		return methods
	}
	return slices.DeleteFunc(slices.Clone(methods), func(m Method) bool { return !slices.ContainsFunc(asked, m.Proves) })
}

// narrowed is a scope without the claims that are lost. A name that loses some of its
// claims is replaced by the names of the others, which are scopes too.
func narrowed(scope string, lost func(claim string) bool) string {
	var names []string
	for _, name := range strings.Fields(scope) {
		claims := ClaimsOf(name)
		kept := slices.DeleteFunc(slices.Clone(claims), lost)
		if len(kept) == len(claims) {
			kept = []string{name}
		}
		for _, k := range kept {
			if !slices.Contains(names, k) {
				names = append(names, k)
			}
		}
	}
	return strings.Join(names, " ")
}

// MethodOfFields says which of some methods an address is for that has these fields;
// none if they are of none.
func MethodOfFields(choices []Method, fields map[string]string) Method {
	_, country := fields[FieldCountry]
	has := func(m Method) bool {
		_, ok := fields[m.Fields()[0]]
		return ok && slices.Contains(choices, m)
	}
	order := []Method{MethodEmail, MethodPhone, MethodPostalCH, MethodPostal}
	if country {
		order = AddressMethods
	}
	for _, m := range order {
		if has(m) {
			return m
		}
	}
	return MethodOpen
}

// ProvesAddresses says whether one of the client's methods does.
func (s Settings) ProvesAddresses() bool { return slices.ContainsFunc(s.Methods, Method.Addressed) }
