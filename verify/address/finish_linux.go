package address

import (
	"errors"
	"os/exec"

	"golang.org/x/sys/unix"
)

// finish waits for a program to end and kills what is left of its process group, so
// that a process it left behind holds nobody up by keeping its pipes open. The group
// is killed while the ended program still has its id, which no other can have got.
func finish(cmd *exec.Cmd) error {
	return finishAfter(cmd, func() error {
		return unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
	})
}

// finishAfter is finish with a function that returns when the program has ended. Where
// that function does not work (a sandbox may forbid the call), the program must not be
// killed before its end, so it is waited for in the usual way.
func finishAfter(cmd *exec.Cmd, ended func() error) error {
	for {
		err := ended()
		switch {
		case err == nil:
			_ = killGroup(cmd.Process.Pid)
			return cmd.Wait()
		case !errors.Is(err, unix.EINTR):
			return endThenClean(cmd)
		}
	}
}
