package conformance

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"IDA-01", "the metadata lists frameworks, claims, evidence, documents and checks of verified claims (OIDC4IDA, section OP metadata)", ida01},
	Row{"IDA-02", "everything that can be asked for comes in the strict shape, with values that the metadata lists, as the wallet or a TAN showed it", ida02},
	Row{"IDA-03", "nothing comes that was not asked for, inside verification neither (OIDC4IDA, sections on requesting)", ida03},
	Row{"IDA-05", "verified claims come where they were asked for: at /userinfo, in the ID token, or in both", ida05},
	Row{"IDA-11", "what an operator typed into an account is never called verified (OIDC4IDA, section Verified claims schema)", ida11},
	Row{"IDA-12", "/info says method, time of the proof and end of reading in plain words, for clients that know nothing of all this", ida12},
	Row{"IDA-13", "presented credentials as such are not offered: not advertised, and left out when asked for", ida13},
	Row{"IDA-17", "times are in UTC, nationalities are codes in a list, phone numbers E.164, places of birth and addresses objects (OIDC4IDA claims)", ida17},
	Row{"IDA-18", "there is no handle txn: it is not advertised, and asking for it changes nothing", ida18},
)

func ida01(t *T) {
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		m := t.OK(t.Get(path)).JSON
		needed := []string{"trust_frameworks_supported", "claims_in_verified_claims_supported", "evidence_supported"}
		for evidence, more := range map[string]string{"document": "documents_supported", "electronic_record": "electronic_records_supported"} {
			if Lists(m, "evidence_supported", evidence) {
				needed = append(needed, more)
			} else if m[more] != nil {
				t.Errorf("%s is there without its evidence", more)
			}
		}
		for _, name := range append(needed, "documents_check_methods_supported") {
			list := Texts(m, name)
			slices.Sort(list)
			if len(list) == 0 || list[0] == "" || len(slices.Compact(list)) != len(Texts(m, name)) {
				t.Errorf("%s is %v", name, m[name])
			}
		}
		for _, name := range []string{"claims_parameter_supported", "verified_claims_supported"} {
			if m[name] != true {
				t.Errorf("%s is %v", name, m[name])
			}
		}
		// Values of our own are URLs of our own, so that nobody else means something
		// else by them.
		for _, value := range slices.Concat(Texts(m, "trust_frameworks_supported"), Texts(m, "documents_supported"), Texts(m, "electronic_records_supported")) {
			if !strings.HasPrefix(value, t.Issuer()+"/") {
				t.Errorf("%q is neither a shared value nor one of this server", value)
			}
		}
	}
}

// wholeEvidence asks for everything that a document can say.
const wholeEvidence = `[{"type":{"value":"document"},"time":null,
	"check_details":[{"check_method":null,"check_id":null,"organization":null,"time":null}],
	"document_details":{"type":null,"document_number":null,"serial_number":null,"date_of_issuance":null,"date_of_expiry":null,
		"issuer":{"name":null,"country":null,"country_code":null,"jurisdiction":null}}}]`

// wholeRequest asks for claims, each with null, and for all of verification.
func wholeRequest(claims []string) string {
	return `{"verification":{"trust_framework":null,"assurance_level":null,"assurance_process":null,"time":null,"verification_process":null,
		"evidence":` + wholeEvidence + `},"claims":{"` + strings.Join(claims, `":null,"`) + `":null}}`
}

func ida02(t *T) {
	m, before := t.Metadata(), time.Now().Add(-2*time.Second)
	verified := t.Verified(wholeRequest(t.Tellable()))
	claims, _ := At(verified, "claims").(map[string]any)
	if got := names(claims); !slices.Equal(got, slices.Sorted(slices.Values(ofWallet(t.Tellable())))) {
		t.Errorf("of what the metadata lists, there is %v", got)
	}
	for claim, want := range map[string]any{
		"given_name": "Mira Jolanda", "family_name": "Beispiel-Müsterli", "name": "Mira Jolanda Beispiel-Müsterli", "birthdate": "1990-03-14",
		"age_over_18": true, "age_over_65": false, "document_number": "MOCK-0001",
	} {
		if claims[claim] != want {
			t.Errorf("%s is %v, not %v", claim, claims[claim], want)
		}
	}
	verification := At(verified, "verification")
	evidence := At(verification, "evidence", 0)
	for list, value := range map[string]any{
		"trust_frameworks_supported": At(verification, "trust_framework"),
		"evidence_supported":         At(evidence, "type"),
		"documents_supported":        At(evidence, "document_details", "type"),

		"documents_check_methods_supported": At(evidence, "check_details", 0, "check_method"),
	} {
		if text, _ := value.(string); !Lists(m, list, text) {
			t.Errorf("%v is not in %s", value, list)
		}
	}
	if got := At(evidence, "check_details", 0, "check_method"); got != "vcrypt" {
		t.Errorf("a signature is checked by %v", got)
	}
	if issuer, _ := At(evidence, "document_details", "issuer", "name").(string); !strings.HasPrefix(issuer, "did:") {
		t.Errorf("the document's issuer is %q", issuer)
	}
	for _, value := range []any{At(verification, "time"), At(evidence, "check_details", 0, "time")} {
		text, _ := value.(string)
		if at, err := time.Parse(time.RFC3339, text); err != nil || at.Before(before) || at.After(time.Now()) {
			t.Errorf("the check was at %v", value)
		}
	}
	t.wholeRecords(m)
}

