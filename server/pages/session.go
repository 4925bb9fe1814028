package pages

import (
	"errors"
	"fmt"
	"html/template"
	"strings"
	"time"

	"vouchgate/kyc"
)

// SessionPage is what the page of a session shows. Paths are those of our own
// server; an empty one leaves out the link or button that would use it.
type SessionPage struct {
	Lang       Lang
	ClientName string // never empty: the client's id if it has no name
	Status     kyc.Status
	Failure    kyc.FailureCode // why, if Status is failed
	Claims     []string        // claim names that are asked for, as of kyc.ClaimsOf
	ReadFor    Retention       // how long the client may read them; 0 leaves it out
	Deeplink   string          // what the QR code holds and the button opens, while authorized
	ExpiresIn  int64           // seconds until the present state ends by itself; 0 leaves it out

	AttemptsLeft int  // attempts that the session has left
	CanRetry     bool // whether another attempt may be started now

	SelfPath   string // this page
	StatusPath string // its status, as server-sent events or JSON
	RetryPath  string // takes a POST
	CancelPath string // takes a POST
	OtherPath  string // the choice of a method, while one can be begun; empty without one
	FinishPath string // leads to the client with the code
	BackURL    string // leads to the client without one; http, https or an app's private scheme
	CSRF       string // goes into every form

	// What a completed session says about the details that it has released.
	WithdrawPath  string     // takes a POST that ends the client's access; empty leaves it out
	ReadableUntil *time.Time // nil with WithdrawPath: until withdrawn
	Withdrawn     bool       // the person has ended it

	// Languages are links to this page in other languages; nil leaves the choice
	// out.
	Languages map[Lang]string

	// Refresh is how often a browser without script looks again while it waits,
	// in seconds. 0 means never.
	Refresh int
}

// ErrNoDeeplink says that an authorized session has nothing to scan or open.
var ErrNoDeeplink = errors.New("session page without deep link")

// Session draws the page of a session. A pending session has no verification
// yet, so its page asks for patience, as Unavailable does. It returns
// ErrNoDeeplink, or an error for a status it does not know.
func (p *Pages) Session(s SessionPage) ([]byte, error) {
	var n notice
	switch s.Status {
	case kyc.StatusPending:
		return p.Unavailable(UnavailablePage{
			Lang: s.Lang, ClientName: s.ClientName, SelfURL: s.SelfPath, CancelPath: s.CancelPath,
			CSRF: s.CSRF,
		})
	case kyc.StatusAuthorized:
		return p.drawScan(s)
	case kyc.StatusVerified:
		n = p.verified(s)
	case kyc.StatusFailed:
		n = p.failed(s)
	case kyc.StatusExpired:
		n = p.expired(s)
	case kyc.StatusCompleted:
		n = p.completed(s)
	case kyc.StatusDenied:
		n = p.denied(s)
	default:
		return nil, fmt.Errorf("no page for a session that is %q", s.Status)
	}
	n.Languages = languageLinks(n.Lang, s.Languages)
	return render(p.notice, n)
}

// scanView is the page with the QR code.
type scanView struct {
	view
	Page     SessionPage
	Claims   []string
	ReadFor  string
	TimeLeft string
	QR       *qrCode      // nil if the link is too long for one
	Wallet   template.URL // empty if the link must not be a button
}

func (p *Pages) drawScan(s SessionPage) ([]byte, error) {
	if s.Deeplink == "" {
		return nil, ErrNoDeeplink
	}
	v := scanView{view: p.view(s.Lang, "", s.ClientName), Page: s, Wallet: safeURL(s.Deeplink, walletScheme)}
	v.Title, v.Script, v.CSRF = v.M.Authorized.Title, statusScript, s.CSRF
	v.Refresh = refreshTo(s.SelfPath, s.Refresh)
	v.Languages = languageLinks(v.Lang, s.Languages)
	for _, name := range s.Claims {
		v.Claims = append(v.Claims, v.M.claim(name))
	}
	if len(v.Claims) > 0 {
		v.ReadFor = v.M.retention(s.ReadFor)
	}
	if s.ExpiresIn > 0 {
		v.TimeLeft = v.M.timeLeft(s.ExpiresIn)
	}
	var err error
	if v.QR, err = newQR(s.Deeplink); err != nil && v.Wallet == "" {
		return nil, fmt.Errorf("%w that can be shown: %w", ErrNoDeeplink, err)
	}
	return render(p.scan, v)
}

func refreshTo(path string, seconds int) *refresh {
	if path == "" || seconds <= 0 {
		return nil
	}
	return &refresh{Seconds: seconds, URL: path}
}

// noticeOf starts a notice with its actions.
func (p *Pages) noticeOf(lang Lang, client string) (notice, *actions) {
	n := notice{view: p.view(lang, "", client)}
	return n, &actions{view: n.view}
}

func (p *Pages) verified(s SessionPage) notice {
	n, do := p.noticeOf(s.Lang, s.ClientName)
	m := n.M.Verified
	n.Title, n.Icon, n.Heading = m.Title, iconDone, n.Say(m.Heading)
	if s.FinishPath == "" {
		n.Body = n.paragraphs(m.NoReturn)
		return n
	}
	n.Body, n.Script, n.FinishURL = n.paragraphs(m.Text), statusScript, s.FinishPath
	n.Refresh = refreshTo(s.FinishPath, 2)
	do.link(m.Continue, ownURL(s.FinishPath))
	n.Actions = do.list
	return n
}

