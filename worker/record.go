package worker

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

const (
	recordTimeout = 5 * time.Second        // of one statement
	recordRetry   = 250 * time.Millisecond // pause when the store does not answer
	recordBatch   = 512                    // webhooks of one statement
)

// record is what has to be written about a job, and nobody waits for.
type record struct {
	job       job
	delivered bool
	outcome   store.WebhookOutcome // unless delivered
}

// recorder writes outcomes. What comes while it writes is gathered and written
// together: deliveries that were claimed together become one statement. What
// cannot be written before its lease ends is left alone; the webhook is then sent
// again, under the same webhook-id.
type recorder struct {
	cfg   *Config
	ctx   context.Context // ends the retries
	mu    sync.Mutex
	queue []record
	busy  bool
	wg    sync.WaitGroup
	hurry signal // closed when somebody waits after all
	once  sync.Once
}

func newRecorder(ctx context.Context, cfg *Config) *recorder {
	return &recorder{cfg: cfg, ctx: ctx, hurry: newSignal()}
}

// put queues a record and does not block.
func (r *recorder) put(rec record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue = append(r.queue, rec)
	if !r.busy {
		r.busy = true
		r.wg.Go(r.run)
	}
}

// wait returns when everything that was put is written or given up.
func (r *recorder) wait() {
	r.once.Do(func() { close(r.hurry) })
	r.wg.Wait()
}

// run writes until nothing is left.
func (r *recorder) run() {
	for r.more() {
		wait(r.ctx, r.hurry, r.cfg.Gather) // nobody waits; many are cheaper than one by one
		r.mu.Lock()
		work := r.queue
		r.queue = nil
		r.mu.Unlock()
		failed := r.write(work)
		if len(failed) == 0 {
			continue
		}
		wait(r.ctx, nil, recordRetry)
		now := r.cfg.now()
		for _, rec := range failed {
			if r.ctx.Err() != nil || !now.Before(rec.job.lease) {
				rec.job.batch.settle()
				continue
			}
			r.put(rec)
		}
	}
}

// more says whether something is left to write. If not, the next put starts run
// again.
func (r *recorder) more() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy = len(r.queue) > 0
	return r.busy
}

// write returns the records that the store did not take.
func (r *recorder) write(work []record) (failed []record) {
	delivered := map[time.Time][]record{}
	for _, rec := range work {
		if rec.delivered {
			delivered[rec.job.lease] = append(delivered[rec.job.lease], rec)
			continue
		}
		if err := r.reschedule(rec); err != nil {
			failed = append(failed, rec)
			continue
		}
		rec.job.batch.settle()
	}
	for lease, all := range delivered {
		for recs := range slices.Chunk(all, recordBatch) {
			if err := r.finish(lease, recs); err != nil {
				failed = append(failed, recs...)
				continue
			}
			for _, rec := range recs {
				rec.job.batch.settle()
			}
		}
	}
	return failed
}

func (r *recorder) finish(lease time.Time, recs []record) error {
	ids := make([]kyc.ID, len(recs))
	for i, rec := range recs {
		ids[i] = rec.job.ID
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), recordTimeout)
	defer cancel()
	return r.logged(r.cfg.Store.FinishWebhooks(ctx, padded(ids), lease, r.cfg.now()))
}

// padded repeats the last id until the length is a power of two. The statement's
// text depends on that length, and few texts are prepared once and kept.
func padded(ids []kyc.ID) []kyc.ID {
	for len(ids)&(len(ids)-1) != 0 {
		ids = append(ids, ids[len(ids)-1])
	}
	return ids
}

func (r *recorder) reschedule(rec record) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), recordTimeout)
	defer cancel()
	return r.logged(r.cfg.Store.RescheduleWebhook(ctx, rec.outcome))
}

func (r *recorder) logged(err error) error {
	if err != nil && !errors.Is(err, context.Canceled) {
		r.cfg.Log.Warn("outcome of webhooks not written yet", "error", err)
	}
	return err
}

// Deliveries says what a round of deliveries came to.
type Deliveries struct {
	Claimed   int
	Delivered int
	Failed    int // to be tried again, or to wait for an endpoint that is off
	Dead      int // given up
	PutOff    int // given back unsent
}

// batch is what was claimed with one lease.
type batch struct {
	mu     sync.Mutex
	left   int
	result Deliveries
	done   chan struct{} // closed when nothing is left
}

func newBatch(n int) *batch {
	b := &batch{left: n, result: Deliveries{Claimed: n}, done: make(chan struct{})}
	if n == 0 {
		close(b.done)
	}
	return b
}

func (b *batch) count(add func(*Deliveries)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	add(&b.result)
}

// settle says that one more webhook of the batch needs no more care.
func (b *batch) settle() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left--; b.left == 0 {
		close(b.done)
	}
}
