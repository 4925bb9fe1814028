package worker

import (
	"sync"
	"time"
)

const (
	earlyLife = 10 * time.Second // longer than any answer of a verifier is waited for
	maxEarly  = 10_000           // ids at the same time; more are forgotten
)

// early remembers notifications of verifications that are not known: one that
// overtakes the answer to its creation is no reason to wait for the first look by
// ourselves. They need not survive anything.
type early struct {
	mu    sync.Mutex
	byID  map[string]time.Time
	swept time.Time
}

func newEarly() *early { return &early{byID: map[string]time.Time{}} }

func (e *early) put(requestID string, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.byID) >= maxEarly && now.Sub(e.swept) >= time.Second {
		e.swept = now
		for id, at := range e.byID {
			if now.Sub(at) >= earlyLife {
				delete(e.byID, id)
			}
		}
	}
	if len(e.byID) < maxEarly {
		e.byID[requestID] = now
	}
}

// take says whether a notification came a moment ago, and forgets it.
func (e *early) take(requestID string, now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	at, ok := e.byID[requestID]
	delete(e.byID, requestID)
	return ok && now.Sub(at) < earlyLife
}
