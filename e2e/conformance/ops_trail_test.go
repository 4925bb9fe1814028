package conformance

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"OPS-08", "the trail has registration, consent, refusal, code, token, refresh, reuse, revocation, erasure and each change, without a claim", ops08},
	Row{"OPS-10", "assertions of clocks a minute fast or slow are taken; codes, tokens and assertions end when they say", ops10},
)

// trail are the events of the audit trail about a client or, if it has none, a
// session or account.
func (t *T) trail(about string) []string {
	t.Helper()
	query := "SELECT actor, event FROM audit_events WHERE client_id = '" + about + "' OR session_id = '" + about + "' ORDER BY id"
	var events []string
	for _, row := range must[rowsOf](t)(scan(t, t.Data.Open(t.T), query)) {
		events = append(events, row[0]+" "+row[1])
	}
	return events
}

// inTrail fails the case unless a trail has events.
func (t *T) inTrail(trail []string, want ...string) {
	t.Helper()
	for _, event := range want {
		if !slices.Contains(trail, event) {
			t.Errorf("the trail has no %q: %q", event, trail)
		}
	}
}

func ops08(t *T) {
	client, person := t.HookedClient(byAccount, question, refreshing), t.NewPerson()
	b := e2e.NewBrowser()
	t.SignIn(b, person)
	ask := t.Ask(client)
	page := t.Open(b, ask.Path())
	session := t.sessionOf(page)
	g := t.Swap(ask, t.Submit(b, page, "/consent", "decision", "allow").Code())
	t.OK(t.Refresh(client, g.Refresh))
	t.JSON(t.Exchange(ask, g.Code), http.StatusBadRequest, "invalid_grant") // a second time
	t.inTrail(t.trail(session), "session session.authorized", "session consent.given", "session session.verified",
		"session code.issued", "session session.completed", "session token.refreshed", "session grant.reused")

	refused := t.Open(b, t.Ask(client, "prompt", "consent").Path())
	t.Submit(b, refused, "/consent", "decision", "deny")
	t.inTrail(t.trail(t.sessionOf(refused)), "session session.denied")

	given := t.onceMore(b, client)
	t.Revoke(client, given.Access)
	t.Revoke(client, given.Refresh)
	t.onceMore(b, client)
	t.Submit(b, t.Open(b, "/me"), "/me/withdraw")
	t.onceMore(b, client)
	account := t.accountOf(person)
	t.Submit(b, t.Open(b, "/me"), "/me/erase")
	t.inTrail(t.trail(account), "account account.added", "account account.signed_in", "account account.removed")

	t.Do("client", "update", client.ID, "--name", "Renamed")
	t.rotate(client, "0s")
	t.Do("client", "disable", client.ID)
	t.Do("client", "enable", client.ID)
	t.Do("client", "remove", client.ID, "--yes")
	all := t.trail(client.ID)
	t.inTrail(all, "session token.revoked", "session grant.revoked", "session grant.withdrawn", "session grant.erased",
		"operator client.added", "operator client.updated", "operator client.secret_rotated", "operator client.disabled",
		"operator client.enabled", "operator client.removed")
	dump := strings.Join(all, "\n") + strings.Join(t.trail(account), "\n")
	for _, private := range append([]string{person.UserName, "127.0.0.1"}, accountClaims["given_name"], accountClaims["family_name"], accountClaims["birth_date"]) {
		if strings.Contains(dump, private) {
			t.Errorf("the trail holds %q", private)
		}
	}
}

// onceMore walks a flow to its tokens, asked anew.
func (t *T) onceMore(b *e2e.Browser, c e2e.Client) Grant {
	t.Helper()
	ask := t.Ask(c, "prompt", "consent")
	return t.Swap(ask, t.Submit(b, t.Open(b, ask.Path()), "/consent", "decision", "allow").Code())
}

// accountOf is the id of a person's account.
func (t *T) accountOf(p Person) string {
	t.Helper()
	query := "SELECT CAST(id AS text) FROM accounts WHERE user_name = '" + p.UserName + "'"
	return must[rowsOf](t)(scan(t, t.Data.Open(t.T), query))[0][0]
}

// assert swaps a code with an assertion that was made by a clock which is off by a
// time, and lives for a while.
func (t *T) assert(key clientKey, ask Ask, code string, off, life time.Duration) Answer {
	t.Helper()
	now := time.Now().Add(off)
	claims := t.claims(ask.Client, map[string]any{"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(life).Unix()})
	return t.PostForm("/token", asserted(t.CodeForm(ask, code), t.sign(key, claims)))
}

func ops10(t *T) {
	key := t.ClientKey()
	client := t.Keyed(key)
	ask := t.Ask(client)
	code := t.Code(ask)
	for _, wrong := range []struct{ off, life time.Duration }{
		{2 * time.Minute, time.Minute}, {-3 * time.Minute, 2 * time.Minute}, {-61 * time.Second, time.Minute},
	} {
		t.JSON(t.assert(key, ask, code, wrong.off, wrong.life), http.StatusUnauthorized, "invalid_client")
	}
	t.OK(t.assert(key, ask, code, 55*time.Second, time.Minute))
	ask = t.Ask(client)
	t.OK(t.assert(key, ask, t.Code(ask), -55*time.Second, 4*time.Minute))

	short := t.Client(byAccount, noQuestion, "--code-lifetime=1s", "--token-lifetime=2s")
	ask = t.Ask(short)
	late := t.Code(ask)
	t.Pass(time.Second + 50*time.Millisecond)
	t.JSON(t.Exchange(ask, late), http.StatusBadRequest, "invalid_grant")
	g := t.Grant(short)
	t.Pass(2*time.Second + 50*time.Millisecond)
	t.BadToken(t.Info(g.Access))
	pushed := t.Push(t.Ask(t.App()))
	if left, _ := pushed.JSON["expires_in"].(float64); left <= 0 || left > 600 {
		t.Errorf("a pushed request lives for %v seconds", left)
	}
}
