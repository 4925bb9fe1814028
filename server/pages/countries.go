package pages

import (
	"slices"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// country is a country that a letter can be sent to.
type country struct {
	Code string // ISO 3166-1, two letters
	Name string
}

// neighbours stand before the other countries, because most letters go there.
var neighbours = []string{"CH", "LI", "DE", "AT", "FR", "IT"}

// nowhere are codes beside those of ISO 3166-1 that stand for unions, or for places
// whose letters are sorted by another code.
var nowhere = []string{"AC", "CP", "DG", "EA", "EU", "EZ", "IC", "TA", "UN"}

// renamed are countries that have other names than when the list of names was made
// that golang.org/x/text holds (CLDR 32).
var renamed = map[string]map[Lang]string{
	"MK": {English: "North Macedonia", German: "Nordmazedonien", French: "Macédoine du Nord", Italian: "Macedonia del Nord"},
	"SZ": {English: "Eswatini", German: "Eswatini", French: "Eswatini", Italian: "Eswatini"},
}

// countries lists all countries by their names in a language: the neighbours first,
// then the others in the order of the language's alphabet.
func countries(lang Lang) []country {
	tag := language.Make(string(lang))
	names := display.Regions(tag)
	var near, far []country
	for _, code := range neighbours {
		near = append(near, country{code, names.Name(language.MustParseRegion(code))})
	}
	for _, region := range regions() {
		c := country{region.String(), names.Name(region)}
		if name, ok := renamed[c.Code][lang]; ok {
			c.Name = name
		}
		if c.Name != "" && !slices.Contains(neighbours, c.Code) { // countries of the past have no name
			far = append(far, c)
		}
	}
	order := collate.New(tag)
	slices.SortFunc(far, func(a, b country) int { return order.CompareString(a.Name, b.Name) })
	return append(near, far...)
}

// regions lists the countries that two letters stand for.
func regions() (all []language.Region) {
	for first := 'A'; first <= 'Z'; first++ {
		for second := 'A'; second <= 'Z'; second++ {
			code := string(first) + string(second)
			region, err := language.ParseRegion(code)
			if err != nil || !region.IsCountry() || region.Canonicalize() != region || slices.Contains(nowhere, code) {
				continue
			}
			all = append(all, region)
		}
	}
	return all
}
