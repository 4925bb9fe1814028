package server_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

// A code is bound to client, redirect URI, state and challenge: of all ways to
// present it only one is good.
func TestCodeIsBoundToAllOfItsRequest(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	pkce := func(c *kyc.Client) { c.PKCERequired = true }
	g.addClient("shop", pkce)
	g.addClient("other", pkce)
	for _, client := range []string{"shop", "other"} {
		for _, uri := range []string{"https://shop.example/cb", "https://shop.example/cb?tenant=7"} {
			for _, state := range []string{"state of shop", "state of other"} {
				for _, verifier := range []string{pkceVerifier, strings.Repeat("v", 43)} {
					w := g.finished("shop")
					f := w.form()
					f.Set("client_id", client)
					f.Set("client_secret", secretOf(client))
					f.Set("redirect_uri", uri)
					f.Set("state", state)
					f.Set("code_verifier", verifier)
					right := client == "shop" && uri == "https://shop.example/cb" && state == "state of shop" && verifier == pkceVerifier
					if right {
						g.redeem(f).wants(http.StatusOK)
						continue
					}
					g.redeem(f).refuses(http.StatusBadRequest, "invalid_grant")
					code, err := g.store.Code(ctx, w.id)
					must(t, err)
					// Only its own client can spend a code.
					if spent := code.UsedAt != nil; spent != (client == "shop") {
						t.Errorf("%s %s %s %s: spent is %v", client, uri, state, verifier, spent)
					}
				}
			}
		}
	}
}

func TestWrongParticularsSpendTheCode(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop", func(c *kyc.Client) { c.PKCERequired = true })
	g.addClient("plain")
	for _, row := range []struct {
		name, client string
		edit         func(url.Values)
		word         string
	}{
		{"another redirect URI", "shop", func(f url.Values) { f.Set("redirect_uri", "https://shop.example/x") }, "invalid_grant"},
		{"the redirect URI in another encoding", "shop", func(f url.Values) { f.Set("redirect_uri", "https://shop.example/%63b") }, "invalid_grant"},
		{"no redirect URI and no challenge", "plain", func(f url.Values) { f.Del("redirect_uri") }, "invalid_grant"},
		{"another state", "shop", func(f url.Values) { f.Set("state", "x") }, "invalid_grant"},
		{"no verifier", "shop", func(f url.Values) { f.Del("code_verifier") }, "invalid_grant"},
		{"a wrong verifier", "shop", func(f url.Values) { f.Set("code_verifier", strings.Repeat("w", 43)) }, "invalid_grant"},
		{"a verifier of one character", "shop", func(f url.Values) { f.Set("code_verifier", "x") }, "invalid_grant"},
		{"a verifier of 129 characters", "shop", func(f url.Values) { f.Set("code_verifier", strings.Repeat("x", 129)) }, "invalid_grant"},
		{"the challenge as verifier", "shop", func(f url.Values) { f.Set("code_verifier", pkceChallenge) }, "invalid_grant"},
		{"a verifier without a challenge", "plain", func(f url.Values) { f.Set("code_verifier", pkceVerifier) }, "invalid_request"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := g.finished(row.client)
			f := w.form()
			row.edit(f)
			g.redeem(f).refuses(http.StatusBadRequest, row.word)
			w.redeem().refuses(http.StatusBadRequest, "invalid_grant")
			if s := g.session(w.id); s.Status != kyc.StatusVerified {
				t.Errorf("session is %s", s.Status)
			}
		})
	}
}

func TestRedirectURIMayBeLeftOutWithPKCE(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop", func(c *kyc.Client) { c.PKCERequired = true })
	w := g.finished("shop")
	f := w.form()
	f.Del("redirect_uri")
	g.redeem(f).wants(http.StatusOK)
}

func TestSpentCodeTakesItsTokenAlong(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st)
		g.addClient("shop")
		w := g.redeemed("shop")
		w.redeem().refuses(http.StatusBadRequest, "invalid_grant")
		r := g.info(w.token).refuses(http.StatusUnauthorized, "invalid_token")
		if len(traces(r.body)) > 0 {
			t.Error("the answer holds the data")
		}
		w.redeem().refuses(http.StatusBadRequest, "invalid_grant")
	})
}

