package conformance

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"vouchgate/e2e"
	"vouchgate/verify/swiyu/swiyutest"
)

var _ = closingRows(
	Row{"OPS-01", "after all cases the log, at level debug, holds no code, TAN, token, secret, password, cookie, presentation, address or claim", ops01},
	Row{"OPS-02", "after all cases the database holds no usable secret, no TAN, and no claim or address in clear", ops02},
)

// needles are what must not be found, by what they are.
func (t *T) needles() map[string]string {
	t.Helper()
	return shared(t.Env, "needles", func() map[string]string {
		t.leaveTraces()
		found := t.Secrets()
		if len(found) < 20 {
			t.Errorf("only %d secrets are looked for", len(found))
		}
		return found
	})
}

// leaveTraces makes one of everything that is secret or personal, and notes it.
func (t *T) leaveTraces() {
	t.Helper()
	client := t.HookedClient(byAccount, question, refreshing, "--scope=openid profile")
	claims := map[string]string{"given_name": "Canary Rosalinde Xaveria", "family_name": "Canary von Unverwechselbar", "birth_date": "1907-05-09"}
	t.Secret("claim", claims["given_name"])
	t.Secret("claim", claims["family_name"])
	person := t.NewPerson("given_name", claims["given_name"], "family_name", claims["family_name"], "birth_date", claims["birth_date"])
	b := e2e.NewBrowser()
	wrong := t.trySignIn(b, person.UserName, "the wrong password of "+person.UserName)
	t.Status(wrong, http.StatusUnprocessableEntity)
	t.Secret("wrong password", "the wrong password of "+person.UserName)
	t.SignIn(b, person)
	for _, c := range b.Cookies(t.Issuer()) {
		t.Secret("cookie", c.Value)
	}
	ask := t.Ask(client, "scope", "openid profile offline_access", "nonce", "nonce of a request that nobody else sends",
		"login_hint", "hint.of.somebody@example.test")
	t.Secret("nonce", ask.Values.Get("nonce"))
	t.Secret("login_hint", ask.Values.Get("login_hint"))
	t.Secret("code verifier", ask.Verifier)
	uri := t.Push(ask).Text("request_uri")
	t.Secret("request_uri", uri[strings.LastIndex(uri, ":")+1:])
	page := t.Open(b, "/authorize?"+url.Values{"client_id": {client.ID}, "request_uri": {uri}}.Encode())
	t.Secret("key of a form", t.keyOf(page, "/consent"))
	g := t.Swap(ask, t.Submit(b, page, "/consent", "decision", "allow").Code())
	if info := t.OK(t.Userinfo(g.Access)).JSON; info["given_name"] != claims["given_name"] {
		t.Fatalf("the claims do not get through: %v", info)
	}
	t.OK(t.Refresh(client, g.Refresh))
	t.OK(t.Introspect(client, g.Access))
	t.BadToken(t.Info(g.Access + "x"))
	t.PostForm("/token", t.CodeForm(ask, g.Code))
	t.traceWallet()
	for _, method := range []string{"email", "phone", "postal-ch"} {
		t.traceAddress(method)
	}
}

// traceAddress is leaveTraces for somebody who proves an address: one flow ends with
// a TAN, the other one rests.
func (t *T) traceAddress(method string) {
	t.Helper()
	client := t.HookedClient("--method=" + method)
	b, ask, where := e2e.NewBrowser(), t.Ask(client), t.Place(method)
	page := t.OpenTAN(b, ask, where)
	tan := t.TAN(where, 1)
	t.Status(t.Press(b, page, "/pin", "pin", wrong(tan)), http.StatusUnprocessableEntity)
	t.Status(t.Press(b, page, "/resend"), http.StatusTooManyRequests)
	t.Status(t.Get("/letter/"+t.Message(where, 1).LetterCode+"x", asPage...), http.StatusNotFound)
	t.Swap(ask, t.Submit(b, page, "/pin", "pin", tan).Code())

	resting := t.Place(method)
	t.OpenTAN(b, t.Ask(client), resting)
	for _, sent := range []string{tan, wrong(tan), t.TAN(resting, 1)} {
		t.note("TAN", sent)
	}
	if method == "phone" {
		t.note("phone number", strings.TrimPrefix(where.Mark, "+"))
		t.note("phone number", strings.TrimPrefix(resting.Mark, "+"))
	}
}

