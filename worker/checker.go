package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

const (
	lookLease   = 30 * time.Second
	lookTimeout = 20 * time.Second // of one Fetch, in case the verifier has no limit of its own
	maxQueue    = 10_000           // sessions waiting for a look; hints beyond are dropped
	askAgain    = time.Second      // after a hint found that another process looks
	rowTimeout  = 5 * time.Second  // of what has to be written even when we stop
)

// Checker looks at open verifications until each has an outcome, and ends
// sessions whose time is up.
type Checker struct {
	cfg     *Config
	metrics *metrics
	send    func(kyc.Webhook) // takes over a webhook that was queued with a lease
	wake    signal            // something may be due
	room    signal            // a look has ended

	early *early // notifications that came before their session

	ctx    context.Context // of the looks
	cancel context.CancelFunc
	looks  sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	workers int
	queue   []kyc.ID
	entries map[kyc.ID]*entry
	trails  map[kyc.ID]trail
}

// entry is a session that waits for a look or is being looked at. Whatever asks
// for another look meanwhile is remembered here and costs one look in all.
type entry struct {
	again   bool
	hinted  bool
	claimed *kyc.Session // taken by Once, with its lease
	round   *round
}

// trail counts the looks since a hint.
type trail struct {
	looks int64
	at    time.Time // of the newest
}

