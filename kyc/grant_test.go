package kyc_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"vouchgate/kyc"
)

func TestAGrantLetsATokenReadWhatItsScopeAsksFor(t *testing.T) {
	t.Parallel()
	g := kyc.Grant{Scope: "openid profile age_over_18", Claims: kyc.Strings{"sex", "given_name", "shoe_size"}}
	whole := []string{"given_name", "family_name", "birth_date", "age_over_18", "sex"}
	for _, row := range []struct {
		name, scope string
		want        []string
	}{
		{"the scope of the grant", "openid profile age_over_18", whole},
		{"no scope of its own", "", whole},
		{"a narrower scope, without what was asked for one by one", "age_over_18", []string{"age_over_18"}},
		{"a part of a group", "given_name", []string{"given_name"}},
		{"a scope that asks for no claim", "openid", nil},
	} {
		same(t, "a token with "+row.name, g.Asked(row.scope), row.want)
	}
	same(t, "a grant of nothing", kyc.Grant{}.Asked(""), []string(nil))
	same(t, "a grant of claims alone", kyc.Grant{Claims: kyc.Strings{"sex", "sex"}}.Asked(""), []string{"sex"})
}

func TestASuccessorIsTheSameEachTimeAndAnotherForAnythingElse(t *testing.T) {
	t.Parallel()
	kind, from := kyc.SecretRefreshToken, id(1)
	token := kyc.DeriveToken(kind, from, id(2), mac)
	same(t, "asked again", kyc.DeriveToken(kind, from, id(2), mac), token)
	same(t, "row", token.ID, id(2))
	same(t, "matches its own hash", token.Matches(kind, token.Hash(kind)), true)
	seen := map[[32]byte]string{token.Secret: "the token", {}: "an empty secret"}
	for name, h := range map[string]kyc.Handle{
		"the access token beside it":  kyc.DeriveToken(kyc.SecretAccessToken, from, id(2), mac),
		"the token of another row":    kyc.DeriveToken(kind, from, id(3), mac),
		"the token after another one": kyc.DeriveToken(kind, id(3), id(2), mac),
		"the token the wrong way":     kyc.DeriveToken(kind, id(2), from, mac),
		"the token with another key": kyc.DeriveToken(kind, from, id(2), func(p string, parts ...[]byte) []byte {
			return mac("other key "+p, parts...)
		}),
	} {
		if other, twice := seen[h.Secret]; twice {
			t.Errorf("%s is the secret of %s", name, other)
		}
		seen[h.Secret] = name
	}
}

var uuid8 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestASubjectIsStableForOnePersonAtOneClient(t *testing.T) {
	t.Parallel()
	subject := kyc.Subject("kiosk", []byte("anna"), mac)
	same(t, "asked again", kyc.Subject("kiosk", []byte("anna"), mac), subject)
	seen := map[string]string{}
	for name, got := range map[string]string{
		"of a person":                  subject,
		"of another person":            kyc.Subject("kiosk", []byte("otto"), mac),
		"at another client":            kyc.Subject("shop", []byte("anna"), mac),
		"of nobody":                    kyc.Subject("kiosk", nil, mac),
		"at nobody":                    kyc.Subject("", []byte("kioskanna"), mac),
		"with parts that were moved":   kyc.Subject("kios", []byte("kanna"), mac),
		"with the parts exchanged":     kyc.Subject("anna", []byte("kiosk"), mac),
		"with all of it in the client": kyc.Subject("kioskanna", nil, mac),
		"under another key": kyc.Subject("kiosk", []byte("anna"), func(p string, parts ...[]byte) []byte {
			return mac("other key "+p, parts...)
		}),
	} {
		if other, twice := seen[got]; twice {
			t.Errorf("the subject %s is the one %s", name, other)
		}
		seen[got] = name
		if !uuid8.MatchString(got) {
			t.Errorf("the subject %s is %s, no UUID of version 8", name, got)
		}
	}
}

