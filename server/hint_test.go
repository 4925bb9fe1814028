package server_test

import (
	"bytes"
	"compress/zlib"
	"html"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"vouchgate/kyc"
)

// deflated is a text as GNU Taler's exchange compresses it.
func deflated(text string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.String()
}

// setUpWith makes a session with a body.
func (g *gate) setUpWith(clientID, contentType, body string) reply {
	g.t.Helper()
	return g.browser().with("Authorization", "Bearer "+secretOf(clientID)).send(http.MethodPost, "/setup/"+clientID, contentType, body)
}

// hinted is a walk whose client gave an address.
func (g *gate) hinted(clientID, body string, params ...string) *walk {
	g.t.Helper()
	w := g.visitor(clientID, params...)
	w.nonce = g.setUpWith(clientID, "application/json", body).wants(http.StatusOK).text("nonce")
	handle, err := kyc.ParseHandle(w.nonce)
	must(g.t, err)
	w.id = handle.ID
	return w
}

func TestSetupRefusesBodiesThatAreNoAddress(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	bomb := deflated(`{"CONTACT_EMAIL":"a@b.example","x":"` + strings.Repeat("0", 10<<20) + `"}`)
	for _, row := range []struct {
		name, client, body string
		status             int
	}{
		{"JSON that is cut off", "email", `{"CONTACT_EMAIL":`, 400},
		{"binary", "email", "\xff\xfe\x00", 400},
		{"a list", "email", `[]`, 400},
		{"a text", "email", `"a@b.example"`, 400},
		{"something behind the object", "email", `{} {}`, 400},
		{"a member twice", "email", `{"CONTACT_EMAIL":"a@b.example","CONTACT_EMAIL":"c@d.example"}`, 400},
		{"read_only twice", "email", `{"CONTACT_EMAIL":"a@b.example","read_only":true,"read_only":false}`, 400},
		{"an address that is a number", "email", `{"CONTACT_EMAIL":7}`, 400},
		{"read_only that is a text", "email", `{"CONTACT_EMAIL":"a@b.example","read_only":"yes"}`, 400},
		{"read_only without an address", "email", `{"read_only":true}`, 400},
		{"no good address", "email", `{"CONTACT_EMAIL":"a@b@c","read_only":true}`, 400},
		{"a header behind the address", "email", `{"CONTACT_EMAIL":"a@b.example\nBcc: z@b.example","read_only":true}`, 400},
		{"an empty address", "email", `{"CONTACT_EMAIL":"","read_only":true}`, 400},
		{"half of an address", "postal", `{"CONTACT_NAME":"A B","read_only":true}`, 400},
		{"an address of another method", "email", `{"CONTACT_PHONE":"+41790001122","read_only":true}`, 400},
		{"UTF-8 that is broken", "email", "{\"CONTACT_EMAIL\":\"a@\xff.example\"}", 400},
		{"zlib that is cut off", "email", deflated(`{"CONTACT_EMAIL":"a@b.example"}`)[:12], 400},
		{"zlib with a wrong sum", "email", deflated(`{}`)[:len(deflated(`{}`))-1] + "\xff", 400},
		{"a bomb", "email", bomb, 413},
		{"65 KiB", "email", strings.Repeat(" ", 65<<10), 413},
	} {
		before := g.everything()
		want := "invalid_request"
		g.setUpWith(row.client, "", row.body).refuses(row.status, want)
		if g.everything() != before {
			t.Errorf("%s: a session was made", row.name)
		}
	}
	for _, line := range g.logs.lines("b.example") {
		t.Errorf("an address is logged: %s", line)
	}
}

