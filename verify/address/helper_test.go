//go:build unix

package address

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"vouchgate/kyc"

	"github.com/google/go-cmp/cmp"
)

// install writes a shell script as a helper. Nothing is started meanwhile: a program
// that began in between would hold the script open for writing, and it could not run.
func install(t *testing.T, path, script string) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
}

// A workshop is a folder with a helper and a Courier that uses it for everything.
type workshop struct {
	*Courier
	dir, program string
	logs         *logbook
}

func newWorkshop(t *testing.T, script string, change func(*Config)) *workshop {
	t.Helper()
	w := &workshop{dir: t.TempDir(), logs: &logbook{}}
	w.program = filepath.Join(w.dir, "helper")
	install(t, w.program, script)
	cfg := Config{Public: gateway(t), Now: testClock, Log: w.logs.log(), Helpers: map[kyc.Method]string{},
		Environ: append(os.Environ(), "VOUCHGATE_HELPER_DIR="+w.dir, "VOUCHGATE_DATABASE=secret", "VOUCHGATE_HELPERS=no", "SECRET=x")}
	for _, m := range kyc.AddressMethods {
		cfg.Helpers[m] = w.program
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	if w.Courier, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	return w
}

// read returns what the helper wrote into a file of its folder.
func (w *workshop) read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestHelpersSayHowItWent(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, script string
		want         kyc.Delivery
		err          string // "!" in front: with ErrFault
	}{
		{"sent", "cat >/dev/null", kyc.DeliverySent, ""},
		{"sent without reading", "exit 0", kyc.DeliverySent, ""},
		{"sent and talkative", "cat >/dev/null; echo fine; echo fine >&2", kyc.DeliverySent, ""},
		{"bad data", "exit 65", kyc.DeliveryRefused, "refused the address"},
		{"no such user", "exit 67", kyc.DeliveryRefused, "refused the address"},
		{"no such host", "exit 68", kyc.DeliveryRefused, "refused the address"},
		{"later", "exit 75", kyc.DeliveryDelayed, "try later"},
		{"wrong usage", "exit 64", kyc.DeliveryDelayed, "!exit status 64"},
		{"a shell's error", "no-such-command", kyc.DeliveryDelayed, "!exit status 127"},
		{"one", "exit 1", kyc.DeliveryDelayed, "!exit status 1"},
		{"killed by a signal", "kill -9 $$", kyc.DeliveryDelayed, "!signal: killed"},
		{"ended by a signal with a core", "ulimit -c 0; kill -SEGV $$", kyc.DeliveryDelayed, "!signal: segmentation fault"},
		{"output without end that is read by nobody", "yes | head -c 3000000", kyc.DeliverySent, ""},
		{"errors of some megabytes", "yes 12345678 | head -c 3000000 >&2", kyc.DeliverySent, ""},
		{"a fork that keeps standard error", "sleep 1000 & exit 0", kyc.DeliverySent, ""},
		{"a fork that keeps standard error of a failure", "sleep 1000 & exit 67", kyc.DeliveryRefused, "refused"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			w := newWorkshop(t, r.script, nil)
			m := messageTo(kyc.MethodPhone)
			state, err := w.Send(t.Context(), m)
			want, fault := strings.CutPrefix(r.err, "!")
			if isFault(err) != fault {
				t.Errorf("%v is a fault: %t", err, !fault)
			}
			if state != r.want || (err == nil) != (r.err == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("state %q, %v; want %q, %q", state, err, r.want, r.err)
			}
			if n := len(w.logs.String()); n > 2*maxStderr {
				t.Errorf("%d bytes were logged", n)
			}
		})
	}
}

