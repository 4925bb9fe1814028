package main

import (
	"bytes"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"vouchgate/kyc"
	"vouchgate/seal"
)

func TestLogHidesSecrets(t *testing.T) {
	t.Parallel()
	const canary = "canary-9f3b"
	handle := kyc.Handle{Secret: [32]byte([]byte(strings.Repeat(canary, 4))[:32])}
	ring, err := seal.NewRing("k1", map[string][]byte{"k1": []byte(strings.Repeat(canary, 4))[:32]}, zeroRand{})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []bool{true, false} {
		var out bytes.Buffer
		log := newLog(logConfig{level: slog.LevelDebug, text: text}, &out)
		log.Info("hello", "client_secret", canary, "Access_Token", canary, "password", canary, "Authorization", canary,
			"nonce", canary, "claims", map[string]any{"given_name": canary}, slog.Group("inner", "cookie", canary),
			"handle", handle, "proof", kyc.Proof{Claims: kyc.Claims{"given_name": canary}}, "session", kyc.Session{Binding: kyc.Binding{State: canary}},
			"account", kyc.Account{UserName: canary}, "grant", kyc.Grant{Subject: canary}, "request", kyc.Request{LoginHint: canary},
			"body", []byte(canary), "ring", ring, "url", &url.URL{Scheme: "https", Host: "id.example.org", RawQuery: canary})
		log.With("api_key", canary).Warn("again", "verification", "kept-1")
		for _, form := range []string{canary, "Y2FuYXJ5", "99,97,110,97,114,121", "63616e617279"} {
			if strings.Contains(out.String(), form) {
				t.Errorf("the log (text %v) holds a secret as %q:\n%s", text, form, out.String())
			}
		}
		for _, kept := range []string{"kept-1", "https://id.example.org", handle.ID.String(), hidden} {
			if !strings.Contains(out.String(), kept) {
				t.Errorf("the log (text %v) lacks %q:\n%s", text, kept, out.String())
			}
		}
	}
}

func TestServerLogHoldsNoAddresses(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"http: TLS handshake error from 192.0.2.77:4711: EOF":         "http: TLS handshake error from client: EOF",
		"http: TLS handshake error from [2001:db8::77]:4711: EOF":     "http: TLS handshake error from client: EOF",
		"http: panic serving 192.0.2.77:4711: Mira\ngoroutine 7:\n\t": "http: panic",
		"http: Accept error: too many open files; retrying in 5ms":    "http: Accept error: too many open files; retrying in 5ms",
	} {
		var out bytes.Buffer
		serverLog(newLog(logConfig{text: true}, &out)).Print(line)
		if !strings.Contains(out.String(), `detail="`+want+`"`) || strings.Contains(out.String(), "Mira") {
			t.Errorf("%q is logged as %q", line, out.String())
		}
	}
}
