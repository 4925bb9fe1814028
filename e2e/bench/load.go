package main

import (
	"context"
	"sync"
	"time"
)

// webhookLimit is how long a walk's webhook may take before the walk has failed.
const webhookLimit = 15 * time.Second

// keptTokens is how many tokens are kept for reading /info.
const keptTokens = 200

// crowd is what callers side by side did.
type crowd struct {
	walks  []*walk
	faults []error
	began  time.Time
	ended  time.Time
}

// walkAll lets callers walk one after another for a while, and waits for the
// webhooks of all their walks: a gateway that let them pile up would otherwise
// look faster than it is.
func (g *gateway) walkAll(ctx context.Context, w *walker, callers int, d time.Duration) crowd {
	c := crowd{began: time.Now()}
	var mu sync.Mutex
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			for ctx.Err() == nil && time.Since(c.began) < d {
				v, err := w.walk(ctx, nil)
				mu.Lock()
				if err != nil {
					c.faults = append(c.faults, err)
				} else {
					c.walks = append(c.walks, v)
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	c.ended = time.Now()
	c.faults = append(c.faults, g.awaitWebhooks(ctx, c.walks)...)
	if _, _, last := g.hooks.times(); last.After(c.ended) {
		c.ended = last
	}
	return c
}

// awaitWebhooks waits for the webhooks of walks and returns a fault for each that
// did not come.
func (g *gateway) awaitWebhooks(ctx context.Context, walks []*walk) (faults []error) {
	missing := walks
	g.hooks.wait(ctx, webhookLimit, func() bool {
		for len(missing) > 0 {
			if _, came := g.hooks.at(missing[0].session); !came {
				return false
			}
			missing = missing[1:]
		}
		return true
	})
	for _, v := range missing {
		if _, came := g.hooks.at(v.session); !came {
			faults = append(faults, errNoWebhook)
		}
	}
	return faults
}

// measureWalks reports a crowd, after a short one that warms everything up.
func (g *gateway) measureWalks(ctx context.Context, w *walker, callers int, d time.Duration) (walksReport, []*walk, error) {
	g.walkAll(ctx, w, callers, min(d/4, time.Second))
	g.hooks.reset()
	before, err := g.usages()
	if err != nil {
		return walksReport{}, nil, err
	}
	peak := g.watchMemory()
	c := g.walkAll(ctx, w, callers, d)
	highest := peak()
	after, err := g.usages()
	if err != nil {
		return walksReport{}, nil, err
	}
	r := walksReport{
		Callers: callers, Page: w.page, Walks: len(c.walks), Failed: len(c.faults),
		PerSecond: float64(len(c.walks)) / c.ended.Sub(c.began).Seconds(),
		ServerRSS: mebibytes(highest), Steps: map[string]spread{},
	}
	for _, err := range c.faults[:min(3, len(c.faults))] {
		progress("failed walk: %v", err)
	}
	n := float64(max(len(c.walks), 1))
	r.CPU = cpuReport{
		Server:   millis(after.server.cpu-before.server.cpu) / n,
		Database: millis(after.database.cpu-before.database.cpu) / n,
		Mock:     millis(after.mock.cpu-before.mock.cpu) / n,
		Load:     millis(after.load.cpu-before.load.cpu) / n,
	}
	r.addSteps(g, c.walks)
	return r, c.walks, nil
}

func (r *walksReport) addSteps(g *gateway, walks []*walk) {
	took := make([][]time.Duration, len(steps))
	var whole, hooks []time.Duration
	for _, v := range walks {
		var sum time.Duration
		for i, d := range v.took {
			sum += d
			took[i] = append(took[i], d)
		}
		whole = append(whole, sum)
		if at, ok := g.hooks.at(v.session); ok {
			hooks = append(hooks, at.Sub(v.accepted))
		}
	}
	for i, s := range steps {
		if s.name != "page" || r.Page {
			r.Steps[s.name] = spreadOf(took[i])
		}
	}
	r.Whole, r.Steps["webhook"] = spreadOf(whole), spreadOf(hooks)
}

// watchMemory looks at the gateway's resident memory until the returned function
// is called, which tells the most that was seen.
func (g *gateway) watchMemory() func() int64 {
	done, result := make(chan struct{}), make(chan int64)
	go func() {
		var most int64
		look := time.NewTicker(100 * time.Millisecond)
		defer look.Stop()
		for {
			select {
			case <-done:
				result <- most
				return
			case <-look.C:
				most = max(most, residentOf(g.server.pid()))
			}
		}
	}()
	return func() int64 { close(done); return <-result }
}

// measureInfo reads /info with the tokens of walks, by as many callers as walked.
func (g *gateway) measureInfo(ctx context.Context, w *walker, walks []*walk, callers int, d time.Duration) (infoReport, error) {
	walks = walks[:min(len(walks), keptTokens)]
	if len(walks) == 0 {
		return infoReport{}, errNoWalks
	}
	before, err := g.usages()
	if err != nil {
		return infoReport{}, err
	}
	took, faults := make([][]time.Duration, callers), make([]int, callers)
	began := time.Now()
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			for n := i; ctx.Err() == nil && time.Since(began) < d; n++ {
				at := time.Now()
				if err := w.read(ctx, walks[n%len(walks)].token); err != nil {
					faults[i]++
					continue
				}
				took[i] = append(took[i], time.Since(at))
			}
		})
	}
	group.Wait()
	elapsed := time.Since(began)
	after, err := g.usages()
	r := infoReport{Callers: callers}
	var all []time.Duration
	for i := range took {
		all = append(all, took[i]...)
		r.Failed += faults[i]
	}
	r.PerSecond, r.Took = float64(len(all))/elapsed.Seconds(), spreadOf(all)
	r.ServerCPU = millis(after.server.cpu-before.server.cpu) / float64(max(len(all), 1))
	return r, err
}
