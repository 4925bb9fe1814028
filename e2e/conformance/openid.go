package conformance

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"vouchgate/e2e"
)

// Claims reads the claims of an ID token, and fails the case unless it is a good
// one (OpenID Connect Core, section 3.1.3.7): signed by one of the gateway's keys,
// by it, for the client, of now, and for the access token that came with it.
func (t *T) Claims(g Grant) map[string]any {
	t.Helper()
	if g.IDToken == "" {
		t.Fatal("there is no ID token")
	}
	t.Verify(g.IDToken)
	claims := t.Part(g.IDToken, 1)
	sum := sha256.Sum256([]byte(g.Access))
	for name, want := range map[string]string{
		"iss": t.Issuer(), "aud": g.Client.ID, "at_hash": base64.RawURLEncoding.EncodeToString(sum[:16]),
	} {
		if claims[name] != want {
			t.Errorf("%s is %v, not %s", name, claims[name], want)
		}
	}
	issued, expires := unix(claims["iat"]), unix(claims["exp"])
	if age := time.Since(issued); age < -time.Minute || age > 5*time.Minute || !expires.After(time.Now()) {
		t.Errorf("it is of %s and ends at %s", issued, expires)
	}
	return claims
}

// unix is the time of a number in JSON; 1970 for anything else.
func unix(value any) time.Time {
	seconds, _ := value.(float64)
	return time.Unix(int64(seconds), 0).UTC()
}

// Sub is the subject of an ID token.
func (t *T) Sub(g Grant) string {
	t.Helper()
	sub, _ := t.Claims(g)["sub"].(string)
	if sub == "" {
		t.Error("an ID token has no sub")
	}
	return sub
}

// Told is what the client of a grant reads at /userinfo.
func (t *T) Told(g Grant) map[string]any {
	t.Helper()
	a := t.OK(t.Userinfo(g.Access))
	t.IsJSON(a)
	return a.JSON
}

// Tellable lists the names of everything that the gateway says can be proved.
func (t *T) Tellable() []string {
	t.Helper()
	return Texts(t.Metadata(), "claims_in_verified_claims_supported")
}

// byTAN are the claims that no wallet proves.
var byTAN = []string{"address", "email", "email_verified", "phone_number", "phone_number_verified"}

// ofWallet are those of names that a wallet proves.
func ofWallet(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(byTAN, name) })
}

// Everything is a client that may ask for all claims that there are, of which a
// wallet proves most, and TANs the others.
func (t *T) Everything() e2e.Client {
	t.Helper()
	scope := ""
	for _, name := range Texts(t.Metadata(), "scopes_supported") {
		if name != "openid" && name != "offline_access" {
			scope += " " + name
		}
	}
	return t.Client(byWallet, byEmail, byPhone, byLetter, "--scope="+scope[1:])
}

// AskVerified is a request for verified_claims at /userinfo.
func (t *T) AskVerified(request string) Ask {
	t.Helper()
	return t.Ask(t.Everything(), "scope", "openid", "claims", fmt.Sprintf(`{"userinfo":{"verified_claims":%s}}`, request))
}

// Verified walks such a request to the end, with the wallet where there is a choice,
// and returns the verified_claims that the client reads, nil if there are none. Their
// shape is checked.
func (t *T) Verified(request string) any {
	t.Helper()
	return t.VerifiedIn(t.Told(t.GrantOf(t.AskVerified(request))))
}

// VerifiedAt is Verified with the proof of an address.
func (t *T) VerifiedAt(where Place, request string) any {
	t.Helper()
	return t.VerifiedIn(t.Told(t.GrantAt(where, t.AskVerified(request))))
}

// VerifiedIn returns the verified_claims of an answer or ID token, nil if there are
// none, and checks their shape.
func (t *T) VerifiedIn(claims map[string]any) any {
	t.Helper()
	value, there := claims["verified_claims"]
	if !there {
		return nil
	}
	for _, fault := range isVerifiedClaims("verified_claims", value) {
		t.Error(fault)
	}
	return value
}

// At follows members, and indices of lists, into a JSON value; nil where it leads
// nowhere.
func At(value any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := value.(map[string]any)
			value = object[step]
		case int:
			list, _ := value.([]any)
			if step >= len(list) {
				return nil
			}
			value = list[step]
		}
	}
	return value
}

// Same fails the case unless a value, as JSON, is that of a text.
func (t *T) Same(what string, value any, want string) {
	t.Helper()
	var wanted any
	t.Check(json.Unmarshal([]byte(want), &wanted))
	got, expected := must[[]byte](t)(json.Marshal(value)), must[[]byte](t)(json.Marshal(wanted))
	if string(got) != string(expected) {
		t.Errorf("%s: %s, not %s", what, got, expected)
	}
}
