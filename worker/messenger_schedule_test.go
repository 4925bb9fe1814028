package worker

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"vouchgate/kyc"
)

func TestNextDelivery(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	never := now.Add(1000 * time.Hour)
	for name, row := range map[string]struct {
		tries  int64
		post   bool
		end    time.Time
		jitter float64
		want   time.Duration // 0: given up
	}{
		"after the first try":                    {1, false, never, 0.5, 5 * time.Second},
		"after the second":                       {2, false, never, 0.5, 10 * time.Second},
		"after the sixth":                        {6, false, never, 0.5, 160 * time.Second},
		"after the seventh, at the longest":      {7, false, never, 0.5, 5 * time.Minute},
		"after ever so many":                     {1 << 40, false, never, 0.5, 5 * time.Minute},
		"early by chance":                        {1, false, never, 0, 4500 * time.Millisecond},
		"a letter after the first try":           {1, true, never, 0.5, time.Minute},
		"a letter after the sixth":               {6, true, never, 0.5, 32 * time.Minute},
		"a letter at the longest":                {7, true, never, 0.5, time.Hour},
		"just before the end":                    {1, false, now.Add(5*time.Second + 1), 0.5, 5 * time.Second},
		"at the end":                             {1, false, now.Add(5 * time.Second), 0.5, 0},
		"after the end":                          {1, false, now.Add(-time.Hour), 0.5, 0},
		"without a try, which there cannot be":   {0, false, never, 0.5, 5 * time.Second},
		"with an end that nobody has written up": {1, false, time.Time{}, 0.5, 0},
	} {
		next, again := NextDelivery(row.tries, now, row.post, row.end, row.jitter)
		if again != (row.want > 0) || again && next.Sub(now) != row.want {
			t.Errorf("%s: %v, %v; want %v", name, next.Sub(now), again, row.want)
		}
	}
}

func TestNextDeliveryNeverTriesAtOnceNorTooLate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(r *rapid.T) {
		tries, jitter := rapid.Int64Range(0, 1000).Draw(r, "tries"), rapid.Float64Range(0, 0.999).Draw(r, "jitter")
		end, post := now.Add(time.Duration(rapid.Int64Range(0, int64(100*time.Hour)).Draw(r, "end"))), rapid.Bool().Draw(r, "post")
		next, again := NextDelivery(tries, now, post, end, jitter)
		later, _ := NextDelivery(tries+1, now, post, end, jitter)
		switch {
		case again != next.Before(end):
			r.Fatalf("next %v, end %v: %v", next, end, again)
		case next.Sub(now) < firstResend*9/10 || next.Sub(now) > longestLetterResend*11/10:
			r.Fatalf("next in %v", next.Sub(now))
		case later.Before(next):
			r.Fatalf("another failure makes the pause shorter: %v, %v", next.Sub(now), later.Sub(now))
		}
	})
}

func TestSendBy(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) *time.Time { t := now.Add(d); return &t }
	for name, row := range map[string]struct {
		c    kyc.Challenge
		want time.Time
	}{
		"a mail":               {kyc.Challenge{Method: kyc.MethodEmail, AskedAt: at(0), ExpiresAt: at(kyc.TANLifetime)}, *at(kyc.TANLifetime)},
		"a letter":             {kyc.Challenge{Method: kyc.MethodPostal, AskedAt: at(0), ExpiresAt: at(kyc.LetterLifetime)}, *at(letterSendLife)},
		"a Swiss letter":       {kyc.Challenge{Method: kyc.MethodPostalCH, AskedAt: at(0), ExpiresAt: at(kyc.LetterLifetime)}, *at(letterSendLife)},
		"a letter of a day":    {kyc.Challenge{Method: kyc.MethodPostal, AskedAt: at(0), ExpiresAt: at(time.Hour)}, *at(time.Hour)},
		"what has no end":      {kyc.Challenge{Method: kyc.MethodPhone}, time.Time{}},
		"a letter without one": {kyc.Challenge{Method: kyc.MethodPostal, AskedAt: at(0)}, time.Time{}},
	} {
		if got := sendBy(row.c); !got.Equal(row.want) {
			t.Errorf("%s: %v, want %v", name, got, row.want)
		}
	}
}
