package conformance

import (
	"slices"
	"strings"
	"time"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"OIDC-01", "an ID token comes with scope openid, and never without it (OpenID Connect Core, section 3.1.2.1)", oidc01},
	Row{"OIDC-02", "ID tokens are signed as the client is set, ES256 or RS256, and say who, for whom, when, and the nonce as it was sent", oidc02},
	Row{"OIDC-03", "a request without nonce works, and its ID token has none (OpenID Connect Core, section 3.1.2.1)", oidc03},
	Row{"OIDC-04", "sub stays the same for a person at a client, differs between clients, and is new each time if it is set so (OpenID Connect Core, section 8)", oidc04},
	Row{"OIDC-09", "acr and amr say how the person was recognized, with values that the metadata lists (OpenID Connect Core, section 2)", oidc09},
	Row{"OIDC-10", "an ID token has technical claims alone unless the client asks for more in it", oidc10},
)

func oidc01(t *T) {
	for _, scope := range []string{"given_name", "profile given_name", "", "offline_access profile"} {
		g := t.Grant(t.App(), "scope", scope)
		if _, there := g.Answer.JSON["id_token"]; there {
			t.Errorf("scope %q gives an ID token", scope)
		}
		a := t.Userinfo(g.Access)
		t.Status(a, 403)
		if challenge := a.Header.Get("WWW-Authenticate"); !strings.Contains(challenge, "insufficient_scope") || !strings.Contains(challenge, `scope="openid"`) {
			t.Errorf("the challenge is %q", challenge)
		}
	}
	t.Claims(t.Grant(t.App(), "scope", "openid"))
}

func oidc02(t *T) {
	clients := map[string]e2e.Client{"ES256": t.App(), "RS256": t.Client(byAccount, noQuestion, refreshing, "--id-token-alg=RS256")}
	for alg, c := range clients {
		for _, nonce := range []string{"n", "N-0.S6~WzA2/Mj+=?&%20", "Zoë and \"quotes\" \\", strings.Repeat("0123456789abcdef", 16)} {
			before := time.Now().Add(-2 * time.Second)
			g := t.Grant(c, "scope", "openid", "nonce", nonce, "max_age", "100000")
			claims := t.Claims(g)
			header := t.Part(g.IDToken, 0)
			if header["alg"] != alg || header["kid"] == "" || header["kid"] == nil {
				t.Errorf("the header is %v", header)
			}
			if claims["nonce"] != nonce {
				t.Errorf("the nonce is %v, not %q", claims["nonce"], nonce)
			}
			if sub, _ := claims["sub"].(string); sub == "" {
				t.Error("there is no sub")
			}
			if at := unix(claims["auth_time"]); at.After(time.Now()) || time.Since(at) > time.Hour {
				t.Errorf("auth_time is %s", at)
			}
			if at := unix(claims["iat"]); at.Before(before.Truncate(time.Second)) {
				t.Errorf("iat is %s", at)
			}
		}
	}
	for _, alg := range []string{"ES256", "RS256"} {
		if !Lists(t.Metadata(), "id_token_signing_alg_values_supported", alg) {
			t.Errorf("the metadata does not list %s", alg)
		}
	}
	if Lists(t.Metadata(), "id_token_signing_alg_values_supported", "none") {
		t.Error("the metadata lists none")
	}
	t.Refused("id-token-alg", "client", "add", "--id", t.next("refused-"), "--redirect-uri", "https://c.example/cb", "--id-token-alg", "none")
}

func oidc03(t *T) {
	for _, c := range []e2e.Client{t.App(), t.Wallet(), t.Public()} {
		for _, nonce := range []string{Without, ""} {
			if got, there := t.Claims(t.Grant(c, "scope", "openid", "nonce", nonce))["nonce"]; there {
				t.Errorf("the nonce is %v", got)
			}
		}
	}
}

