package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"golang.org/x/oauth2"

	"vouchgate/e2e"
	"vouchgate/verify/swiyu/swiyutest"
)

// library is golang.org/x/oauth2 as a client of a gateway. Its authorize URL has
// the nonce in the path.
func library(c e2e.Client, gateway, nonce string, style oauth2.AuthStyle) *oauth2.Config {
	return &oauth2.Config{
		ClientID: c.ID, ClientSecret: c.Secret, RedirectURL: c.RedirectURI, Scopes: []string{"profile", "age_over_18"},
		Endpoint: oauth2.Endpoint{
			AuthURL: gateway + "/authorize/" + nonce, TokenURL: gateway + "/token", AuthStyle: style,
		},
	}
}

func TestAStandardLibraryWalksThroughTheCodeFlow(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newStage(t, e)
		s.verifier.Auto(swiyutest.AutoAccept, "zoe")
		client := s.Data.AddClient(t, e2e.ClientOptions{Webhooks: s.webhooks}) // with PKCE, the default
		styles := map[string]oauth2.AuthStyle{
			"the library finds out how to authenticate": oauth2.AuthStyleAutoDetect,
			"HTTP Basic":              oauth2.AuthStyleInHeader,
			"credentials in the form": oauth2.AuthStyleInParams,
		}
		for name, style := range styles {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				ctx := e2e.Patient(t)
				conf := library(client, s.URL, must[string](t)(client.Setup(ctx, s.URL)), style)
				proof := oauth2.GenerateVerifier()
				home := walkHome(t, ctx, conf.AuthCodeURL("my state", oauth2.S256ChallengeOption(proof)))
				if got := home.Away.Query(); got.Get("state") != "my state" || got.Get("iss") != s.URL {
					t.Errorf("came home with %v", got)
				}
				token := must[*oauth2.Token](t)(conf.Exchange(ctx, home.Code(), oauth2.VerifierOption(proof)))
				if !token.Valid() || token.Type() != "Bearer" || token.Extra("scope") != "profile age_over_18" {
					t.Errorf("token is valid %t, of type %s, with scope %v", token.Valid(), token.Type(), token.Extra("scope"))
				}
				info := readAll(t, conf.Client(ctx, token), s.URL+"/info")
				says(t, e2e.Answer{JSON: info}, "zoe")
				if info["age_over_18"] != true || info["method"] != "swiyu" {
					t.Errorf("info says %v, %v", info["age_over_18"], info["method"])
				}
			})
		}
	})
}

// walkHome opens an authorize URL in a new browser and goes on until the browser
// is sent home.
func walkHome(t *testing.T, ctx context.Context, authorize string) e2e.Page {
	t.Helper()
	browser := e2e.NewBrowser()
	page := must[e2e.Page](t)(browser.Get(ctx, authorize))
	return goHome(t, ctx, browser, page)
}

// goHome waits at a session's page for the proof and takes the code home.
func goHome(t *testing.T, ctx context.Context, browser *e2e.Browser, page e2e.Page) e2e.Page {
	t.Helper()
	if page.Session() == "" {
		t.Fatalf("no session's page: %s\n%s", page, page.Body)
	}
	gateway := page.URL.Scheme + "://" + page.URL.Host
	must[string](t)(browser.Await(ctx, gateway, page.Session(), "verified"))
	home := must[e2e.Page](t)(browser.Get(ctx, gateway+page.URL.Path+"/finish"))
	if home.Code() == "" {
		t.Fatalf("no code: %s\n%s", home, home.Body)
	}
	return home
}

func readAll(t *testing.T, c *http.Client, from string) (info map[string]any) {
	t.Helper()
	resp := must[*http.Response](t)(c.Get(from))
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", from, resp.Status)
	}
	check(t, json.NewDecoder(resp.Body).Decode(&info))
	return info
}

func TestALibraryThatTriesBothWaysToAuthenticateSpoilsNothing(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newStage(t, e)
		s.verifier.Auto(swiyutest.AutoAccept, "mira")
		client := s.client(t, "shop")
		ctx := e2e.Patient(t)
		conf := library(client, s.URL, must[string](t)(client.Setup(ctx, s.URL)), oauth2.AuthStyleAutoDetect)
		code := walkHome(t, ctx, conf.AuthCodeURL("s")).Code()

		mistaken := *conf
		mistaken.ClientSecret = "not the secret"
		_, err := mistaken.Exchange(ctx, code)
		var refused *oauth2.RetrieveError
		if !errors.As(err, &refused) || refused.ErrorCode != "invalid_client" || refused.ErrorDescription == "" {
			t.Fatalf("with a wrong secret: %v", err)
		}
		token := must[*oauth2.Token](t)(conf.Exchange(ctx, code))
		says(t, e2e.Answer{JSON: readAll(t, conf.Client(ctx, token), s.URL+"/info")}, "mira")
	})
}

func TestAnIntegratorsMistakesGetTheErrorsOfTheRFC(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newStage(t, e)
		s.verifier.Auto(swiyutest.AutoAccept, "mira")
		client := s.Data.AddClient(t, e2e.ClientOptions{})
		ctx := e2e.Patient(t)
		fresh := func() *oauth2.Config {
			return library(client, s.URL, must[string](t)(client.Setup(ctx, s.URL)), oauth2.AuthStyleInParams)
		}

		page := must[e2e.Page](t)(e2e.NewBrowser().Get(ctx, fresh().AuthCodeURL("s")))
		if page.Away == nil || page.Away.Query().Get("error") != "invalid_request" || page.Away.Query().Get("state") != "s" {
			t.Errorf("without PKCE: %s", page)
		}
		conf := fresh()
		conf.RedirectURL = "https://elsewhere.example/"
		if page = must[e2e.Page](t)(e2e.NewBrowser().Get(ctx, conf.AuthCodeURL("s"))); page.Away != nil || page.Status != http.StatusBadRequest {
			t.Errorf("with a foreign redirect URI: %s", page)
		}
		conf, proof := fresh(), oauth2.GenerateVerifier()
		code := walkHome(t, ctx, conf.AuthCodeURL("s", oauth2.S256ChallengeOption(proof))).Code()
		_, err := conf.Exchange(ctx, code, oauth2.VerifierOption(oauth2.GenerateVerifier()))
		var refused *oauth2.RetrieveError
		if !errors.As(err, &refused) || refused.ErrorCode != "invalid_grant" {
			t.Errorf("with another verifier: %v", err)
		}
	})
}
