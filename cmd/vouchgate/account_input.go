package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"vouchgate/kyc"
	"vouchgate/server/password"
)

// passwordFlags say where a password comes from, which is never an argument: those
// can be read by every process on the machine.
type passwordFlags struct {
	PasswordFile string `placeholder:"FILE" help:"Take the password from a file (- for standard input) instead of making one; one newline at the end is not part of it."`
}

// maxPasswordFile is more than a password may have, in bytes.
const maxPasswordFile = 4 << 10

// read returns the password of the file, or a new one, which is to be shown as
// well: nobody else knows it.
func (c passwordFlags) read(p *program, f *faults) (secret, shown string) {
	if c.PasswordFile == "" {
		secret, err := newSecret(p.rand)
		f.check("password", err)
		return secret, secret
	}
	content, err := readFile(c.PasswordFile, p.stdin, maxPasswordFile)
	if err == nil {
		secret = strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
		err = password.Check(secret)
	}
	f.check("password-file", err)
	return secret, ""
}

// claimFlags are what the operator vouches for.
type claimFlags struct {
	Claim      []string `sep:"none" placeholder:"NAME=VALUE" help:"A claim about the person, such as family_name=Muster or age_over_18=true. Repeat for several. Every process on the machine can read arguments; --claims-file keeps them from that."`
	ClaimsFile string   `placeholder:"FILE" help:"Claims as a JSON object (- for standard input); --claim wins over it."`
}

// maxClaimsFile has room for a portrait, in bytes.
const maxClaimsFile = 32 << 20

// apply returns the claims with those that were given, in their one form; nil
// stands for one to be taken away. It adds to claims, which may be nil.
func (c claimFlags) apply(p *program, claims kyc.Claims, f *faults) kyc.Claims {
	given := map[string]any{}
	if c.ClaimsFile != "" {
		given = f.claimsFile(c.ClaimsFile, p)
	}
	var named []string
	for _, text := range c.Claim {
		name, value, ok := strings.Cut(text, "=")
		switch {
		case !ok:
			f.add("claim", "must be NAME=VALUE")
		case slices.Contains(named, name):
			f.add("claim", "%s comes twice", name)
		default:
			named = append(named, name)
			given[name] = value
		}
	}
	changes := kyc.Claims{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		value := given[name]
		if value == nil || value == "" {
			if len(kyc.Asked("", kyc.Strings{name})) == 0 {
				f.add("claim", "%s is not a claim", name)
			}
			changes[name] = nil
			continue
		}
		normal, err := kyc.NormalizeClaim(name, value)
		f.check("claim", err)
		changes[name] = normal
	}
	if claims == nil {
		return changes
	}
	return merge(claims, changes)
}

// merge makes changes to claims; nil takes one away.
func merge(claims, changes kyc.Claims) kyc.Claims {
	merged := kyc.Claims{}
	maps.Copy(merged, claims)
	maps.Copy(merged, changes)
	maps.DeleteFunc(merged, func(_ string, value any) bool { return value == nil })
	return merged
}

func (f *faults) claimsFile(path string, p *program) map[string]any {
	content, err := readFile(path, p.stdin, maxClaimsFile)
	f.check("claims-file", err)
	claims := map[string]any{}
	if err != nil {
		return claims
	}
	d := json.NewDecoder(bytes.NewReader(content))
	d.UseNumber() // a number is kept as it is written
	if d.Decode(&claims) != nil || d.More() || claims == nil {
		f.add("claims-file", `must be a JSON object, such as {"family_name": "Muster"}`) // an error would quote it
		return map[string]any{}
	}
	return claims
}
