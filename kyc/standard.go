package kyc

import "slices"

// standardNames are the claims that OpenID Connect calls otherwise than the Swiss
// e-ID does (OpenID Connect Core, section 5.1; OpenID Connect for Identity
// Assurance Claims Registration, section 4).
var standardNames = map[string]string{
	"birth_date": "birthdate", "birth_place": "place_of_birth", "nationality": "nationalities",
}

// StandardName returns the name of a claim in OpenID Connect.
func StandardName(claim string) string {
	if name, ok := standardNames[claim]; ok {
		return name
	}
	return claim
}

// StandardNames returns the names in OpenID Connect of what is handed out with a
// claim.
func StandardNames(claim string) []string {
	names := []string{StandardName(claim)}
	if with, ok := companions[claim]; ok {
		names = append(names, with)
	}
	return names
}

// ClaimsBehind lists the claims from which the claim of a standard name is made;
// none for a name that nobody knows. Our own names are known as well.
func ClaimsBehind(standard string) []string {
	if standard == "name" {
		return []string{"given_name", "family_name"}
	}
	for own, with := range companions {
		if with == standard {
			return []string{own}
		}
	}
	for own, name := range standardNames {
		if name == standard {
			return []string{own}
		}
	}
	if _, known := claimKinds[standard]; known {
		return []string{standard}
	}
	return nil
}

// Standard returns those of the claims whose names are given, by their standard
// names and in the shapes that belong to them. The name is put together from its
// parts where both are there. Claims without a value are left out.
func (c Claims) Standard(names []string) map[string]any {
	out := map[string]any{}
	for _, own := range names {
		value, ok := c[own]
		if !ok {
			continue
		}
		switch own {
		case "birth_place":
			value = map[string]any{"locality": value}
		case "nationality":
			value = []any{value}
		}
		out[StandardName(own)] = value
		if verified, ok := c[companions[own]]; ok {
			out[companions[own]] = verified
		}
	}
	given, first := c["given_name"].(string)
	family, last := c["family_name"].(string)
	if first && last && slices.Contains(names, "given_name") && slices.Contains(names, "family_name") {
		out["name"] = given + " " + family
	}
	return out
}
