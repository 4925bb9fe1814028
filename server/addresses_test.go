package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"vouchgate/kyc"
	"vouchgate/server"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

// The made-up person's addresses, as they are typed and as they are kept.
const (
	mailTyped, mailKept   = " Piepmatz.F@Federli.Example ", "Piepmatz.F@federli.example"
	phoneTyped, phoneKept = "+41 79 000 11 22", "+41790001122"
	nameKept              = "Piepmatz Federli"
	linesTyped, linesKept = "Vogelweg 3\r\n8000 Zürich", "Vogelweg 3\n8000 Zürich"
)

// addressFields are the fields of each method as the person types them.
var addressFields = map[kyc.Method][]string{
	kyc.MethodEmail:    {kyc.FieldEmail, mailTyped},
	kyc.MethodPhone:    {kyc.FieldPhone, phoneTyped},
	kyc.MethodPostal:   {kyc.FieldName, nameKept, kyc.FieldLines, linesTyped, kyc.FieldCountry, "CH"},
	kyc.MethodPostalCH: {kyc.FieldName, nameKept, kyc.FieldLines, linesTyped},
}

// reader reads addresses with less care than package verify/address.
type reader struct{}

// Read implements server.AddressReader.
func (reader) Read(m kyc.Method, fields map[string]string) (kyc.Address, error) {
	a := kyc.Address{Method: m}
	for _, name := range m.Fields() {
		value := strings.TrimSpace(fields[name])
		if fault := faultOf(name, value); fault != "" {
			return kyc.Address{}, &kyc.AddressError{Field: name, Fault: fault}
		}
		switch name {
		case kyc.FieldEmail:
			local, domain, _ := strings.Cut(value, "@")
			a.Email = local + "@" + strings.ToLower(domain)
		case kyc.FieldPhone:
			a.Phone = strings.ReplaceAll(value, " ", "")
		case kyc.FieldName:
			a.Name = value
		case kyc.FieldLines:
			a.Lines = strings.Split(strings.ReplaceAll(value, "\r\n", "\n"), "\n")
		case kyc.FieldCountry:
			a.Country = value
		}
	}
	if m == kyc.MethodPostalCH {
		a.Country = "CH"
	}
	return a, nil
}

func faultOf(name, value string) kyc.AddressFault {
	switch {
	case value == "":
		return kyc.AddressMissing
	case len(value) > 254:
		return kyc.AddressTooLong
	case name == kyc.FieldEmail && (strings.Count(value, "@") != 1 || strings.ContainsAny(value, " \r\n\x00")),
		name == kyc.FieldPhone && (value[0] != '+' || strings.Trim(value[1:], "0123456789 ") != ""),
		name == kyc.FieldCountry && len(value) != 2:
		return kyc.AddressMalformed
	case strings.HasPrefix(value, "+41900"):
		return kyc.AddressNotAllowed
	}
	return ""
}

// withAddresses has a server prove addresses.
func withAddresses(c *server.Config) { c.Addresses, c.Sendable = reader{}, kyc.AddressMethods }

// sending has messages of some methods alone sent.
func sending(methods ...kyc.Method) func(*server.Config) {
	return func(c *server.Config) { c.Addresses, c.Sendable = reader{}, methods }
}

// newPost returns a server that proves addresses, with a client for each method,
// which has the method's name, and one called any that leaves the choice.
func newPost(t testing.TB, edits ...func(*server.Config)) *gate {
	t.Helper()
	return newPostOn(t, storetest.Open(t), edits...)
}

func newPostOn(t testing.TB, st *store.Store, edits ...func(*server.Config)) *gate {
	t.Helper()
	g := newGateOn(t, st, append([]func(*server.Config){withAddresses}, edits...)...)
	for _, m := range kyc.AddressMethods {
		g.addProver(string(m), []kyc.Method{m})
	}
	g.addProver("any", kyc.Methods)
	return g
}

// addProver registers a client with methods.
func (g *gate) addProver(id string, methods []kyc.Method, edits ...func(*kyc.Client)) kyc.Client {
	g.t.Helper()
	return g.addClient(id, append([]func(*kyc.Client){func(c *kyc.Client) {
		c.Methods, c.PKCERequired = methods, true
		c.Scopes = kyc.Strings{"email", "phone", "address", "given_name", "profile"}
	}}, edits...)...)
}

