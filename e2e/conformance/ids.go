package conformance

import (
	"fmt"
	"strings"
)

// groups lists what is required: the group's name, and the priority of each of its
// rows in turn. 1 is what no client can do without, 2 what is modern and secure, 3
// what need not be there, but has to be refused cleanly then.
var groups = []struct{ name, about, priorities string }{
	{"REG", "Registration and client data", "1111211232"},
	{"AUTHZ", "Authorization endpoint", "11211111111111111111111111112211112121112111"},
	{"UI", "Pages", "1111111111221212"},
	{"TOK", "Token endpoint", "11111111111121111112111"},
	{"CAUTH", "Client authentication", "1211111111122222"},
	{"PKCE", "Proof key for code exchange", "11111111113"},
	{"RT", "Refresh tokens", "112111111112211"},
	{"RES", "Reading the data", "111111111111122233"},
	{"META", "Metadata and keys", "1111111122"},
	{"ISS", "Issuer identification", "1122"},
	{"REV", "Revocation", "11111112"},
	{"INTRO", "Introspection", "22222"},
	{"PAR", "Pushed authorization requests", "22222222222"},
	{"ATJ", "Access tokens that are JWTs", "333"},
	{"DPOP", "Tokens bound to a key", "333333"},
	{"NAT", "Native apps", "1333"},
	{"DEV", "Device authorization", "333"},
	{"OIDC", "OpenID Connect", "222222222222"},
	{"IDA", "Identity assurance", "222222222212322223"},
	{"XDEV", "Wallets on other devices", "1111111111122"},
	{"OPS", "Operation and data protection", "1111112221"},
}

// required is a row that has to be there.
type required struct {
	id       string
	priority byte
}

// requirements lists all of them in order.
func requirements() []required {
	var all []required
	for _, g := range groups {
		for i, p := range []byte(g.priorities) {
			all = append(all, required{fmt.Sprintf("%s-%02d", g.name, i+1), p})
		}
	}
	return all
}

// groupOf is the name of a row's group.
func groupOf(id string) string {
	name, _, _ := strings.Cut(id, "-")
	return name
}
