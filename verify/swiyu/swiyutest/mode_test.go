package swiyutest_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vouchgate/verify/swiyu/swiyutest"
)

func TestAcceptRejectAndFailAreFinal(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	yes, no, bad := s.create(), s.create(), s.create()
	s.must(s.Accept(yes, "ueli"))
	s.must(s.Reject(no, ""))
	s.must(s.Fail(bad, "credential_revoked"))
	s.wantState(yes, "SUCCESS")
	if c := s.claims(yes); c["given_name"] != "Ueli" || c["age_over_18"] != "true" || c["iss"] != "did:example:one" || c["vct"] != "urn:example:id" || c["family_name"] != nil {
		t.Errorf("claims %v", c)
	}
	if got := s.response(no)["error_code"]; got != "access_denied" {
		t.Errorf("rejection: %v", got)
	}
	if got := s.response(bad)["error_code"]; got != "credential_revoked" {
		t.Errorf("failed check: %v", got)
	}
	for _, id := range []string{yes, no, bad} {
		if err := s.Accept(id, ""); !errors.Is(err, swiyutest.ErrClosed) {
			t.Errorf("answered twice: %v", err)
		}
	}
	if n := s.Dispatch(t.Context()); n != 6 {
		t.Errorf("%d webhooks, want one per end and one per late answer", n)
	}
	if err := s.Accept("nobody", ""); !errors.Is(err, swiyutest.ErrUnknown) {
		t.Errorf("unknown verification: %v", err)
	}
	if err := s.Accept(s.create(), "nobody"); !errors.Is(err, swiyutest.ErrUnknown) {
		t.Errorf("unknown person: %v", err)
	}
}

func TestWebhookModes(t *testing.T) {
	t.Parallel()
	rows := []struct {
		mode                 swiyutest.NotifyMode
		atAnswer, atEnd, all int // webhooks after the wallet's answer, after the end, counted
	}{
		{swiyutest.NotifyNormal, 1, 0, 1},
		{swiyutest.NotifyTwice, 2, 0, 2},
		{swiyutest.NotifyNever, 0, 0, 0},
		{swiyutest.NotifyEarly, 1, 1, 2},
		{swiyutest.NotifyEarlyOnly, 1, 0, 1},
	}
	for _, row := range rows {
		t.Run("notify "+string(row.mode), func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.SetMode(swiyutest.Mode{Notify: row.mode})
			id := s.create()
			s.must(s.Accept(id, ""))
			if n := s.Dispatch(t.Context()); n != row.atAnswer {
				t.Errorf("%d webhooks at the answer, want %d", n, row.atAnswer)
			}
			if early := row.mode == swiyutest.NotifyEarly || row.mode == swiyutest.NotifyEarlyOnly; early {
				s.wantState(id, "PENDING")
			}
			s.wantState(id, "SUCCESS")
			if n := s.Dispatch(t.Context()); n != row.atEnd {
				t.Errorf("%d webhooks at the end, want %d", n, row.atEnd)
			}
			if seen, err := s.Get(id); err != nil || seen.Events != row.all {
				t.Errorf("%d webhooks counted, %v", seen.Events, err)
			}
		})
	}
}

func TestAWebhookBeforeTheCreateIsAnswered(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.SetMode(swiyutest.Mode{Notify: swiyutest.NotifyBeforeCreate, Auto: &swiyutest.Auto{Action: swiyutest.AutoAccept}})
	id := s.create()
	if got := s.receiver.drain(); len(got) != 1 || got[0] != id {
		t.Errorf("webhooks %v when the create was answered", got)
	}
	s.wantState(id, "SUCCESS")
	if n := s.Pending(); n != 0 {
		t.Errorf("%d more webhooks", n)
	}
	s.SetMode(swiyutest.Mode{Notify: swiyutest.NotifyBeforeCreate})
	id = s.create()
	s.wantState(id, "PENDING")
	s.must(s.Accept(id, ""))
	if got := s.receiver.drain(); len(got) != 1 || s.Pending() != 1 {
		t.Errorf("webhooks %v, %d pending", got, s.Pending())
	}
}

func TestALateWebhook(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.SetMode(swiyutest.Mode{NotifyDelay: swiyutest.Duration(time.Hour)})
	s.must(s.Accept(s.create(), ""))
	s.clock.advance(time.Hour - time.Nanosecond)
	if n := s.Dispatch(t.Context()); n != 0 {
		t.Errorf("%d webhooks too early", n)
	}
	s.clock.advance(time.Nanosecond)
	if n := s.Dispatch(t.Context()); n != 1 {
		t.Errorf("%d webhooks, long after the verification was forgotten", n)
	}
}

func TestProcessingIsShownAsPending(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.SetMode(swiyutest.Mode{PendingReads: 2, PendingFor: swiyutest.Duration(time.Second)})
	id := s.create()
	s.must(s.Accept(id, ""))
	s.wantState(id, "PENDING")
	s.wantState(id, "PENDING")
	s.wantState(id, "PENDING") // reads are used up, the time is not
	s.clock.advance(time.Second)
	if n := s.Dispatch(t.Context()); n != 1 {
		t.Errorf("%d webhooks when the check ends without a read", n)
	}
	s.wantState(id, "SUCCESS")
}

