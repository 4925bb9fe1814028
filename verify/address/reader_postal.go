package address

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"vouchgate/kyc"

	"golang.org/x/text/language"
)

// What the window of an envelope has room for, below the name.
const (
	maxLines = 5
	maxLine  = 60 // characters
)

// swiss is the country whose addresses have one form.
const swiss = "CH"

// swissNames are the names of Switzerland that people write below the town.
var swissNames = []string{"Schweiz", "Suisse", "Svizzera", "Svizra", "Switzerland", swiss}

func readPostal(m kyc.Method, fields map[string]string) (kyc.Address, error) {
	a := kyc.Address{Method: m, Country: swiss}
	var fault, whereFault kyc.AddressFault
	if m == kyc.MethodPostal {
		a.Country, whereFault = readCountry(fields[kyc.FieldCountry])
	}
	if a.Name, fault = readName(fields[kyc.FieldName]); fault != "" {
		return kyc.Address{}, &kyc.AddressError{Field: kyc.FieldName, Fault: fault}
	}
	if a.Lines, fault = readLines(fields[kyc.FieldLines], a.Country == swiss); fault != "" {
		return kyc.Address{}, &kyc.AddressError{Field: kyc.FieldLines, Fault: fault}
	}
	if whereFault != "" {
		return kyc.Address{}, &kyc.AddressError{Field: kyc.FieldCountry, Fault: whereFault}
	}
	if a.Country == swiss && !townLast(a.Lines) {
		return kyc.Address{}, &kyc.AddressError{Field: kyc.FieldLines, Fault: kyc.AddressMalformed}
	}
	return a, nil
}

func readName(typed string) (string, kyc.AddressFault) {
	name, ok := oneLine(typed)
	switch {
	case !ok, strings.ContainsAny(strings.TrimSpace(typed), "\r\n"), !strings.ContainsFunc(name, unicode.IsLetter):
		return "", kyc.AddressMalformed
	case utf8.RuneCountInString(name) > maxLine:
		return "", kyc.AddressTooLong
	}
	return name, ""
}

var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// readLines returns the lines that are not empty, of a Swiss address without the name of
// the country below them.
func readLines(typed string, atHome bool) ([]string, kyc.AddressFault) {
	var lines []string
	for typedLine := range strings.SplitSeq(lineBreaks.Replace(typed), "\n") {
		line, ok := oneLine(typedLine)
		switch {
		case !ok:
			return nil, kyc.AddressMalformed
		case utf8.RuneCountInString(line) > maxLine:
			return nil, kyc.AddressTooLong
		case line != "":
			lines = append(lines, line)
		}
	}
	if atHome && len(lines) > 0 && slices.ContainsFunc(swissNames, func(name string) bool {
		return strings.EqualFold(name, lines[len(lines)-1])
	}) {
		lines = lines[:len(lines)-1]
	}
	switch {
	case len(lines) > maxLines:
		return nil, kyc.AddressTooLong
	case !strings.ContainsFunc(strings.Join(lines, ""), unicode.IsLetter):
		return nil, kyc.AddressMalformed
	}
	return lines, ""
}

// notCountries are the regions that the library takes for countries but that the
// standard has not, or not any more: reserved and deleted codes. Kosovo's XK stays,
// because letters get there.
const notCountries = " AC AN CP CQ CS DG EA EZ FQ IC NT PC SU TA UN YU "

// readCountry reads a code of ISO 3166-1 with two letters.
func readCountry(typed string) (string, kyc.AddressFault) {
	code := strings.ToUpper(strings.TrimSpace(typed))
	region, err := language.ParseRegion(code)
	if err != nil || len(code) != 2 || region.String() != code || region.Canonicalize() != region ||
		!region.IsCountry() || strings.Contains(notCountries, " "+code+" ") {
		return "", kyc.AddressMalformed
	}
	return code, ""
}

var swissTown = regexp.MustCompile(`^(?:(?i:CH)[\p{Pd} ]{0,3})?([1-9][0-9]{3}) ?(\pL.*)$`)

// The post codes of Liechtenstein are in between those of Switzerland.
const (
	firstOfLI = "9485"
	lastOfLI  = "9498"
)

// townLast says whether an address ends with a Swiss post code and town, below one
// more line at least, and takes the country off the post code.
func townLast(lines []string) bool {
	last := len(lines) - 1
	if last < 1 {
		return false
	}
	town := swissTown.FindStringSubmatch(lines[last])
	if town == nil || town[1] >= firstOfLI && town[1] <= lastOfLI {
		return false
	}
	lines[last] = town[1] + " " + town[2]
	return utf8.RuneCountInString(lines[last]) <= maxLine
}
