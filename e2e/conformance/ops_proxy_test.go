package conformance

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"OPS-03", "forged X-Forwarded headers and Host change nothing; from a trusted proxy the address in them is the caller's", ops03},
	Row{"OPS-06", "over https pages pin https for a year and TLS begins at 1.2; a public URL of plain http does not start", ops06},
	Row{"OPS-07", "each address has a pace, signing in, wrong secrets, TANs and status ones of their own: 429 with Retry-After", ops07},
)

// forged are headers by which somebody says to be another, or to speak for another
// host.
var forged = []string{
	"X-Forwarded-For", "192.0.2.7", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil.example",
	"Forwarded", "for=192.0.2.7;proto=https;host=evil.example", "X-Real-IP", "192.0.2.7", "Host", "evil.example",
}

func ops03(t *T) {
	ask := t.Ask(t.Wallet())
	for _, path := range []string{"/.well-known/openid-configuration", "/config", ask.Path(), ask.With("response_type", "token").Path(), "/login"} {
		a := t.Get(path, append(forged, "Accept", "text/html")...)
		if strings.Contains(string(a.Body), "evil.example") || strings.Contains(a.Header.Get("Location"), "evil.example") {
			t.Errorf("%s believes the headers: %s", path, a)
		}
		for _, cookie := range a.Header["Set-Cookie"] {
			if strings.Contains(cookie, "Secure") || strings.Contains(cookie, "__Host-") {
				t.Errorf("%s takes the connection for https: %s", path, cookie)
			}
		}
		if a.Header.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s takes the connection for https", path)
		}
	}
	plain, proxied := t.Alone("--request-rate=1"), t.Alone("--request-rate=1", "--trusted-proxies=127.0.0.0/8")
	from := func(t *T, i int, more string) int {
		return t.Get("/config", "X-Forwarded-For", fmt.Sprintf("%s192.0.2.%d", more, i), "X-Real-IP", fmt.Sprintf("192.0.2.%d", i)).Status
	}
	i := 0
	plain.Until("an address that says to be many others to be stopped", func() (bool, error) {
		i++
		return from(plain, i%200, "") == http.StatusTooManyRequests, nil
	})
	for i := range 60 {
		if status := from(proxied, i, ""); status != http.StatusOK {
			t.Fatalf("a caller behind a trusted proxy gets %d after %d others", status, i)
		}
	}
	i = 0
	proxied.Until("a caller behind a trusted proxy, who adds others, to be stopped", func() (bool, error) {
		i++
		return from(proxied, 7, fmt.Sprintf("198.51.100.%d, ", i%200)) == http.StatusTooManyRequests, nil
	})
}

// selfSigned writes a certificate for 127.0.0.1 with its key, and returns the
// flags of serve that name them.
func (t *T) selfSigned() []string {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	about := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"id.example"}}
	cert := must[[]byte](t)(x509.CreateCertificate(rand.Reader, about, about, key.Public(), key))
	private := must[[]byte](t)(x509.MarshalPKCS8PrivateKey(key))
	dir := t.TempDir()
	var flags []string
	for flag, block := range map[string]*pem.Block{
		"--tls-cert-file": {Type: "CERTIFICATE", Bytes: cert}, "--tls-key-file": {Type: "PRIVATE KEY", Bytes: private},
	} {
		file := filepath.Join(dir, strings.Trim(flag, "-"))
		t.Check(os.WriteFile(file, pem.EncodeToMemory(block), 0o600))
		flags = append(flags, flag+"="+file)
	}
	return flags
}

func ops06(t *T) {
	t.Refused("public-url", "serve", "--listen=127.0.0.1:0", "--admin-listen=off", "--public-url=http://id.example")
	t.Refused("public-url", "serve", "--listen=0.0.0.0:0", "--admin-listen=off")
	if a := t.Get("/login"); a.Header.Get("Strict-Transport-Security") != "" {
		t.Error("over plain http, for development, https is pinned")
	}
	alone := t.Alone(append(t.selfSigned(), "--public-url=https://id.example")...)
	address := strings.TrimPrefix(alone.Gateway.URL, "http://")
	for version, want := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		conn, err := tls.Dial("tcp", address, &tls.Config{MinVersion: version, MaxVersion: version, InsecureSkipVerify: true})
		if (err == nil) != want {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			_ = conn.Close()
		}
	}
	secure := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer secure.CloseIdleConnections()
	for _, path := range []string{"/login", "/config", "/nowhere", "/.well-known/openid-configuration"} {
		a := alone.read(must[*http.Response](t)(secure.Get("https://" + address + path)))
		age, _, _ := strings.Cut(strings.TrimPrefix(a.Header.Get("Strict-Transport-Security"), "max-age="), ";")
		if seconds, err := strconv.Atoi(age); err != nil || seconds < 365*24*60*60 {
			t.Errorf("%s: Strict-Transport-Security is %q", path, a.Header.Get("Strict-Transport-Security"))
		}
		if path == "/.well-known/openid-configuration" && a.Text("issuer") != "https://id.example" {
			t.Errorf("the issuer is %q", a.Text("issuer"))
		}
	}
	if a, err := alone.raw("GET /login HTTP/1.1\r\nHost: id.example\r\nConnection: close\r\n\r\n"); err == nil && a.Status != http.StatusBadRequest {
		t.Errorf("plain http on the port of https: %s", a)
	}
}