// TestSubjectsOfDifferentPersonsDiffer uses a keyed hash that only joins its parts,
// so that client and person have to be kept apart by Subject itself.
func TestSubjectsOfDifferentPersonsDiffer(t *testing.T) {
	t.Parallel()
	joined := func(purpose string, parts ...[]byte) []byte {
		all := purpose
		for _, part := range parts {
			all += string(part)
		}
		return mac(all)
	}
	name := rapid.StringMatching(`[ab]{0,4}`)
	rapid.Check(t, func(r *rapid.T) {
		client, person := name.Draw(r, "client"), name.Draw(r, "person")
		client2, person2 := name.Draw(r, "other client"), name.Draw(r, "other person")
		equal := kyc.Subject(client, []byte(person), joined) == kyc.Subject(client2, []byte(person2), joined)
		if want := client == client2 && person == person2; equal != want {
			r.Fatalf("%s at %s, %s at %s: the same subject is %v", person, client, person2, client2, equal)
		}
	})
}

func TestASubjectHoldsNothingOfWhatItStandsFor(t *testing.T) {
	t.Parallel()
	person := id(1)
	subject := strings.ReplaceAll(kyc.Subject("kiosk", person[:], mac), "-", "")
	for _, part := range []string{"kiosk", fmt.Sprintf("%x", "kiosk"), fmt.Sprintf("%x", person[:4])} {
		if strings.Contains(subject, part) {
			t.Errorf("subject %s holds %s", subject, part)
		}
	}
}

func TestAnEndedGrantIsToldOfWithItsReason(t *testing.T) {
	t.Parallel()
	g := kyc.Grant{
		ID: id(1), SessionID: id(2), ClientID: "kiosk", Method: kyc.MethodAccount, Subject: "subject", SealedClaims: []byte("canary"),
	}
	for _, why := range []kyc.RevokeReason{
		kyc.RevokedByClient, kyc.RevokedByPerson, kyc.RevokedByErasure, kyc.RevokedByReuse, kyc.RevokedByOperator,
	} {
		same(t, string(why), g.Revoked(why, noon), kyc.Event{
			Type: kyc.EventRevoked, At: noon, SessionID: id(2), ClientID: "kiosk",
			Status: kyc.StatusCompleted, Method: kyc.MethodAccount, Error: string(why),
		})
	}
}

func TestAGrantCoversWhatThePersonAgreedTo(t *testing.T) {
	t.Parallel()
	g := kyc.Grant{Scope: "openid profile", Claims: kyc.Strings{"age_over_18"}, Consent: kyc.ConsentGiven}
	for _, row := range []struct {
		name, scope string
		claims      kyc.Strings
		want        bool
	}{
		{"the same", "openid profile", kyc.Strings{"age_over_18"}, true},
		{"in another order", "profile openid", nil, true},
		{"a part of a group", "given_name", nil, true},
		{"a claim by its scope that was a single one", "openid", kyc.Strings{"age_over_18", "birth_date"}, true},
		{"one claim more", "openid profile", kyc.Strings{"sex"}, false},
		{"one scope more", "openid profile offline_access", nil, false},
	} {
		same(t, row.name, g.Covers(row.scope, row.claims), row.want)
	}
	for _, c := range []kyc.Consent{kyc.ConsentNone, kyc.ConsentAsked, kyc.ConsentRequired} {
		g.Consent = c
		same(t, "without consent: "+string(c), g.Covers("openid", nil), false)
	}
}

func TestTheNumberOfASubject(t *testing.T) {
	t.Parallel()
	seen := map[int64]string{}
	for i := range 10_000 {
		subject := fmt.Sprint("subject ", i)
		n := kyc.Number(subject)
		if n != kyc.Number(subject) || n <= 0 || int64(float64(n)) != n || n >= 1<<53 {
			t.Fatalf("%s has the number %d", subject, n)
		}
		if other, twice := seen[n]; twice {
			t.Errorf("%s and %s have one number", subject, other)
		}
		seen[n] = subject
	}
}
