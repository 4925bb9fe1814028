// Package vouchgate_test checks what no single package can: who imports whom.
package vouchgate_test

import (
	"cmp"
	"errors"
	"go/build"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// module is this module's path, the root of its packages' import paths.
const module = "vouchgate"

// A room is a package and what it may import of this module. Rooms are paths below
// the module; a path that ends in "/..." stands for the package and all below it.
type room struct {
	path string
	// imports lists the rooms whose packages may be imported.
	imports []string
	// stdOnly forbids what is neither this module nor the standard library.
	stdOnly bool
	// why is what somebody reads whose import was refused.
	why string
}

// house is the import rule: arrows point down to kyc and oauth, adapters never
// import one another, only cmd knows all. The first room that matches counts.
var house = []room{
	{path: "kyc", stdOnly: true,
		why: "the rules of sessions are values in and out, so that they can be read and tested without a store, a server or a clock"},
	{path: "oauth/internal/...", stdOnly: true,
		why: "foreign JSON is read by rules that know nothing of what it says"},
	{path: "oauth/ida", imports: []string{"oauth/internal/..."}, stdOnly: true,
		why: "verified claims are a matter of their specification alone"},
	{path: "oauth", imports: []string{"oauth/ida", "oauth/internal/..."}, stdOnly: true,
		why: "the protocol is a matter of the RFCs alone; records and time come in as arguments"},
	{path: "seal", stdOnly: true,
		why: "the code that guards personal data stays small enough to be reviewed whole"},
	{path: "gen/...", imports: []string{"kyc"},
		why: "generated code knows the words of kyc and nothing that is written on top of it"},

	{path: "store", imports: []string{"kyc", "gen/pgdb"},
		why: "operations are written once, against the PostgreSQL types; what an engine needs of its own is its adapter's"},
	{path: "store/postgres", imports: []string{"kyc", "store", "gen/pgdb"},
		why: "adapters never import one another, and this one has no business with SQLite's queries"},
	{path: "store/sqlite", imports: []string{"kyc", "store", "gen/pgdb", "gen/litedb"},
		why: "adapters never import one another"},
	{path: "store/storetest/pgtest",
		why: "a PostgreSQL server for tests is of use to any package's tests only while it knows none of them"},
	{path: "store/storetest", imports: []string{"kyc", "seal", "gen/pgdb", "store/..."},
		why: "the suite tests the store, and nothing that uses the store"},

	{path: "verify/swiyu/swiyutest", imports: []string{"kyc"},
		why: "the mock verifier stands for a foreign program: sharing code with its client would hide what the client gets wrong"},
	{path: "verify/address/addresstest",
		why: "the mail server for tests stands for a foreign program"},
	{path: "verify/...", imports: []string{"kyc"},
		why: "a method says what is proved; when to ask and what to keep is decided above it, and adapters never import one another"},

	{path: "server/pages", imports: []string{"kyc"},
		why: "pages show what they are handed; they read no store and decide nothing"},
	{path: "server/...", imports: []string{"kyc", "oauth", "oauth/ida", "seal", "store", "server/...", "gen/api"},
		why: "the server reaches methods through interfaces that it declares itself, and knows neither engine of the store"},
	{path: "worker/...", imports: []string{"kyc", "seal", "store", "worker/..."},
		why: "passes run without the server, also in a process of their own, and reach methods through interfaces"},

	{path: "cmd/...", imports: []string{"kyc", "oauth", "seal", "gen/...", "store", "store/postgres", "store/sqlite",
		"verify/...", "server/...", "worker/...", "cmd/..."},
		why: "the program is put together here from all that it is made of, and of nothing that is only for tests"},
	{path: "deploy/...",
		why: "what is deployed beside the program speaks to it from outside"},
	{path: "e2e/...", imports: []string{"..."},
		why: "the outermost room may see everything"},
}

// testOnly lists what any package's tests may import beside what the package may.
var testOnly = []string{"store/storetest/...", "verify/swiyu/swiyutest", "verify/address/addresstest"}

// An owned library may be imported by the owners alone, tests aside. Both are
// written as in room.
type owned struct {
	library string
	owners  []string
	why     string
}

var libraries = []owned{
	{"github.com/jackc/pgx/...", []string{"gen/pgdb", "store/postgres", "store/storetest/...", "e2e/..."},
		"only the adapter knows the engine: everything else is the same on both"},
	{"modernc.org/sqlite/...", []string{"store/sqlite", "e2e/..."},
		"only the adapter knows the engine: everything else is the same on both"},
	{"database/sql", []string{"gen/litedb", "store", "store/postgres", "store/sqlite", "store/storetest/...", "e2e/..."},
		"the store is the one way to the data"},
	{"github.com/alecthomas/kong/...", []string{"cmd/..."},
		"packages take settings as values; where those come from is the program's affair"},
	{"github.com/wneessen/go-mail/...", []string{"verify/address"}, "how a message travels is the courier's affair"},
	{"github.com/nyaruka/phonenumbers/...", []string{"verify/address"}, "an address has one form, and one place that knows it"},
	{"github.com/emersion/...", []string{"verify/address/addresstest"}, "a mail server is for tests"},
	{"codeberg.org/go-pdf/...", []string{"deploy/..."}, "letters are set beside the program"},
	{"github.com/chromedp/...", []string{"e2e/..."}, "a browser is for tests"},
	{"github.com/fergusstrange/embedded-postgres/...", []string{"store/storetest/pgtest"}, "a server to download is for tests"},
	{"github.com/google/go-cmp/...", []string{"store/storetest/..."}, "comparing by reflection is for tests"},
	{"pgregory.net/rapid/...", []string{"store/storetest/..."}, "random input is for tests"},
}

// refusal says why a package may not import another, or "" if it may. Both are
// import paths. inTest is for an import by a _test.go file.
func refusal(importer, imported string, inTest bool) string {
	from := strings.TrimPrefix(strings.TrimPrefix(importer, module), "/")
	at := slices.IndexFunc(house, func(r room) bool { return covers(r.path, from) })
	if from == "" {
		at = slices.IndexFunc(house, func(r room) bool { return r.path == "e2e/..." }) // tests about the whole
	}
	if at < 0 {
		return "it has no place in the house yet: give it one in architecture_test.go"
	}
	home := house[at]
	to, ours := strings.CutPrefix(imported, module+"/")
	switch {
	case ours && (from == to || coveredBy(home.imports, to) || inTest && coveredBy(testOnly, to)):
		return ""
	case ours:
		return home.why
	case inTest:
		return ""
	case home.stdOnly && strings.Contains(firstElement(imported), "."):
		return home.why
	}
	for _, l := range libraries {
		if covers(l.library, imported) && !coveredBy(l.owners, from) {
			return l.why
		}
	}
	return ""
}

// covers reports whether pattern stands for the package at path p.
func covers(pattern, p string) bool {
	if pattern == "..." {
		return true
	}
	tree, isTree := strings.CutSuffix(pattern, "/...")
	return p == tree || isTree && strings.HasPrefix(p, tree+"/")
}

func coveredBy(patterns []string, p string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return covers(pattern, p) })
}

