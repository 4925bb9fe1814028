package oauth_test

import (
	"errors"
	"strings"
	"testing"

	"vouchgate/oauth"
)

func TestCheckOrigin(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{
		"https://app.example", "https://app.example:8443", "https://192.0.2.7", "https://[2001:db8::1]:8443", "https://xn--bcher-kva.example",
		"http://localhost:3000", "http://127.0.0.1", "http://[::1]:5173",
	} {
		if err := oauth.CheckOrigin(origin); err != nil {
			t.Errorf("%s: %v", origin, err)
		}
	}
	for name, origin := range map[string]string{
		"empty":                         "",
		"null":                          "null",
		"everything":                    "*",
		"a wildcard host":               "https://*.app.example",
		"a host alone":                  "app.example",
		"no scheme":                     "//app.example",
		"a slash":                       "https://app.example/",
		"a path":                        "https://app.example/x",
		"a query":                       "https://app.example?x=1",
		"an empty query":                "https://app.example?",
		"a fragment":                    "https://app.example#x",
		"a user name":                   "https://user@app.example",
		"http":                          "http://app.example",
		"http on a private address":     "http://192.168.1.5",
		"the default port of https":     "https://app.example:443",
		"the default port of http":      "http://localhost:80",
		"an empty port":                 "https://app.example:",
		"a port too large":              "https://app.example:65536",
		"a host in upper case":          "https://App.example",
		"a scheme in upper case":        "HTTPS://app.example",
		"another scheme":                "com.example.app://x",
		"an extension's scheme":         "chrome-extension://abcdef",
		"no host":                       "https://",
		"a port alone":                  "https://:8443",
		"two origins":                   "https://a.example https://b.example",
		"two origins with a comma":      "https://a.example,https://b.example",
		"a letter beyond ASCII":         "https://bücher.example",
		"an encoded letter":             "https://%61pp.example",
		"a line break":                  "https://app.example\r\nX: y",
		"more bytes than a host may be": "https://" + strings.Repeat("a", 2048),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := oauth.CheckOrigin(origin); !errors.Is(err, oauth.ErrBadOrigin) {
				t.Errorf("%q: %v, want ErrBadOrigin", origin, err)
			}
		})
	}
}

// FuzzCheckOrigin: what may be registered is a header that browsers could send.
func FuzzCheckOrigin(f *testing.F) {
	for _, seed := range []string{"https://a.example", "http://[::1]:1", "null", "https://a.example/", "https://a@b", "https://a:443"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, origin string) {
		if oauth.CheckOrigin(origin) != nil {
			return
		}
		host, https := strings.CutPrefix(origin, "https://")
		if !https {
			host, _ = strings.CutPrefix(origin, "http://")
		}
		if host == "" || strings.ContainsAny(host, "/?#@*\\ ,%\r\n\"<>") || host != strings.ToLower(host) || host == origin {
			t.Errorf("%q may be registered", origin)
		}
		if !https && !strings.HasPrefix(host, "localhost") && !strings.HasPrefix(host, "127.0.0.1") && !strings.HasPrefix(host, "[::1]") {
			t.Errorf("%q may be registered without TLS", origin)
		}
	})
}
