package storetest

import (
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

var clientTests = []test{
	{"AllFieldsComeBackAsTheyWereKept", clientRoundTrip},
	{"AnEmptyClientComesBackEmpty", emptyClient},
	{"ATakenNameIsAConflictAndLeavesTheFirstClientAlone", takenClient},
	{"AnUnknownClientIsNotFound", unknownClient},
	{"ClientsAreListedByName", listClients},
	{"AnUpdateWritesEverySetting", updateClient},
	{"RotatingLeavesTheOldSecretsTheirGrace", rotateSecrets},
	{"RemovingAClientRemovesAllThatBelongsToItAndNothingElse", removeClient},
	{"LifetimesOutOfBoundsAreRefused", clientBounds},
}

func clientRoundTrip(f *fixture) {
	c := newClient("kiosk")
	c.WebhookDisabledAt, c.DisabledAt = at(noon.Add(time.Minute)), at(noon.Add(time.Hour))
	secret, signing := f.newSecret("kiosk"), f.newWebhookSecret("kiosk")
	secret.ExpiresAt, signing.ExpiresAt = at(noon.Add(time.Hour)), at(noon.Add(time.Hour))
	f.ok(f.CreateClient(f.ctx, c, secret, &signing))

	c.CreatedAt, c.UpdatedAt = micro(c.CreatedAt), micro(c.UpdatedAt)
	c.WebhookDisabledAt, c.DisabledAt = at(micro(*c.WebhookDisabledAt)), at(micro(*c.DisabledAt))
	secret.CreatedAt, secret.ExpiresAt = micro(secret.CreatedAt), at(micro(*secret.ExpiresAt))
	signing.CreatedAt, signing.ExpiresAt = micro(signing.CreatedAt), at(micro(*signing.ExpiresAt))
	got, err := f.Client(f.ctx, "kiosk")
	f.ok(err)
	f.same("client", got, c)
	f.full(got)
	secrets, err := f.ClientSecrets(f.ctx, "kiosk")
	f.ok(err)
	f.same("secrets", secrets, []kyc.ClientSecret{secret})
	signings, err := f.WebhookSecrets(f.ctx, "kiosk")
	f.ok(err)
	f.same("webhook secrets", signings, []kyc.WebhookSecret{signing})
}

func emptyClient(f *fixture) {
	want := kyc.Client{ID: "bare", CodeLifetime: time.Second, TokenLifetime: time.Second,
		CreatedAt: micro(noon), UpdatedAt: micro(noon)}
	f.ok(f.CreateClient(f.ctx, want, f.newSecret("bare"), nil))
	got, err := f.Client(f.ctx, "bare")
	f.ok(err)
	f.same("client", got, want)
	if !got.Enabled() {
		f.t.Error("a client that nobody disabled is disabled")
	}
	signing, err := f.WebhookSecrets(f.ctx, "bare")
	f.ok(err)
	f.same("webhook secrets", signing, []kyc.WebhookSecret{})
}

func takenClient(f *fixture) {
	first := f.addClient("kiosk")
	second := newClient("kiosk")
	second.Name = "Impostor"
	f.is(f.CreateClient(f.ctx, second, f.newSecret("kiosk"), nil), store.ErrConflict)
	got, err := f.Client(f.ctx, "kiosk")
	f.ok(err)
	f.same("name", got.Name, first.Name)
	secrets, err := f.ClientSecrets(f.ctx, "kiosk")
	f.ok(err)
	f.same("number of secrets", len(secrets), 1)
}

func unknownClient(f *fixture) {
	_, err := f.Client(f.ctx, "nobody")
	f.is(err, store.ErrNotFound)
	f.is(f.UpdateClient(f.ctx, newClient("nobody"), "client.updated"), store.ErrNotFound)
	f.is(f.RemoveClient(f.ctx, "nobody", noon), store.ErrNotFound)
	f.is(f.RotateClientSecret(f.ctx, f.newSecret("nobody"), noon), store.ErrNotFound)
	f.is(f.RotateWebhookSecret(f.ctx, f.newWebhookSecret("nobody"), noon), store.ErrNotFound)
	secrets, err := f.ClientSecrets(f.ctx, "nobody")
	f.ok(err)
	f.same("secrets", secrets, []kyc.ClientSecret{})
}

func listClients(f *fixture) {
	for _, id := range []string{"b", "c", "a"} {
		f.addClient(id)
	}
	list, err := f.Clients(f.ctx)
	f.ok(err)
	var names []string
	for _, c := range list {
		names = append(names, c.ID)
	}
	f.same("names", names, []string{"a", "b", "c"})
}

func updateClient(f *fixture) {
	before := f.addClient("kiosk")
	later := micro(noon.Add(time.Hour))
	want := kyc.Client{
		ID: "kiosk", Name: "Other", RedirectURIs: kyc.Strings{"https://other.example/"}, Scopes: kyc.Strings{"sex"},
		ErrorProfile: "plain", CodeDelivery: kyc.DeliverByRedirect, VerifierURL: "https://v2.example", VerifierPath: "/m",
		AcceptedIssuers: kyc.Strings{"did:example:2"}, CredentialTypes: kyc.Strings{"eid"},
		ClaimPaths: kyc.Paths{"sex": {"s"}}, VerifierResponseMode: "direct_post.jwt", DeeplinkScheme: "w2",
		WebhookURL: "https://other.example/hook", WebhookDisabledAt: &later,
		CodeLifetime: 2 * time.Minute, TokenLifetime: 2 * time.Hour,
		Settings:  kyc.Settings{GrantTypes: []string{"authorization_code"}, Retention: kyc.RetainOnce, Purpose: "Other"},
		CreatedAt: noon.Add(48 * time.Hour), UpdatedAt: later, DisabledAt: &later,
	}
	f.ok(f.UpdateClient(f.ctx, want, "client.updated"))
	got, err := f.Client(f.ctx, "kiosk")
	f.ok(err)
	want.CreatedAt = micro(before.CreatedAt) // the one thing that does not change
	f.same("client", got, want)

	want.Settings = kyc.Settings{}
	f.ok(f.UpdateClient(f.ctx, want, "client.updated"))
	got, err = f.Client(f.ctx, "kiosk")
	f.ok(err)
	f.same("client without settings", got, want)
}

func rotateSecrets(f *fixture) {
	f.addClient("kiosk")
	f.addClient("other")
	early, late := micro(noon.Add(time.Hour)), micro(noon.Add(24*time.Hour))
	second, third := f.newSecret("kiosk"), f.newSecret("kiosk")
	second.ID, third.ID = f.idAt(noon.Add(time.Second)), f.idAt(noon.Add(2*time.Second))
	f.ok(f.RotateClientSecret(f.ctx, second, early))
	f.ok(f.RotateClientSecret(f.ctx, third, late))

	secrets, err := f.ClientSecrets(f.ctx, "kiosk")
	f.ok(err)
	f.same("number of secrets", len(secrets), 3)
	f.same("newest", secrets[0].ID, third.ID)
	f.same("end of the newest", secrets[0].ExpiresAt, (*time.Time)(nil))
	f.same("end of the one before", secrets[1].ExpiresAt, &late)
	f.same("end of the first, which had one", secrets[2].ExpiresAt, &early)
	others, err := f.ClientSecrets(f.ctx, "other")
	f.ok(err)
	f.same("end of another client's", others[0].ExpiresAt, (*time.Time)(nil))

	f.ok(f.RotateWebhookSecret(f.ctx, f.newWebhookSecret("kiosk"), noon))
	newer := f.newWebhookSecret("kiosk")
	newer.ID = f.idAt(noon.Add(time.Second))
	f.ok(f.RotateWebhookSecret(f.ctx, newer, early))
	signing, err := f.WebhookSecrets(f.ctx, "kiosk")
	f.ok(err)
	f.same("number of webhook secrets", len(signing), 2)
	f.same("newest signs first", signing[0].ID, newer.ID)
	f.same("grace of the older", signing[1].ExpiresAt, &early)
}

func removeClient(f *fixture) {
	f.addClient("kiosk")
	f.addClient("other")
	f.ok(f.RotateWebhookSecret(f.ctx, f.newWebhookSecret("kiosk"), noon))
	type trace struct {
		session kyc.ID
		webhook kyc.ID
		token   kyc.ID
	}
	traces := map[string]trace{}
	for _, id := range []string{"kiosk", "other"} {
		s := f.addVerified(id)
		_, token, err := f.redeem(f.addCode(s), noon)
		f.ok(err)
		traces[id] = trace{s.ID, f.addWebhook(id).ID, token.ID}
	}
	f.ok(f.RemoveClient(f.ctx, "kiosk", noon))

	for id, want := range map[string]error{"kiosk": store.ErrNotFound, "other": nil} {
		_, err := f.Client(f.ctx, id)
		f.is(err, want)
		_, err = f.Session(f.ctx, traces[id].session)
		f.is(err, want)
		_, err = f.Code(f.ctx, traces[id].session)
		f.is(err, want)
		_, err = f.Access(f.ctx, traces[id].token)
		f.is(err, want)
		_, err = f.Webhook(f.ctx, traces[id].webhook)
		f.is(err, want)
	}
	secrets, err := f.ClientSecrets(f.ctx, "kiosk")
	f.ok(err)
	signing, err := f.WebhookSecrets(f.ctx, "kiosk")
	f.ok(err)
	f.same("secrets left", len(secrets)+len(signing), 0)
}

func clientBounds(f *fixture) {
	for name, edit := range map[string]func(*kyc.Client){
		"a code for over ten minutes": func(c *kyc.Client) { c.CodeLifetime = 601 * time.Second },
		"a code for no time":          func(c *kyc.Client) { c.CodeLifetime = 0 },
		"a token for over a day":      func(c *kyc.Client) { c.TokenLifetime = 86401 * time.Second },
		"a token for no time":         func(c *kyc.Client) { c.TokenLifetime = 0 },
	} {
		c := newClient("kiosk")
		edit(&c)
		if err := f.CreateClient(f.ctx, c, f.newSecret("kiosk"), nil); err == nil {
			f.t.Errorf("%s was kept", name)
		}
	}
	_, err := f.Client(f.ctx, "kiosk")
	f.is(err, store.ErrNotFound)
}
