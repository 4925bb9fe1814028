package conformance

import (
	"net/http"
	"strings"
)

var _ = rows(
	Row{"DEV-01", "there is no device authorization endpoint, and the metadata names none (RFC 8628, section 4)", dev01},
	Row{"DEV-02", "the grant type of devices is refused as unsupported, and cannot be registered (RFC 8628, section 3.4)", dev02},
	Row{"DEV-03", "no page takes a user code, so that there is none to guess and none to be talked into (RFC 8628, section 5)", dev03},
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

func dev01(t *T) {
	form := t.Form(t.App(), "scope", "given_name")
	for _, path := range []string{"/device_authorization", "/device", "/device/code", "/device-authorization", "/oauth/device/code"} {
		t.Status(t.PostForm(path, form), http.StatusNotFound)
	}
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		m := t.OK(t.Get(path)).JSON
		if m["device_authorization_endpoint"] != nil || Lists(m, "grant_types_supported", deviceGrant) {
			t.Errorf("%s speaks of devices", path)
		}
		if !Lists(m, "grant_types_supported", "authorization_code") {
			t.Errorf("%s has no grant types", path)
		}
	}
}

func dev02(t *T) {
	for _, c := range []string{"x", strings.Repeat("x", 64), ""} {
		a := t.PostForm("/token", t.Form(t.App(), "grant_type", deviceGrant, "device_code", c))
		t.JSON(a, http.StatusBadRequest, "unsupported_grant_type")
	}
	t.JSON(t.PostForm("/token", t.Form(t.Public(), "grant_type", deviceGrant, "device_code", "x")), http.StatusBadRequest, "unsupported_grant_type")
	t.Refused("grant", "client", "add", "--id", t.next("refused-"), "--redirect-uri", "https://c.example/cb", "--grant-type", deviceGrant)
}

func dev03(t *T) {
	for _, path := range []string{"/device", "/activate", "/device?user_code=WDJB-MJHT", "/device/WDJB-MJHT"} {
		t.ErrPage(t.VisitPath(path), http.StatusNotFound)
		t.Status(t.Post(path, "user_code=WDJB-MJHT"), http.StatusNotFound)
	}
	ask := t.Ask(t.App(), "user_code", "WDJB-MJHT", "device_code", "x")
	t.GrantOf(ask) // unknown parameters
}
