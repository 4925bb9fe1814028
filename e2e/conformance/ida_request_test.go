package conformance

import (
	"fmt"
	"net/http"
	"strings"

	"vouchgate/e2e"
	"vouchgate/verify/swiyu/swiyutest"
)

var _ = rows(
	Row{"IDA-04", "null, an empty object and essential:false are three ways to ask for the same (OIDC4IDA, section Requesting verified claims)", ida04},
	Row{"IDA-06", "claims that nobody knows are left out, essential or not, whatever is in their names", ida06},
	Row{"IDA-07", "a claim whose value is not the one asked for is left out, and what becomes empty by that goes too", ida07},
	Row{"IDA-08", "verified_claims is left out, without an error, when a demand on its verification is not met, in value or age", ida08},
	Row{"IDA-09", "requests for verified claims that break the rules are invalid_request, odd ones that keep them are not", ida09},
	Row{"IDA-10", "of an array of requests each is answered by itself, and one that was not proved, of wallet or TAN, is passed over", ida10},
	Row{"IDA-14", "demands on values are checked here and not left to the wallet, and so are issuer and type of its credential", ida14},
	Row{"IDA-15", "what the person unticks is left out without an error, and who unticks everything refuses", ida15},
	Row{"IDA-16", "filters of evidence: entries are alternatives, type takes value alone, a check that does not match leaves all out", ida16},
)

func ida04(t *T) {
	for _, way := range []string{`null`, `{}`, `{"essential":false}`, `{"essential":true}`} {
		request := `{"verification":{"trust_framework":` + way + `},"claims":{"given_name":` + way + `}}`
		t.Same(way, t.Verified(request), t.small())
	}
}

func ida06(t *T) {
	for _, claims := range []string{
		`"given_name":null,"shoe_size":null`,
		`"shoe_size":{"essential":true},"given_name":null`,
		`"https://c.example/claims#a b":{"essential":true},"given_name":null,"<script>":null,"ünïcödé":null,"a\"b\\c\u0000":null,"":null,"given_name ":null`,
		`"given_name":null,"Given_Name":null,"constructor":null,"__proto__":{"essential":true,"value":"x"}`,
	} {
		t.Same(claims, t.Verified(`{"verification":{"trust_framework":null},"claims":{`+claims+`}}`), t.small())
	}
	if got := t.Verified(`{"verification":{"trust_framework":null},"claims":{"shoe_size":{"essential":true}}}`); got != nil {
		t.Errorf("no claim is known, and there is %v", got)
	}
	member := `{"verification":{"trust_framework":null,"mood":null,"evidence":[{"type":null,"weather":null}]},"claims":{"given_name":null}}`
	t.Same("unknown elements", t.Verified(member), strings.Replace(t.small(), `},"claims"`, `,"evidence":[{"type":"document"}]},"claims"`, 1))
}

func ida07(t *T) {
	const random = "7f0f2c9e-5f3c-4f37-9a55-0f9a51d0d6c1"
	for _, claims := range []string{
		`"given_name":null,"family_name":{"value":"` + random + `"}`,
		`"given_name":{"value":"Mira Jolanda"},"family_name":{"value":"` + random + `","essential":true}`,
		`"given_name":{"values":["x","Mira Jolanda"]},"family_name":{"values":["` + random + `","y"]}`,
		`"given_name":null,"age_over_18":{"value":false},"age_over_65":{"value":"false"}`,
		`"given_name":null,"nationalities":{"value":["DE"]},"place_of_birth":{"value":{"locality":"Elsewhere"}}`,
	} {
		t.Same(claims, t.Verified(`{"verification":{"trust_framework":null},"claims":{`+claims+`}}`), t.small())
	}
	g := t.GrantOf(t.AskVerified(`{"verification":{"trust_framework":null},"claims":{"given_name":{"value":"` + random + `"}}}`))
	if told := t.Told(g); len(told) != 1 || told["sub"] == nil {
		t.Errorf("nothing is left, and /userinfo has %v", names(told))
	}
}