func newChecker(cfg *Config, m *metrics, send func(kyc.Webhook)) *Checker {
	c := &Checker{
		cfg: cfg, metrics: m, send: send, wake: newSignal(), room: newSignal(), early: newEarly(),
		entries: map[kyc.ID]*entry{}, trails: map[kyc.ID]trail{},
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// Wake makes Run ask for due sessions now. It does not block.
func (c *Checker) Wake() { c.wake.set() }

// Hint says that something may have happened to a session's verification, which
// is then looked at as soon as possible. It does not block. Any number of hints
// during a look cause one more look. A hint may be lost; what is due is found
// without it.
func (c *Checker) Hint(id kyc.ID) { c.submit(id, true, nil, nil) }

// Notified says that the verifier has something to tell about a verification,
// which is looked at as soon as possible, and reports whether it is an open one.
// The error is the store's.
func (c *Checker) Notified(ctx context.Context, requestID string) (bool, error) {
	now := c.cfg.now()
	// A verifier that hangs up must not leave a claim behind that nobody knows of.
	claiming, cancel := context.WithTimeout(context.WithoutCancel(ctx), rowTimeout)
	defer cancel()
	session, err := c.cfg.Store.ClaimSessionByRequest(claiming, requestID, now, now.Add(lookLease))
	if err == nil {
		if !c.submit(session.ID, true, &session, nil) {
			c.giveBack(session)
		}
		return true, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	// It is not open, or somebody looks at it right now.
	session, err = c.cfg.Store.SessionByRequest(ctx, requestID)
	if errors.Is(err, store.ErrNotFound) {
		c.early.put(requestID, now)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	c.Hint(session.ID)
	return true, nil
}

// Opened says that a session has a new verification. If the verifier had told
// about it before it was written down, it is looked at now.
func (c *Checker) Opened(s kyc.Session) {
	if c.early.take(s.RequestID, c.cfg.now()) {
		c.Hint(s.ID)
	}
}

// submit queues a look and reports whether it will take place.
func (c *Checker) submit(id kyc.ID, hinted bool, claimed *kyc.Session, r *round) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, known := c.entries[id]
	if c.closed || (!known && claimed == nil && len(c.queue) >= maxQueue) {
		return false
	}
	if !known {
		e = &entry{}
		c.entries[id] = e
		c.queue = append(c.queue, id)
	}
	e.again, e.hinted = true, e.hinted || hinted
	if claimed != nil {
		e.round.settle() // of an older claim, whose lease ran out while it waited
		e.claimed, e.round = claimed, r
	}
	if c.workers < c.cfg.Looks && len(c.queue) > 0 {
		c.workers++
		c.looks.Go(c.work)
	}
	return true
}

// work looks at queued sessions until none is left.
func (c *Checker) work() {
	for {
		c.mu.Lock()
		if len(c.queue) == 0 {
			c.workers--
			c.mu.Unlock()
			c.room.set()
			return
		}
		id := c.queue[0]
		c.queue = c.queue[1:]
		e := c.entries[id]
		job := *e
		*e = entry{}
		c.mu.Unlock()

		c.look(id, job)
		job.round.settle()
		c.requeue(id, e)
	}
}

// requeue puts a session in line again if somebody asked for it during the look.
func (c *Checker) requeue(id kyc.ID, e *entry) {
	c.mu.Lock()
	again, closed := e.again, c.closed
	if again && !closed {
		c.queue = append(c.queue, id)
	} else {
		delete(c.entries, id)
	}
	c.mu.Unlock()
	if again && closed {
		c.discard(*e)
	}
}

// discard gives up a queued look.
func (c *Checker) discard(e entry) {
	if e.claimed != nil {
		c.giveBack(*e.claimed)
	}
	e.round.settle()
}

// free says how many looks could start at once.
func (c *Checker) free() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cfg.Looks - c.workers - len(c.queue)
}

// Checked says what a round of looks came to.
type Checked struct{ Claimed int }

// round is what one Once claimed.
type round struct {
	result Checked
	left   sync.WaitGroup
}

func (r *round) settle() {
	if r != nil {
		r.left.Done()
	}
}

// Once claims sessions that are due, as many as can be looked at side by side,
// and returns when that is done. The error is the store's.
func (c *Checker) Once(ctx context.Context) (Checked, error) {
	r, _, err := c.claim(ctx)
	if err != nil {
		return Checked{}, err
	}
	r.left.Wait()
	return r.result, nil
}

// claim takes due sessions and queues them. full says that there may be more.
func (c *Checker) claim(ctx context.Context) (r *round, full bool, err error) {
	n := min(max(c.free(), 1), c.cfg.Looks)
	now := c.cfg.now()
	c.sweep(now)
	sessions, err := c.cfg.Store.ClaimDueSessions(ctx, now, now.Add(lookLease), n)
	if err != nil {
		return nil, false, err
	}
	r = &round{result: Checked{Claimed: len(sessions)}}
	r.left.Add(len(sessions))
	for i := range sessions {
		if !c.submit(sessions[i].ID, false, &sessions[i], r) {
			c.giveBack(sessions[i])
			r.settle()
		}
	}
	return r, len(sessions) == n, nil
}

// sweep forgets trails that another process went on with.
func (c *Checker) sweep(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, t := range c.trails {
		if now.Sub(t.at) > 2*unwatchedLook {
			delete(c.trails, id)
		}
	}
}

// run looks at what is due until the context ends.
func (c *Checker) run(ctx context.Context) {
	for ctx.Err() == nil {
		full := c.free() <= 0
		if !full {
			var err error
			if _, full, err = c.claim(ctx); err != nil && ctx.Err() == nil {
				c.cfg.Log.Warn("due sessions not claimed", "error", err)
			}
			if full && c.free() > 0 {
				continue
			}
		}
		if full {
			wait(ctx, c.room, recheck)
		} else {
			wait(ctx, c.wake, spread(c.cfg.Poll, c.cfg.random()))
		}
	}
}

// stop ends the checker: what waits is given back, looks that run may finish
// until the context ends.
func (c *Checker) stop(ctx context.Context) {
	c.mu.Lock()
	c.closed = true
	var back []entry
	for _, id := range c.queue {
		back = append(back, *c.entries[id])
		delete(c.entries, id)
	}
	c.queue = nil
	c.mu.Unlock()
	for _, e := range back {
		c.discard(e)
	}
	waitOrCancel(ctx, &c.looks, c.cancel)
	c.cancel()
}

// giveBack ends the lease of a session that was not looked at.
func (c *Checker) giveBack(s kyc.Session) { c.schedule(s, c.cfg.now()) }

func (c *Checker) schedule(s kyc.Session, next time.Time) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), rowTimeout)
	defer cancel()
	err := c.cfg.Store.ScheduleSession(ctx, s, next)
	if err != nil && !errors.Is(err, store.ErrStale) {
		c.cfg.Log.Warn("session not scheduled", "session_id", s.ID, "error", err)
	}
}
