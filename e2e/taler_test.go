package e2e_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"vouchgate/e2e"
)

var taler = []string{"--error-profile", "taler"}

// visit opens what the exchange hands out in a browser.
func (x *exchange) visit(t *testing.T, ctx context.Context, b *e2e.Browser, account string) e2e.Page {
	t.Helper()
	return must[e2e.Page](t)(b.Get(ctx, must[string](t)(x.kycStart(ctx, account))))
}

// home takes the browser back to the exchange and returns what that came to.
func (x *exchange) home(t *testing.T, ctx context.Context, b *e2e.Browser, page e2e.Page) proof {
	t.Helper()
	if page.Away == nil {
		t.Fatalf("not sent home: %s\n%s", page, page.Body)
	}
	must[e2e.Page](t)(b.Get(ctx, page.Away.String()))
	return x.last()
}

// proofAt has a person accept in the wallet and takes the browser home.
func (x *exchange) proofAt(t *testing.T, ctx context.Context, s *stage, b *e2e.Browser, page e2e.Page, who string) proof {
	t.Helper()
	check(t, s.verifier.Accept(page.Verification(), who))
	return x.home(t, ctx, b, goHome(t, ctx, b, page))
}

func TestATalerExchangeGetsItsProof(t *testing.T) {
	t.Parallel()
	noise := make([]byte, 3000)
	_, _ = rand.Read(noise)
	bodies := map[string][]byte{
		"with an empty body":                            nil,
		"with a compressed address that nothing labels": deflated(t, `{"CONTACT_NAME":"x"}`),
		"with one so large that curl asks first":        deflated(t, base64.StdEncoding.EncodeToString(noise)),
	}
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newStage(t, e)
		x := newExchange(t, s, taler...)
		for name, body := range bodies {
			t.Run(name, func(t *testing.T) {
				ctx := e2e.Patient(t)
				account, b := accountHash("payto://iban/"+name), e2e.NewBrowser()
				x.body = body
				p := x.proofAt(t, ctx, s, b, x.visit(t, ctx, b, account), "tito")
				if p.outcome != proved || x.opened(account) {
					t.Fatalf("%s: %s", p.outcome, p.detail)
				}
				says(t, e2e.Answer{JSON: p.info}, "tito")
				if name, converted := p.user["full_name"]; converted && name != "Della Prova, Tito Nicolò" {
					t.Errorf("the converter makes %v of it", p.user)
				}
			})
		}
	})
}

func TestAnAuthorizeURLOfAnExchangeWorksForDays(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newStage(t, e)
		x := newExchange(t, s, taler...)
		ctx := e2e.Patient(t)
		account, b := accountHash("payto://iban/DE1"), e2e.NewBrowser()
		first := x.visit(t, ctx, b, account)

		s.Stop()
		s.Data.Age(t, 50*time.Hour)
		check(t, s.verifier.Expire(first.Verification()))
		check(t, s.Restart())

		again := x.visit(t, ctx, b, account)
		if again.Session() != first.Session() || again.Verification() == "" || again.Verification() == first.Verification() {
			t.Fatalf("two days later: %s with verification %q", again, again.Verification())
		}
		if reload := x.visit(t, ctx, b, account); reload.Verification() != again.Verification() {
			t.Errorf("a reload makes another verification")
		}
		if p := x.proofAt(t, ctx, s, b, again, "ueli"); p.outcome != proved {
			t.Errorf("%s: %s", p.outcome, p.detail)
		}
	})
}

func TestAPersonWhoCancelsCanStartAnewAtTheExchange(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newStage(t, e)
		x := newExchange(t, s, taler...)
		ctx := e2e.Patient(t)
		account, b := accountHash("payto://iban/DE2"), e2e.NewBrowser()
		page := x.visit(t, ctx, b, account)
		p := x.home(t, ctx, b, must[e2e.Page](t)(b.Post(ctx, s.URL+page.URL.Path+"/cancel")))
		if p.outcome != userAborted || p.detail == "" || x.opened(account) {
			t.Fatalf("cancelled: %s %q", p.outcome, p.detail)
		}
		if p = x.proofAt(t, ctx, s, b, x.visit(t, ctx, b, account), "mira"); p.outcome != proved {
			t.Errorf("started anew: %s: %s", p.outcome, p.detail)
		}
	})
}

func TestAnotherFaultClosesTheProcessToo(t *testing.T) {
	t.Parallel()
	s := newStage(t, e2e.SQLite)
	x := newExchange(t, s, taler...)
	ctx := e2e.Patient(t)
	account, b := accountHash("payto://iban/DE3"), e2e.NewBrowser()
	wrong := must[string](t)(x.kycStart(ctx, account))
	page := must[e2e.Page](t)(b.Get(ctx, strings.Replace(wrong, "response_type=code", "response_type=token", 1)))
	if p := x.home(t, ctx, b, page); p.outcome != provFailed || x.opened(account) {
		t.Errorf("%s: %s", p.outcome, p.detail)
	}
}

