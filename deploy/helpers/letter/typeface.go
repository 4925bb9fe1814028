package main

import (
	"fmt"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/norm"
)

// mmPerPoint is the length of a point, the unit of font sizes.
const mmPerPoint = 25.4 / 72

// The height of the tallest letter above the base line and the depth of the lowest
// one below it, in font sizes.
const (
	ascent  = 0.95
	descent = 0.23
)

// A face is one of the Go fonts, which have the letters of the Latin, Greek and
// Cyrillic alphabets that Europe writes with.
type face string

// The faces.
const (
	regular  face = "regular"
	bold     face = "bold"
	mono     face = "mono"
	monoBold face = "monobold"
)

// fontFiles are the faces' TrueType files.
var fontFiles = map[face][]byte{regular: goregular.TTF, bold: gobold.TTF, mono: gomono.TTF, monoBold: gomonobold.TTF}

var parsedFonts = sync.OnceValue(func() map[face]*sfnt.Font {
	fonts := map[face]*sfnt.Font{}
	for f, file := range fontFiles {
		parsed, err := sfnt.Parse(file)
		if err != nil {
			panic(fmt.Sprintf("an embedded font cannot be read: %v", err))
		}
		fonts[f] = parsed
	}
	return fonts
})

// has says whether all characters of a text have a shape in the face.
func (f face) has(s string) bool {
	var buf sfnt.Buffer
	for _, r := range s {
		if i, err := parsedFonts()[f].GlyphIndex(&buf, r); err != nil || i == 0 {
			return false
		}
	}
	return true
}

// width is that of a text in millimetres, in a size in points.
func (f face) width(s string, size float64) float64 {
	var buf sfnt.Buffer
	parsed := parsedFonts()[f]
	em := parsed.UnitsPerEm()
	var sum fixed.Int26_6
	for _, r := range s {
		i, _ := parsed.GlyphIndex(&buf, r)
		advance, _ := parsed.GlyphAdvance(&buf, i, fixed.I(int(em)), font.HintingNone)
		sum += advance
	}
	return float64(sum) / 64 / float64(em) * size * mmPerPoint
}

// alike are characters that look like ones that fonts are more likely to have.
var alike = strings.NewReplacer("\u202f", "\u00a0", "\u2007", "\u00a0", "\u2009", " ", "\u2011", "-", "\u2010", "-", "\t", " ")

// printable returns a text whose characters the face has. Of an accented letter that
// it lacks, as of some in Vietnamese, it leaves the last accents away: a letter finds
// its way without them. It returns false if a character is left that the face lacks.
func (f face) printable(s string) (string, bool) {
	var b strings.Builder
	for _, r := range norm.NFC.String(alike.Replace(s)) {
		shape := string(r)
		for parts := []rune(norm.NFD.String(shape)); !f.has(shape) && len(parts) > 1; {
			parts = parts[:len(parts)-1]
			shape = norm.NFC.String(string(parts))
		}
		b.WriteString(shape)
	}
	return b.String(), f.has(b.String())
}

// wrap breaks a text into lines of at most width millimetres, at spaces, and words
// that are wider anywhere.
func (f face) wrap(s string, size, width float64) []string {
	var lines []string
	line := ""
	for _, word := range strings.Split(s, " ") {
		longer := word
		if line != "" {
			longer = line + " " + word
		}
		if f.width(longer, size) <= width {
			line = longer
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		pieces := f.cut(word, size, width)
		lines = append(lines, pieces[:len(pieces)-1]...)
		line = pieces[len(pieces)-1]
	}
	return append(lines, line)
}

// cut breaks a word into pieces of at most width millimetres: after a slash or dot, if
// there is one in the second half of a piece, so that nobody takes a hyphen of a URL
// for that of a broken word. It returns one piece at least.
func (f face) cut(word string, size, width float64) []string {
	var pieces []string
	rest := []rune(word)
	for {
		n, used := 0, 0.0
		for n < len(rest) {
			if used += f.width(string(rest[n]), size); used > width && n > 0 {
				break
			}
			n++
		}
		if n == len(rest) {
			return append(pieces, string(rest))
		}
		for at := n - 1; at > n/2; at-- {
			if rest[at] == '/' || rest[at] == '.' {
				n = at + 1
				break
			}
		}
		pieces = append(pieces, string(rest[:n]))
		rest = rest[n:]
	}
}
