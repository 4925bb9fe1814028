package server_test

import (
	"net/http"
	"net/url"
	"testing"
)

// hidden is the field that ties a form to a browser.
const hidden = "csrf"

func TestFormsThatWereNotDrawnForThisBrowser(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	g.addWallet("shop", "profile")
	w := g.asked("app")
	wallet := w.again()
	wallet.params.Set("client_id", "shop")
	wallet.params.Set("redirect_uri", "https://shop.example/cb")
	wallet.start()
	failed := w.again()
	failed.params.Set("client_id", "shop")
	failed.params.Set("redirect_uri", "https://shop.example/cb")
	failed.start()
	g.refuse(failed.id)
	stranger := g.asked("app")
	signedIn := w.cookie(signInCookie)
	session, account := w.csrf(w.id.String()), w.csrf("account")
	before := g.everything()
	for name, value := range map[string]string{
		"none": "", "rubbish": "x", "another browser's": stranger.csrf(w.id.String()), "another browser's own": stranger.csrf(stranger.id.String()),
		"a third session's": w.csrf(g.newID().String()), "cut": session[:42], "longer": session + "A", "the cookie's value": w.cookie("vouchgate"),
		"without the cookie's value": g.browser().csrf(w.id.String()),
	} {
		t.Run(name, func(t *testing.T) {
			fields := url.Values{hidden: {value}, "decision": {"allow"}, "scope": {"profile"}, "user_name": {"mira"}, "password": {goodPassword}}
			for _, path := range []string{
				w.at("/consent"), w.at("/switch"), w.at("/cancel"), w.at("/login"), w.at("/withdraw"), wallet.at("/cancel"), failed.at("/retry"),
				"/login", "/logout", "/me/withdraw", "/me/erase",
			} {
				w.postForm(path, fields).shows(http.StatusForbidden).lacks("Kanarietta", "shop.example/cb?")
			}
		})
	}
	// A form is for its session alone, and those about the account are none of a session.
	for _, path := range []string{wallet.at("/cancel"), failed.at("/retry"), "/logout", "/me/erase", "/login"} {
		w.postForm(path, url.Values{hidden: {session}}).shows(http.StatusForbidden)
	}
	for _, path := range []string{w.at("/consent"), w.at("/switch"), w.at("/cancel")} {
		w.postForm(path, url.Values{hidden: {account}}).shows(http.StatusForbidden)
	}
	if after := g.everything(); after != before || w.cookie(signInCookie) != signedIn {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
	w.get("/me").shows(http.StatusOK, "mira")
	w.allow()
}

func TestFormsInTheURLAndOfOtherTypesCountForNothing(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	w := g.asked("app")
	fields := w.decision("allow")
	before := g.everything()
	w.postForm(w.at("/consent?"+fields.Encode()), nil).shows(http.StatusForbidden)
	w.send(http.MethodPost, w.at("/consent"), "", "").shows(http.StatusForbidden)
	w.send(http.MethodPost, w.at("/consent"), "application/json", `{"csrf":"`+fields.Get(hidden)+`"}`).shows(http.StatusBadRequest)
	w.send(http.MethodPost, w.at("/consent"), "text/plain", fields.Encode()).shows(http.StatusBadRequest)
	w.send(http.MethodPost, w.at("/consent"), "multipart/form-data; boundary=x", "--x--").shows(http.StatusBadRequest)
	w.send(http.MethodPost, w.at("/consent"), "application/x-www-form-urlencoded", fields.Encode()+"&x=%zz").shows(http.StatusBadRequest)
	for _, header := range [][2]string{{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"}} {
		for _, path := range []string{w.at("/consent"), w.at("/login"), w.at("/switch"), w.at("/withdraw"), "/login", "/logout", "/me/withdraw", "/me/erase"} {
			w.with(header[0], header[1]).postForm(path, withField(fields, hidden, w.csrf(formOf(path)))).shows(http.StatusForbidden)
		}
	}
	if after := g.everything(); after != before {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
	w.with("Origin", issuer).postForm(w.at("/consent"), fields).leads(w.at("/finish"))
}

// A person must not be signed in as somebody else by a form of another site.
func TestSigningInNeedsThePageBefore(t *testing.T) {
	t.Parallel()
	g := newGate(t).withApp()
	b := g.browser()
	fields := url.Values{"user_name": {"mira"}, "password": {goodPassword}}
	b.postForm("/login", fields).shows(http.StatusForbidden)
	attacker := g.browser()
	theirs := attacker.get("/login").form("/login").Get(hidden)
	b.postForm("/login", withField(fields, hidden, theirs)).shows(http.StatusForbidden)
	b.get("/login").shows(http.StatusOK)
	b.postForm("/login", withField(fields, hidden, theirs)).shows(http.StatusForbidden)
	w := g.visitor("app")
	w.start()
	attacker.postForm(w.at("/login"), withField(fields, hidden, theirs)).shows(http.StatusNotFound)
	b.get("/me").leads("/login")
	if b.cookie(signInCookie) != "" || attacker.cookie(signInCookie) != "" {
		t.Error("somebody was signed in")
	}
	b.signInAt("/login", "mira", goodPassword, false).leads("/me")
}