func TestWithoutItsProfileAnExchangeWouldHang(t *testing.T) {
	t.Parallel()
	s := newStage(t, e2e.SQLite)
	x := newExchange(t, s, "--pkce", "optional")
	ctx := e2e.Patient(t)
	account, b := accountHash("payto://iban/DE4"), e2e.NewBrowser()
	page := x.visit(t, ctx, b, account)
	p := x.home(t, ctx, b, must[e2e.Page](t)(b.Post(ctx, s.URL+page.URL.Path+"/cancel")))
	if p.outcome != hangs || p.detail != "access_denied" {
		t.Errorf("%s: %s", p.outcome, p.detail)
	}
}

func TestAnExchangeUnderstandsEveryRefusal(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newStage(t, e)
		x := newExchange(t, s, taler...)
		ctx := e2e.Patient(t)
		code := func(account string) string {
			b := e2e.NewBrowser()
			page := x.visit(t, ctx, b, account)
			check(t, s.verifier.Accept(page.Verification(), ""))
			return goHome(t, ctx, b, page).Code()
		}
		mine, other := accountHash("payto://iban/DE5"), accountHash("payto://iban/DE6")
		rows := []struct {
			name, state, code, secret string
		}{
			{"the code of another account", other, code(mine), x.client.Secret},
			{"a code that is none", mine, "pass", x.client.Secret},
			{"a wrong secret", mine, code(accountHash("payto://iban/DE7")), "secret-token:wrong-secret-of-it"},
		}
		for _, row := range rows {
			foreign := &exchange{t: t, gateway: x.gateway, client: x.client}
			foreign.client.Secret = row.secret
			if p := foreign.fetch(ctx, row.state, row.code); p.outcome != userAborted {
				t.Errorf("%s: %s: %s", row.name, p.outcome, p.detail)
			}
		}
		for what, header := range map[string]string{"an unknown token": "Authorization: Bearer none", "no token": ""} {
			status, body, err := x.curl(ctx, "GET", "/info", header, nil)
			if p, bad := refused(status, body, err); !bad || p.outcome != userAborted || status != http.StatusUnauthorized {
				t.Errorf("%s: status %d, %s: %s", what, status, p.outcome, p.detail)
			}
		}
	})
}

func TestTheImitationReadsAnswersAsGNUnetDoes(t *testing.T) {
	t.Parallel()
	const kind = "application/json"
	rows := []struct {
		name, contentType, body string
		there, good             bool
	}{
		{"a plain answer", kind, `{"nonce":"n"}`, true, true},
		{"a charset is let pass", kind + "; charset=utf-8", `{"nonce":"n"}`, true, true},
		{"what follows the JSON is let pass", kind, `{"nonce":"n"} and more`, true, true},
		{"another type is not looked at", "application/problem+json", `{"nonce":"n"}`, false, true},
		{"nor one that only begins so", kind + "p", `{"nonce":"n"}`, false, true},
		{"a repeated member is refused", kind, `{"nonce":"n","nonce":"n"}`, true, false},
		{"a repeated member further inside, too", kind, `{"nonce":"n","list":[{"a":1,"a":2}]}`, true, false},
		{"half an answer is refused", kind, `{"nonce":`, false, false},
	}
	for _, row := range rows {
		answer, err := gnunetJSON(row.contentType, []byte(row.body))
		if (err == nil) != row.good || (answer["nonce"] != nil) != row.there {
			t.Errorf("%s: got %v, %v", row.name, answer, err)
		}
	}
}

func TestASecretWithAColonWorksInEveryPlace(t *testing.T) {
	t.Parallel()
	s := newStage(t, e2e.SQLite)
	x := newExchange(t, s, taler...)
	ctx := e2e.Patient(t)
	basic := func(user, password string) string {
		return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	}
	ways := map[string]string{
		"encoded as RFC 6749 has it": basic(x.client.ID, url.QueryEscape(exchangeSecret)),
		"as it is":                   basic(x.client.ID, exchangeSecret),
	}
	for name, header := range ways {
		account, b := accountHash("payto://iban/"+name), e2e.NewBrowser()
		page := x.visit(t, ctx, b, account)
		check(t, s.verifier.Accept(page.Verification(), ""))
		form := url.Values{
			"grant_type": {"authorization_code"}, "code": {goHome(t, ctx, b, page).Code()},
			"redirect_uri": {x.client.RedirectURI}, "state": {account},
		}
		status, body, err := x.curl(ctx, "POST", "/token", header, []byte(form.Encode()))
		if err != nil || status != http.StatusOK {
			t.Errorf("in the Basic header, %s: status %d, %v, %v", name, status, body["error"], err)
		}
	}
}
