package server

import (
	"io"
	"mime"
	"net/http"
	"net/url"

	"vouchgate/oauth"
	"vouchgate/server/pages"
)

const formType = "application/x-www-form-urlencoded"

// readForm returns the body of a posted form as it came.
func readForm(w http.ResponseWriter, r *http.Request) (raw string, err error) {
	if !isForm(r) {
		return "", oauth.InvalidRequest("the body must be " + formType)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if err != nil {
		return "", bodyFault(err)
	}
	r.Body = http.NoBody
	return string(body), nil
}

func isForm(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == formType && len(r.Header.Values("Content-Encoding")) == 0
}

// hideQuery keeps the query from the generated code, which binds it less strictly
// than OAuth wants.
func hideQuery(r *http.Request) {
	u := *r.URL
	u.RawQuery = ""
	r.URL, r.Body = &u, http.NoBody
}

// guardForm reads the form of an endpoint for clients by OAuth's rules (RFC 6749,
// sections 3.2 and 4.1.3): from the body alone, form-encoded, each parameter
// once.
func guardForm(w http.ResponseWriter, r *http.Request) error {
	if r.URL.RawQuery != "" {
		return oauth.InvalidRequest("parameters belong into the body, not into the URL")
	}
	raw, err := readForm(w, r)
	if err != nil {
		return err
	}
	form, err := oauth.ParseParams(raw)
	if err != nil {
		return oauth.InvalidRequest("the form is malformed").Because(err)
	}
	visitOf(r.Context()).form = form
	return nil
}

// guardVisit reads an authorization request from a form, with the languages that it
// wants.
func guardVisit(w http.ResponseWriter, r *http.Request) error {
	raw, err := readForm(w, r)
	if err != nil {
		return err
	}
	v := visitOf(r.Context())
	v.query, v.posted = raw, true
	if fields, err := url.ParseQuery(raw); err == nil {
		v.speak(fields.Get("ui_locales"), r)
	}
	hideQuery(r)
	return nil
}

// guardUserinfo takes the access token from a posted form, as RFC 6750, section
// 2.2 has it, and puts it where it is looked for. Tokens come one way or the other.
func guardUserinfo(w http.ResponseWriter, r *http.Request) error {
	v := visitOf(r.Context())
	if r.Method != http.MethodPost || !isForm(r) {
		return dropBody(w, r, maxForm)
	}
	raw, err := readForm(w, r)
	if err != nil {
		return err
	}
	form, err := oauth.ParseParams(raw)
	if err != nil || form.Repeated("access_token") {
		return oauth.BadBearerRequest("the form is malformed").Because(err)
	}
	token := form.Get("access_token")
	switch {
	case token == "":
	case len(v.authorization) > 0:
		return oauth.BadBearerRequest("the access token comes in two ways")
	default:
		v.authorization = []string{"Bearer " + token}
	}
	return nil
}

// guardFields reads the form of a page.
func guardFields(w http.ResponseWriter, r *http.Request) error {
	v := visitOf(r.Context())
	if r.Header.Get("Content-Type") == "" {
		return dropBody(w, r, maxForm) // an empty form, which misses what every form carries
	}
	raw, err := readForm(w, r)
	if err != nil {
		return err
	}
	if v.fields, err = url.ParseQuery(raw); err != nil {
		return shownAs(pages.ReasonBadRequest, http.StatusBadRequest)
	}
	return nil
}
