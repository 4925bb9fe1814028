package pages

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFormPostCarriesTheFields(t *testing.T) {
	t.Parallel()
	f := sampleFormPost(English)
	f.Fields = append(f.Fields, Field{"error_description", hostileName}, Field{"empty", ""})
	page, err := newPages(t).FormPost(f)
	if err != nil {
		t.Fatal(err)
	}
	all := readPage(t, string(page))
	var got []Field
	for _, e := range named(all, "input") {
		if e.attr["type"] != "hidden" {
			t.Errorf("field %s is shown", e.attr["name"])
		}
		got = append(got, Field{e.attr["name"], e.attr["value"]})
	}
	if diff := cmp.Diff(f.Fields, got); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	form := named(all, "form")[0]
	want := map[string]string{"method": "post", "action": f.Action, "data-submit": ""}
	if diff := cmp.Diff(want, form.attr); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
	button := named(all, "button")[0]
	if !button.inside(form) || !strings.Contains(button.text, "Continue to Example Bank") || button.attr["name"] != "" {
		t.Errorf("button for browsers without script is %v", button)
	}
	if got := named(all, "script"); len(got) != 1 || !strings.Contains(got[0].attr["src"], "submit.") || got[0].attr["defer"] == "" {
		t.Errorf("%d scripts, want submit.js, deferred", len(got))
	}
}

func TestFormPostLeadsOnlyWhereARedirectMay(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	for action, ok := range map[string]bool{
		"https://bank.example/cb": true, "http://127.0.0.1:8081/cb": true, "com.example.app:/cb": true,
		"javascript:alert(1)": false, "data:text/html,x": false, "/session/01": false, "": false,
	} {
		_, err := p.FormPost(FormPostPage{Lang: English, ClientName: "Example Bank", Action: action})
		if (err == nil) != ok || err != nil && !errors.Is(err, ErrUnsafeTarget) {
			t.Errorf("%q: %v, want it drawn: %v", action, err, ok)
		}
	}
}

// TestHeadersLetTheFormOut: form-action must allow the target, in a form that
// browsers understand.
func TestHeadersLetTheFormOut(t *testing.T) {
	t.Parallel()
	for action, want := range map[string]string{
		"https://bank.example/cb":  "form-action 'self' https:",
		"http://127.0.0.1:8081/cb": "form-action 'self' https: http://127.0.0.1:8081",
		"http://[::1]:8081/cb":     "form-action 'self' https: http:",
		"com.example.app:/cb":      "form-action 'self' https: com.example.app:",
	} {
		if got := Headers(English, action).Get("Content-Security-Policy"); !strings.HasSuffix(got, "; "+want) {
			t.Errorf("%s: policy is %q, want %q", action, got, want)
		}
	}
}
