package e2e_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vouchgate/e2e"
	"vouchgate/verify/swiyu/swiyutest"
)

// canaries are things that must not be found anywhere afterwards, by name.
type canaries map[string]string

// claimCanaries are values of claims that occur nowhere else in the world.
func claimCanaries() canaries {
	c := canaries{"birth_date": "1907-05-09"}
	for _, name := range []string{
		"given_name", "family_name", "place_of_origin", "birth_place", "personal_administrative_number",
		"document_number", "additional_person_info", "nationality",
	} {
		c[name] = "Canary-" + name + "-" + rand.Text()
	}
	return c
}

// find returns the names of the canaries that are in some bytes: as they are, as
// JSON has them, in hexadecimal digits or in base64.
func (c canaries) find(in []byte) (found []string) {
	for name, value := range c {
		quoted, _ := json.Marshal(value)
		forms := []string{value, string(quoted[1 : len(quoted)-1]), hex.EncodeToString([]byte(value))}
		for shift := range 3 {
			// What a value looks like in base64 depends on where it begins.
			padded := append(make([]byte, shift), value...)
			whole := base64.RawStdEncoding.EncodeToString(padded)
			forms = append(forms, whole[(shift*8+5)/6:len(whole)-1])
		}
		for _, form := range forms {
			if bytes.Contains(in, []byte(form)) {
				found = append(found, name)
				break
			}
		}
	}
	slices.Sort(found)
	return found
}

func TestThePrivacyTestFindsWhatItLooksFor(t *testing.T) {
	t.Parallel()
	c := canaries{"name": "Canary-ö-1"}
	for _, in := range []string{
		"xCanary-ö-1x", `{"name":"Canary-ö-1"}`, "x" + hex.EncodeToString([]byte("Canary-ö-1")),
		base64.StdEncoding.EncodeToString([]byte("Canary-ö-1 and more")),
		base64.StdEncoding.EncodeToString([]byte("a Canary-ö-1 and more")),
		base64.StdEncoding.EncodeToString([]byte("an Canary-ö-1 and more")),
		base64.RawURLEncoding.EncodeToString([]byte("Canary-ö-1")),
	} {
		if len(c.find([]byte(in))) != 1 {
			t.Errorf("not found in %q", in)
		}
	}
	if found := c.find([]byte("Canary-ä-1")); len(found) != 0 {
		t.Errorf("found %v in something else", found)
	}
}

func TestNothingPersonalAndNoSecretStaysBehind(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newStage(t, e, "--log-level", "debug")
		claims := claimCanaries()
		extra := map[string]any{}
		for name, value := range claims {
			extra[name] = value
		}
		s.verifier.SetMode(swiyutest.Mode{ExtraClaims: extra})
		ctx := e2e.Patient(t)
		shop := s.client(t, "shop", "--token-lifetime", "2s", "--scope", scopeOf(claims))
		telecom := s.client(t, "telecom", "--token-lifetime", "2s", "--scope", scopeOf(claims), "--code-delivery", "webhook")

		secrets := canaries{
			"client secret": shop.Secret, "other client secret": telecom.Secret,
			"webhook secret": strings.TrimPrefix(shop.WebhookSecret, "whsec_"),
		}
		token := s.walkWithCanaries(t, ctx, shop, claims, secrets)
		byWebhook := s.walkByWebhook(t, ctx, telecom, claims, secrets)
		s.failedWalk(t, ctx, shop)

		s.nowhere(t, "while the data may be read", claims, secrets)
		for _, token := range []string{token, byWebhook} {
			check(t, e2e.Until(ctx, "the token to end", func() (bool, error) {
				a, err := e2e.Info(ctx, s.URL, token)
				return err == nil && a.Status == http.StatusUnauthorized && a.Text("error") == "invalid_token", err
			}))
		}
		s.Stop()
		check(t, s.Restart()) // which cleans up first
		db := s.Data.Open(t)
		check(t, e2e.Until(ctx, "the grants to be erased", func() (bool, error) {
			return e2e.Count(t, db, "SELECT count(*) FROM grants")+e2e.Count(t, db, "SELECT count(*) FROM tokens") == 0, nil
		}))
		if left := e2e.Count(t, db, "SELECT count(*) FROM verification_sessions WHERE sealed_claims IS NOT NULL"); left != 0 {
			t.Errorf("%d sessions still hold claims", left)
		}
		s.nowhere(t, "after the data were erased", claims, secrets)
	})
}

