package e2e_test

import (
	"bytes"
	"context"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/http"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"vouchgate/e2e"
	"vouchgate/verify/address/addresstest"
	"vouchgate/verify/swiyu/swiyutest"
)

const mailPassword = "correct horse battery"

// newMailStage starts a gateway that sends e-mails by a mail server, which it
// trusts if trusted.
func newMailStage(t *testing.T, e e2e.Engine, server *addresstest.Server, security string, trusted bool) *stage {
	t.Helper()
	dir := t.TempDir()
	password, roots := filepath.Join(dir, "password"), filepath.Join(dir, "roots.pem")
	check(t, os.WriteFile(password, []byte(mailPassword+"\n"), 0o600))
	check(t, os.WriteFile(roots, server.RootsPEM(), 0o600))
	options := e2e.Options{Data: e2e.NewData(t, e), Flags: []string{
		"--smtp-address", server.Address(), "--smtp-tls", security, "--smtp-user", "codes", "--smtp-password-file", password,
		"--mail-from", "Müster <codes@example.org>", "--mail-reply-to", "help@example.org",
	}}
	if trusted {
		options.Env = []string{"SSL_CERT_FILE=" + roots}
	}
	v := e2e.NewVerifier(t, swiyutest.Config{})
	options.Flags = append(options.Flags, "--verifier-url", v.URL)
	return &stage{Gateway: e2e.Start(t, options), verifier: v, webhooks: e2e.NewReceiver(t)}
}

// mailAsked opens a session and has an e-mail sent.
func (s *stage) mailAsked(t *testing.T, ctx context.Context, c e2e.Client, p place) (*e2e.Browser, e2e.Page) {
	t.Helper()
	b := e2e.NewBrowser()
	page := must[e2e.Page](t)(b.Get(ctx, c.AuthorizeURL(s.URL, must[string](t)(c.Setup(ctx, s.URL)), "my state")))
	page = must[e2e.Page](t)(b.Submit(ctx, page, "/address", p.fields...))
	at(t, page, http.StatusOK, "pin")
	return b, page
}

var mailedTAN = regexp.MustCompile(`\b[0-9]{8}\b`)

// readMail returns the TAN of an e-mail.
func readMail(t *testing.T, m addresstest.Mail) (tan string) {
	t.Helper()
	parsed := must[*mail.Message](t)(mail.ReadMessage(bytes.NewReader(m.Raw)))
	from := must[[]*mail.Address](t)(parsed.Header.AddressList("From"))
	subject := must[string](t)((&mime.WordDecoder{}).DecodeHeader(parsed.Header.Get("Subject")))
	if from[0].Name != "Müster" || from[0].Address != "codes@example.org" || parsed.Header.Get("Auto-Submitted") != "auto-generated" || subject == "" {
		t.Errorf("the mail is from %v, about %q", from, subject)
	}
	if mailedTAN.MatchString(parsed.Header.Get("Message-Id")) || !strings.Contains(parsed.Header.Get("Reply-To"), "help@example.org") {
		t.Errorf("its header is %v", parsed.Header)
	}
	var body io.Reader = parsed.Body
	if parsed.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		body = quotedprintable.NewReader(body)
	}
	text := must[[]byte](t)(io.ReadAll(body))
	found := mailedTAN.FindAll(text, -1)
	if len(found) != 1 {
		t.Fatalf("%d TANs in %s", len(found), text)
	}
	return string(found[0])
}

func TestAMailServerBringsTheTAN(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		for security, kind := range map[string]addresstest.Security{"starttls": addresstest.STARTTLS, "tls": addresstest.TLS} {
			t.Run(security, func(t *testing.T) {
				t.Parallel()
				server := addresstest.Start(t, addresstest.Options{Security: kind, User: "codes", Password: mailPassword})
				s, ctx, p := newMailStage(t, e, server, security, true), e2e.Patient(t), newPlace("email")
				client := s.client(t, "shop", "--method", "email")
				b, page := s.mailAsked(t, ctx, client, p)
				check(t, b.AwaitDelivery(ctx, s.URL, sessionOf(t, page), "sent"))
				mails := must[[]addresstest.Mail](t)(server.Wait(ctx, 1))
				if m := mails[0]; !m.TLS || m.User != "codes" || m.From != "codes@example.org" || len(m.To) != 1 || m.To[0] != p.mark {
					t.Errorf("by TLS %t, signed in as %q, from %q to %q", m.TLS, m.User, m.From, m.To)
				}
				home := must[e2e.Page](t)(b.Submit(ctx, page, "/pin", "pin", readMail(t, mails[0])))
				isProved(t, must[e2e.Answer](t)(client.Read(ctx, s.URL, homeWithCode(t, home))), p)
			})
		}
	})
}

func TestWhatAMailServerSaysDecides(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		var busy atomic.Bool
		busy.Store(true)
		nobody, later := newPlace("email"), newPlace("email")
		answer := func(stage addresstest.Stage, mailbox string) *addresstest.Reply {
			switch {
			case stage == addresstest.StageRecipient && mailbox == nobody.mark:
				return &addresstest.Reply{Code: 550, Enhanced: [3]int{5, 1, 1}, Text: "no such user " + mailbox}
			case stage == addresstest.StageRecipient && mailbox == later.mark && busy.Load():
				return &addresstest.Reply{Code: 451, Enhanced: [3]int{4, 2, 1}, Text: "try again, " + mailbox}
			}
			return nil
		}
		server := addresstest.Start(t, addresstest.Options{User: "codes", Password: mailPassword, Answer: answer})
		s, ctx := newMailStage(t, e, server, "starttls", true), e2e.Patient(t)
		client := s.client(t, "shop", "--method", "email")
		b, page := s.mailAsked(t, ctx, client, nobody)
		check(t, b.AwaitDelivery(ctx, s.URL, sessionOf(t, page), "sent"))
		tells(t, must[e2e.Page](t)(b.Get(ctx, page.URL.String())), "sent")

		b, page = s.mailAsked(t, ctx, client, later)
		check(t, b.AwaitDelivery(ctx, s.URL, sessionOf(t, page), "delayed"))
		busy.Store(false)
		check(t, b.AwaitDelivery(ctx, s.URL, sessionOf(t, page), "sent"))
		home := must[e2e.Page](t)(b.Submit(ctx, page, "/pin", "pin", readMail(t, must[[]addresstest.Mail](t)(server.Wait(ctx, 1))[0])))
		homeWithCode(t, home)
		for _, p := range []place{nobody, later} {
			if strings.Contains(s.Log.String(), strings.Split(p.mark, "@")[0]) {
				t.Error("the log holds what the server said of an address")
			}
		}
		check(t, e2e.Until(ctx, "the operator to be told of the refusal", func() (bool, error) {
			return strings.Contains(s.Log.String(), "message refused"), nil
		}))
	})
}

func TestAMailServerThatNobodyVouchesForGetsNothing(t *testing.T) {
	t.Parallel()
	server := addresstest.Start(t, addresstest.Options{User: "codes", Password: mailPassword})
	s, ctx := newMailStage(t, e2e.SQLite, server, "starttls", false), e2e.Patient(t)
	b, page := s.mailAsked(t, ctx, s.client(t, "shop", "--method", "email"), newPlace("email"))
	check(t, b.AwaitDelivery(ctx, s.URL, sessionOf(t, page), "delayed"))
	if len(server.Mails()) != 0 || len(server.RefusedUsers()) != 0 {
		t.Error("a server whose certificate nobody trusts was told something")
	}
}
