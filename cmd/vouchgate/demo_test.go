package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
)

func TestDemoWalk(t *testing.T) {
	t.Parallel()
	got := newShell(t).run("demo", "--walk").ok()
	rest := got.stdout
	for _, step := range []string{
		"setup", "authorize page", "wallet accepts", "notification", "proof checked", "consent", "webhook verified", "finish redirect", "token", "info", "proved",
		"with an e-mail address", "setup", "address", "message", "TAN entered", "consent", "webhook verified", "finish redirect", "token", "info", "proved", "Done in",
	} {
		_, after, found := strings.Cut(rest, step)
		if !found {
			t.Fatalf("the walk lacks %q, or has it in another place:\n%s", step, got.stdout)
		}
		rest = after
	}
	if got.stderr != "" {
		t.Errorf("the walk complained:\n%s", got.stderr)
	}
	for _, leak := range []string{"code=", "nonce=", "whsec_"} {
		if strings.Contains(got.stdout, leak) {
			t.Errorf("the walk prints %s", leak)
		}
	}
}

func TestDemoLeavesNothingBehind(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	newShell(t).run("demo", "--walk").ok()
	left, err := os.ReadDir(folder)
	if err != nil || len(left) > 0 {
		t.Errorf("the demo left %v behind, error %v", left, err)
	}
}

// The inbox is what people look at in place of their phone: it has the newest message
// first, keeps a bounded number, and shows names that others chose as text.
func TestDemoInbox(t *testing.T) {
	t.Parallel()
	when := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	mails := newInbox(func() time.Time { return when })
	if !slices.Equal(mails.Methods(), kyc.AddressMethods) {
		t.Errorf("it takes %v", mails.Methods())
	}
	send := func(m kyc.Message) {
		t.Helper()
		m.ClientName, m.ExpiresAt = "A <b>shop</b>", when.Add(15*time.Minute)
		if got, err := mails.Send(t.Context(), m); got != kyc.DeliverySent || err != nil {
			t.Errorf("sending gives %s, %v", got, err)
		}
	}
	for i := range maxInbox {
		send(kyc.Message{TAN: fmt.Sprintf("%08d", i), Address: kyc.Address{Method: kyc.MethodPhone, Phone: "+41791234567"}})
	}
	send(kyc.Message{TAN: "11112222", Address: kyc.Address{Method: kyc.MethodEmail, Email: "mira@example.org"}})
	send(kyc.Message{
		TAN: "33334444", Link: "https://gate.example/letter/7K3F-9QWX-2MTD-8HJP",
		Address: kyc.Address{Method: kyc.MethodPostalCH, Name: "Mira Muster", Lines: []string{"Musterweg 7", "8000 Zürich"}, Country: "CH"},
	})
	if got := len(mails.all()); got != maxInbox {
		t.Errorf("it keeps %d messages, want %d", got, maxInbox)
	}
	page := httptest.NewRecorder()
	(&shop{mails: mails}).handler().ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/inbox", nil))
	rest := page.Body.String()
	for _, part := range []string{
		`http-equiv="refresh"`, "Letter to", "Mira Muster, Musterweg 7, 8000 Zürich", "12:00:00 UTC", "A &lt;b&gt;shop&lt;/b&gt;", "22 November 2026, 12:15 UTC",
		`class="tan">33334444<`, `href="https://gate.example/letter/7K3F-9QWX-2MTD-8HJP"`,
		"E-mail to", "mira@example.org", `class="tan">11112222<`, "Short message to", "&#43;41791234567", `class="tan">00000049<`, `class="tan">00000048<`,
	} {
		_, after, found := strings.Cut(rest, part)
		if !found {
			t.Fatalf("the page lacks %q, or has it in another place:\n%s", part, page.Body)
		}
		rest = after
	}
	if strings.Contains(rest, "00000001<") || strings.Contains(rest, ">00000000<") {
		t.Error("the oldest messages are still there")
	}
}

