package e2e_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"vouchgate/e2e"
	"vouchgate/verify/swiyu/swiyutest"
)

func TestAGatewayThatIsKilledForgetsNothingItSaid(t *testing.T) {
	t.Parallel()
	kills := 50
	if testing.Short() {
		kills = 10
	}
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newStage(t, e)
		client := s.client(t, "shop", "--code-lifetime", "10m")
		l := newLedger()
		s.verifier.SetHook(func(context.Context, swiyutest.Call) { l.act() })
		s.webhooks.Answer(func(e2e.Event) int { l.act(); return 200 })
		ctx, cancel := context.WithTimeout(t.Context(), 3*e2e.Patience)
		defer cancel()

		f := &traffic{ledger: l, stage: s, client: client, slots: make(chan struct{}, 8)}
		stop, walked := make(chan struct{}), make(chan error, 1)
		go func() { walked <- f.run(ctx, stop) }()
		began := time.Now()
		err := killOften(ctx, s.Gateway, l, kills)
		killed := time.Since(began)
		close(stop)
		if walkErr := <-walked; walkErr != nil || err != nil {
			t.Fatalf("%v\n%v", err, walkErr)
		}
		t.Logf("%d kills in %s, then %s until the last walk had ended", kills, killed.Round(time.Second), time.Since(began).Round(time.Second))
		l.settle(t, ctx, s, client)
		l.audit(t, ctx, s)
		t.Logf("%d walks, %d tokens, %d answers with a token lost, %d webhooks, %s in all",
			f.started.Load(), len(l.tokens), l.lost, len(s.webhooks.Events()), time.Since(began).Round(time.Second))
	})
}

// killOften kills the gateway in the middle of what happens, and starts it again.
func killOften(ctx context.Context, g *e2e.Gateway, l *ledger, times int) error {
	for n := range times {
		for range 1 + rand.IntN(80) {
			select {
			case <-l.acts:
			case <-ctx.Done():
				return fmt.Errorf("before kill %d: %w", n, ctx.Err())
			}
		}
		g.Kill()
		if err := g.Restart(); err != nil {
			return fmt.Errorf("after kill %d: %w", n, err)
		}
		for len(l.acts) > 0 { // of the time when nobody was there
			<-l.acts
		}
	}
	return nil
}

// settle goes on with everything that was left for later: it has to work.
func (l *ledger) settle(t *testing.T, ctx context.Context, s *stage, c e2e.Client) {
	t.Helper()
	for _, w := range l.proved {
		if err := w.takeHome(ctx); err != nil {
			t.Errorf("a proof that the page had shown: %v", err)
		}
	}
	for _, nonce := range l.nonces {
		w := &walk{ledger: l, stage: s, client: c}
		if err := w.open(ctx, nonce); err != nil {
			t.Errorf("a nonce that was given out: %v", err)
		}
	}
	for token := range l.tokens {
		w := &walk{ledger: l, stage: s, client: c}
		if err := w.read(ctx, token); err != nil {
			t.Errorf("a token that was given out: %v", err)
		}
	}
	for code, n := range l.redeemed {
		if n != 1 {
			t.Errorf("a code gave %d tokens: %.22s...", n, code)
		}
	}
}

// audit compares the ledger with the webhooks that came and with the database.
func (l *ledger) audit(t *testing.T, ctx context.Context, s *stage) {
	t.Helper()
	err := s.webhooks.Await(ctx, func(events []e2e.Event) bool {
		told := map[string]bool{}
		for _, e := range events {
			told[e.Data.SessionID+e.Type] = true
		}
		for session, outcome := range l.outcomes {
			kind := "verification.verified"
			if outcome == "failed" {
				kind = "verification.failed"
			}
			if !told[session+kind] {
				return false
			}
		}
		return true
	})
	if err != nil {
		t.Errorf("of %d outcomes not all were told: %v", len(l.outcomes), err)
	}
	s.webhooks.OncePerSession()
	db := s.Data.Open(t)
	err = e2e.Until(ctx, "all webhooks to be marked as delivered", func() (bool, error) {
		return e2e.Count(t, db, "SELECT count(*) FROM notification_pending_webhooks WHERE delivered_at IS NULL") == 0, nil
	})
	if err != nil {
		t.Error(err)
	}
	s.Stop()
	for _, wrong := range []string{
		"SELECT count(*) FROM (SELECT grant_id FROM tokens GROUP BY grant_id HAVING count(*) > 1) AS twice",
		"SELECT count(*) FROM verification_sessions WHERE status = 'verified' AND sealed_claims IS NULL",
		"SELECT count(*) FROM verification_sessions s WHERE status = 'completed' AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.session_id = s.id)",
		"SELECT count(*) FROM grants g JOIN verification_sessions s ON s.id = g.session_id WHERE s.status <> 'completed'",
		"SELECT count(*) FROM verification_sessions s WHERE status IN ('verified', 'completed', 'failed') AND NOT EXISTS (SELECT 1 FROM notification_pending_webhooks w WHERE w.session_id = s.id)",
	} {
		if n := e2e.Count(t, db, wrong); n != 0 {
			t.Errorf("%d found by %s", n, wrong)
		}
	}
	l.compare(t, s)
}

// compare holds what pages said against what the sessions are now.
func (l *ledger) compare(t *testing.T, s *stage) {
	t.Helper()
	var sessions []e2e.Session
	s.Data.RunJSON(t, &sessions, "session", "list", "--limit", "100000")
	now := map[string]string{}
	for _, session := range sessions {
		now[session.ID] = session.Status
	}
	for session, outcome := range l.outcomes {
		if now[session] != outcome {
			t.Errorf("session %s was %s and is %q now", session, outcome, now[session])
		}
	}
	if s.Data.Engine == e2e.SQLite {
		var said string
		check(t, s.Data.Open(t).QueryRow("PRAGMA integrity_check").Scan(&said))
		if said != "ok" {
			t.Errorf("integrity_check says %s", said)
		}
	}
}
