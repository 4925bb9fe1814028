//go:build unix

package address

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// ownGroup has a program start in a session, and so in a process group, of its own,
// and the end of its context end the whole group.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return killGroup(cmd.Process.Pid) }
}

// killGroup kills all processes of a group, or returns os.ErrProcessDone if there is
// none.
func killGroup(id int) error {
	err := syscall.Kill(-id, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}
