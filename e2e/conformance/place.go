package conformance

import (
	"strings"

	"vouchgate/e2e"
)

// Place is where a person gets messages, and nobody else.
type Place struct {
	Method string
	Fields []string // of the form for an address: names and values in turn
	Mark   string   // the value that no other place has
}

// nobody begins the mailboxes that do not exist.
const nobody = "nobody-lives-here-"

// refusing is what the helper program does with messages to them (sysexits.h).
const refusing = "case $message in *" + nobody + "*) exit 67 ;; esac"

// Place makes up a place to which nothing was sent yet.
func (t *T) Place(method string) Place {
	n := t.next("")
	switch method {
	case "email":
		return t.Mailbox("somebody-" + n)
	case "phone":
		mark := "+4179" + strings.Repeat("0", 7-len(n)) + n
		return Place{method, []string{"CONTACT_PHONE", mark}, mark}
	}
	mark := "Teststrasse " + n + "\n8000 Zürich"
	t.Secret("address", mark)
	fields := []string{"CONTACT_NAME", "Lea Testmann", "ADDRESS_LINES", mark}
	if method == "postal" {
		fields = append(fields, "ADDRESS_COUNTRY", "CH")
	}
	return Place{method, fields, mark}
}

// Mailbox is the place that a mailbox is.
func (t *T) Mailbox(name string) Place {
	mark := name + "@post.example"
	t.Secret("address", mark)
	return Place{"email", []string{"CONTACT_EMAIL", mark}, mark}
}

// claims are what a client reads of the place at /userinfo, as JSON.
func (p Place) claims() string {
	switch p.Method {
	case "email":
		return `{"email":"` + p.Mark + `","email_verified":true}`
	case "phone":
		return `{"phone_number":"` + p.Mark + `","phone_number_verified":true}`
	}
	street, town, _ := strings.Cut(p.Mark, "\n")
	code, name, _ := strings.Cut(town, " ")
	return `{"address":{"formatted":"` + street + `\n` + town + `","street_address":"` + street + `","postal_code":"` + code +
		`","locality":"` + name + `","country":"CH"}}`
}

// methodOn is the method whose address a page asks for.
func methodOn(p e2e.Page) string {
	for _, field := range []struct{ name, method string }{
		{"CONTACT_EMAIL", "email"}, {"CONTACT_PHONE", "phone"}, {"ADDRESS_COUNTRY", "postal"},
	} {
		if strings.Contains(string(p.Body), `name="`+field.name+`"`) {
			return field.method
		}
	}
	return "postal-ch"
}

// SendTo enters a place at a page that asks for an address, and returns the page for
// the TAN.
func (t *T) SendTo(b *e2e.Browser, p e2e.Page, where Place) e2e.Page {
	t.Helper()
	if Has(p, "/choose") {
		p = t.Submit(b, p, "/choose", "method", where.Method)
	}
	p = t.Submit(b, p, "/address", where.Fields...)
	if !Has(p, "/pin") {
		t.Fatalf("an address leads to %s\n%s", p, words(p.Body))
	}
	return p
}

// OpenTAN opens a request and returns its page for the TAN that goes to a place.
func (t *T) OpenTAN(b *e2e.Browser, ask Ask, where Place) e2e.Page {
	t.Helper()
	return t.SendTo(b, t.Open(b, ask.Path()), where)
}

// Message waits for the nth message to a place.
func (t *T) Message(where Place, n int) e2e.Sent {
	t.Helper()
	m := must[e2e.Sent](t)(t.Outbox.To(t.Ctx, where.Mark, n))
	t.Secret("code of a letter", m.LetterCode)
	return m
}

// TAN waits for the nth TAN that was sent to a place.
func (t *T) TAN(where Place, n int) string {
	t.Helper()
	return t.Message(where, n).TAN
}

// wrong is a TAN that is not this one.
func wrong(tan string) string {
	last := len(tan) - 1
	return tan[:last] + string('0'+(tan[last]-'0'+1)%10)
}

// ProveAt proves the address of a place, from the page on that asks for one.
func (t *T) ProveAt(b *e2e.Browser, p e2e.Page, where Place) e2e.Page {
	t.Helper()
	p = t.SendTo(b, p, where)
	return t.Submit(b, p, "/pin", "pin", t.TAN(where, 1))
}

// GrantAt walks a request to its tokens with the proof of an address.
func (t *T) GrantAt(where Place, a Ask) Grant {
	t.Helper()
	b := e2e.NewBrowser()
	return t.Swap(a, t.GoOn(b, t.ProveAt(b, t.Open(b, a.Path()), where)).Code())
}
