package worker

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"vouchgate/kyc"
)

// When an open verification is looked at.
const (
	firstLook     = 2 * time.Second
	watchedLook   = 15 * time.Second
	unwatchedLook = 60 * time.Second
	hintedLook    = 500 * time.Millisecond
	giveUpMargin  = 60 * time.Second // what a verifier's clock may be off
)

// Progress is what the time of the next look depends on.
type Progress struct {
	Checks    int64     // looks so far, the newest one counted
	SinceHint int64     // looks since the newest hint, that look counted; 0 without one
	Watched   bool      // somebody looks at the session's page
	EndsAt    time.Time // when the verifier forgets the verification
}

// NextCheck says when to look again at a verification that is still pending or
// could not be read. The intervals double: from 2 s to 15 s while the page is
// watched, to 60 s otherwise. After a hint they start again at half a second,
// because a notification may come before its result can be read. jitter in [0,1)
// spreads them by 10 % to either side. The last look is GiveUp.
func NextCheck(p Progress, now time.Time, jitter float64) time.Time {
	longest := unwatchedLook
	if p.Watched {
		longest = watchedLook
	}
	interval := doubled(firstLook, p.Checks, longest)
	if p.SinceHint > 0 {
		interval = min(interval, doubled(hintedLook, p.SinceHint-1, longest))
	}
	next := now.Add(time.Duration(float64(interval) * (0.9 + 0.2*jitter)))
	if end := GiveUp(p.EndsAt); next.After(end) && now.Before(end) {
		return end
	}
	return next
}

func doubled(d time.Duration, times int64, limit time.Duration) time.Duration {
	for ; times > 0 && d < limit; times-- {
		d *= 2
	}
	return min(d, limit)
}

// GiveUp says from when on a verification that is still pending, or that cannot
// be read, is given up.
func GiveUp(endsAt time.Time) time.Time { return endsAt.Add(giveUpMargin) }

// waits are the pauses before each try to deliver a webhook: seven tries within
// the ten minutes of a code's life, 78 hours in all. (The table in Standard
// Webhooks 1.0.0 is an example; its total is the same but for three hours.)
var waits = [...]time.Duration{
	0, 5 * time.Second, 10 * time.Second, 30 * time.Second, 75 * time.Second,
	3 * time.Minute, 4 * time.Minute, 21 * time.Minute, 90 * time.Minute,
	3 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// MaxTries is how often a webhook is sent before it is given up.
const MaxTries = len(waits)

const (
	firstJitteredTry = 4
	maxBlockedTries  = 3                // of an address that is forbidden: an operator has to act
	busyWait         = 60 * time.Second // at least, after 429, 503 and time-outs
	maxRetryAfter    = 24 * time.Hour
)

// NextTry says when a webhook is tried again after a number of failed tries, or
// false when it is given up. least is what the receiver asked for (RetryAfter),
// or 0; jitter in [0,1) spreads the later tries by 20 % to either side.
func NextTry(tries int64, now time.Time, least time.Duration, jitter float64) (time.Time, bool) {
	if tries >= int64(MaxTries) {
		return time.Time{}, false
	}
	wait := waits[max(tries, 0)]
	if tries+1 >= firstJitteredTry {
		wait = time.Duration(float64(wait) * (0.8 + 0.4*jitter))
	}
	return now.Add(max(wait, min(least, maxRetryAfter))), true
}

// RetryAfter reads the header of that name (RFC 9110, section 10.2.3), seconds or
// a date, as a time from now between 0 and 24 hours. What cannot be read is 0.
func RetryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if header == "" {
		return 0
	}
	if strings.Trim(header, "0123456789") == "" {
		seconds, err := strconv.ParseInt(header, 10, 64)
		if err != nil || seconds > int64(maxRetryAfter/time.Second) {
			return maxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

// The pauses before a message is tried again, the first and the longest.
const (
	firstResend, longestResend             = 5 * time.Second, 5 * time.Minute
	firstLetterResend, longestLetterResend = time.Minute, time.Hour
	letterSendLife                         = 3 * 24 * time.Hour // how long it is tried to send a letter
)

// NextDelivery says when a message is tried again that could not be sent in a number of
// tries, or false when it is given up: the try would come at its end or later. The
// pauses double, from 5 s to 5 min, for letters (post) from 1 min to 1 h. jitter in
// [0,1) spreads them by 10 % to either side.
func NextDelivery(tries int64, now time.Time, post bool, end time.Time, jitter float64) (time.Time, bool) {
	first, longest := firstResend, longestResend
	if post {
		first, longest = firstLetterResend, longestLetterResend
	}
	next := now.Add(spread(doubled(first, tries-1, longest), jitter))
	return next, next.Before(end)
}

// sendBy says until when it is tried to send a message: until its TAN ends, a letter
// for three days after it was asked for.
func sendBy(c kyc.Challenge) time.Time {
	var end time.Time
	if c.ExpiresAt != nil {
		end = *c.ExpiresAt
	}
	if c.Method.Post() && c.AskedAt != nil {
		if latest := c.AskedAt.Add(letterSendLife); latest.Before(end) {
			return latest
		}
	}
	return end
}
