package pages

import (
	"fmt"
	"slices"
	"strings"

	"vouchgate/kyc"
)

// AddressLimit says why no message goes to an address, whatever the address is.
type AddressLimit string

// The limits.
const (
	// AddressLimited says that there were too many messages, to this address,
	// for this client or from this network. The page does not say which: it would tell whether others
	// use the address.
	AddressLimited AddressLimit = "limited"
	// AddressNoneLeft says that the session has tried as many addresses as it may.
	// The page then has no form.
	AddressNoneLeft AddressLimit = "none_left"
)

// AddressPage is what the page shows that asks where a message reaches the person.
// Its form posts the fields of Method by the names of kyc.Method.Fields, and csrf.
type AddressPage struct {
	Lang        Lang
	ClientName  string            // never empty: the client's id if it has no name
	Method      kyc.Method        // one of kyc.AddressMethods
	Values      map[string]string // what the fields hold: the client's hint, or the last try
	Fixed       bool              // the client has set the address; it can be read, not changed
	Hints       map[string]string // by field: what the client says about it, in the page's language
	AddressHint string            // an example of an address, in the client's words; may be empty

	Fault *kyc.AddressError // what is wrong with the last try; nil without
	Limit AddressLimit      // why nothing can be sent; empty without

	ChangesLeft int    // addresses that can still be tried, with that in the form: kyc.Challenge.AddressesLeft
	ActionPath  string // takes the POST
	CancelPath  string // takes a POST that leads back to the client; may be empty
	OtherPath   string // the choice of a method; empty without one
	BackPath    string // the pin page, if a message is under way; empty without one
	CSRF        string

	// Languages are links to this page in other languages; nil leaves the choice
	// out.
	Languages map[Lang]string
}

type addressView struct {
	view
	Page   AddressPage
	Form   addressForm
	Lands  []country      // that a letter can go to
	Fields []addressField // none if no address can be tried
	Fault  string         // above the field that is at fault
	Limit  string         // the heading of a limit
	Why    string         // what the limit is
	Left   string         // how many addresses are left
}

// addressField is a field of the form.
type addressField struct {
	Name         string // the field's, and the entry's id
	Label        string
	Value        string
	Type         string // of the input; empty for lines and countries
	Autocomplete string
	Lines        int // of an entry with lines
	Countries    []country
	Country      string   // the name of the country that Value is
	Hints        []string // plain sentences
	Example      string
	Fault        string // what is wrong with it
	Focus        bool
	Fixed        bool
}

// Describers lists the ids of what describes the entry: its hints, then its fault.
func (f addressField) Describers() string {
	var ids []string
	if len(f.Hints) > 0 || f.Example != "" {
		ids = append(ids, f.Name+"-hint")
	}
	if f.Fault != "" {
		ids = append(ids, f.Name+"-fault")
	}
	return strings.Join(ids, " ")
}

// Address draws the page that asks for an address. The error is for a method that
// proves none.
func (p *Pages) Address(a AddressPage) ([]byte, error) {
	if !a.Method.Addressed() {
		return nil, fmt.Errorf("no address page for method %q", a.Method)
	}
	v := addressView{view: p.view(a.Lang, "", a.ClientName), Page: a}
	v.CSRF, v.Languages = a.CSRF, languageLinks(v.Lang, a.Languages)
	v.Form, v.Lands = v.M.Address.form(a.Method), p.countries[v.Lang]
	v.Title = v.Form.Title
	v.fields()
	v.limit()
	v.left()
	return render(p.address, v)
}

// form picks the texts of a method.
func (t addressText) form(m kyc.Method) addressForm {
	switch m {
	case kyc.MethodEmail:
		return t.Email
	case kyc.MethodPhone:
		return t.Phone
	}
	return t.Letter
}

// fields makes the fields of the form. That at fault gets the focus, and the title
// says so first: it is what a screen reader begins with.
func (v *addressView) fields() {
	m, a := v.M.Address, v.Page
	for _, name := range a.Method.Fields() {
		text := m.Fields[name]
		f := addressField{Name: name, Label: text.Label, Value: a.Values[name], Fixed: a.Fixed}
		v.kind(&f)
		if !a.Fixed {
			v.hints(&f)
		}
		if a.Fault != nil && a.Fault.Field == name {
			f.Fault, f.Focus = text.fault(a.Fault.Fault), true
			v.Title, v.Fault = v.Form.FaultTitle, m.Problem
		}
		v.Fields = append(v.Fields, f)
	}
}

// kind says how a field is entered, in the tokens that browsers fill in by
// (HTML standard, section 4.10.18.7).
func (v *addressView) kind(f *addressField) {
	switch f.Name {
	case kyc.FieldEmail:
		f.Type, f.Autocomplete = "email", "email"
	case kyc.FieldPhone:
		f.Type, f.Autocomplete = "tel", "tel"
	case kyc.FieldName:
		f.Type, f.Autocomplete = "text", "name"
	case kyc.FieldLines:
		f.Lines, f.Autocomplete = 3, "street-address"
	case kyc.FieldCountry:
		f.Autocomplete, f.Countries, f.Country = "country", v.Lands, f.Value
		if i := slices.IndexFunc(f.Countries, func(c country) bool { return c.Code == f.Value }); i >= 0 {
			f.Country = f.Countries[i].Name
		}
	}
}

// hints says what a field takes: the client's words go first. The example of an
// address stands at the field with the most of it.
func (v *addressView) hints(f *addressField) {
	m, a := v.M.Address, v.Page
	if hint := a.Hints[f.Name]; hint != "" {
		f.Hints = append(f.Hints, hint)
	}
	switch {
	case f.Name == kyc.FieldPhone:
		f.Hints = append(f.Hints, m.PhoneHint)
	case f.Name == kyc.FieldLines && a.Method == kyc.MethodPostalCH:
		f.Hints = append(f.Hints, m.LinesHintCH)
	case f.Name == kyc.FieldLines:
		f.Hints = append(f.Hints, m.LinesHint)
	}
	if f.Name == kyc.FieldLines || !a.Method.Post() {
		f.Example = a.AddressHint
	}
}

// fault says what is wrong with a field.
func (t fieldText) fault(why kyc.AddressFault) string {
	switch why {
	case kyc.AddressMissing:
		return t.Missing
	case kyc.AddressTooLong:
		return t.TooLong
	case kyc.AddressNotAllowed:
		return t.NotAllowed
	}
	return t.Malformed
}

// limit says why nothing can be sent.
func (v *addressView) limit() {
	switch m := v.M.Address; v.Page.Limit {
	case AddressLimited:
		v.Limit, v.Why, v.Title = m.Limited.Title, m.Limited.Text, m.Limited.Title
	case AddressNoneLeft:
		v.Limit, v.Why, v.Title, v.Fields = v.Form.NoneLeft.Title, v.Form.NoneLeft.Text, v.Form.NoneLeft.Title, nil
	}
}

// left says how many addresses are left, to those who are about to change one.
func (v *addressView) left() {
	a := v.Page
	switch {
	case a.Fixed || len(v.Fields) == 0:
	case a.ChangesLeft == 1:
		v.Left = v.Form.LastOne
	case a.ChangesLeft > 1 && a.BackPath != "":
		v.Left = v.M.count(v.Form.MoreLeft, int64(a.ChangesLeft))
	}
}
