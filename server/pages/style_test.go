package pages

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestColoursContrast computes the contrast of all pairs of colours that the
// style sheet sets upon one another (WCAG 2.2, 1.4.3 and 1.4.11).
func TestColoursContrast(t *testing.T) {
	t.Parallel()
	css, err := assetFiles.ReadFile("assets/style.css")
	if err != nil {
		t.Fatal(err)
	}
	roots := regexp.MustCompile(`:root \{([^}]*)\}`).FindAllStringSubmatch(string(css), -1)
	if len(roots) != 2 {
		t.Fatalf("%d sets of colours, want light and dark", len(roots))
	}
	pairs := []struct {
		front, ground string
		least         float64
	}{
		{"ink", "card", 7}, {"ink", "tint", 7}, {"ink", "ground", 7},
		{"soft", "card", 4.5}, {"soft", "ground", 4.5}, {"soft", "tint", 4.5},
		{"accent", "card", 4.5}, {"accent", "ground", 4.5}, {"accent", "tint", 4.5}, {"accent-deep", "card", 4.5},
		{"on-accent", "accent", 4.5}, {"on-accent", "accent-deep", 4.5}, {"edge", "card", 3},
		{"alarm", "card", 4.5}, {"on-alarm", "alarm", 4.5},
	}
	for i, root := range roots {
		colours := make(map[string]float64)
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`).FindAllStringSubmatch(root[1], -1) {
			colours[m[1]] = luminance(t, m[2])
		}
		for _, p := range pairs {
			front, ok1 := colours[p.front]
			ground, ok2 := colours[p.ground]
			if !ok1 || !ok2 {
				t.Fatalf("set %d lacks %s or %s", i, p.front, p.ground)
			}
			ratio := (math.Max(front, ground) + 0.05) / (math.Min(front, ground) + 0.05)
			if ratio < p.least {
				t.Errorf("set %d: %s on %s has contrast %.2f, want %.1f", i, p.front, p.ground, ratio, p.least)
			}
		}
	}
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(t testing.TB, hex string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	for i, weight := range []float64{0.0722, 0.7152, 0.2126} { // blue, green, red
		c := float64(n>>(8*i)&0xff) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func TestStyleRespectsWishes(t *testing.T) {
	t.Parallel()
	css, err := assetFiles.ReadFile("assets/style.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"prefers-color-scheme: dark", "prefers-reduced-motion: reduce", "forced-colors: active", ":focus-visible",
	} {
		if !strings.Contains(string(css), want) {
			t.Errorf("style sheet does not know %s", want)
		}
	}
}
