package address

import (
	"bytes"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchgate/kyc"
)

const testTAN = "48151623"

var (
	testNow  = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	testID   = kyc.FirstID(testNow)
	allTexts = []string{"en", "de", "fr", "it"}
)

func testClock() time.Time { return testNow }

// gateway is the public address of the tests' gateway.
func gateway(t testing.TB) *url.URL {
	t.Helper()
	u, err := url.Parse("https://id.muster.example:8443/base")
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// messageTo returns a message to an address that a Reader could have read.
func messageTo(m kyc.Method) kyc.Message {
	message := kyc.Message{
		SessionID: testID, TAN: testTAN, Language: "en", ClientName: "Muster Bank AG", ExpiresAt: testNow.Add(m.TANLifetime()),
	}
	switch m {
	case kyc.MethodEmail:
		message.Address = kyc.Address{Method: m, Email: "anna.muster@bücher.example"}
	case kyc.MethodPhone:
		message.Address = kyc.Address{Method: m, Phone: "+41791234567"}
	default:
		message.Address = kyc.Address{Method: m, Name: "Anna Muster", Lines: []string{"Bahnhofstrasse 17", "8000 Zürich"}, Country: "CH"}
		message.LetterCode = "7K3F-9QWX-2MTD-8HJP"
		message.Link = "https://id.muster.example:8443/base/letter/" + message.LetterCode
	}
	return message
}

// logbook is a log that tests read.
type logbook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logbook) log() *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// isFault says whether an error is one that somebody has to mend. Those who know the
// package and those who do not must find the same.
func isFault(err error) bool {
	var f interface{ Fault() bool }
	known := errors.As(err, &f) && f.Fault()
	if known != errors.Is(err, ErrFault) {
		panic("ErrFault and its method say different things")
	}
	return known
}

// wantSecret fails the test if a text tells anything of a message.
func wantSecret(t *testing.T, where, text string, m kyc.Message) {
	t.Helper()
	for _, secret := range secrets(m) {
		if len(secret) >= anywhere && strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
			t.Errorf("%s tells %q:\n%s", where, secret, text)
		}
	}
}