// prover is a person who stands at the page for an address, for a client of newPost,
// and has chosen e-mail where there is a choice.
func (g *gate) prover(clientID string, params ...string) *walk {
	g.t.Helper()
	w := g.visitor(clientID, params...)
	if w.start(); g.session(w.id).Method == kyc.MethodOpen {
		w.fill("/choose", "method", string(kyc.MethodEmail)).leads(w.at("/pin"))
	}
	w.get(w.at("/pin")).leads(w.at("/address"))
	return w
}

// mailed is a walk to whose mailbox a TAN is on its way.
func (g *gate) mailed(clientID, mailbox string) *walk {
	g.t.Helper()
	w := g.prover(clientID)
	w.mail(mailbox).leads(w.at("/pin"))
	return w
}

// fill posts the form of a step of the session, as if its page had been drawn before.
func (w *walk) fill(step string, fields ...string) reply {
	w.g.t.Helper()
	form := url.Values{"csrf": {w.csrf(w.id.String())}}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return w.postForm(w.at(step), form)
}

// mail asks for a TAN by e-mail.
func (w *walk) mail(to string) reply {
	w.g.t.Helper()
	return w.fill("/address", kyc.FieldEmail, to)
}

// enter enters a TAN.
func (w *walk) enter(tan string) reply {
	w.g.t.Helper()
	return w.fill("/pin", "pin", tan)
}

// resend asks for another message.
func (w *walk) resend() reply {
	w.g.t.Helper()
	return w.fill("/resend")
}

// challenge is the proof under way of a session.
func (g *gate) challenge(id kyc.ID) kyc.Challenge {
	g.t.Helper()
	c, err := g.store.Challenge(ctx, id)
	must(g.t, err)
	return c
}

// message is what waits to be sent for a session.
func (g *gate) message(id kyc.ID) kyc.Message {
	g.t.Helper()
	c := g.challenge(id)
	plain, err := g.ring.Open(kyc.PurposeMessage, kyc.ClaimsContext(id, c.ClientID), c.SealedMessage)
	must(g.t, err)
	m, err := kyc.DecodeMessage(plain)
	must(g.t, err)
	return m
}

// tan is the TAN of the message that waits for the walk.
func (w *walk) tan() string {
	w.g.t.Helper()
	return w.g.message(w.id).TAN
}

// other returns a TAN that is not this one.
func other(tan string, by int) string {
	n, _ := strconv.Atoi(tan)
	return fmt.Sprintf("%08d", (n+by)%100_000_000)
}

// missed enters a wrong TAN.
func (w *walk) missed() reply {
	w.g.t.Helper()
	return w.enter(other(w.tan(), 1))
}

// stays checks that an answer is a page with the texts, and not the way to another
// one.
func (r reply) stays(status int, texts ...string) reply {
	r.t.Helper()
	return r.shows(status, append(texts, "<main")...)
}

// proveAddress has a person prove an address and takes the code home.
func (w *walk) proveAddress(fields ...string) {
	w.g.t.Helper()
	w.fill("/address", fields...).leads(w.at("/pin"))
	w.enter(w.tan()).leads(w.at("/finish"))
	w.home(w.get(w.at("/finish")), "")
}

// told returns the webhooks that hold a text.
func (g *gate) told(text string) (bodies []string) {
	g.t.Helper()
	for _, body := range g.webhooks() {
		if strings.Contains(body, text) {
			bodies = append(bodies, body)
		}
	}
	return bodies
}

// ended checks that a session has failed because nothing is left to try, and that
// the client was told once.
func (g *gate) ended(w *walk) {
	g.t.Helper()
	s := g.session(w.id)
	if s.Status != kyc.StatusFailed || s.ErrorCode != "attempts_used_up" {
		g.t.Errorf("session is %s %s", s.Status, s.ErrorCode)
	}
	told := g.told(w.id.String())
	if len(told) != 1 || !strings.Contains(told[0], `"verification.failed"`) || !strings.Contains(told[0], `"attempts_used_up"`) {
		g.t.Errorf("the client is told %q", told)
	}
	w.get(w.at("")).shows(http.StatusOK, "have been tried").form(w.at("/cancel")) // the way back
}
