package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

// Sender hands messages over to whoever carries them.
type Sender interface {
	// Send hands a message over and says what became of it: sent; refused, because
	// there is no such address; or delayed, to be tried again. The error is why, for
	// the log: it holds neither the address nor the TAN. Send has to return soon
	// after its context ends.
	Send(ctx context.Context, m kyc.Message) (kyc.Delivery, error)
	// Methods lists the methods whose messages it can send. It never changes.
	Methods() []kyc.Method
}

const (
	messageLease = 60 * time.Second
	// sendMessageLimit is how long one Send may take. What is left of the lease is
	// for writing down what became of it.
	sendMessageLimit = 45 * time.Second
)

// Messenger sends TANs. Each method has a lane of its own, so that mail servers that
// hang hold no letters up; and whoever cannot be reached holds up one place of one
// lane for as long as a Send may take.
//
// A message is sent at least once: a process that dies between a send and the record
// of it leaves a lease behind, after which the message is sent again.
type Messenger struct {
	cfg     *Config
	metrics *metrics
	methods []kyc.Method
	wake    signal // something may be due

	ctx    context.Context // of the sends
	cancel context.CancelFunc
	sends  sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	running map[kyc.Method]int
}

func newMessenger(cfg *Config, m *metrics) *Messenger {
	s := &Messenger{cfg: cfg, metrics: m, wake: newSignal(), running: map[kyc.Method]int{}}
	if cfg.Sender != nil {
		s.methods = cfg.Sender.Methods()
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Wake makes Run ask for due messages now. It does not block; calls that come
// together count as one.
func (m *Messenger) Wake() { m.wake.set() }

// Sent says what a round of messages came to.
type Sent struct{ Claimed, Sent, Refused, Delayed, Failed int }

// dispatch is what one Once claimed.
type dispatch struct {
	mu     sync.Mutex
	result Sent
	left   sync.WaitGroup
}

func (d *dispatch) add(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.result.Claimed += n
	d.left.Add(n)
}

func (d *dispatch) settle(outcome kyc.Delivery) {
	d.mu.Lock()
	switch outcome {
	case kyc.DeliverySent:
		d.result.Sent++
	case kyc.DeliveryRefused:
		d.result.Refused++
	case kyc.DeliveryDelayed:
		d.result.Delayed++
	case kyc.DeliveryFailed:
		d.result.Failed++
	}
	d.mu.Unlock()
	d.left.Done()
}

// Once claims messages that are due, as many as can be sent side by side, and
// returns when each was sent, put off or given up, and that is written. The error is
// the store's; what was claimed before it is sent all the same.
func (m *Messenger) Once(ctx context.Context) (Sent, error) {
	d := &dispatch{}
	err := m.claim(ctx, d)
	d.left.Wait()
	return d.result, err
}

// run claims and sends until the context ends.
func (m *Messenger) run(ctx context.Context) {
	if len(m.methods) == 0 {
		return
	}
	for ctx.Err() == nil {
		if err := m.claim(ctx, &dispatch{}); err != nil && ctx.Err() == nil {
			m.cfg.Log.Warn("due messages not claimed", "error", err)
		}
		wait(ctx, m.wake, spread(m.cfg.Poll, m.cfg.random()))
	}
}

// claim takes due messages of every method that has room for more, and starts them.
func (m *Messenger) claim(ctx context.Context, d *dispatch) error {
	var errs []error
	for _, method := range m.methods {
		room := m.reserve(method)
		if room == 0 {
			continue
		}
		now := m.cfg.now()
		claimed, err := m.cfg.Store.ClaimDueMessages(ctx, method, now, now.Add(messageLease), room)
		m.release(method, room-len(claimed))
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", method, err))
		}
		d.add(len(claimed))
		for _, c := range claimed {
			if !m.start(c, d) {
				d.settle(m.delay(c, m.cfg.now(), 0))
				m.release(method, 1)
			}
		}
	}
	return errors.Join(errs...)
}

// start sends a message beside others, or reports false after the end.
func (m *Messenger) start(c kyc.Challenge, d *dispatch) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	m.sends.Go(func() {
		outcome := m.send(c)
		m.done(c.Method)
		d.settle(outcome)
	})
	return true
}

// done gives the place of a send back. If the lane was full, more may wait for it.
func (m *Messenger) done(method kyc.Method) {
	m.mu.Lock()
	full := m.running[method] == m.cfg.Messages
	m.running[method]--
	m.mu.Unlock()
	if full {
		m.wake.set()
	}
}

// reserve takes the free places of a lane and returns how many there were.
func (m *Messenger) reserve(method kyc.Method) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return 0
	}
	room := m.cfg.Messages - m.running[method]
	m.running[method] += room
	return room
}

// release gives places of a lane back that nothing was claimed for.
func (m *Messenger) release(method kyc.Method, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.running[method] -= n
}