func firstElement(importPath string) string {
	first, _, _ := strings.Cut(importPath, "/")
	return first
}

// An edge is an import by a package.
type edge struct {
	importer, imported string
	inTest             bool
}

// edges reads the imports of all packages below the folder. It reads the files
// itself, instead of asking the go command, so that the test cache sees them.
func edges(root string) ([]edge, error) {
	var found []edge
	err := filepath.WalkDir(root, func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if dir != root && foreign(dir, d.Name()) {
			return filepath.SkipDir
		}
		pkg, err := build.ImportDir(dir, 0)
		if none := (*build.NoGoError)(nil); errors.As(err, &none) {
			return nil
		} else if err != nil {
			return err
		}
		below, err := filepath.Rel(root, dir)
		if err != nil {
			return err
		}
		importer := path.Join(module, filepath.ToSlash(below))
		for _, p := range pkg.Imports {
			found = append(found, edge{importer, p, false})
		}
		for _, p := range slices.Concat(pkg.TestImports, pkg.XTestImports) {
			found = append(found, edge{importer, p, true})
		}
		return nil
	})
	slices.SortFunc(found, func(a, b edge) int {
		return cmp.Or(cmp.Compare(a.importer, b.importer), cmp.Compare(a.imported, b.imported))
	})
	return slices.Compact(found), err
}

