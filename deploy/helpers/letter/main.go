// The program vouchgate-letter sets a letter with a TAN as a PDF page (A4) and puts it into the
// folder of a printer or sends it to a print service. It reads one message of the
// helper contract, version 1, on standard input; docs/helpers.md describes the
// contract and the settings, which are environment variables.
//
// A letter goes through four steps, each in files of its own: the message is read
// (contract.go), composed as boxes of text with their places on the page (layout.go
// and what it calls; no step needs a PDF to be tested), drawn (pdf.go), and handed
// over (folder.go, service.go).
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Exit codes of the contract, from sysexits.h.
const (
	exitSent     = 0
	exitInput    = 64 // not a message for this program
	exitRefused  = 65 // no letter can go to this address
	exitService  = 69 // the print service answered what nobody expects
	exitDrawing  = 70 // the page could not be drawn
	exitFolder   = 73 // the folder takes no file
	exitTryLater = 75
	exitSettings = 78
)

// failure is an error with the exit code that tells the gateway about it. Its text
// holds nothing of the message, because it goes into a log.
type failure struct {
	code int
	text string
}

// Error implements error.
func (f *failure) Error() string { return f.text }

func failf(code int, format string, args ...any) error {
	return &failure{code, fmt.Sprintf(format, args...)}
}

func main() {
	if err := run(os.Getenv, os.Stdin, time.Now().UTC()); err != nil {
		fmt.Fprintln(os.Stderr, "vouchgate-letter:", err)
		os.Exit(exitCode(err))
	}
}

// run sends the letter whose message is read from in. exitCode tells what its errors
// mean.
func run(getenv func(string) string, in io.Reader, now time.Time) error {
	set, err := readSettings(getenv)
	if err != nil {
		return err
	}
	m, err := readMessage(in)
	if err != nil {
		return err
	}
	page, err := compose(m, set, now)
	if err != nil {
		return err
	}
	pdf, err := draw(page, m.Language, now)
	if err != nil {
		return err
	}
	if set.dir != "" {
		return putInto(set.dir, m.name()+".pdf", pdf)
	}
	ctx, cancel := context.WithTimeout(context.Background(), serviceTimeout)
	defer cancel()
	return post(ctx, set, m.name(), pdf)
}

// exitCode is that of run's error.
func exitCode(err error) int {
	var f *failure
	switch {
	case err == nil:
		return exitSent
	case errors.As(err, &f):
		return f.code
	}
	return exitDrawing
}
