package main

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

// redeem spends the code of a proved session, for a grant that lasts an hour.
func (s *shell) redeem(id kyc.ID) {
	s.t.Helper()
	st, now := s.storage().store, clock()
	session, err := st.Session(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	code := session.NewCode(kyc.Handle{ID: id}, 1, now, time.Minute)
	if kept, err := st.PutCode(s.t.Context(), code); err != nil || !kept {
		s.t.Fatalf("keeping the code: %v, error %v", kept, err)
	}
	err = st.Redeem(s.t.Context(), code, kyc.Grant{ID: id, Subject: "s", ExpiresAt: now.Add(time.Hour)}, nil, now)
	if err != nil {
		s.t.Fatal(err)
	}
}

// admit makes a session in which the person lets the client shop have the profile,
// and redeems it.
func (s *shell) admit(account kyc.ID, seed string) kyc.ID {
	s.t.Helper()
	st, now := s.storage(), clock()
	id, err := kyc.NewID(now, strings.NewReader(seed+"0123456789abcdef"))
	if err != nil {
		s.t.Fatal(err)
	}
	walk := kyc.NewSession(kyc.Handle{ID: id}, "shop", kyc.MethodAccount, now, time.Hour)
	if err := st.store.CreateSession(s.t.Context(), walk); err != nil {
		s.t.Fatal(err)
	}
	for _, move := range []func(*kyc.Session) (kyc.Effects, error){
		func(session *kyc.Session) (kyc.Effects, error) {
			return session.Open(kyc.Binding{RedirectURI: "https://shop.example.org/cb", Scope: "profile"}, kyc.Verification{}, now, now)
		},
		func(session *kyc.Session) (kyc.Effects, error) { return kyc.Effects{}, session.SignIn(&account, now) },
		func(session *kyc.Session) (kyc.Effects, error) {
			effects, err := session.Admit([]byte(personal), kyc.Choice{Scope: "profile"}, now)
			effects.Event = nil
			return effects, err
		},
	} {
		if _, err := st.store.UpdateSession(s.t.Context(), id, move); err != nil {
			s.t.Fatal(err)
		}
	}
	s.redeem(id)
	return id
}

// told returns what the webhooks of an event say of its reason, by session.
func (s *shell) told() map[kyc.ID]string {
	s.t.Helper()
	var list []webhookView
	s.run("webhook", "list", "--json").into(&list)
	told := map[kyc.ID]string{}
	for _, w := range list {
		if w.Event != kyc.EventRevoked {
			continue
		}
		var one webhookView
		s.run("webhook", "show", w.ID.String(), "--json").into(&one)
		var body struct {
			Data struct {
				SessionID     kyc.ID `json:"session_id"`
				Method, Error string
			}
		}
		if err := json.Unmarshal(one.Body, &body); err != nil || body.Data.SessionID != w.SessionID {
			s.t.Errorf("body is %s, error %v", one.Body, err)
		}
		told[w.SessionID] = body.Data.Method + " " + body.Data.Error
	}
	return told
}

func TestSessionRevoke(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.addShop("--webhook-url", hookURL)
	id, _ := s.prove("s1")
	s.run("session", "revoke", id.String()).fails(exitFailed, "nobody can read anything of session "+id.String())
	s.redeem(id)
	var shown sessionView
	s.run("session", "show", id.String(), "--json").into(&shown)
	if g := shown.Grant; g == nil || !g.Live || g.Scope != "profile" || g.ClientID != "shop" || g.RevokedAt != nil || !g.ExpiresAt.After(clock()) {
		t.Errorf("grant is %+v", g)
	}
	if out := s.run("session", "show", id.String()).ok().stdout; !strings.Contains(out, "profile, until ") {
		t.Errorf("show prints:\n%s", out)
	}

	var ended grantView
	s.run("session", "revoke", id.String(), "--json").into(&ended)
	if ended.SessionID != id || ended.Live || ended.RevokedAt == nil {
		t.Errorf("ended grant is %+v", ended)
	}
	kept, err := s.storage().store.GrantOfSession(t.Context(), id)
	if err != nil || kept.Live(clock()) || kept.SealedClaims != nil {
		t.Errorf("the grant holds %d bytes of claims, error %v", len(kept.SealedClaims), err)
	}
	if told := s.told(); len(told) != 1 || told[id] != "swiyu ended" {
		t.Errorf("the client was told %v", told)
	}
	s.run("session", "revoke", id.String()).fails(exitFailed, "nobody can read anything")
	out := s.run("session", "show", id.String()).ok().stdout
	if !strings.Contains(out, "profile, ended ") || !strings.Contains(out, "grant.ended") || strings.Contains(out, personal) {
		t.Errorf("show prints:\n%s", out)
	}
	s.run("session", "revoke", "01900000-0000-7000-8000-000000000000").fails(exitFailed, "nobody can read anything")
}

func TestRevokeWithoutWebhook(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.addShop()
	id, _ := s.prove("s1")
	s.redeem(id)
	if r := s.run("session", "revoke", id.String()).ok(); r.stdout != "" || !strings.Contains(r.stderr, "ended what client shop could read") {
		t.Errorf("revoke prints %q and says %q", r.stdout, r.stderr)
	}
	if told := s.told(); len(told) != 0 {
		t.Errorf("a client without webhooks was told %v", told)
	}
}

// A session is forgotten a day after its end, and what its client may read is not.
func TestGrantOutlivesItsSession(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.addShop()
	id, _ := s.prove("s1")
	s.redeem(id)
	// Grants go at their end, so time passes for sessions only.
	keep := store.DefaultRetention
	keep.Sessions = -time.Minute
	if purged, err := s.storage().store.Purge(t.Context(), clock(), keep, 10); err != nil || purged.Sessions != 1 || purged.Grants != 0 {
		t.Fatalf("purged %+v, error %v", purged, err)
	}
	s.run("session", "show", id.String()).fails(exitFailed, "is not kept any more", `client "shop" may read`, "profile, until ")
	s.run("session", "revoke", id.String()).ok()
	s.run("session", "show", id.String()).fails(exitFailed, "there is no session")
}

func TestAccountRemove(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.addShop("--webhook-url", hookURL)
	mira := s.addMira().ID
	one, two := s.admit(mira, "1"), s.admit(mira, "2")
	other, _ := s.prove("s1")
	s.redeem(other)

	var shown accountView
	s.run("account", "show", "mira@example.org", "--json").into(&shown)
	if len(shown.Grants) != 2 || !shown.Grants[0].Live || shown.Grants[0].Scope != "profile" || shown.Grants[0].ClientID != "shop" {
		t.Errorf("grants are %+v", shown.Grants)
	}
	if out := s.run("account", "show", "mira@example.org").ok().stdout; !strings.Contains(out, one.String()) || strings.Contains(out, personal) {
		t.Errorf("show prints:\n%s", out)
	}

	var got struct {
		AccountID kyc.ID      `json:"account_id"`
		Grants    []grantView `json:"grants"`
	}
	s.run("account", "remove", "mira@example.org", "--yes", "--json").into(&got)
	if got.AccountID != mira || len(got.Grants) != 2 || got.Grants[0].Live {
		t.Errorf("removed %+v", got)
	}
	if told := s.told(); len(told) != 2 || told[one] != "account erased" || told[two] != "account erased" {
		t.Errorf("clients were told %v", told)
	}
	st := s.storage().store
	for id, want := range map[kyc.ID]bool{one: false, two: false, other: true} {
		grant, err := st.GrantOfSession(t.Context(), id)
		if err != nil || grant.Live(clock()) != want || (grant.SealedClaims != nil) != want {
			t.Errorf("grant of %s: live %v, want %v; %d bytes of claims, error %v", id, grant.Live(clock()), want, len(grant.SealedClaims), err)
		}
	}
	if _, err := st.Account(t.Context(), mira); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the account is still there, or cannot be read: %v", err)
	}
	s.run("account", "remove", "mira@example.org", "--yes").fails(exitFailed, `there is no account "mira@example.org"`)
}
