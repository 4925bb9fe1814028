package server_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"vouchgate/kyc"
)

func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

// tokenFaults are requests that are refused before the code is looked at, so the
// code stays good.
var tokenFaults = []struct {
	name   string
	edit   func(url.Values)
	status int
	word   string
}{
	{"grant_type missing", func(f url.Values) { f.Del("grant_type") }, 400, "invalid_request"},
	{"grant_type empty", func(f url.Values) { f.Set("grant_type", "") }, 400, "invalid_request"},
	{"grant_type unknown", func(f url.Values) { f.Set("grant_type", "foo") }, 400, "unsupported_grant_type"},
	{"grant_type password", func(f url.Values) { f.Set("grant_type", "password") }, 400, "unsupported_grant_type"},
	{"grant_type implicit", func(f url.Values) { f.Set("grant_type", "implicit") }, 400, "unsupported_grant_type"},
	{"grant_type refresh_token without one", func(f url.Values) { f.Set("grant_type", "refresh_token") }, 400, "invalid_request"},
	{"grant_type refresh_token of a client that has none", func(f url.Values) {
		f.Set("grant_type", "refresh_token")
		f.Set("refresh_token", f.Get("code"))
	}, 400, "unauthorized_client"},
	{"grant_type client_credentials", func(f url.Values) { f.Set("grant_type", "client_credentials") }, 400, "unsupported_grant_type"},
	{"grant_type twice", func(f url.Values) { f.Add("grant_type", "authorization_code") }, 400, "invalid_request"},
	{"code missing", func(f url.Values) { f.Del("code") }, 400, "invalid_request"},
	{"code empty", func(f url.Values) { f.Set("code", "") }, 400, "invalid_request"},
	{"code twice, the same", func(f url.Values) { f.Add("code", f.Get("code")) }, 400, "invalid_request"},
	{"code twice, different", func(f url.Values) { f.Add("code", "x") }, 400, "invalid_request"},
	{"redirect_uri twice", func(f url.Values) { f.Add("redirect_uri", f.Get("redirect_uri")) }, 400, "invalid_request"},
	{"an unknown parameter twice", func(f url.Values) { f["x"] = []string{"1", "2"} }, 400, "invalid_request"},
	{"code unknown", func(f url.Values) { f.Set("code", strings.Repeat("A", 64)) }, 400, "invalid_grant"},
	{"code with one character changed", func(f url.Values) { f.Set("code", "B"+f.Get("code")[1:]) }, 400, "invalid_grant"},
	{"code with another secret", func(f url.Values) { f.Set("code", f.Get("code")[:60]+"AAAA") }, 400, "invalid_grant"},
	{"code truncated", func(f url.Values) { f.Set("code", f.Get("code")[:63]) }, 400, "invalid_grant"},
	{"code with a suffix", func(f url.Values) { f.Set("code", f.Get("code")+"A") }, 400, "invalid_grant"},
	{"code with a space behind", func(f url.Values) { f.Set("code", f.Get("code")+" ") }, 400, "invalid_grant"},
	{"code in another case", func(f url.Values) { f.Set("code", strings.ToLower(f.Get("code"))) }, 400, "invalid_grant"},
	{"code of SQL", func(f url.Values) { f.Set("code", "' OR 1=1 --") }, 400, "invalid_grant"},
	{"code with NUL", func(f url.Values) { f.Set("code", "a\x00b") }, 400, "invalid_request"},
	{"code of 10 kB", func(f url.Values) { f.Set("code", strings.Repeat("A", 10<<10)) }, 400, "invalid_grant"},
	{"code of 1 MB", func(f url.Values) { f.Set("code", strings.Repeat("A", 1<<20)) }, 413, "invalid_request"},
	{"no client at all", func(f url.Values) { f.Del("client_id"); f.Del("client_secret") }, 401, "invalid_client"},
	{"client_id without secret", func(f url.Values) { f.Del("client_secret") }, 401, "invalid_client"},
	{"a secret without client_id", func(f url.Values) { f.Del("client_id") }, 401, "invalid_client"},
	{"a wrong secret", func(f url.Values) { f.Set("client_secret", "wrong") }, 401, "invalid_client"},
	{"an unknown client", func(f url.Values) { f.Set("client_id", "nobody") }, 401, "invalid_client"},
	{"client_id twice", func(f url.Values) { f.Add("client_id", "shop") }, 400, "invalid_request"},
	{"client_secret twice", func(f url.Values) { f.Add("client_secret", "x") }, 400, "invalid_request"},
	{"client_id with NUL", func(f url.Values) { f.Set("client_id", "shop\x00") }, 400, "invalid_request"},
	{"client_id of another alphabet", func(f url.Values) { f.Set("client_id", "späti") }, 401, "invalid_client"},
	{"101 parameters", func(f url.Values) { fill(f, 100) }, 400, "invalid_request"},
}

