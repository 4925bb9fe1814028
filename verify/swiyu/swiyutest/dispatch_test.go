package swiyutest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchgate/verify/swiyu/swiyutest"
)

func TestTheBodyOfAWebhookHasTwoMembers(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *swiyutest.Config) { c.APIKeyHeader, c.APIKey = "X-Mock-Key", "k3y" })
	id := s.create()
	s.must(s.Accept(id, ""))
	s.clock.advance(time.Second)
	s.Dispatch(t.Context())
	h := <-s.receiver.got
	var body map[string]string
	s.must(json.Unmarshal([]byte(h.body), &body))
	if len(body) != 2 || body["verification_id"] != id || !regexp.MustCompile(`^2026-03-01T12:00:00\.\d+Z$`).MatchString(body["timestamp"]) {
		t.Errorf("body %s", h.body)
	}
	if h.header.Get("X-Mock-Key") != "k3y" || h.header.Get("Content-Type") != "application/json" {
		t.Errorf("header %v", h.header)
	}
}

func TestARefusedWebhookIsSentAgainWithoutEnd(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.receiver.answer(500, 404, 503, 400)
	id := s.create()
	s.must(s.Accept(id, ""))
	for range 4 {
		if n := s.Dispatch(t.Context()); n != 0 {
			t.Errorf("%d accepted", n)
		}
	}
	if n := s.Dispatch(t.Context()); n != 1 || s.Pending() != 0 {
		t.Errorf("%d accepted, %d pending", n, s.Pending())
	}
	if got := s.receiver.drain(); len(got) != 5 {
		t.Errorf("%d webhooks", len(got))
	}
	if c := s.Counters(); c.Notifications != 1 || c.Sent != 5 || c.Acked != 1 {
		t.Errorf("counters %+v", c)
	}
}

func TestA3xxLosesTheWebhookAndIsNotFollowed(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.receiver.answer(307)
	s.must(s.Accept(s.create(), ""))
	if n := s.Dispatch(t.Context()); n != 1 || s.Pending() != 0 || len(s.receiver.drain()) != 1 {
		t.Errorf("%d accepted, %d pending", n, s.Pending())
	}
}

func TestABrokenConnectionReplaysTheWholeRound(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for range 3 {
		s.must(s.Accept(s.create(), ""))
	}
	s.receiver.answer(200, -1)
	if n := s.Dispatch(t.Context()); n != 0 || s.Pending() != 3 {
		t.Errorf("%d accepted, %d pending", n, s.Pending())
	}
	first := s.receiver.drain()
	if len(first) != 2 {
		t.Fatalf("%d webhooks in the round that broke", len(first))
	}
	if n := s.Dispatch(t.Context()); n != 3 {
		t.Errorf("%d accepted", n)
	}
	if again := s.receiver.drain(); !slices.Contains(again, first[0]) {
		t.Error("what was accepted in the broken round was not sent again")
	}
}

func TestWebhooksComeInRandomOrder(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	var made []string
	for range 20 {
		id := s.create()
		made = append(made, id)
		s.must(s.Accept(id, ""))
	}
	s.Dispatch(t.Context())
	got := s.receiver.drain()
	if slices.Equal(made, got) {
		t.Error("in order")
	}
	slices.Sort(made)
	slices.Sort(got)
	if !slices.Equal(made, got) {
		t.Error("not the same webhooks")
	}
}

func TestWebhooksAboutAnyIDAndToNobody(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.SetNotifyURL("")
	s.Notify("0198c0de-1111-4222-8333-444455556666")
	if n := s.Dispatch(t.Context()); n != 0 || s.Pending() != 1 {
		t.Errorf("%d accepted by nobody, %d pending", n, s.Pending())
	}
	s.SetNotifyURL(s.receiver.URL)
	if n := s.Dispatch(t.Context()); n != 1 {
		t.Errorf("%d accepted", n)
	}
}

func TestRunSendsInRoundsAndAtOnce(t *testing.T) {
	t.Parallel()
	for _, atOnce := range []bool{false, true} {
		s := newStage(t, func(c *swiyutest.Config) {
			c.NotifyAtOnce, c.NotifyInterval = atOnce, time.Millisecond
			c.Now = func() time.Time { return time.Now().UTC() }
		})
		s.receiver.answer(500)
		ended := make(chan struct{})
		go func() {
			s.Run(t.Context())
			close(ended)
		}()
		var want []string
		for range 10 {
			id := s.create()
			want = append(want, id)
			s.must(s.Accept(id, ""))
		}
		var got []string
		for range 11 { // ten and the one that was refused
			got = append(got, (<-s.receiver.got).id)
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, slices.Compact(got)) {
			t.Errorf("at once %v: got %v", atOnce, got)
		}
		s.Close()
		s.Close()
		<-ended
	}
}

