package pages

import (
	"fmt"
	"strconv"
	"strings"

	"rsc.io/qr"
)

// quietZone is the white margin around a QR code, in modules (ISO/IEC 18004 asks
// for four; without it, cameras miss codes on dark pages).
const quietZone = 4

// qrCode is a QR code as one SVG path: a horizontal bar for every run of dark
// modules, in units of modules.
type qrCode struct {
	Side int // width and height with the quiet zone
	Path string
}

// newQR draws a text with error correction level M, which survives scratches of
// about 15 per cent. It fails for a text of more than 2,331 bytes.
func newQR(text string) (*qrCode, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil, fmt.Errorf("drawing QR code: %w", err)
	}
	var b strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			start := x
			for code.Black(x, y) { // false beyond the edge
				x++
			}
			if n := strconv.Itoa(x - start); x > start {
				b.WriteString("M" + strconv.Itoa(start+quietZone) + " " + strconv.Itoa(y+quietZone) +
					"h" + n + "v1h-" + n + "z")
			}
		}
	}
	return &qrCode{Side: code.Size + 2*quietZone, Path: b.String()}, nil
}