func TestHelpersReadTheMessage(t *testing.T) {
	t.Parallel()
	common := func(m kyc.Message, more map[string]any) map[string]any {
		all := map[string]any{
			"version": 1.0, "id": testID.String(), "method": string(m.Address.Method), "tan": testTAN, "language": "en",
			"client_name": "Muster Bank AG", "expires_at": m.ExpiresAt.Format(time.RFC3339),
		}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	post := map[string]any{
		"address": map[string]any{"CONTACT_NAME": "Anna Muster", "ADDRESS_LINES": "Bahnhofstrasse 17\n8000 Zürich"},
		"to":      "Anna Muster, Bahnhofstrasse 17, 8000 Zürich, CH", "subject": "Your code for Muster Bank AG",
		"link": "https://id.muster.example:8443/base/letter/7K3F-9QWX-2MTD-8HJP", "letter_code": "7K3F-9QWX-2MTD-8HJP",
	}
	rows := map[kyc.Method]map[string]any{
		kyc.MethodEmail: {"address": map[string]any{"CONTACT_EMAIL": "anna.muster@bücher.example"}, "to": "anna.muster@xn--bcher-kva.example",
			"subject": "Your code for Muster Bank AG"},
		kyc.MethodPhone:    {"address": map[string]any{"CONTACT_PHONE": "+41791234567"}, "to": "+41791234567"},
		kyc.MethodPostalCH: post,
	}
	for method, more := range rows {
		t.Run(string(method), func(t *testing.T) {
			t.Parallel()
			w := newWorkshop(t, `cat >"$VOUCHGATE_HELPER_DIR/input"`, nil)
			m := messageTo(method)
			if state, err := w.Send(t.Context(), m); state != kyc.DeliverySent || err != nil {
				t.Fatalf("%q, %v", state, err)
			}
			var got map[string]any
			if err := json.Unmarshal([]byte(w.read(t, "input")), &got); err != nil {
				t.Fatal(err)
			}
			text, _ := got["text"].(string)
			delete(got, "text")
			if diff := cmp.Diff(common(m, more), got); diff != "" {
				t.Error(diff)
			}
			if !strings.Contains(strings.ReplaceAll(text, " ", ""), testTAN) {
				t.Errorf("text is %q", text)
			}
		})
	}
}

// Whatever an address looks like, it is data.
func TestAddressesReachHelpersAsData(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t, `cat >"$VOUCHGATE_HELPER_DIR/input"`, nil)
	typed := map[string]string{
		kyc.FieldName: "-rf; $(touch pwned) `id`", kyc.FieldLines: "'\"\\ | & > x\n%s ${IFS} #\n8000 -Zürich", kyc.FieldCountry: "DE",
	}
	a, err := w.Reader().Read(kyc.MethodPostal, typed)
	if err != nil {
		t.Fatal(err)
	}
	m := messageTo(kyc.MethodPostal)
	m.Address = a
	if state, err := w.Send(t.Context(), m); state != kyc.DeliverySent {
		t.Fatalf("%q, %v", state, err)
	}
	var got order
	if err := json.Unmarshal([]byte(w.read(t, "input")), &got); err != nil || !cmp.Equal(got.Address, typed) {
		t.Errorf("the helper read %q, %v", got.Address, err)
	}
}

func TestHelpersSeeNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t, `cd "$VOUCHGATE_HELPER_DIR"
env | sort >env; echo "$#" >count; [ -r /proc/$$/cmdline ] && tr '\0' '\n' </proc/$$/cmdline >cmdline
ps -o pgid= -o pid= -p $$ >group 2>/dev/null; ls -l /proc/$$/fd >fds 2>/dev/null; echo "$OLDPWD" >dir; cat >/dev/null`, nil)
	m := messageTo(kyc.MethodEmail)
	if state, err := w.Send(t.Context(), m); state != kyc.DeliverySent {
		t.Fatalf("%q, %v", state, err)
	}
	if got := strings.TrimSpace(w.read(t, "count")); got != "0" {
		t.Errorf("there were %s arguments", got)
	}
	if got := strings.TrimSpace(w.read(t, "dir")); got != "/" {
		t.Errorf("it ran in %s", got)
	}
	allowed := map[string]bool{"PATH": true, "LANG": true, "VOUCHGATE_HELPER_DIR": true,
		"PWD": true, "OLDPWD": true, "SHLVL": true, "_": true} // these are the shell's own
	env := w.read(t, "env")
	for line := range strings.Lines(env) {
		if name, _, _ := strings.Cut(line, "="); !allowed[name] {
			t.Errorf("the environment has %s", line)
		}
	}
	if !strings.Contains(env, "LANG=C.UTF-8\n") || !strings.Contains(env, "PATH="+os.Getenv("PATH")+"\n") {
		t.Errorf("the environment is\n%s", env)
	}
	if runtime.GOOS == "linux" {
		cmdline := w.read(t, "cmdline")
		wantSecret(t, "the process list", cmdline, m)
		if want := "/bin/sh\n" + w.program + "\n"; cmdline != want {
			t.Errorf("the process list shows %q, want %q", cmdline, want)
		}
	}
	wantSecret(t, "the environment", env, m)
}

