//go:build !linux

package e2e

import "syscall"

func parentDeath() *syscall.SysProcAttr { return nil }
