//go:build !unix

package address

import (
	"os"
	"os/exec"
)

// ownGroup leaves a program as it is: there are no process groups here, and the end of
// its context ends the program alone.
func ownGroup(*exec.Cmd) {}

// killGroup finds nothing to kill.
func killGroup(int) error { return os.ErrProcessDone }
