//go:build !linux

package address

import "os/exec"

// finish waits for a program to end and kills what is left of its process group.
func finish(cmd *exec.Cmd) error { return endThenClean(cmd) }
