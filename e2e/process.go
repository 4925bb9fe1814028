package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// ExitLimit is how long a program may take to end after SIGTERM.
const ExitLimit = 20 * time.Second

// Process is the program running with some arguments.
type Process struct {
	cmd  *exec.Cmd
	log  *Log
	done chan struct{} // closed when it has ended
	err  error
}

// starts runs functions on one thread that never ends: a child is killed with the
// thread that started it (see parentDeath), and Go ends threads as it likes.
var starts = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

func command(ctx context.Context, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = append(bareEnv(), env...)
	cmd.SysProcAttr = parentDeath()
	return cmd
}

// bareEnv is our environment without settings of the program.
func bareEnv() []string {
	var env []string
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "VOUCHGATE_") {
			env = append(env, pair)
		}
	}
	return env
}

// StartProcess starts the program. What it writes to standard error goes to log.
func StartProcess(log *Log, env []string, args ...string) (*Process, error) {
	p := &Process{cmd: command(context.Background(), env, args...), log: log, done: make(chan struct{})}
	p.cmd.Stderr = log
	started := make(chan error)
	starts() <- func() { started <- p.cmd.Start() }
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting the program: %w", err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Code returns the exit code of a process that has ended.
func (p *Process) Code() int {
	<-p.done
	return p.cmd.ProcessState.ExitCode()
}

// Kill ends the process with SIGKILL and waits for its end.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// Signal sends SIGTERM and does not wait.
func (p *Process) Signal() { _ = p.cmd.Process.Signal(syscall.SIGTERM) }

// Stop sends SIGTERM and waits. It returns an error unless the process ends by
// itself, in time and with exit code 0.
func (p *Process) Stop() error {
	p.Signal()
	select {
	case <-p.done:
	case <-time.After(ExitLimit):
		p.Kill()
		return fmt.Errorf("it did not end within %s of SIGTERM", ExitLimit)
	}
	if p.err != nil {
		return fmt.Errorf("after SIGTERM: %w", p.err)
	}
	return nil
}

// Log keeps what programs write to standard error.
type Log struct {
	mu      sync.Mutex
	text    bytes.Buffer
	waiting []logWait
}

type logWait struct {
	mark  []byte
	from  int
	found chan string
}

// Write implements io.Writer.
func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(b)
	still := l.waiting[:0]
	for _, w := range l.waiting {
		if line, ok := l.find(w.mark, w.from); ok {
			w.found <- line
			continue
		}
		still = append(still, w)
	}
	l.waiting = still
	return len(b), nil
}

// String returns everything that was written.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Next returns a channel for the first whole line with a text that is written
// from now on.
func (l *Log) Next(text string) <-chan string {
	found := make(chan string, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, logWait{mark: []byte(text), from: l.text.Len(), found: found})
	return found
}

func (l *Log) find(mark []byte, from int) (string, bool) {
	text := l.text.Bytes()[from:]
	for line := range bytes.Lines(text) {
		if bytes.Contains(line, mark) && bytes.HasSuffix(line, []byte("\n")) {
			return string(line), true
		}
	}
	return "", false
}

// Tail returns the last lines.
func (l *Log) Tail(n int) string {
	lines := strings.SplitAfter(l.String(), "\n")
	return strings.Join(lines[max(len(lines)-n, 0):], "")
}

// shownLines is how much of a log is shown when a test fails.
const shownLines = 20

// showOf shows the last lines if the test has failed. They are written at once,
// while the words of a test are kept until it has ended: so these come last,
// where they are looked for.
func (l *Log) showOf(t testing.TB) {
	if t.Failed() {
		fmt.Fprintf(os.Stderr, "log of a program in %s:\n%s", t.Name(), l.Tail(shownLines))
	}
}

// Ran is what became of a verb that ran to its end.
type Ran struct {
	Code   int
	Stdout []byte
	Stderr string
}

// RunProgram runs a verb to its end. Failing is no error of the function.
func RunProgram(ctx context.Context, env []string, args ...string) (Ran, error) {
	cmd := command(ctx, env, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	finished := make(chan error, 1)
	started := make(chan error)
	starts() <- func() { started <- cmd.Start() }
	if err := <-started; err != nil {
		return Ran{}, fmt.Errorf("running %s: %w", args[0], err)
	}
	go func() { finished <- cmd.Wait() }()
	err := <-finished
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return Ran{}, fmt.Errorf("running %s: %w", args[0], err)
	}
	return Ran{Code: cmd.ProcessState.ExitCode(), Stdout: stdout.Bytes(), Stderr: stderr.String()}, ctx.Err()
}
