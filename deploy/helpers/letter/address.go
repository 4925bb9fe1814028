package main

import "strings"

// window is the part of the page that shows through the window of an envelope.
type window struct {
	safe   box     // what shows however the page slides in the envelope
	sender float64 // top of the line with the sender's address
	top    float64 // of the address
	head   float64 // left edge of the letter head, on the side where the window is not
	date   float64 // left edge of the date
}

// windows are the two that are in use: on the right in Switzerland (SN 010130), for
// C5 and C5/6, and on the left (DIN 5008, form B), for C5, C5/6 and DL.
var windows = map[string]window{
	"right": {safe: box{118, 52, 82, 35}, sender: 54, top: 60.5, head: marginLeft, date: 118},
	"left":  {safe: box{25, 47, 75, 43}, sender: 56, top: 63, head: 125, date: 125},
}

// addressSizes are the sizes in which an address is tried. From 8 points down, lines
// that are too long are broken.
var addressSizes = []float64{10.5, 10, 9.5, 9, 8.5, 8, 7.5, 7, 6.5}

const breakFrom = 8

// setAddress sets the address into the window, in the largest size that fits.
// An address in another country than the sender's ends with the country's name.
func (s *sheet) setAddress(m message, set settings) error {
	lines, err := addressLines(m, set)
	if err != nil {
		return err
	}
	win := set.window
	for _, size := range addressSizes {
		set := lines
		if size <= breakFrom {
			set = nil
			for _, line := range lines {
				set = append(set, regular.wrap(line, size, win.safe.w)...)
			}
		}
		step := 1.22 * size * mmPerPoint
		if win.top+float64(len(set))*step > win.safe.y+win.safe.h || widest(set, size) > win.safe.w {
			continue
		}
		for i, line := range set {
			s.line(label{box: box{x: win.safe.x, y: win.top + float64(i)*step}, text: line, face: regular, size: size})
		}
		return nil
	}
	return failf(exitRefused, "the address does not fit into the window")
}

// addressLines are the lines of the address. Errors are *failure with exitRefused.
func addressLines(m message, set settings) ([]string, error) {
	country, region, ok := countryName(m.Address.Country, m.Language)
	if !ok {
		return nil, failf(exitRefused, "the address has no country")
	}
	var lines []string
	for _, line := range strings.Split(m.Address.Name+"\n"+m.Address.Lines, "\n") {
		line, ok := regular.printable(strings.TrimSpace(line))
		if !ok {
			return nil, failf(exitRefused, "the address has characters that the font lacks")
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) < 2 {
		return nil, failf(exitRefused, "the address has no lines")
	}
	if region != set.country {
		lines = append(lines, country)
	}
	return lines, nil
}

func widest(lines []string, size float64) (width float64) {
	for _, line := range lines {
		width = max(width, regular.width(line, size))
	}
	return width
}

// setSender sets the letter head, and the small line above the address by which
// a letter that cannot be delivered comes back. Errors are *failure with
// exitSettings.
func (s *sheet) setSender(set settings) error {
	const widestHead = 80
	y := senderTop
	var lines []string
	for i, line := range set.sender {
		l := label{box: box{x: set.window.head, y: y}, text: line, face: regular, size: 9, gray: 70}
		if i == 0 {
			l.face, l.size, l.gray = bold, 11, 0
		}
		var ok bool
		if l.text, ok = l.face.printable(line); !ok {
			return failf(exitSettings, "VOUCHGATE_HELPER_LETTER_SENDER has characters that the font lacks")
		}
		for l.face.width(l.text, l.size) > widestHead && l.size > 7 {
			l.size -= 0.5
		}
		if l.face.width(l.text, l.size) > widestHead {
			return failf(exitSettings, "VOUCHGATE_HELPER_LETTER_SENDER has a line that is too long")
		}
		y = s.line(l) + 0.4
		if i == 0 {
			y += 0.6
		}
		lines = append(lines, l.text)
	}
	return s.setReturnLine(strings.Join(lines, " · "), set.window)
}

func (s *sheet) setReturnLine(text string, win window) error {
	size := 7.0
	for regular.width(text, size) > win.safe.w && size > 5 {
		size -= 0.25
	}
	if regular.width(text, size) > win.safe.w {
		return failf(exitSettings, "VOUCHGATE_HELPER_LETTER_SENDER is too long for one line in the window")
	}
	y := s.line(label{box: box{x: win.safe.x, y: win.sender}, text: text, face: regular, size: size, gray: 70})
	s.rules = append(s.rules, rule{win.safe.x, y + 0.5, win.safe.x + regular.width(text, size), y + 0.5})
	return nil
}
