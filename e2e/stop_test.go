package e2e_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"vouchgate/e2e"
	"vouchgate/verify/swiyu/swiyutest"
)

// heldUp makes a verifier keep its calls waiting until release.
type heldUp struct {
	arrived chan struct{}
	open    chan struct{}
}

func hold(v *e2e.Verifier) *heldUp {
	h := &heldUp{arrived: make(chan struct{}, 1000), open: make(chan struct{})}
	v.SetHook(func(ctx context.Context, c swiyutest.Call) {
		if c.Op != "create" {
			return
		}
		h.arrived <- struct{}{}
		select {
		case <-h.open:
		case <-ctx.Done():
		}
	})
	return h
}

func TestSIGTERMUnderLoadBreaksNoRequestThatWasAccepted(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newStage(t, e)
		client, ctx := s.client(t, "shop"), e2e.Patient(t)
		const visits = 24
		var nonces []string
		for range visits {
			nonces = append(nonces, must[string](t)(client.Setup(ctx, s.URL)))
		}
		// Visits are under way: each has reached the verifier, which keeps them.
		held := hold(s.verifier)
		answered := make(chan error, visits)
		for _, nonce := range nonces {
			go func() {
				answered <- opens(ctx, s, client, nonce)
			}()
		}
		for range visits {
			<-held.arrived
		}
		load := startLoad(ctx, s, client)
		<-load.running
		began := time.Now()
		stopping := s.Log.Next(`"msg":"stopping"`)
		s.Process().Signal()
		<-stopping
		close(held.open)
		for range visits {
			if err := <-answered; err != nil {
				t.Errorf("a visit that was under way: %v", err)
			}
		}
		<-s.Process().Done()
		t.Logf("it ended %s after SIGTERM, having served %d requests", time.Since(began).Round(time.Millisecond), load.served.Load())
		if took := time.Since(began); took > e2e.ExitLimit || s.Process().Code() != 0 {
			t.Errorf("exit code %d after %s", s.Process().Code(), took)
		}
		load.stop(t)
		s.verifier.SetHook(nil)
		check(t, s.Restart())
		load.kept(t, ctx, s, client, visits)
	})
}

// opens visits a session's authorize URL. The page that follows may find nobody
// there any more, so only the first answer counts.
func opens(ctx context.Context, s *stage, c e2e.Client, nonce string) error {
	page, err := e2e.NewBrowser().Get(ctx, c.AuthorizeURL(s.URL, nonce, "s"))
	if err == nil && page.Status >= 500 {
		err = errors.New(page.String())
	}
	if brokenLater(err) && strings.Contains(err.Error(), "/session/") {
		return nil
	}
	return err
}

// load is clients that set sessions up without a pause.
type load struct {
	running chan struct{}
	served  atomic.Int64
	quit    context.CancelFunc
	all     sync.WaitGroup

	mu     sync.Mutex
	nonces []string
	faults []error
}

func startLoad(ctx context.Context, s *stage, c e2e.Client) *load {
	ctx, quit := context.WithCancel(ctx)
	l := &load{running: make(chan struct{}), quit: quit}
	for range 8 {
		l.all.Go(func() {
			for ctx.Err() == nil && l.one(ctx, s, c) {
			}
		})
	}
	return l
}

// one sets a session up, and says whether the gateway is still there.
func (l *load) one(ctx context.Context, s *stage, c e2e.Client) bool {
	nonce, err := c.Setup(ctx, s.URL)
	if brokenLater(err) || ctx.Err() != nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.faults = append(l.faults, err)
		return false
	}
	l.nonces = append(l.nonces, nonce)
	if l.served.Add(1) == 100 {
		close(l.running)
	}
	return true
}

// brokenLater says whether a request came too late to be accepted: nobody
// listened, or the connection was closed before any of the answer had come, for one
// of which net/http has words but no name. Half an answer is something else.
func brokenLater(err error) bool {
	var refused *net.OpError
	if err != nil && strings.HasSuffix(err.Error(), "http: server closed idle connection") {
		return true
	}
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.As(err, &refused) && refused.Op == "dial"
}

func (l *load) stop(t *testing.T) {
	t.Helper()
	l.quit()
	l.all.Wait()
	for _, err := range l.faults {
		t.Errorf("a request under load: %v", err)
	}
}

// kept checks that the gateway has the sessions whose nonces arrived, and no
// others: one more would be a request that was accepted and not answered.
func (l *load) kept(t *testing.T, ctx context.Context, s *stage, c e2e.Client, others int) {
	t.Helper()
	if n := e2e.Count(t, s.Data.Open(t), "SELECT count(*) FROM verification_sessions"); n != len(l.nonces)+others {
		t.Errorf("%d sessions were made, %d nonces arrived", n, len(l.nonces)+others)
	}
	some := l.nonces[max(len(l.nonces)-40, 0):] // the last ones are those in danger
	check(t, crowd(len(some), 8, func(i int) error {
		page, err := e2e.NewBrowser().Get(ctx, c.AuthorizeURL(s.URL, some[i], "s"))
		if err == nil && page.Verification() == "" {
			err = errors.New(page.String())
		}
		return err
	}))
}

func TestASecondGatewayOnOneSQLiteFileIsRefused(t *testing.T) {
	t.Parallel()
	s := newStage(t, e2e.SQLite)
	ran := must[e2e.Ran](t)(s.Data.Run(e2e.Patient(t), "serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"))
	if ran.Code != 1 || !strings.Contains(ran.Stderr, "another vouchgate works on "+s.Data.File()) || strings.Count(ran.Stderr, "\n") != 1 {
		t.Errorf("exit code %d, saying\n%s", ran.Code, ran.Stderr)
	}
	// The lock goes with its owner, however that ended.
	s.Kill()
	check(t, s.Restart())
}

func TestAWrongSettingStopsTheStart(t *testing.T) {
	t.Parallel()
	d := e2e.NewData(t, e2e.SQLite)
	ran := must[e2e.Ran](t)(d.Run(e2e.Patient(t), "serve", "--listen", "nonsense", "--log-level", "loud", "--verifier-ttl", "1s"))
	if ran.Code != 2 {
		t.Errorf("exit code %d", ran.Code)
	}
	for _, name := range []string{"listen", "log-level", "verifier-ttl"} {
		if !strings.Contains(ran.Stderr, name+": ") {
			t.Errorf("%s is not named:\n%s", name, ran.Stderr)
		}
	}
}