func TestRunAtOnceSendsWhatWaitedForAnAddress(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *swiyutest.Config) { c.NotifyAtOnce, c.NotifyInterval, c.NotifyURL = true, time.Hour, "" })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		s.Run(ctx)
		close(ended)
	}()
	id := s.create()
	s.must(s.Accept(id, ""))
	s.SetNotifyURL(s.receiver.URL)
	if h := <-s.receiver.got; h.id != id {
		t.Errorf("webhook about %s", h.id)
	}
	cancel()
	<-ended
}

func TestTheControlAPIDoesWhatTheMethodsDo(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	accepted, rejected, failed, expired := s.create(), s.create(), s.create(), s.create()
	action := func(id, what string) reply {
		return s.call(http.MethodPost, "/control/verifications/"+id+"/"+what, "", "")
	}
	if r := action(accepted, "accept?person=zoe"); r.status != 200 || r.json["state"] != "SUCCESS" || r.json["person"] != "zoe" {
		t.Errorf("accept: %d %s", r.status, r.text)
	}
	if r := action(rejected, "reject?code=client_rejected"); r.json["error_code"] != "client_rejected" {
		t.Errorf("reject: %s", r.text)
	}
	if r := action(failed, "fail"); r.json["error_code"] != "credential_invalid" {
		t.Errorf("fail: %s", r.text)
	}
	if r := action(expired, "expire"); r.status != 200 || s.read(expired).status != 404 {
		t.Errorf("expire: %s", r.text)
	}
	for path, want := range map[string]int{
		accepted + "/accept": 409, "nobody/accept": 404, accepted + "/accept?person=nobody": 404,
		accepted + "/dance": 404, "nobody/notify": 204,
	} {
		if r := s.call(http.MethodPost, "/control/verifications/"+path, "", ""); r.status != want {
			t.Errorf("%s: %d, want %d", path, r.status, want)
		}
	}
	if r := s.call(http.MethodPost, "/control/dispatch", "", ""); r.json["accepted"] != json.Number("5") {
		t.Errorf("dispatch: %s", r.text)
	}
	if r := s.call(http.MethodGet, "/control/counters", "", ""); r.json["creates"] != json.Number("4") {
		t.Errorf("counters: %s", r.text)
	}
	if r := s.call(http.MethodGet, "/control/verifications", "", ""); strings.Count(r.text, `"wallet_page"`) != 4 {
		t.Errorf("list: %s", r.text)
	}
	if r := s.call(http.MethodGet, "/control/persons", "", ""); !strings.Contains(r.text, `"key":"lia"`) {
		t.Errorf("persons: %s", r.text)
	}
}

func TestTheControlAPISetsModes(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	id := s.create()
	if r := s.call(http.MethodPut, "/control/verifications/"+id+"/mode", "", `{"stuck":true}`); r.status != 200 {
		t.Errorf("%d %s", r.status, r.text)
	}
	s.must(s.Accept(id, ""))
	s.wantState(id, "PENDING")
	for _, bad := range []string{
		`{"notifi":"twice"}`, `{"notify":"thrice"}`, `{"shape":"round"}`, `{"flags":"maybe"}`, `{"raw_state":"SUCCESS"}`,
		`{"notify_delay":"soon"}`, `{"notify_delay":"-1s"}`, `{"read_fault":{"kind":"ennui"}}`, `{"auto":{"action":"dance"}}`,
		`{}{}`, `[]`, ``,
	} {
		if r := s.call(http.MethodPut, "/control/mode", "", bad); r.status != 400 || r.json["error"] == "" {
			t.Errorf("%s: %d %s", bad, r.status, r.text)
		}
	}
	if r := s.call(http.MethodPut, "/control/verifications/nobody/mode", "", `{}`); r.status != 404 {
		t.Errorf("nobody: %d", r.status)
	}
	if r := s.call(http.MethodGet, "/control/trap", "", ""); r.status != 204 || s.Counters().Trapped != 1 {
		t.Errorf("trap: %d, %+v", r.status, s.Counters())
	}
}