func fill(f url.Values, n int) {
	for i := range n {
		f.Set(fmt.Sprintf("x%d", i), "1")
	}
}

func TestTokenRefusalsThatLeaveTheCodeGood(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.finished("shop")
	before := g.everything()
	for _, row := range tokenFaults {
		t.Run(row.name, func(t *testing.T) {
			form := w.form()
			row.edit(form)
			r := g.redeem(form).refuses(row.status, row.word)
			if r.header.Get("Pragma") != "no-cache" || r.header.Get("WWW-Authenticate") != "" {
				t.Errorf("headers are %v", r.header)
			}
			r.lacks(w.code, secretOf("shop"))
		})
	}
	if after := g.everything(); after != before {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
	w.redeem().wants(http.StatusOK)
}

func TestTokenRequestsThatAreNoForms(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.finished("shop")
	good := w.form().Encode()
	const form = "application/x-www-form-urlencoded"
	before := g.everything()
	for _, row := range []struct {
		name, path, kind, body string
		status                 int
		word                   string
	}{
		{"no content type", "/token", "", good, 400, "invalid_request"},
		{"JSON", "/token", "application/json", `{"grant_type":"authorization_code"}`, 400, "invalid_request"},
		{"multipart", "/token", "multipart/form-data; boundary=x", "--x--", 400, "invalid_request"},
		{"plain text", "/token", "text/plain", good, 400, "invalid_request"},
		{"a content type that is broken", "/token", form + "; charset", good, 400, "invalid_request"},
		{"parameters in the query", "/token?" + good, form, "", 400, "invalid_request"},
		{"one parameter in the query", "/token?client_secret=x", form, good, 400, "invalid_request"},
		{"broken percent-encoding", "/token", form, good + "&x=%zz", 400, "invalid_request"},
		{"not UTF-8", "/token", form, good + "&x=%ff", 400, "invalid_request"},
		{"semicolons", "/token", form, strings.ReplaceAll(good, "&", ";"), 400, "invalid_request"},
		{"an empty body", "/token", form, "", 401, "invalid_client"},
		{"10,000 fields", "/token", form, good + strings.Repeat("&a", 5000), 400, "invalid_request"},
		{"16 KiB and a byte", "/token", form, strings.Repeat("x", 16<<10+1), 413, "invalid_request"},
	} {
		t.Run(row.name, func(t *testing.T) {
			g.browser().send(http.MethodPost, row.path, row.kind, row.body).refuses(row.status, row.word)
		})
	}
	g.browser().with("Content-Encoding", "gzip").send(http.MethodPost, "/token", form, good).refuses(400, "invalid_request")
	if after := g.everything(); after != before {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
	if logged := g.logs.String(); strings.Contains(logged, w.code) || strings.Contains(logged, secretOf("shop")) {
		t.Error("the log holds a secret")
	}
}

func TestTokenRequestsThatAreFine(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	const form = "application/x-www-form-urlencoded"
	header := basic("shop", shopSecret)
	for _, row := range []struct {
		name, kind, authorization string
		edit                      func(url.Values)
	}{
		{"a charset", form + "; charset=UTF-8", "", none},
		{"a type in upper case", strings.ToUpper(form), "", none},
		{"unknown fields", form, "", func(f url.Values) { f.Set("foo", "bar") }},
		{"an empty scope", form, "", func(f url.Values) { f.Set("scope", "") }},
		{"the right state", form, "", func(f url.Values) { f.Set("state", "state of shop") }},
		{"Basic", form, header, func(f url.Values) { f.Del("client_id"); f.Del("client_secret") }},
		{"Basic with the same client_id", form, header, func(f url.Values) { f.Del("client_secret") }},
		{"basic in lower case", form, "basic" + header[5:], func(f url.Values) { f.Del("client_secret") }},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, space := range []string{"+", "%20"} {
				w := g.finished("shop")
				f := w.form()
				row.edit(f)
				b := g.browser().with("Accept", "text/html")
				if row.authorization != "" {
					b = b.with("Authorization", row.authorization)
				}
				r := b.send(http.MethodPost, "/token", row.kind, strings.ReplaceAll(f.Encode(), "+", space)).wants(http.StatusOK)
				if token := r.text("access_token"); len(token) != 64 {
					t.Errorf("token has %d characters", len(token))
				}
			}
		})
	}
}

