package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a program that was started and will be stopped.
type process struct {
	cmd *exec.Cmd
	log string // file with what it said
}

// launch starts a program whose messages go to a file.
func launch(ctx context.Context, log string, cmd *exec.Cmd) (*process, error) {
	f, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	cmd.Stderr = f
	if cmd.Stdout == nil {
		cmd.Stdout = f
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	return &process{cmd: cmd, log: log}, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// stopLimit is how long a process may take to end when asked.
const stopLimit = 15 * time.Second

// stop asks the process to end and waits for it.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(stopLimit, func() { _ = p.cmd.Process.Kill() })
	err := p.cmd.Wait()
	if !kill.Stop() {
		return errors.New("process did not end by itself")
	}
	if err != nil {
		return fmt.Errorf("%w\n%s", err, p.said())
	}
	return nil
}

// said returns the end of what the process wrote.
func (p *process) said() string {
	b, _ := os.ReadFile(p.log)
	return string(b[max(0, len(b)-2000):])
}

// usage is what processes have used so far.
type usage struct {
	cpu time.Duration // user and system, ended children included
	rss int64         // resident bytes; of several processes the sum, shared pages counted more than once
}

// tick is the unit of times in /proc, 1/100 s on every Linux that Go runs on.
const tick = time.Second / 100

// usageOf sums up the processes and all their descendants, from /proc.
func usageOf(pids ...int) (usage, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return usage{}, err
	}
	type entry struct {
		parent int
		usage  usage
	}
	all := map[int]entry{}
	for _, file := range stats {
		b, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		parent, u := parseStat(b)
		all[pid] = entry{parent, u}
	}
	var sum usage
	for pid, e := range all {
		for at := pid; at > 1; at = all[at].parent {
			if slices.Contains(pids, at) {
				sum.cpu += e.usage.cpu
				sum.rss += e.usage.rss
				break
			}
		}
	}
	return sum, nil
}

// parseStat reads a line of /proc/PID/stat (proc(5)); the name of the program,
// which may hold anything, ends at the last parenthesis.
func parseStat(b []byte) (parent int, u usage) {
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	number := func(i int) int64 { // numbered as in proc(5), where the state is 3
		if i-3 >= len(fields) {
			return 0
		}
		n, _ := strconv.ParseInt(fields[i-3], 10, 64)
		return n
	}
	u.cpu = time.Duration(number(14)+number(15)+number(16)+number(17)) * tick
	u.rss = number(24) * int64(os.Getpagesize())
	return int(number(4)), u
}

// build builds the program to measure.
func build(ctx context.Context, dir string) (string, error) {
	out := filepath.Join(dir, "vouchgate")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", out, "vouchgate/cmd/vouchgate")
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building vouchgate: %w\n%s", err, said)
	}
	return out, nil
}

// freeAddress returns a loopback address that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
