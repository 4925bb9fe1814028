package conformance

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

var _ = rows(
	Row{"META-01", "the metadata of RFC 8414 is served; an issuer with a path, for which its place would move, cannot be set", meta01},
	Row{"META-02", "the metadata of OpenID Connect Discovery is served, and is the same document", meta02},
	Row{"META-03", "issuer is exactly the URL that the metadata was read from: no query, no slash at the end (RFC 8414, section 3.3)", meta03},
	Row{"META-04", "what the metadata lists is there, and what it does not list is refused", meta04},
	Row{"META-05", "the members that client libraries cannot do without are there", meta05},
	Row{"META-06", "no URL is made of Host or X-Forwarded headers (RFC 9700, section 4.13)", meta06},
	Row{"META-09", "metadata and keys may be cached for 5 minutes and read by scripts of every origin", meta09},
	Row{"META-10", "metadata and keys answer HEAD and refuse other methods; other well-known places are 404", meta10},
)

var metadataPlaces = []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"}

func meta01(t *T) {
	a := t.OK(t.Get(metadataPlaces[0]))
	t.IsJSON(a)
	if kind := a.Header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("Content-Type is %q", kind)
	}
	t.Refused("public-url", "serve", "--listen=127.0.0.1:0", "--admin-listen=off", "--public-url=https://gate.example/tenant")
}

func meta02(t *T) {
	a, b := t.OK(t.Get(metadataPlaces[0])), t.OK(t.Get(metadataPlaces[1]))
	if t.IsJSON(b); string(a.Body) != string(b.Body) {
		t.Error("the two documents differ")
	}
}

func meta03(t *T) {
	issuer, _ := t.Metadata()["issuer"].(string)
	if issuer != t.Gateway.URL {
		t.Errorf("issuer is %q, read from %q", issuer, t.Gateway.URL)
	}
	u := must[*url.URL](t)(url.Parse(issuer))
	if u.RawQuery != "" || u.Fragment != "" || u.Path != "" || u.User != nil {
		t.Errorf("issuer is %q", issuer)
	}
	// Outside of development it has to be https.
	t.Refused("public-url", "serve", "--listen=127.0.0.1:0", "--admin-listen=off", "--public-url=http://gate.example")
	for _, bad := range []string{"https://gate.example/?x=1", "https://gate.example/#x", "https://user@gate.example", "gate.example"} {
		t.Refused("public-url", "serve", "--listen=127.0.0.1:0", "--admin-listen=off", "--public-url="+bad)
	}
}

func meta04(t *T) {
	m := t.Metadata()
	for name, want := range map[string][]string{
		"response_types_supported":         {"code"},
		"response_modes_supported":         {"form_post", "query"},
		"grant_types_supported":            {"authorization_code", "refresh_token"},
		"code_challenge_methods_supported": {"S256"},
		"subject_types_supported":          {"ephemeral", "pairwise"},
	} {
		if got := slices.Sorted(slices.Values(Texts(m, name))); !slices.Equal(got, want) {
			t.Errorf("%s is %v, not %v", name, got, want)
		}
	}
	for _, name := range []string{
		"registration_endpoint", "device_authorization_endpoint", "end_session_endpoint", "check_session_iframe", "dpop_signing_alg_values_supported",
		"tls_client_certificate_bound_access_tokens", "mtls_endpoint_aliases", "backchannel_logout_supported", "frontchannel_logout_supported",
		"backchannel_authentication_endpoint", "request_object_signing_alg_values_supported", "userinfo_signing_alg_values_supported",
		"authorization_signing_alg_values_supported", "introspection_signing_alg_values_supported",
	} {
		if m[name] != nil && m[name] != false {
			t.Errorf("it has %s: %v", name, m[name])
		}
	}
	t.endpointsAreThere(m)
	t.scopesAreThere(m)
	t.unlistedIsRefused()
}

// endpointsAreThere asks every endpoint for an answer that is its own: not 404.
func (t *T) endpointsAreThere(m map[string]any) {
	t.Helper()
	seen := 0
	for name, value := range m {
		place, _ := value.(string)
		if !strings.HasSuffix(name, "_endpoint") && name != "jwks_uri" && name != "service_documentation" {
			continue
		}
		seen++
		path, ours := strings.CutPrefix(place, t.Issuer()+"/")
		if !ours {
			t.Errorf("%s is %q", name, place)
			continue
		}
		if a := t.Get("/" + path); a.Status == http.StatusNotFound || a.Status >= 500 {
			t.Errorf("%s: %s", name, a)
		}
	}
	if seen < 7 {
		t.Errorf("it has %d endpoints only", seen)
	}
}

// scopesAreThere has a client registered for every scope, and asks for all.
func (t *T) scopesAreThere(m map[string]any) {
	t.Helper()
	scope := strings.Join(Texts(m, "scopes_supported"), " ")
	if !strings.HasPrefix(scope, "openid offline_access ") {
		t.Errorf("the scopes are %q", scope)
	}
	c := t.NewClient(byWallet, byEmail, byPhone, byLetter, "--scope="+scope)
	t.started(t.Visit(t.Ask(c, "scope", scope)))
	for _, locale := range Texts(m, "ui_locales_supported") {
		page := t.Open(t.SignedIn(), t.Ask(c, "ui_locales", locale).Path())
		if !strings.Contains(string(page.Body), `<html lang="`+locale) {
			t.Errorf("no page in %s", locale)
		}
	}
}

