package e2e_test

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"vouchgate/e2e"
	"vouchgate/gen/api/client"
)

// redirect is a redirect URI for clients that look at the code and let no browser
// come.
const redirect = "https://shop.example/callback"

func TestTheClientOfTheContractInTypeScriptWalksTheMainJob(t *testing.T) {
	t.Parallel()
	compile := exec.Command(filepath.Join("node_modules", ".bin", "tsc"))
	compile.Dir = packages(t, sdkPackages)
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("compiling %s: %v\n%s", sdkPackages, err, out)
	}
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newStage(t, e)
		shop := s.client(t, "shop")
		program := startNode(t, e2e.Patient(t), sdkPackages, "dist/examples/walk.js", map[string]string{
			"url": s.URL, "id": shop.ID, "secret": shop.Secret, "redirect_uri": redirect,
		})
		var opened struct{ Verification string }
		program.hear(&opened)
		check(t, s.verifier.Accept(opened.Verification, "zoe"))
		program.tell("accepted")

		var walked struct {
			Home  string
			Token struct{ Scope string }
			Info  map[string]any
		}
		program.hear(&walked)
		if home := must[*url.URL](t)(url.Parse(walked.Home)).Query(); home.Get("state") != "my state" || home.Get("iss") != s.URL {
			t.Errorf("came home with %v", home)
		}
		says(t, e2e.Answer{JSON: walked.Info}, "zoe")
		if walked.Token.Scope != walked.Info["scope"] {
			t.Errorf("the token is for %q, the data for %q", walked.Token.Scope, walked.Info["scope"])
		}
		var again struct {
			Status int
			Code   string
		}
		program.hear(&again)
		if again.Status != http.StatusBadRequest || again.Code != "invalid_grant" {
			t.Errorf("the code once more: %+v", again)
		}
		program.end()
	})
}

// bearer and basic are how Go programs add credentials to a call of the client.
func bearer(token string) client.RequestEditorFn {
	return func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
}

func basic(id, secret string) client.RequestEditorFn {
	return func(_ context.Context, r *http.Request) error {
		r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
		return nil
	}
}

func TestTheClientOfTheContractInGoWalksTheMainJob(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newStage(t, e)
		shop, ctx := s.client(t, "shop"), e2e.Patient(t)
		calls := &http.Client{
			Jar:           must[*cookiejar.Jar](t)(cookiejar.New(nil)),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		url, id, secret, redirectURI := s.URL, shop.ID, shop.Secret, redirect

		gateway, err := client.NewClientWithResponses(url, client.WithHTTPClient(calls))
		check(t, err)
		made, err := gateway.SetupWithResponse(ctx, id, client.SetupJSONRequestBody{}, bearer(secret))
		check(t, err)
		code := proveByHand(t, ctx, s, gateway, made.JSON200.Nonce)
		form := client.TokenRequest{GrantType: new("authorization_code"), Code: &code, RedirectURI: &redirectURI}
		token, err := gateway.TokenWithFormdataBodyWithResponse(ctx, form, basic(id, secret))
		check(t, err)
		info, err := gateway.InfoWithResponse(ctx, bearer(token.JSON200.AccessToken))
		check(t, err)

		want := person(t, "zoe")
		if *info.JSON200.GivenName != want["given_name"] || *info.JSON200.BirthDate != want["birth_date"] || info.JSON200.Method != "swiyu" {
			t.Errorf("the data are %s", info.Body)
		}
		again, err := gateway.TokenWithFormdataBodyWithResponse(ctx, form, basic(id, secret))
		check(t, err)
		if again.JSON400 == nil || again.JSON400.Error != "invalid_grant" {
			t.Errorf("the code once more: %d %s", again.StatusCode(), again.Body)
		}
	})
}

// proveByHand does with the client what a person's browser does.
func proveByHand(t *testing.T, ctx context.Context, s *stage, gateway *client.ClientWithResponses, nonce string) (code string) {
	t.Helper()
	visit := &client.AuthorizeParams{
		ResponseType: new("code"), ClientID: new("shop"), RedirectURI: new(redirect), State: new("my state"),
	}
	accept := func(kind string) client.RequestEditorFn {
		return func(_ context.Context, r *http.Request) error {
			r.Header.Set("Accept", kind)
			return nil
		}
	}
	opened := must[*client.AuthorizeReply](t)(gateway.AuthorizeWithResponse(ctx, nonce, visit, accept("application/json")))
	if opened.JSON200 == nil {
		t.Fatalf("authorize: %d %s", opened.StatusCode(), opened.Body)
	}
	verification, err := opened.JSON200.AsAuthorization()
	check(t, err)
	check(t, s.verifier.Accept(verification.VerificationID, "zoe"))

	page := must[*client.AuthorizeReply](t)(gateway.AuthorizeWithResponse(ctx, nonce, visit, accept("text/html")))
	id, _ := strings.CutPrefix(page.HTTPResponse.Header.Get("Location"), "/session/")
	var session client.SessionID
	check(t, session.UnmarshalText([]byte(id)))
	check(t, e2e.Until(ctx, "the proof", func() (bool, error) {
		state, err := gateway.GetStatusWithResponse(ctx, session)
		return err == nil && state.JSON200 != nil && state.JSON200.Status == client.StatusVerified, err
	}))
	home := must[*client.FinishSessionReply](t)(gateway.FinishSessionWithResponse(ctx, session))
	return must[*url.URL](t)(home.HTTPResponse.Location()).Query().Get("code")
}

// What the README of the clients shows is taken from these walks.
func TestTheReadmeOfTheClientsShowsWhatWasTried(t *testing.T) {
	t.Parallel()
	tried := lines(t, "sdk_test.go", "../sdk/typescript/examples/walk.ts")
	var shown int
	inside := false
	for line := range strings.SplitSeq(string(must[[]byte](t)(os.ReadFile("../sdk/README.md"))), "\n") {
		line = strings.TrimSpace(line)
		fence := strings.HasPrefix(line, "```")
		switch {
		case fence:
			inside = !inside && (line == "```ts" || line == "```go")
		case inside && line != "" && !strings.HasPrefix(line, "//"):
			shown++
			if !tried[line] {
				t.Errorf("nobody has tried %q", line)
			}
		}
	}
	if shown < 10 {
		t.Errorf("it shows %d lines", shown)
	}
}

func lines(t *testing.T, files ...string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, file := range files {
		for line := range strings.SplitSeq(string(must[[]byte](t)(os.ReadFile(file))), "\n") {
			found[strings.TrimSpace(line)] = true
		}
	}
	return found
}
