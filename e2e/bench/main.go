// Command bench measures the built program over HTTP, the way its users meet it.
//
// Gateway, mock verifier and database run in processes of their own; this one is
// the load: clients, browsers, wallets and the receiver of webhooks. All of them
// share the machine, so figures of two runs are only comparable as ratios to
// something else that was measured beside them, of which the report has a little.
//
// A walk is what one person's proof takes, from the client's setup to its reading
// of the data. The browser follows the session by server-sent events, as the page
// does: one request and no pause between looks, where polling would add either
// requests or waiting. The wallet answers through the mock's control API once the
// session is open, and the mock notifies the gateway at once.
//
// Figures are reported, never asserted: only a failed walk makes the program fail.
// What processes use is read from /proc, so it runs on Linux.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	engines     []string
	callers     []int
	walkTime    time.Duration
	infoTime    time.Duration
	latencyTime time.Duration
	latencyRate int
	backlog     int
	counted     int
	binary      string
	json        string
}

func parseFlags() (options, error) {
	var o options
	engines := flag.String("engines", "sqlite,postgres", "databases to measure")
	callers := flag.String("callers", "1,8,32", "numbers of walks at the same time")
	flag.DurationVar(&o.walkTime, "walk-time", 6*time.Second, "how long each number of callers walks")
	flag.DurationVar(&o.infoTime, "info-time", 3*time.Second, "how long /info is read")
	flag.DurationVar(&o.latencyTime, "latency-time", 20*time.Second, "how long the way from notification to webhook is measured")
	flag.IntVar(&o.latencyRate, "latency-rate", 50, "notifications per second meanwhile")
	flag.IntVar(&o.backlog, "backlog", 5000, "webhooks that wait when the gateway starts")
	flag.IntVar(&o.counted, "counted", 200, "walks over which commits are counted")
	flag.StringVar(&o.binary, "binary", "", "the program to measure (default: built from this module)")
	flag.StringVar(&o.json, "json", "", "file for the figures as JSON")
	flag.Parse()
	o.engines = strings.Split(*engines, ",")
	for _, text := range strings.Split(*callers, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return o, fmt.Errorf("-callers: %q is not a number of callers", text)
		}
		o.callers = append(o.callers, n)
	}
	for _, e := range o.engines {
		if e != "sqlite" && e != "postgres" {
			return o, fmt.Errorf("-engines: %q is neither sqlite nor postgres", e)
		}
	}
	if o.latencyRate < 1 || o.counted < 1 || o.backlog < 0 {
		return o, errors.New("-latency-rate and -counted must be positive, -backlog not negative")
	}
	return o, nil
}

func main() {
	if os.Getenv(mockEnv) != "" {
		exit(serveMock(os.Getenv(mockEnv)))
	}
	o, err := parseFlags()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err = run(ctx, o)
	stop()
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "vouchgate-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if o.binary == "" {
		progress("building")
		if o.binary, err = build(ctx, dir); err != nil {
			return err
		}
	}
	r := report{Machine: machineReport{CPUs: runtime.NumCPU(), Go: runtime.Version()}}
	for _, name := range o.engines {
		e, err := measureEngine(ctx, o, name, dir)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r.Engines = append(r.Engines, e)
	}
	r.print(os.Stdout)
	if o.json != "" {
		if err := r.write(o.json); err != nil {
			return err
		}
	}
	if n := r.failed(); n > 0 {
		return fmt.Errorf("%d walks failed", n)
	}
	return nil
}

// progress says on standard error what is being measured.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// percentile returns the value below which a share of sorted values lies.
func percentile(sorted []time.Duration, share float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

// spreadOf sums durations up, in milliseconds.
func spreadOf(all []time.Duration) spread {
	slices.Sort(all)
	return spread{N: len(all), P50: millis(percentile(all, 0.5)), P99: millis(percentile(all, 0.99)), Max: millis(percentile(all, 1))}
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
