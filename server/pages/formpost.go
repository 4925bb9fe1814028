package pages

import (
	"errors"
	"html/template"
)

// Field is a name and a value of a form.
type Field struct{ Name, Value string }

// FormPostPage is what leads a browser to the client by a form.
type FormPostPage struct {
	Lang       Lang
	ClientName string // never empty: the client's id if it has no name
	Action     string // the registered redirect URI: http, https or an app's private scheme
	Fields     []Field
}

// ErrUnsafeTarget says that a form may not be sent to where it should.
var ErrUnsafeTarget = errors.New("unsafe target of a form")

type formPostView struct {
	view
	Action template.URL
	Fields []Field
}

// FormPost draws the form that carries an authorization response to the client
// (OAuth 2.0 Form Post Response Mode, section 2). It sends itself with script and
// has a button without. Headers must be given the action as a target. It returns
// ErrUnsafeTarget for an action of another scheme.
func (p *Pages) FormPost(f FormPostPage) ([]byte, error) {
	action := safeURL(f.Action, returnScheme)
	if action == "" {
		return nil, ErrUnsafeTarget
	}
	v := formPostView{view: p.view(f.Lang, "", f.ClientName), Action: action, Fields: f.Fields}
	v.Title, v.Script = v.M.FormPost.Title, submitScript
	return render(p.formPost, v)
}
