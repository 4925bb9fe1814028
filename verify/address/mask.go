package address

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"vouchgate/kyc"
)

const (
	masked = "***"
	// hole stands for what was masked until all is. Addresses have no control
	// characters, so none can come to be at its edges.
	hole = "\x00"
	// anywhere is the number of characters from which on a part of an address is
	// masked inside of words too.
	anywhere = 3
)

var (
	wordForm = regexp.MustCompile(`[\pL\pM\p{Nd}]+`)
	// digitRuns are what may be a TAN or a number: four digits, or six in groups.
	digitRuns = regexp.MustCompile(`\p{Nd}(?:[ \x{a0}()/-]{0,2}\p{Nd}){5,}|\p{Nd}{4,}`)
)

// mask returns foreign text about a message fit for a log: without the TAN, the code
// of a letter, any part of the address and runs of digits, in one line that steers no
// terminal.
func mask(text string, m kyc.Message) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "?"), hole, " ")
	text = replaceAny(text, secrets(m))
	words := map[string]bool{}
	a := m.Address
	for _, w := range wordForm.FindAllString(a.Email+" "+a.Name+" "+strings.Join(a.Lines, " "), -1) {
		words[fold(w)] = true
	}
	text = wordForm.ReplaceAllStringFunc(text, func(w string) string {
		if words[fold(w)] {
			return hole
		}
		return w
	})
	text = digitRuns.ReplaceAllString(text, hole)
	return strings.ReplaceAll(escape(text), escape(hole), masked)
}

// secrets lists what a message is about, in all forms in which it was told to a helper
// or a mail server.
func secrets(m kyc.Message) []string {
	a := m.Address
	list := []string{m.TAN, kyc.SpacedTAN(m.TAN), m.Link, m.LetterCode, strings.ReplaceAll(m.LetterCode, "-", ""),
		a.Phone, strings.TrimPrefix(a.Phone, "+"), a.Name, strings.Join(a.Lines, " "), strings.Join(a.Lines, ", ")}
	list = append(list, a.Lines...)
	list = append(list, wordForm.FindAllString(a.Name+" "+strings.Join(a.Lines, " "), -1)...)
	if at := strings.LastIndexByte(a.Email, '@'); at >= 0 {
		list = append(list, a.Email, a.Email[:at], a.Email[at+1:])
		if sent, err := mailbox(a.Email); err == nil {
			list = append(list, sent, sent[at+1:])
		}
	}
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
}

// replaceAny puts holes where one of the secrets is, whatever its case, the longest
// first. Short ones are left: they are masked as words alone, or nothing could be read
// any more.
func replaceAny(text string, secrets []string) string {
	secrets = slices.DeleteFunc(slices.Clone(secrets), func(s string) bool { return utf8.RuneCountInString(s) < anywhere })
	if len(secrets) == 0 {
		return text
	}
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for i, s := range secrets {
		secrets[i] = regexp.QuoteMeta(s)
	}
	return regexp.MustCompile("(?i:"+strings.Join(secrets, "|")+")").ReplaceAllString(text, hole)
}

// fold is a word without its case.
func fold(word string) string { return strings.ToLower(strings.ToUpper(word)) }

// escape writes what cannot be seen as Go source does.
func escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return b.String()
}
