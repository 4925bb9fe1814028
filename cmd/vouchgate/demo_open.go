package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"vouchgate/kyc"
	"vouchgate/server/password"
)

// demoUser is the user name of the made-up account.
const demoUser = "mira"

// demoPassword is the length of its password, which people copy from a page.
const demoPassword = 12

// openShop registers the shop as a client and returns it, ready to serve.
func (p *program) openShop(ctx context.Context, s *storage, gateway, self string, mails *inbox) (*shop, error) {
	secret, err := newSecret(p.rand)
	if err != nil {
		return nil, err
	}
	client := newClient(demoClient, p.now())
	client.Name, client.Scopes = "Muster Shop (demo)", strings.Fields(shopScope)
	client.Methods = kyc.Methods
	client.AskConsent, client.Purpose = true, "Finding out who would buy a bottle of sample wine"
	client.RedirectURIs = kyc.Strings{self + "/callback"}
	client.WebhookURL, client.StartURI = self+"/webhook", self+"/start"
	kept, err := p.keepSecret(demoClient, secret)
	if err != nil {
		return nil, err
	}
	hook, shown, err := p.newWebhookSecret(s, demoClient)
	if err != nil {
		return nil, err
	}
	verifier, err := webhooks.NewWebhook(shown)
	if err != nil {
		return nil, err
	}
	account, err := p.addDemoAccount(ctx, s)
	if err != nil {
		return nil, err
	}
	return &shop{
		gateway: gateway, self: self, id: demoClient, secret: secret, verifier: verifier, account: account, mails: mails,
		client: &http.Client{Timeout: 10 * time.Second}, now: p.now, done: func(string, string, time.Duration) {},
		visits: map[string]string{}, arrived: make(chan shopEvent, 8),
	}, s.store.CreateClient(ctx, client, kept, hook)
}

// addDemoAccount adds an account of a person who does not exist.
func (p *program) addDemoAccount(ctx context.Context, s *storage) (issuedAccount, error) {
	secret, err := newSecret(p.rand)
	if err != nil {
		return issuedAccount{}, err
	}
	now := p.now()
	id, err := kyc.NewID(now, p.rand)
	if err != nil {
		return issuedAccount{}, err
	}
	made := issuedAccount{ID: id, UserName: demoUser, Password: secret[:demoPassword]}
	account := kyc.Account{ID: id, UserName: demoUser, CreatedAt: now, UpdatedAt: now}
	if account.PasswordHash, err = password.New(p.rand).Hash(ctx, made.Password); err != nil {
		return made, err
	}
	err = s.sealClaims(&account, kyc.Claims{
		"given_name": "Mira", "family_name": "Muster", "birth_date": "1990-02-28", "age_over_18": true,
		"email": "mira@example.org", "email_verified": true,
	})
	if err != nil {
		return made, err
	}
	return made, s.store.CreateAccount(ctx, account)
}
