package kyc_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"vouchgate/kyc"
)

func TestWhatAMethodProves(t *testing.T) {
	t.Parallel()
	for method, want := range map[kyc.Method]map[string]bool{
		kyc.MethodSwiyu:    {"given_name": true, "email": false, "phone_number": false, "address": false},
		kyc.MethodAccount:  {"given_name": true, "email": true, "phone_number": true, "address": true},
		kyc.MethodOpen:     {"given_name": true, "email": true, "phone_number": true, "address": true},
		kyc.MethodEmail:    {"given_name": false, "email": true, "phone_number": false, "address": false},
		kyc.MethodPhone:    {"given_name": false, "email": false, "phone_number": true, "address": false},
		kyc.MethodPostal:   {"given_name": false, "email": false, "phone_number": false, "address": true},
		kyc.MethodPostalCH: {"given_name": false, "email": false, "phone_number": false, "address": true},
	} {
		for claim, proved := range want {
			same(t, string(method)+" proves "+claim, method.Proves(claim), proved)
		}
	}
}

func TestHowLongATANCanBeEntered(t *testing.T) {
	t.Parallel()
	for _, m := range kyc.Methods {
		want := 15 * time.Minute
		if post := m == kyc.MethodPostal || m == kyc.MethodPostalCH; post {
			want = 30 * 24 * time.Hour
			same(t, string(m), m.Post(), post)
		}
		same(t, string(m), m.TANLifetime(), want)
	}
}

func TestThePersonChoosesAmongWhatCanProveSomething(t *testing.T) {
	t.Parallel()
	every := kyc.Settings{Methods: kyc.Methods}
	for name, row := range map[string]struct {
		settings kyc.Settings
		scope    string
		claims   kyc.Strings
		want     []kyc.Method
	}{
		"nothing asked for":                    {every, "", nil, kyc.Methods},
		"who it is alone":                      {every, "openid", nil, kyc.Methods},
		"an e-mail address":                    {every, "openid email", nil, []kyc.Method{kyc.MethodAccount, kyc.MethodEmail}},
		"a phone by its scope":                 {every, "phone", nil, []kyc.Method{kyc.MethodAccount, kyc.MethodPhone}},
		"a claim asked for by itself":          {every, "openid", kyc.Strings{"address"}, []kyc.Method{kyc.MethodAccount, kyc.MethodPostal, kyc.MethodPostalCH}},
		"a name":                               {every, "profile", nil, []kyc.Method{kyc.MethodSwiyu, kyc.MethodAccount}},
		"a name or an e-mail address":          {every, "profile email", nil, []kyc.Method{kyc.MethodSwiyu, kyc.MethodAccount, kyc.MethodEmail}},
		"a client without methods":             {kyc.Settings{}, "profile", nil, []kyc.Method{kyc.MethodSwiyu}},
		"a client that asks for what it lacks": {kyc.Settings{}, "email", nil, []kyc.Method{}},
	} {
		before := slices.Clone(row.settings.Methods)
		same(t, name, row.settings.Choices(row.scope, row.claims), row.want)
		same(t, "methods after asking for "+name, row.settings.Methods, before)
	}
}

func TestTheScopeIsAsMuchAsTheMethodProves(t *testing.T) {
	t.Parallel()
	b := binding
	b.Scope, b.Claims = "openid profile email phone address", kyc.Strings{"sex", "email"}
	for method, row := range map[kyc.Method]struct {
		granted string
		asked   []string
	}{
		kyc.MethodOpen:     {b.Scope, []string{"given_name", "family_name", "birth_date", "email", "phone_number", "address", "sex"}},
		kyc.MethodAccount:  {b.Scope, []string{"given_name", "family_name", "birth_date", "email", "phone_number", "address", "sex"}},
		kyc.MethodSwiyu:    {"openid profile", []string{"given_name", "family_name", "birth_date", "sex"}},
		kyc.MethodEmail:    {"openid email", []string{"email"}},
		kyc.MethodPhone:    {"openid phone", []string{"phone_number"}},
		kyc.MethodPostal:   {"openid address", []string{"address"}},
		kyc.MethodPostalCH: {"openid address", []string{"address"}},
	} {
		s := kyc.Session{Method: method, Binding: b}
		same(t, "granted by "+string(method), s.Granted(), row.granted)
		same(t, "asked of "+string(method), s.Asked(), row.asked)
		same(t, "scope", s.Scope, b.Scope)
		same(t, "left by "+string(method), s.Without(nil).Scope, row.granted)
	}
	s := kyc.Session{Method: kyc.MethodEmail, Binding: b}
	same(t, "left without the address", s.Without([]string{"email"}).Scope, "openid")
	s.GrantedScope = "openid phone"
	same(t, "granted of what was left", s.Granted(), "openid")
}

func TestAMethodThatProvesNothingOfTheScopeEndsNoSession(t *testing.T) {
	t.Parallel()
	s := proving(t, kyc.MethodEmail)
	s.Scope = "openid profile"
	_, err := s.Prove("", []byte("sealed"), noon)
	is(t, err, kyc.ErrIllegalMove)
	same(t, "status", s.Status, kyc.StatusAuthorized)
	s.Scope = "openid" // which asks for no claim
	_, err = s.Prove("", []byte("sealed"), noon)
	is(t, err, nil)
	same(t, "granted", s.Granted(), "openid")
}

// TestAMethodNeverGrantsWhatItCannotProve compares what is granted with what every
// claim says by itself.
func TestAMethodNeverGrantsWhatItCannotProve(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		scopes := rapid.SliceOfDistinct(rapid.SampledFrom(append(kyc.KnownScopes(), "openid")), rapid.ID).Draw(r, "scope")
		s := kyc.Session{Method: rapid.SampledFrom(kyc.Methods).Draw(r, "method")}
		for _, name := range scopes {
			s.Scope += " " + name
		}
		granted := kyc.ClaimsOf(s.Granted())
		for _, claim := range kyc.ClaimsOf(s.Scope) {
			if slices.Contains(granted, claim) != s.Method.Proves(claim) {
				r.Fatalf("%s grants %v of %q", s.Method, granted, s.Scope)
			}
		}
		if slices.Contains(scopes, "openid") != slices.Contains(strings.Fields(s.Granted()), "openid") {
			r.Fatalf("%q became %q", s.Scope, s.Granted())
		}
		if choices := (kyc.Settings{Methods: kyc.Methods}).Choices(s.Scope, nil); len(granted) > 0 && !slices.Contains(choices, s.Method) {
			r.Fatalf("%s is not among %v", s.Method, choices)
		}
	})
}
