package e2e_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"vouchgate/e2e"
	"vouchgate/verify/swiyu/swiyutest"
)

// A way is a method by which a person proves something, and what the person's
// browser does for it.
type way struct {
	method string
	acr    string // of its id_tokens
	amr    string

	// home opens an authorize URL in a browser and goes on until that is sent home.
	home func(t *testing.T, ctx context.Context, b *e2e.Browser, authorize string) e2e.Page
}

var (
	byWallet  = way{"swiyu", "urn:vouchgate:acr:wallet", "pop", homeByWallet}
	byAccount = way{"account", "urn:vouchgate:acr:password", "pwd", homeByAccount}
)

// The one person of these tests has a wallet and an account with the same data.
const (
	zoe      = "zoe"
	password = "correct horse battery staple"
)

// newClientStage is a stage on which zoe can prove who she is in both ways.
func newClientStage(t *testing.T, e e2e.Engine) *stage {
	t.Helper()
	s := newStage(t, e)
	s.verifier.Auto(swiyutest.AutoAccept, zoe)
	file := filepath.Join(t.TempDir(), "password")
	check(t, os.WriteFile(file, []byte(password+"\n"), 0o600))
	args := []string{"account", "add", "--user-name", zoe, "--password-file", file}
	for name, value := range person(t, zoe) {
		args = append(args, "--claim", name+"="+value.(string))
	}
	if ran := must[e2e.Ran](t)(s.Data.Run(t.Context(), args...)); ran.Code != 0 {
		t.Fatalf("adding an account: %s", ran.Stderr)
	}
	return s
}

// add registers a client for a way, which may refresh. Flags are further ones of
// client add.
func (s *stage) add(t *testing.T, w way, id, redirect string, flags ...string) e2e.Client {
	t.Helper()
	return s.Data.AddClient(t, e2e.ClientOptions{ID: id, Redirect: redirect, Flags: append([]string{
		"--method", w.method, "--grant-type", "authorization_code", "--grant-type", "refresh_token", "--scope", "profile",
	}, flags...)})
}

func homeByWallet(t *testing.T, ctx context.Context, b *e2e.Browser, authorize string) e2e.Page {
	t.Helper()
	return goHome(t, ctx, b, must[e2e.Page](t)(b.Get(ctx, authorize)))
}

func homeByAccount(t *testing.T, ctx context.Context, b *e2e.Browser, authorize string) e2e.Page {
	t.Helper()
	page := must[e2e.Page](t)(b.Get(ctx, authorize))
	page = must[e2e.Page](t)(b.Submit(ctx, page, "/login", "user_name", zoe, "password", password))
	page = must[e2e.Page](t)(b.Submit(ctx, page, "/consent", "decision", "allow"))
	if page.Code() == "" {
		t.Fatalf("no code: %s\n%s", page, page.Body)
	}
	return page
}

// isZoe fails the test unless an answer of /userinfo says who zoe is, under the
// names of OpenID Connect.
func isZoe(t *testing.T, userinfo map[string]any) {
	t.Helper()
	want := person(t, zoe)
	for ours, standard := range map[string]string{"given_name": "given_name", "family_name": "family_name", "birth_date": "birthdate"} {
		if userinfo[standard] != want[ours] {
			t.Errorf("%s is %v, not %v", standard, userinfo[standard], want[ours])
		}
	}
}
