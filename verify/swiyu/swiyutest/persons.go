package swiyutest

import (
	"strconv"
	"time"
)

// Person is a made-up holder of a credential, with all attributes of the
// Beta-ID but the ages, which depend on the day.
type Person struct {
	Key        string `json:"key"` // for the control API
	GivenName  string `json:"given_name"`
	FamilyName string `json:"family_name"`
	BirthDate  string `json:"birth_date"` // YYYY-MM-DD
	Sex        string `json:"sex"`        // 1 male, 2 female, as in the Beta-ID
	Origin     string `json:"place_of_origin"`
	number     string
}

// people are the persons of the mock. Their names are German, French and Italian
// for "sample", "test" and "attempt", with what breaks careless programs:
// umlauts, accents, hyphens, apostrophes and spaces.
var people = []Person{
	{Key: "mira", GivenName: "Mira Jolanda", FamilyName: "Beispiel-Müsterli", BirthDate: "1990-03-14", Sex: "2", Origin: "Musterlingen ZZ", number: "01"},
	{Key: "zoe", GivenName: "Zoë", FamilyName: "D'Essai-Échantillon", BirthDate: "1972-02-29", Sex: "2", Origin: "Modèle-sur-Épreuve ZZ", number: "02"},
	{Key: "tito", GivenName: "Tito Nicolò", FamilyName: "Della Prova", BirthDate: "1948-12-31", Sex: "1", Origin: "Campione di Sotto ZZ", number: "03"},
	{Key: "ueli", GivenName: "Ueli", FamilyName: "Prüfstein", BirthDate: "2001-08-01", Sex: "1", Origin: "Übungswil ZZ", number: "04"},
	{Key: "lia", GivenName: "Lía", FamilyName: "Testörtli", BirthDate: "2012-06-05", Sex: "2", Origin: "Versuchikon ZZ", number: "05"},
}

// Persons lists the persons of the mock: mira (the default), zoe, tito (over 65),
// ueli, and lia, who is a child until June 2030.
func Persons() []Person { return append([]Person(nil), people...) }

// findPerson finds a person by key; empty is the first.
func findPerson(key string) (Person, bool) {
	if key == "" {
		return people[0], true
	}
	for _, p := range people {
		if p.Key == key {
			return p, true
		}
	}
	return Person{}, false
}

// Name returns the person's full name.
func (p Person) Name() string { return p.GivenName + " " + p.FamilyName }

// Age returns the age in full years on a day.
func (p Person) Age(on time.Time) int {
	born, _ := time.Parse(time.DateOnly, p.BirthDate)
	age := on.Year() - born.Year()
	if on.Month() < born.Month() || on.Month() == born.Month() && on.Day() < born.Day() {
		age--
	}
	return age
}

// portrait is a picture of one grey pixel.
const portrait = "data:image/png;base64," +
	"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="

// Claims returns all attributes of the person's credential on a day, each a
// string but the flags, which are as the style says.
func (p Person) Claims(on time.Time, style FlagStyle) map[string]any {
	flag := func(limit int) any {
		over := p.Age(on) >= limit
		if style == FlagsAsBool {
			return over
		}
		return strconv.FormatBool(over)
	}
	return map[string]any{
		"given_name": p.GivenName, "family_name": p.FamilyName, "birth_date": p.BirthDate,
		"age_over_16": flag(16), "age_over_18": flag(18), "age_over_65": flag(65),
		"age_birth_year": p.BirthDate[:4], "birth_place": "Mustersburg", "place_of_origin": p.Origin,
		"sex": p.Sex, "nationality": "CH", "portrait": portrait,
		"additional_person_info":         "made up for tests",
		"personal_administrative_number": "756.0000.0000." + p.number,
		"document_number":                "MOCK-00" + p.number,
		"reference_id_type":              "mock document", "reference_id_expiry_date": "2035-12-31",
		"verification_type": "none", "verification_organization": "Mock Verification",
		"issuance_date": "2026-01-01", "expiry_date": "2036-01-01",
		"issuing_country": "CH", "issuing_authority": "Mock Authority",
	}
}

// disclose returns what a wallet shows of a person's credential: the claims that
// were asked for, and those registered ones that every credential has. complete
// is false if a claim that was asked for is not in the credential.
func (r *record) disclose(p Person, now time.Time) (shown map[string]any, complete bool) {
	c := r.request.Query.Credentials[0]
	all := p.Claims(now, r.mode.Flags)
	shown = map[string]any{
		"iss": orDefault(r.mode.Issuer, r.request.firstIssuer()),
		"vct": orDefault(r.mode.Type, c.Meta.types()[0]),
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.AddDate(10, 0, 0).Unix(),
		"cnf":    map[string]any{"jwk": map[string]any{"kty": "EC", "crv": "P-256", "x": "bW9jaw", "y": "bW9jaw"}},
		"status": map[string]any{"status_list": map[string]any{"idx": 7, "uri": "https://status.example/mock"}},
	}
	complete = true
	for _, claim := range c.claims() {
		names := claim.names()
		value, known := all[names[len(names)-1]]
		if extra, ok := r.mode.ExtraClaims[names[0]]; ok && len(names) == 1 {
			value, known = extra, true
		}
		if !known {
			complete = false
			continue
		}
		nest(shown, names, value)
	}
	for name, value := range r.mode.ExtraClaims {
		shown[name] = value
	}
	for _, name := range r.mode.OmitClaims {
		delete(shown, name)
	}
	return shown, complete
}

// nest puts a value at a path, so that profiles with nested claims can be
// tested: the last name of the path picks the person's attribute.
func nest(into map[string]any, path []string, value any) {
	for _, name := range path[:len(path)-1] {
		inner, ok := into[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			into[name] = inner
		}
		into = inner
	}
	into[path[len(path)-1]] = value
}
