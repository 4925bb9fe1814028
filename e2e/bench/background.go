package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"vouchgate/store"
	"vouchgate/verify/swiyu/swiyutest"
)

// warmUp is the share of notifications at the beginning that do not count.
const warmUp = 20

// notice is one notification on its way.
type notice struct {
	walk     *walk
	sent     time.Time
	answered time.Duration
	err      error
}

// measureLatency measures how long it takes from a notification to the client's
// webhook while walks begin at a steady rate, whatever the answers. The load
// itself notifies, so that one clock measures both ends, and the mock tells how
// long it took to answer in between.
func (g *gateway) measureLatency(ctx context.Context, w *walker, rate int, d time.Duration) (latencyReport, error) {
	r := latencyReport{PerSecond: rate}
	if err := g.mock.setMode(ctx, swiyutest.Mode{Notify: swiyutest.NotifyNever}); err != nil {
		return r, err
	}
	if _, err := g.mock.answers(ctx); err != nil { // forgets those before
		return r, err
	}
	notices := make([]notice, int(d.Seconds()*float64(rate)))
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	var group sync.WaitGroup
	for i := range notices {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return r, ctx.Err()
		}
		group.Go(func() { notices[i] = w.notify(ctx) })
	}
	group.Wait()
	var walks []*walk
	for _, n := range notices {
		if n.err != nil {
			return r, n.err
		}
		walks = append(walks, n.walk)
	}
	r.Missing = len(g.awaitWebhooks(ctx, walks))
	took, err := g.mock.answers(ctx)
	if err != nil {
		return r, err
	}
	var net, gross, answers []time.Duration
	for _, n := range notices[len(notices)/warmUp:] {
		if at, came := g.hooks.at(n.walk.session); came {
			gross = append(gross, at.Sub(n.sent))
			net = append(net, at.Sub(n.sent)-took[n.walk.verification])
			answers = append(answers, n.answered)
		}
	}
	r.Net, r.Gross, r.Answer = spreadOf(net), spreadOf(gross), spreadOf(answers)
	return r, g.mock.setMode(ctx, swiyutest.Mode{})
}

// notify opens a session, lets the wallet answer and tells the gateway.
func (w *walker) notify(ctx context.Context) notice {
	n := notice{walk: &walk{state: "s", verifier: "0123456789012345678901234567890123456789012"}}
	for _, do := range []func(context.Context, *walk) error{w.setup, w.authorize} {
		if n.err = do(ctx, n.walk); n.err != nil {
			return n
		}
	}
	if n.err = w.mock.accept(ctx, w.http, n.walk.verification); n.err != nil {
		return n
	}
	n.sent = time.Now()
	_, n.err = request{method: http.MethodPost, url: w.gate + "/notification", kind: "application/json",
		body: fmt.Sprintf(`{"verification_id":%q}`, n.walk.verification), want: http.StatusOK}.do(ctx, w.http)
	n.answered = time.Since(n.sent)
	return n
}

// drainLimit is how long a backlog may take.
const drainLimit = time.Minute

// measureBacklog makes webhooks that were delivered due again, as replaying them
// does, while the gateway is stopped, starts it and measures how fast they come.
func (g *gateway) measureBacklog(ctx context.Context, n int) (r backlogReport, err error) {
	if r.Queued, err = g.queueAgain(ctx, n); err != nil || r.Queued == 0 {
		return r, err
	}
	g.hooks.reset()
	began := time.Now()
	if err := g.start(ctx); err != nil {
		return r, err
	}
	g.hooks.wait(ctx, drainLimit, func() bool { came, _, _ := g.hooks.times(); return came >= r.Queued })
	used, err := usageOf(g.server.pid())
	came, first, last := g.hooks.times()
	r.Missing = r.Queued - came
	r.FromStart = last.Sub(began).Seconds()
	r.PerSecond = float64(came-1) / max(last.Sub(first).Seconds(), 1e-6)
	r.ServerCPU = millis(used.cpu) / float64(max(came, 1))
	return r, err
}

func (g *gateway) queueAgain(ctx context.Context, n int) (int, error) {
	if n == 0 {
		return 0, nil
	}
	st, err := g.engine.open(ctx)
	if err != nil {
		return 0, err
	}
	defer st.Close()
	list, err := st.Webhooks(ctx, store.WebhookFilter{Limit: n})
	if err != nil {
		return 0, err
	}
	for _, hook := range list {
		if err := st.ReplayWebhook(ctx, hook.ID, time.Now()); err != nil {
			return 0, err
		}
	}
	return len(list), nil
}
