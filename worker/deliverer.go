package worker

import (
	"context"
	"fmt"
	"sync"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

const (
	webhookLease  = 60 * time.Second
	handOverLease = 30 * time.Second // of a webhook that is sent by the process that queued it
	claimBatch    = 128
	recheck       = 100 * time.Millisecond // while there is no room for more
	// A send that starts later than this before the end of its lease could still
	// run when somebody else starts the next.
	leaseReserve = sendTimeout + 5*time.Second
)

// Deliverer sends webhooks to clients.
type Deliverer struct {
	cfg       *Config
	metrics   *metrics
	endpoints *endpoints
	sender    *sender
	records   *recorder
	wake      signal // something may be due
	room      signal // more can be taken in

	ctx    context.Context // of the sends
	cancel context.CancelFunc
	sends  sync.WaitGroup

	mu     sync.Mutex
	lanes  *lanes
	closed bool
}

func newDeliverer(cfg *Config, m *metrics) *Deliverer {
	d := &Deliverer{
		cfg: cfg, metrics: m, endpoints: newEndpoints(cfg), sender: newSender(*cfg),
		wake: newSignal(), room: newSignal(), lanes: newLanes(cfg.Sends, cfg.SendsPerClient),
	}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	d.records = newRecorder(d.ctx, cfg)
	return d
}

// Wake makes Run ask for due webhooks now. It does not block; calls that come
// together count as one.
func (d *Deliverer) Wake() { d.wake.set() }

// Once claims one batch of due webhooks and returns when each of them was sent,
// put off or given up, and that is written. An error is that of the store or of
// the context; webhooks on their way are not called back.
func (d *Deliverer) Once(ctx context.Context) (Deliveries, error) {
	b, err := d.claim(ctx)
	if err != nil {
		return Deliveries{}, err
	}
	select {
	case <-b.done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.result, err
}

// run claims and sends until the context ends.
func (d *Deliverer) run(ctx context.Context) {
	for ctx.Err() == nil {
		full := true
		if d.hasRoom() {
			b, err := d.claim(ctx)
			if err != nil && ctx.Err() == nil {
				d.cfg.Log.Warn("webhooks not claimed", "error", err)
			}
			full = err == nil && b.result.Claimed == claimBatch
			if full && d.hasRoom() {
				continue
			}
		}
		if full {
			wait(ctx, d.room, recheck)
		} else {
			wait(ctx, d.wake, spread(d.cfg.Poll, d.cfg.random()))
		}
	}
}

func (d *Deliverer) hasRoom() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lanes.moving(d.cfg.now()) < claimBatch
}

// claim takes a batch of due webhooks in and starts what may start.
func (d *Deliverer) claim(ctx context.Context) (*batch, error) {
	now := d.cfg.now()
	lease := now.Add(webhookLease)
	rows, err := d.cfg.Store.ClaimDueWebhooks(ctx, now, lease, claimBatch)
	if err != nil {
		return nil, err
	}
	b := newBatch(len(rows))
	full := map[string]time.Time{}
	d.mu.Lock()
	closed := d.closed
	for _, row := range rows {
		j := job{Webhook: row, lease: lease, batch: b}
		until, ok := now, false
		if !closed {
			until, ok = d.lanes.add(j, now)
		}
		if !ok {
			full[row.ClientID] = until
			d.giveBack(j, until)
		}
	}
	d.mu.Unlock()
	if !closed {
		d.putOff(ctx, full)
	}
	d.start()
	return b, nil
}

// take sends a webhook that was queued with a lease for this process. What there is
// no room for waits in the queue like any other.
func (d *Deliverer) take(w kyc.Webhook) {
	now := d.cfg.now()
	j := job{Webhook: w, lease: *w.LeaseUntil, batch: newBatch(1)}
	d.mu.Lock()
	until, ok := now, false
	if !d.closed {
		until, ok = d.lanes.add(j, now)
	}
	if !ok {
		d.giveBack(j, until)
	}
	d.mu.Unlock()
	d.start()
}

// putOff lets what else waits for clients wait until a time, so that it is not
// claimed and given back over and over.
func (d *Deliverer) putOff(ctx context.Context, until map[string]time.Time) {
	for clientID, t := range until {
		n, err := d.cfg.Store.DeferWebhooks(ctx, clientID, t)
		if err != nil {
			d.cfg.Log.Warn("webhooks not put off", "client_id", clientID, "error", err)
			continue
		}
		d.cfg.Log.Debug("webhooks put off", "client_id", clientID, "until", t, "others", n)
	}
}

// start starts every send that may start now.
func (d *Deliverer) start() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for !d.closed {
		j, ok := d.lanes.next(d.cfg.now())
		if !ok {
			return
		}
		d.sends.Go(func() { d.deliver(j) })
	}
}

// deliver sends one webhook, records the outcome and makes place for the next.
func (d *Deliverer) deliver(j job) {
	try := d.try(j)
	d.settle(j, try)
	now := d.cfg.now()
	d.mu.Lock()
	until, back := d.lanes.done(j, try.verdict, now, try.answer.retryAfter, d.cfg.random())
	for _, other := range back {
		d.giveBack(other, until)
	}
	roomy := d.lanes.moving(now) < claimBatch
	d.mu.Unlock()
	if !until.IsZero() {
		d.cfg.Log.Warn("webhook endpoint does not answer", "client_id", j.ClientID, "until", until)
		d.putOff(d.ctx, map[string]time.Time{j.ClientID: until})
	}
	d.start()
	if roomy {
		d.room.set()
	}
}

// giveBack returns a webhook unsent; the try does not count.
func (d *Deliverer) giveBack(j job, next time.Time) {
	j.batch.count(func(r *Deliveries) { r.PutOff++ })
	d.metrics.try("put_off", 0)
	d.write(j, j.Tries, &next, j.LastOutcome, nil)
}

func (d *Deliverer) write(j job, tries int64, next *time.Time, outcome string, dead *time.Time) {
	d.records.put(record{job: j, outcome: store.WebhookOutcome{
		ID: j.ID, Lease: j.lease, Tries: tries, NextAttempt: next, LastOutcome: outcome, DeadAt: dead,
	}})
}

// stop ends the deliverer: what waits is given back, what is on its way may
// finish until the context ends.
func (d *Deliverer) stop(ctx context.Context) {
	d.mu.Lock()
	d.closed = true
	now := d.cfg.now()
	for _, l := range d.lanes.order {
		for _, j := range d.lanes.drop(l.clientID) {
			d.giveBack(j, now)
		}
	}
	d.mu.Unlock()
	waitOrCancel(ctx, &d.sends, d.cancel)
	d.records.wait()
	d.cancel()
	d.sender.close()
}

// waitOrCancel waits for a group, and cancels its work when the context ends
// first.
func waitOrCancel(ctx context.Context, group *sync.WaitGroup, cancel context.CancelFunc) {
	stop := context.AfterFunc(ctx, cancel)
	defer stop()
	group.Wait()
}

// open returns the body of a webhook as it was queued.
func (d *Deliverer) open(w kyc.Webhook) ([]byte, error) {
	body, err := d.cfg.Ring.Open(kyc.PurposeWebhookBody, w.ID[:], w.SealedBody)
	if err != nil {
		return nil, fmt.Errorf("opening webhook body: %w", err)
	}
	return body, nil
}
