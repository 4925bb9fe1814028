package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

func TestWholeWalkByMail(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newPostOn(t, st)
		w := g.visitor("email", "scope", "openid email", "nonce", "n-0S6_WzA2Mj")
		w.follow(w.start())
		fields := w.get(w.at("/address")).shows(http.StatusOK, "Corner email", `name="CONTACT_EMAIL"`).form(w.at("/address"))
		fields.Set(kyc.FieldEmail, mailTyped)
		w.postForm(w.at("/address"), fields).leads(w.at("/pin"))

		page := w.get(w.at("/pin")).shows(http.StatusOK, `data-status="authorized"`, mailKept, `name="pin"`)
		page.lacks(w.tan())
		fields = page.form(w.at("/pin"))
		fields.Set("pin", w.tan()[:4]+" "+w.tan()[4:])
		g.clock.advance(time.Minute)
		w.postForm(w.at("/pin"), fields).leads(w.at("/finish"))
		w.home(w.get(w.at("/finish")), "")
		tokens := w.swap()
		if tokens.text("scope") != "openid email" {
			t.Errorf("token answer is %s", tokens.body)
		}
		proved := g.clock.Now()
		info := g.info(w.token).wants(http.StatusOK).json()
		id, sub := info["id"], info["sub"]
		if number, ok := id.(float64); !ok || number < 1 || number != float64(int64(number)) {
			t.Errorf("id is %v, want a number", id)
		}
		if diff := cmp.Diff(map[string]any{
			"id": id, "sub": sub, "scope": "openid email", "method": "email", "email": mailKept, "email_verified": true,
			"address": map[string]any{kyc.FieldEmail: mailKept}, "address_type": "email",
			"expires":     map[string]any{"t_s": float64(proved.Add(365 * 24 * time.Hour).Unix())},
			"verified_at": "2026-03-14T12:01:00Z", "expires_at": "2026-03-14T13:01:00Z",
		}, info); diff != "" {
			t.Errorf("info (-want +got):\n%s", diff)
		}
		w.toldOfMail(tokens, sub, proved)
	})
}

// toldOfMail checks what the client learns elsewhere than at /info.
func (w *walk) toldOfMail(tokens reply, sub any, proved time.Time) {
	g, t := w.g, w.g.t
	t.Helper()
	want := map[string]any{"sub": sub, "email": mailKept, "email_verified": true}
	if diff := cmp.Diff(want, g.userinfo(w.token).wants(http.StatusOK).json()); diff != "" {
		t.Errorf("userinfo (-want +got):\n%s", diff)
	}
	token := g.idToken(tokens, gojose.ES256)
	if token["acr"] != "urn:vouchgate:acr:tan" || !cmp.Equal(token["amr"], []any{"otp"}) || token["sub"] != sub ||
		token["auth_time"] != float64(proved.Unix()) || token["email"] != nil {
		t.Errorf("ID token is %v", token)
	}
	told := g.told(w.id.String())
	if len(told) != 1 || !strings.Contains(told[0], `"method":"email"`) || !strings.Contains(told[0], `"verification.verified"`) {
		t.Errorf("the client is told %q", told)
	}
}

