package address

import (
	"strings"
	"unicode"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"
)

// gsmBasic are the characters of the default alphabet of 3GPP TS 23.038, section
// 6.2.1, which a short message has room for 160 of; gsmExtended those that count as
// two. Any other makes a message of 70 characters.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§" +
		"¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtended = "^{}\\[~]|€"
)

// The room of one short message: in its alphabet, and in UTF-16 for any other text.
const (
	maxSeptets = 160
	maxUTF16   = 70
)

// gsmPlain are the letters and marks that have a plain form, though not by leaving an
// accent away.
var gsmPlain = strings.NewReplacer(
	"œ", "oe", "Œ", "OE", "Ł", "L", "ł", "l", "Đ", "D", "đ", "d", "ı", "i",
	"«", `"`, "»", `"`, "„", `"`, "“", `"`, "”", `"`, "‘", "'", "’", "'", "‚", "'",
	"–", "-", "—", "-", "…", "...", "\u00a0", " ", "\u202f", " ",
)

// gsmName returns a name of at most limit characters for a short message. Letters that
// the alphabet of short messages does not have lose their accents; what is foreign to
// it without them stays as it is.
func gsmName(name string, limit int) string {
	var b strings.Builder
	for _, r := range gsmPlain.Replace(name) {
		if strings.ContainsRune(gsmBasic+gsmExtended, r) {
			b.WriteRune(r)
			continue
		}
		plain := strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Mn, r) {
				return -1
			}
			return r
		}, norm.NFD.String(string(r)))
		b.WriteString(plain)
	}
	return cut(b.String(), limit)
}

// septets is how much of a short message a text takes, or false if it has characters
// that its alphabet has not.
func septets(text string) (n int, ok bool) {
	for _, r := range text {
		switch {
		case strings.ContainsRune(gsmBasic, r):
			n++
		case strings.ContainsRune(gsmExtended, r):
			n += 2
		default:
			return 0, false
		}
	}
	return n, true
}

// oneSMS says whether a text is a single short message.
func oneSMS(text string) bool {
	if n, ok := septets(text); ok {
		return n <= maxSeptets
	}
	return len(utf16.Encode([]rune(text))) <= maxUTF16
}

// cut shortens a text to limit characters and shows that it did.
func cut(text string, limit int) string {
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	return strings.TrimSpace(string(runes[:limit-2])) + ".."
}
