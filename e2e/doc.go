// Package e2e tests the program from outside: it builds vouchgate, runs it in
// processes of its own on both databases, and walks whole flows as clients,
// browsers, a verifier and webhook receivers do.
//
// The files that are no tests are the harness, for other packages' tests of the
// whole program as well: a Gateway is a running process that can be killed and
// started again, Data is where it keeps what it knows, and Verifier, Browser,
// Client and Receiver are the others in a walk.
//
// Nothing here waits for time to pass. What is waited for is an event, or a
// state that is asked for again and again until a deadline.
package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"
)

// BinaryEnv names the environment variable with the path of a program to test
// instead of building one.
const BinaryEnv = "VOUCHGATE_E2E_BIN"

// Patience is how long anything that is waited for may take on a busy machine.
const Patience = 90 * time.Second

// pace is how often a state is asked for while it is waited for.
const pace = 25 * time.Millisecond

// sideBySide is how many tests run at the same time.
const sideBySide = 6

var binary string

// Main builds the program, runs the tests of a package and returns their exit
// code. TestMain calls it.
func Main(m *testing.M) int {
	flag.Parse()
	// The tests mostly wait for other processes. Unless somebody says otherwise,
	// more of them run side by side than there are processors.
	if n := flag.Lookup("test.parallel"); n.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = n.Value.Set(strconv.Itoa(max(sideBySide, runtime.GOMAXPROCS(0))))
	}
	if binary = os.Getenv(BinaryEnv); binary != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "vouchgate-e2e-")
	if err != nil {
		return failBuild(err)
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "vouchgate")
	build := exec.Command("go", "build", "-o", binary, "vouchgate/cmd/vouchgate")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return failBuild(fmt.Errorf("%w\n%s", err, out))
	}
	return m.Run()
}

func failBuild(err error) int {
	fmt.Fprintf(os.Stderr, "building the program: %v\n", err)
	return 1
}

// Until asks again and again until the answer is yes, or until the context ends;
// then the error is that of the last asking.
func Until(ctx context.Context, what string, ask func() (yes bool, err error)) error {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		yes, err := ask()
		if yes {
			return nil
		}
		select {
		case <-ctx.Done():
			if err == nil {
				err = ctx.Err()
			}
			return fmt.Errorf("waiting for %s: %w", what, err)
		case <-tick.C:
		}
	}
}

// Patient returns a context that ends with the test and after Patience.
func Patient(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	t.Cleanup(cancel)
	return ctx
}
