package store_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func fileNames(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestBothEnginesHaveTheSameMigrations(t *testing.T) {
	t.Parallel()
	postgres, sqlite := fileNames(t, "migrations/postgres"), fileNames(t, "migrations/sqlite")
	if len(postgres) == 0 || !slices.Equal(postgres, sqlite) {
		t.Errorf("postgres has %v, sqlite has %v", postgres, sqlite)
	}
	for i, name := range postgres {
		if !regexp.MustCompile(`^\d{4}_[a-z_]+\.sql$`).MatchString(name) {
			t.Errorf("migration %d is called %s", i, name)
		}
	}
}

// A column without the check would take times as text, which sort wrongly, from a
// connection that was opened without the driver's time settings.
func TestEveryTimeColumnOnSQLiteRefusesText(t *testing.T) {
	t.Parallel()
	column := regexp.MustCompile(`(?m)(?:^\s+|ADD COLUMN )(\w+)\s+timestamp\b(.*)$`)
	seen := 0
	for _, name := range fileNames(t, "migrations/sqlite") {
		text := readMigration(t, "sqlite", name)
		for _, m := range column.FindAllStringSubmatch(text, -1) {
			seen++
			want := "CHECK (typeof(" + m[1] + ") IN ('integer', 'null'))"
			if strings.Contains(m[2], "NOT NULL") {
				want = "CHECK (typeof(" + m[1] + ") = 'integer')"
			}
			if !strings.Contains(m[2], want) {
				t.Errorf("%s: column %s lacks %s", name, m[1], want)
			}
		}
	}
	if seen < 40 {
		t.Errorf("found only %d time columns", seen)
	}
}

// The clock is the program's. Two clocks would disagree about what has expired.
func TestNoMigrationOrQueryAsksTheDatabaseForTheTime(t *testing.T) {
	t.Parallel()
	clock := regexp.MustCompile(`(?i)\bnow\s*\(\s*\)|current_timestamp|current_time\b|strftime|clock_timestamp`)
	for _, pattern := range []string{"migrations/*/*.sql", "../queries/*.sql", "../queries/*/*.sql"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no files match %s: %v", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if found := clock.Find(text); found != nil {
				t.Errorf("%s uses %s", file, found)
			}
		}
	}
}

// SQLite takes a cast to a type that it does not know for one to a number, so that
// an id would become its leading digits.
func TestNoSharedQueryCastsToAUUID(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../queries/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no queries: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(strings.ToLower(string(text)), "as uuid") {
			t.Errorf("%s casts to uuid", file)
		}
	}
}

func readMigration(t *testing.T, engine, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("migrations", engine, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
