package e2e

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"testing"
	"time"
)

var demoShop = regexp.MustCompile(`http://\S+`)

// StartDemo starts vouchgate demo and returns the address of its shop. It is
// stopped with the test.
func StartDemo(t testing.TB) (shop string) {
	t.Helper()
	said, log := &Log{}, &Log{}
	line := said.Next("  shop  ")
	p := &Process{cmd: command(context.Background(), nil, "demo"), log: log, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = said, log
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Errorf("stopping the demo: %v", err)
		}
		log.showOf(t)
	})
	var err error
	select {
	case l := <-line:
		if shop = demoShop.FindString(l); shop != "" {
			return shop
		}
		err = fmt.Errorf("no address in %q", l)
	case <-p.Done():
		err = fmt.Errorf("it ended with exit code %d", p.Code())
	case <-time.After(Patience):
		err = errors.New("it says nothing")
	}
	t.Fatalf("starting the demo: %v\n%s", err, log.Tail(20))
	return ""
}

func (p *Process) start() error {
	started := make(chan error)
	starts() <- func() { started <- p.cmd.Start() }
	if err := <-started; err != nil {
		return fmt.Errorf("starting the program: %w", err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return nil
}