func TestEachMethodProvesItsOwnClaims(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	postal := map[string]any{
		"formatted": linesKept, "country": "CH", "street_address": "Vogelweg 3", "postal_code": "8000", "locality": "Zürich",
	}
	with := func(fields map[string]any, parts map[string]any) map[string]any {
		all := map[string]any{}
		for _, m := range []map[string]any{fields, parts} {
			for name, value := range m {
				all[name] = value
			}
		}
		return all
	}
	letter := map[string]any{kyc.FieldName: nameKept, kyc.FieldLines: linesKept}
	for method, want := range map[kyc.Method]struct {
		scope           string
		address, claims map[string]any
		amr             []any
	}{
		kyc.MethodEmail: {"email", map[string]any{kyc.FieldEmail: mailKept}, map[string]any{"email": mailKept, "email_verified": true}, []any{"otp"}},
		kyc.MethodPhone: {"phone", map[string]any{kyc.FieldPhone: phoneKept},
			map[string]any{"phone_number": phoneKept, "phone_number_verified": true}, []any{"otp", "sms"}},
		kyc.MethodPostal:   {"address", with(with(letter, map[string]any{kyc.FieldCountry: "CH"}), postal), map[string]any{"address": postal}, []any{"otp"}},
		kyc.MethodPostalCH: {"address", with(letter, postal), map[string]any{"address": postal}, []any{"otp"}},
	} {
		w := g.prover(string(method), "scope", "openid "+want.scope)
		w.proveAddress(addressFields[method]...)
		tokens := w.swap()
		info := g.info(w.token).wants(http.StatusOK).json()
		if diff := cmp.Diff(want.address, info["address"]); diff != "" || info["address_type"] != string(method) || info["method"] != string(method) {
			t.Errorf("%s: address at info (-want +got):\n%s%v", method, diff, info)
		}
		userinfo := g.userinfo(w.token).wants(http.StatusOK).json()
		if diff := cmp.Diff(with(want.claims, map[string]any{"sub": info["sub"]}), userinfo); diff != "" {
			t.Errorf("%s: userinfo (-want +got):\n%s", method, diff)
		}
		if got := g.idToken(tokens, gojose.ES256)["amr"]; !cmp.Equal(got, want.amr) {
			t.Errorf("%s: amr is %v", method, got)
		}
	}
}

func TestAnAddressIsVerifiedByAnElectronicRecord(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	const asked = `{"userinfo":{"verified_claims":{"verification":{"trust_framework":null,"time":null,
		"evidence":[{"type":{"value":"electronic_record"},"check_details":[{"check_method":null,"time":null}],"record":{"type":null,"source":{"name":null}}}]},
		"claims":{"email":null,"phone_number":null}}}}`
	w := g.prover("email", "scope", "openid email", "claims", asked)
	w.proveAddress(kyc.FieldEmail, mailTyped)
	w.swap()
	at := "2026-03-14T12:00:00Z"
	want := map[string]any{
		"verification": map[string]any{
			"trust_framework": issuer + "/ida/tan", "time": at,
			"evidence": []any{map[string]any{
				"type":          "electronic_record",
				"check_details": []any{map[string]any{"check_method": "token", "time": at}},
				"record":        map[string]any{"type": issuer + "/ida/tan/email", "source": map[string]any{"name": "gate.example"}},
			}},
		},
		"claims": map[string]any{"email": mailKept},
	}
	if diff := cmp.Diff(want, g.userinfo(w.token).wants(http.StatusOK).json()["verified_claims"]); diff != "" {
		t.Errorf("verified claims (-want +got):\n%s", diff)
	}
}

func TestWhoProvesAnAddressAgainIsTheSameToOneClientOnly(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	g.addProver("rival", []kyc.Method{kyc.MethodEmail})
	who := func(client, mailbox string) [2]any {
		w := g.prover(client, "scope", "openid email")
		w.proveAddress(kyc.FieldEmail, mailbox)
		w.swap()
		info := g.info(w.token).wants(http.StatusOK).json()
		return [2]any{info["id"], info["sub"]}
	}
	first := who("email", "a@b.example")
	if again := who("email", "A@B.example"); again != first {
		t.Errorf("the same person is %v and %v", first, again)
	}
	if other := who("email", "b@b.example"); other[0] == first[0] || other[1] == first[1] {
		t.Error("two persons have one name")
	}
	if elsewhere := who("rival", "a@b.example"); elsewhere[0] == first[0] || elsewhere[1] == first[1] {
		t.Error("two clients know a person by one name")
	}
}

func TestHowLongAnAddressCountsIsTheClientsChoice(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	g.change("email", func(c *kyc.Client) { c.AddressValidity = 24 * time.Hour })
	w := g.prover("email")
	w.proveAddress(kyc.FieldEmail, mailTyped)
	w.swap()
	expires := g.info(w.token).wants(http.StatusOK).json()["expires"]
	if diff := cmp.Diff(map[string]any{"t_s": float64(noon.Add(24 * time.Hour).Unix())}, expires); diff != "" {
		t.Errorf("expires (-want +got):\n%s", diff)
	}
}