func scopeOf(claims canaries) string {
	names := []string{}
	for name := range claims {
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// walkWithCanaries walks through a session, notes its secrets and returns the
// access token.
func (s *stage) walkWithCanaries(t *testing.T, ctx context.Context, c e2e.Client, claims, secrets canaries) string {
	t.Helper()
	b := e2e.NewBrowser()
	nonce := must[string](t)(c.Setup(ctx, s.URL))
	page := must[e2e.Page](t)(b.Get(ctx, c.AuthorizeURL(s.URL, nonce, "s")))
	check(t, s.verifier.Accept(page.Verification(), ""))
	code := goHome(t, ctx, b, page).Code()
	token := must[e2e.Answer](t)(c.Redeem(ctx, s.URL, code)).Text("access_token")
	info := must[e2e.Answer](t)(e2e.Info(ctx, s.URL, token))
	check(t, info.Good())
	for name, value := range claims {
		if info.JSON[name] != value {
			t.Errorf("%s is %v", name, info.JSON[name])
		}
	}
	must[e2e.Event](t)(s.webhooks.AwaitEvent(ctx, page.Session(), "verification.verified"))
	secrets["nonce"], secrets["code"], secrets["access token"] = nonce, code, token
	for _, cookie := range b.Cookies(s.URL) {
		secrets["cookie"] = cookie.Value
	}
	return token
}

func (s *stage) walkByWebhook(t *testing.T, ctx context.Context, c e2e.Client, claims, secrets canaries) string {
	t.Helper()
	a := authorizeJSON(t, ctx, c.AuthorizeURL(s.URL, must[string](t)(c.Setup(ctx, s.URL)), "s"))
	check(t, s.verifier.Accept(a.ID, ""))
	event := must[e2e.Event](t)(awaitVerification(ctx, s.webhooks, a.ID, "verification.verified"))
	if found := claims.find(event.Body); len(found) > 0 {
		t.Errorf("a webhook holds %v", found)
	}
	token := must[e2e.Answer](t)(c.Redeem(ctx, s.URL, event.Data.Code)).Text("access_token")
	check(t, must[e2e.Answer](t)(e2e.Info(ctx, s.URL, token)).Good())
	secrets["code by webhook"], secrets["access token by webhook"] = event.Data.Code, token
	return token
}

// failedWalk ends in an error, whose text could quote something.
func (s *stage) failedWalk(t *testing.T, ctx context.Context, c e2e.Client) {
	t.Helper()
	mode := s.verifier.Mode()
	mode.Type = "urn:vct:other"
	s.verifier.SetMode(mode)
	b := e2e.NewBrowser()
	page, _ := s.open(t, ctx, c, b)
	check(t, s.verifier.Accept(page.Verification(), ""))
	must[string](t)(b.Await(ctx, s.URL, page.Session(), "failed"))
	must[e2e.Event](t)(s.webhooks.AwaitEvent(ctx, page.Session(), "verification.failed"))
}

// nowhere searches everything that is kept or was sent.
func (s *stage) nowhere(t *testing.T, when string, claims, secrets canaries) {
	t.Helper()
	all := canaries{}
	for _, c := range []canaries{claims, secrets} {
		for name, value := range c {
			all[name] = value
		}
	}
	if !strings.Contains(s.Log.String(), `"level":"DEBUG"`) {
		t.Error("the log has no lines of level debug")
	}
	s.everywhere(t, true, func(where string, in []byte) {
		if found := all.find(in); len(found) > 0 {
			t.Errorf("%s, %s: found %v", when, where, found)
		}
	})
}

// everywhere goes through everything that is kept or was sent, but for what goes to
// clients by webhook that are not the shop, and the files of Postgres if they can be
// left out: they are large.
func (s *stage) everywhere(t *testing.T, thoroughly bool, search func(where string, in []byte)) {
	t.Helper()
	search("the log", []byte(s.Log.String()))
	for _, e := range s.webhooks.Events() {
		if e.Data.ClientID == "shop" {
			search("a webhook", e.Body)
		}
	}
	if s.Data.Engine == e2e.SQLite {
		searchFiles(t, s.Data.Dir, search)
		return
	}
	db := s.Data.Open(t)
	searchRows(t, db, search)
	if !thoroughly {
		return
	}
	var dir string
	check(t, db.QueryRow("SHOW data_directory").Scan(&dir))
	if _, err := db.Exec("CHECKPOINT"); err != nil {
		t.Logf("no checkpoint: %v", err)
	}
	if _, err := os.ReadDir(dir); err != nil {
		t.Logf("the server's files cannot be searched: %v", err)
		return
	}
	searchFiles(t, dir, search)
}

func searchFiles(t *testing.T, dir string, search func(string, []byte)) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return nil // files come and go while the server runs
		}
		if content, err := os.ReadFile(path); err == nil {
			n++
			search(filepath.Base(path), content)
		}
		return nil
	})
	if err != nil || n == 0 {
		t.Errorf("searched %d files in %s: %v", n, dir, err)
	}
}

// searchRows searches all tables of the schema as text.
func searchRows(t *testing.T, db *sql.DB, search func(string, []byte)) {
	t.Helper()
	tables, err := texts(db, "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
	if err != nil || len(tables) < 9 {
		t.Fatalf("tables %v: %v", tables, err)
	}
	for _, table := range tables {
		rows, err := texts(db, fmt.Sprintf("SELECT row_to_json(r)::text FROM %s r", table))
		check(t, err)
		search("table "+table, []byte(strings.Join(rows, "\n")))
	}
}

func texts(db *sql.DB, query string) (all []string, err error) {
	rows, err := db.Query(query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, rows.Err()
}