// wholeRecord asks for everything that the record of a TAN can say.
const wholeRecord = `[{"type":{"value":"electronic_record"},"time":null,
	"check_details":[{"check_method":null,"check_id":null,"organization":null,"time":null}],
	"record":{"type":null,"created_at":null,"date_of_expiry":null,"source":{"name":null,"country_code":null}}}]`

// wholeRecords is about everything that can be asked for of addresses.
func (t *T) wholeRecords(m map[string]any) {
	t.Helper()
	request := strings.Replace(wholeRequest(t.Tellable()), wholeEvidence, wholeRecord, 1)
	for _, method := range []string{"email", "phone", "postal-ch"} {
		where := t.Place(method)
		verified := t.VerifiedAt(where, request)
		t.Same("verified claims of "+method, At(verified, "claims"), where.claims())
		verification := At(verified, "verification")
		evidence := At(verification, "evidence", 0)
		for list, value := range map[string]any{
			"trust_frameworks_supported": At(verification, "trust_framework"), "evidence_supported": At(evidence, "type"),
			"electronic_records_supported": At(evidence, "record", "type"),
		} {
			if text, _ := value.(string); !Lists(m, list, text) {
				t.Errorf("%s: %v is not in %s", method, value, list)
			}
		}
		if got := At(evidence, "check_details", 0, "check_method"); got != "token" {
			t.Errorf("%s is checked by %v", method, got)
		}
	}
}

// smallRequest asks for one claim and nothing else.
const smallRequest = `{"verification":{"trust_framework":null},"claims":{"given_name":null}}`

// small is what the client gets for it.
func (t *T) small() string {
	return fmt.Sprintf(`{"verification":{"trust_framework":%q},"claims":{"given_name":"Mira Jolanda"}}`, t.framework())
}

func (t *T) framework() string { return t.Issuer() + "/ida/swiyu" }

func ida03(t *T) {
	t.Same("one claim", t.Verified(smallRequest), t.small())
	ask := t.Ask(t.Everything(), "scope", "openid profile sex", "claims", `{"userinfo":{"verified_claims":`+smallRequest+`}}`)
	t.Same("one claim, with a scope", t.VerifiedIn(t.Told(t.GrantOf(ask))), t.small())
	t.Same("a document's type", t.Verified(`{"verification":{"trust_framework":null,"evidence":[{"type":null}]},"claims":{"age_over_18":null}}`),
		fmt.Sprintf(`{"verification":{"trust_framework":%q,"evidence":[{"type":"document"}]},"claims":{"age_over_18":true}}`, t.framework()))
	t.Same("a check", t.Verified(`{"verification":{"trust_framework":null,"evidence":[{"type":null,"check_details":[{"check_method":null}]}]},"claims":{"sex":null}}`),
		fmt.Sprintf(`{"verification":{"trust_framework":%q,"evidence":[{"type":"document","check_details":[{"check_method":"vcrypt"}]}]},"claims":{"sex":"2"}}`, t.framework()))
	if told := t.Told(t.GrantOf(t.AskVerified(smallRequest))); len(told) != 2 {
		t.Errorf("/userinfo has %v", names(told))
	}
}

func ida05(t *T) {
	for _, row := range []struct{ claims, userinfo, idToken string }{
		{`{"userinfo":{"verified_claims":%[1]s}}`, "given_name", ""},
		{`{"id_token":{"verified_claims":%[1]s}}`, "", "given_name"},
		{`{"userinfo":{"verified_claims":%[1]s},"id_token":{"verified_claims":%[2]s}}`, "given_name", "sex"},
	} {
		other := strings.ReplaceAll(smallRequest, "given_name", "sex")
		g := t.Grant(t.Everything(), "scope", "openid", "claims", fmt.Sprintf(row.claims+"%.0[2]s", smallRequest, other))
		for where, place := range map[string]struct {
			claims map[string]any
			want   string
		}{"/userinfo": {t.Told(g), row.userinfo}, "the ID token": {t.Claims(g), row.idToken}} {
			claims, _ := At(t.VerifiedIn(place.claims), "claims").(map[string]any)
			if got := strings.Join(names(claims), " "); got != place.want {
				t.Errorf("%s: %s has %q", row.claims, where, got)
			}
		}
	}
}