func oidc04(t *T) {
	const scope = "openid personal_administrative_number given_name"
	one := []string{"--scope=given_name personal_administrative_number"}
	ephemeral := append([]string{"--subject-type=ephemeral"}, one...)
	for name, row := range map[string]struct {
		flags, other []string
		stays        bool
	}{
		"account":            {[]string{byAccount, noQuestion}, []string{byAccount, noQuestion, "--name=Other"}, true},
		"wallet":             {one, append([]string{"--name=Other"}, one...), true},
		"account, ephemeral": {[]string{byAccount, noQuestion, "--subject-type=ephemeral"}, []string{byAccount, noQuestion, "--subject-type=ephemeral", "--name=Other"}, false},
		"wallet, ephemeral":  {ephemeral, append([]string{"--name=Other"}, ephemeral...), false},
	} {
		asked := scope
		if slices.Contains(row.flags, byAccount) {
			asked = "openid given_name"
		}
		client, other := t.Client(row.flags...), t.Client(row.other...)
		first, again, elsewhere := t.Sub(t.Grant(client, "scope", asked)), t.Sub(t.Grant(client, "scope", asked)), t.Sub(t.Grant(other, "scope", asked))
		if (first == again) != row.stays {
			t.Errorf("%s: sub is %s, then %s", name, first, again)
		}
		if first == elsewhere || again == elsewhere {
			t.Errorf("%s: two clients see the same sub", name)
		}
		for _, sub := range []string{first, again, elsewhere} {
			if len(sub) > 255 || strings.Trim(sub, urlAlphabet) != "" || strings.Contains(sub, "7560000") {
				t.Errorf("%s: sub is %q", name, sub)
			}
		}
	}
	for _, kind := range []string{"pairwise", "ephemeral"} {
		if !Lists(t.Metadata(), "subject_types_supported", kind) {
			t.Errorf("the metadata does not list %s", kind)
		}
	}
	b, someone := e2e.NewBrowser(), t.NewPerson()
	t.SignIn(b, someone)
	ask := t.Ask(t.Client(byAccount, noQuestion), "scope", "openid given_name")
	if t.Sub(t.Swap(ask, t.Home(b, ask).Code())) == t.Sub(t.Grant(ask.Client, "scope", "openid given_name")) {
		t.Error("two persons have the same sub")
	}
}

func oidc09(t *T) {
	for want, row := range map[string]struct {
		client e2e.Client
		amr    string
	}{
		"urn:vouchgate:acr:wallet":   {t.Wallet(), "pop"},
		"urn:vouchgate:acr:password": {t.App(), "pwd"},
		"urn:vouchgate:acr:tan":      {t.Mailer(), "otp"},
	} {
		// What the client would like better is a wish, and not granted by saying so.
		claims := t.Claims(t.Grant(row.client, "scope", "openid", "acr_values", "urn:example:best urn:vouchgate:acr:wallet"))
		amr := Texts(claims, "amr")
		if claims["acr"] != want || !slices.Equal(amr, []string{row.amr}) {
			t.Errorf("acr is %v and amr %v, not %s and %s", claims["acr"], amr, want, row.amr)
		}
		if !Lists(t.Metadata(), "acr_values_supported", want) {
			t.Errorf("the metadata does not list %s", want)
		}
	}
}

// technical are the claims that say nothing of the person.
var technical = []string{"acr", "amr", "at_hash", "aud", "auth_time", "exp", "iat", "iss", "nonce", "sub"}

func oidc10(t *T) {
	for _, g := range []Grant{
		t.Grant(t.App(), "scope", "openid profile", "nonce", "n"),
		t.Grant(t.Wallet(), "scope", "openid profile age_over_18", "nonce", "n"),
		t.Grant(t.Wallet(), "scope", "openid profile", "nonce", "n", "claims", `{"userinfo":{"given_name":null,"verified_claims":{"verification":{"trust_framework":null},"claims":null}}}`),
	} {
		for name := range t.Claims(g) {
			if !slices.Contains(technical, name) {
				t.Errorf("the ID token has %s", name)
			}
		}
		if t.Told(g)["family_name"] == nil {
			t.Error("the data is not at /userinfo either")
		}
	}
	asked := t.Grant(t.App(), "scope", "openid profile", "claims", `{"id_token":{"given_name":null}}`)
	claims := t.Claims(asked)
	if claims["given_name"] != t.Person().Claims["given_name"] || claims["family_name"] != nil {
		t.Errorf("asked for the given name in the ID token, it has %v and %v", claims["given_name"], claims["family_name"])
	}
}
