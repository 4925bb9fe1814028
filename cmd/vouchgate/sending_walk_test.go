package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vouchgate/kyc"
)

// savingHelper writes a helper that saves the newest message, and returns both paths.
func savingHelper(t *testing.T) (helper, message string) {
	t.Helper()
	folder := t.TempDir()
	helper, message = filepath.Join(folder, "helper"), filepath.Join(folder, "message")
	script := "#!/bin/sh\numask 077\ncat >\"" + message + ".part\" && mv \"" + message + ".part\" \"" + message + "\"\n"
	if err := os.WriteFile(helper, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return helper, message
}

// shopURL is where a visit of the client shop begins.
func (r *running) shopURL() string {
	query := url.Values{"response_type": {"code"}, "client_id": {"shop"}, "redirect_uri": {"https://shop.example.org/cb"}, "state": {"s"}}
	return r.where.URL + "/authorize?" + query.Encode()
}

// visitByPhone begins a visit of the client shop, enters a phone number, and returns
// the session's page and the TAN that the helper saved.
func (r *running) visitByPhone(w *walker, path string) (session, tan string) {
	r.t.Helper()
	page, err := w.sent(r.t.Context(), http.MethodGet, r.shopURL(), nil)
	session, found := strings.CutSuffix(page, "/pin")
	if err != nil || !found {
		r.t.Fatalf("the visit begins at %s, error %v", page, err)
	}
	if _, err := w.submit(r.t.Context(), session+"/address", url.Values{kyc.FieldPhone: {"079 123 45 67"}}); err != nil {
		r.t.Fatal(err)
	}
	var message struct {
		TAN     string            `json:"tan"`
		Address map[string]string `json:"address"`
	}
	err = w.until(r.t.Context(), func() bool {
		content, err := os.ReadFile(path)
		return err == nil && json.Unmarshal(content, &message) == nil
	})
	if err != nil || message.Address[kyc.FieldPhone] != "+41791234567" {
		r.t.Fatalf("the helper got %+v, error %v", message, err)
	}
	return session, message.TAN
}

// A TAN goes from the gateway through background work to a helper, and back by the
// person. The operator sees how far it is, and neither the address nor the TAN.
func TestServeSendsByHelper(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	helper, path := savingHelper(t)
	r := s.start(append([]string{"serve", "--phone-helper", helper}, freePorts...)...)
	s.addShop("--method", "phone", "--pkce", "optional")
	w := &walker{p: &program{now: clock}, browser: newBrowser()}
	session, tan := r.visitByPhone(w, path)
	if to, err := w.submit(t.Context(), session+"/pin", url.Values{"pin": {otherTAN(tan)}}); err == nil || !strings.Contains(err.Error(), "answered 422") {
		t.Errorf("a wrong TAN leads to %q, error %v", to, err)
	}
	s.stdin = "+41791234567"
	var counts addressCounts
	s.run("address", "show", "--method", "phone", "--json").into(&counts)
	if counts.Sessions.Count != 1 || counts.Tries.Count != 1 || counts.Locked {
		t.Errorf("counts are %+v", counts)
	}
	shown := s.showsChallenge(session[strings.LastIndex(session, "/")+1:])
	if to, err := w.submit(t.Context(), session+"/pin", url.Values{"pin": {tan}}); to != session+"/finish" {
		t.Errorf("the right TAN leads to %q, error %v", to, err)
	}
	var proved sessionView
	s.run("session", "show", session[strings.LastIndex(session, "/")+1:], "--json").into(&proved)
	if proved.Status != kyc.StatusVerified || proved.NextCheck != nil || proved.StateEndsAt == nil || proved.Challenge != nil && proved.Challenge.NextSend != nil {
		t.Errorf("after the right TAN the session is %+v, the challenge %+v", proved, proved.Challenge)
	}
	r.end()
	for name, said := range map[string]string{"the log": r.said(), "session show": shown} {
		for _, private := range []string{"1234567", "123 45 67", tan} {
			if strings.Contains(said, private) {
				t.Errorf("%s holds %q:\n%s", name, private, said)
			}
		}
	}
}

// The setting reaches the gateway, and the operator sees in /metrics that it holds.
func TestServeBoundsTheMessagesOfANetwork(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	helper, path := savingHelper(t)
	r := s.start(append([]string{"serve", "--phone-helper", helper, "--messages-per-network", "1"}, freePorts...)...)
	s.addShop("--method", "phone", "--pkce", "optional")
	first := &walker{p: &program{now: clock}, browser: newBrowser()}
	r.visitByPhone(first, path)

	second := &walker{p: &program{now: clock}, browser: newBrowser()}
	page, err := second.sent(t.Context(), http.MethodGet, r.shopURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	session := strings.TrimSuffix(page, "/pin")
	if to, err := second.submit(t.Context(), session+"/address", url.Values{kyc.FieldPhone: {"079 765 43 21"}}); err == nil {
		t.Errorf("the second message was asked for, which leads to %s", to)
	}
	if got := s.show().MessagesUsed; got == nil || got.Count != 1 || got.Most != 10000 {
		t.Errorf("client show says of messages: %v", got)
	}
	if _, body := get(t, http.DefaultClient, "http://"+r.where.Admin+"/metrics"); !strings.Contains(body, `vouchgate_tan_limits_total{limit="network"} 1`) {
		t.Error("the metrics lack the limit of the network")
	}
	r.end()
}

// showsChallenge returns what session show says of a session in which one TAN was
// sent and one wrong one entered.
func (s *shell) showsChallenge(id string) string {
	s.t.Helper()
	var shown sessionView
	s.run("session", "show", id, "--json").into(&shown)
	if c := shown.Challenge; c == nil || c.Method != kyc.MethodPhone || c.Addresses != 1 || c.Sends != 1 || c.Tries != 1 ||
		c.AskedAt == nil || c.NextSend == nil || c.ExpiresAt == nil || c.LockedAt != nil {
		s.t.Errorf("the challenge is shown as %+v", c)
	}
	if shown.NextCheck != nil || shown.StateEndsAt == nil || !shown.StateEndsAt.Equal(shown.ExpiresAt) {
		s.t.Errorf("next check is %v, the state ends %v, the session %v", shown.NextCheck, shown.StateEndsAt, shown.ExpiresAt)
	}
	text := s.run("session", "show", id).ok().stdout
	for _, says := range []string{"TAN by", "1 of 3", "TAN ends", "next message from", "ends by itself"} {
		if !strings.Contains(text, says) {
			s.t.Errorf("session show lacks %q:\n%s", says, text)
		}
	}
	if strings.Contains(text, "next check") {
		s.t.Errorf("nobody looks for a TAN at a verifier:\n%s", text)
	}
	return text
}

// otherTAN is a TAN that is wrong.
func otherTAN(tan string) string {
	if tan == "00000000" {
		return "00000001"
	}
	return "00000000"
}
