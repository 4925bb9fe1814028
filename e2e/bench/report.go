package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"text/tabwriter"
)

// report is all that was measured. Times are in milliseconds unless named
// otherwise, memory in MiB, rates per second.
type report struct {
	Machine machineReport  `json:"machine"`
	Engines []engineReport `json:"engines"`
}

type machineReport struct {
	CPUs int    `json:"cpus"`
	Go   string `json:"go"`
}

type engineReport struct {
	Engine  string        `json:"engine"`
	Machine []yardstick   `json:"machine"`           // before and after the walks
	Start   spread        `json:"start_to_ready_ms"` // on an existing database
	IdleRSS float64       `json:"idle_rss_mib"`
	Commits commitsReport `json:"commits"`
	Walks   []walksReport `json:"walks"`
	Info    infoReport    `json:"info"`
	Latency latencyReport `json:"notification_to_webhook"`
	Backlog backlogReport `json:"backlog"`
}

// spread says how many values there were and how they spread.
type spread struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

type walksReport struct {
	Callers   int               `json:"callers"`
	Page      bool              `json:"page"` // the browser loads the page; otherwise it takes JSON
	Walks     int               `json:"walks"`
	Failed    int               `json:"failed"`
	PerSecond float64           `json:"per_second"`
	Whole     spread            `json:"whole_ms"`
	Steps     map[string]spread `json:"steps_ms"` // webhook: from the wallet's answer to the receipt
	CPU       cpuReport         `json:"cpu_ms_per_walk"`
	ServerRSS float64           `json:"server_rss_mib"` // the most that was seen
}

type cpuReport struct {
	Server   float64 `json:"server"`
	Database float64 `json:"database"`
	Mock     float64 `json:"mock"`
	Load     float64 `json:"load"`
}

// commitsReport counts per walk at one caller; nil where it cannot be known.
type commitsReport struct {
	Walks   int                   `json:"walks"`
	Commits *float64              `json:"transactions"` // reads included
	Writes  *float64              `json:"writing_transactions"`
	Waits   *float64              `json:"durable_commits_waited_for"`
	Steps   map[string]stepWrites `json:"steps"`

	idleRSS int64
}

// stepWrites is what a step wrote, the background work that it caused included.
type stepWrites struct {
	Writes float64  `json:"writing_transactions"`
	Waited *float64 `json:"share_that_reached_the_disk"` // of the steps, by the time of the answer
}

type infoReport struct {
	Callers   int     `json:"callers"`
	PerSecond float64 `json:"per_second"`
	Failed    int     `json:"failed"`
	Took      spread  `json:"took_ms"`
	ServerCPU float64 `json:"server_cpu_ms_per_read"`
}

type latencyReport struct {
	PerSecond int    `json:"notifications_per_second"`
	Missing   int    `json:"missing"`
	Net       spread `json:"net_ms"`   // the verifier's answer time taken off
	Gross     spread `json:"gross_ms"` // as it was
	Answer    spread `json:"notification_answer_ms"`
}

type backlogReport struct {
	Queued    int     `json:"queued"`
	Missing   int     `json:"missing"`
	PerSecond float64 `json:"per_second"` // from the first receipt to the last
	FromStart float64 `json:"seconds_from_start"`
	ServerCPU float64 `json:"server_cpu_ms_per_webhook"`
}

func mebibytes(b int64) float64 { return float64(b) / (1 << 20) }

func (r report) failed() (n int) {
	for _, e := range r.Engines {
		for _, w := range e.Walks {
			n += w.Failed
		}
		n += e.Info.Failed + e.Latency.Missing + e.Backlog.Missing
	}
	return n
}

func (r report) write(file string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}

func (r report) print(out io.Writer) {
	fmt.Fprintf(out, "vouchgate benchmark: %d CPUs shared by all processes, %s\n", r.Machine.CPUs, r.Machine.Go)
	t := table{tabwriter.NewWriter(out, 0, 8, 2, ' ', tabwriter.AlignRight)}
	r.printMachine(t)
	r.printWalks(t)
	r.printSteps(t)
	r.printCommits(t)
	r.printOthers(t)
	t.Flush()
}

// table writes rows whose cells are texts or numbers.
type table struct{ *tabwriter.Writer }

func (t table) row(cells ...any) {
	for _, c := range cells {
		switch c := c.(type) {
		case float64:
			fmt.Fprint(t, number(c))
		case *float64:
			if c == nil {
				fmt.Fprint(t, "-")
				break
			}
			fmt.Fprint(t, number(*c))
		case spread:
			fmt.Fprintf(t, "%s/%s", number(c.P50), number(c.P99))
		default:
			fmt.Fprint(t, c)
		}
		fmt.Fprint(t, "\t")
	}
	fmt.Fprintln(t)
}

// title starts a new table: columns are aligned anew after a line without cells.
func (t table) title(text string) {
	t.Flush()
	fmt.Fprintf(t, "\n%s\n\n", text)
	t.Flush()
}

