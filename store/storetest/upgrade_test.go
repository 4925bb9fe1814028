package storetest

import (
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/postgres"
	"vouchgate/store/sqlite"
	"vouchgate/store/storetest/pgtest"
)

// first is what a database held before there were accounts. Times and bytes are
// written as each engine takes them.
const first = `
INSERT INTO clients VALUES ('kiosk', 'Kiosk', '["https://kiosk.example/cb"]', '["profile"]', true, '', 'redirect',
    '', '', '[]', '[]', '{}', '', '', '', NULL, 60, 3600, {noon}, {noon}, NULL);
INSERT INTO client_secrets VALUES ('{1}', 'kiosk', {bytes}, {noon}, NULL);
INSERT INTO verification_sessions VALUES
    ('{2}', 'kiosk', 'swiyu', {bytes}, 'authorized', 'https://kiosk.example/cb', 'state', 'profile', 'challenge', {bytes},
     'r2', 'https://v.example/r2', '', NULL, 1, 0, {noon}, NULL, NULL, '', {noon}, {noon}, NULL, NULL, {noon}, {noon}, 2),
    ('{3}', 'kiosk', 'swiyu', {bytes}, 'completed', 'https://kiosk.example/cb', 'state', 'profile', 'challenge', {bytes},
     'r3', 'https://v.example/r3', '', NULL, 1, 0, NULL, NULL, NULL, '', {noon}, {noon}, {noon}, {noon}, {noon}, {noon}, 4);
INSERT INTO grants VALUES ('{4}', '{3}', 'kiosk', 'subject', 'profile', {bytes}, {noon}, {noon}, NULL);
INSERT INTO tokens VALUES ('{5}', '{4}', 'access token', {bytes}, {noon}, {noon}, NULL);
`

// numbered returns an ID that is written as {n} in first.
func numbered(n byte) kyc.ID { return kyc.ID{6: 0x70, 8: 0x80, 15: n} }

// database is an engine with a way past the store.
type database struct {
	dialect goose.Dialect
	driver  string
	source  string
	noon    string // as the engine writes it
	bytes   string // one byte of value 1
	open    func() (store.Backend, error)
}

func newDatabase(t *testing.T, engine string) database {
	t.Helper()
	if engine == "postgres" {
		source := pgtest.URL(t)
		return database{
			dialect: goose.DialectPostgres, driver: "pgx", source: source,
			noon: "timestamptz '" + micro(noon).Format(time.RFC3339Nano) + "'", bytes: `'\x01'::bytea`,
			open: func() (store.Backend, error) { return postgres.Open(t.Context(), source) },
		}
	}
	path := filepath.Join(t.TempDir(), "vouchgate.db")
	return database{
		dialect: goose.DialectSQLite3, driver: "sqlite", source: "file:" + url.PathEscape(path) + "?_pragma=foreign_keys(1)",
		noon: strconv.FormatInt(noon.UnixMicro(), 10), bytes: "x'01'",
		open: func() (store.Backend, error) { return sqlite.Open(t.Context(), path) },
	}
}

// second is what a database of version 2 held beside that.
const second = `
INSERT INTO accounts VALUES ('{6}', 'anna', 'hash', {bytes}, {noon}, {noon}, NULL);
INSERT INTO sign_in_tries VALUES ({bytes}, 7, {noon});
UPDATE verification_sessions SET method = 'account', account_id = '{6}' WHERE id = '{2}';
UPDATE grants SET account_id = '{6}';
`

