package kyc

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Claims are proved facts by claim name: a bool for a flag, else a string.
type Claims map[string]any

// companions are claims that say of another one whether it was verified. They come
// with it and are not asked for by themselves (OpenID Connect Core, section 5.1).
var companions = map[string]string{"email": "email_verified", "phone_number": "phone_number_verified"}

// Only returns those of the claims whose names are given, as far as there are any,
// with their companions.
func (c Claims) Only(names []string) Claims {
	kept := Claims{}
	for _, name := range names {
		for _, n := range []string{name, companions[name]} {
			if value, ok := c[n]; ok {
				kept[n] = value
			}
		}
	}
	return kept
}

// Text returns a claim as a person reads it: an address in its lines. It is empty
// for a claim that is not there.
func (c Claims) Text(name string) string {
	switch value := c[name].(type) {
	case nil:
		return ""
	case map[string]any:
		return addressText(value)
	default:
		return fmt.Sprint(value)
	}
}

// addressText returns the lines of an address, put together from its other members
// if it does not have them as a whole.
func addressText(parts map[string]any) string {
	part := func(member string) string {
		text, _ := parts[member].(string)
		return text
	}
	if whole := part("formatted"); whole != "" {
		return whole
	}
	lines := []string{
		part("street_address"), strings.TrimSpace(part("postal_code") + " " + part("locality")), part("region"), part("country"),
	}
	return strings.Join(slices.DeleteFunc(lines, func(line string) bool { return line == "" }), "\n")
}

// Proof is the outcome of a method. It is sealed before it is kept.
type Proof struct {
	Method     Method    `json:"method"`
	Issuer     string    `json:"issuer,omitempty"` // DID of the credential's issuer
	Type       string    `json:"type,omitempty"`   // the credential's type (vct)
	VerifiedAt time.Time `json:"verified_at"`
	Claims     Claims    `json:"claims"`
	Address    *Address  `json:"address,omitempty"`   // that was proved by a TAN
	ExpiresAt  time.Time `json:"expires_at,omitzero"` // until when the address counts as proved
}

// Encode returns the proof as the bytes that are sealed.
func (p Proof) Encode() ([]byte, error) { return json.Marshal(p) }

// DecodeProof reads what Encode returned.
func DecodeProof(b []byte) (p Proof, err error) {
	err = json.Unmarshal(b, &p)
	return p, err
}

// claimKind says which values a claim may have.
type claimKind int

const (
	textClaim claimKind = iota
	dateClaim
	flagClaim
	imageClaim
	addressClaim
)

// claimKinds lists the claims that can be asked for: the attributes of the Swiss
// Beta-ID, which are announced for the e-ID as well, and those that a TAN proves. The
// name of a claim is also the name of the scope that asks for it.
var claimKinds = map[string]claimKind{
	"given_name": textClaim, "family_name": textClaim, "birth_date": dateClaim,
	"age_over_16": flagClaim, "age_over_18": flagClaim, "age_over_65": flagClaim,
	"age_birth_year": textClaim, "birth_place": textClaim, "place_of_origin": textClaim,
	"sex": textClaim, "nationality": textClaim, "portrait": imageClaim,
	"additional_person_info": textClaim, "personal_administrative_number": textClaim,
	"document_number": textClaim, "reference_id_type": textClaim, "verification_type": textClaim,
	"issuance_date": dateClaim, "expiry_date": dateClaim, "reference_id_expiry_date": dateClaim,
	"issuing_country": textClaim, "issuing_authority": textClaim, "verification_organization": textClaim,
	"email": textClaim, "phone_number": textClaim, "address": addressClaim,
}

// scopeGroups are scopes that ask for other claims than their own name. The
// short names of KyCH's examples are among them.
var scopeGroups = map[string][]string{
	"phone":         {"phone_number"},
	"profile":       {"given_name", "family_name", "birth_date"},
	"first_name":    {"given_name"},
	"last_name":     {"family_name"},
	"date_of_birth": {"birth_date"},
}

// KnownScope says whether a scope name asks for anything.
func KnownScope(scope string) bool {
	_, claim := claimKinds[scope]
	_, group := scopeGroups[scope]
	return claim || group
}

