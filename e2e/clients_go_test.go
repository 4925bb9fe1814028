package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"vouchgate/e2e"
)

// goClient is how a client in Go is registered. The library is told of none of
// it: it tries HTTP Basic, and the form where that is refused.
type goClient struct {
	name  string
	way   way
	flags []string         // of client add
	style oauth2.AuthStyle // one that works
	alg   string           // of its id_tokens
}

var goClients = []goClient{
	{name: "a wallet", way: byWallet, style: oauth2.AuthStyleInHeader, alg: oidc.ES256},
	{
		name: "an account, HTTP Basic only, RS256", way: byAccount, style: oauth2.AuthStyleInHeader, alg: oidc.RS256,
		flags: []string{"--auth-method", "client_secret_basic", "--id-token-alg", "RS256"},
	}, {
		name: "an account, the form only", way: byAccount, style: oauth2.AuthStyleInParams, alg: oidc.ES256,
		flags: []string{"--auth-method", "client_secret_post"},
	},
}

func TestClientsInGoWalkByDiscoveryAlone(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newClientStage(t, e)
		for i, c := range goClients {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				walkInGo(t, s, s.add(t, c.way, fmt.Sprint("shop", i), redirect, c.flags...), c)
			})
		}
	})
}

// walkInGo walks with golang.org/x/oauth2 and github.com/coreos/go-oidc.
func walkInGo(t *testing.T, s *stage, shop e2e.Client, c goClient) {
	t.Helper()
	ctx := e2e.Patient(t)
	provider := must[*oidc.Provider](t)(oidc.NewProvider(ctx, s.URL))
	conf := &oauth2.Config{
		ClientID: shop.ID, ClientSecret: shop.Secret, RedirectURL: shop.RedirectURI, Endpoint: provider.Endpoint(),
		Scopes: []string{oidc.ScopeOpenID, "profile", oidc.ScopeOfflineAccess},
	}
	proof := oauth2.GenerateVerifier()
	to := conf.AuthCodeURL("my state", oidc.Nonce("my nonce"), oauth2.S256ChallengeOption(proof))
	home := c.way.home(t, ctx, e2e.NewBrowser(), to)
	if got := home.Away.Query(); got.Get("state") != "my state" || got.Get("iss") != s.URL {
		t.Errorf("came home with %v", got)
	}
	first := must[*oauth2.Token](t)(conf.Exchange(ctx, home.Code(), oauth2.VerifierOption(proof)))
	says(t, e2e.Answer{JSON: readAll(t, conf.Client(ctx, first), s.URL+"/info")}, zoe)

	second := must[*oauth2.Token](t)(refresh(ctx, conf, first.RefreshToken))
	if second.AccessToken == first.AccessToken || second.RefreshToken == first.RefreshToken {
		t.Error("refreshing gave the same tokens")
	}
	known := must[*oidc.UserInfo](t)(provider.UserInfo(ctx, oauth2.StaticTokenSource(second)))
	var claims map[string]any
	check(t, known.Claims(&claims))
	isZoe(t, claims)
	if subject := idToken(t, ctx, provider, first, shop, c); known.Subject != subject {
		t.Errorf("userinfo is about %q, the id_token about %q", known.Subject, subject)
	}

	revoke(t, ctx, provider, shop, c.style, second.RefreshToken)
	if _, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(second)); err == nil || !strings.Contains(err.Error(), "invalid_token") {
		t.Errorf("userinfo after revoking: %v", err)
	}
	_, err := refresh(ctx, conf, second.RefreshToken)
	if refused := (*oauth2.RetrieveError)(nil); !errors.As(err, &refused) || refused.ErrorCode != "invalid_grant" {
		t.Errorf("refreshing after revoking: %v", err)
	}
}

// refresh does what a job does that comes back when its access token has run out.
func refresh(ctx context.Context, conf *oauth2.Config, token string) (*oauth2.Token, error) {
	return conf.TokenSource(ctx, &oauth2.Token{RefreshToken: token}).Token()
}

// idToken checks the id_token of a first token.
func idToken(t *testing.T, ctx context.Context, provider *oidc.Provider, token *oauth2.Token, shop e2e.Client, c goClient) (subject string) {
	t.Helper()
	raw, _ := token.Extra("id_token").(string)
	verifier := provider.Verifier(&oidc.Config{ClientID: shop.ID, SupportedSigningAlgs: []string{c.alg}})
	id := must[*oidc.IDToken](t)(verifier.Verify(ctx, raw))
	check(t, id.VerifyAccessToken(token.AccessToken))
	var claims struct {
		ACR      string   `json:"acr"`
		AMR      []string `json:"amr"`
		AuthTime int64    `json:"auth_time"`
		Name     string   `json:"given_name"`
	}
	check(t, id.Claims(&claims))
	if id.Nonce != "my nonce" || claims.ACR != c.way.acr || len(claims.AMR) != 1 || claims.AMR[0] != c.way.amr || claims.AuthTime == 0 {
		t.Errorf("the id_token has nonce %q and says %+v", id.Nonce, claims)
	}
	if claims.Name != "" {
		t.Error("the id_token holds personal data that nobody asked for there")
	}
	return id.Subject
}

// revoke revokes a token as the metadata say (RFC 7009), which neither library
// does.
func revoke(t *testing.T, ctx context.Context, provider *oidc.Provider, shop e2e.Client, style oauth2.AuthStyle, token string) {
	t.Helper()
	var metadata struct {
		Endpoint string `json:"revocation_endpoint"`
	}
	check(t, provider.Claims(&metadata))
	form := url.Values{"token": {token}}
	if style == oauth2.AuthStyleInParams {
		form.Set("client_id", shop.ID)
		form.Set("client_secret", shop.Secret)
	}
	req := must[*http.Request](t)(http.NewRequestWithContext(ctx, http.MethodPost, metadata.Endpoint, strings.NewReader(form.Encode())))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if style == oauth2.AuthStyleInHeader {
		req.SetBasicAuth(url.QueryEscape(shop.ID), url.QueryEscape(shop.Secret))
	}
	resp := must[*http.Response](t)(http.DefaultClient.Do(req))
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("revoking: %s", resp.Status)
	}
}
