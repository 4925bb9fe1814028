package password

import (
	"errors"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// minCharacters is the length of the shortest password that somebody may choose.
const minCharacters = 10

// ErrTooShort says that a new password has fewer than ten characters.
var ErrTooShort = errors.New("a password needs at least 10 characters")

// ErrNotText says that a new password is not UTF-8, so that nobody could be sure to
// type it again.
var ErrNotText = errors.New("a password has to be text in UTF-8")

// Check says whether somebody may choose a password: text of at least ten
// characters and at most 1024 bytes. Length is all that counts: rules about kinds
// of characters make passwords that are hard to remember and easy to guess (NIST
// SP 800-63B, section 5.1.1.2). Errors are ErrTooShort, ErrLength and ErrNotText.
//
// Characters are counted as Unicode code points, in the form with fewer of them: as
// typed, or as hashed.
func Check(password string) error {
	if len(password) > maxBytes {
		return ErrLength
	}
	if !utf8.ValidString(password) {
		return ErrNotText
	}
	typed, hashed := utf8.RuneCountInString(password), utf8.RuneCountInString(norm.NFKC.String(password))
	if min(typed, hashed) < minCharacters {
		return ErrTooShort
	}
	return nil
}
