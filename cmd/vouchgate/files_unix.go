//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// hideNewFiles keeps files that this process makes from everybody but its user.
func hideNewFiles() { syscall.Umask(0o077) }

// errLocked says that another process holds a lock.
var errLocked = errors.New("locked by another process")

// lockFile takes the lock that a file stands for, until release is called or the
// process is gone, however it went. errLocked if another process has it.
func lockFile(path string) (release func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening lock file: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errLocked
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	// The file stays: removing it would let a third process lock a new one while
	// a second still waits for the old one.
	return func() { _ = file.Close() }, nil
}
