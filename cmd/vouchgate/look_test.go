package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

// personal is what no list and no view of a session may hold.
const personal = "Mira-Canary"

// prove puts a proved session of the client shop into the store, with its
// webhook, and returns the ids of both.
func (s *shell) prove(state string) (session, webhook kyc.ID) {
	s.t.Helper()
	st, now := s.storage(), clock()
	must := func(err error) {
		s.t.Helper()
		if err != nil {
			s.t.Fatal(err)
		}
	}
	id, err := kyc.NewID(now, strings.NewReader("0123456789abcdef"+state))
	must(err)
	client, err := st.store.Client(s.t.Context(), "shop")
	must(err)
	walk := kyc.NewSession(kyc.Handle{ID: id}, "shop", kyc.MethodSwiyu, now, time.Hour)
	must(st.store.CreateSession(s.t.Context(), walk))
	end := now.Add(time.Minute)
	walk, err = st.store.UpdateSession(s.t.Context(), id, func(session *kyc.Session) (kyc.Effects, error) {
		return session.Open(kyc.Binding{RedirectURI: "https://shop.example.org/cb", State: state, Scope: "profile"},
			kyc.Verification{RequestID: "11111111-2222-3333-4444-555555555555", URL: "https://v/" + state, EndsAt: &end}, now, now)
	})
	must(err)
	sealed, err := st.ring.Seal(kyc.PurposeClaims, kyc.ClaimsContext(id, "shop"), []byte(personal))
	must(err)
	_, err = st.store.UpdateSession(s.t.Context(), id, func(session *kyc.Session) (kyc.Effects, error) {
		effects, err := session.Prove(walk.RequestID, sealed, now)
		if err != nil {
			return effects, err
		}
		effects.Webhook, err = effects.Event.Queue(id, client, st.ring.Seal)
		return effects, err
	})
	must(err)
	return id, id
}

// die gives a webhook up.
func (s *shell) die(id kyc.ID) {
	s.t.Helper()
	st, now := s.storage(), clock()
	lease := now.Add(time.Minute)
	claimed, err := st.store.ClaimDueWebhooks(s.t.Context(), now, lease, 10)
	if err != nil || len(claimed) != 1 {
		s.t.Fatalf("claimed %d webhooks, error %v", len(claimed), err)
	}
	err = st.store.RescheduleWebhook(s.t.Context(), store.WebhookOutcome{ID: id, Lease: lease, Tries: 15, LastOutcome: "503", DeadAt: &now})
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	const state = "state-canary"
	s := newShell(t)
	s.addShop("--webhook-url", hookURL)
	id, _ := s.prove(state)

	var list []sessionView
	s.run("session", "list", "--client", "shop", "--status", "verified", "--json").into(&list)
	if len(list) != 1 || list[0].ID != id || list[0].Status != kyc.StatusVerified || list[0].Audit != nil {
		t.Errorf("list is %+v", list)
	}
	s.run("session", "list", "--status", "failed", "--json").into(&list)
	if len(list) != 0 {
		t.Errorf("list of failed sessions is %+v", list)
	}
	var one sessionView
	s.run("session", "show", id.String(), "--json").into(&one)
	if one.ID != id || one.Scope != "profile" || one.Attempts != 1 || one.VerifiedAt == nil || one.RedirectURI == "" {
		t.Errorf("session is %+v", one)
	}
	for _, args := range [][]string{{"session", "list"}, {"session", "show", id.String()}, {"session", "show", id.String(), "--json"}} {
		r := s.run(args...).ok()
		if !strings.Contains(r.stdout, id.String()) {
			t.Errorf("%v does not name the session:\n%s", args, r.stdout)
		}
		for _, private := range []string{personal, state} {
			if strings.Contains(r.stdout+r.stderr, private) {
				t.Errorf("%v prints %q", args, private)
			}
		}
	}
	s.run("session", "show", "01900000-0000-7000-8000-000000000000").fails(exitFailed, "there is no session")
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.addShop("--webhook-url", hookURL)
	_, id := s.prove("s1")
	var list []webhookView
	s.run("webhook", "list", "--dead", "--json").into(&list)
	if len(list) != 0 {
		t.Errorf("dead webhooks before any try: %+v", list)
	}
	s.die(id)
	s.run("webhook", "list", "--dead", "--client", "shop", "--json").into(&list)
	if len(list) != 1 || list[0].State != "dead" || list[0].Tries != 15 || list[0].LastOutcome != "503" || list[0].Body != nil {
		t.Errorf("dead webhooks: %+v", list)
	}
	if out := s.run("webhook", "list").ok().stdout; !strings.Contains(out, "dead") || strings.Contains(out, "session_id") {
		t.Errorf("list is:\n%s", out)
	}
	var one webhookView
	s.run("webhook", "show", "msg_"+id.String(), "--json").into(&one)
	var body struct {
		Type string
		Data struct {
			SessionID kyc.ID `json:"session_id"`
		}
	}
	if err := json.Unmarshal(one.Body, &body); err != nil || body.Type != "verification.verified" || body.Data.SessionID != id {
		t.Errorf("body is %s, error %v", one.Body, err)
	}
	if out := s.run("webhook", "show", id.String()).ok().stdout; !strings.Contains(out, `{"type":"verification.verified"`) {
		t.Errorf("show prints:\n%s", out)
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.addShop("--webhook-url", hookURL)
	_, id := s.prove("s1")
	s.die(id)
	var got struct{ Replayed []kyc.ID }
	s.run("webhook", "replay", "--dead", "--client", "somebody-else", "--json").into(&got)
	if len(got.Replayed) != 0 {
		t.Errorf("replayed %v of another client", got.Replayed)
	}
	s.run("webhook", "replay", "--dead", "--client", "shop", "--json").into(&got)
	if len(got.Replayed) != 1 || got.Replayed[0] != id {
		t.Errorf("replayed %v", got.Replayed)
	}
	var one webhookView
	s.run("webhook", "show", id.String(), "--json").into(&one)
	if one.State != "pending" || one.Tries != 0 || one.NextAttempt == nil {
		t.Errorf("after the replay: %+v", one)
	}
	s.run("webhook", "replay", id.String()).ok()
	s.run("webhook", "replay", "01900000-0000-7000-8000-000000000000").fails(exitFailed, "there is no webhook 01900000")
	s.run("webhook", "replay", id.String(), "--client", "shop").fails(exitUsage, "goes with --dead")
	s.run("webhook", "show", "01900000-0000-7000-8000-000000000000").fails(exitFailed, "there is no webhook")
}
