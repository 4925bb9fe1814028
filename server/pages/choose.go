package pages

import (
	"fmt"

	"vouchgate/kyc"
)

// ChoosePage is what the page shows that lets a person choose how to prove
// something. Its form posts method, a kyc.Method, and csrf.
type ChoosePage struct {
	Lang       Lang
	ClientName string       // never empty: the client's id if it has no name
	Claims     []string     // claim names that are asked for, as of kyc.ClaimsOf; nil if none is
	ReadFor    Retention    // how long the client may read them; 0 leaves it out
	Methods    []kyc.Method // what can be chosen, in the order in which it is shown; at least one
	ActionPath string       // takes the POST
	CancelPath string       // takes a POST that leads back to the client; may be empty
	CSRF       string

	// Languages are links to this page in other languages; nil leaves the choice
	// out.
	Languages map[Lang]string
}

type chooseView struct {
	view
	Page    ChoosePage
	Claims  []string
	ReadFor string
	Choices []choice
}

// choice is a method in plain words.
type choice struct {
	Method kyc.Method
	Name   string
	Then   string // what happens if it is chosen
}

// Choose draws the page on which a person chooses a method. The error names a
// method that has no words, or says that there is none.
func (p *Pages) Choose(c ChoosePage) ([]byte, error) {
	if len(c.Methods) == 0 {
		return nil, fmt.Errorf("no method to choose")
	}
	v := chooseView{view: p.view(c.Lang, "", c.ClientName), Page: c}
	v.Title, v.CSRF, v.Languages = v.M.Choose.Title, c.CSRF, languageLinks(v.Lang, c.Languages)
	for _, name := range c.Claims {
		v.Claims = append(v.Claims, v.M.claim(name))
	}
	if len(v.Claims) > 0 {
		v.ReadFor = v.M.retention(c.ReadFor)
	}
	for _, method := range c.Methods {
		text, ok := v.M.Choose.Methods[method]
		if !ok {
			return nil, fmt.Errorf("no words for method %q", method)
		}
		v.Choices = append(v.Choices, choice{Method: method, Name: text.Name, Then: text.Then})
	}
	return render(p.choose, v)
}