// number writes a figure to three places.
func number(f float64) string {
	if f == 0 {
		return "0"
	}
	digits := 2 - int(math.Floor(math.Log10(max(math.Abs(f), 0.01))))
	return fmt.Sprintf("%.*f", max(digits, 0), f)
}

func (r report) eachWalks(do func(engine, way string, w walksReport)) {
	for _, e := range r.Engines {
		for _, w := range e.Walks {
			way := "json"
			if w.Page {
				way = "page"
			}
			do(e.Engine, way, w)
		}
	}
}

func (r report) printMachine(t table) {
	t.title("The machine around the walks, with nothing of ours: compare figures of two runs as multiples of these")
	t.row("engine", "UTC", "plain HTTP/s", "CPU ms", "4 KiB to disk p50/p99 ms")
	for _, e := range r.Engines {
		for _, y := range e.Machine {
			t.row(e.Engine, y.At, y.HTTP, y.HTTPCPU, y.Sync)
		}
	}
}

func (r report) printWalks(t table) {
	t.title("Complete walks, webhook received (CPU: ms per walk; whole walk: ms)")
	t.row("engine", "way", "callers", "walks/s", "failed", "p50/p99", "CPU server", "database", "mock", "load", "server MiB")
	r.eachWalks(func(engine, way string, w walksReport) {
		t.row(engine, way, w.Callers, w.PerSecond, w.Failed, w.Whole,
			w.CPU.Server, w.CPU.Database, w.CPU.Mock, w.CPU.Load, w.ServerRSS)
	})
}

func (r report) printSteps(t table) {
	t.title("Steps, p50/p99 in ms (verified and webhook: from the wallet's answer to the browser's event and to the receipt)")
	head := []any{"engine", "way", "callers"}
	for _, s := range steps {
		head = append(head, s.name)
	}
	t.row(append(head, "webhook")...)
	r.eachWalks(func(engine, way string, w walksReport) {
		row := []any{engine, way, w.Callers}
		for _, s := range append(steps[:len(steps):len(steps)], step{name: "webhook"}) {
			if took, ok := w.Steps[s.name]; ok {
				row = append(row, took)
			} else {
				row = append(row, "-")
			}
		}
		t.row(row...)
	})
}

func (r report) printCommits(t table) {
	t.title("Database work per walk at one caller (steps: writing transactions, background included; * the disk was waited for)")
	head := []any{"engine", "transactions", "writing", "durable, waited for"}
	for _, s := range steps {
		head = append(head, s.name)
	}
	t.row(head...)
	for _, e := range r.Engines {
		c := e.Commits
		row := []any{e.Engine, c.Commits, c.Writes, c.Waits}
		for _, s := range steps {
			w := c.Steps[s.name]
			cell := strings.TrimSuffix(fmt.Sprintf("%.1f", w.Writes), ".0")
			if w.Waited != nil && *w.Waited > 0.5 {
				cell += "*"
			}
			row = append(row, cell)
		}
		t.row(row...)
	}
}

func (r report) printOthers(t table) {
	t.title("Other figures")
	head := []any{""}
	for _, e := range r.Engines {
		head = append(head, e.Engine)
	}
	t.row(head...)
	for _, figure := range []struct {
		name string
		of   func(engineReport) any
	}{
		{"start to ready on an existing database, median ms", func(e engineReport) any { return e.Start.P50 }},
		{"slowest start, ms", func(e engineReport) any { return e.Start.Max }},
		{"idle memory, MiB", func(e engineReport) any { return e.IdleRSS }},
		{"/info reads per second", func(e engineReport) any { return e.Info.PerSecond }},
		{"/info p50/p99, ms", func(e engineReport) any { return e.Info.Took }},
		{"/info server CPU per read, ms", func(e engineReport) any { return e.Info.ServerCPU }},
		{"/info failed reads", func(e engineReport) any { return e.Info.Failed }},
		{"notifications per second", func(e engineReport) any { return e.Latency.PerSecond }},
		{"notification to webhook p50/p99, verifier's answer taken off, ms", func(e engineReport) any { return e.Latency.Net }},
		{"the same with the verifier's answer, ms", func(e engineReport) any { return e.Latency.Gross }},
		{"answer to the notification p50/p99, ms", func(e engineReport) any { return e.Latency.Answer }},
		{"webhooks that did not come", func(e engineReport) any { return e.Latency.Missing }},
		{"backlog of webhooks", func(e engineReport) any { return e.Backlog.Queued }},
		{"backlog drained per second", func(e engineReport) any { return e.Backlog.PerSecond }},
		{"backlog gone after the start, s", func(e engineReport) any { return e.Backlog.FromStart }},
		{"server CPU per webhook, start included, ms", func(e engineReport) any { return e.Backlog.ServerCPU }},
		{"webhooks of the backlog that did not come", func(e engineReport) any { return e.Backlog.Missing }},
	} {
		row := []any{figure.name}
		for _, e := range r.Engines {
			row = append(row, figure.of(e))
		}
		t.row(row...)
	}
}
