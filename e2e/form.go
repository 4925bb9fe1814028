package e2e

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// Form is a form of a page, with the values that it has when nobody touches it.
type Form struct {
	Action *url.URL
	Values url.Values
}

var (
	formElement  = regexp.MustCompile(`(?is)<form\b([^>]*)>(.*?)</form>`)
	inputElement = regexp.MustCompile(`(?is)<input\b([^>]*)>`)
	attribute    = regexp.MustCompile(`(?s)([a-zA-Z-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?`)
)

// Form finds the form of a page whose action has a path with some end, such as
// /login.
func (p Page) Form(end string) (Form, error) {
	for _, f := range p.forms() {
		if strings.HasSuffix(f.Action.Path, end) {
			return f, nil
		}
	}
	return Form{}, fmt.Errorf("%s has no form that leads to %s", p, end)
}

// forms returns the forms of a page. One without action leads to the page itself
// (HTML standard, section 4.10.21.3).
func (p Page) forms() (all []Form) {
	for _, found := range formElement.FindAllSubmatch(p.Body, -1) {
		action, err := p.URL.Parse(attributes(found[1])["action"])
		if err != nil {
			continue // a browser does nothing either when its button is pressed
		}
		f := Form{Action: action, Values: url.Values{}}
		for _, input := range inputElement.FindAllSubmatch(found[2], -1) {
			f.add(attributes(input[1]))
		}
		all = append(all, f)
	}
	return all
}

// add notes what an input sends that nobody touches.
func (f Form) add(input map[string]string) {
	_, checked := input["checked"]
	switch kind := input["type"]; {
	case input["name"] == "", kind == "submit", kind == "button":
	case (kind == "checkbox" || kind == "radio") && !checked:
	default:
		f.Values.Add(input["name"], input["value"])
	}
}

func attributes(element []byte) map[string]string {
	found := map[string]string{}
	for _, a := range attribute.FindAllSubmatch(element, -1) {
		found[strings.ToLower(string(a[1]))] = html.UnescapeString(string(a[2]) + string(a[3]) + string(a[4]))
	}
	return found
}

// Submit sends a form of a page, with some of its values set: names and values in
// turn.
func (b *Browser) Submit(ctx context.Context, p Page, end string, set ...string) (Page, error) {
	form, err := p.Form(end)
	if err != nil {
		return Page{}, err
	}
	for i := 0; i+1 < len(set); i += 2 {
		form.Values.Set(set[i], set[i+1])
	}
	return b.submit(ctx, form.Action.String(), form.Values)
}

func (b *Browser) submit(ctx context.Context, to string, values url.Values) (Page, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(values.Encode()))
	if err != nil {
		return Page{}, err
	}
	if len(values) > 0 {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return b.send(req)
}