// fill makes a version of the schema, the first or the second, and what it held.
func (d database) fill(t *testing.T, engine string, version int64) {
	t.Helper()
	db, err := sql.Open(d.driver, d.source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	provider, err := goose.NewProvider(d.dialect, db, os.DirFS("../migrations/"+engine), goose.WithTableName("schema_version"))
	if err != nil {
		t.Fatal(err)
	}
	words := []string{"{noon}", d.noon, "{bytes}", d.bytes}
	for _, n := range []byte{1, 2, 3, 4, 5, 6} {
		words = append(words, "{"+string('0'+rune(n))+"}", numbered(n).String())
	}
	for i, held := range []string{first, second}[:version] {
		if _, err := provider.UpTo(t.Context(), int64(i+1)); err != nil {
			t.Fatal(err)
		}
		for statement := range strings.SplitSeq(strings.NewReplacer(words...).Replace(held), ";\n") {
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
	}
}

// upgraded returns a store on a database that held something in a version before it
// came to the newest one.
func upgraded(t *testing.T, engine string, version int64) *fixture {
	t.Helper()
	d := newDatabase(t, engine)
	d.fill(t, engine, version)
	b, err := d.open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	if err := store.New(b).Ready(t.Context()); err == nil {
		t.Error("a store with an old schema is ready")
	}
	done, err := b.Migrate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(done) == 0 || done[0].Version != version+1 {
		t.Errorf("migrated %v, want all from version %d on", done, version+1)
	}
	return newFixture(t, b)
}

func TestWhatWasKeptBeforeAnUpgradeIsStillThere(t *testing.T) {
	t.Parallel()
	for _, engine := range Engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f := upgraded(t, engine, 1)
			then, one := micro(noon), []byte{1}
			c, err := f.Client(f.ctx, "kiosk")
			f.ok(err)
			f.same("client", c, kyc.Client{
				ID: "kiosk", Name: "Kiosk", RedirectURIs: kyc.Strings{"https://kiosk.example/cb"}, Scopes: kyc.Strings{"profile"},
				PKCERequired: true, CodeDelivery: kyc.DeliverByRedirect, CodeLifetime: time.Minute, TokenLifetime: time.Hour,
				CreatedAt: then, UpdatedAt: then,
			})
			f.same("uses the wallet", c.Uses(kyc.MethodSwiyu), true)
			was := kyc.Binding{
				RedirectURI: "https://kiosk.example/cb", State: "state", Scope: "profile", Challenge: "challenge", BrowserHash: one,
			}
			f.same("session", f.session(numbered(2)), kyc.Session{
				ID: numbered(2), ClientID: "kiosk", Method: kyc.MethodSwiyu, NonceHash: one, Status: kyc.StatusAuthorized,
				Binding: was, Verification: kyc.Verification{RequestID: "r2", URL: "https://v.example/r2"},
				Attempts: 1, NextCheck: &then, CreatedAt: then, AuthorizedAt: &then, ExpiresAt: then, UpdatedAt: then, Version: 2,
			})
			f.same("access", f.access(numbered(5)), store.Access{
				Token: kyc.Token{
					ID: numbered(5), GrantID: numbered(4), Kind: kyc.SecretAccessToken, Hash: one, CreatedAt: then, ExpiresAt: then,
				},
				Grant: kyc.Grant{
					ID: numbered(4), SessionID: numbered(3), ClientID: "kiosk", Method: kyc.MethodSwiyu, Subject: "subject", Scope: "profile",
					SealedClaims: one, CreatedAt: then, ExpiresAt: then,
				},
			})
		})
	}
}

func TestWalksGoOnAfterAnUpgrade(t *testing.T) {
	t.Parallel()
	for _, engine := range Engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f := upgraded(t, engine, 1)
			f.same("open verification", f.prove(numbered(2), noon).Status, kyc.StatusVerified)
			_, token, err := f.redeem(f.addCode(f.session(numbered(2))), noon)
			f.ok(err)
			f.same("granted", f.access(token.ID).Grant.Scope, "profile")

			f.same("a session without a verification", f.addVisit().RequestID, "")
			f.same("another one", f.addVisit().RequestID, "")
			taken := f.open(f.addSession("kiosk").ID, noon).Verification
			_, err = f.UpdateSession(f.ctx, f.addSession("kiosk").ID, func(s *kyc.Session) (kyc.Effects, error) {
				return s.Open(binding, taken, noon, noon)
			})
			f.is(err, store.ErrConflict)

			f.same("the old grant is revoked", f.revoke(f.access(numbered(5)).Grant, nil, noon), true)
			f.addAdmitted(f.addAccount("anna").ID, kyc.Choice{Scope: "profile"})
		})
	}
}

func TestWhatVersionTwoKeptIsStillThere(t *testing.T) {
	t.Parallel()
	for _, engine := range Engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f := upgraded(t, engine, 2)
			n, since, err := f.Counted(f.ctx, []byte{1})
			f.ok(err)
			f.same("counted", n, int64(7))
			f.same("since", since, micro(noon))
			n, since, err = f.Count(f.ctx, []byte{1}, noon.Add(time.Minute), window)
			f.ok(err)
			f.same("counted on", n, int64(8))
			f.same("since", since, micro(noon))

			anna := numbered(6)
			s := f.session(numbered(2))
			f.same("method", s.Method, kyc.MethodAccount)
			f.same("account", s.AccountID, &anna)
			f.same("hint", s.SealedHint, []byte(nil))
			_, err = f.Challenge(f.ctx, s.ID)
			f.is(err, store.ErrNotFound)
			f.same("method of a grant", f.access(numbered(5)).Grant.Method, kyc.MethodAccount)

			f.addMessage(f.addProving(kyc.MethodEmail), noon)
			waiting, err := f.MessagesWaiting(f.ctx)
			f.ok(err)
			f.same("messages", waiting, map[kyc.Method]int64{kyc.MethodEmail: 1})
		})
	}
}
