package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"syscall"
	"testing"
	"time"

	"vouchgate/e2e"
)

// leasesOver is longer than a gateway that died keeps others from its messages.
const leasesOver = 2 * time.Minute

func TestAGatewayThatDiesWhileItSendsSendsAgain(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		h, ctx := newBadHelper(t, e, "40s"), e2e.Patient(t)
		b, page, p := h.ask(t, ctx, "stalls")
		check(t, e2e.Until(ctx, "the helper to hang", func() (bool, error) { return len(h.processes("hangs")) == 1, nil }))
		h.Kill()
		for _, id := range h.processes("hangs") {
			_ = syscall.Kill(id, syscall.SIGKILL)
		}
		if n := h.outbox.Count(p.mark); n != 0 {
			t.Fatalf("%d messages arrived before", n)
		}
		h.Data.Age(t, leasesOver)
		check(t, h.Restart())
		sent := must[e2e.Sent](t)(h.outbox.To(ctx, p.mark, 1))
		check(t, b.AwaitDelivery(ctx, h.URL, sessionOf(t, page), "sent"))
		home := must[e2e.Page](t)(b.Submit(ctx, page, "/pin", "pin", sent.TAN))
		h.Kill()
		check(t, h.Restart())
		isProved(t, must[e2e.Answer](t)(h.client.Read(ctx, h.URL, homeWithCode(t, home))), p)
		must[e2e.Event](t)(h.webhooks.AwaitEvent(ctx, sent.ID, "verification.verified"))
	})
}

// survivor is a person's walk through a gateway that is killed again and again.
type survivor struct {
	stage *addressStage
	app   *e2e.WebApp
	place place
	code  string
}

// insist asks again until an answer comes: what was asked for may have been done
// all the same.
func insist(ctx context.Context, what string, ask func() (e2e.Answer, error)) (a e2e.Answer, err error) {
	err = e2e.Until(ctx, what, func() (bool, error) {
		var failed error
		a, failed = ask()
		return failed == nil && a.Status < http.StatusInternalServerError, failed
	})
	if err == nil && a.Status != http.StatusOK {
		err = fmt.Errorf("%s: status %d: %s", what, a.Status, a.Body)
	}
	return a, err
}

// order walks until the gateway has said that a message is on its way.
func (v *survivor) order(ctx context.Context, c e2e.Client) error {
	_, err := insist(ctx, "a session", func() (e2e.Answer, error) {
		// All of it again if it fails: the answer that was lost held the browser's cookie.
		nonce, err := c.Setup(ctx, v.stage.URL)
		if err != nil {
			return e2e.Answer{}, err
		}
		v.app = e2e.NewWebApp(v.stage.URL, nonce)
		return v.app.Open(ctx, c.AuthorizeURL(v.stage.URL, nonce, "s"))
	})
	if err != nil {
		return err
	}
	_, err = insist(ctx, "challenge", func() (e2e.Answer, error) { return v.app.Challenge(ctx, v.place.fields...) })
	return err
}

// solve enters the TAN of the message, which has come, until the gateway has given a
// code.
func (v *survivor) solve(ctx context.Context) error {
	sent, err := v.stage.outbox.To(ctx, v.place.mark, 1)
	if err != nil {
		return err
	}
	a, err := insist(ctx, "solve", func() (e2e.Answer, error) { return v.app.Solve(ctx, sent.TAN) })
	if err != nil {
		return err
	}
	home, err := url.Parse(a.Text("redirect_url"))
	if err == nil {
		v.code = home.Query().Get("code")
	}
	return err
}

// underFire does n things while the gateway is killed and started again, each time a
// number of them has been done.
func (s *addressStage) underFire(ctx context.Context, n, every int, do func(i int) error) error {
	var mu sync.Mutex
	done, fire, over := 0, make(chan struct{}, n), make(chan error, 1)
	go func() {
		for range fire {
			s.Kill()
			// A helper that is just being started holds what the gateway held for a moment.
			err := e2e.Until(ctx, "a gateway", func() (bool, error) {
				err := s.Restart()
				return err == nil, err
			})
			if err != nil {
				over <- err
				return
			}
		}
		over <- nil
	}()
	err := crowd(n, 8, func(i int) error {
		err := do(i)
		mu.Lock()
		defer mu.Unlock()
		if done++; done%every == 0 {
			fire <- struct{}{}
		}
		return err
	})
	close(fire)
	if failed := <-over; failed != nil {
		return failed
	}
	return err
}

func TestAKilledGatewayLosesNoMessageAndNoProof(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s, ctx := newAddressStage(t, e), e2e.Patient(t)
		client := s.client(t, "shop", "email", "--code-lifetime", "10m")
		persons := make([]*survivor, 30)
		check(t, s.underFire(ctx, len(persons), 6, func(i int) error {
			persons[i] = &survivor{stage: s, place: newPlace("email")}
			return persons[i].order(ctx, client)
		}))
		s.Kill()
		s.Data.Age(t, leasesOver)
		check(t, s.Restart())
		check(t, s.underFire(ctx, len(persons), 6, func(i int) error { return persons[i].solve(ctx) }))
		s.Kill()
		s.Data.Age(t, leasesOver)
		check(t, s.Restart())
		for _, v := range persons {
			isProved(t, must[e2e.Answer](t)(client.Read(ctx, s.URL, v.code)), v.place)
		}
		check(t, s.webhooks.Await(ctx, func(events []e2e.Event) bool {
			told := map[string]bool{}
			for _, event := range events {
				told[event.Data.SessionID] = true
			}
			return len(told) == len(persons)
		}))
		s.webhooks.OncePerSession()
	})
}
