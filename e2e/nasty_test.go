package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"vouchgate/e2e"
	"vouchgate/verify/swiyu/swiyutest"
)

// nasty is a gateway whose clients have a verifier of each kind.
type nasty struct {
	*stage
	clients   []e2e.Client
	verifiers []*e2e.Verifier

	mu    sync.Mutex
	walks map[string]kind // by session
}

func newNasty(t *testing.T, e e2e.Engine) *nasty {
	t.Helper()
	n := &nasty{stage: newStage(t, e), walks: map[string]kind{}}
	for i, k := range nastyKinds {
		v := e2e.NewVerifier(t, swiyutest.Config{})
		v.SetMode(k.mode)
		v.Tell(n.Gateway)
		n.verifiers = append(n.verifiers, v)
		n.clients = append(n.clients, n.Data.AddClient(t, e2e.ClientOptions{
			ID: fmt.Sprintf("client-%d", i), Verifier: v, Webhooks: n.webhooks, Flags: []string{"--pkce", "optional"},
		}))
	}
	return n
}

// walk walks one person through a kind and says whether that came out right.
func (n *nasty) walk(ctx context.Context, i int) error {
	at := i % len(nastyKinds)
	k, c, v := nastyKinds[at], n.clients[at], n.verifiers[at]
	err := n.through(ctx, k, c, v)
	if err != nil {
		err = fmt.Errorf("%s: %w", k.name, err)
	}
	return err
}

func (n *nasty) through(ctx context.Context, k kind, c e2e.Client, v *e2e.Verifier) error {
	nonce, err := c.Setup(ctx, n.URL)
	if err != nil {
		return err
	}
	b := e2e.NewBrowser()
	page, err := b.Get(ctx, c.AuthorizeURL(n.URL, nonce, "s"))
	if err == nil && page.Session() == "" {
		err = fmt.Errorf("no session's page: %s", page)
	}
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.walks[page.Session()] = k
	n.mu.Unlock()
	if id := page.Verification(); id != "" {
		if err := k.answer(v, id); err != nil {
			return err
		}
	}
	if _, err := b.Await(ctx, n.URL, page.Session(), k.outcome); err != nil {
		return err
	}
	home, err := b.Get(ctx, n.URL+page.URL.Path+"/finish")
	switch {
	case err != nil:
		return err
	case k.outcome != "verified" && home.Code() != "":
		return errors.New("it gave a code without a proof")
	case k.outcome != "verified":
		return nil
	case home.Code() == "":
		return fmt.Errorf("no code: %s", home)
	}
	info, err := c.Read(ctx, n.URL, home.Code())
	if err == nil && (info.Text("given_name") != "Zoë" || info.JSON["age_over_18"] != true) {
		err = fmt.Errorf("info says %s", info.Body)
	}
	return err
}

// told waits for the one webhook of every walk and checks what it says.
func (n *nasty) told(t *testing.T, ctx context.Context) {
	t.Helper()
	kinds := map[string]string{"verified": "verification.verified", "failed": "verification.failed", "expired": "verification.expired"}
	err := n.webhooks.Await(ctx, func(events []e2e.Event) bool {
		sessions := map[string]bool{}
		for _, e := range events {
			sessions[e.Data.SessionID] = true
		}
		return len(sessions) >= len(n.walks)
	})
	check(t, err)
	ids := map[string]bool{}
	for _, e := range n.webhooks.Events() {
		k, known := n.walks[e.Data.SessionID]
		if !known || e.Type != kinds[k.outcome] || e.Data.Error != k.failure || e.Data.Code != "" {
			t.Errorf("%s: the webhook says %s", k.name, e.Body)
		}
		ids[e.ID] = true
	}
	if len(ids) != len(n.walks) {
		t.Errorf("%d walks caused %d webhooks", len(n.walks), len(ids))
	}
	n.webhooks.OncePerSession()
}

// closed checks with the program's own command that no session is left open.
func (n *nasty) closed(t *testing.T) {
	t.Helper()
	var sessions []e2e.Session
	n.Data.RunJSON(t, &sessions, "session", "list", "--limit", strconv.Itoa(10*len(n.walks)))
	if len(sessions) != len(n.walks) {
		t.Errorf("%d walks made %d sessions", len(n.walks), len(sessions))
	}
	for _, s := range sessions {
		k := n.walks[s.ID]
		if want := map[string]string{"verified": "completed"}[k.outcome]; s.Status != want && (want != "" || s.Status != k.outcome) {
			t.Errorf("%s: the session is %s", k.name, s.Status)
		}
	}
}

func TestEveryWalkEndsRightWhateverTheVerifierDoes(t *testing.T) {
	t.Parallel()
	walks := 1000
	if testing.Short() {
		walks = 200
	}
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		n := newNasty(t, e)
		ctx, cancel := context.WithTimeout(t.Context(), 2*e2e.Patience)
		defer cancel()
		began := time.Now()
		check(t, crowd(walks, 128, func(i int) error { return n.walk(ctx, i) }))
		n.told(t, ctx)
		t.Logf("%d walks of %d kinds took %s; %d webhooks came", walks, len(nastyKinds), time.Since(began).Round(time.Second), len(n.webhooks.Events()))
		n.Stop()
		n.closed(t)
		for i, v := range n.verifiers {
			if followed := v.Counters().Trapped; followed > 0 {
				t.Errorf("%s: %d redirects of the verifier were followed", nastyKinds[i].name, followed)
			}
		}
	})
}

func TestAVerifierThatCannotBeReachedIsAPageAndNotAnEnd(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newStage(t, e)
		client, b, ctx := s.client(t, "shop"), e2e.NewBrowser(), e2e.Patient(t)
		to := client.AuthorizeURL(s.URL, must[string](t)(client.Setup(ctx, s.URL)), "s")
		for _, f := range []swiyutest.FaultKind{swiyutest.FaultStatus, swiyutest.FaultGarbage, swiyutest.FaultReset, swiyutest.FaultTruncated} {
			s.verifier.SetMode(swiyutest.Mode{CreateFault: &swiyutest.Fault{Kind: f}})
			page := must[e2e.Page](t)(b.Get(ctx, to))
			if page.Status != http.StatusServiceUnavailable || page.Away != nil {
				t.Errorf("%s: %s", f, page)
			}
		}
		s.verifier.SetMode(swiyutest.Mode{})
		page := must[e2e.Page](t)(b.Get(ctx, to))
		check(t, s.verifier.Accept(page.Verification(), "tito"))
		says(t, must[e2e.Answer](t)(client.Read(ctx, s.URL, goHome(t, ctx, b, page).Code())), "tito")
	})
}
