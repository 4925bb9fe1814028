package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
)

// The packages of Node programs, below the root of the repository.
const (
	clientPackages = "e2e/clients"
	sdkPackages    = "sdk/typescript"
)

// offline is how npm says that it reaches no registry.
var offline = regexp.MustCompile(`npm (?:error|ERR!) code (ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|E?TIMEDOUT|ERR_SOCKET_TIMEOUT)`)

// installs holds, for each folder, a function that installs its packages once.
var installs sync.Map

// packages returns the path of a folder, with its packages installed. Where that
// cannot be done the test fails, unless there is only no network outside
// continuous integration.
func packages(t *testing.T, folder string) (path string) {
	t.Helper()
	path = filepath.Join("..", filepath.FromSlash(folder))
	install, _ := installs.LoadOrStore(folder, sync.OnceValue(func() error {
		out, err := exec.Command(filepath.Join("..", "tools", "npm-ci"), path).CombinedOutput()
		if err != nil {
			return fmt.Errorf("installing the packages of %s: %w\n%s", folder, err, out)
		}
		return nil
	}))
	err := install.(func() error)()
	switch {
	case err == nil:
		return path
	case os.Getenv("CI") == "" && offline.MatchString(err.Error()):
		t.Skipf("NOT TESTED: programs in Node. There is no network: %v", err)
	case !has("node") || !has("npm"):
		t.Fatal("no Node is installed: its programs cannot be tested (tools/setup node installs it)")
	}
	t.Fatal(err)
	return ""
}

func has(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// node is a running Node program. It and the test talk in lines of JSON, on
// standard input and output.
type node struct {
	t     *testing.T
	name  string
	in    io.WriteCloser
	lines *bufio.Scanner
	wait  func() error
	said  *bytes.Buffer // on standard error; complete after wait
}

// startNode starts a program of a folder and tells it how it is configured. It
// ends with its standard input, at the latest with the test.
func startNode(t *testing.T, ctx context.Context, folder, program string, config any) *node {
	t.Helper()
	cmd := exec.CommandContext(ctx, "node", program)
	cmd.Dir = packages(t, folder)
	n := &node{t: t, name: program, said: &bytes.Buffer{}}
	cmd.Stderr = n.said
	n.in = must[io.WriteCloser](t)(cmd.StdinPipe())
	n.lines = bufio.NewScanner(must[io.ReadCloser](t)(cmd.StdoutPipe()))
	n.lines.Buffer(nil, 1<<20)
	check(t, cmd.Start())
	n.wait = sync.OnceValue(func() error { return errors.Join(n.in.Close(), cmd.Wait()) })
	t.Cleanup(func() { _ = n.wait() })
	n.tell(config)
	return n
}

// tell writes a line.
func (n *node) tell(what any) {
	n.t.Helper()
	line, err := json.Marshal(what)
	if err == nil {
		_, err = n.in.Write(append(line, '\n'))
	}
	if err != nil {
		n.fail(err)
	}
}

// hear reads a line into a value.
func (n *node) hear(into any) {
	n.t.Helper()
	if !n.lines.Scan() {
		n.fail(errors.Join(n.lines.Err(), errors.New("it says no more")))
	}
	if err := json.Unmarshal(n.lines.Bytes(), into); err != nil {
		n.fail(fmt.Errorf("%w: %s", err, n.lines.Bytes()))
	}
}

// end waits for the end of the program, which must be a good one.
func (n *node) end() {
	n.t.Helper()
	if err := n.wait(); err != nil {
		n.fail(err)
	}
}

func (n *node) fail(err error) {
	n.t.Helper()
	n.t.Fatalf("%s: %v", n.name, errors.Join(err, n.wait(), errors.New(n.said.String())))
}
