package oauth

import (
	"errors"
	"fmt"
	"slices"

	"vouchgate/oauth/ida"
	"vouchgate/oauth/internal/strictjson"
)

// What a claims parameter may be like: bytes, and arrays and objects in one
// another.
const (
	maxClaims     = 16 << 10
	maxClaimsDeep = 16
)

// ErrBadClaims says that a claims parameter cannot be read. The text says why, is
// fit for an error_description and repeats nothing of the parameter.
var ErrBadClaims = errors.New("bad claims parameter")

// ClaimsRequest is the parameter "claims" (OpenID Connect Core, section 5.5):
// claims that are asked for one by one.
type ClaimsRequest struct {
	UserInfo ClaimsTarget // for the answer of /userinfo
	IDToken  ClaimsTarget // for the ID token
}

// ClaimsTarget is what is to be in one of the two places.
type ClaimsTarget struct {
	Names           []string // of the plain claims, in the order of the request; nobody may know some
	Constraints     map[string]Constraint
	Verified        []ida.Request // verified_claims
	VerifiedIsArray bool          // Verified was sent as an array, see ida.Answer
}

// Constraint is what a client says about the value of a claim. A claim whose value
// it does not allow is left out of the answer, without an error.
type Constraint = ida.Constraint

// ParseClaims reads the parameter "claims". Members other than userinfo and
// id_token are ignored, and so is what a claim is asked for with beyond essential,
// value and values. Errors are ErrBadClaims: for what is not a JSON object, is
// longer than 16 KiB, nested deeper than 16, has a member twice or a member of the
// wrong type, and for verified_claims that ida.Parse refuses.
func ParseClaims(raw string) (ClaimsRequest, error) {
	v, err := strictjson.Parse([]byte(raw), maxClaims, maxClaimsDeep)
	if err != nil {
		return ClaimsRequest{}, fmt.Errorf("%w: %w", ErrBadClaims, err)
	}
	o, ok := v.(*strictjson.Object)
	if !ok {
		return ClaimsRequest{}, fmt.Errorf("%w: it is not an object", ErrBadClaims)
	}
	var r ClaimsRequest
	userinfo, _ := o.Get("userinfo")
	if r.UserInfo, err = parseTarget(userinfo); err != nil {
		return ClaimsRequest{}, fmt.Errorf("%w: userinfo: %w", ErrBadClaims, err)
	}
	idToken, _ := o.Get("id_token")
	if r.IDToken, err = parseTarget(idToken); err != nil {
		return ClaimsRequest{}, fmt.Errorf("%w: id_token: %w", ErrBadClaims, err)
	}
	return r, nil
}

// errNotObject is for a target of another type than object or null.
var errNotObject = errors.New("it is not an object")

func parseTarget(v any) (t ClaimsTarget, err error) {
	if v == nil {
		return t, nil
	}
	o, ok := v.(*strictjson.Object)
	if !ok {
		return t, errNotObject
	}
	t.Constraints = map[string]Constraint{}
	for _, name := range o.Names() {
		claim, _ := o.Get(name)
		if name == "verified_claims" {
			if t.Verified, t.VerifiedIsArray, err = ida.Parse(claim); err != nil {
				return t, err
			}
			continue
		}
		if t.Constraints[name], err = ida.ParseConstraint(claim); err != nil {
			return t, err
		}
		t.Names = append(t.Names, name)
	}
	return t, nil
}

// Allows says whether a plain claim may be in the answer with this value: it was
// asked for, and its Constraint allows the value.
func (t ClaimsTarget) Allows(name string, value any) bool {
	c, asked := t.Constraints[name]
	return asked && c.Allows(value)
}

// Empty says whether nothing is asked for.
func (t ClaimsTarget) Empty() bool { return len(t.Names) == 0 && len(t.Verified) == 0 }

// Names returns the names of all claims that are asked for, plain and verified,
// for either place, each once.
func (r ClaimsRequest) Names() []string {
	var names []string
	add := func(more []string) {
		for _, name := range more {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for _, t := range []ClaimsTarget{r.UserInfo, r.IDToken} {
		add(t.Names)
		for _, verified := range t.Verified {
			add(verified.Names())
		}
	}
	return names
}