func (p *Pages) failed(s SessionPage) notice {
	n, do := p.noticeOf(s.Lang, s.ClientName)
	m := n.M.Failed
	why, ok := m.Reasons[s.Failure]
	if !ok {
		why = m.Reasons[kyc.FailureVerification]
	}
	n.Title, n.Icon, n.Heading = m.Title, iconStop, n.Say(m.Heading)
	n.Body = n.paragraphs(why, m.NothingSent, n.M.chances(s))
	do.CSRF = s.CSRF
	do.again(s)
	n.Actions = do.list
	return n
}

func (p *Pages) expired(s SessionPage) notice {
	n, do := p.noticeOf(s.Lang, s.ClientName)
	m := n.M.Expired
	n.Title, n.Icon, n.Heading = m.Title, iconTime, n.Say(m.Heading)
	n.Body = n.paragraphs(m.Text, n.M.chances(s))
	do.CSRF = s.CSRF
	do.again(s)
	n.Actions = do.list
	return n
}

// chances says whether the person may try again.
func (m *messages) chances(s SessionPage) string {
	switch {
	case s.AttemptsLeft <= 0:
		return m.Failed.NoAttempts
	case !s.CanRetry:
		return m.Failed.Over
	}
	return m.count(m.Failed.AttemptsLeft, int64(s.AttemptsLeft))
}

// again offers another attempt, or only the way back if there is none.
func (a *actions) again(s SessionPage) {
	if s.CanRetry && s.AttemptsLeft > 0 {
		a.post(a.M.Common.Retry, s.RetryPath)
		a.link(a.M.Address.AnotherWay, ownURL(s.OtherPath))
		a.post(a.M.Common.Cancel, s.CancelPath)
		return
	}
	if back := safeURL(s.BackURL, returnScheme); back != "" {
		a.link(a.M.Common.Back, back)
		return
	}
	a.post(a.M.Common.Back, s.CancelPath)
}

func (p *Pages) denied(s SessionPage) notice {
	n, do := p.noticeOf(s.Lang, s.ClientName)
	m := n.M.Denied
	n.Title, n.Icon, n.Heading, n.Body = m.Title, iconStop, n.Say(m.Heading), n.paragraphs(m.Text)
	do.link(n.M.Common.Back, safeURL(s.BackURL, returnScheme))
	n.Actions = do.list
	return n
}

// completed says who may still read the details, and lets the person end it.
func (p *Pages) completed(s SessionPage) notice {
	n, do := p.noticeOf(s.Lang, s.ClientName)
	m := n.M.Completed
	n.Title, n.Icon, n.Heading = m.Title, iconDone, n.Say(m.Heading)
	n.Body = n.paragraphs(m.Text, n.M.readable(s))
	if s.Withdrawn {
		n.Title, n.Heading = m.WithdrawnTitle, n.Say(m.WithdrawnHeading)
		n.Body = n.paragraphs(m.Withdrawn)
	}
	do.link(n.M.Common.Back, safeURL(s.BackURL, returnScheme))
	if !s.Withdrawn {
		do.CSRF = s.CSRF
		do.quietly(m.Withdraw, s.WithdrawPath)
	}
	n.Actions = do.list
	return n
}

// readable says how long the client may read what a completed session released;
// empty if it may not or nobody knows.
func (m *messages) readable(s SessionPage) string {
	switch {
	case s.ReadableUntil != nil && s.ReadFor == ReadOnce:
		return strings.ReplaceAll(m.Completed.OnceUntil, "{date}", m.moment(*s.ReadableUntil))
	case s.ReadableUntil != nil:
		return strings.ReplaceAll(m.Completed.Until, "{date}", m.moment(*s.ReadableUntil))
	case s.WithdrawPath != "":
		return m.Retention.UntilWithdrawn
	}
	return ""
}

// UnavailablePage is what the page shows while the verifier cannot be reached.
type UnavailablePage struct {
	Lang       Lang
	ClientName string
	SelfURL    string // our own path or URL that tries again
	CancelPath string // takes a POST; may be empty
	CSRF       string // goes into the form
}

// unavailableRefresh is when a browser without script tries again, in seconds.
const unavailableRefresh = 10

// Unavailable draws the page of a session whose verifier cannot be reached.
func (p *Pages) Unavailable(u UnavailablePage) ([]byte, error) {
	n, do := p.noticeOf(u.Lang, u.ClientName)
	m := n.M.Unavailable
	n.Title, n.Icon, n.Heading, n.Body = m.Title, iconTime, n.Say(m.Heading), n.paragraphs(m.Text, m.Action)
	n.Refresh = refreshTo(u.SelfURL, unavailableRefresh)
	do.link(n.M.Common.Retry, ownURL(u.SelfURL))
	do.CSRF = u.CSRF
	do.post(n.M.Common.Cancel, u.CancelPath)
	n.Actions = do.list
	return render(p.notice, n)
}