func TestSetupTakesAnAddress(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	const mail = `{"CONTACT_EMAIL":"a@B.example"}`
	for i, row := range []struct {
		name, client, contentType, body string
		value                           string // what the page holds; empty: nothing
	}{
		{"no body", "email", "", "", ""},
		{"white space", "email", "application/json", " \r\n", ""},
		{"an empty object", "email", "application/json", `{}`, ""},
		{"null", "email", "application/json", `null`, ""},
		{"an address that is null", "email", "application/json", `{"CONTACT_EMAIL":null}`, ""},
		{"an address", "email", "application/json", mail, "a@b.example"},
		{"an address under another type", "email", "application/x-www-form-urlencoded", mail, "a@b.example"},
		{"an address without a type", "email", "", mail, "a@b.example"},
		{"compressed without a label", "email", "application/json", deflated(mail), "a@b.example"},
		{"compressed and empty", "email", "application/json", deflated(``), ""},
		{"members that nobody knows", "email", "application/json", `{"CONTACT_EMAIL":"a@b.example","FULL_NAME":"A B","x":{"y":[1]}}`, "a@b.example"},
		{"nothing but members that nobody knows", "email", "application/json", `{"FULL_NAME":"A B"}`, ""},
		{"a phone number", "phone", "", `{"CONTACT_PHONE":"+41 79 000 11 22"}`, "+41790001122"},
		{"a letter", "postal-ch", "", `{"CONTACT_NAME":"A B","ADDRESS_LINES":"Weg 3\n8000 Ort"}`, "Weg 3\n8000 Ort"},
	} {
		w := g.visitor(row.client)
		nonce := g.setUpWith(row.client, row.contentType, row.body).wants(http.StatusOK).text("nonce")
		w.found(w.get("/authorize/" + nonce + "?" + w.params.Encode()))
		page := w.get(w.at("/address")).shows(http.StatusOK)
		if row.value != "" && !strings.Contains(html.UnescapeString(page.body), row.value) {
			t.Errorf("%s: the page lacks %q", row.name, row.value)
		}
		page.lacks("readonly", "A B</", "FULL_NAME")
		if row.client == "email" { // and another one can be entered
			mailbox := "other-" + strconv.Itoa(i) + "@b.example"
			if w.mail(mailbox).leads(w.at("/pin")); g.message(w.id).Address.Email != mailbox {
				t.Errorf("%s: the message does not go where the person wants it", row.name)
			}
		}
	}
}

func TestSetupBodyOfOtherClientsIsIgnored(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	g.addClient("shop")
	for _, body := range []string{`{"CONTACT_EMAIL":"a@b.example","read_only":true}`, "\xff", `{"`, strings.Repeat("x", 64<<10)} {
		g.setUpWith("shop", "", body).wants(http.StatusOK)
	}
	w := g.hinted("shop", `{"CONTACT_EMAIL":"a@b.example","read_only":true}`, "scope", "given_name")
	w.get(w.path()).leads(w.at(""))
	w.get(w.at("")).shows(http.StatusOK, "swiyu-verify://")
	g.setUpWith("shop", "", strings.Repeat("x", 65<<10)).refuses(http.StatusRequestEntityTooLarge, "invalid_request")
}

func TestTheAddressSaysTheMethod(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	for body, method := range map[string]kyc.Method{
		`{"CONTACT_EMAIL":"a@b.example"}`:                                                     kyc.MethodEmail,
		`{"CONTACT_PHONE":"+41790001122"}`:                                                    kyc.MethodPhone,
		`{"CONTACT_NAME":"A B","ADDRESS_LINES":"Weg 3\n8000 Ort"}`:                            kyc.MethodPostalCH,
		`{"CONTACT_NAME":"A B","ADDRESS_LINES":"Way 3\nTown 12345","ADDRESS_COUNTRY":"DE"}`:   kyc.MethodPostal,
		`{"CONTACT_EMAIL":"a@b.example","CONTACT_PHONE":"+41790001122","CONTACT_NAME":"A B"}`: kyc.MethodEmail,
	} {
		w := g.hinted("any", body)
		w.get(w.path()).leads(w.at("/pin"))
		if got := g.session(w.id).Method; got != method {
			t.Errorf("%s: method is %q, want %q", body, got, method)
		}
	}
	w := g.hinted("any", `{"CONTACT_PHONE":"+41790001122","read_only":true}`, "scope", "email")
	w.home(w.get(w.path()), "invalid_scope") // which no phone proves
	w = g.hinted("any", `{"CONTACT_PHONE":"+41790001122"}`, "scope", "email")
	w.get(w.path()).leads(w.at("/choose")) // the person may change it, and so the method
}

func TestAnAddressThatIsOfNoUseIsLeftOut(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	for _, body := range []string{`{"CONTACT_EMAIL":"a@b@c"}`, `{"CONTACT_EMAIL":""}`, `{"CONTACT_PHONE":"+41790001122"}`} {
		w := g.hinted("email", body)
		w.get(w.path()).leads(w.at("/pin"))
		if s := g.session(w.id); s.SealedHint != nil || s.Method != kyc.MethodEmail {
			t.Errorf("%s: the session has an address, or the method %q", body, s.Method)
		}
	}
}

