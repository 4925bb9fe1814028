package oauth_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"vouchgate/oauth"
)

func TestCheckRedirectURIAccepts(t *testing.T) {
	t.Parallel()
	for name, uri := range map[string]string{
		"https":                         "https://c.example/cb",
		"https without path":            "https://c.example",
		"https with a port":             "https://c.example:8443/cb",
		"https with a query":            "https://c.example/cb?tenant=7",
		"https with an address":         "https://192.0.2.7/cb",
		"https with an IPv6 address":    "https://[2001:db8::1]:8443/cb",
		"a host in upper case":          "https://C.Example/cb",
		"a path with path parameters":   "https://c.example/a;v=1/cb",
		"an encoded umlaut":             "https://c.example/r%C3%BCckkehr",
		"an encoded percent sign":       "https://c.example/100%25",
		"a dot in a segment":            "https://c.example/.well-known/v1.2/a..b",
		"dots in the query":             "https://c.example/cb?next=../x",
		"http on 127.0.0.1":             "http://127.0.0.1/cb",
		"http on 127.0.0.1 with a port": "http://127.0.0.1:8081/cb",
		"http on ::1":                   "http://[::1]/cb",
		"http on localhost":             "http://localhost:3000/cb",
		"a private scheme":              "com.example.app:/cb",
		"a private scheme with host":    "com.example.app://callback",
		"a Taler exchange's":            "https://exchange.example/kyc-proof/vouchgate",
		"2048 bytes":                    "https://c.example/" + strings.Repeat("a", 2048-len("https://c.example/")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := oauth.CheckRedirectURI(uri); err != nil {
				t.Errorf("%q: %v", uri, err)
			}
		})
	}
}

func TestCheckRedirectURIRefuses(t *testing.T) {
	t.Parallel()
	for name, uri := range map[string]string{
		"empty":                              "",
		"a path alone":                       "/cb",
		"no scheme":                          "//c.example/cb",
		"a host alone":                       "c.example/cb",
		"a fragment":                         "https://c.example/cb#x",
		"an empty fragment":                  "https://c.example/cb#",
		"http":                               "http://c.example/cb",
		"http on a host that looks local":    "http://localhost.evil.example/cb",
		"http on an address that goes on":    "http://127.0.0.1.evil.example/cb",
		"http on a private address":          "http://192.168.1.5/cb",
		"http on another loopback notation":  "http://127.1/cb",
		"http on 0.0.0.0":                    "http://0.0.0.0/cb",
		"a user name":                        "https://user@c.example/cb",
		"an empty user name":                 "https://@c.example/cb",
		"a user name and password":           "https://c.example:80@evil.example/cb",
		"a wildcard host":                    "https://*.c.example/cb",
		"a wildcard path":                    "https://c.example/*",
		"one dot":                            "https://c.example/./cb",
		"two dots":                           "https://c.example/x/../cb",
		"two dots at the end":                "https://c.example/x/..",
		"two encoded dots":                   "https://c.example/x/%2e%2E/cb",
		"two dots encoded twice":             "https://c.example/x/%252e%252e/cb",
		"two dots encoded behind other data": "https://c.example/%25zz/%252e%252e/cb",
		"two dots with a path parameter":     "https://c.example/x/..;/cb",
		"two dots with a long parameter":     "https://c.example/x/..;a=1/cb",
		"two dots behind an encoded slash":   "https://c.example/x%2f..%2fcb",
		"dots in a private scheme":           "com.example.app:/x/../cb",
		"a backslash":                        `https://c.example\cb`,
		"an encoded backslash":               "https://c.example/%5ccb",
		"a line break":                       "https://c.example/cb\r\nX: y",
		"an encoded line break":              "https://c.example/cb?x=%0d%0a",
		"an encoded NUL":                     "https://c.example/cb%00",
		"a line break encoded twice":         "https://c.example/cb%250a",
		"a space":                            "https://c.example/c b",
		"a quote":                            `https://c.example/"`,
		"a letter beyond ASCII":              "https://с.example/cb",
		"broken percent-encoding":            "https://c.example/%zz",
		"javascript":                         "javascript:alert(1)",
		"data":                               "data:text/html,x",
		"file":                               "file:///etc/passwd",
		"a private scheme without a dot":     "myapp:/cb",
		"a private scheme without a path":    "com.example.app:cb",
		"a private scheme alone":             "com.example.app:",
		"a scheme in upper case":             "HTTPS://c.example/cb",
		"https without a host":               "https:///cb",
		"https with a port alone":            "https://:443/cb",
		"an empty port":                      "https://c.example:/cb",
		"port 0":                             "https://c.example:0/cb",
		"a port too large":                   "https://c.example:65536/cb",
		"a port that is no number":           "https://c.example:https/cb",
		"an encoded at sign in the host":     "https://c.example%40evil.example/cb",
		"an empty label":                     "https://c..example/cb",
		"a zone":                             "https://[fe80::1%25eth0]/cb",
		"a query with code":                  "https://c.example/cb?code=x",
		"a query with state":                 "https://c.example/cb?a=1&st%61te=x",
		"more than 2048 bytes":               "https://c.example/" + strings.Repeat("a", 2048),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := oauth.CheckRedirectURI(uri); !errors.Is(err, oauth.ErrBadRedirectURI) {
				t.Errorf("%q: %v, want ErrBadRedirectURI", uri, err)
			}
		})
	}
}

// FuzzCheckRedirectURI: what may be registered is a plain URI that net/url reads
// as ending where it seems to end, matches itself, and has an origin.
func FuzzCheckRedirectURI(f *testing.F) {
	for _, seed := range []string{
		"https://c.example/cb?a=1", "http://[::1]/cb", "com.example.app:/cb", "https://c.example/%2e%2e",
		"https://a@b", "https://c.example:443;x/", "com.example://[/", "https://[::1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		if err := oauth.CheckRedirectURI(uri); err != nil {
			return
		}
		u, err := url.Parse(uri)
		if err != nil || u.User != nil || u.Fragment != "" || strings.ContainsAny(uri, "#\\* \"<>\x00\r\n") {
			t.Fatalf("%q may be registered: %v", uri, err)
		}
		if u.Scheme == "http" && u.Hostname() != "localhost" && u.Hostname() != "127.0.0.1" && u.Hostname() != "::1" {
			t.Errorf("%q may be registered without TLS", uri)
		}
		if clean := u.JoinPath(); strings.Contains(u.Path, "/../") && clean.Path != u.Path {
			t.Errorf("%q may be registered with a path that means %q", uri, clean.Path)
		}
		if !oauth.MatchRedirectURI([]string{uri}, false, uri) {
			t.Errorf("%q does not match itself or has no origin", uri)
		}
	})
}
