package main

import (
	"strings"
	"testing"
	"time"
)

func TestPublicURL(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text     string
		insecure bool
		want     string // empty: refused
	}{
		{"https://id.example.org", false, "https://id.example.org"},
		{"https://ID.example.org:8443/", false, "https://id.example.org:8443"},
		{"http://127.0.0.1:8080", false, "http://127.0.0.1:8080"},
		{"http://[::1]:8080", false, "http://[::1]:8080"},
		{"http://localhost", false, "http://localhost"},
		{"http://id.example.org", false, ""},
		{"http://id.example.org", true, "http://id.example.org"},
		{"http://localhost.example.org", false, ""},
		{"http://127.0.0.1.example.org", false, ""},
		{"https://id.example.org/path", false, ""},
		{"https://id.example.org?", false, ""},
		{"https://id.example.org#", false, ""},
		{"https://user:pass@id.example.org", false, ""},
		{"id.example.org", false, ""},
		{"//id.example.org", false, ""},
		{"ftp://id.example.org", true, ""},
		{"https://", true, ""},
	} {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			var f faults
			got := f.publicURL("public-url", test.text, test.insecure)
			switch {
			case test.want == "" && (got != nil || len(f) != 1):
				t.Errorf("got %v and faults %v, want a refusal", got, f)
			case test.want != "" && (got == nil || got.String() != test.want):
				t.Errorf("got %v and faults %v, want %s", got, f, test.want)
			}
		})
	}
}

func TestPublicURLIsNeededForListenersThatAreNotLoopback(t *testing.T) {
	t.Parallel()
	for address, needed := range map[string]bool{
		":8080": true, "0.0.0.0:8080": true, "[::]:80": true, "192.0.2.1:80": true, "127.0.0.1:80": false, "[::1]:0": false, "localhost:80": false,
	} {
		var f faults
		listenSettings{Listen: address, MaxOpenSessions: "1", NotificationKeyHeader: "X-API-Key"}.check(&f)
		if got := strings.Contains(strings.Join(f, "\n"), "public-url"); got != needed {
			t.Errorf("listening at %s: public URL needed %v, want %v (%v)", address, got, needed, f)
		}
	}
}

func TestNetworks(t *testing.T) {
	t.Parallel()
	var f faults
	got := f.networks("n", " 10.0.0.0/8, 127.0.0.1,, ::1 ,fd00::/8")
	var texts []string
	for _, prefix := range got {
		texts = append(texts, prefix.String())
	}
	if want := "10.0.0.0/8 127.0.0.1/32 ::1/128 fd00::/8"; strings.Join(texts, " ") != want || len(f) > 0 {
		t.Errorf("got %v with faults %v, want %s", texts, f, want)
	}
	for _, bad := range []string{"10.0.0.0/33", "10.0.0.1/8", "host", "fe80::1%eth0", "10.0.0.0-10.0.0.9"} {
		var f faults
		if got := f.networks("n", bad); len(got) > 0 || len(f) != 1 {
			t.Errorf("%q gives %v with faults %v, want one fault", bad, got, f)
		}
	}
}

func TestSpell(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0s", time.Second: "1s", 10 * time.Minute: "10m", 24 * time.Hour: "24h", 90 * time.Second: "1m30s", 90 * time.Minute: "1h30m",
	} {
		if got := spell(d); got != want {
			t.Errorf("%d is spelt %s, want %s", d, got, want)
		}
	}
}

func TestReadSecret(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, content, want string }{
		{"one newline is cut", "secret-token:0123456789\n", "secret-token:0123456789"},
		{"a Windows newline is cut", "0123456789abcdef\r\n", "0123456789abcdef"},
		{"no newline", "0123456789abcdef", "0123456789abcdef"},
		{"two newlines", "0123456789abcdef\n\n", ""},
		{"a space", "0123456789 abcdef", ""},
		{"an umlaut", "0123456789äbcdef", ""},
		{"nothing", "", ""},
		{"a newline only", "\n", ""},
		{"the longest", strings.Repeat("x", maxSecret) + "\n", strings.Repeat("x", maxSecret)},
		{"too long", strings.Repeat("x", maxSecret+1), ""},
		{"far too long", strings.Repeat("x", 10*maxSecret), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := readSecret(writeFile(t, "secret", test.content), nil)
			if got != test.want || (err == nil) != (test.want != "") {
				t.Errorf("got %d bytes and error %v", len(got), err)
			}
			if err != nil && len(test.content) > 2 && strings.Contains(err.Error(), test.content[:3]) {
				t.Errorf("the error quotes the secret: %v", err)
			}
		})
	}
}
