package main

import (
	"bytes"
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	t.Parallel()
	line := "4242 (a) b (c) S 17 4242 4242 0 -1 4194560 900 0 0 0 250 50 7 3 20 0 9 0 100 1000000 512 18446744073709551615"
	parent, u := parseStat([]byte(line))
	if want := 310 * tick; parent != 17 || u.cpu != want || u.rss != 512*int64(os.Getpagesize()) {
		t.Errorf("parent %d, cpu %v, rss %d, want 17, %v, 512 pages", parent, u.cpu, u.rss, want)
	}
	if parent, u := parseStat([]byte("1 (short) S")); parent != 0 || u != (usage{}) {
		t.Errorf("a line that ends early gives %d, %+v, want zeros", parent, u)
	}
}

func TestUsageOfThisProcess(t *testing.T) {
	t.Parallel()
	u, err := usageOf(os.Getpid())
	if err != nil || u.rss == 0 {
		t.Errorf("usage %+v, %v, want resident memory", u, err)
	}
	if none, err := usageOf(); err != nil || none != (usage{}) {
		t.Errorf("usage of no process %+v, %v, want none", none, err)
	}
}

func TestSpreadOf(t *testing.T) {
	t.Parallel()
	var all []time.Duration
	for i := range 200 {
		all = append(all, time.Duration(200-i)*time.Millisecond)
	}
	if got, want := spreadOf(all), (spread{N: 200, P50: 101, P99: 199, Max: 200}); got != want {
		t.Errorf("spread %+v, want %+v", got, want)
	}
	if got := spreadOf(nil); got != (spread{}) {
		t.Errorf("spread of nothing %+v, want zeros", got)
	}
}

func TestNumberKeepsThreeFigures(t *testing.T) {
	t.Parallel()
	for f, want := range map[float64]string{0: "0", 0.0123: "0.0123", 1.2345: "1.23", 45.67: "45.7", 1234.5: "1234", -2.5: "-2.50"} {
		if got := number(f); got != want {
			t.Errorf("number(%v) = %s, want %s", f, got, want)
		}
	}
}

func TestSQLiteCommitsAreCountedInTheLog(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	e := &sqliteEngine{path: filepath.Join(t.TempDir(), "with space.db")}
	st, err := e.open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if _, err := st.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	end, err := e.counting(ctx)
	if err != nil {
		t.Fatal(err)
	}
	before, err := e.count(ctx)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", e.path+"?_pragma=wal_autocheckpoint(1)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for range 5 {
		if _, err := db.ExecContext(ctx, "INSERT INTO audit_events (at, actor, event, client_id, session_id) VALUES (1, 'a', 'b', 'c', '')"); err != nil {
			t.Fatal(err)
		}
	}
	after, err := e.count(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got := after.writes - before.writes; got != 5 {
		t.Errorf("%d commits counted, want 5", got)
	}
	if after.commits >= 0 || after.syncs >= 0 {
		t.Errorf("counts %+v claim to know what SQLite does not tell", after)
	}
	if err := end(); err != nil {
		t.Error(err)
	}
}

func TestReportShowsWhatIsNotKnownAsDash(t *testing.T) {
	t.Parallel()
	writes := 8.0
	r := report{Engines: []engineReport{{
		Engine:  "sqlite",
		Commits: commitsReport{Writes: &writes, Steps: map[string]stepWrites{"setup": {Writes: 1, Waited: new(1.0)}}},
		Walks:   []walksReport{{Callers: 8, Walks: 10, PerSecond: 123.4, Steps: map[string]spread{"setup": {P50: 1, P99: 2}}}},
	}}}
	var out bytes.Buffer
	r.print(&out)
	rows := map[string]string{}
	for line := range strings.Lines(out.String()) {
		if cells := strings.Fields(line); len(cells) > 1 && cells[0] == "sqlite" {
			rows[cells[1]] += strings.Join(cells, " ")
		}
	}
	if got := rows["-"]; !strings.HasPrefix(got, "sqlite - 8.00 - 1*") {
		t.Errorf("row of commits %q, want dashes beside 8.00 and a star", got)
	}
	if got := rows["json"]; !strings.HasPrefix(got, "sqlite json 8 123 0") {
		t.Errorf("row of walks %q, want 8 callers at 123 per second", got)
	}
}

func TestFailedWalksAreSummedUp(t *testing.T) {
	t.Parallel()
	r := report{Engines: []engineReport{
		{Walks: []walksReport{{Failed: 1}, {Failed: 2}}, Info: infoReport{Failed: 4}},
		{Latency: latencyReport{Missing: 8}, Backlog: backlogReport{Missing: 16}},
	}}
	if got := r.failed(); got != 31 {
		t.Errorf("%d failures, want 31", got)
	}
}