func (t *T) unlistedIsRefused() {
	t.Helper()
	app := t.App()
	for _, grant := range []string{
		"password", "client_credentials", "implicit", "urn:ietf:params:oauth:grant-type:device_code",
		"urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:token-exchange",
	} {
		t.JSON(t.PostForm("/token", t.Form(app, "grant_type", grant)), http.StatusBadRequest, "unsupported_grant_type")
	}
	for _, path := range []string{"/register", "/device_authorization", "/device", "/bc-authorize", "/end_session"} {
		t.Status(t.Post(path, "client_id="+app.ID), http.StatusNotFound)
	}
}

func meta05(t *T) {
	m := t.Metadata()
	for _, name := range []string{
		"issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "response_types_supported",
		"subject_types_supported", "id_token_signing_alg_values_supported", "token_endpoint_auth_methods_supported", "scopes_supported",
		"claims_supported", "revocation_endpoint", "introspection_endpoint", "pushed_authorization_request_endpoint",
	} {
		if m[name] == nil {
			t.Errorf("there is no %s", name)
		}
	}
	for _, alg := range []string{"RS256", "ES256"} {
		if !Lists(m, "id_token_signing_alg_values_supported", alg) {
			t.Errorf("ID tokens are not signed by %s", alg)
		}
	}
	for _, scope := range []string{"profile", "email", "phone", "address"} {
		if !Lists(m, "scopes_supported", scope) {
			t.Errorf("the scope %s of OpenID Connect is not there", scope)
		}
	}
	for _, claim := range append(byTAN, "name", "birthdate") {
		if !Lists(m, "claims_supported", claim) {
			t.Errorf("the claim %s of OpenID Connect is not there", claim)
		}
	}
	for _, method := range []string{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"} {
		if !Lists(m, "token_endpoint_auth_methods_supported", method) {
			t.Errorf("clients cannot authenticate by %s", method)
		}
	}
}

func meta06(t *T) {
	honest := t.OK(t.Get(metadataPlaces[1]))
	for _, lie := range [][]string{
		{"Host", "evil.example"}, {"X-Forwarded-Host", "evil.example"}, {"X-Forwarded-Proto", "https"}, {"X-Forwarded-Prefix", "/evil"},
		{"Forwarded", "host=evil.example;proto=https"}, {"X-Original-URL", "/evil"}, {"X-Forwarded-Port", "444"},
	} {
		a := t.Get(metadataPlaces[1], lie...)
		if a.Status < 400 && string(a.Body) != string(honest.Body) {
			t.Errorf("%v changes the metadata", lie)
		}
		ask := t.Ask(t.Wallet(), "response_type", "token")
		t.Redir(ask, t.Get(ask.Path(), lie...), "unsupported_response_type") // with the same iss
		location := t.Get(t.Ask(t.Wallet()).Path(), append([]string{"Accept", "text/html"}, lie...)...).Header.Get("Location")
		if strings.Contains(location, "evil") || !strings.HasPrefix(location, "/session/") {
			t.Errorf("%v: the flow goes on at %q", lie, location)
		}
	}
}

func meta09(t *T) {
	for _, place := range append(metadataPlaces, "/jwks") {
		a := t.OK(t.Get(place, "Origin", "https://anywhere.example"))
		if got := a.Header.Get("Access-Control-Allow-Origin"); got != "*" {
			t.Errorf("%s: Access-Control-Allow-Origin is %q", place, got)
		}
		if a.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s may be read with cookies", place)
		}
		_, age, _ := strings.Cut(a.Header.Get("Cache-Control"), "max-age=")
		age, _, _ = strings.Cut(age, ",")
		if seconds, err := strconv.Atoi(age); err != nil || seconds < 300 {
			t.Errorf("%s: Cache-Control is %q", place, a.Header.Get("Cache-Control"))
		}
	}
}

func meta10(t *T) {
	for _, place := range append(metadataPlaces, "/jwks") {
		head, whole := t.Send(http.MethodHead, place, ""), t.OK(t.Get(place))
		t.OK(head)
		if len(head.Body) != 0 || head.Header.Get("Content-Type") != whole.Header.Get("Content-Type") {
			t.Errorf("HEAD %s: %d bytes of %q", place, len(head.Body), head.Header.Get("Content-Type"))
		}
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
			a := t.Send(method, place, "")
			t.JSON(a, http.StatusMethodNotAllowed, "invalid_request")
			if got := a.Header.Get("Allow"); !strings.Contains(got, "GET") || strings.Contains(got, method) {
				t.Errorf("%s %s: Allow is %q", method, place, got)
			}
		}
	}
	for _, path := range []string{
		"/.well-known", "/.well-known/", "/.well-known/x", "/.well-known/openid-configuration/x", "/.well-known/webfinger?resource=acct:a@b",
		"/.well-known/oauth-authorization-server/tenant", "/.well-known/openid-federation", "/.well-known/../jwks",
	} {
		t.Status(t.RawGet(path), http.StatusNotFound)
	}
}
