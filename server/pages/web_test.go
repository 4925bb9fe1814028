package pages

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, uiLocales, accept string
		want                    Lang
	}{
		{"nobody asks for anything", "", "", English},
		{"the browser's first choice", "", "de-CH,de;q=0.9,en;q=0.8", German},
		{"the browser's first choice that is spoken", "", "ja,it-CH;q=0.9,en;q=0.8", Italian},
		{"the browser's weights count, not the order", "", "en;q=0.5,fr;q=0.9", French},
		{"the client's wish goes first", "fr-CH", "de", French},
		{"the client's second wish is spoken", "ja fr", "de", French},
		{"a client's wish that is not spoken leaves it to the browser", "ja", "de", German},
		{"Swiss German reads German", "", "gsw", German},
		{"Romansh reads German", "", "rm-CH", German},
		{"no language in common", "", "ja,zh;q=0.5", English},
		{"junk in the client's wish is passed over", "%% <b> it", "de", Italian},
		{"junk from the browser", "", ";;;q=,,--", English},
		{"any language will do", "", "*", English},
		{"undetermined", "und", "und", English},
		{"an endless wish is not read", strings.Repeat("de ", 1000), "fr", French},
		{"an endless list is not read", "", strings.Repeat("de,", 1000), English},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Match(tt.uiLocales, tt.accept); got != tt.want {
				t.Errorf("Match(%q, %q) = %s, want %s", tt.uiLocales, tt.accept, got, tt.want)
			}
		})
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("fr-CH de", "it;q=0.5")
	f.Add("x-", "-;q=9")
	f.Fuzz(func(t *testing.T, uiLocales, accept string) {
		if got := Match(uiLocales, accept); !slices.Contains(Languages, got) {
			t.Errorf("Match returned %q", got)
		}
	})
}

func TestLinks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name           string
		link           string
		wallet, goBack bool
		target         string // as a form target
	}{
		{"web", "https://shop.example/cb?a=1", true, true, "https://shop.example"},
		{"web with port", "http://127.0.0.1:8081/cb", true, true, "http://127.0.0.1:8081"},
		{"address of version 6", "http://[::1]:8081/cb", true, true, "http:"},
		{"private scheme", "com.example.app:/cb", true, true, "com.example.app:"},
		{"swiyu", "swiyu-verify://?client_id=x", true, false, ""},
		{"OpenID for presentations", "openid4vp://?client_id=x", true, false, ""},
		{"European wallet", "eudi-openid4vp://?client_id=x", true, false, ""},
		{"high assurance profile", "haip-vp://?client_id=x", true, false, ""},
		{"script", "javascript:alert(1)", false, false, ""},
		{"script in capitals", "JavaScript:alert(1)", false, false, ""},
		{"script behind a space", " javascript:alert(1)", false, false, ""},
		{"script with a line break", "java\nscript:alert(1)", false, false, ""},
		{"data", "data:text/html,<script>alert(1)</script>", false, false, ""},
		{"script of another age", "vbscript:x", false, false, ""},
		{"source view", "view-source:https://shop.example", false, false, ""},
		{"help tool of an operating system", "ms-msdt:/id", false, false, ""},
		{"file", "file:///etc/passwd", false, false, ""},
		{"user in the address", "https://good.example@evil.example/", false, false, "https://evil.example"},
		{"no host", "https:/cb", false, false, ""},
		{"relative", "/session/01", false, false, ""},
		{"relative to the scheme", "//evil.example", false, false, ""},
		{"host that would end the policy", "https://a;script-src.example/", true, true, ""},
		{"nothing", "", false, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := WalletLink(tt.link); got != tt.wallet {
				t.Errorf("WalletLink = %v, want %v", got, tt.wallet)
			}
			if got := safeURL(tt.link, returnScheme) != ""; got != tt.goBack {
				t.Errorf("may lead back = %v, want %v", got, tt.goBack)
			}
			if got := FormTarget(tt.link); got != tt.target {
				t.Errorf("FormTarget = %q, want %q", got, tt.target)
			}
		})
	}
}

func TestOwnURL(t *testing.T) {
	t.Parallel()
	for link, want := range map[string]bool{
		"/session/01?ui_locales=de": true, "https://gate.example/authorize/x": true,
		"//evil.example": false, "javascript:alert(1)": false, "": false, "session": false,
	} {
		if got := ownURL(link) != ""; got != want {
			t.Errorf("ownURL(%q) is shown: %v, want %v", link, got, want)
		}
	}
}

func FuzzFormTarget(f *testing.F) {
	f.Add("https://shop.example/cb")
	f.Add("com.example.app:/cb")
	f.Add("https://a b;c,'d'/")
	f.Fuzz(func(t *testing.T, uri string) {
		if got := FormTarget(uri); strings.ContainsAny(got, " ;,'\"\r\n\t*") {
			t.Errorf("FormTarget(%q) = %q changes the policy", uri, got)
		}
	})
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	got := Headers(French, "https://bank.example/callback?x=1", "com.example.app:/cb", "nonsense; script-src *")
	want := http.Header{
		"Content-Type":     {"text/html; charset=utf-8"},
		"Content-Language": {"fr"},
		"Content-Security-Policy": {"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; " +
			"connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; " +
			"form-action 'self' https: com.example.app:"},
		"X-Frame-Options":              {"DENY"},
		"X-Content-Type-Options":       {"nosniff"},
		"Referrer-Policy":              {"no-referrer"},
		"Cross-Origin-Opener-Policy":   {"same-origin"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"Permissions-Policy":           {"camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
		"Cache-Control":                {"no-store"},
		"Vary":                         {"Accept-Language"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func TestPagesFindTheirAssets(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	pages := samplePages(t, p, English)
	used := make(map[string]bool)
	for _, page := range pages {
		for _, m := range regexp.MustCompile(`"`+AssetPrefix+`([^"]+)"`).FindAllStringSubmatch(page, -1) {
			used[m[1]] = true
		}
	}
	for _, name := range p.Assets() {
		body, contentType, ok := p.Asset(name)
		if !ok || len(body) == 0 || contentType == "" {
			t.Errorf("asset %s is listed but not served as anything", name)
		}
		if !used[name] {
			t.Errorf("no page uses asset %s", name)
		}
		delete(used, name)
	}
	for name := range used {
		t.Errorf("a page uses asset %s, which does not exist", name)
	}
	for _, name := range []string{"style.css", "", "../pages.go", "style.000000000000.css"} {
		if _, _, ok := p.Asset(name); ok {
			t.Errorf("Asset(%q) serves something", name)
		}
	}
}

func TestAssetsLoadNothing(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	for _, name := range p.Assets() {
		body, _, _ := p.Asset(name)
		text := strings.ReplaceAll(string(body), "http://www.w3.org/2000/svg", "")
		for _, bad := range []string{"http:", "https:", "url(", "@import", "eval(", "innerHTML"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s holds %q", name, bad)
			}
		}
	}
}
