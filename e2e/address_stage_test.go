package e2e_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"vouchgate/e2e"
)

// addressStage is a stage whose messages go to an outbox.
type addressStage struct {
	*stage
	outbox *e2e.Outbox
}

func newAddressStage(t *testing.T, e e2e.Engine, flags ...string) *addressStage {
	t.Helper()
	outbox := e2e.NewOutbox(t)
	return &addressStage{newStage(t, e, append(outbox.Flags(), flags...)...), outbox}
}

// second starts another gateway beside the first, on the same database and with the
// same outbox.
func (s *addressStage) second(t *testing.T, flags ...string) *e2e.Gateway {
	t.Helper()
	return e2e.Start(t, e2e.Options{Data: s.Data, Flags: append(append(flags, "--verifier-url", s.verifier.URL), s.outbox.Flags()...)})
}

// client registers a client that proves addresses, gets webhooks and needs no PKCE.
func (s *addressStage) client(t *testing.T, id, method string, flags ...string) e2e.Client {
	t.Helper()
	return s.stage.client(t, id, append([]string{"--method", method}, flags...)...)
}

// place is where a person gets messages, and nobody else.
type place struct {
	method string
	fields []string // of forms: names and values in turn
	mark   string   // the value that no other place has
}

// newPlace makes a place up.
func newPlace(method string) place {
	word := strings.ToLower(rand.Text()[:12])
	switch method {
	case "email":
		mark := "anna-" + word + "@example.org"
		return place{method, []string{"CONTACT_EMAIL", mark}, mark}
	case "phone":
		n, err := rand.Int(rand.Reader, big.NewInt(1e7))
		if err != nil {
			panic(err)
		}
		mark := fmt.Sprintf("+4179%07d", n)
		return place{method, []string{"CONTACT_PHONE", mark}, mark}
	}
	town, fields := "8000 Zürich", []string{"CONTACT_NAME", "Anna Muster"}
	if method == "postal" {
		town, fields = "10115 Berlin", append(fields, "ADDRESS_COUNTRY", "DE")
	}
	mark := "Weg-" + word + " 7\n" + town
	return place{method, append(fields, "ADDRESS_LINES", mark), mark}
}

// typed are the fields as a browser sends them (HTML standard, section 4.10.21.4).
func (p place) typed() (fields []string) {
	for _, value := range p.fields {
		fields = append(fields, strings.ReplaceAll(value, "\n", "\r\n"))
	}
	return fields
}

// json is the place as a client gives it at /setup.
func (p place) json(t *testing.T, fixed bool) string {
	t.Helper()
	body := map[string]any{"read_only": fixed}
	for i := 0; i < len(p.fields); i += 2 {
		body[p.fields[i]] = p.fields[i+1]
	}
	text, err := json.Marshal(body)
	check(t, err)
	return string(text)
}

// begin opens a session of a client in a browser.
func (s *addressStage) begin(t *testing.T, ctx context.Context, c e2e.Client, b *e2e.Browser, rest ...string) e2e.Page {
	t.Helper()
	return must[e2e.Page](t)(b.Get(ctx, c.AuthorizeURL(s.URL, must[string](t)(c.Setup(ctx, s.URL)), "my state", rest...)))
}

// order enters an address on its page and returns the page for the TAN and the
// message.
func (s *addressStage) order(t *testing.T, ctx context.Context, b *e2e.Browser, page e2e.Page, p place) (e2e.Page, e2e.Sent) {
	t.Helper()
	before := s.outbox.Count(p.mark)
	page = must[e2e.Page](t)(b.Submit(ctx, page, "/address", p.typed()...))
	if page.Status != 200 || !strings.HasSuffix(page.URL.Path, "/pin") {
		t.Fatalf("after the address: %s\n%s", page, page.Body)
	}
	return page, must[e2e.Sent](t)(s.outbox.To(ctx, p.mark, before+1))
}

// prove goes from the page for an address to where the browser is sent in the end.
func (s *addressStage) prove(t *testing.T, ctx context.Context, b *e2e.Browser, page e2e.Page, p place) e2e.Page {
	t.Helper()
	page, sent := s.order(t, ctx, b, page, p)
	return must[e2e.Page](t)(b.Submit(ctx, page, "/pin", "pin", sent.TAN))
}

// sessionOf is the id of the session that has a page.
func sessionOf(t *testing.T, p e2e.Page) string {
	t.Helper()
	parts := strings.Split(p.URL.Path, "/")
	if len(parts) < 3 || parts[1] != "session" {
		t.Fatalf("no page of a session: %s\n%s", p, p.Body)
	}
	return parts[2]
}

// at fails the test unless a page is one of a session's.
func at(t *testing.T, p e2e.Page, status int, step string) {
	t.Helper()
	if p.Away != nil || p.Status != status || !strings.HasSuffix(p.URL.Path, "/"+step) {
		t.Fatalf("%s, and not status %d at /%s\n%s", p, status, step, p.Body)
	}
}

// homeWithCode fails the test unless a browser was sent to the client with a code.
func homeWithCode(t *testing.T, p e2e.Page) string {
	t.Helper()
	if p.Code() == "" {
		t.Fatalf("no code: %s\n%s", p, p.Body)
	}
	return p.Code()
}

// other is a TAN that was not sent.
func other(tan string) string {
	digits := []byte(tan)
	digits[0] = '0' + (digits[0]-'0'+1)%10
	return string(digits)
}

// idsOnly fails the test if an event says more than ids and states.
func idsOnly(t *testing.T, e e2e.Event) {
	t.Helper()
	var body struct {
		Data map[string]any `json:"data"`
	}
	check(t, json.Unmarshal(e.Body, &body))
	for name := range body.Data {
		if !slices.Contains([]string{"session_id", "client_id", "verification_id", "status", "method", "error"}, name) {
			t.Errorf("a webhook says %s: %s", name, e.Body)
		}
	}
}
