package server

import (
	"context"
	"sync"

	"vouchgate/kyc"
)

// turns lets one request at a time open a session. A verification is made before
// it can be counted, so requests side by side would make one each.
type turns struct {
	mu   sync.Mutex
	byID map[kyc.ID]*turn
}

type turn struct {
	free    chan struct{} // holds a value while nobody has the turn
	waiting int
}

func newTurns() *turns { return &turns{byID: map[kyc.ID]*turn{}} }

// take waits for the session's turn, or for the context, whose error it returns.
// done must be called without error.
func (t *turns) take(ctx context.Context, id kyc.ID) (done func(), err error) {
	t.mu.Lock()
	own := t.byID[id]
	if own == nil {
		own = &turn{free: make(chan struct{}, 1)}
		own.free <- struct{}{}
		t.byID[id] = own
	}
	own.waiting++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if own.waiting--; own.waiting == 0 {
			delete(t.byID, id)
		}
	}
	select {
	case <-own.free:
		return func() { own.free <- struct{}{}; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
