package e2e_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"testing"

	"github.com/chromedp/chromedp"
	"rsc.io/qr/coding"

	"vouchgate/e2e"
)

// scan reads the code on the page as a camera does: from its picture.
func (b *tab) scan() string {
	b.t.Helper()
	picture, err := try(b, chromedp.Screenshot(chromedp.CSS(".qr svg")))
	if err != nil {
		b.t.Fatalf("taking a picture of the code: %v", err)
	}
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		b.t.Fatalf("reading the picture of the code: %v", err)
	}
	return decode(b.t, sample(b.t, img))
}

// sample finds the modules in the picture of a code: dark is true. The code's
// outer corners are those of its dark pixels, and the corner mark is seven
// modules wide (ISO/IEC 18004, section 6.3.3).
func sample(t *testing.T, img image.Image) [][]bool {
	t.Helper()
	dark := func(x, y int) bool { return color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y < 128 }
	found := image.Rectangle{}
	inner := img.Bounds().Inset(img.Bounds().Dx() / 50) // the picture's rounded corners show what is behind
	for y := inner.Min.Y; y < inner.Max.Y; y++ {
		for x := inner.Min.X; x < inner.Max.X; x++ {
			if dark(x, y) {
				found = found.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	mark := 0
	for mark < found.Dx() && dark(found.Min.X+mark, found.Min.Y) {
		mark++
	}
	if mark == 0 {
		t.Fatal("there is no code in the picture")
	}
	about := float64(7*found.Dx()) / float64(mark)
	side := 17 + 4*int(math.Round((about-17)/4)) // as all versions are
	modules := make([][]bool, side)
	for y := range modules {
		modules[y] = make([]bool, side)
		for x := range modules[y] {
			modules[y][x] = dark(found.Min.X+(2*x+1)*found.Dx()/(2*side), found.Min.Y+(2*y+1)*found.Dy()/(2*side))
		}
	}
	return modules
}

// decode reads the text of a code whose modules are all right, which shows in its
// check bytes: it is drawn again and compared.
func decode(t *testing.T, modules [][]bool) string {
	t.Helper()
	version := coding.Version((len(modules) - 17) / 4)
	for mask := range coding.Mask(8) {
		plan, err := coding.NewPlan(version, coding.M, mask)
		if err != nil {
			t.Fatalf("a code of %d modules: %v", len(modules), err)
		}
		text := textOf(read(plan, modules), version)
		again, err := plan.Encode(coding.String(text))
		if err == nil && same(again, modules) {
			return text
		}
	}
	t.Fatalf("the picture of %d modules is no code", len(modules))
	return ""
}

// read takes the mask off and puts the bits in order.
func read(plan *coding.Plan, modules [][]bool) []byte {
	data := make([]byte, plan.DataBytes)
	for y, row := range plan.Pixel {
		for x, pixel := range row {
			if at := pixel.Offset(); pixel.Role() == coding.Data && modules[y][x] != (pixel&coding.Invert != 0) {
				data[at/8] |= 0x80 >> (at % 8)
			}
		}
	}
	return data
}

// textOf reads a segment of bytes: four bits say that it is one, then comes its
// length, in 8 bits up to version 9 and in 16 from there.
func textOf(data []byte, version coding.Version) string {
	at, n := 12, int(data[0]&15)<<4|int(data[1]>>4)
	if version > 9 {
		at, n = 20, n<<8|int(data[1]&15)<<4|int(data[2]>>4)
	}
	if data[0]>>4 != 4 || at/8+n >= len(data) {
		return ""
	}
	text := make([]byte, n)
	for i := range text {
		text[i] = data[at/8+i]<<4 | data[at/8+i+1]>>4
	}
	return string(text)
}

func same(code *coding.Code, modules [][]bool) bool {
	for y, row := range modules {
		for x, black := range row {
			if code.Black(x, y) != black {
				return false
			}
		}
	}
	return true
}

// A code on a dark page is still dark on light: many cameras read nothing else.
func darkCode(t *testing.T, c *chromium) {
	o := newOuting(t, c, e2e.SQLite)
	o.b.colours("dark")
	o.start(o.b)
	if link := o.b.scan(); link != o.b.wallet() {
		t.Errorf("the code holds %q", link)
	}
}
