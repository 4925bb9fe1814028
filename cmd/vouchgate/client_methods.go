package main

import (
	"slices"
	"strings"

	"vouchgate/kyc"
)

// methodsOf lists a client's methods, of which swiyu is the default.
func methodsOf(client kyc.Client) []kyc.Method { return client.Choices("", nil) }

// defaultScopes are what a client asks for by a method where nothing else was said.
var defaultScopes = map[kyc.Method]string{
	kyc.MethodSwiyu: defaultScope, kyc.MethodAccount: defaultScope,
	kyc.MethodEmail: "email", kyc.MethodPhone: "phone", kyc.MethodPostal: "address", kyc.MethodPostalCH: "address",
}

// methods reads a client's methods. The default alone is nil.
func (f *faults) methods(names []string) []kyc.Method {
	var methods []kyc.Method
	for _, name := range names {
		switch m := kyc.Method(name); {
		case !slices.Contains(kyc.Methods, m):
			f.add("method", "must be one of: %s", words(kyc.Methods, ", "))
		case slices.Contains(methods, m):
			f.add("method", "%s comes twice", m)
		default:
			methods = append(methods, m)
		}
	}
	if slices.Equal(methods, []kyc.Method{kyc.MethodSwiyu}) {
		return nil
	}
	return methods
}

// words writes methods as text.
func words(methods []kyc.Method, separator string) string {
	names := make([]string, len(methods))
	for i, m := range methods {
		names[i] = string(m)
	}
	return strings.Join(names, separator)
}

// provable says whether one of the methods proves all that a scope asks for.
func provable(scope string, methods []kyc.Method) bool {
	claims := kyc.ClaimsOf(scope)
	return slices.ContainsFunc(methods, func(m kyc.Method) bool {
		return !slices.ContainsFunc(claims, func(claim string) bool { return !m.Proves(claim) })
	})
}

// idle says whether a method proves nothing of what scopes ask for.
func idle(m kyc.Method, scopes []string) bool {
	return !slices.ContainsFunc(kyc.ClaimsOf(strings.Join(scopes, " ")), m.Proves)
}

// fitScopes returns those of the scopes that the methods can prove, and what is asked
// for by default with each method that has nothing to prove of them.
func fitScopes(scopes []string, methods []kyc.Method) []string {
	fit := slices.DeleteFunc(slices.Clone(scopes), func(name string) bool { return !provable(name, methods) })
	for _, m := range methods {
		if idle(m, fit) {
			fit = append(fit, strings.Fields(defaultScopes[m])...)
		}
	}
	return fit
}

// checkMethods notes methods and scopes of a client that do not go together.
func (f *faults) checkMethods(client kyc.Client) {
	methods := methodsOf(client)
	for _, name := range client.Scopes {
		if kyc.KnownScope(name) && !provable(name, methods) {
			f.add("scope", "%s is proved by none of the client's methods: %s", name, words(methods, ", "))
		}
	}
	for _, m := range methods {
		if !slices.ContainsFunc(client.Scopes, kyc.KnownScope) {
			break // which is a fault of its own
		}
		if idle(m, client.Scopes) {
			f.add("method", "%s proves nothing of the client's scopes: %s", m, strings.Join(client.Scopes, " "))
		}
	}
	if client.CodeDelivery != kyc.DeliverByWebhook {
		return
	}
	for _, m := range methods {
		if !m.Visits() {
			f.add("method", "%s does not go with --code-delivery webhook: it needs a browser, which is sent back", m)
		}
	}
}
