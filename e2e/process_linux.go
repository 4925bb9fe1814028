package e2e

import "syscall"

// parentDeath has the kernel kill a child when the tests end, however they end.
func parentDeath() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
