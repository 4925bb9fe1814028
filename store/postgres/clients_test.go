package postgres

import (
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest/pgtest"
)

func TestRememberedClientsAreForgottenWhenAnotherProcessChangesOne(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	b := open(t, url)
	if _, err := b.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	here, there := store.New(b), store.New(open(t, url))
	here.RememberClients(func() time.Time { return noon }) // time stands still: nothing is forgotten for its age
	client := kyc.Client{ID: "kiosk", Name: "before", CodeLifetime: time.Minute, TokenLifetime: time.Hour, CreatedAt: noon, UpdatedAt: noon}
	secret := kyc.ClientSecret{ID: kyc.FirstID(noon), ClientID: "kiosk", Hash: []byte("hash"), CreatedAt: noon}
	if err := there.CreateClient(t.Context(), client, secret, nil); err != nil {
		t.Fatal(err)
	}
	listening := make(chan struct{}, 8)
	go func() { _ = here.Listen(t.Context(), func() { listening <- struct{}{} }) }()
	<-listening
	name := func() string {
		c, err := here.Client(t.Context(), "kiosk")
		if err != nil {
			t.Fatal(err)
		}
		return c.Name
	}
	if got := name(); got != "before" {
		t.Fatalf("the client is called %q", got)
	}
	exec(t, b, "UPDATE clients SET name = 'behind our back'")
	if got := name(); got != "before" {
		t.Errorf("the client is read each time: %q", got)
	}
	if secrets, err := here.ClientSecrets(t.Context(), "kiosk"); err != nil || len(secrets) != 1 {
		t.Errorf("secrets %v (%v)", secrets, err)
	}
	client.Name = "after"
	if err := there.UpdateClient(t.Context(), client, "client.updated"); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for name() != "after" {
		if time.Now().After(deadline) {
			t.Fatalf("a change by another process is not seen: %q", name())
		}
	}
}