func TestAFixedAddressStays(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.hinted("any", `{"CONTACT_EMAIL":"A@B.example","read_only":true}`)
	w.get(w.path()).leads(w.at("/pin"))
	page := w.get(w.at("/address")).shows(http.StatusOK, "readonly", `value="A@b.example"`)
	page.lacks("/choose")
	w.get(w.at("/choose")).leads(w.at("/pin"))
	w.fill("/choose", "method", "phone").wants(http.StatusBadRequest)
	w.mail("evil@b.example").leads(w.at("/pin"))
	if m := g.message(w.id); m.Address.Email != "A@b.example" {
		t.Fatalf("the message goes to %s", m.Address.Email)
	}
	w.get(w.at("/pin")).shows(http.StatusOK).lacks("/address")
	api := w.with("Accept", "application/json")
	r := api.postForm("/challenge/"+w.nonce, url.Values{kyc.FieldEmail: {"evil@b.example"}}).refuses(http.StatusForbidden, "access_denied")
	if r.json()["code"] != 9760.0 {
		t.Errorf("answer is %s", r.body)
	}
	status := api.get(w.path()).wants(http.StatusOK).json()
	if status["fix_address"] != true || status["changes_left"] != 0.0 {
		t.Errorf("status is %v", status)
	}
	api.postForm("/challenge/"+w.nonce, url.Values{kyc.FieldEmail: {" A@B.EXAMPLE "}}).wants(http.StatusOK) // as it is typed
	for sends := range 3 {
		if sends > 0 {
			g.clock.advance(2 * time.Minute)
			w.resend().leads(w.at("/pin"))
		}
		for range 3 {
			w.missed()
		}
	}
	g.ended(w)
}

func TestWhatAClientAsksOfAddressesIsKept(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	g.change("phone", func(c *kyc.Client) {
		c.AddressHint = "+41 79 123 45 67"
		c.Restrictions = kyc.Restrictions{kyc.FieldPhone: {Regex: `^\+41`, Hint: "A Swiss number", HintI18N: map[string]string{"de": "Eine Schweizer Nummer"}}}
	})
	w := g.prover("phone")
	w.get(w.at("/address")).shows(http.StatusOK, "A Swiss number", "&#43;41 79 123 45 67")
	w.get(w.at("/address?ui_locales=de")).shows(http.StatusOK, "Eine Schweizer Nummer").lacks("A Swiss number")
	w.fill("/address", kyc.FieldPhone, "+49 151 000").shows(http.StatusUnprocessableEntity, "&#43;49 151 000", "aria-invalid")
	g.setUpWith("phone", "", `{"CONTACT_PHONE":"+49151000","read_only":true}`).refuses(http.StatusBadRequest, "invalid_request")
	if _, err := g.store.Challenge(ctx, w.id); err == nil {
		t.Error("an address that was refused counts")
	}
	w.fill("/address", kyc.FieldPhone, phoneTyped).leads(w.at("/pin"))
}

func TestLoginHintFillsTheFormIn(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	for _, row := range []struct{ name, client, hint, value string }{
		{"a mailbox", "email", "a@b.example", `value="a@b.example"`},
		{"markup", "email", `"><script>@b.example`, `value="&#34;&gt;&lt;script&gt;@b.example"`},
		{"a name", "email", "mira", `value=""`},
		{"a number", "phone", "+41790001122", `value="&#43;41790001122"`},
		{"a mailbox where a number is wanted", "phone", "a@b.example", `value=""`},
	} {
		w := g.prover(row.client, "login_hint", row.hint)
		if page := w.get(w.at("/address")).shows(http.StatusOK); !strings.Contains(page.body, row.value) {
			t.Errorf("%s: the page lacks %s:\n%s", row.name, row.value, page.body)
		}
	}
}

func TestAddressesThatCannotBeUsedAreShownAgain(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	for _, row := range []struct {
		name, client string
		fields       []string
	}{
		{"two at signs", "email", []string{kyc.FieldEmail, "a@b@c"}},
		{"a header", "email", []string{kyc.FieldEmail, "a@b\nBcc: z"}},
		{"400 characters", "email", []string{kyc.FieldEmail, strings.Repeat("a", 400) + "@b.example"}},
		{"nothing", "email", nil},
		{"the field of another method", "email", []string{kyc.FieldPhone, phoneTyped}},
		{"letters", "phone", []string{kyc.FieldPhone, "+41 79 CALLME"}},
		{"a premium rate", "phone", []string{kyc.FieldPhone, "+41900123456"}},
		{"no name", "postal", []string{kyc.FieldLines, linesTyped, kyc.FieldCountry, "CH"}},
		{"NUL", "email", []string{kyc.FieldEmail, "a\x00@b.example"}},
	} {
		w := g.prover(row.client)
		before := g.everything()
		page := w.fill("/address", row.fields...).shows(http.StatusUnprocessableEntity, `aria-invalid="true"`)
		page.form(w.at("/address"))
		if g.everything() != before {
			t.Errorf("%s: something changed", row.name)
		}
	}
}
