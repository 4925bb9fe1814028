package pages

import (
	"fmt"
	"strings"
	"time"

	"vouchgate/kyc"
)

// PinFault says why the last try to enter a TAN, or to ask for another message, led
// nowhere.
type PinFault string

// The faults.
const (
	PinWrong     PinFault = "wrong"
	PinMalformed PinFault = "malformed" // it cannot be a TAN; it has cost no try
	PinExpired   PinFault = "expired"   // the TAN's time is over
	PinTooSoon   PinFault = "too_soon"  // another message was asked for before PinPage.ResendIn
	PinLimited   PinFault = "limited"   // too many messages, to this address, for this client or from this network
)

// PinFaults lists all faults.
var PinFaults = []PinFault{PinWrong, PinMalformed, PinExpired, PinTooSoon, PinLimited}

// PinPage is what the page shows that asks for the TAN that was sent. Its form posts
// pin and csrf. It never reloads by itself, so that nothing is lost that was typed.
type PinPage struct {
	Lang       Lang
	ClientName string       // never empty: the client's id if it has no name
	Method     kyc.Method   // one of kyc.AddressMethods
	Address    []string     // where the message goes, by lines
	Delivery   kyc.Delivery // as of Delivery.Shown; DeliveryNone says nothing
	Fault      PinFault     // empty on the first visit

	TriesLeft   int        // of the present TAN; with 0 the page asks for another message instead
	SendsLeft   int        // messages that may still go to this address
	ResendIn    int        // seconds until another message may be asked for; 0: now
	ChangesLeft int        // addresses that can still be tried; with 0 ChangePath is left out
	ExpiresAt   *time.Time // of the TAN; shown for letters, nil leaves it out

	SelfPath   string // this page: where the script goes when the session moves
	StatusPath string // the session's status, as server-sent events or JSON
	ActionPath string // takes the POST with pin
	ResendPath string // takes a POST for another message
	ChangePath string // the address page; empty if the address is fixed
	OtherPath  string // the choice of a method; empty without one
	CancelPath string // takes a POST that leads back to the client; may be empty
	CSRF       string

	// Languages are links to this page in other languages; nil leaves the choice
	// out.
	Languages map[Lang]string
}

type pinView struct {
	view
	Page     PinPage
	Status   kyc.Status // of a session with such a page
	Medium   mediumText
	Delivery string   // how far the message has come
	Problem  string   // the heading of what went wrong
	Fault    []string // what went wrong
	Letter   []string // what to know about a letter
	Lasts    string   // how long the TAN lasts
	Tries    string   // how many are left
	Sends    string   // how many messages are left
	Wait     string   // until another message may be asked for
	Wrong    bool     // the TAN has to be typed again
	Focus    string   // "pin", "fault" or nothing
}

// Pin draws the page that asks for a TAN. The error is for a method without TANs.
func (p *Pages) Pin(n PinPage) ([]byte, error) {
	if !n.Method.Addressed() {
		return nil, fmt.Errorf("no page to enter a code for method %q", n.Method)
	}
	v := pinView{view: p.view(n.Lang, "", n.ClientName), Page: n, Status: kyc.StatusAuthorized}
	v.CSRF, v.Languages, v.Script = n.CSRF, languageLinks(v.Lang, n.Languages), statusScript
	v.Title, v.Medium = v.M.Pin.Title, v.M.Pin.medium(n.Method)
	v.Delivery = v.Medium.delivery(n.Delivery)
	if n.ChangesLeft <= 0 {
		v.Page.ChangePath = ""
	}
	v.lifetime()
	v.rest()
	v.fault()
	return render(p.pin, v)
}

// medium picks the texts of a method.
func (t pinText) medium(m kyc.Method) mediumText {
	switch m {
	case kyc.MethodEmail:
		return t.Email
	case kyc.MethodPhone:
		return t.Phone
	}
	return t.Letter
}

// delivery says how far a message has come.
func (t mediumText) delivery(d kyc.Delivery) string {
	switch d.Shown() {
	case kyc.DeliveryQueued:
		return t.Queued
	case kyc.DeliverySent:
		return t.Sent
	case kyc.DeliveryDelayed:
		return t.Delayed
	case kyc.DeliveryFailed:
		return t.Failed
	}
	return ""
}

// lifetime says how long the TAN lasts, and what to know about a letter.
func (v *pinView) lifetime() {
	m, n := v.M.Pin, v.Page
	if !n.Method.Post() {
		v.Lasts = strings.ReplaceAll(m.Lifetime, "{duration}", v.M.duration(n.Method.TANLifetime()))
		return
	}
	if n.ExpiresAt != nil {
		v.Lasts = strings.ReplaceAll(m.ValidUntil, "{date}", v.M.moment(*n.ExpiresAt))
	}
	v.Letter = []string{m.LetterTime, m.ComeBack}
}

// rest says what is left to try. A TAN by letter is typed days after the page was
// drawn first, so its entry does not take the focus from what is said about letters.
func (v *pinView) rest() {
	m, n := v.M.Pin, v.Page
	if n.TriesLeft > 0 {
		v.Tries = v.M.count(m.TriesLeft, int64(n.TriesLeft))
		if !n.Method.Post() {
			v.Focus = "pin"
		}
	}
	if n.SendsLeft > 0 {
		v.Sends = v.M.count(m.SendsLeft, int64(n.SendsLeft))
	}
	if n.ResendIn > 0 {
		v.Wait = v.M.duration(time.Duration(n.ResendIn) * time.Second)
	}
}

// fault says what went wrong and where to go on. The title says so as well: it is
// what a screen reader begins with.
func (v *pinView) fault() {
	m, n := v.M.Pin, v.Page
	text, ok := m.Faults[n.Fault]
	if !ok {
		return
	}
	v.Title, v.Problem, v.Fault, v.Focus = text.Title, text.Title, []string{text.Text}, "fault"
	v.Wrong = n.TriesLeft > 0 && (n.Fault == PinWrong || n.Fault == PinMalformed)
	if v.Wrong {
		v.Focus = "pin"
	}
	if n.Fault == PinWrong && n.TriesLeft <= 0 {
		v.Fault = []string{m.Spent}
	}
}
