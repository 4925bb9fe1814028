package pages

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// entries lists the entries of the form that posts to a path: name to attributes.
func entries(t testing.TB, page, path string) map[string]map[string]string {
	t.Helper()
	all := readPage(t, page)
	found := make(map[string]map[string]string)
	for _, form := range named(all, "form") {
		for _, e := range named(all, "input") {
			if form.attr["action"] == path && e.inside(form) {
				found[e.attr["name"]] = e.attr
			}
		}
	}
	return found
}

func drawLogin(t testing.TB, l LoginPage) string {
	t.Helper()
	page, err := newPages(t).Login(l)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func TestLoginAsksInAWayThatPasswordManagersKnow(t *testing.T) {
	t.Parallel()
	got := entries(t, drawLogin(t, sampleLogin(English)), "/session/01/login")
	want := map[string]map[string]string{
		"csrf": {"type": "hidden", "name": "csrf", "value": sampleCSRF},
		"user_name": {
			"id": "user_name", "name": "user_name", "type": "text", "value": "", "autocomplete": "username",
			"autocapitalize": "none", "autocorrect": "off", "spellcheck": "false", "required": "required",
		},
		"password": {
			"id": "password", "name": "password", "type": "password", "autocomplete": "current-password", "required": "required",
		},
		"remember": {"id": "remember", "name": "remember", "type": "checkbox", "value": "yes"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func TestLoginSaysWhomItIsFor(t *testing.T) {
	t.Parallel()
	own := LoginPage{Lang: German, ActionPath: "/login", CSRF: sampleCSRF}
	again := sampleLogin(German)
	again.Reauth = true
	tests := []struct {
		name      string
		page      LoginPage
		want, not string
	}{
		{"for a client", sampleLogin(German), "um Angaben über sich für Example Bank freizugeben", "noch einmal"},
		{"the client asks again", again, "Example Bank bittet Sie, sich noch einmal anzumelden", "freizugeben"},
		{"for our own page", own, "welche Dienste Angaben über Sie lesen dürfen", "Abbrechen"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := words(t, drawLogin(t, tt.page))
			if !strings.Contains(text, tt.want) || strings.Contains(text, tt.not) {
				t.Errorf("page says %q, want %q and not %q", text, tt.want, tt.not)
			}
		})
	}
}

func TestLoginCancelsOnlyInAFlow(t *testing.T) {
	t.Parallel()
	l := sampleLogin(English)
	if diff := cmp.Diff([]string{"/session/01/login", "/session/01/cancel"}, ways(t, drawLogin(t, l))); diff != "" {
		t.Errorf("ways out (-want +got):\n%s", diff)
	}
	if got := entries(t, drawLogin(t, l), "/session/01/cancel"); got["password"] != nil {
		t.Error("cancelling would send the password")
	}
	l.OtherPath = "/session/01/choose"
	if diff := cmp.Diff([]string{"/session/01/login", "/session/01/choose", "/session/01/cancel"}, ways(t, drawLogin(t, l))); diff != "" {
		t.Errorf("ways out with a choice of methods (-want +got):\n%s", diff)
	}
	l.CancelPath, l.OtherPath = "", ""
	if diff := cmp.Diff([]string{"/session/01/login"}, ways(t, drawLogin(t, l))); diff != "" {
		t.Errorf("ways out without a flow (-want +got):\n%s", diff)
	}
}

func TestLoginTellsWhatWentWrong(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		change  func(*LoginPage)
		says    string
		focus   string // the id of what has the focus
		invalid string
	}{
		{"nothing on the first visit", func(*LoginPage) {}, "", "", ""},
		{"a wrong password is typed again", func(l *LoginPage) { l.Fault, l.UserName = LoginWrong, "anna" },
			"The user name or the password is not right.", "password", "true"},
		{"a missing user name is typed first", func(l *LoginPage) { l.Fault = LoginWrong },
			"The user name or the password is not right.", "user_name", "true"},
		{"who tried too often waits", func(l *LoginPage) { l.Fault, l.WaitSeconds = LoginThrottled, 61 },
			"Please wait 2 minutes and then try again.", "fault", ""},
		{"a wait is never none", func(l *LoginPage) { l.Fault, l.WaitSeconds = LoginThrottled, -3 },
			"Please wait 1 second and then try again.", "fault", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := sampleLogin(English)
			tt.change(&l)
			page := drawLogin(t, l)
			var alert, focus string
			for _, e := range readPage(t, page) {
				if e.attr["role"] == "alert" {
					alert = strings.Join(strings.Fields(e.text), " ")
				}
				if e.attr["autofocus"] != "" {
					focus = e.attr["id"]
				}
			}
			if (alert != "") != (tt.says != "") || !strings.Contains(alert, tt.says) {
				t.Errorf("alert is %q, want %q", alert, tt.says)
			}
			if focus != tt.focus {
				t.Errorf("focus is on %q, want %q", focus, tt.focus)
			}
			told := strings.Contains(named(readPage(t, page), "title")[0].text, "Could not sign in")
			if told != (tt.says != "") {
				t.Errorf("title tells of a fault: %v", told)
			}
			for _, name := range []string{"user_name", "password"} {
				attr := entries(t, page, "/session/01/login")[name]
				if attr["aria-invalid"] != tt.invalid || (attr["aria-describedby"] == "fault") != (tt.says != "") {
					t.Errorf("entry %s is %v", name, attr)
				}
			}
		})
	}
}

func TestLoginKeepsTheLastTryButThePassword(t *testing.T) {
	t.Parallel()
	l := sampleLogin(English)
	l.UserName, l.Remember = `anna" autofocus="x`, true
	got := entries(t, drawLogin(t, l), "/session/01/login")
	if got["user_name"]["value"] != l.UserName || got["remember"]["checked"] == "" {
		t.Errorf("the last try is lost: %v", got)
	}
	if _, ok := got["password"]["value"]; ok {
		t.Error("page holds a password")
	}
}
