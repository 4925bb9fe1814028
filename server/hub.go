package server

import (
	"sync"
	"time"

	"vouchgate/kyc"
)

// glanceLife is how long one look at the status counts as watching.
const glanceLife = 20 * time.Second

// maxWatchers is how many streams of one session there may be: a few tabs, not a
// crowd.
const maxWatchers = 8

// hub connects the pages that are open on this replica with the moves that were
// made on it. Moves of other replicas are found by looking.
type hub struct {
	now func() time.Time

	mu       sync.Mutex
	watchers map[kyc.ID]map[chan kyc.Session]bool
	glances  map[kyc.ID]time.Time
	swept    time.Time
	closed   bool
}

func newHub(now func() time.Time) *hub {
	return &hub{now: now, watchers: map[kyc.ID]map[chan kyc.Session]bool{}, glances: map[kyc.ID]time.Time{}}
}

// watch returns a channel that gets the session after it moved, only its newest
// state if several moves came, and is closed when the hub is. leave must be
// called. ok is false when too many watch the session already.
func (h *hub) watch(id kyc.ID) (moved <-chan kyc.Session, leave func(), ok bool) {
	c := make(chan kyc.Session, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		close(c)
		return c, func() {}, true
	}
	if len(h.watchers[id]) >= maxWatchers {
		return nil, nil, false
	}
	if h.watchers[id] == nil {
		h.watchers[id] = map[chan kyc.Session]bool{}
	}
	h.watchers[id][c] = true
	return c, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.watchers[id], c)
		if len(h.watchers[id]) == 0 {
			delete(h.watchers, id)
		}
	}, true
}

// glance counts as watching for a while.
func (h *hub) glance(id kyc.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	h.glances[id] = now
	if now.Sub(h.swept) < glanceLife {
		return
	}
	h.swept = now
	for other, at := range h.glances {
		if now.Sub(at) >= glanceLife {
			delete(h.glances, other)
		}
	}
}

func (h *hub) watched(id kyc.ID) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	at, ok := h.glances[id]
	return len(h.watchers[id]) > 0 || ok && h.now().Sub(at) < glanceLife
}

func (h *hub) changed(session kyc.Session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.watchers[session.ID] {
		select {
		case <-c: // it has not read the last one yet
		default:
		}
		c <- session
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.closed = true
	for _, set := range h.watchers {
		for c := range set {
			close(c)
		}
	}
	h.watchers = map[kyc.ID]map[chan kyc.Session]bool{}
}
