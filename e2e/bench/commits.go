package main

import (
	"context"
	"errors"
	"time"
)

const (
	steppedWalks = 15
	settle       = 20 * time.Millisecond // for what the background does after a step
)

// measureCommits counts what the database does for walks of one caller.
//
// Connections hand in their counts when they end, so the gateway is started and
// stopped around what is counted, and what it does by itself in the same time is
// taken off. Background work commits without waiting for the disk, and the
// database is told not to go there for any other reason than a commit that waits:
// so each time it went is a durable commit that somebody waited for.
func (g *gateway) measureCommits(ctx context.Context, n int) (r commitsReport, err error) {
	end, err := g.engine.counting(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, end()) }()
	w := g.walker(false)
	if r.Steps, err = g.countSteps(ctx, w); err != nil {
		return r, err
	}
	began := time.Now()
	walked, err := g.counted(ctx, func() error {
		for range n {
			v, err := w.walk(ctx, nil)
			if err != nil {
				return err
			}
			// The next walk starts when nothing of this one is left to write, so that
			// no two of them share a batch.
			if len(g.awaitWebhooks(ctx, []*walk{v})) > 0 {
				return errNoWebhook
			}
		}
		return nil
	})
	if err != nil {
		return r, err
	}
	pause := time.Since(began)
	idle, err := g.counted(ctx, func() error {
		time.Sleep(pause)
		r.idleRSS = residentOf(g.server.pid())
		return nil
	})
	r.Walks = n
	per := func(walked, idle int64) *float64 {
		if walked < 0 {
			return nil
		}
		return new(float64(walked-idle) / float64(n))
	}
	r.Commits, r.Writes, r.Waits = per(walked.commits, idle.commits), per(walked.writes, idle.writes), per(walked.syncs, idle.syncs)
	return r, err
}

// counted starts the gateway, does something, stops it, and returns what was
// counted meanwhile.
func (g *gateway) counted(ctx context.Context, do func() error) (c counts, err error) {
	if err := g.engine.left(ctx); err != nil {
		return c, err
	}
	before, err := g.engine.count(ctx)
	if err != nil {
		return c, err
	}
	if err := g.start(ctx); err != nil {
		return c, err
	}
	if err := errors.Join(do(), g.stop()); err != nil {
		return c, err
	}
	if err := g.engine.left(ctx); err != nil {
		return c, err
	}
	after, err := g.engine.count(ctx)
	c = counts{commits: -1, syncs: -1, writes: after.writes - before.writes}
	if after.commits >= 0 {
		c.commits, c.syncs = after.commits-before.commits, after.syncs-before.syncs
	}
	return c, err
}

// countSteps walks with a pause after each step and says what each wrote.
func (g *gateway) countSteps(ctx context.Context, w *walker) (map[string]stepWrites, error) {
	if err := g.start(ctx); err != nil {
		return nil, err
	}
	writes, waited := make([]int64, len(steps)), make([]int, len(steps))
	first, err := g.engine.count(ctx)
	if err != nil {
		return nil, err
	}
	last := first
	for range steppedWalks {
		_, err := w.walk(ctx, func(i int) error {
			atOnce, err := g.engine.count(ctx)
			if err != nil {
				return err
			}
			if atOnce.flushed > last.flushed {
				waited[i]++
			}
			time.Sleep(settle)
			now, err := g.engine.count(ctx)
			writes[i] += now.writes - last.writes
			last = now
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	all := map[string]stepWrites{}
	for i, s := range steps {
		all[s.name] = stepWrites{Writes: float64(writes[i]) / steppedWalks}
		if first.syncs >= 0 { // otherwise the end of the log is not the end of what is on disk
			all[s.name] = stepWrites{Writes: float64(writes[i]) / steppedWalks, Waited: new(float64(waited[i]) / steppedWalks)}
		}
	}
	return all, g.stop()
}
