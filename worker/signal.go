package worker

import (
	"context"
	"time"
)

// signal wakes one waiting loop. Setting it twice before it is seen is the same
// as once.
type signal chan struct{}

func newSignal() signal { return make(signal, 1) }

func (s signal) set() {
	select {
	case s <- struct{}{}:
	default:
	}
}

// wait returns when the signal is set, the time has passed or the context ends.
func wait(ctx context.Context, s signal, d time.Duration) {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-s:
	case <-timer.C:
	}
}

// spread puts up to 10 % on either side of a pause, so that processes started
// together do not stay in step.
func spread(d time.Duration, random float64) time.Duration {
	return time.Duration(float64(d) * (0.9 + 0.2*random))
}
