package address

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"unicode"

	"vouchgate/kyc"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/unicode/norm"
)

// refusedNumbers are the kinds of numbers that no person reads messages at, or that
// cost the gateway more than a message.
var refusedNumbers = []phonenumbers.PhoneNumberType{
	phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST, phonenumbers.TOLL_FREE, phonenumbers.VOICEMAIL,
	phonenumbers.PAGER, phonenumbers.UAN,
}

// refusedCodes are the codes of ITU-T E.164 that belong to services and networks in
// place of countries: free phone, shared cost, satellites, personal numbers, disaster
// relief, premium rate. They cost the most, or reach nobody.
var refusedCodes = []int32{800, 808, 870, 878, 881, 882, 883, 888, 979}

// readPhone reads a number in any usual way of writing and returns it as E.164.
func (r Reader) readPhone(typed string) (kyc.Address, error) {
	fault := func(f kyc.AddressFault) (kyc.Address, error) {
		return kyc.Address{}, &kyc.AddressError{Field: kyc.FieldPhone, Fault: f}
	}
	typed = strings.Map(visible, norm.NFKC.String(typed)) // full-width digits become digits
	typed = strings.TrimSpace(typed)
	if strings.ContainsFunc(typed, notOfNumbers) {
		return fault(kyc.AddressMalformed) // the library takes letters for keys and reads extensions
	}
	number, err := phonenumbers.Parse(typed, cmp.Or(r.Region, DefaultRegion))
	switch {
	case errors.Is(err, phonenumbers.ErrNumTooLong):
		return fault(kyc.AddressTooLong)
	case err != nil:
		return fault(kyc.AddressMalformed)
	case slices.Contains(refusedCodes, number.GetCountryCode()):
		return fault(kyc.AddressNotAllowed)
	case !phonenumbers.IsValidNumber(number):
		return fault(kyc.AddressMalformed)
	case slices.Contains(refusedNumbers, phonenumbers.GetNumberType(number)):
		return fault(kyc.AddressNotAllowed)
	}
	return kyc.Address{Method: kyc.MethodPhone, Phone: phonenumbers.Format(number, phonenumbers.E164)}, nil
}

func notOfNumbers(r rune) bool {
	return !unicode.IsDigit(r) && r != ' ' && !unicode.Is(unicode.Pd, r) && !strings.ContainsRune("+()./", r)
}
