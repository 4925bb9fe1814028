package conformance

import (
	"net/http"
	"slices"
	"strings"
)

// Scripts checks who may call a path from a web page (Fetch standard, section 3.2):
// scripts of the client's own origin, by name and without cookies, and no other
// ones. call makes a request that is answered, good or bad, with a header more.
func (t *T) Scripts(path, origin string, call func(header ...string) Answer) {
	t.Helper()
	t.Until("the origin to be known", func() (bool, error) {
		return t.preflight(path, origin).Status == http.StatusNoContent, nil
	})
	before := t.preflight(path, origin)
	t.shares(before, origin)
	t.names(before, "Access-Control-Allow-Methods", http.MethodPost)
	t.names(before, "Access-Control-Allow-Headers", "authorization", "content-type", "dpop")
	a := call("Origin", origin)
	t.shares(a, origin)
	t.names(a, "Access-Control-Expose-Headers", "WWW-Authenticate")
	host := strings.TrimPrefix(origin, "https://")
	for _, other := range []string{
		"https://evil.example", "null", origin + ".evil.example", "https://evil" + host, "http://" + host, origin + ":8443", origin + "/", "*",
	} {
		for _, a := range []Answer{t.preflight(path, other), call("Origin", other)} {
			if got := a.Header.Get("Access-Control-Allow-Origin"); got != "" {
				t.Errorf("%s from %q: Access-Control-Allow-Origin is %q", path, other, got)
			}
			t.names(a, "Vary", "Origin")
		}
	}
}

func (t *T) preflight(path, origin string) Answer {
	t.Helper()
	return t.Send(http.MethodOptions, path, "", "Origin", origin,
		"Access-Control-Request-Method", http.MethodPost, "Access-Control-Request-Headers", "authorization,content-type,dpop")
}

// shares fails the case unless an answer may be read by scripts of one origin.
func (t *T) shares(a Answer, origin string) {
	t.Helper()
	if got := a.Header.Values("Access-Control-Allow-Origin"); !slices.Equal(got, []string{origin}) {
		t.Errorf("Access-Control-Allow-Origin is %q, not %q: %s", got, origin, a)
	}
	if got := a.Header.Get("Access-Control-Allow-Credentials"); got != "" {
		t.Errorf("Access-Control-Allow-Credentials is %q", got)
	}
	t.names(a, "Vary", "Origin")
}

// names fails the case unless a header that is a list has all of these in it.
func (t *T) names(a Answer, header string, wanted ...string) {
	t.Helper()
	var listed []string
	for _, line := range a.Header.Values(header) {
		for name := range strings.SplitSeq(line, ",") {
			listed = append(listed, strings.ToLower(strings.TrimSpace(name)))
		}
	}
	for _, name := range wanted {
		if !slices.Contains(listed, strings.ToLower(name)) {
			t.Errorf("%s is %q, without %s", header, listed, name)
		}
	}
}