// KnownScopes lists all scope names in alphabetical order.
func KnownScopes() []string {
	names := make([]string, 0, len(claimKinds)+len(scopeGroups))
	for name := range claimKinds {
		names = append(names, name)
	}
	for name := range scopeGroups {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// ClaimsOf lists the claims that a granted scope (names parted by spaces) asks
// for, each once, in the order of the scope.
func ClaimsOf(scope string) []string {
	var names []string
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, s := range strings.Fields(scope) {
		if group, ok := scopeGroups[s]; ok {
			for _, name := range group {
				add(name)
			}
		} else if _, ok := claimKinds[s]; ok {
			add(s)
		}
	}
	return names
}

// Asked lists the claims of a scope and those asked for one by one, each once.
func Asked(scope string, claims Strings) []string {
	names := ClaimsOf(scope)
	for _, name := range claims {
		if _, known := claimKinds[name]; known && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// CoveredScopes lists, in alphabetical order, the scope names that ask for nothing
// but claims that the given scopes ask for too: who may have a profile may ask for
// the given name alone.
func CoveredScopes(scopes []string) []string {
	claims := ClaimsOf(strings.Join(scopes, " "))
	return slices.DeleteFunc(KnownScopes(), func(name string) bool {
		return slices.ContainsFunc(ClaimsOf(name), func(claim string) bool { return !slices.Contains(claims, claim) })
	})
}

// AsksForImage says whether a scope asks for a portrait, which makes the
// verifier's answer large.
func AsksForImage(scope string) bool { return slices.Contains(ClaimsOf(scope), "portrait") }

// The size limits of a claim, in bytes.
const (
	maxTextClaim  = 1024
	maxImageClaim = 20 << 20
)

// ErrBadClaim says that a value cannot be that of its claim. It never carries
// the value.
var ErrBadClaim = errors.New("bad claim")

// NormalizeClaim returns the value of a claim in its one form: flags as bool
// (issuers send true as well as "true"), numbers as decimal text, text without
// surrounding space. A wrong type, an empty or oversize text, control characters
// and characters that reorder text on screen give ErrBadClaim.
func NormalizeClaim(name string, value any) (any, error) {
	kind, known := claimKinds[name]
	if companion(name) {
		kind, known = flagClaim, true
	}
	if !known {
		return nil, fmt.Errorf("%w: %s is not a claim", ErrBadClaim, name)
	}
	if parts, ok := value.(map[string]any); ok && kind == addressClaim {
		return normalizeParts(name, parts)
	}
	if kind == flagClaim {
		return normalizeFlag(name, value)
	}
	var text string
	switch v := value.(type) {
	case string:
		text = strings.TrimSpace(v)
	case json.Number:
		text = v.String()
	case float64:
		text = strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return nil, fmt.Errorf("%w: %s has a value of the wrong type", ErrBadClaim, name)
	}
	limit := maxTextClaim
	if kind == imageClaim {
		limit = maxImageClaim
	}
	if text == "" || len(text) > limit || !cleanText(text) {
		return nil, fmt.Errorf("%w: %s is empty, too long or holds characters that text may not hold", ErrBadClaim, name)
	}
	if kind == addressClaim {
		return map[string]any{"formatted": text}, nil
	}
	return text, nil
}

func companion(name string) bool {
	for _, c := range companions {
		if c == name {
			return true
		}
	}
	return false
}

// addressParts are the members of an address (OpenID Connect Core, section 5.1.1).
var addressParts = []string{"formatted", "street_address", "locality", "region", "postal_code", "country"}

// normalizeParts checks the members of an address, of which some have lines.
func normalizeParts(name string, parts map[string]any) (any, error) {
	if len(parts) == 0 {
		return nil, fmt.Errorf("%w: %s has no members", ErrBadClaim, name)
	}
	for member, value := range parts {
		text, ok := value.(string)
		if !ok || text == "" || len(text) > maxTextClaim || !slices.Contains(addressParts, member) ||
			!cleanText(strings.ReplaceAll(text, "\n", " ")) {
			return nil, fmt.Errorf("%w: %s has a member that an address cannot have", ErrBadClaim, name)
		}
	}
	return parts, nil
}

func normalizeFlag(name string, value any) (any, error) {
	switch v := value.(type) {
	case bool:
		return v, nil
	case string:
		switch strings.ToLower(strings.TrimSpace(v)) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
	}
	return nil, fmt.Errorf("%w: %s is neither true nor false", ErrBadClaim, name)
}

// cleanText refuses what has no place in a name and can fool the reader of a
// page or a log: control characters and the marks that turn the direction of
// writing round.
func cleanText(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == 0xFEFF || r == unicode.ReplacementChar {
			return false
		}
	}
	return true
}