// send sends a message that was claimed and records what became of it.
func (m *Messenger) send(c kyc.Challenge) kyc.Delivery {
	log := m.cfg.Log.With("session_id", c.SessionID, "client_id", c.ClientID, "method", c.Method)
	message, err := m.open(c)
	if err != nil {
		log.Error("message cannot be read", "error", err)
		return m.finish(c, kyc.DeliveryFailed, 0)
	}
	if !m.cfg.now().Before(sendBy(c)) {
		log.Warn("message given up: it was not sent in time", "tries", c.Deliveries)
		return m.finish(c, kyc.DeliveryFailed, 0)
	}
	began := m.cfg.Now()
	outcome, err := m.try(message)
	took := m.cfg.Now().Sub(began)
	switch {
	case outcome == kyc.DeliverySent:
		log.Info("message sent", "tries", c.Deliveries+1)
	case outcome == kyc.DeliveryRefused:
		log.Warn("message refused", "error", err)
	case m.ctx.Err() != nil: // we stop; somebody else shall send it
		return m.delay(c, m.cfg.now(), took)
	default:
		now := m.cfg.now()
		next, again := NextDelivery(c.Deliveries+1, now, c.Method.Post(), sendBy(c), m.cfg.random())
		if again {
			log.Log(m.ctx, levelOf(err), "message not sent yet", "tries", c.Deliveries+1, "next_try", next, "error", err)
			return m.delay(c, next, took)
		}
		log.Error("message given up", "tries", c.Deliveries+1, "error", err)
		outcome = kyc.DeliveryFailed
	}
	return m.finish(c, outcome, took)
}

// levelOf tells what only the operator can mend, such as a helper program that is
// broken, from what passes.
func levelOf(err error) slog.Level {
	var fault interface{ Fault() bool }
	if errors.As(err, &fault) && fault.Fault() {
		return slog.LevelError
	}
	return slog.LevelWarn
}

// open returns the message that waits with a challenge.
func (m *Messenger) open(c kyc.Challenge) (kyc.Message, error) {
	text, err := m.cfg.Ring.Open(kyc.PurposeMessage, kyc.ClaimsContext(c.SessionID, c.ClientID), c.SealedMessage)
	if err != nil {
		return kyc.Message{}, fmt.Errorf("opening message: %w", err)
	}
	message, err := kyc.DecodeMessage(text)
	if err != nil {
		return kyc.Message{}, errUnreadable // the decoder's text could quote the message
	}
	return message, nil
}

var errUnreadable = errors.New("it is not a message")

// try calls the sender, of which a panic is one more way to fail.
func (m *Messenger) try(message kyc.Message) (outcome kyc.Delivery, err error) {
	ctx, cancel := context.WithTimeout(m.ctx, sendMessageLimit)
	defer cancel()
	defer func() {
		if fault := recover(); fault != nil { // of which the value could hold an address
			outcome, err = kyc.DeliveryDelayed, fmt.Errorf("the sender panicked: %T", fault)
		}
	}()
	return m.cfg.Sender.Send(ctx, message)
}

// finish records the last outcome of a message.
func (m *Messenger) finish(c kyc.Challenge, outcome kyc.Delivery, took time.Duration) kyc.Delivery {
	m.record(c, outcome, took, func(ctx context.Context) error {
		return m.cfg.Store.FinishMessage(ctx, c, outcome, m.cfg.now())
	})
	return outcome
}

// delay records that a message is to be tried again.
func (m *Messenger) delay(c kyc.Challenge, next time.Time, took time.Duration) kyc.Delivery {
	m.record(c, kyc.DeliveryDelayed, took, func(ctx context.Context) error {
		return m.cfg.Store.DelayMessage(ctx, c, next, m.cfg.now())
	})
	return kyc.DeliveryDelayed
}

// record writes an outcome. While the store does not answer, it is written again and
// again as long as the message is ours: another letter costs more than another write.
func (m *Messenger) record(c kyc.Challenge, outcome kyc.Delivery, took time.Duration, write func(context.Context) error) {
	m.metrics.message(c.Method, outcome, took)
	for pause := recordRetry; ; pause = min(2*pause, longestRewrite) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(m.ctx), rowTimeout)
		err := write(ctx)
		cancel()
		switch {
		case err == nil:
			m.tell(c.SessionID)
			return
		case errors.Is(err, store.ErrStale): // it was replaced, or nobody wants it any more
			return
		}
		m.cfg.Log.Error("outcome of a message not written", "session_id", c.SessionID, "outcome", outcome, "error", err)
		if !errors.Is(err, store.ErrUnavailable) || m.ctx.Err() != nil ||
			!m.cfg.now().Add(pause+rowTimeout).Before(*c.LeaseUntil) {
			return
		}
		wait(m.ctx, nil, pause)
	}
}

// tell tells whoever looks at the session's page that something has changed.
func (m *Messenger) tell(id kyc.ID) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(m.ctx), rowTimeout)
	defer cancel()
	session, err := m.cfg.Store.Session(ctx, id)
	if err != nil {
		m.cfg.Log.Debug("session of a message not read", "session_id", id, "error", err)
		return
	}
	m.cfg.Changed(session)
}

// stop ends the messenger: what is on its way may finish until the context ends, and
// is given back then.
func (m *Messenger) stop(ctx context.Context) {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	waitOrCancel(ctx, &m.sends, m.cancel)
	m.cancel()
}
