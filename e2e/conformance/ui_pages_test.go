package conformance

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var _ = rows(
	Row{"UI-01", "no page can be framed, those of errors included (RFC 9700, section 4.16)", ui01},
	Row{"UI-02", "every page runs own scripts alone, has none in it, and loads nothing from elsewhere", ui02},
	Row{"UI-03", "no page or redirect tells the next site where somebody came from (RFC 9700, section 4.2.4)", ui03},
	Row{"UI-15", "every error page has a reference that is in the log, and nothing of the inside", ui15},
)

// directives are the parts of a page's policy by their names.
func directives(a Answer) map[string]string {
	found := map[string]string{}
	for part := range strings.SplitSeq(a.Header.Get("Content-Security-Policy"), ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), " ")
		found[name] = value
	}
	return found
}

func ui01(t *T) {
	pages := t.gallery()
	if len(pages) < 40 {
		t.Errorf("only %d pages were drawn", len(pages))
	}
	for _, p := range pages {
		if got := directives(p.Answer)["frame-ancestors"]; got != "'none'" {
			t.Errorf("%s: frame-ancestors is %q", p.name, got)
		}
		if got := p.Header.Get("X-Frame-Options"); got != "DENY" {
			t.Errorf("%s: X-Frame-Options is %q", p.name, got)
		}
	}
}

var (
	anyTag     = regexp.MustCompile(`(?s)<[a-zA-Z][^>]*>`)
	leadingTo  = regexp.MustCompile(`(?is)\s(src|href|action|formaction|srcset|poster|data|background)\s*=\s*"([^"]*)"`)
	inlineCode = regexp.MustCompile(`(?is)\s(on[a-z]+|style|srcdoc|http-equiv)\s*=`)
	ownAsset   = regexp.MustCompile(`"(/assets/[^"]+)"`)
)

func ui02(t *T) {
	assets := map[string]bool{}
	for _, p := range t.gallery() {
		policy := directives(p.Answer)
		for name, want := range map[string]string{
			"default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "base-uri": "'none'",
		} {
			if policy[name] != want {
				t.Errorf("%s: %s is %q", p.name, name, policy[name])
			}
		}
		if got := p.Header.Get("X-Content-Type-Options"); got != "nosniff" {
			t.Errorf("%s: X-Content-Type-Options is %q", p.name, got)
		}
		t.selfContained(p)
		for _, found := range ownAsset.FindAllSubmatch(p.Body, -1) {
			assets[string(found[1])] = true
		}
	}
	if len(assets) < 3 {
		t.Errorf("the pages use only %d assets", len(assets))
	}
	for path := range assets {
		if a := t.OK(t.Get(path)); a.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s may be taken for what it is not", path)
		}
	}
}

// selfContained fails the case if a page has a script or style in it, loads
// something of another host, or leads to one that is not its client's.
func (t *T) selfContained(p shown) {
	t.Helper()
	for _, tag := range anyTag.FindAllString(string(p.Body), -1) {
		name := strings.ToLower(strings.FieldsFunc(tag, func(r rune) bool { return strings.ContainsRune("< \n\t/>", r) })[0])
		if found := inlineCode.FindString(tag); found != "" && name != "meta" {
			t.Errorf("%s has %s in <%s>", p.name, found, name)
		}
		if name == "style" || name == "iframe" || name == "object" || name == "base" || name == "script" && !strings.Contains(tag, " src=") {
			t.Errorf("%s has %s", p.name, tag)
		}
		for _, found := range leadingTo.FindAllStringSubmatch(tag, -1) {
			target := found[2]
			own := strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "//") || strings.HasPrefix(target, "#")
			home := name == "a" || name == "form" // the way back, or to the wallet
			if !own && !(home && (strings.HasPrefix(target, "https://client-") || strings.HasPrefix(target, "swiyu-verify:"))) {
				t.Errorf("%s: <%s> leads to %q", p.name, name, target)
			}
		}
	}
}

func ui03(t *T) {
	for _, p := range t.gallery() {
		if got := p.Header.Get("Referrer-Policy"); got != "no-referrer" {
			t.Errorf("%s: Referrer-Policy is %q", p.name, got)
		}
	}
	b, ask := t.SignedIn(), t.Ask(t.App())
	for _, a := range []Answer{t.Visit(ask), t.Answer(t.Home(b, ask)), t.Visit(ask.With("response_type", "token"))} {
		if a.Status != http.StatusSeeOther || a.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("Referrer-Policy of a redirect is %q: %s", a.Header.Get("Referrer-Policy"), a)
		}
	}
}

func ui15(t *T) {
	var seen []string
	for _, p := range t.gallery() {
		for _, inner := range []string{"goroutine ", ".go:", "panic", "sql", "127.0.0.1:1", "dial tcp", "stack"} {
			if strings.Contains(words(p.Body), inner) && p.name != "documentation" {
				t.Errorf("%s shows %q", p.name, inner)
			}
		}
		if !p.fault {
			continue
		}
		ref := p.Reference()
		if len(ref) < 8 || slices.Contains(seen, ref) {
			t.Errorf("the reference of %s is %q", p.name, ref)
			continue
		}
		seen = append(seen, ref)
		t.Until("the reference of "+p.name+" in the log", func() (bool, error) {
			return strings.Contains(t.Gateway.Log.String(), `"reference":"`+ref+`"`), nil
		})
	}
	if len(seen) < 12 {
		t.Errorf("only %d error pages were drawn", len(seen))
	}
	bad := url.Values{"client_id": {"nobody"}}
	if one, two := t.Post("/authorize", bad.Encode()), t.Post("/authorize", bad.Encode()); one.Reference() == two.Reference() {
		t.Error("two errors have one reference")
	}
}