// slowed asks until it is told to wait, and fails the case unless it is told how
// long.
func (t *T) slowed(what string, ask func() Answer) Answer {
	t.Helper()
	var last Answer
	t.Until(what+" to be slowed", func() (bool, error) {
		last = ask()
		return last.Status == http.StatusTooManyRequests, nil
	})
	if wait, err := strconv.Atoi(last.Header.Get("Retry-After")); err != nil || wait < 1 {
		t.Errorf("%s: Retry-After is %q", what, last.Header.Get("Retry-After"))
	}
	return last
}

func ops07(t *T) {
	alone := t.Alone("--request-rate=1", "--trusted-proxies=127.0.0.0/8")
	client := alone.App()
	as := func(address string) []string { return []string{"X-Forwarded-For", address, "Accept", "text/html"} }
	form := alone.Form(client, "grant_type", "authorization_code", "code", "x").Encode()
	for i, ask := range []func(header ...string) Answer{
		func(header ...string) Answer { return alone.Get(alone.Ask(client).Path(), header...) },
		func(header ...string) Answer { return alone.Post("/authorize", alone.Ask(client).Query(), header...) },
		func(header ...string) Answer { return alone.Post("/token", form, header...) },
		func(header ...string) Answer { return alone.Post("/par", form, header...) },
		func(header ...string) Answer { return alone.Post("/revoke", form, header...) },
		func(header ...string) Answer { return alone.Get("/userinfo", header...) },
		func(header ...string) Answer { return alone.Get("/login", header...) },
		func(header ...string) Answer { return alone.Get("/session/none/status", header...) },
		func(header ...string) Answer { return alone.Post("/session/none/pin", "pin=00000000", header...) },
		func(header ...string) Answer { return alone.Get("/letter/0000-0000-0000-0000", header...) },
	} {
		address := fmt.Sprintf("192.0.2.%d", i)
		a := alone.slowed(fmt.Sprintf("request %d", i), func() Answer { return ask(as(address)...) })
		if a.JSON == nil {
			alone.ErrPage(a, http.StatusTooManyRequests)
		} else if a.Text("error") != "temporarily_unavailable" {
			t.Errorf("request %d: %s", i, a)
		}
		if other := ask(as("198.51.100." + strconv.Itoa(i))...); other.Status == http.StatusTooManyRequests {
			t.Errorf("request %d: another address is slowed too", i)
		}
	}
	t.slowedByKind()
}

// onceADay asks for messages of a client that may send one.
func (t *T) onceADay() func() Answer {
	client := t.NewClient(byEmail, "--daily-messages=1")
	return func() Answer {
		b := e2e.NewBrowser()
		return t.Press(b, t.Open(b, t.Ask(client).Path()), "/address", t.Place("email").Fields...)
	}
}

// slowedByKind is about limits that hold at any pace of an address.
func (t *T) slowedByKind() {
	t.Helper()
	client := t.NewClient()
	wrong := client
	wrong.Secret = strings.Repeat("x", 43)
	t.slowed("wrong secrets", func() Answer {
		return t.PostForm("/token", t.Form(wrong, "grant_type", "authorization_code", "code", "x", "redirect_uri", client.RedirectURI))
	})
	page := t.Get(t.Ask(client).Path(), asPage...)
	jar := "vouchgate=" + cookieOf(page, "vouchgate").Value
	status := page.Header.Get("Location") + "/status"
	t.slowed("status", func() Answer { return t.Get(status, "Accept", "application/json", "Cookie", jar) })

	b, where := e2e.NewBrowser(), t.Place("email")
	sent := t.OpenTAN(b, t.Ask(t.Mailer()), where)
	t.slowed("messages", func() Answer { return t.Press(b, sent, "/resend") })
	t.slowed("messages of a client", t.onceADay())

	limited := t.Alone("--max-open-sessions=3")
	ask := limited.Ask(limited.NewClient())
	var last Answer
	limited.Until("a client to have no session left", func() (bool, error) {
		last = limited.Visit(ask)
		return bytes.Contains([]byte(last.Header.Get("Location")), []byte("error=")), nil
	})
	limited.Redir(ask, last, "temporarily_unavailable")
}