func TestAStuckVerification(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.SetMode(swiyutest.Mode{Stuck: true, TTL: swiyutest.Duration(time.Minute)})
	id := s.create()
	s.must(s.Accept(id, ""))
	if n := s.Dispatch(t.Context()); n != 1 {
		t.Errorf("%d webhooks", n)
	}
	s.wantState(id, "PENDING")
	if err := s.Accept(id, ""); !errors.Is(err, swiyutest.ErrClosed) {
		t.Errorf("another answer: %v", err)
	}
	s.clock.advance(time.Minute)
	if r := s.read(id); r.status != http.StatusNotFound {
		t.Errorf("after the TTL: %d", r.status)
	}
}

func TestAClaimThatNobodyHasLeavesTheVerificationPending(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	r := s.post(strings.Replace(minimal, "given_name", "$.given_name", 1))
	id := r.json["id"].(string)
	s.must(s.Accept(id, ""))
	s.wantState(id, "PENDING")
	if s.Pending() != 1 {
		t.Errorf("%d webhooks", s.Pending())
	}
}

func TestSuccessThatFlips(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.SetMode(swiyutest.Mode{FlipAfterReads: 1})
	id := s.create()
	s.must(s.Accept(id, ""))
	s.wantState(id, "SUCCESS")
	s.wantState(id, "FAILED")
	if got := s.response(id); got["error_code"] != "verification_process_closed" || got["credential_subject_data"] != nil {
		t.Errorf("after the flip: %v", got)
	}
}

func TestTheLastAnswerOfAnOldVerifier(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.SetMode(swiyutest.Mode{LastAnswer: true})
	id := s.create()
	s.must(s.Expire(id))
	s.wantState(id, "PENDING")
	if r := s.read(id); r.status != http.StatusNotFound {
		t.Errorf("second read: %d", r.status)
	}
}

func TestAutomaticWallets(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.SetMode(swiyutest.Mode{Auto: &swiyutest.Auto{Action: swiyutest.AutoAccept, Person: "tito"}})
	id := s.create()
	s.wantState(id, "SUCCESS")
	if seen, err := s.Get(id); err != nil || seen.Person != "tito" {
		t.Errorf("%+v, %v", seen, err)
	}
	s.SetMode(swiyutest.Mode{Auto: &swiyutest.Auto{Action: swiyutest.AutoReject, Code: "client_rejected", AfterReads: 2}})
	id = s.create()
	s.wantState(id, "PENDING")
	s.wantState(id, "PENDING")
	s.wantState(id, "FAILED")
	if got := s.response(id)["error_code"]; got != "client_rejected" {
		t.Errorf("code %v", got)
	}
	s.SetMode(swiyutest.Mode{Auto: &swiyutest.Auto{Action: swiyutest.AutoFail}})
	s.wantState(s.create(), "FAILED")
}

func TestAHookHoldsAnAnswerBack(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	entered, release := make(chan swiyutest.Call, 1), make(chan struct{})
	s.SetHook(func(_ context.Context, c swiyutest.Call) {
		entered <- c
		<-release
	})
	answered := make(chan reply, 1)
	go func() { answered <- s.post(minimal) }()
	c := <-entered
	if _, err := s.Get(c.ID); err != nil || c.Op != "create" {
		t.Errorf("not stored before the answer: %+v, %v", c, err)
	}
	select {
	case <-answered:
		t.Error("answered before the hook let it")
	default:
	}
	close(release)
	if r := <-answered; r.json["id"] != c.ID {
		t.Errorf("answered %v", r.json["id"])
	}
}

func TestADelayedAnswerEndsWithTheCallersPatience(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	id := s.create()
	s.must(s.SetModeOf(id, swiyutest.Mode{ReadDelay: swiyutest.Duration(time.Hour)}))
	ctx, cancel := context.WithCancel(t.Context())
	s.SetHook(func(context.Context, swiyutest.Call) { cancel() })
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.server.URL+"/management/api/verifications/"+id, nil)
	s.must(err)
	if resp, err := s.server.Client().Do(req); !errors.Is(err, context.Canceled) {
		resp.Body.Close()
		t.Errorf("got %v", err)
	}
}

func TestAModeIsItsJSON(t *testing.T) {
	t.Parallel()
	want := swiyutest.Mode{
		Notify: swiyutest.NotifyTwice, NotifyDelay: swiyutest.Duration(1500 * time.Millisecond),
		ReadFault: &swiyutest.Fault{Kind: swiyutest.FaultStatus, Status: 502, Times: 3},
		Auto:      &swiyutest.Auto{Action: swiyutest.AutoAccept, Person: "zoe"},
	}
	raw, err := json.Marshal(want)
	if err != nil || !strings.Contains(string(raw), `"notify_delay":"1.5s"`) {
		t.Fatalf("%s, %v", raw, err)
	}
	s := newStage(t)
	if r := s.call(http.MethodPut, "/control/mode", "", string(raw)); r.status != http.StatusOK {
		t.Fatal(r.text)
	}
	if diff := cmp.Diff(want, s.Mode(), cmp.AllowUnexported(swiyutest.Fault{})); diff != "" {
		t.Error(diff)
	}
}
