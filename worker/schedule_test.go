package worker

import (
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// middle is the jitter that changes nothing.
const middle = 0.5

func TestNextCheckDoublesItsIntervals(t *testing.T) {
	t.Parallel()
	far := noon.Add(time.Hour)
	for name, tc := range map[string]struct {
		p    Progress
		want []time.Duration // after the first look, the second and so on
	}{
		"to a minute when nobody watches": {
			Progress{EndsAt: far}, []time.Duration{4e9, 8e9, 16e9, 32e9, 60e9, 60e9},
		},
		"to 15 s while somebody watches": {
			Progress{EndsAt: far, Watched: true}, []time.Duration{4e9, 8e9, 15e9, 15e9},
		},
	} {
		for i, want := range tc.want {
			tc.p.Checks = int64(i + 1)
			if got := NextCheck(tc.p, noon, middle).Sub(noon); got != want {
				t.Errorf("%s: after look %d the next comes in %v, want %v", name, i+1, got, want)
			}
		}
	}
}

func TestNextCheckStartsAgainAfterAHint(t *testing.T) {
	t.Parallel()
	for i, want := range []time.Duration{500e6, 1e9, 2e9, 4e9, 8e9, 15e9} {
		p := Progress{Checks: 20 + int64(i), SinceHint: int64(i + 1), Watched: true, EndsAt: noon.Add(time.Hour)}
		if got := NextCheck(p, noon, middle).Sub(noon); got != want {
			t.Errorf("look %d after the hint: next in %v, want %v", i+1, got, want)
		}
	}
}

func TestNextCheckAtTheEnd(t *testing.T) {
	t.Parallel()
	end := noon.Add(10 * time.Second)
	p := Progress{Checks: 10, EndsAt: end.Add(-giveUpMargin)}
	if got := NextCheck(p, noon, middle); !got.Equal(end) {
		t.Errorf("the last look is at %v, want %v", got, end)
	}
	if got := NextCheck(p, end.Add(time.Second), middle); !got.After(end.Add(time.Second)) {
		t.Errorf("a look past the end is followed by one at %v, which is not later", got)
	}
}

func TestNextCheckKeepsItsBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := Progress{
			Checks:    rapid.Int64Range(0, 1<<40).Draw(t, "checks"),
			SinceHint: rapid.Int64Range(0, 1<<40).Draw(t, "since hint"),
			Watched:   rapid.Bool().Draw(t, "watched"),
			EndsAt:    noon.Add(time.Duration(rapid.Int64Range(-100, 1000).Draw(t, "seconds left")) * time.Second),
		}
		next := NextCheck(p, noon, rapid.Float64Range(0, 0.999).Draw(t, "jitter"))
		if !next.After(noon) {
			t.Fatalf("the next look is not in the future: %v", next.Sub(noon))
		}
		if next.Sub(noon) > 66*time.Second {
			t.Fatalf("the next look is %v away", next.Sub(noon))
		}
		if end := GiveUp(p.EndsAt); noon.Before(end) && next.After(end) {
			t.Fatalf("the next look is %v after the verification is given up", next.Sub(end))
		}
	})
}

func TestNextTryFollowsTheSchedule(t *testing.T) {
	t.Parallel()
	want := []time.Duration{
		5 * time.Second, 15 * time.Second, 45 * time.Second, 2 * time.Minute, 5 * time.Minute, 9 * time.Minute,
		30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 20 * time.Hour, 34 * time.Hour,
		54 * time.Hour, 78 * time.Hour,
	}
	at := noon
	for i, since := range want {
		next, again := NextTry(int64(i+1), at, 0, middle)
		if !again || next.Sub(noon) != since {
			t.Errorf("try %d comes %v after the first (%v), want %v", i+2, next.Sub(noon), again, since)
		}
		at = next
	}
	if _, again := NextTry(15, at, 0, middle); again {
		t.Error("there is a try after the 15th")
	}
}

func TestNextTryWithAWishOfTheReceiver(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		tries  int64
		least  time.Duration
		jitter float64
		want   time.Duration
	}{
		"a later time is kept":            {1, time.Minute, middle, time.Minute},
		"an earlier time is the step":     {8, time.Minute, middle, 90 * time.Minute},
		"more than a day is a day":        {1, 1000 * time.Hour, middle, 24 * time.Hour},
		"no jitter before the fourth try": {2, 0, 0, 10 * time.Second},
		"jitter from the fourth on, down": {3, 0, 0, 24 * time.Second},
		"jitter from the fourth on, up":   {3, 0, 1, 36 * time.Second},
	} {
		next, again := NextTry(tc.tries, noon, tc.least, tc.jitter)
		if !again || next.Sub(noon).Round(time.Millisecond) != tc.want {
			t.Errorf("%s: next try in %v (%v), want %v", name, next.Sub(noon), again, tc.want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{
		"":                              0,
		"0":                             0,
		"120":                           2 * time.Minute,
		" 7 ":                           7 * time.Second,
		"1000000000000":                 24 * time.Hour,
		"99999999999999999999999":       24 * time.Hour,
		"-5":                            0,
		"1.5":                           0,
		"abc":                           0,
		"+3":                            0,
		"Sun, 01 Mar 2026 12:01:30 GMT": 90 * time.Second,
		"Sun, 01 Mar 2026 11:00:00 GMT": 0,
		"Sun, 01 Mar 2099 11:00:00 GMT": 24 * time.Hour,
		"Sun, 99 Mar 2026 11:00:00 GMT": 0,
	} {
		if got := RetryAfter(header, noon); got != want {
			t.Errorf("RetryAfter(%q) = %v, want %v", header, got, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "0", "120", "-5", "abc", "1000000000000", noon.Format(http.TimeFormat), "\x00", "１２"} {
		f.Add(seed, int64(1), 0.1)
	}
	f.Fuzz(func(t *testing.T, header string, tries int64, jitter float64) {
		least := RetryAfter(header, noon)
		if least < 0 || least > 24*time.Hour {
			t.Fatalf("RetryAfter = %v", least)
		}
		if !(jitter >= 0 && jitter < 1) {
			jitter = middle
		}
		next, again := NextTry(tries, noon, least, jitter)
		switch {
		case again != (tries < int64(MaxTries)):
			t.Fatalf("after %d tries: again = %v", tries, again)
		case again && next.Sub(noon) < least:
			t.Fatalf("the receiver asked for %v and gets %v", least, next.Sub(noon))
		case again && next.Sub(noon) > 29*time.Hour: // 24 h and 20 %
			t.Fatalf("the next try is %v away", next.Sub(noon))
		}
	})
}
