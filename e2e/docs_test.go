package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shown is where the gateway of a document listens: the default.
const shown = "127.0.0.1:8080"

// shBlock is what the reader types. All blocks of a document belong to one shell.
var shBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

// prologue has the shell end with the first command that fails, say which it was,
// and take along what it has started.
const prologue = `set -eEuo pipefail
trap 'echo "failed: $BASH_COMMAND" >&2' ERR
trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT
`

// TestWhatDocumentsSayCanBeTyped runs the commands of documents as they stand, with
// the program that is tested first on the PATH, and no change but for the port.
func TestWhatDocumentsSayCanBeTyped(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"bash", "curl", "jq", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("the documents use %s: %v", tool, err)
		}
	}
	for _, document := range []string{"account-workflow.md", "openid-connect.md"} {
		t.Run(document, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join("..", "docs", document))
			if err != nil {
				t.Fatal(err)
			}
			typed := typedIn(string(text))
			if typed == "" {
				t.Fatal("there is nothing to type")
			}
			typeIn(t, typed)
		})
	}
}

// typedIn returns what a document has its reader type.
func typedIn(document string) string {
	var typed strings.Builder
	for _, block := range shBlock.FindAllStringSubmatch(document, -1) {
		typed.WriteString(block[1])
	}
	return typed.String()
}

// typeIn runs a script in an empty folder. It fails the test unless the script ends
// well.
func typeIn(t *testing.T, script string) {
	t.Helper()
	programs, dir, address := t.TempDir(), t.TempDir(), freeAddress(t)
	link(t, filepath.Join(programs, "vouchgate"))
	script = strings.ReplaceAll(script, shown, address)

	cmd := exec.CommandContext(Patient(t), "bash", "-c", prologue+script)
	cmd.Dir, cmd.SysProcAttr = dir, parentDeath()
	cmd.Env = append(bareEnv(), "PATH="+programs+string(os.PathListSeparator)+os.Getenv("PATH"),
		"VOUCHGATE_LISTEN="+address, "VOUCHGATE_ADMIN_LISTEN=off")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // so that it ends what it started
	cmd.WaitDelay = 10 * time.Second
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	started, ended := make(chan error), make(chan error, 1)
	starts() <- func() { started <- cmd.Start() }
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	go func() { ended <- cmd.Wait() }()
	if err := <-ended; err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "gateway.log"))
		t.Errorf("%v\nit said:\n%s\nthe gateway said:\n%s", err, &said, log)
	}
}

// link puts the program that is tested under its name.
func link(t *testing.T, name string) {
	t.Helper()
	path, err := filepath.Abs(binary)
	if err == nil {
		err = os.Symlink(path, name)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestOnlyBlocksOfShAreTyped(t *testing.T) {
	t.Parallel()
	document := "# A page\n\n```sh\necho one\necho two\n```\n\n    indented\n\n```go\nfunc main() {}\n```\n\n```sh\necho three\n```\n"
	if typed, want := typedIn(document), "echo one\necho two\necho three\n"; typed != want {
		t.Errorf("typed is %q, not %q", typed, want)
	}
}
