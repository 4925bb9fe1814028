package conformance

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

var _ = rows(
	Row{"TOK-01", "the token endpoint takes POST and says so (RFC 6749, section 3.2)", tok01},
	Row{"TOK-02", "parameters in the URL of the token endpoint are refused, all of them or some", tok02},
	Row{"TOK-03", "only forms are read, with or without a charset", tok03},
	Row{"TOK-06", "a missing grant type and each one that is not offered are refused by the right word (RFC 6749, section 5.2)", tok06},
	Row{"TOK-07", "a client that may not refresh is told so, whatever it sends", tok07},
	Row{"TOK-08", "a request without a code is refused (RFC 6749, section 5.2)", tok08},
	Row{"TOK-15", "a parameter that comes twice is refused, an empty one is none, an unknown one is passed over (RFC 6749, section 3.2)", tok15},
	Row{"TOK-16", "every error is JSON of the standard members and characters, and is not kept (RFC 6749, section 5.2)", tok16},
)

func tok01(t *T) {
	ask := t.Ask(t.App())
	code := t.Code(ask)
	form := t.CodeForm(ask, code).Encode()
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		for _, path := range []string{"/token", "/token?" + form} {
			a := t.Send(method, path, form, "Content-Type", formType)
			t.Status(a, http.StatusMethodNotAllowed)
			if got := a.Header.Get("Allow"); got != http.MethodPost {
				t.Errorf("%s: Allow is %q", method, got)
			}
		}
	}
	t.Swap(ask, code)
}

func tok02(t *T) {
	ask := t.Ask(t.App())
	code := t.Code(ask)
	whole := t.CodeForm(ask, code)
	t.JSON(t.Post("/token?"+whole.Encode(), ""), http.StatusBadRequest, "invalid_request")
	for name := range whole {
		body, query := t.CodeForm(ask, code, name, Without), url.Values{name: whole[name]}
		t.JSON(t.PostForm("/token?"+query.Encode(), body), http.StatusBadRequest, "invalid_request")
	}
	t.Swap(ask, code)
}

func tok03(t *T) {
	ask := t.Ask(t.App())
	code := t.Code(ask)
	form := t.CodeForm(ask, code)
	object, parts := `{"`, ""
	for name, values := range form {
		object += name + `":"` + values[0] + `","`
		parts += "--x\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + values[0] + "\r\n"
	}
	object = strings.TrimSuffix(object, `,"`) + "}"
	for kind, body := range map[string]string{
		"application/json": object, "multipart/form-data; boundary=x": parts + "--x--\r\n",
		"text/plain": form.Encode(), "application/x-www-form-urlencoded-not": form.Encode(), "application/octet-stream": form.Encode(),
	} {
		a := t.Send(http.MethodPost, "/token", body, "Content-Type", kind)
		t.Status(a, http.StatusBadRequest, http.StatusUnsupportedMediaType)
		t.JSON(a, a.Status, "invalid_request")
	}
	t.JSON(t.Send(http.MethodPost, "/token", form.Encode()), http.StatusBadRequest, "invalid_request")
	t.JSON(t.Post("/token", object), http.StatusUnauthorized, "invalid_client") // a form of one odd name
	first := t.Send(http.MethodPost, "/token", form.Encode(), "Content-Type", "Application/X-WWW-Form-URLEncoded;charset=UTF-8")
	g := t.Took(ask.Client, first)
	t.Secret("access_token", g.Access)
	t.Secret("refresh_token", g.Refresh)
	t.OK(t.Info(g.Access))
}

// grantsNotOffered are grant types of other servers.
var grantsNotOffered = []string{
	"foo", "password", "implicit", "client_credentials", "Authorization_Code", "authorization_code refresh_token", "code",
	"urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:jwt-bearer",
	"urn:ietf:params:oauth:grant-type:token-exchange", "urn:openid:params:grant-type:ciba",
}

func tok06(t *T) {
	for _, none := range []string{Without, ""} {
		t.JSON(t.PostForm("/token", t.Form(t.App(), "grant_type", none, "code", "x")), http.StatusBadRequest, "invalid_request")
	}
	listed := Texts(t.Metadata(), "grant_types_supported")
	for _, kind := range grantsNotOffered {
		form := t.Form(t.App(), "grant_type", kind, "code", "x", "refresh_token", "x", "username", t.Person().UserName, "password", t.Person().Password)
		t.JSON(t.PostForm("/token", form), http.StatusBadRequest, "unsupported_grant_type")
		if slices.Contains(listed, kind) {
			t.Errorf("the metadata lists %s", kind)
		}
	}
}