func TestDemoInboxWaitsForAMessage(t *testing.T) {
	t.Parallel()
	mails := newInbox(clock)
	came := make(chan error, 1)
	go func() { came <- mails.next(t.Context(), "mira@example.org") }()
	for _, to := range []string{"other@example.org", "mira@example.org"} {
		_, _ = mails.Send(t.Context(), kyc.Message{Address: kyc.Address{Method: kyc.MethodEmail, Email: to}})
	}
	if err := <-came; err != nil {
		t.Error(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if mails.next(ended, "nobody@example.org") == nil {
		t.Error("a message came to nobody")
	}
}

func TestShopShowsWhateverItRead(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, info    string
		says, saysNot []string
	}{
		{
			"of age", `{"given_name": "Mira", "age_over_18": true, "method": "swiyu"}`,
			[]string{"Thank you, Mira", "You are 18 or older"}, []string{"Sorry", "write to"},
		},
		{"too young", `{"given_name": "Lía", "age_over_18": false}`, []string{"Sorry, Lía", "not 18 yet"}, []string{"Thank you"}},
		{
			"an e-mail address", `{"id": 7205759403792793601, "email": "mira@example.org", "email_verified": true, "expires": {"t_s": 1795348800}, "address": {"CONTACT_EMAIL": "mira@example.org"}, "address_type": "email"}`,
			[]string{"<h1>Thank you</h1>", "write to mira@example.org", "7205759403792793601", "expires.t_s", "1795348800", "address.CONTACT_EMAIL"},
			[]string{"18 or older", "Sorry", "call", "e&#43;18"},
		},
		{"a phone", `{"phone_number": "+41791234567"}`, []string{"call &#43;41791234567"}, []string{"write to"}},
		{"a letter box", `{"address": {"formatted": "Weg 1\n8000 Zürich", "country": "CH"}, "address_type": "postal-ch"}`, []string{"where to send the bottle", "address.formatted", "8000 Zürich"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := json.NewDecoder(strings.NewReader(test.info))
			d.UseNumber()
			var info map[string]any
			if err := d.Decode(&info); err != nil {
				t.Fatal(err)
			}
			page := httptest.NewRecorder()
			writeShopPage(page, "proved", provedPage(info, nil))
			for _, text := range test.says {
				if !strings.Contains(page.Body.String(), text) {
					t.Errorf("the page lacks %q:\n%s", text, page.Body)
				}
			}
			for _, text := range test.saysNot {
				if strings.Contains(page.Body.String(), text) {
					t.Errorf("the page says %q:\n%s", text, page.Body)
				}
			}
		})
	}
}

// startDemo runs a demo until the test is over.
func startDemo(t *testing.T, p *program) *demo {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	d, err := newDemo(ctx, p, t.TempDir(), slog.New(slog.DiscardHandler), true)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- d.run(ctx, func(ctx context.Context) error {
			<-ctx.Done()
			return nil
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the demo ended with %v", err)
		}
	})
	return d
}

// Each method of the demo leads to a page on which it can be gone on with.
func TestDemoHasEveryMethod(t *testing.T) {
	t.Parallel()
	said := &strings.Builder{}
	p := &program{stdout: said, stderr: io.Discard, now: clock, rand: rand.Reader}
	d := startDemo(t, p)
	d.explain(p)
	for _, text := range []string{d.shop.self + "/inbox", "sign in as mira with the password " + d.shop.account.Password, d.shop.gateway + "/docs"} {
		if !strings.Contains(said.String(), text) {
			t.Errorf("the demo does not explain %q:\n%s", text, said)
		}
	}
	w := &walker{demo: d, p: p, browser: newBrowser()}
	if home, err := w.page(t.Context(), d.shop.self+"/"); err != nil || !strings.Contains(home, d.shop.account.Password) || !strings.Contains(home, `href="/inbox"`) {
		t.Errorf("the shop does not say how to go on (error %v):\n%s", err, home)
	}
	pages := map[kyc.Method]string{}
	for _, m := range kyc.Methods {
		session, err := w.choose(t.Context(), m)
		if err != nil {
			t.Fatalf("%s: %v", m, err)
		}
		response, _, err := w.do(t.Context(), http.MethodGet, session, nil)
		if err != nil {
			t.Fatal(err)
		}
		pages[m] = strings.TrimPrefix(response.Header.Get("Location"), strings.TrimPrefix(session, d.shop.gateway))
	}
	want := map[kyc.Method]string{
		kyc.MethodSwiyu: "", kyc.MethodAccount: "/login", kyc.MethodEmail: "/pin", kyc.MethodPhone: "/pin",
		kyc.MethodPostal: "/pin", kyc.MethodPostalCH: "/pin",
	}
	if diff := cmp.Diff(want, pages); diff != "" {
		t.Errorf("pages after the choice (-want +got):\n%s", diff)
	}
}

func TestDemoAccountSignsIn(t *testing.T) {
	t.Parallel()
	p := &program{stdout: io.Discard, stderr: io.Discard, now: clock, rand: rand.Reader}
	d := startDemo(t, p)
	w := &walker{demo: d, p: p, browser: newBrowser()}
	session, err := w.choose(t.Context(), kyc.MethodAccount)
	if err != nil {
		t.Fatal(err)
	}
	to, err := w.submit(t.Context(), session+"/login", url.Values{"user_name": {d.shop.account.UserName}, "password": {d.shop.account.Password}})
	if err != nil || to != session+"/consent" {
		t.Fatalf("signing in leads to %s, error %v", to, err)
	}
	if err := w.arrive(t.Context(), session, "", "Thank you, Mira", "You are 18 or older", "mira@example.org"); err != nil {
		t.Error(err)
	}
}