func ida08(t *T) {
	for _, verification := range []string{
		`"trust_framework":{"value":"eidas"}`,
		`"trust_framework":{"value":"eidas","essential":true}`,
		`"trust_framework":{"values":["eidas","de_aml"],"essential":false}`,
		`"trust_framework":null,"assurance_level":{"value":"high"}`,
		`"trust_framework":null,"verification_process":{"value":"x"}`,
		`"trust_framework":null,"time":{"value":"2020-01-01T00:00:00Z"}`,
		`"trust_framework":null,"txn":{"value":"x"}`,
	} {
		g := t.GrantOf(t.AskVerified(`{"verification":{` + verification + `},"claims":{"given_name":null}}`))
		if told := t.Told(g); len(told) != 1 || told["sub"] == nil {
			t.Errorf("%s: /userinfo has %v", verification, names(told))
		}
	}
	met := `{"verification":{"trust_framework":{"values":["eidas","` + t.framework() + `"]}},"claims":{"given_name":null}}`
	t.Same("a framework of several", t.Verified(met), t.small())
	fresh := t.Verified(`{"verification":{"trust_framework":null,"time":{"max_age":3600}},"claims":{"given_name":null}}`)
	if At(fresh, "claims", "given_name") == nil || At(fresh, "verification", "time") == nil {
		t.Errorf("the check is fresh, and there is %v", fresh)
	}
	old := t.GrantOf(t.AskVerified(`{"verification":{"trust_framework":null,"time":{"max_age":1}},"claims":{"given_name":null}}`))
	t.Until("the check to be too old", func() (bool, error) {
		a := t.Userinfo(old.Access)
		if a.Status != http.StatusOK || a.JSON["sub"] == nil {
			return false, fmt.Errorf("/userinfo: %s", a)
		}
		return a.JSON["verified_claims"] == nil, nil
	})
}

func ida09(t *T) {
	ok := func(member string) string { return `{"verification":{"trust_framework":null},` + member + `}` }
	of := func(verification string) string {
		return `{"verification":` + verification + `,"claims":{"given_name":null}}`
	}
	for _, broken := range []string{
		`null`, `"x"`, `1`, `{}`, `{"claims":{"given_name":null}}`, of(`null`), of(`{}`), of(`{"time":null}`), of(`[]`),
		`{"verification":{"trust_framework":null}}`, ok(`"claims":{}`), ok(`"claims":"given_name"`), ok(`"claims":["given_name"]`),
		ok(`"claims":{"given_name":"Mira"}`), ok(`"claims":{"given_name":{"values":[]}}`), ok(`"claims":{"given_name":{"essential":1}}`),
		of(`{"trust_framework":"eidas"}`), of(`{"trust_framework":{"values":[]}}`), of(`{"trust_framework":["eidas"]}`),
		of(`{"trust_framework":null,"evidence":[]}`), of(`{"trust_framework":null,"evidence":{}}`), of(`{"trust_framework":null,"evidence":null}`),
		of(`{"trust_framework":null,"evidence":[{}]}`), of(`{"trust_framework":null,"evidence":[{"document_details":null}]}`),
		of(`{"trust_framework":null,"evidence":["document"]}`), of(`{"trust_framework":null,"evidence":[{"type":{"values":["document"]}}]}`),
		of(`{"trust_framework":null,"time":{"max_age":-1}}`), of(`{"trust_framework":null,"time":{"max_age":"1"}}`), of(`{"trust_framework":null,"time":{"max_age":0.5}}`),
		ok(`"claims":{"given_name":null},"more":null`), `[` + smallRequest + `,{}]`, `[null]`,
	} {
		ask := t.AskVerified(broken)
		t.Redir(ask, t.Visit(ask), "invalid_request")
		t.JSON(t.Push(ask), http.StatusBadRequest, "invalid_request")
		inToken := ask.With("claims", `{"id_token":{"verified_claims":`+broken+`}}`)
		t.Redir(inToken, t.Visit(inToken), "invalid_request")
		if t.Failed() {
			t.Fatalf("this was %s", broken)
		}
	}
	for _, odd := range []string{ok(`"claims":null`), of(`{"trust_framework":{}}`), `[]`, of(`{"trust_framework":null,"mood":"good"}`)} {
		g := t.GrantOf(t.AskVerified(odd).With("scope", "openid given_name"))
		if t.Told(g)["given_name"] == nil {
			t.Errorf("%s breaks the rest", odd)
		}
	}
}

