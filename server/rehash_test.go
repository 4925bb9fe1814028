package server_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"

	"golang.org/x/crypto/argon2"
)

// weakHash is of goodPassword, made with less work than hashes take today.
func weakHash() string {
	salt, b64 := []byte("0123456789abcdef"), base64.RawStdEncoding
	key := argon2.IDKey([]byte(goodPassword), salt, 2, 256, 1, 32)
	return fmt.Sprintf("$argon2id$v=19$m=256,t=2,p=1$%s$%s", b64.EncodeToString(salt), b64.EncodeToString(key))
}

func TestSigningInReplacesAHashOfOldRules(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	account, err := g.store.AccountByName(ctx, "mira")
	must(t, err)
	account.PasswordHash = weakHash()
	must(t, g.store.UpdateAccount(ctx, account, "account.password_set"))
	hash := func() string {
		a, err := g.store.AccountByName(ctx, "mira")
		must(t, err)
		return a.PasswordHash
	}
	b := g.browser()
	b.signInAt("/login", "mira", "wrong", false).shows(http.StatusUnprocessableEntity)
	if hash() != weakHash() {
		t.Error("a wrong password is kept")
	}
	b.signInAt("/login", "mira", goodPassword, false).leads("/me")
	fresh := hash()
	if fresh == weakHash() {
		t.Error("the hash is the old one")
	}
	b.get("/me").shows(http.StatusOK, "mira") // nobody was signed out by that
	b.signInAt("/login", "mira", goodPassword, false).leads("/me")
	if hash() != fresh {
		t.Error("a hash of today was made anew")
	}
}

func TestHashThatCannotBeReadIsAFailure(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	account, err := g.store.AccountByName(ctx, "mira")
	must(t, err)
	account.PasswordHash = "not a hash"
	must(t, g.store.UpdateAccount(ctx, account, "account.password_set"))
	g.contract.expectFailures()
	g.browser().signInAt("/login", "mira", goodPassword, false).shows(http.StatusInternalServerError).lacks("not a hash")
}
