package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// Sent is a message as a helper program gets it.
type Sent struct {
	ID         string            `json:"id"` // of the session
	Method     string            `json:"method"`
	Address    map[string]string `json:"address"`
	TAN        string            `json:"tan"`
	Language   string            `json:"language"`
	ClientName string            `json:"client_name"`
	ExpiresAt  string            `json:"expires_at"`
	Subject    string            `json:"subject"`
	Text       string            `json:"text"`
	Link       string            `json:"link"`
	LetterCode string            `json:"letter_code"`
	To         string            `json:"to"`
}

// Outbox is a helper program for all kinds of messages, which hands them to the
// test.
type Outbox struct {
	Program string // to be given to the gateway

	mu      sync.Mutex
	sent    []Sent
	arrived chan struct{} // closed when the next one arrives
	err     error
}

// outboxProgram hands over its standard input in one piece, so that messages that
// are sent side by side do not mix: they are shorter than what a pipe takes at once.
const outboxProgram = `#!/bin/sh
exec dd bs=65536 iflag=fullblock status=none of='%s' conv=notrunc oflag=append
`

// helperProgram does something else first, with a message that it keeps where no
// other process sees it.
const helperProgram = `#!/bin/sh
message=$(cat)
deliver() {
	printf '%%s' "$message" | '%s'
}
%s
deliver
`

// NewOutbox returns an outbox that lasts as long as the test.
func NewOutbox(t testing.TB) *Outbox {
	t.Helper()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	program := Script(t, fmt.Sprintf(outboxProgram, pipe))
	// Open for writing as well, so that it does not end with a writer.
	in, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close() })
	o := &Outbox{Program: program, arrived: make(chan struct{})}
	go o.read(json.NewDecoder(in))
	return o
}

// Script makes a program of a text that says by itself how it is run.
func Script(t testing.TB, text string) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return program
}

// Helper makes another helper program that runs lines of shell script before it
// hands a message over. They find it in $message, as JSON, and may deliver it
// themselves.
func (o *Outbox) Helper(t testing.TB, script string) (program string) {
	t.Helper()
	return Script(t, fmt.Sprintf(helperProgram, o.Program, script))
}

// Flags are those of serve that make it send everything here.
func (o *Outbox) Flags() []string { return HelperFlags(o.Program) }

// HelperFlags are those of serve that make it send everything by one program.
func HelperFlags(program string) []string {
	return []string{"--email-helper", program, "--phone-helper", program, "--postal-helper", program}
}

func (o *Outbox) read(in *json.Decoder) {
	for {
		var s Sent
		err := in.Decode(&s)
		o.mu.Lock()
		if err != nil {
			o.err = err
		} else {
			o.sent = append(o.sent, s)
		}
		close(o.arrived)
		o.arrived = make(chan struct{})
		o.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// To waits for the nth message (from 1) to an address, which is the value of one of
// its fields.
func (o *Outbox) To(ctx context.Context, address string, n int) (Sent, error) {
	for {
		o.mu.Lock()
		seen, arrived, err := 0, o.arrived, o.err
		for _, s := range o.sent {
			if !s.goesTo(address) {
				continue
			}
			if seen++; seen == n {
				o.mu.Unlock()
				return s, nil
			}
		}
		o.mu.Unlock()
		if err != nil {
			return Sent{}, fmt.Errorf("reading messages: %w", err)
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return Sent{}, fmt.Errorf("message %d of %d to that address did not come: %w", n, seen, ctx.Err())
		}
	}
}

func (s Sent) goesTo(address string) bool {
	for _, value := range s.Address {
		if value == address {
			return true
		}
	}
	return false
}

// Count says how many messages went to an address so far.
func (o *Outbox) Count(address string) (n int) {
	for _, s := range o.All() {
		if s.goesTo(address) {
			n++
		}
	}
	return n
}

// All returns the messages so far.
func (o *Outbox) All() []Sent {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]Sent(nil), o.sent...)
}
