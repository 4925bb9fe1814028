package conformance

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"vouchgate/e2e"
)

// Metadata is what the gateway says of itself.
func (t *T) Metadata() map[string]any {
	t.Helper()
	return t.OK(t.Get("/.well-known/openid-configuration")).JSON
}

// Lists says whether a member of a JSON object is a list that holds a text.
func Lists(object map[string]any, name, text string) bool {
	list, _ := object[name].([]any)
	for _, v := range list {
		if v == text {
			return true
		}
	}
	return false
}

// Texts is a member of a JSON object that is a list of texts.
func Texts(object map[string]any, name string) []string {
	var texts []string
	list, _ := object[name].([]any)
	for _, v := range list {
		text, _ := v.(string)
		texts = append(texts, text)
	}
	return texts
}

// Part reads the header (0) or the claims (1) of a JWT, without a look at its
// signature.
func (t *T) Part(jwt string, part int) map[string]any {
	t.Helper()
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		t.Fatalf("a JWT of %d parts", len(parts))
	}
	text := must[[]byte](t)(base64.RawURLEncoding.DecodeString(parts[part]))
	var read map[string]any
	t.Check(json.Unmarshal(text, &read))
	return read
}

// Press sends a form of a page as Submit does, and does not follow where that
// leads.
func (t *T) Press(b *e2e.Browser, p e2e.Page, end string, set ...string) Answer {
	t.Helper()
	form := must[e2e.Form](t)(p.Form(end))
	change(form.Values, set)
	return t.PostForm(form.Action.String(), form.Values, t.As(b, "Origin", t.Issuer(), "Sec-Fetch-Site", "same-origin")...)
}

// As returns headers, names and values in turn, with those that a browser sends of
// itself: its cookies, and that it wants pages.
func (t *T) As(b *e2e.Browser, header ...string) []string {
	var cookies []string
	for _, c := range b.Cookies(t.Issuer()) {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	header = append(header, "Accept", "text/html,*/*;q=0.8", "Accept-Language", "en")
	if len(cookies) > 0 {
		header = append(header, "Cookie", strings.Join(cookies, "; "))
	}
	return header
}

// Pass waits until some time has passed, for what cannot be asked for without
// using it up, such as a code.
func (t *T) Pass(d time.Duration) {
	t.Helper()
	end := time.Now().Add(d)
	t.Until("time to pass", func() (bool, error) { return time.Now().After(end), nil })
}

// Alive fails the case unless the gateway still answers as it should.
func (t *T) Alive() {
	t.Helper()
	t.Status(t.Get("/config"), http.StatusOK)
}

// Dump is everything that the database holds, as text: values as they are, bytes
// as hexadecimal digits and as text.
func (t *T) Dump() string {
	t.Helper()
	db := t.Data.Open(t.T)
	query := "SELECT name FROM sqlite_schema WHERE type = 'table'"
	if t.Engine == e2e.Postgres {
		query = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
	}
	found := must[rowsOf](t)(scan(t, db, query))
	var out strings.Builder
	for _, table := range found {
		for _, row := range must[rowsOf](t)(scan(t, db, fmt.Sprintf("SELECT * FROM %q", table[0]))) {
			fmt.Fprintln(&out, table[0], strings.Join(row, " | "))
		}
	}
	return out.String()
}

// Verify fails the case unless a JWT is signed by a key of the gateway's key set.
func (t *T) Verify(token string) {
	t.Helper()
	var set jose.JSONWebKeySet
	t.Check(json.Unmarshal(t.OK(t.Get("/jwks")).Body, &set))
	signed := must[*jose.JSONWebSignature](t)(jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256, jose.RS256}))
	keys := set.Key(signed.Signatures[0].Header.KeyID)
	if len(keys) != 1 {
		t.Errorf("%d keys have the kid of a token", len(keys))
		return
	}
	if _, err := signed.Verify(keys[0]); err != nil {
		t.Errorf("a token's signature: %v", err)
	}
}