// traceWallet is leaveTraces for somebody with a wallet.
func (t *T) traceWallet() {
	t.Helper()
	client := t.HookedClient("--code-delivery=webhook")
	nonce := must[string](t)(client.Setup(t.Ctx, t.Issuer()))
	t.Secret("nonce of a session", nonce)
	a := t.Get("/authorize/"+nonce+"?"+t.Ask(client).Query(), "Accept", "application/json")
	id := a.Text("verification_id")
	t.OK(t.present(must[swiyutest.Verification](t)(t.Verifier.Get(id)), "zoe"))
	t.Check(t.Webhooks.Await(t.Ctx, func(events []e2e.Event) bool {
		return slices.ContainsFunc(events, func(e e2e.Event) bool {
			if e.Data.ClientID == client.ID && e.Data.Code != "" {
				t.Secret("code by webhook", e.Data.Code)
				return true
			}
			return false
		})
	}))
}

// spellings are how a value may look where it was written down: as it is, as JSON or a
// URL has it, in hexadecimal digits and in base64, wherever it begins.
func spellings(value string) []string {
	quoted, _ := json.Marshal(value)
	all := []string{value, string(quoted[1 : len(quoted)-1]), url.QueryEscape(value), hex.EncodeToString([]byte(value))}
	for shift := range 3 {
		whole := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), value...))
		all = append(all, whole[(shift*8+5)/6:len(whole)-1])
	}
	return all
}

var anyNumber = regexp.MustCompile(`[0-9.]*[0-9]`)

// numbersIn are the numbers in a text. A TAN may be a part of a longer one by chance.
func numbersIn(text string) map[string]bool {
	found := map[string]bool{}
	for _, number := range anyNumber.FindAllString(text, -1) {
		found[number] = true
	}
	return found
}

// nowhere fails the case if something that must not be found is in a text.
func (t *T) nowhere(where, text string, needles map[string]string) {
	t.Helper()
	numbers := numbersIn(text)
	for value, what := range needles {
		isNumber := strings.Trim(value, "0123456789") == ""
		for _, form := range spellings(value) {
			if numbers[form] || !(isNumber && form == value) && strings.Contains(text, form) {
				t.Errorf("%s holds a %s", where, what)
				break
			}
		}
	}
}

// personalData are the claims of the persons whom these tests know.
func personalData() map[string]string {
	found := map[string]string{
		accountClaims["given_name"]: "claim of the shared person", accountClaims["family_name"]: "claim of the shared person",
		accountClaims["birth_date"]: "claim of the shared person",
	}
	for _, p := range swiyutest.Persons() {
		found[p.Name()], found[p.BirthDate] = "claim of a wallet", "claim of a wallet"
	}
	return found
}

func ops01(t *T) {
	t.needles()
	text := t.Gateway.Log.String()
	for _, level := range []string{`"level":"DEBUG"`, `"level":"INFO"`} {
		if !strings.Contains(text, level) {
			t.Errorf("the log has no lines with %s", level)
		}
	}
	t.nowhere("the log", text, t.needles())
	t.nowhere("the log", text, personalData())
	t.nowhere("the log", text, map[string]string{"mock:mira": "presentation", "mock:zoe": "presentation", "Bearer ": "credential", "Basic ": "credential"})
	if spellings("abc")[0] != "abc" || !strings.Contains(base64.StdEncoding.EncodeToString([]byte("xxCanary of a testyy")), spellings("Canary of a test")[6]) {
		t.Error("what is looked for would not be found")
	}
}

func ops02(t *T) {
	needles := t.needles()
	dump := t.Dump()
	for _, table := range []string{"tokens", "authorization_codes", "client_secrets", "webhook_secrets", "accounts", "sign_ins", "signing_keys", "grants", "tan_challenges"} {
		if !strings.Contains(dump, "\n"+table+" ") {
			t.Errorf("the dump holds no row of %s", table)
		}
	}
	t.nowhere("the database", dump, needles)
	t.nowhere("the database", dump, personalData())
	for row := range strings.SplitSeq(dump, "\n") {
		if strings.HasPrefix(row, "accounts ") && !strings.Contains(row, "$argon2id$") {
			t.Errorf("a password is kept as something else than an argon2id hash")
		}
	}
	for _, private := range []string{"PRIVATE KEY", `"d":"`, "whsec_"} {
		if strings.Contains(dump, private) {
			t.Errorf("the database holds %s in clear", private)
		}
	}
}
