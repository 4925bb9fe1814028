package pages

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"rsc.io/qr"

	"vouchgate/kyc"
)

var bar = regexp.MustCompile(`^M(\d+) (\d+)h(\d+)v1h-(\d+)z`)

// matrix reads the modules of a code back from its path.
func matrix(t testing.TB, side int, path string) [][]bool {
	t.Helper()
	m := make([][]bool, side)
	for i := range m {
		m[i] = make([]bool, side)
	}
	for path != "" {
		found := bar.FindStringSubmatch(path)
		if found == nil || found[3] != found[4] {
			t.Fatalf("path goes on with %.20q, which is no bar", path)
		}
		x, _ := strconv.Atoi(found[1])
		y, _ := strconv.Atoi(found[2])
		n, _ := strconv.Atoi(found[3])
		for i := range n {
			if m[y][x+i] {
				t.Fatalf("module %d,%d is painted twice", x+i, y)
			}
			m[y][x+i] = true
		}
		path = path[len(found[0]):]
	}
	return m
}

// checkCode compares a drawn code with a fresh one of the text, module by module.
func checkCode(t *testing.T, side int, path, text string) {
	t.Helper()
	want, err := qr.Encode(text, qr.M)
	if err != nil {
		t.Fatal(err)
	}
	if side != want.Size+2*quietZone {
		t.Fatalf("code is %d modules wide, want %d", side, want.Size+2*quietZone)
	}
	for y, row := range matrix(t, side, path) {
		for x, black := range row {
			if black != want.Black(x-quietZone, y-quietZone) {
				t.Fatalf("module %d,%d is black: %v", x, y, black)
			}
		}
	}
}

func TestQRHoldsTheText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "1", sampleDeeplink, strings.Repeat("x", 2331), "grüezi"} {
		code, err := newQR(text)
		if err != nil {
			t.Fatalf("%d bytes: %v", len(text), err)
		}
		checkCode(t, code.Side, code.Path, text)
	}
}

func TestQRRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	if _, err := newQR(strings.Repeat("x", 2332)); err == nil {
		t.Error("a code was drawn of more than it can hold")
	}
}

func TestPageHoldsTheCodeOfItsDeeplink(t *testing.T) {
	t.Parallel()
	page, err := newPages(t).Session(sampleSession(French, kyc.StatusAuthorized))
	if err != nil {
		t.Fatal(err)
	}
	var side int
	var path string
	for _, e := range readPage(t, string(page)) {
		if e.name == "svg" && e.attr["role"] == "img" {
			if _, err := fmt.Sscanf(e.attr["viewBox"], "0 0 %d", &side); err != nil {
				t.Fatal(err)
			}
			if e.attr["shape-rendering"] != "crispEdges" {
				t.Error("code would be drawn with blurred edges")
			}
		}
		switch e.attr["class"] {
		case "paper":
			if want := fmt.Sprintf("M0 0h%dv%dH0z", side, side); e.attr["d"] != want || e.attr["fill"] != "#fff" {
				t.Errorf("paper is %v, want white %s", e.attr, want)
			}
		case "modules":
			path = e.attr["d"]
		}
	}
	checkCode(t, side, path, sampleDeeplink)
}
