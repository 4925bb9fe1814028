package pages

import "vouchgate/kyc"

// ConsentItem is one detail about the person that the client asks for.
type ConsentItem struct {
	// Scope is posted as scope if the item stays ticked. Items in a row with the
	// same scope share one box, because one cannot be released without the other.
	Scope string
	Claim string // the claim's name, as of kyc.ClaimsOf
	Value string // as it was proved: a date as 2006-01-02, a flag as true or false; empty hides it
	Fixed bool   // it cannot be unticked; so is an item without a scope
}

// ConsentPage is what the page shows that asks a person for a decision. Its form
// posts decision (allow or deny), scope (once for each box that stays ticked) and
// csrf.
type ConsentPage struct {
	Lang       Lang
	ClientName string     // never empty: the client's id if it has no name
	Operator   string     // who runs the client; may be empty
	Purpose    string     // what for, in the client's words; may be empty
	UserName   string     // who is signed in; empty for any other proof than an account's
	Method     kyc.Method // how it was proved; says what is confirmed if there are no Items
	Items      []ConsentItem
	Retention  Retention
	Refresh    bool   // the client may read while the person is away
	ActionPath string // takes the POST
	SwitchPath string // takes a POST to sign in as somebody else; may be empty
	MePath     string // where an account withdraws; empty for any other proof
	CSRF       string

	// Languages are links to this page in other languages; nil leaves the choice
	// out.
	Languages map[Lang]string
}

type consentView struct {
	view
	Page      ConsentPage
	Heading   string
	Rows      []consentRow
	Choice    bool   // some row can be unticked
	Nothing   string // what is confirmed if there is no row
	Retention string
}

// consentRow is a box with the details that it releases.
type consentRow struct {
	Number int // from 1
	Scope  string
	Fixed  bool
	Facts  []fact
}

// fact is a detail in plain words.
type fact struct {
	Label, Value string
}

// Consent draws the page that asks whether a client may read what was proved.
func (p *Pages) Consent(c ConsentPage) ([]byte, error) {
	v := consentView{view: p.view(c.Lang, "", c.ClientName), Page: c}
	v.Title, v.CSRF, v.Languages = v.M.Consent.Title, c.CSRF, languageLinks(v.Lang, c.Languages)
	v.Operator, v.User = c.Operator, c.UserName
	v.Heading, v.Rows = v.M.Consent.Heading, v.M.rows(c.Items)
	if len(v.Rows) == 0 {
		v.Heading = v.M.Consent.HeadingNothing
	}
	for _, row := range v.Rows {
		v.Choice = v.Choice || !row.Fixed
	}
	switch v.Nothing = v.M.Consent.NothingWallet; {
	case c.UserName != "":
		v.Nothing = v.M.Consent.NothingAccount
	case c.Method.Addressed():
		v.Nothing = v.M.Consent.NothingAddress
	}
	v.Retention = v.M.retention(c.Retention)
	return render(p.consent, v)
}

// rows makes a row of each item, and one of those in a row with the same scope.
func (m *messages) rows(items []ConsentItem) (rows []consentRow) {
	for _, item := range items {
		fixed := item.Fixed || item.Scope == ""
		last := len(rows) - 1
		if last < 0 || item.Scope == "" || rows[last].Scope != item.Scope {
			rows = append(rows, consentRow{Number: len(rows) + 1, Scope: item.Scope})
			last++
		}
		rows[last].Fixed = rows[last].Fixed || fixed
		rows[last].Facts = append(rows[last].Facts, fact{Label: m.claim(item.Claim), Value: m.value(item.Claim, item.Value)})
	}
	return rows
}
