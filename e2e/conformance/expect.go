package conformance

import (
	"html"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// What an error page must not have: a way that leads away by itself.
var leadsAway = regexp.MustCompile(`(?i)http-equiv\s*=\s*["']?refresh|location\s*[.=]|data-finish-url|<form[^>]*data-submit`)

// ErrPage fails the case unless an answer is an error page that sends nobody
// anywhere. The status is 400, or one of those given.
func (t *T) ErrPage(a Answer, status ...int) {
	t.Helper()
	if len(status) == 0 {
		status = []int{http.StatusBadRequest}
	}
	if !slices.Contains(status, a.Status) {
		t.Errorf("status is not %v, but %s", status, a)
	}
	if kind := a.Header.Get("Content-Type"); kind != "text/html; charset=utf-8" {
		t.Errorf("an error page is %q", kind)
	}
	for _, name := range []string{"Location", "Refresh", "WWW-Authenticate"} {
		if v := a.Header.Get(name); v != "" {
			t.Errorf("an error page has %s: %s", name, v)
		}
	}
	if found := leadsAway.Find(a.Body); found != nil {
		t.Errorf("an error page leads away by itself: %s", found)
	}
	t.NoStore(a)
}

// NoLink fails the case if a page has a text in it, plain or escaped, such as a bad
// redirect URI.
func (t *T) NoLink(a Answer, text string) {
	t.Helper()
	body := string(a.Body)
	for _, form := range []string{text, html.EscapeString(text), url.QueryEscape(text)} {
		if form != "" && strings.Contains(body, form) {
			t.Errorf("the page has %q in it", form)
		}
	}
}

// Redir fails the case unless an answer tells the client of a request an error by
// a redirect: 303 to the redirect URI with error, the same state and iss, without
// a code. The words are those that will do. It returns the query.
func (t *T) Redir(ask Ask, a Answer, words ...string) url.Values {
	t.Helper()
	if a.Status != http.StatusSeeOther {
		t.Errorf("status is not 303, but %s", a)
		return url.Values{}
	}
	query := t.HomeWith(ask, a.Header.Get("Location"))
	if got := query.Get("error"); !slices.Contains(words, got) {
		t.Errorf("the error is %q, not %v (%s)", got, words, query.Get("error_description"))
	}
	if query.Has("code") {
		t.Error("an error comes with a code")
	}
	t.Speakable(query.Get("error"))
	t.Speakable(query.Get("error_description"))
	t.NoStore(a)
	return query
}

// HomeWith fails the case unless a URL is the redirect URI of a request with the
// same state and iss beside what was registered. It returns the query.
func (t *T) HomeWith(ask Ask, location string) url.Values {
	t.Helper()
	home := ask.Values.Get("redirect_uri")
	separator := "?"
	if strings.Contains(home, "?") {
		separator = "&"
	}
	rest, ok := strings.CutPrefix(location, home+separator)
	if !ok || !fragmentless(location) {
		t.Errorf("it leads to %q, not to %q", location, home)
		return url.Values{}
	}
	query, err := url.ParseQuery(rest)
	if err != nil {
		t.Errorf("the answer's query: %v", err)
	}
	for name, values := range query {
		if len(values) > 1 {
			t.Errorf("the answer has %s %d times", name, len(values))
		}
	}
	if got, want := query.Get("state"), ask.State(); got != want || query.Has("state") != (want != "") {
		t.Errorf("state is %q (there: %t), not %q", got, query.Has("state"), want)
	}
	if got := query.Get("iss"); got != t.Issuer() {
		t.Errorf("iss is %q, not %q", got, t.Issuer())
	}
	return query
}

// JSON fails the case unless an answer tells a program an error (RFC 6749, section
// 5.2). The words are those that will do.
func (t *T) JSON(a Answer, status int, words ...string) {
	t.Helper()
	if a.Status != status {
		t.Errorf("status is not %d, but %s", status, a)
	}
	t.IsJSON(a)
	if got := a.Text("error"); !slices.Contains(words, got) {
		t.Errorf("the error is %q, not %v: %.300s", got, words, a.Body)
	}
	for name, value := range a.JSON {
		text, _ := value.(string)
		switch name {
		case "error", "error_description", "error_uri":
			t.Speakable(text)
		default:
			t.Errorf("an error has a member %s", name)
		}
	}
	if got := a.Header.Get("Pragma"); got != "no-cache" {
		t.Errorf("Pragma is %q", got)
	}
	t.NoStore(a)
}

// OK fails the case, at once, unless an answer is a 200.
func (t *T) OK(a Answer) Answer {
	t.Helper()
	if a.Status != http.StatusOK {
		t.Fatalf("status is not 200, but %s", a)
	}
	return a
}

// Status fails the case unless an answer has one of these.
func (t *T) Status(a Answer, status ...int) {
	t.Helper()
	if !slices.Contains(status, a.Status) {
		t.Errorf("status is not %v, but %s", status, a)
	}
}

// BadToken fails the case unless an answer of /info or /userinfo says that the
// token is of no use (RFC 6750, section 3.1).
func (t *T) BadToken(a Answer) {
	t.Helper()
	t.Status(a, http.StatusUnauthorized)
	challenge := a.Header.Get("WWW-Authenticate")
	if !strings.HasPrefix(challenge, "Bearer ") || !strings.Contains(challenge, `error="invalid_token"`) {
		t.Errorf("the challenge is %q", challenge)
	}
}

// IsJSON fails the case unless an answer is a JSON object and says so.
func (t *T) IsJSON(a Answer) {
	t.Helper()
	if kind, _, err := mime.ParseMediaType(a.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		t.Errorf("Content-Type is %q", a.Header.Get("Content-Type"))
	}
	if a.JSON == nil {
		t.Errorf("it is no JSON object: %.300s", a.Body)
	}
}

// NoStore fails the case if an answer may be kept by a cache.
func (t *T) NoStore(a Answer) {
	t.Helper()
	if got := a.Header.Get("Cache-Control"); !strings.Contains(got, "no-store") {
		t.Errorf("Cache-Control is %q", got)
	}
}

// Speakable fails the case if a text has characters that error and
// error_description may not have (RFC 6749, section 4.1.2.1).
func (t *T) Speakable(text string) {
	t.Helper()
	for _, c := range []byte(text) {
		if c < 0x20 || c > 0x7E || c == '"' || c == '\\' {
			t.Errorf("%q has byte %#02x, which it may not have", text, c)
			return
		}
	}
}

// Alike fails the case unless two error pages say the same to a person.
func (t *T) Alike(a, b Answer) {
	t.Helper()
	if a.Status != b.Status || words(a.Body) != words(b.Body) {
		t.Errorf("one page says\n%d %s\nand the other\n%d %s", a.Status, words(a.Body), b.Status, words(b.Body))
	}
}

var (
	reference = regexp.MustCompile(`(?s)<p class="reference">.*?</p>`)
	tag       = regexp.MustCompile(`(?s)<(style|script|title)\b.*?</(style|script|title)>|<[^>]*>`)
)

// Reference is the id of an error page that the operator finds in the log; empty
// if the page has none.
func (a Answer) Reference() string {
	found := regexp.MustCompile(`<p class="reference">[^<]*<code>([^<]+)</code>`).FindSubmatch(a.Body)
	if found == nil {
		return ""
	}
	return string(found[1])
}

// words is the text of a page, without its reference.
func words(page []byte) string {
	text := tag.ReplaceAllString(reference.ReplaceAllString(string(page), ""), " ")
	return strings.Join(strings.Fields(html.UnescapeString(text)), " ")
}
