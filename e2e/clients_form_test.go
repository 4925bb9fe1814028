package e2e_test

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vouchgate/e2e"
)

func TestAFormSendsWhatNobodyHasTouched(t *testing.T) {
	t.Parallel()
	page := e2e.Page{
		URL: must[*url.URL](t)(url.Parse("http://127.0.0.1/session/7/consent?ui_locales=de")),
		Body: []byte(`<form method="post" action="/session/7/cancel"><button>Cancel</button></form>
<form method="post" action="/session/7/consent" class='wide'>
<input type="hidden" name="csrf" value="a&amp;b&#43;c"/>
<input name="scope" type="checkbox" value="given_name" checked="checked"/>
<input name=scope type=checkbox value=portrait>
<input checked name="scope" type="checkbox" value="sex">
<input name="user_name" required value="">
<input type="submit" name="decision" value="deny"><button name="decision" value="allow">Allow</button>
</form>`),
	}
	form := must[e2e.Form](t)(page.Form("/consent"))
	want := url.Values{"csrf": {"a&b+c"}, "scope": {"given_name", "sex"}, "user_name": {""}}
	if diff := cmp.Diff(want, form.Values); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	if to := form.Action.String(); to != "http://127.0.0.1/session/7/consent" {
		t.Errorf("it leads to %s", to)
	}
	if form := must[e2e.Form](t)(page.Form("/cancel")); len(form.Values) != 0 {
		t.Errorf("the other form sends %v", form.Values)
	}
	if _, err := page.Form("/login"); err == nil {
		t.Error("a form was found that is not there")
	}
}
