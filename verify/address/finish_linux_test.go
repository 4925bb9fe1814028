package address

import (
	"os/exec"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// A program is never killed before its end because the gateway cannot wait for it in
// the best way.
func TestProgramsEndByThemselves(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name   string
		answer []error // of the call that waits, in turn; then it works
	}{
		{"where waiting works", nil},
		{"where waiting is interrupted", []error{unix.EINTR, unix.EINTR}},
		{"where waiting is forbidden", []error{unix.EPERM}},
		{"where waiting is not known", []error{unix.EINTR, unix.ENOSYS}},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command("/bin/sh", "-c", "cat; exit 67")
			ownGroup(cmd)
			cmd.Cancel = nil // only commands of a context have one
			var out strings.Builder
			cmd.Stdout = &out
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			answers := r.answer
			var first sync.Once
			err = finishAfter(cmd, func() error {
				first.Do(func() { // only now may the program end
					go func() {
						_, _ = in.Write([]byte("whole"))
						_ = in.Close()
					}()
				})
				if len(answers) > 0 {
					answer := answers[0]
					answers = answers[1:]
					return answer
				}
				return unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
			})
			if exit := cmd.ProcessState.ExitCode(); exit != 67 || out.String() != "whole" {
				t.Errorf("ended with %d and %q: %v", exit, out.String(), err)
			}
		})
	}
}
