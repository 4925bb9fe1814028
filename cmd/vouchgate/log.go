package main

import (
	"bytes"
	"io"
	"log"
	"log/slog"
	"net/url"
	"regexp"
	"strings"

	"vouchgate/kyc"
)

// newLog returns a log of one line per event.
func newLog(c logConfig, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.level, ReplaceAttr: redact}
	if c.text {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

// secretWords are in the names of attributes that must not be logged. Nothing
// logs one on purpose; this is the net below that.
var secretWords = []string{
	"secret", "password", "token", "authorization", "cookie", "nonce", "claims", "signature", "api_key", "apikey", "code_verifier",
}

const hidden = "[hidden]"

// redact hides what a log must not hold, by name and by type.
func redact(_ []string, a slog.Attr) slog.Attr {
	name := strings.ToLower(a.Key)
	for _, word := range secretWords {
		if strings.Contains(name, word) {
			return slog.String(a.Key, hidden)
		}
	}
	switch v := a.Value.Any().(type) {
	case kyc.Handle:
		return slog.String(a.Key, v.ID.String())
	case kyc.Proof, kyc.Claims, kyc.Event, kyc.Session, kyc.Outcome, kyc.Grant, kyc.Account, kyc.SignIn, kyc.SigningKey, kyc.Request, []byte:
		return slog.String(a.Key, hidden)
	case *url.URL:
		return slog.String(a.Key, v.Scheme+"://"+v.Host)
	}
	return a
}

// serverLog takes what net/http says about broken connections. It names the
// other end of the connection, who may be a person, so addresses are taken out.
func serverLog(l *slog.Logger) *log.Logger { return log.New(addressless{l}, "", 0) }

type addressless struct{ log *slog.Logger }

var peer = regexp.MustCompile(`(\[[0-9a-fA-F:.%\w]+\]|\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F]*)(:\d+)?`)

// Write implements io.Writer. Only the first line is kept: a panic's stack, which
// follows it, may hold anything.
func (a addressless) Write(b []byte) (int, error) {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	text := string(line)
	if before, _, panicked := strings.Cut(text, "panic serving"); panicked {
		text = before + "panic"
	}
	a.log.Warn("connection trouble", "detail", peer.ReplaceAllString(text, "client"))
	return len(b), nil
}
