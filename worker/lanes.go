package worker

import (
	"slices"
	"time"

	"vouchgate/kyc"
)

// The rules that keep clients out of each other's way.
const (
	laneStart    = 4                       // sends at once to a client of which nothing is known
	laneHold     = 256                     // webhooks of one client in memory
	stuckHold    = 8                       // of these waiting, while the client's receiver is stuck
	stuckAfter   = 500 * time.Millisecond  // without one answer; and slow is who needs longer for what he has
	slowHold     = 1500 * time.Millisecond // of work in memory for a slow receiver
	breakAfter   = 10                      // failures in a row
	minPutOff    = 250 * time.Millisecond
	maxPutOff    = 16 * time.Second
	longestBreak = 7 // index in waits: 21 minutes
)

// job is a webhook that this process has claimed.
type job struct {
	kyc.Webhook
	lease time.Time // as claimed; the token of everything written about it
	batch *batch
	began time.Time // when the send started
}

// lane is what is known about the receiver of one client. Only lanes touches it.
type lane struct {
	clientID   string
	waiting    []job
	running    int
	limit      int           // sends at once: up by one with a success, halved by a failure
	failures   int           // in a row
	breaks     int           // in a row
	openUntil  time.Time     // the circuit breaker: nothing is sent before
	latency    time.Duration // of the receiver, smoothed; 0 while not known
	putOff     time.Duration // the newest pause of what found no room at a stuck receiver
	progressAt time.Time     // newest answer, or when the lane began to work
}

func (l *lane) held() int                  { return l.running + len(l.waiting) }
func (l *lane) stuck(now time.Time) bool   { return l.running > 0 && now.Sub(l.progressAt) >= stuckAfter }
func (l *lane) blocked(now time.Time) bool { return now.Before(l.openUntil) }
func (l *lane) idle(now time.Time) bool {
	return l.held() == 0 && l.failures == 0 && !l.blocked(now)
}

// drain estimates how long the receiver needs for what is in memory.
func (l *lane) drain() time.Duration {
	return l.latency * time.Duration(l.held()) / time.Duration(l.limit)
}

func (l *lane) slow(now time.Time) bool { return l.stuck(now) || l.drain() >= stuckAfter }

// capacity is how much of one client's is kept in memory: what its receiver takes
// soon. The rest is better off in the database.
func (l *lane) capacity(now time.Time) int {
	switch {
	case l.stuck(now):
		return l.running + stuckHold
	case l.slow(now):
		soon := int(slowHold * time.Duration(l.limit) / l.latency)
		return min(max(soon, l.limit), laneHold)
	}
	return laneHold
}

// pause says how long to put off what finds no room.
func (l *lane) pause(now time.Time) time.Duration {
	if !l.stuck(now) {
		return min(max(l.drain()/2, minPutOff), maxPutOff)
	}
	l.putOff = min(max(2*l.putOff, time.Second), maxPutOff)
	return l.putOff
}

// answered notes an answer, good or bad. The first good one after failures says
// more than all before it.
func (l *lane) answered(v verdict, now time.Time, took time.Duration) {
	l.progressAt = now
	if l.latency == 0 || v == verdictGood && l.failures > 0 {
		l.latency = took
	} else {
		l.latency = (3*l.latency + took) / 4
	}
}

// lanes decides which webhook is sent next. Clients take turns. Each may always
// have one send running, whatever the others do; what a client has beyond that
// shares the total. So a receiver that never answers costs the others nothing
// but its own sends, whose number falls to one.
//
// It does no input or output and has no lock of its own.
type lanes struct {
	sends, perClient int
	byClient         map[string]*lane
	order            []*lane
	turn             int
	running          int
}

func newLanes(sends, perClient int) *lanes {
	return &lanes{sends: sends, perClient: perClient, byClient: map[string]*lane{}}
}

// add takes a job in, or says until when it has to be put off because the
// client's receiver does not keep up or is taken for dead.
func (ls *lanes) add(j job, now time.Time) (until time.Time, ok bool) {
	l := ls.byClient[j.ClientID]
	if l == nil {
		l = &lane{clientID: j.ClientID, limit: min(laneStart, ls.perClient)}
		ls.byClient[j.ClientID] = l
		ls.order = append(ls.order, l)
	}
	if l.blocked(now) {
		return l.openUntil, false
	}
	if l.held() >= l.capacity(now) {
		return now.Add(l.pause(now)), false
	}
	l.waiting = append(l.waiting, j)
	return time.Time{}, true
}

// next returns the job to start now, if any may start, and counts it as running.
func (ls *lanes) next(now time.Time) (job, bool) {
	for i := range ls.order {
		at := (ls.turn + i) % len(ls.order)
		l := ls.order[at]
		if len(l.waiting) == 0 || l.running >= l.limit || (l.running > 0 && ls.running >= ls.sends) {
			continue
		}
		ls.turn = at + 1
		j := l.waiting[0]
		j.began = now
		l.waiting = l.waiting[1:]
		if l.running == 0 {
			l.progressAt = now
		}
		l.running++
		ls.running++
		return j, true
	}
	return job{}, false
}

// verdict is what a try says about the receiver.
type verdict int

const (
	verdictNone verdict = iota // nothing: the try did not come to it
	verdictGood
	verdictBad
)

// done counts a job as finished. least is how long the receiver wants to be left
// alone. When the failure opens the circuit breaker, it returns until when, and
// the jobs that wait for the same receiver, which lanes forgets.
func (ls *lanes) done(j job, v verdict, now time.Time, least time.Duration, jitter float64) (until time.Time, back []job) {
	l := ls.byClient[j.ClientID]
	l.running--
	ls.running--
	switch v {
	case verdictGood:
		l.answered(v, now, now.Sub(j.began))
		l.failures, l.breaks, l.putOff = 0, 0, 0
		l.openUntil = time.Time{}
		l.limit = min(l.limit+1, ls.perClient)
	case verdictBad:
		l.answered(v, now, now.Sub(j.began))
		l.failures++
		l.limit = max(l.limit/2, 1)
		if l.failures >= breakAfter && !l.blocked(now) {
			l.breaks = min(l.breaks+1, longestBreak)
			l.openUntil, _ = NextTry(int64(l.breaks), now, least, jitter)
			until, back, l.waiting = l.openUntil, l.waiting, nil
		}
	}
	if l.idle(now) {
		ls.forget(l)
	}
	return until, back
}

// drop takes out the jobs of a client that wait.
func (ls *lanes) drop(clientID string) []job {
	l := ls.byClient[clientID]
	if l == nil {
		return nil
	}
	back := l.waiting
	l.waiting = nil
	return back
}

func (ls *lanes) forget(l *lane) {
	delete(ls.byClient, l.clientID)
	ls.order = slices.DeleteFunc(ls.order, func(o *lane) bool { return o == l })
}

// moving counts the jobs in memory that will be done soon and so make room by
// themselves. The others must not keep new ones out.
func (ls *lanes) moving(now time.Time) int {
	n := 0
	for _, l := range ls.order {
		if !l.slow(now) {
			n += l.held()
		}
	}
	return n
}