// foreign reports whether a folder holds no packages of this module.
func foreign(dir, name string) bool {
	if name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

func TestImportsKeepTheRule(t *testing.T) {
	t.Parallel()
	all, err := edges(".")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(all, edge{"vouchgate/store", "vouchgate/kyc", false}) {
		t.Fatal("the import of kyc by store was not seen: the test reads the wrong files")
	}
	for _, e := range all {
		if why := refusal(e.importer, e.imported, e.inTest); why != "" {
			kind := ""
			if e.inTest {
				kind = " in a test"
			}
			t.Errorf("%s may not import %s%s: %s", e.importer, e.imported, kind, why)
		}
	}
}

func TestRuleRefusesWhatItShould(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name               string
		importer, imported string
		inTest, refused    bool
	}{
		{"the server may read the store", "vouchgate/server", "vouchgate/store", false, false},
		{"kyc may not read the store", "vouchgate/kyc", "vouchgate/store", false, true},
		{"kyc's tests may not either", "vouchgate/kyc", "vouchgate/store", true, true},
		{"kyc may use the standard library", "vouchgate/kyc", "encoding/json", false, false},
		{"oauth may not use a library", "vouchgate/oauth", "golang.org/x/oauth2", false, true},
		{"oauth's tests may use a library", "vouchgate/oauth", "github.com/google/go-cmp/cmp", true, false},
		{"the engines' adapters may not meet", "vouchgate/store/postgres", "vouchgate/store/sqlite", false, true},
		{"a method may not call the server", "vouchgate/verify/swiyu", "vouchgate/server", false, true},
		{"methods may not meet", "vouchgate/verify/address", "vouchgate/verify/swiyu", false, true},
		{"the server may not know a method", "vouchgate/server", "vouchgate/verify/swiyu", false, true},
		{"the server's tests may use the mock verifier", "vouchgate/server", "vouchgate/verify/swiyu/swiyutest", true, false},
		{"the server may not know an engine", "vouchgate/server", "vouchgate/store/sqlite", false, true},
		{"pages may not read the store", "vouchgate/server/pages", "vouchgate/store", false, true},
		{"the worker may not know the protocol", "vouchgate/worker", "vouchgate/oauth", false, true},
		{"generated code may use the words of kyc", "vouchgate/gen/pgdb", "vouchgate/kyc", false, false},
		{"generated code may not use the store", "vouchgate/gen/api", "vouchgate/store", false, true},
		{"the program may use the mock verifier, for the demo", "vouchgate/cmd/vouchgate", "vouchgate/verify/swiyu/swiyutest", false, false},
		{"the program may not use the store's test suite", "vouchgate/cmd/vouchgate", "vouchgate/store/storetest", false, true},
		{"only an adapter may know a driver", "vouchgate/server", "github.com/jackc/pgx/v5/pgconn", false, true},
		{"an adapter may know its driver", "vouchgate/store/postgres", "github.com/jackc/pgx/v5/pgconn", false, false},
		{"a name that only begins like an owned library is another one", "vouchgate/server", "pgregory.net/rapidly", false, false},
		{"only the store may talk to a database", "vouchgate/worker", "database/sql", false, true},
		{"what is compared by reflection is a test", "vouchgate/server", "github.com/google/go-cmp/cmp", false, true},
		{"a package without a place is refused", "vouchgate/util", "strings", false, true},
		{"the outermost tests may use everything", "vouchgate/e2e", "vouchgate/store/storetest/pgtest", false, false},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			why := refusal(r.importer, r.imported, r.inTest)
			if refused := why != ""; refused != r.refused {
				t.Errorf("%s -> %s: refused is %t (%q), want %t", r.importer, r.imported, refused, why, r.refused)
			}
		})
	}
}
