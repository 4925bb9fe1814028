package main

import (
	"slices"
	"strings"
	"time"
)

// The page is A4; all lengths are millimetres from its upper left corner, and sizes
// of fonts are points.
const (
	pageWidth  = 210.0
	pageHeight = 297.0
	marginLeft = 25.0
	textWidth  = 160.0
	textEnd    = 282.0 // nothing is set below
	senderTop  = 18.0
	dateTop    = 100.0
	subjectTop = 112.0
	leading    = 1.35 // distance of two lines in sizes of the font
)

// box is a part of the page.
type box struct{ x, y, w, h float64 }

// label is one line of text in its box.
type label struct {
	box
	text    string
	face    face
	size    float64
	gray    uint8   // 0 is black
	spacing float64 // between letters
}

// rule is a straight line.
type rule struct{ x1, y1, x2, y2 float64 }

// sheet is a composed letter.
type sheet struct {
	labels []label
	panels []box // shaded
	qr     box   // with its white margin
	link   string
	rules  []rule
	marks  []rule // where to fold and to punch
}

// line sets one line of text from its upper left corner and returns where it ends.
func (s *sheet) line(l label) float64 {
	l.w = l.face.width(l.text, l.size) + l.spacing*float64(len([]rune(l.text)))
	l.h = (ascent + descent) * l.size * mmPerPoint
	s.labels = append(s.labels, l)
	return l.y + l.h
}

// compose sets a letter. Errors are *failure: exitRefused for an address that cannot
// be printed, exitSettings for a sender or text that cannot.
func compose(m message, set settings, now time.Time) (sheet, error) {
	var s sheet
	w := speak(m.Language)
	if err := s.setSender(set); err != nil {
		return s, err
	}
	if err := s.setAddress(m, set); err != nil {
		return s, err
	}
	date, subject := w.date(now), m.Subject
	if set.place != "" {
		date = set.place + ", " + date
	}
	var ok bool
	if date, ok = regular.printable(date); !ok || regular.width(date, 10) > pageWidth-10-set.window.date {
		return s, failf(exitSettings, "VOUCHGATE_HELPER_LETTER_PLACE is too long, or has characters that the font lacks")
	}
	s.line(label{box: box{x: set.window.date, y: dateTop}, text: date, face: regular, size: 10})
	if subject, ok = bold.printable(subject); !ok {
		return s, failf(exitSettings, "the subject has characters that the font lacks")
	}
	y := subjectTop
	for _, line := range bold.wrap(subject, 11.5, textWidth) {
		y = s.line(label{box: box{x: marginLeft, y: y}, text: line, face: bold, size: 11.5})
	}
	if err := s.setBody(m, w, y+4); err != nil {
		return s, err
	}
	s.marks = []rule{{5, 105, 9, 105}, {5, 148.5, 11, 148.5}, {5, 210, 9, 210}}
	return s, nil
}

// setBody sets text and panels from y on, in the largest size in which they fit on
// the page.
func (s *sheet) setBody(m message, w words, y float64) error {
	lines := strings.Split(strings.ReplaceAll(m.Text, "\r\n", "\n"), "\n")
	for i, line := range lines {
		var ok bool
		if lines[i], ok = regular.printable(strings.TrimSpace(line)); !ok {
			return failf(exitSettings, "the text has characters that the font lacks")
		}
	}
	parts := partText(strings.Join(lines, "\n"), m)
	for _, size := range []float64{10.5, 10, 9.5, 9, 8.5, 8} {
		try := *s
		try.labels = slices.Clone(s.labels)
		if try.setParts(parts, m, w, size, y) <= textEnd {
			*s = try
			return nil
		}
	}
	return failf(exitSettings, "the text is too long for one page")
}

// A part of the text is a paragraph or the place of a panel.
type part struct {
	kind    partKind
	text    string // of a paragraph, with its own line breaks
	caption bool   // of a panel: nothing in the text leads to it
}

type partKind int

const (
	paragraph partKind = iota
	tanPanel
	linkPanel
)

// partText parts a text at empty lines. The paragraphs that are nothing but the TAN
// or the link become panels. Panels that the text has no place for follow it. A
// paragraph that is nothing but the letter code is left out, for it stands below the
// link.
func partText(text string, m message) []part {
	var parts []part
	has := map[partKind]bool{}
	for _, p := range strings.Split(text, "\n\n") {
		p = strings.Trim(p, "\n")
		kind := paragraph
		switch {
		case strings.ReplaceAll(strings.ReplaceAll(p, " ", ""), "\u00a0", "") == m.TAN:
			kind = tanPanel
		case p == m.Link:
			kind = linkPanel
		}
		if p == "" || p == m.LetterCode || kind != paragraph && has[kind] {
			continue
		}
		has[kind] = true
		parts = append(parts, part{kind: kind, text: p})
	}
	for _, kind := range []partKind{tanPanel, linkPanel} {
		if !has[kind] {
			parts = append(parts, part{kind: kind, caption: true})
		}
	}
	return parts
}

// setParts sets the parts of a text and returns where the last one ends.
func (s *sheet) setParts(parts []part, m message, w words, size, y float64) (end float64) {
	step := leading * size * mmPerPoint
	for _, p := range parts {
		switch p.kind {
		case tanPanel:
			y = s.setTAN(m, w, p.caption, y)
		case linkPanel:
			y = s.setLink(m, w, p.caption, y)
		default:
			y = s.setParagraph(p.text, size, step, y)
		}
		end = y
		y += 0.65 * step
		if p.kind != paragraph {
			y += 0.2 * step
		}
	}
	return end
}

// setParagraph sets a paragraph, whose own line breaks stay, and returns its end.
func (s *sheet) setParagraph(text string, size, step, y float64) float64 {
	for _, own := range strings.Split(text, "\n") {
		for _, line := range regular.wrap(own, size, textWidth) {
			s.line(label{box: box{x: marginLeft, y: y}, text: line, face: regular, size: size})
			y += step
		}
	}
	return y
}
