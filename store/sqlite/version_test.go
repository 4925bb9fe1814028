package sqlite

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// oldest is the first version of SQLite without a fault that can corrupt a WAL
// file (the reset bug that 3.51.3 put right).
var oldest = []int{3, 51, 3}

func TestSQLiteIsNewEnough(t *testing.T) {
	t.Parallel()
	b := openAt(t, filepath.Join(t.TempDir(), "x.db"))
	var version string
	if err := b.read.QueryRowContext(t.Context(), "SELECT sqlite_version()").Scan(&version); err != nil {
		t.Fatal(err)
	}
	var got []int
	for part := range strings.SplitSeq(version, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			t.Fatalf("version %s: %v", version, err)
		}
		got = append(got, n)
	}
	if slices.Compare(got, oldest) < 0 {
		t.Errorf("SQLite is %s, want %v or later", version, oldest)
	}
}

// modernc.org/sqlite is C turned into Go against one version of modernc.org/libc,
// and its documentation asks for exactly that one.
func TestTheLibcIsTheOneThatSQLiteWasMadeFor(t *testing.T) {
	t.Parallel()
	linked, driver := module(t, "modernc.org/libc"), module(t, "modernc.org/sqlite")
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json", driver.GoMod).Output()
	if err != nil {
		t.Fatalf("reading %s: %v", driver.GoMod, err)
	}
	var mod struct {
		Require []struct{ Path, Version string }
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	for _, r := range mod.Require {
		if r.Path == "modernc.org/libc" {
			if r.Version != linked.Version {
				t.Errorf("linked libc is %s, %s %s was made for %s", linked.Version, driver.Path, driver.Version, r.Version)
			}
			return
		}
	}
	t.Errorf("%s does not name a libc", driver.GoMod)
}

type goModule struct{ Path, Version, GoMod string }

func module(t *testing.T, path string) (m goModule) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-json", path).Output()
	if err != nil {
		t.Fatalf("asking go for %s: %v", path, err)
	}
	if err := json.Unmarshal(out, &m); err != nil {
		t.Fatal(err)
	}
	return m
}