func TestSpentCodeRevokesAlsoAfterItsOwnEnd(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.redeemed("shop")
	g.clock.advance(30 * time.Minute)
	g.info(w.token).wants(http.StatusOK)
	w.redeem().refuses(http.StatusBadRequest, "invalid_grant")
	g.info(w.token).refuses(http.StatusUnauthorized, "invalid_token")
}

func TestReplayBySomebodyElseChangesNothing(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop", func(c *kyc.Client) { c.PKCERequired = true })
	g.addClient("other")
	live, spent := g.finished("shop"), g.redeemed("shop")
	for name, edit := range map[string]func(url.Values){
		"another client": func(f url.Values) { f.Set("client_id", "other"); f.Set("client_secret", secretOf("other")) },
		"a wrong secret": func(f url.Values) { f.Set("client_secret", "wrong") },
	} {
		for _, w := range []*walk{live, spent} {
			f := w.form()
			edit(f)
			if r := g.redeem(f); r.status != http.StatusBadRequest && r.status != http.StatusUnauthorized {
				t.Errorf("%s: status is %d", name, r.status)
			}
		}
	}
	f := spent.form()
	f.Set("code_verifier", strings.Repeat("w", 43)) // a thief without the verifier
	g.redeem(f).refuses(http.StatusBadRequest, "invalid_grant")
	g.info(spent.token).wants(http.StatusOK)
	live.redeem().wants(http.StatusOK)
}

func TestOtherClientsCodeLooksUnknown(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	g.addClient("other")
	w := g.finished("shop")
	f := w.form()
	f.Set("client_id", "other")
	f.Set("client_secret", secretOf("other"))
	foreign := g.redeem(f)
	f.Set("code", strings.Repeat("A", 64))
	if unknown := g.redeem(f); unknown.body != foreign.body || unknown.status != foreign.status {
		t.Errorf("told apart: %s %s", foreign.body, unknown.body)
	}
}

func TestCodeEndsExactly(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st)
		g.addClient("shop")
		early, late := g.finished("shop"), g.finished("shop")
		g.clock.set(noon.Add(time.Minute - time.Microsecond))
		early.redeem().wants(http.StatusOK)
		g.clock.set(noon.Add(time.Minute))
		late.redeem().refuses(http.StatusBadRequest, "invalid_grant")
	})
}

func TestOneOfManyRedemptionsWins(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st)
		g.addClient("shop")
		w := g.finished("shop")
		replies := make([]reply, 64)
		var all sync.WaitGroup
		start := make(chan struct{})
		for i := range replies {
			all.Go(func() {
				<-start
				replies[i] = w.redeem()
			})
		}
		close(start)
		all.Wait()
		won := 0
		for _, r := range replies {
			if r.status == http.StatusOK {
				won++
				continue
			}
			r.refuses(http.StatusBadRequest, "invalid_grant")
		}
		if won != 1 {
			t.Errorf("%d tokens for one code", won)
		}
	})
}

func TestRedemptionThatTheStoreLosesCanBeRepeated(t *testing.T) {
	t.Parallel()
	g, faulty := newHookedGate(t)
	g.addClient("shop")
	g.contract.expectFailures()
	w := g.finished("shop")
	before := g.everything()
	faulty.failTx(errors.New("connection reset"))
	w.redeem().refuses(http.StatusServiceUnavailable, "temporarily_unavailable").lacks("connection reset")
	if g.everything() != before {
		t.Error("half a redemption")
	}
	faulty.failTx(nil)
	w.redeem().wants(http.StatusOK)
}

func TestCancelledSessionsCodeIsWorthNothing(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.finished("shop")
	g.expire(w.id)
	w.redeem().refuses(http.StatusBadRequest, "invalid_grant")
}

func TestTokensAreOfTheirOwnAlphabetAndUnique(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	seen := map[string]bool{}
	for range 20 {
		w := g.redeemed("shop")
		for _, s := range []string{w.nonce, w.code, w.token} {
			if seen[s] || len(s) != 64 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
				t.Errorf("%q is no good secret", s)
			}
			seen[s] = true
		}
	}
}

func TestCodeOfAScopeThatTheClientHasLostIsRefused(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.proved("shop")
	w.finish()
	g.change("shop", func(c *kyc.Client) { c.Scopes = kyc.Strings{"age_over_65"} })
	w.redeem().refuses(http.StatusBadRequest, "invalid_grant")
}
