package ida

import (
	"errors"
	"slices"

	"vouchgate/oauth/internal/strictjson"
)

// ErrBadRequest says that a request for verified_claims breaks the rules. The text
// says how, without repeating anything of the request.
var ErrBadRequest = errors.New("bad request for claims")

// Request is one request for verified claims: what the verification must be and
// show, and the claims.
type Request struct {
	verification ask
	claims       []wanted
}

type wanted struct {
	name string
	Constraint
}

// Names returns the names of the claims that are asked for, in the order of the
// request. They may be names that nobody knows.
func (r Request) Names() []string {
	names := make([]string, len(r.claims))
	for i, c := range r.claims {
		names[i] = c.name
	}
	return names
}

// Parse reads the verified_claims member of a claims parameter, as package
// strictjson returns it: one request, or an array of them, which isArray says and
// Answer wants to know. An empty array asks for nothing.
//
// Errors are ErrBadRequest, for what the request schema of the specification
// refuses: a request needs verification and claims and has nothing else,
// verification needs trust_framework, claims may be null but not empty, evidence
// is an array of objects that each have a type, and what is asked for is asked for
// with null or an object.
func Parse(v any) (requests []Request, isArray bool, err error) {
	list, isArray := v.([]any)
	if !isArray {
		list = []any{v}
	}
	for _, entry := range list {
		r, err := parseRequest(entry)
		if err != nil {
			return nil, false, err
		}
		requests = append(requests, r)
	}
	return requests, isArray, nil
}

func parseRequest(v any) (r Request, err error) {
	o, ok := v.(*strictjson.Object)
	if !ok {
		return r, bad("verified_claims is not an object")
	}
	for _, name := range o.Names() {
		if name != "verification" && name != "claims" {
			return r, bad("verified_claims has another member than verification and claims")
		}
	}
	verification, _ := o.Get("verification")
	if r.verification, err = parseVerification(verification); err != nil {
		return r, err
	}
	claims, ok := o.Get("claims")
	if !ok {
		return r, bad("verified_claims has no claims")
	}
	r.claims, err = parseWanted(claims)
	return r, err
}

func parseWanted(v any) (list []wanted, err error) {
	if v == nil {
		return nil, nil
	}
	o, ok := v.(*strictjson.Object)
	if !ok || len(o.Names()) == 0 {
		return nil, bad("the claims of verified_claims are not an object with claims")
	}
	for _, name := range o.Names() {
		claim, _ := o.Get(name)
		c, err := ParseConstraint(claim)
		if err != nil {
			return nil, err
		}
		list = append(list, wanted{name, c})
	}
	return list, nil
}

// ask is an element of verification as it is asked for: by itself, by members, or,
// where the element is an array, by entries of which any will do.
type ask struct {
	Constraint
	members []member
	entries []ask
}

type member struct {
	name string
	ask
}

// verificationMembers are those that the specification knows.
var verificationMembers = []string{
	"trust_framework", "assurance_level", "assurance_process", "time", "verification_process", "evidence",
}

func parseVerification(v any) (ask, error) {
	o, ok := v.(*strictjson.Object)
	if !ok {
		return ask{}, bad("verified_claims has no verification")
	}
	if _, ok := o.Get("trust_framework"); !ok {
		return ask{}, bad("verification has no trust_framework")
	}
	var a ask
	for _, name := range o.Names() {
		v, _ := o.Get(name)
		element, err := parseVerificationMember(name, v)
		if err != nil {
			return ask{}, err
		}
		a.members = append(a.members, member{name, element})
	}
	return a, nil
}

// parseVerificationMember lets members that it does not know be written in any
// way. They can still demand something, and nothing will meet that.
func parseVerificationMember(name string, v any) (ask, error) {
	_, isArray := v.([]any)
	_, isObject := v.(*strictjson.Object)
	switch {
	case name == "evidence":
		return parseEvidence(name, v)
	case !slices.Contains(verificationMembers, name) && !isArray && !isObject:
		return ask{}, nil
	case slices.Contains(verificationMembers, name) && isArray:
		return ask{}, bad("an element of verification is asked for with an array")
	}
	return parseAsk(name, v)
}

func parseEvidence(name string, v any) (ask, error) {
	list, _ := v.([]any)
	if len(list) == 0 {
		return ask{}, bad("evidence is not an array of filters")
	}
	for _, entry := range list {
		o, ok := entry.(*strictjson.Object)
		if !ok {
			return ask{}, bad("a filter of evidence is not an object")
		}
		kind, ok := o.Get("type")
		if !ok {
			return ask{}, bad("a filter of evidence has no type")
		}
		if o, ok := kind.(*strictjson.Object); ok && slices.Contains(o.Names(), "values") {
			return ask{}, bad("the type of evidence takes value, not values")
		}
	}
	return parseAsk(name, v)
}

// undivided are elements that are given whole or not at all. What is asked of
// assurance_details is no filter, says the specification.
var undivided = []string{"assurance_details", "attachments"}

func parseAsk(name string, v any) (a ask, err error) {
	if slices.Contains(undivided, name) {
		return ask{}, nil
	}
	switch v := v.(type) {
	case nil:
		return ask{}, nil
	case []any:
		for _, v := range v {
			entry, err := parseAsk(name, v)
			if err != nil {
				return ask{}, err
			}
			a.entries = append(a.entries, entry)
		}
		return a, nil
	case *strictjson.Object:
		return parseMembers(v)
	}
	return ask{}, bad("an element of verification is asked for with neither null nor an object")
}

// parseMembers takes an object's words for a constraint and everything else for
// members that are asked for. Both may come together.
func parseMembers(o *strictjson.Object) (a ask, err error) {
	if a.Constraint, err = constraintOf(o); err != nil {
		return ask{}, err
	}
	for _, name := range o.Names() {
		if slices.Contains(constraintWords, name) {
			continue
		}
		v, _ := o.Get(name)
		element, err := parseAsk(name, v)
		if err != nil {
			return ask{}, err
		}
		a.members = append(a.members, member{name, element})
	}
	return a, nil
}

// demands says whether there is something that would not meet the ask. Of entries
// any will do, so that they demand something only if each does.
func (a ask) demands() bool {
	return a.Constraint.demands() ||
		slices.ContainsFunc(a.members, func(m member) bool { return m.demands() }) ||
		len(a.entries) > 0 && !slices.ContainsFunc(a.entries, func(e ask) bool { return !e.demands() })
}
