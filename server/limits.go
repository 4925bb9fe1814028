package server

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxLimiters bounds the memory of a limiter. When it is full, the keys that have
// their whole burst again are forgotten.
const maxLimiters = 20_000

// limiter limits by key: a burst, and one more each time a period passed. It
// counts for this process alone.
type limiter struct {
	burst int
	every time.Duration

	mu    sync.Mutex
	byKey map[string]*rate.Limiter
}

func newLimiter(burst int, every time.Duration) *limiter {
	return &limiter{burst: burst, every: every, byKey: map[string]*rate.Limiter{}}
}

// wait says how long a key has to wait for its next turn; 0 if it need not.
func (l *limiter) wait(key string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.byKey[key]
	if r == nil || r.TokensAt(now) >= 1 {
		return 0
	}
	return time.Duration((1 - r.TokensAt(now)) * float64(l.every))
}

// take uses up a turn of a key, and says whether there was one.
func (l *limiter) take(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.byKey[key]
	if r == nil {
		if len(l.byKey) >= maxLimiters {
			l.forget(now)
		}
		r = rate.NewLimiter(rate.Every(l.every), l.burst)
		l.byKey[key] = r
	}
	return r.AllowN(now, 1)
}

// spend takes a turn of a key at once, or says how long to wait for one. A nil
// limiter has turns for everybody.
func (l *limiter) spend(key string, now time.Time) (wait time.Duration) {
	if l == nil || l.take(key, now) {
		return 0
	}
	return l.wait(key, now)
}

// forget drops the keys that are at rest, or all when an attacker keeps every one
// of them busy.
func (l *limiter) forget(now time.Time) {
	for key, r := range l.byKey {
		if r.TokensAt(now) >= float64(l.burst) {
			delete(l.byKey, key)
		}
	}
	if len(l.byKey) >= maxLimiters {
		clear(l.byKey)
	}
}

// openSessions bounds the open sessions of a client. It counts in the store from
// time to time and adds what was made on this replica since.
type openSessions struct {
	mu       sync.Mutex
	counted  time.Time
	byClient map[string]int64
}

// recount is how old a count may be.
const recount = 30 * time.Second

// take counts a new session and says whether the client may have it. A count that
// fails refuses nobody.
func (o *openSessions) take(ctx context.Context, s *Server, clientID string) bool {
	now := s.Now()
	o.mu.Lock()
	due := o.byClient == nil || now.Sub(o.counted) >= recount
	if due {
		o.counted = now // others go on with the old count meanwhile
	}
	o.mu.Unlock()
	if due {
		if fresh, err := s.Store.OpenSessions(ctx); err == nil {
			o.mu.Lock()
			o.byClient = fresh
			o.mu.Unlock()
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.byClient == nil {
		o.byClient = map[string]int64{}
	}
	if o.byClient[clientID] >= s.MaxOpenSessions {
		return false
	}
	o.byClient[clientID]++
	return true
}