func ida10(t *T) {
	name, sex := smallRequest, strings.ReplaceAll(smallRequest, "given_name", "sex")
	unmet := strings.Replace(smallRequest, `"trust_framework":null`, `"trust_framework":{"value":"eidas"}`, 1)
	framed := strings.Replace(smallRequest, `"trust_framework":null`, fmt.Sprintf(`"trust_framework":{"value":%q}`, t.framework()), 1)
	small := t.small()
	other := strings.Replace(small, `"given_name":"Mira Jolanda"`, `"sex":"2"`, 1)
	for request, want := range map[string]string{
		"[" + name + "," + sex + "]":     "[" + small + "," + other + "]",
		"[" + name + "," + name + "]":    "[" + small + "," + small + "]",
		"[" + unmet + "," + framed + "]": "[" + small + "]",
		"[" + sex + "," + unmet + "]":    "[" + other + "]",
		"[" + name + "]":                 "[" + small + "]",
		"[" + unmet + "," + unmet + "]":  "null",
		"[]":                             "null",
	} {
		ask := t.AskVerified(request).With("scope", "openid document_number")
		told := t.Told(t.GrantOf(ask))
		t.Same(request, t.VerifiedIn(told), want)
		if _, there := told["verified_claims"]; there && want == "null" {
			t.Errorf("%s: verified_claims is there and empty", request)
		}
	}

	// One of the two can be proved, and that one is delivered.
	where := t.Place("email")
	both := "[" + framed + "," + t.smallTAN("null") + "," + unmet + "]"
	t.Same("both, by the wallet", t.Verified(both), "["+small+"]")
	t.Same("both, by TAN", t.VerifiedAt(where, both), "["+t.smallTAN(`"`+where.Mark+`"`)+"]")
}

// smallTAN asks for an e-mail address that was proved by a TAN, if the claim is null,
// and is the answer if it is the address.
func (t *T) smallTAN(claim string) string {
	framework := fmt.Sprintf("%q", t.Issuer()+"/ida/tan")
	if claim == "null" {
		framework = `{"value":` + framework + `}`
	}
	return `{"verification":{"trust_framework":` + framework + `},"claims":{"email":` + claim + `}}`
}

func ida14(t *T) {
	// The wallet of these tests shows whatever it has. A demand goes no further
	// than here, so that another wallet could not lie about it either.
	ask := t.AskVerified(`{"verification":{"trust_framework":null},"claims":{"family_name":{"value":"Other"},"given_name":null}}`)
	ask = ask.With("claims", strings.Replace(ask.Values.Get("claims"), `"userinfo":{`, `"userinfo":{"family_name":{"value":"Other"},"age_over_18":{"value":false},`, 1))
	told := t.Told(t.GrantOf(ask))
	t.Same("verified_claims", t.VerifiedIn(told), t.small())
	if told["family_name"] != nil || told["age_over_18"] != nil {
		t.Errorf("/userinfo has %v", names(told))
	}
	for name, mode := range map[string]swiyutest.Mode{
		"another issuer": {Issuer: "did:example:forger"},
		"another type":   {Type: "library-card"},
		"a claim less":   {OmitClaims: []string{"given_name"}},
	} {
		b, ask := e2e.NewBrowser(), t.AskVerified(smallRequest)
		page := t.Open(b, ask.Path())
		t.Check(t.Verifier.SetModeOf(page.Verification(), mode))
		t.Accept(page)
		if status, err := b.Await(t.Ctx, t.Issuer(), page.Session(), "failed"); err != nil {
			t.Errorf("%s: the session is %s: %v", name, status, err)
		}
		if end := t.Open(b, page.URL.Path+"/finish"); end.Code() != "" {
			t.Errorf("%s: there is a code", name)
		}
	}
}

