package helpers

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sms = "vouchgate-sms-http"

// gateway is an SMS gateway that answers with one status code and keeps the last
// request.
type gateway struct {
	*httptest.Server
	calls atomic.Int64
	last  chan request
}

type request struct {
	header http.Header
	body   map[string]any
}

func newGateway(t *testing.T, status int) *gateway {
	t.Helper()
	tool(t, "curl")
	g := &gateway{last: make(chan request, 1)}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.calls.Add(1)
		content, _ := io.ReadAll(r.Body)
		got := request{header: r.Header}
		if err := json.Unmarshal(content, &got.body); err != nil {
			t.Errorf("the body is not JSON: %v: %s", err, content)
		}
		select {
		case <-g.last:
		default:
		}
		g.last <- got
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		_, _ = w.Write(content) // gateways repeat what they were told
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) setting() string { return "VOUCHGATE_HELPER_SMS_URL=" + g.URL + "/messages" }

func TestSMSIsSent(t *testing.T) {
	t.Parallel()
	g := newGateway(t, http.StatusAccepted)
	text := "Code 12345678 für \"O'Brien\" $(id) `id` \\ %s\n\n@gate.example #12345678"
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("s3cret\"\\token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := start(t, sms, with(t, "phone", map[string]any{"text": text}), g.setting(),
		"VOUCHGATE_HELPER_SMS_TOKEN_FILE="+token, "VOUCHGATE_HELPER_SMS_FROM=Müster & Co")
	if got != (outcome{}) {
		t.Fatalf("got %+v", got)
	}
	sent := <-g.last
	want := map[string]any{"to": "+41791234567", "text": text, "from": "Müster & Co", "reference": "Example1"}
	if diff := cmp.Diff(want, sent.body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if got, want := sent.header.Get("Authorization"), `Bearer s3cret"\token`; got != want {
		t.Errorf("Authorization is %q, want %q", got, want)
	}
	if got := sent.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type is %q", got)
	}
}

func TestSMSSettingsMayBeLeftOut(t *testing.T) {
	t.Parallel()
	g := newGateway(t, http.StatusOK)
	if got := start(t, sms, with(t, "phone", nil), g.setting()); got != (outcome{}) {
		t.Fatalf("got %+v", got)
	}
	sent := <-g.last
	if _, ok := sent.body["from"]; ok || sent.header.Get("Authorization") != "" {
		t.Errorf("a sender or token was sent that is not set: %+v", sent)
	}
}

func TestSMSAnswers(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]int{
		200: 0, 201: 0, 202: 0, 204: 0,
		422: 65,
		408: 75, 425: 75, 429: 75, 500: 75, 502: 75, 503: 75,
		400: 78, 401: 78, 403: 78, 404: 78,
		302: 69, 307: 69, 405: 69, 410: 69,
	} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			g := newGateway(t, status)
			got := start(t, sms, with(t, "phone", nil), g.setting())
			if got.exit != want || (got.stderr == "") != (want == 0) {
				t.Errorf("ended with %d for HTTP %d, want %d: %q", got.exit, status, want, got.stderr)
			}
			if n := g.calls.Load(); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
			silent(t, got.stderr, "791234567")
		})
	}
}

func TestSMSRefusesWhatIsNoNumber(t *testing.T) {
	t.Parallel()
	g := newGateway(t, http.StatusOK)
	for name, number := range map[string]string{
		"nothing": "", "an option": "-K/etc/passwd", "a command": "$(id)", "back-ticks": "`id`", "a quote": `+41791234567"`,
		"a line break": "+41791234567\n", "two lines": "+41791234567\nurl = \"http://evil.example\"", "letters": "+4179CALLME1",
		"no country": "0791234567", "too long": "+1234567890123456", "an escape": "+41791234567\u001b[2J",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := start(t, sms, with(t, "phone", map[string]any{"address": map[string]string{"CONTACT_PHONE": number}}), g.setting())
			if got.exit != 65 || g.calls.Load() != 0 {
				t.Errorf("ended with %d after %d requests, want 65 after none: %q", got.exit, g.calls.Load(), got.stderr)
			}
			silent(t, got.stderr, "79", "id", "evil")
		})
	}
}

func TestSMSRefusesWhatIsNoMessage(t *testing.T) {
	t.Parallel()
	g := newGateway(t, http.StatusOK)
	inputs := map[string]string{
		"another version":              with(t, "phone", map[string]any{"version": 2}),
		"a version in quotation marks": with(t, "phone", map[string]any{"version": "1"}),
		"an e-mail":                    with(t, "email", nil),
		"no text":                      with(t, "phone", map[string]any{"text": nil}),
	}
	for name, input := range noMessages {
		inputs[name] = input
	}
	for name, input := range inputs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := start(t, sms, input, g.setting())
			if got.exit != 64 || g.calls.Load() != 0 {
				t.Errorf("ended with %d after %d requests, want 64 after none: %q", got.exit, g.calls.Load(), got.stderr)
			}
			silent(t, got.stderr)
		})
	}
}

func TestSMSSettingsThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string][]string{
		"no URL":                         nil,
		"no TLS":                         {"VOUCHGATE_HELPER_SMS_URL=http://sms.example/"},
		"a name like this machine's":     {"VOUCHGATE_HELPER_SMS_URL=http://localhost.example/"},
		"this machine as a user name":    {"VOUCHGATE_HELPER_SMS_URL=http://localhost:x@sms.example/"},
		"as one before a question mark":  {"VOUCHGATE_HELPER_SMS_URL=http://127.0.0.1:80?x@sms.example/"},
		"as one by its IPv6 address":     {"VOUCHGATE_HELPER_SMS_URL=http://[::1]:x@sms.example/"},
		"a file":                         {"VOUCHGATE_HELPER_SMS_URL=file:///etc/passwd"},
		"a token file that is not there": {"VOUCHGATE_HELPER_SMS_URL=https://sms.example/", "VOUCHGATE_HELPER_SMS_TOKEN_FILE=/nowhere"},
		"an empty token file":            {"VOUCHGATE_HELPER_SMS_URL=https://sms.example/", "VOUCHGATE_HELPER_SMS_TOKEN_FILE=/dev/null"},
		"a token of two lines":           {"VOUCHGATE_HELPER_SMS_URL=https://sms.example/", "VOUCHGATE_HELPER_SMS_TOKEN=a\nurl = b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := start(t, sms, with(t, "phone", nil), settings...); got.exit != 78 || got.stderr == "" {
				t.Errorf("got %+v, want exit code 78 and why", got)
			}
		})
	}
}

func TestSMSGatewayOutOfReach(t *testing.T) {
	t.Parallel()
	closed := newGateway(t, http.StatusOK)
	closed.Close()
	if got := start(t, sms, with(t, "phone", nil), closed.setting()); got.exit != 75 {
		t.Errorf("a closed port: got %+v, want exit code 75", got)
	}
	tool(t, "curl")
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	t.Cleanup(hangs.Close)
	got := start(t, sms, with(t, "phone", nil), "VOUCHGATE_HELPER_SMS_URL="+hangs.URL, "VOUCHGATE_HELPER_SMS_TIMEOUT=0.2")
	if got.exit != 75 {
		t.Errorf("a gateway that does not answer: got %+v, want exit code 75", got)
	}
	refuses := fake(t, "curl", "cat >/dev/null\nexit 60\n")
	if got := start(t, sms, with(t, "phone", nil), "VOUCHGATE_HELPER_SMS_URL=https://sms.example/", inFront(refuses)); got.exit != 69 {
		t.Errorf("a certificate that does not hold: got %+v, want exit code 69", got)
	}
}

// inFront is the PATH with a program's folder before all others.
func inFront(program string) string { return "PATH=" + filepath.Dir(program) + ":" + os.Getenv("PATH") }

func TestSMSSecretsStayOffCommandLines(t *testing.T) {
	t.Parallel()
	g := newGateway(t, http.StatusOK)
	log := filepath.Join(t.TempDir(), "log")
	// Each notes its own command line and that of the script, and then does its work.
	note := "tr '\\0' ' ' </proc/$PPID/cmdline >>" + log + "\nprintf ' %s' \"$0\" \"$@\" >>" + log + "\nexec "
	dir := t.TempDir()
	for _, name := range []string{"curl", "jq"} {
		script := "#!/bin/sh\n" + note + tool(t, name) + " \"$@\"\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	got := start(t, sms, with(t, "phone", nil), g.setting(), "VOUCHGATE_HELPER_SMS_TOKEN=s3cret", inFront(filepath.Join(dir, "curl")))
	if got.exit != 0 || (<-g.last).header.Get("Authorization") != "Bearer s3cret" {
		t.Fatalf("got %+v after %d requests", got, g.calls.Load())
	}
	seen, err := os.ReadFile(log)
	if err != nil || !strings.Contains(string(seen), "--config - ") || !strings.Contains(string(seen), "/jq") {
		t.Fatalf("no command lines were seen (%v): %s", err, seen)
	}
	for _, secret := range []string{"791234567", "12345678", "s3cret", "Example Bank"} {
		if strings.Contains(string(seen), secret) {
			t.Errorf("a command line has %q: %s", secret, seen)
		}
	}
}
