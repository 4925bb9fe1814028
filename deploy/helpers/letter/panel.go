package main

// The panels' measures.
const (
	panelPadding = 5.0
	qrSide       = 36.0 // with its white margin
	smallSize    = 8.5
	tanSize      = 26.0
	linkSize     = 9.5
)

// captionGray sets captions back behind what they name.
const captionGray = 70

// setTAN sets a shaded panel with the TAN from y on and returns its end. A caption
// says what it is where the text does not.
func (s *sheet) setTAN(m message, w words, caption bool, y float64) (end float64) {
	panel := box{x: marginLeft, y: y, w: textWidth}
	left := marginLeft + panelPadding
	y += panelPadding - 1.5
	if caption {
		y = 1 + s.line(label{box: box{x: left, y: y + 1.5}, text: w.code, face: regular, size: smallSize, gray: captionGray})
	}
	for _, group := range m.spacedTAN() {
		end = s.line(label{box: box{x: left, y: y}, text: group, face: monoBold, size: tanSize, spacing: 0.8})
		left += s.labels[len(s.labels)-1].w + 5
	}
	until := label{text: w.ends(m.ExpiresAt), face: regular, size: smallSize + 0.5}
	until.x = marginLeft + textWidth - panelPadding - until.face.width(until.text, until.size)
	until.y = y + ascent*(tanSize-until.size)*mmPerPoint // on the TAN's base line
	s.line(until)
	panel.h = end + panelPadding - 1.5 - panel.y
	s.panels = append(s.panels, panel)
	return panel.y + panel.h
}

// setLink sets a shaded panel from y on, with the link as text on the left and as QR
// code on the right, and returns its end.
func (s *sheet) setLink(m message, w words, caption bool, y float64) (end float64) {
	panel := box{marginLeft, y, textWidth, qrSide + 2*panelPadding}
	s.panels = append(s.panels, panel)
	s.link, s.qr = m.Link, box{marginLeft + textWidth - panelPadding - qrSide, y + panelPadding, qrSide, qrSide}
	text, left := sheet{}, marginLeft+panelPadding
	small := func(s string, y float64) float64 {
		return 0.5 + text.line(label{box: box{x: left, y: y}, text: s, face: regular, size: smallSize, gray: captionGray})
	}
	y = 0
	if caption {
		y = small(w.link, y)
	}
	for _, line := range mono.wrap(m.Link, linkSize, s.qr.x-left-panelPadding) {
		y = text.line(label{box: box{x: left, y: y}, text: line, face: mono, size: linkSize})
	}
	y = small(w.reference, y+4)
	y = text.line(label{box: box{x: left, y: y}, text: m.LetterCode, face: mono, size: linkSize})
	// The text is as high as it is; the middle of the panel is that of the text.
	for _, l := range text.labels {
		l.y += panel.y + (panel.h-y)/2
		s.labels = append(s.labels, l)
	}
	return panel.y + panel.h
}
