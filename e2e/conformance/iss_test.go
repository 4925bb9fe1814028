package conformance

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"ISS-01", "every answer to a client has iss, which is the issuer of the metadata, encoded once (RFC 9207, section 2)", iss01},
	Row{"ISS-02", "the metadata says that answers have iss (RFC 9207, section 3)", iss02},
	Row{"ISS-03", "a client that stumbles over iss can be registered to get none, and others keep theirs", iss03},
	Row{"ISS-04", "the documentation tells clients of several servers how not to mix them up (RFC 9700, section 4.4)", iss04},
)

func iss01(t *T) {
	issuer, _ := t.Metadata()["issuer"].(string)
	if issuer != t.Issuer() {
		t.Errorf("the issuer is %q", issuer)
	}
	raw := "iss=" + strings.ReplaceAll(url.QueryEscape(issuer), "+", "%20")
	var locations []string
	for _, c := range []e2e.Client{t.App(), t.Wallet()} {
		locations = append(locations, t.Home(t.SignedIn(), t.Ask(c)).Header.Get("Location"))
		for _, bad := range []Ask{
			t.Ask(c, "response_type", "token"), t.Ask(c, "scope", `"`), t.Ask(c, "prompt", "none login"), t.Ask(c).Plain(),
			t.Ask(c, "response_mode", "x"), t.Ask(c, "request", "x"), t.Ask(c, "state", strings.Repeat("s", 3000)),
		} {
			locations = append(locations, t.Visit(bad).Header.Get("Location"))
		}
		b := e2e.NewBrowser()
		page := t.Open(b, t.Ask(c).Path())
		locations = append(locations, t.Press(b, page, "/cancel").Header.Get("Location"))
	}
	for _, location := range locations {
		if strings.Count(location, "iss=") != 1 || !strings.Contains(location, raw) {
			t.Errorf("no %s in %q", raw, location)
		}
	}
}

func iss02(t *T) {
	for _, at := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		if got := t.OK(t.Get(at)).JSON["authorization_response_iss_parameter_supported"]; got != true {
			t.Errorf("%s says %v", at, got)
		}
	}
}

func iss03(t *T) {
	c := t.Client(byAccount, noQuestion, "--omit-iss")
	for _, ask := range []Ask{t.Ask(c), t.Ask(c, "response_type", "token")} {
		home := t.Home(t.SignedIn(), ask)
		if home.Away == nil || home.Away.Query().Has("iss") || home.Away.Query().Get("state") != ask.State() {
			t.Errorf("it comes home with %s", home.Header.Get("Location"))
		}
	}
	posted := t.Home(t.SignedIn(), t.Ask(c, "response_mode", "form_post"))
	if form, err := posted.Form("/callback"); err != nil || form.Values.Has("iss") || form.Values.Get("code") == "" {
		t.Errorf("the form has %v, %v", form.Values, err)
	}
	other := t.Ask(t.App())
	t.HomeWith(other, t.Home(t.SignedIn(), other).Header.Get("Location"))
}

var aboutMixUp = regexp.MustCompile(`(?is)mix-up.*redirect uri|redirect uri.*mix-up`)

func iss04(t *T) {
	pages := must[[]string](t)(filepath.Glob(filepath.Join("..", "..", "docs", "*.md")))
	for _, page := range pages {
		if page == tableFile {
			continue
		}
		text := string(must[[]byte](t)(os.ReadFile(page)))
		if aboutMixUp.MatchString(text) && strings.Contains(text, "`iss`") {
			return
		}
	}
	t.Errorf("none of %v tells of mix-up attacks, iss and redirect URIs", pages)
}