func TestConsentIsAskedForAfterTheTAN(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	g.change("email", func(c *kyc.Client) { c.AskConsent = true })
	w := g.mailed("email", mailTyped)
	w.enter(w.tan()).leads(w.at("/consent"))
	w.enter("00000000").leads(w.at("/consent")) // the second of two clicks
	w.get(w.at("/finish")).leads(w.at("/consent"))
	if told := g.told(w.id.String()); len(told) != 0 {
		t.Errorf("the client is told %q before the person agrees", told)
	}
	w.get(w.at("/consent")).shows(http.StatusOK, mailKept)
	w.allow()
	w.swap()
	if got := g.info(w.token).text("email"); got != mailKept {
		t.Errorf("email is %q", got)
	}
	denied := g.mailed("email", "other@federli.example")
	denied.enter(denied.tan()).leads(denied.at("/consent"))
	denied.home(denied.decide("deny"), "access_denied")
}

func TestTheDataIsReadByTheNamesOfTheScope(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.prover("email", "scope", "openid")
	w.proveAddress(kyc.FieldEmail, mailTyped)
	w.swap()
	info := g.info(w.token).wants(http.StatusOK).lacks("federli")
	if info.text("id") == "" || info.json()["address"] != nil {
		t.Errorf("info of nothing that was asked for is %s", info.body)
	}
}

func TestClaimsThatAreAskedForOneByOneAreProvedToo(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	const asked = `{"id_token":{"email":null,"given_name":null},"userinfo":{"email_verified":null,"email":{"value":"somebody@else.example"}}}`
	w := g.visitor("any", "scope", "openid", "claims", asked)
	w.start().leads(w.at("/choose"))
	if got := strings.Join(w.get(w.at("/choose")).offers(), " "); got != "swiyu account email" {
		t.Errorf("offered are %s", got)
	}
	w.choose(kyc.MethodEmail).leads(w.at("/pin"))
	w.proveAddress(kyc.FieldEmail, mailTyped)
	tokens := w.swap()
	if token := g.idToken(tokens, gojose.ES256); token["email"] != mailKept || token["given_name"] != nil {
		t.Errorf("ID token is %v", token)
	}
	if info := g.userinfo(w.token).wants(http.StatusOK).json(); info["email"] != nil || info["email_verified"] != true {
		t.Errorf("userinfo is %v", info)
	}
}

func TestConsentShowsALettersAddressByLines(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	g.change("postal-ch", func(c *kyc.Client) { c.AskConsent = true })
	w := g.prover("postal-ch", "scope", "openid address")
	w.fill("/address", addressFields[kyc.MethodPostalCH]...).leads(w.at("/pin"))
	w.enter(w.tan()).leads(w.at("/consent"))
	w.get(w.at("/consent")).shows(http.StatusOK, "Vogelweg 3", "8000 Zürich", `value="address"`)
	w.allow()
	w.swap()
	if got := g.info(w.token).json()["address_type"]; got != "postal-ch" {
		t.Errorf("address type is %v", got)
	}
}

func TestTheLanguageGoesAlong(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.visitor("email", "ui_locales", "de")
	w.start().leads(w.at("/pin?ui_locales=de"))
	w.get(w.at("/pin?ui_locales=de")).leads(w.at("/address?ui_locales=de"))
	page := w.get(w.at("/address?ui_locales=de")).shows(http.StatusOK, `<html lang="de">`)
	fields := page.form(w.at("/address?ui_locales=de"))
	fields.Set(kyc.FieldEmail, mailTyped)
	w.postForm(w.at("/address?ui_locales=de"), fields).leads(w.at("/pin?ui_locales=de"))
	if m := g.message(w.id); m.Language != "de" || m.ClientName != "Corner email" {
		t.Errorf("message is in %q for %q", m.Language, m.ClientName)
	}
	w.get(w.at("/pin?ui_locales=de")).shows(http.StatusOK, `<html lang="de">`).form(w.at("/resend?ui_locales=de"))
}