func ida11(t *T) {
	c := t.Client(byAccount, noQuestion)
	for _, request := range []string{smallRequest, wholeRequest([]string{"given_name", "family_name", "birthdate", "name"}), "[" + smallRequest + "]"} {
		g := t.Grant(c, "scope", "openid profile", "claims", `{"userinfo":{"verified_claims":`+request+`},"id_token":{"verified_claims":`+request+`}}`)
		told := t.Told(g)
		if told["given_name"] != t.Person().Claims["given_name"] {
			t.Errorf("the plain claim is %v", told["given_name"])
		}
		for where, claims := range map[string]map[string]any{"/userinfo": told, "the ID token": t.Claims(g), "/info": t.OK(t.Info(g.Access)).JSON} {
			if _, there := claims["verified_claims"]; there {
				t.Errorf("%s calls typed words verified", where)
			}
		}
	}

	b, person := e2e.NewBrowser(), t.NewPerson("email", "typed@post.example")
	t.SignIn(b, person)
	ask := t.Ask(t.Client(byAccount, noQuestion, "--scope=email"), "scope", "openid email",
		"claims", `{"userinfo":{"verified_claims":`+t.smallTAN("null")+`}}`)
	told := t.Told(t.Swap(ask, t.Home(b, ask).Code()))
	delete(told, "sub")
	t.Same("a typed address", told, `{"email":"typed@post.example"}`)
}

func ida12(t *T) {
	for method, g := range map[string]Grant{
		"swiyu": t.Grant(t.Wallet(), "scope", "given_name"), "account": t.Grant(t.App(), "scope", "given_name"),
		"email": t.Grant(t.Mailer(), "scope", "email"),
	} {
		info := t.OK(t.Info(g.Access)).JSON
		if info["method"] != method || info[g.Ask.Values.Get("scope")] == nil || info["verified_claims"] != nil {
			t.Errorf("%s: %v", method, info)
		}
		instants := map[string]time.Time{}
		for _, name := range []string{"verified_at", "expires_at"} {
			for _, fault := range isInstant(name, info[name]) {
				t.Error(fault)
			}
			text, _ := info[name].(string)
			instants[name], _ = time.Parse(time.RFC3339, text)
		}
		if at := instants["verified_at"]; at.After(time.Now()) || time.Since(at) > time.Hour || !instants["expires_at"].After(time.Now()) {
			t.Errorf("%s: proved at %v, readable until %v", method, info["verified_at"], info["expires_at"])
		}
	}
}

func ida13(t *T) {
	m := t.Metadata()
	if m["credential_presentations_supported"] != nil || Lists(m, "claims_supported", "presented_credentials") {
		t.Error("the metadata offers presented credentials")
	}
	g := t.Grant(t.Everything(), "scope", "openid given_name", "claims", `{"userinfo":{"presented_credentials":{"essential":true}},"id_token":{"presented_credentials":null}}`)
	if told := t.Told(g); told["presented_credentials"] != nil || told["given_name"] == nil {
		t.Errorf("/userinfo has %v", names(told))
	}
	if claims := t.Claims(g); claims["presented_credentials"] != nil {
		t.Errorf("the ID token has %v", names(claims))
	}
}

func ida17(t *T) {
	verified := t.Verified(wholeRequest([]string{"nationalities", "place_of_birth", "birthdate"}))
	t.Same("claims", At(verified, "claims"), `{"nationalities":["CH"],"place_of_birth":{"locality":"Mustersburg"},"birthdate":"1990-03-14"}`)
	for _, path := range [][]any{{"verification", "time"}, {"verification", "evidence", 0, "check_details", 0, "time"}} {
		if text, _ := At(verified, path...).(string); !strings.HasSuffix(text, "Z") {
			t.Errorf("%v is %q", path, text)
		}
	}
	for _, method := range []string{"phone", "postal-ch"} {
		where := t.Place(method)
		proved := t.VerifiedAt(where, `{"verification":{"trust_framework":null,"time":null},"claims":{"phone_number":null,"address":null}}`)
		t.Same(method, At(proved, "claims"), strings.ReplaceAll(where.claims(), `,"phone_number_verified":true`, ""))
		if text, _ := At(proved, "verification", "time").(string); !strings.HasSuffix(text, "Z") {
			t.Errorf("%s was checked at %q", method, text)
		}
	}
	if slices.Contains(t.Tellable(), "msisdn") {
		t.Error("msisdn is offered, and no case checks its form")
	}
}

func ida18(t *T) {
	m := t.Metadata()
	if Lists(m, "claims_supported", "txn") || slices.Contains(t.Tellable(), "txn") {
		t.Error("the metadata offers txn")
	}
	request := `{"verification":{"trust_framework":null,"txn":null},"claims":{"given_name":null,"txn":{"essential":true}}}`
	g := t.Grant(t.Everything(), "scope", "openid", "claims", `{"userinfo":{"txn":{"essential":true},"verified_claims":`+request+`},"id_token":{"txn":null}}`)
	told := t.Told(g)
	t.Same("verified_claims", t.VerifiedIn(told), t.small())
	if told["txn"] != nil || t.Claims(g)["txn"] != nil {
		t.Error("there is a txn")
	}
}
