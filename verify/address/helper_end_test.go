//go:build unix

package address

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"vouchgate/kyc"
)

// hear makes a named pipe in the workshop and returns a function that waits for a line
// that the helper writes into it.
func (w *workshop) hear(t *testing.T, name string) func() string {
	t.Helper()
	path := filepath.Join(w.dir, name)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return func() string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		}
		return strings.TrimSpace(string(b))
	}
}

// gone waits until no process is left of a group. They have been killed; what is
// waited for is that the system buries them.
func gone(t *testing.T, group string) {
	t.Helper()
	id, err := strconv.Atoi(group)
	if err != nil {
		t.Fatalf("group %q: %v", group, err)
	}
	for t.Context().Err() == nil {
		if err := syscall.Kill(-id, 0); err == syscall.ESRCH || zombies(id) {
			return
		}
		runtime.Gosched()
	}
}

// zombies says whether all that is left of a group is dead and waits for its parent,
// which in a container may be one that never looks.
func zombies(group int) bool {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, _ := os.ReadFile(path)
		_, rest, _ := strings.Cut(string(b), ") ")
		if f := strings.Fields(rest); len(f) > 2 && f[2] == strconv.Itoa(group) && f[0] != "Z" {
			return false
		}
	}
	return err == nil && len(stats) > 0
}

func TestHangingHelpersAreKilledWithTheirGroup(t *testing.T) {
	t.Parallel()
	rows := []struct{ name, script string }{
		{"one that sleeps", "exec sleep 1000"},
		{"one that does not listen to signals", "trap '' TERM INT HUP; while :; do sleep 1000; done"},
		{"one that floods standard error", "yes >&2"},
		{"one that floods standard output", "yes"},
		{"one whose fork keeps everything open", "sleep 1000 & sleep 1000 & wait"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			w := newWorkshop(t, `echo $$ >"$VOUCHGATE_HELPER_DIR/started"
`+r.script, nil)
			started := w.hear(t, "started")
			ctx, cancel := context.WithCancel(t.Context())
			group := make(chan string, 1)
			go func() {
				group <- started()
				cancel()
			}()
			state, err := w.Send(ctx, messageTo(kyc.MethodPhone))
			if state != kyc.DeliveryDelayed || err == nil || !strings.Contains(err.Error(), "stopped") || isFault(err) {
				t.Errorf("%q, %v", state, err)
			}
			gone(t, <-group)
		})
	}
}

func TestHelpersHaveATimeLimit(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t, "exec sleep 1000", func(c *Config) { c.HelperTimeout = time.Millisecond })
	state, err := w.Send(t.Context(), messageTo(kyc.MethodPhone))
	if state != kyc.DeliveryDelayed || err == nil || !strings.Contains(err.Error(), "deadline") || !isFault(err) {
		t.Errorf("%q, %v", state, err)
	}
}

func TestForksDoNotOutliveTheirHelper(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t, `sleep 1000 & echo $$ >"$VOUCHGATE_HELPER_DIR/started"; exit 0`, nil)
	started := w.hear(t, "started")
	group := make(chan string, 1)
	go func() { group <- started() }()
	if state, err := w.Send(t.Context(), messageTo(kyc.MethodPhone)); state != kyc.DeliverySent || err != nil {
		t.Errorf("%q, %v", state, err)
	}
	gone(t, <-group)
}

// A process that made a session of its own escapes the group, but not even that holds
// anybody up.
func TestEscapedForksHoldNobodyUp(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t, `command -v setsid >/dev/null || exit 0
setsid sh -c 'echo $$ >"$VOUCHGATE_HELPER_DIR/escaped"; exec sleep 1000' &
read -r line <"$VOUCHGATE_HELPER_DIR/go"; exit 0`, nil)
	if _, err := os.Stat("/usr/bin/setsid"); err != nil {
		t.Skip("this machine has no setsid")
	}
	escaped, open := w.hear(t, "escaped"), filepath.Join(w.dir, "go")
	if err := syscall.Mkfifo(open, 0o600); err != nil {
		t.Fatal(err)
	}
	group := make(chan string, 1)
	go func() {
		group <- escaped()
		if err := os.WriteFile(open, []byte("go\n"), 0o600); err != nil {
			t.Error(err)
		}
	}()
	state, err := w.Send(t.Context(), messageTo(kyc.MethodPhone))
	if state != kyc.DeliverySent || err != nil {
		t.Errorf("%q, %v", state, err)
	}
	id, err := strconv.Atoi(<-group)
	if err != nil {
		t.Fatal(err)
	}
	if err := killGroup(id); err != nil {
		t.Errorf("the escaped process was not there any more: %v", err)
	}
}

func TestOneHelperDoesNotWaitForAnother(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t, `if grep -q '"tan":"11111111"'; then echo $$ >"$VOUCHGATE_HELPER_DIR/started"; exec sleep 1000; fi`, nil)
	started := w.hear(t, "started")
	ctx, cancel := context.WithCancel(t.Context())
	slow := messageTo(kyc.MethodPhone)
	slow.TAN = "11111111"
	ended := make(chan kyc.Delivery, 1)
	go func() {
		state, _ := w.Send(ctx, slow)
		ended <- state
	}()
	started()
	for range 5 {
		if state, err := w.Send(t.Context(), messageTo(kyc.MethodPhone)); state != kyc.DeliverySent || err != nil {
			t.Errorf("%q, %v", state, err)
		}
	}
	select {
	case state := <-ended:
		t.Errorf("the slow one ended: %q", state)
	default:
	}
	cancel()
	if state := <-ended; state != kyc.DeliveryDelayed {
		t.Errorf("the slow one: %q", state)
	}
}

func TestHelperCanBeReplacedWhileItRuns(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t, `echo $$ >"$VOUCHGATE_HELPER_DIR/started"; read -r line <"$VOUCHGATE_HELPER_DIR/go"; exit 67`, nil)
	started, open := w.hear(t, "started"), filepath.Join(w.dir, "go")
	if err := syscall.Mkfifo(open, 0o600); err != nil {
		t.Fatal(err)
	}
	ended := make(chan kyc.Delivery, 1)
	go func() {
		state, _ := w.Send(t.Context(), messageTo(kyc.MethodPhone))
		ended <- state
	}()
	started()
	install(t, w.program+".new", "exit 0")
	if err := os.Rename(w.program+".new", w.program); err != nil {
		t.Fatal(err)
	}
	if state, err := w.Send(t.Context(), messageTo(kyc.MethodPhone)); state != kyc.DeliverySent {
		t.Errorf("the new one: %q, %v", state, err)
	}
	if err := os.WriteFile(open, []byte("go\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if state := <-ended; state != kyc.DeliveryRefused {
		t.Errorf("the old one ended as %q", state)
	}
}