func tok07(t *T) {
	c := t.Client(byAccount, noQuestion)
	g := t.Grant(t.App())
	for _, token := range []string{g.Refresh, t.Grant(c).Access, "anything"} {
		t.JSON(t.Refresh(c, token), http.StatusBadRequest, "unauthorized_client")
	}
	t.OK(t.Refresh(g.Client, g.Refresh))
}

func tok08(t *T) {
	for _, none := range []string{Without, ""} {
		for _, c := range []string{t.App().RedirectURI, Without} {
			form := t.Form(t.App(), "grant_type", "authorization_code", "code", none, "redirect_uri", c)
			t.JSON(t.PostForm("/token", form), http.StatusBadRequest, "invalid_request")
		}
	}
}

func tok15(t *T) {
	ask := t.Ask(t.App())
	code := t.Code(ask)
	form := t.CodeForm(ask, code)
	for name, values := range form {
		for _, second := range []string{values[0], "", "other"} {
			twice := form.Encode() + "&" + url.Values{name: {second}}.Encode()
			t.JSON(t.Post("/token", twice), http.StatusBadRequest, "invalid_request")
		}
	}
	a := t.Exchange(ask, code, "scope", "", "refresh_token", "", "client_assertion", "", "state", "", "foo", "1", "", "x", "code_", "x")
	g := t.Took(ask.Client, a)
	if got := a.Text("scope"); got != t.defaultScope(ask.Client.ID) {
		t.Errorf("with an empty scope it is %q", got)
	}
	t.OK(t.Info(g.Access))
	next := t.Took(g.Client, t.Refresh(g.Client, g.Refresh, "scope", "", "code", "", "foo", "1"))
	if got := next.Answer.Text("scope"); got != a.Text("scope") {
		t.Errorf("after refreshing with an empty scope it is %q", got)
	}
	twice := t.Form(g.Client, "grant_type", "refresh_token", "refresh_token", next.Refresh).Encode() + "&refresh_token=" + next.Refresh
	t.JSON(t.Post("/token", twice), http.StatusBadRequest, "invalid_request")
}

func tok16(t *T) {
	c := t.NewClient(byAccount, noQuestion, refreshing)
	const nasty = "\"\\<script>alert(1)</script>\x07é\n"
	faults := map[string]Answer{
		"grant type":    t.PostForm("/token", t.Form(c, "grant_type", nasty)),
		"code":          t.PostForm("/token", t.Form(c, "grant_type", "authorization_code", "code", nasty, "redirect_uri", nasty)),
		"name":          t.PostForm("/token", url.Values{nasty: {nasty, nasty}}),
		"refresh token": t.Refresh(c, nasty),
		"secret":        t.PostForm("/token", t.Form(c, "client_secret", nasty, "grant_type", "authorization_code")),
		"client":        t.PostForm("/token", url.Values{"client_id": {nasty}, "grant_type": {nasty}}),
		"header":        t.PostForm("/token", url.Values{"grant_type": {"authorization_code"}}, "Authorization", "Basic "+nasty[:6]),
		"encoding":      t.Post("/token", "grant_type=%zz&code=%"),
		"nothing":       t.Post("/token", ""),
		"a page asked":  t.Post("/token", "grant_type=foo", "Accept", "text/html"),
		"content type":  t.Send(http.MethodPost, "/token", nasty, "Content-Type", "text/html"),
		"query":         t.Post("/token?"+url.QueryEscape(nasty), ""),
	}
	g := t.Grant(c)
	faults["scope"] = t.Refresh(c, g.Refresh, "scope", nasty)
	for name, a := range faults {
		if a.Status < 400 || a.Status > 499 {
			t.Errorf("%s: %s", name, a)
		}
		t.JSON(a, a.Status, "invalid_request", "invalid_client", "invalid_grant", "unsupported_grant_type", "invalid_scope")
		if text := string(a.Body); strings.Contains(text, "<script") || a.Text("error_description") == "" {
			t.Errorf("%s: %s", name, text)
		}
	}
	t.OK(t.Refresh(c, g.Refresh))
}