func TestEnvironOfHelpers(t *testing.T) {
	t.Parallel()
	got := helperEnviron([]string{"PATH=", "HOME=/root", "LANG=de_CH", "VOUCHGATE_HELPER_KEY=a=b", "VOUCHGATE_HELPER=x", "LD_PRELOAD=x",
		"VOUCHGATE_HELPER_TIMEOUT=10s", "VOUCHGATE_HELPER_TIMEOUTS=1"})
	want := []string{"PATH=" + defaultPath, "LANG=C.UTF-8", "VOUCHGATE_HELPER_KEY=a=b", "VOUCHGATE_HELPER_TIMEOUTS=1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatHelpersSayIsMasked(t *testing.T) {
	t.Parallel()
	for _, method := range kyc.AddressMethods {
		for _, code := range []string{"0", "1", "67", "75"} {
			t.Run(string(method)+" "+code, func(t *testing.T) {
				t.Parallel()
				w := newWorkshop(t, `echo gateway42 said: >&2; cat >&2; printf '\033[31m\n' >&2; echo "spaced 4815 1623, 48-15-16-23" >&2; exit `+code, nil)
				m := messageTo(method)
				state, err := w.Send(t.Context(), m)
				logs := w.logs.String()
				if err != nil {
					wantSecret(t, "the error", strings.ReplaceAll(err.Error(), w.program, ""), m)
				}
				if (state == kyc.DeliverySent) != (code == "0") || strings.Count(logs, "\n") != 1 {
					t.Errorf("state %q, logs:\n%s", state, logs)
				}
				var line struct {
					Level, Output string
					Session       string `json:"session_id"`
				}
				if err := json.Unmarshal([]byte(logs), &line); err != nil {
					t.Fatal(err)
				}
				wantSecret(t, "the log", strings.NewReplacer(w.program, "", testID.String(), "").Replace(logs), m)
				wantSecret(t, "the output", line.Output, m)
				if !strings.HasPrefix(line.Output, "gateway42 said:") || strings.Contains(line.Output, "\x1b") ||
					line.Session != testID.String() || (line.Level == "INFO") != (code == "0") {
					t.Errorf("log line is %+v", line)
				}
			})
		}
	}
}

// The beginning is kept, without half a word at its end.
func TestOutputIsBounded(t *testing.T) {
	t.Parallel()
	h := &head{limit: 10}
	for range 3 {
		if n, err := h.Write([]byte("abc def")); n != 7 || err != nil {
			t.Fatalf("wrote %d, %v", n, err)
		}
	}
	if got := h.whole(); got != "abc ..." {
		t.Errorf("kept %q", got)
	}
	if short := (&head{limit: 10, kept: []byte("abc def")}); short.whole() != "abc def" {
		t.Errorf("kept %q", short.whole())
	}
}

func TestProgramsThatCannotRunDelay(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name  string
		spoil func(path string) error
	}{
		{"missing", os.Remove},
		{"not executable", func(p string) error { return os.Chmod(p, 0o600) }},
		{"a folder", func(p string) error {
			if err := os.Remove(p); err != nil {
				return err
			}
			return os.Mkdir(p, 0o700)
		}},
		{"no program at all", func(p string) error { return os.WriteFile(p, []byte{0x7f, 'E', 'L', 'F', 0}, 0o700) }},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			w := newWorkshop(t, "exit 0", nil)
			if err := r.spoil(w.program); err != nil {
				t.Fatal(err)
			}
			state, err := w.Send(t.Context(), messageTo(kyc.MethodPhone))
			if state != kyc.DeliveryDelayed || err == nil || !strings.Contains(err.Error(), "starting helper") || !isFault(err) {
				t.Errorf("%q, %v", state, err)
			}
		})
	}
}

func TestHelpersMayHaveRelativePaths(t *testing.T) {
	t.Parallel()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorkshop(t, "exit 0", nil)
	relative, err := filepath.Rel(here, w.program)
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(Config{Public: gateway(t), Now: testClock, Helpers: map[kyc.Method]string{kyc.MethodPhone: relative}})
	if err != nil {
		t.Fatal(err)
	}
	if state, err := c.Send(t.Context(), messageTo(kyc.MethodPhone)); state != kyc.DeliverySent {
		t.Errorf("%q, %v", state, err)
	}
}
