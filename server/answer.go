package server

import (
	"encoding/json"
	"net/http"

	"vouchgate/server/pages"
)

// answer is a response that is ready to send: pages, redirects with cookies and
// other shapes that the generated response types cannot take. It can be returned
// by every operation that lists it below.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) write(w http.ResponseWriter) error {
	h := w.Header()
	for name, values := range a.header {
		h[name] = values
	}
	w.WriteHeader(a.status)
	_, err := w.Write(a.body)
	return err
}

const noStore = "no-store"

func jsonAnswer(status int, body any) answer {
	b, err := json.Marshal(body)
	if err != nil { // our own types always encode
		panic(err)
	}
	return answer{status: status, body: b, header: http.Header{
		"Content-Type":           {"application/json"},
		"Cache-Control":          {noStore},
		"X-Content-Type-Options": {"nosniff"},
	}}
}

// pageAnswer is a page; formTargets are where its forms may lead.
func pageAnswer(status int, lang pages.Lang, body []byte, formTargets ...string) answer {
	return answer{status: status, header: pages.Headers(lang, formTargets...), body: body}
}

// redirectAnswer sends a browser on with 303 (See Other), which never repeats a
// form with its body (RFC 9700, section 4.12).
func redirectAnswer(location string, cookies ...*http.Cookie) answer {
	a := answer{status: http.StatusSeeOther, header: http.Header{
		"Location": {location}, "Cache-Control": {noStore}, "Referrer-Policy": {"no-referrer"},
	}}
	for _, c := range cookies {
		a.header.Add("Set-Cookie", c.String())
	}
	return a
}