// ticked are the names of what a consent page offers.
func (t *T) ticked(p e2e.Page) []string {
	t.Helper()
	return must[e2e.Form](t)(p.Form("/consent")).Values["scope"]
}

func ida15(t *T) {
	c := t.NewClient(question)
	claims := `{"userinfo":{"verified_claims":{"verification":{"trust_framework":null},"claims":{"given_name":null,"birthdate":{"essential":true}}}}}`
	b, ask := e2e.NewBrowser(), t.Ask(c, "scope", "openid family_name", "claims", claims)
	asked := func() e2e.Page {
		page := t.Open(b, ask.Path())
		t.Accept(page)
		page = t.Proved(b, page)
		if got := strings.Join(t.ticked(page), " "); got != "family_name given_name birth_date" {
			t.Fatalf("the page offers %q: %s", got, page)
		}
		return page
	}
	g := t.Swap(ask, t.Submit(b, asked(), "/consent", "decision", "allow", "scope", "given_name").Code())
	told := t.Told(g)
	t.Same("verified_claims", t.VerifiedIn(told), t.small())
	if len(told) != 2 || t.OK(t.Info(g.Access)).JSON["birth_date"] != nil || t.OK(t.Info(g.Access)).JSON["family_name"] != nil {
		t.Errorf("/userinfo has %v", names(told))
	}
	ask = t.Ask(c, "scope", "openid family_name", "claims", claims)
	t.Redir(ask, t.Press(b, asked(), "/consent", "decision", "allow", "scope", Without), "access_denied")
}

func ida16(t *T) {
	with := func(evidence string) string {
		return `{"verification":{"trust_framework":null,"evidence":` + evidence + `},"claims":{"given_name":null}}`
	}
	document := strings.Replace(t.small(), `},"claims"`, `,"evidence":[{"type":"document"}]},"claims"`, 1)
	checked := strings.Replace(document, `"document"}]`, `"document","check_details":[{"check_method":"vcrypt"}]}]`, 1)
	for evidence, want := range map[string]string{
		`[{"type":{"value":"document"}}]`:                                                                document,
		`[{"type":{"value":"vouch"}},{"type":{"value":"document"}}]`:                                     document,
		`[{"type":{"value":"document"}},{"type":{"value":"electronic_record"},"record":null}]`:           document,
		`[{"type":{"value":"document"},"check_details":[{"check_method":{"value":"vcrypt"}}]}]`:          checked,
		`[{"type":{"value":"document"},"check_details":[{"check_method":{"values":["x","vcrypt"]}}]}]`:   checked,
		`[{"type":{"value":"vouch"}}]`:                                                                   "null",
		`[{"type":{"value":"document"},"check_details":[{"check_method":{"value":"pvp"}}]}]`:             "null",
		`[{"type":{"value":"document"},"document_details":{"type":{"value":"passport"}}}]`:               "null",
		`[{"type":{"value":"document"},"document_details":{"issuer":{"name":{"value":"did:x:other"}}}}]`: "null",
	} {
		t.Same(evidence, t.Verified(with(evidence)), want)
	}
	for check, want := range map[string]bool{"token": true, "vcrypt": false} {
		where := t.Place("email")
		request := `{"verification":{"trust_framework":null,"evidence":[{"type":{"value":"electronic_record"},"check_details":[{"check_method":{"value":"` +
			check + `"}}]}]},"claims":{"email":null}}`
		if got := At(t.VerifiedAt(where, request), "claims", "email"); (got == where.Mark) != want {
			t.Errorf("a TAN that is to be checked by %s gives %v", check, got)
		}
	}
	ask := t.AskVerified(with(`[{"type":{"values":["document","vouch"]}}]`))
	t.Redir(ask, t.Visit(ask), "invalid_request")
}
