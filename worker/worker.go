package worker

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"vouchgate/kyc"
)

// Worker is all background work of a process.
type Worker struct {
	Checker   *Checker
	Deliverer *Deliverer
	Messenger *Messenger
	Cleaner   *Cleaner

	cfg      *Config
	announce signal
	ran      atomic.Bool
}

// New returns a worker. It fails if the configuration lacks something or if its
// metrics cannot be registered. Nothing runs yet, but Hint and Once work.
func New(config Config) (*Worker, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	m, err := newMetrics(&config)
	if err != nil {
		return nil, err
	}
	w := &Worker{cfg: &config, announce: newSignal()}
	w.Deliverer = newDeliverer(&config, m)
	w.Checker = newChecker(&config, m, w.Deliverer.take)
	w.Messenger = newMessenger(&config, m)
	w.Cleaner = &Cleaner{cfg: &config, metrics: m}
	return w, nil
}

// Hint says that something may have happened to a session's verification. See
// Checker.Hint.
func (w *Worker) Hint(id kyc.ID) { w.Checker.Hint(id) }

// Notified says that the verifier has something to tell about a verification. See
// Checker.Notified.
func (w *Worker) Notified(ctx context.Context, requestID string) (bool, error) {
	return w.Checker.Notified(ctx, requestID)
}

// Opened says that a session has a new verification. See Checker.Opened.
func (w *Worker) Opened(s kyc.Session) { w.Checker.Opened(s) }

// Wake says that a webhook or a message was queued, after the commit. It does not block. The
// other processes on the same database are told as well, soon and at most
// twenty times a second.
func (w *Worker) Wake() {
	w.Deliverer.Wake()
	w.Messenger.Wake()
	w.announce.set()
}

var errRanBefore = errors.New("worker: it ran before")

// Run works until the context ends. Then it claims nothing more, lets what is on
// its way finish for Config.Drain, gives leases back and returns. A worker runs
// once; a second Run is an error.
func (w *Worker) Run(ctx context.Context) error {
	if w.ran.Swap(true) {
		return errRanBefore
	}
	var loops sync.WaitGroup
	for _, loop := range []func(context.Context){
		w.Checker.run, w.Deliverer.run, w.Messenger.run, w.Cleaner.run, w.announceLoop, w.listenLoop,
	} {
		loops.Go(func() { loop(ctx) })
	}
	loops.Wait()
	w.stop(context.WithoutCancel(ctx))
	return nil
}

// stop ends what the loops started, in the order in which work is handed on.
func (w *Worker) stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, w.cfg.Drain)
	defer cancel()
	w.Checker.stop(ctx) // first: its last looks hand webhooks over
	w.Deliverer.stop(ctx)
	w.Messenger.stop(ctx)
	select {
	case <-w.announce:
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rowTimeout)
		defer cancel()
		w.notify(ctx)
	default:
	}
}

// announceEvery bounds how often other processes are woken. PostgreSQL lets one
// transaction with a NOTIFY commit at a time; often enough, all would wait.
const announceEvery = 50 * time.Millisecond

// announceLoop tells other processes that something was queued.
func (w *Worker) announceLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.announce:
		}
		w.notify(ctx)
		wait(ctx, nil, announceEvery)
	}
}

func (w *Worker) notify(ctx context.Context) {
	if err := w.cfg.Store.Notify(ctx); err != nil && !errors.Is(err, context.Canceled) {
		w.cfg.Log.Debug("other processes not woken", "error", err)
	}
}

// How long to wait before listening again after the connection was lost.
const (
	firstRelisten = 250 * time.Millisecond
	lastRelisten  = 10 * time.Second
)

// listenLoop wakes the loops when another process has queued something. Store
// calls it once more after every new connection, for what was missed. A store
// that belongs to one process has nothing to listen to.
func (w *Worker) listenLoop(ctx context.Context) {
	pause := firstRelisten
	for ctx.Err() == nil {
		err := w.cfg.Store.Listen(ctx, func() {
			pause = firstRelisten
			w.Deliverer.Wake()
			w.Messenger.Wake()
			w.Checker.Wake()
		})
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			return
		}
		w.cfg.Log.Warn("not listening to other processes, polling meanwhile", "error", err)
		wait(ctx, nil, spread(pause, w.cfg.random()))
		pause = min(2*pause, lastRelisten)
	}
}
