package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"vouchgate/e2e"
)

// crowd does n things, so many at a time, and returns the first errors.
func crowd(n, atOnce int, do func(i int) error) error {
	var (
		next, failed sync.Mutex
		i            int
		errs         []error
		workers      sync.WaitGroup
	)
	for range min(n, atOnce) {
		workers.Go(func() {
			for {
				next.Lock()
				mine := i
				i++
				next.Unlock()
				if mine >= n {
					return
				}
				if err := do(mine); err != nil {
					failed.Lock()
					if len(errs) < 10 {
						errs = append(errs, fmt.Errorf("number %d: %w", mine, err))
					}
					failed.Unlock()
				}
			}
		})
	}
	workers.Wait()
	return errors.Join(errs...)
}

// codes walks n persons to their codes.
func (s *stage) codes(t *testing.T, ctx context.Context, c e2e.Client, n int) []string {
	t.Helper()
	codes := make([]string, n)
	check(t, crowd(n, 16, func(i int) (err error) {
		codes[i], err = s.codeOf(ctx, c)
		return err
	}))
	return codes
}

// codeOf walks one person to a code.
func (s *stage) codeOf(ctx context.Context, c e2e.Client) (string, error) {
	nonce, err := c.Setup(ctx, s.URL)
	if err != nil {
		return "", err
	}
	b := e2e.NewBrowser()
	page, err := b.Get(ctx, c.AuthorizeURL(s.URL, nonce, "s"))
	if err != nil {
		return "", err
	}
	if err := s.verifier.Accept(page.Verification(), ""); err != nil {
		return "", fmt.Errorf("%s: %w", page, err)
	}
	if _, err := b.Await(ctx, s.URL, page.Session(), "verified"); err != nil {
		return "", err
	}
	home, err := b.Get(ctx, s.URL+page.URL.Path+"/finish")
	if err == nil && home.Code() == "" {
		err = fmt.Errorf("no code: %s", home)
	}
	return home.Code(), err
}

// callers is how many redeem one code at the same time.
const callers = 64

func TestACodeIsRedeemedOnceHoweverManyCall(t *testing.T) {
	t.Parallel()
	n := 200
	if testing.Short() {
		n = 40
	}
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newStage(t, e)
		gateways := []string{s.URL}
		if e == e2e.Postgres {
			gateways = append(gateways, s.second(t).URL)
		}
		client := s.client(t, "shop", "--code-lifetime", "10m")
		ctx := e2e.Patient(t)
		codes := s.codes(t, ctx, client, n)
		total := 0
		check(t, crowd(n, 1, func(i int) error {
			won, err := race(ctx, client, gateways, codes[i])
			total += won
			if err == nil && won != 1 {
				err = fmt.Errorf("the code gave %d tokens", won)
			}
			return err
		}))
		if total != n {
			t.Errorf("%d codes gave %d tokens", n, total)
		}
		db := s.Data.Open(t)
		if kept := e2e.Count(t, db, "SELECT count(*) FROM grants"); kept != n {
			t.Errorf("%d codes made %d grants", n, kept)
		}
	})
}

// race has many callers redeem a code at once and counts those who get a token.
// Everybody else has to get the error of RFC 6749, section 5.2.
func race(ctx context.Context, c e2e.Client, gateways []string, code string) (won int, err error) {
	var (
		mu   sync.Mutex
		errs []error
		gate = make(chan struct{})
		all  sync.WaitGroup
	)
	for i := range callers {
		all.Go(func() {
			<-gate
			a, err := c.Redeem(ctx, gateways[i%len(gateways)], code)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				errs = append(errs, err)
			case a.Good() == nil && a.Text("access_token") != "":
				won++
			case a.Status != 400 || a.Text("error") != "invalid_grant" || a.Text("error_description") == "":
				errs = append(errs, fmt.Errorf("status %d: %s", a.Status, a.Body))
			}
		})
	}
	close(gate)
	all.Wait()
	return won, errors.Join(errs...)
}
