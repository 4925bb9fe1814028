package address

import (
	"net/mail"
	"strings"
	"unicode"

	"vouchgate/kyc"

	"golang.org/x/net/idna"
)

// The lengths of RFC 5321, sections 4.5.3.1.1 and 4.5.3.1.3, in bytes. A path has two
// angle brackets more than the address in it.
const (
	maxLocalPart = 64
	maxEmail     = 254
)

// domains maps domains as browsers do (UTS #46, nontransitional).
var domains = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true),
	idna.VerifyDNSLength(true), idna.Transitional(false))

func readEmail(typed string) (kyc.Address, error) {
	fault := func(f kyc.AddressFault) (kyc.Address, error) {
		return kyc.Address{}, &kyc.AddressError{Field: kyc.FieldEmail, Fault: f}
	}
	typed = strings.TrimFunc(typed, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
	if len(typed) > maxEmail {
		return fault(kyc.AddressTooLong)
	}
	// The parser takes names, comments, groups and quoted local parts off: then
	// something else is left than what was typed.
	parsed, err := mail.ParseAddress(typed)
	if err != nil || parsed.Address != typed {
		return fault(kyc.AddressMalformed)
	}
	at := strings.LastIndexByte(typed, '@')
	local, ok := typed[:at], isASCII(typed[:at])
	domain, err := readDomain(typed[at+1:])
	if err != nil || !ok {
		return fault(kyc.AddressMalformed)
	}
	a := kyc.Address{Method: kyc.MethodEmail, Email: local + "@" + domain}
	sent, err := mailbox(a.Email)
	if err != nil {
		return fault(kyc.AddressMalformed)
	}
	if len(local) > maxLocalPart || len(a.Email) > maxEmail || len(sent) > maxEmail {
		return fault(kyc.AddressTooLong)
	}
	return a, nil
}

// readDomain returns the Unicode form of a domain, which must have a dot and must not
// be a number as those of IP addresses are.
func readDomain(typed string) (string, error) {
	ascii, err := domains.ToASCII(typed)
	if err != nil {
		return "", err
	}
	domain, err := domains.ToUnicode(ascii)
	if err != nil {
		return "", err
	}
	top := ascii[strings.LastIndexByte(ascii, '.')+1:]
	switch {
	case len(top) == len(ascii), top == "", strings.Trim(top, "0123456789") == "":
		return "", &kyc.AddressError{Field: kyc.FieldEmail, Fault: kyc.AddressMalformed}
	case mixesScripts(domain):
		return "", &kyc.AddressError{Field: kyc.FieldEmail, Fault: kyc.AddressMalformed}
	}
	return domain, nil
}

// lookalikes are the scripts whose letters look like one another.
var lookalikes = []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek}

// mixesScripts says whether a label of a domain has letters of several scripts that
// look alike. No registry of a top-level domain gives such names away; they are made
// to be taken for others (UTS #39, section 5.2).
func mixesScripts(domain string) bool {
	for label := range strings.SplitSeq(domain, ".") {
		seen := 0
		for _, script := range lookalikes {
			if strings.ContainsFunc(label, func(r rune) bool { return unicode.Is(script, r) }) {
				seen++
			}
		}
		if seen > 1 {
			return true
		}
	}
	return false
}

// mailbox returns an e-mail address as mail servers take it: with the domain in ASCII.
func mailbox(email string) (string, error) {
	at := strings.LastIndexByte(email, '@')
	domain, err := domains.ToASCII(email[at+1:])
	if err != nil {
		return "", err
	}
	return email[:at+1] + domain, nil
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}
