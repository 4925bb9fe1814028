package e2e_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync/atomic"
	"testing"

	"vouchgate/e2e"
)

// shown is the JSON answer of the authorization endpoint to a client that shows
// the link itself.
type shown struct {
	ID       string `json:"verification_id"`
	URL      string `json:"verification_url"`
	Deeplink string `json:"verification_deeplink"`
	State    string `json:"state"`
	Status   string `json:"status"`
	Left     int    `json:"expires_in"`
}

// authorizeJSON opens a session as a program does, without cookies.
func authorizeJSON(t *testing.T, ctx context.Context, to string) (a shown) {
	t.Helper()
	req := must[*http.Request](t)(http.NewRequestWithContext(ctx, http.MethodGet, to, nil))
	req.Header.Set("Accept", "application/json")
	resp := must[*http.Response](t)(http.DefaultClient.Do(req))
	defer resp.Body.Close()
	body := must[[]byte](t)(io.ReadAll(resp.Body))
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("authorize as JSON: %s: %s", resp.Status, body)
	}
	check(t, json.Unmarshal(body, &a))
	return a
}

func TestAClientWithoutABrowserGetsItsCodeByWebhook(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newStage(t, e)
		client := s.client(t, "telecom", "--code-delivery", "webhook", "--scope", "given_name birth_date age_over_18")
		ctx := e2e.Patient(t)
		nonce := must[string](t)(client.Setup(ctx, s.URL))
		to := client.AuthorizeURL(s.URL, nonce, "order 7", "scope", "given_name age_over_18")

		a := authorizeJSON(t, ctx, to)
		if a.Status != "authorized" || a.State != "order 7" || a.Left < 800 || a.Deeplink == "" || e2e.VerificationOn([]byte(a.URL)) != a.ID {
			t.Fatalf("got %+v", a)
		}
		if again := authorizeJSON(t, ctx, to); again.ID != a.ID {
			t.Errorf("asking again makes another verification")
		}
		check(t, s.verifier.Accept(a.ID, "lia"))
		event := must[e2e.Event](t)(awaitVerification(ctx, s.webhooks, a.ID, "verification.verified"))
		if event.Data.Code == "" || event.Data.State != "order 7" || event.Data.Status != "verified" {
			t.Fatalf("the webhook says %s", event.Body)
		}
		info := must[e2e.Answer](t)(client.Read(ctx, s.URL, event.Data.Code))
		if info.JSON["given_name"] != "Lía" || info.JSON["age_over_18"] != false {
			t.Errorf("info says %s", info.Body)
		}
		if _, asked := info.JSON["birth_date"]; asked {
			t.Errorf("info says what was not asked for: %s", info.Body)
		}
		if second, err := client.Redeem(ctx, s.URL, event.Data.Code); err != nil || second.Text("error") != "invalid_grant" {
			t.Errorf("the code again: status %d, %v", second.Status, err)
		}
		s.webhooks.OncePerSession()
	})
}

func TestARefusedProofIsToldByWebhookWithoutACode(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newStage(t, e)
		client := s.client(t, "telecom", "--code-delivery", "webhook")
		ctx := e2e.Patient(t)
		to := client.AuthorizeURL(s.URL, must[string](t)(client.Setup(ctx, s.URL)), "s")
		a := authorizeJSON(t, ctx, to)
		check(t, s.verifier.Fail(a.ID, "credential_revoked"))
		event := must[e2e.Event](t)(awaitVerification(ctx, s.webhooks, a.ID, "verification.failed"))
		if event.Data.Code != "" || event.Data.Error != "credential_not_valid" {
			t.Errorf("the webhook says %s", event.Body)
		}
		// The same URL again is another attempt.
		b := authorizeJSON(t, ctx, to)
		check(t, s.verifier.Accept(b.ID, ""))
		event = must[e2e.Event](t)(awaitVerification(ctx, s.webhooks, b.ID, "verification.verified"))
		must[e2e.Answer](t)(client.Read(ctx, s.URL, event.Data.Code))
	})
}

func awaitVerification(ctx context.Context, r *e2e.Receiver, id, kind string) (found e2e.Event, err error) {
	err = r.Await(ctx, func(events []e2e.Event) bool {
		for _, e := range events {
			if e.Data.VerificationID == id && e.Type == kind {
				found = e
				return true
			}
		}
		return false
	})
	return found, err
}

func TestAWebhookComesAgainUntilItIsTaken(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newStage(t, e)
		client := s.client(t, "shop")
		var tries atomic.Int64
		s.webhooks.Answer(func(e2e.Event) int {
			if tries.Add(1) == 1 {
				return http.StatusInternalServerError
			}
			return http.StatusOK
		})
		ctx := e2e.Patient(t)
		b := e2e.NewBrowser()
		page := must[e2e.Page](t)(b.Get(ctx, client.AuthorizeURL(s.URL, must[string](t)(client.Setup(ctx, s.URL)), "s")))
		check(t, s.verifier.Accept(page.Verification(), ""))
		check(t, s.webhooks.Await(ctx, func(events []e2e.Event) bool { return len(events) >= 2 }))
		events := s.webhooks.Events()
		if events[0].ID != events[1].ID || string(events[0].Body) != string(events[1].Body) {
			t.Errorf("%s came, then %s", events[0].ID, events[1].ID)
		}
		if events[0].Data.Code != "" || events[0].Data.State != "" {
			t.Errorf("the webhook of a client with redirects says %s", events[0].Body)
		}
	})
}
