package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// leastStarts is how many starts the time to get ready is the median of.
const leastStarts = 7

// measureEngine measures everything on one database.
func measureEngine(ctx context.Context, o options, name, dir string) (r engineReport, err error) {
	r.Engine = name
	dir = filepath.Join(dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return r, err
	}
	var e engine = &sqliteEngine{path: filepath.Join(dir, "vouchgate.db")}
	if name == "postgres" {
		progress("%s: starting a server", name)
		if e, err = startPostgres(ctx); err != nil {
			return r, err
		}
	}
	g, err := newGateway(ctx, o.binary, dir, e)
	if err != nil {
		return r, err
	}
	defer g.close()
	progress("%s: commits", name)
	if r.Commits, err = g.measureCommits(ctx, o.counted); err != nil {
		return r, err
	}
	r.IdleRSS = mebibytes(r.Commits.idleRSS)
	if err := g.measureLoads(ctx, o, &r); err != nil {
		return r, err
	}
	if err := g.stop(); err != nil {
		return r, err
	}
	progress("%s: backlog of webhooks", name)
	if r.Backlog, err = g.measureBacklog(ctx, o.backlog); err != nil {
		return r, err
	}
	for len(g.ready) < leastStarts {
		if err := g.stop(); err != nil {
			return r, err
		}
		if err := g.start(ctx); err != nil {
			return r, err
		}
	}
	r.Start = spreadOf(g.ready)
	return r, g.stop()
}

// measureLoads measures what one run of the gateway can be asked for.
func (g *gateway) measureLoads(ctx context.Context, o options, r *engineReport) error {
	if err := g.start(ctx); err != nil {
		return err
	}
	most := slices.Max(o.callers)
	yardsticks := func() error {
		y, err := layYardstick(ctx, g.dir)
		r.Machine = append(r.Machine, y)
		return err
	}
	if err := yardsticks(); err != nil {
		return err
	}
	var walks []*walk
	for _, callers := range o.callers {
		progress("%s: %d callers", r.Engine, callers)
		w, done, err := g.measureWalks(ctx, g.walker(false), callers, o.walkTime)
		if err != nil {
			return err
		}
		r.Walks, walks = append(r.Walks, w), done
	}
	progress("%s: %d callers with pages", r.Engine, most)
	w, _, err := g.measureWalks(ctx, g.walker(true), most, o.walkTime)
	if err != nil {
		return err
	}
	r.Walks = append(r.Walks, w)
	if err := yardsticks(); err != nil {
		return err
	}
	progress("%s: reads of /info", r.Engine)
	if r.Info, err = g.measureInfo(ctx, g.walker(false), walks, most, o.infoTime); err != nil {
		return err
	}
	progress("%s: from notification to webhook", r.Engine)
	time.Sleep(time.Second) // what the load before left to do
	g.hooks.reset()
	r.Latency, err = g.measureLatency(ctx, g.walker(false), o.latencyRate, o.latencyTime)
	return err
}