func TestSecretsOfAnyCharactersWorkInBasic(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	for _, secret := range []string{"a+b%/: ü", "secret-token:x", "100%", "a b"} {
		must(t, g.store.RotateClientSecret(ctx, kyc.ClientSecret{
			ID: g.newID(), ClientID: "shop", Hash: kyc.HashSecret(kyc.SecretClient, secret), CreatedAt: noon}, noon.Add(1e9)))
		for _, sent := range []string{secret, url.QueryEscape(secret)} {
			w := g.finished("shop")
			f := w.form()
			f.Del("client_id")
			f.Del("client_secret")
			g.browser().with("Authorization", basic("shop", sent)).
				send(http.MethodPost, "/token", "application/x-www-form-urlencoded", f.Encode()).wants(http.StatusOK)
		}
	}
}

func TestBadBasicCredentials(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	g.addClient("other")
	w := g.finished("shop")
	good := basic("shop", secretOf("shop"))
	before := g.everything()
	for _, row := range []struct {
		name   string
		auth   []string
		edit   func(url.Values)
		status int
		word   string
	}{
		{"a wrong secret", []string{basic("shop", "wrong")}, none, 401, "invalid_client"},
		{"an unknown client", []string{basic("nobody", "wrong")}, none, 401, "invalid_client"},
		{"no base64", []string{"Basic !!!"}, none, 401, "invalid_client"},
		{"no colon", []string{"Basic c2hvcA=="}, none, 401, "invalid_client"},
		{"nothing behind the scheme", []string{"Basic"}, none, 401, "invalid_client"},
		{"another scheme", []string{"Bearer " + secretOf("shop")}, none, 401, "invalid_client"},
		{"two headers", []string{good, good}, none, 400, "invalid_request"},
		{"a secret in the form too", []string{good}, func(f url.Values) { f.Set("client_secret", secretOf("shop")) }, 400, "invalid_request"},
		{"another client in the form", []string{good}, func(f url.Values) { f.Set("client_id", "other") }, 400, "invalid_request"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := w.form()
			f.Del("client_id")
			f.Del("client_secret")
			row.edit(f)
			b := g.browser()
			b.header["Authorization"] = row.auth
			r := b.send(http.MethodPost, "/token", "application/x-www-form-urlencoded", f.Encode()).refuses(row.status, row.word)
			if challenge := r.header.Get("WWW-Authenticate"); row.status == 401 && challenge != `Basic realm="vouchgate"` {
				t.Errorf("WWW-Authenticate is %q", challenge)
			}
		})
	}
	if after := g.everything(); after != before {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
	w.redeem().wants(http.StatusOK)
}

func none(url.Values) {}
