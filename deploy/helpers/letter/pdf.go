package main

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"rsc.io/qr"
)

// quietZone is the white margin around a QR code, in modules (ISO/IEC 18004).
const quietZone = 4

// draw returns a composed letter as a PDF file with its fonts. The file's metadata
// say nothing about the letter but its language and when it was made.
func draw(s sheet, lang string, now time.Time) ([]byte, error) {
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetProducer("vouchgate", false)
	pdf.SetCreationDate(now)
	pdf.SetModificationDate(now)
	pdf.SetLang(speakable(lang))
	pdf.SetCatalogSort(true)
	for _, f := range []face{regular, bold, mono, monoBold} {
		pdf.AddUTF8FontFromBytes(string(f), "", slices.Clone(fontFiles[f]))
	}
	pdf.AddPage()
	drawRules(pdf, s)
	pdf.SetFillColor(242, 242, 242)
	for _, p := range s.panels {
		pdf.Rect(p.x, p.y, p.w, p.h, "F")
	}
	if err := drawQR(pdf, s.qr, s.link); err != nil {
		return nil, err
	}
	for _, l := range s.labels {
		pdf.SetFont(string(l.face), "", l.size)
		pdf.SetTextColor(int(l.gray), int(l.gray), int(l.gray))
		pdf.RawWriteStr(fmt.Sprintf("%.3f Tc", l.spacing/mmPerPoint))
		pdf.Text(l.x, l.y+ascent*l.size*mmPerPoint, l.text)
	}
	var out bytes.Buffer
	if err := pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("writing PDF: %w", err)
	}
	return out.Bytes(), nil
}

func drawRules(pdf *fpdf.Fpdf, s sheet) {
	pdf.SetDrawColor(110, 110, 110)
	for _, r := range slices.Concat(s.rules, s.marks) {
		pdf.SetLineWidth(0.15)
		pdf.Line(r.x1, r.y1, r.x2, r.y2)
	}
}

// drawQR draws a QR code into a white square, a bar for every run of dark modules,
// so that no printer shows gaps between modules.
func drawQR(pdf *fpdf.Fpdf, b box, text string) error {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return failf(exitInput, "the link is too long for a QR code")
	}
	pdf.SetFillColor(255, 255, 255)
	pdf.Rect(b.x, b.y, b.w, b.h, "F")
	pdf.SetFillColor(0, 0, 0)
	module := b.w / float64(code.Size+2*quietZone)
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			start := x
			for code.Black(x, y) { // false beyond the edge
				x++
			}
			if x > start {
				pdf.Rect(b.x+float64(start+quietZone)*module, b.y+float64(y+quietZone)*module, float64(x-start)*module, module, "F")
			}
		}
	}
	return nil
}

// speakable is the language of the letter as the file names it.
func speakable(lang string) string {
	if _, ok := wordsOf[lang]; ok {
		return lang
	}
	return "en"
}
