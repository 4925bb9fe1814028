package pages

import (
	"strings"
	"time"
)

// LoginFault says why the last try to sign in led nowhere.
type LoginFault string

// The faults. An unknown user name and a wrong password are told apart nowhere,
// so that nobody learns which names there are (OWASP Authentication Cheat Sheet).
const (
	LoginWrong     LoginFault = "wrong"
	LoginThrottled LoginFault = "throttled" // too many tries; LoginPage.WaitSeconds says how long to wait
)

// LoginPage is what the sign-in page shows. Its form posts user_name, password,
// remember (there if ticked) and csrf.
type LoginPage struct {
	Lang        Lang
	ClientName  string // whom the person signs in for; empty for our own page
	ActionPath  string // takes the POST
	CancelPath  string // takes a POST that leads back to the client; may be empty
	OtherPath   string // the choice of a method; empty without one
	CSRF        string
	UserName    string // from login_hint or the last try
	Remember    bool
	Fault       LoginFault // empty on the first visit
	WaitSeconds int        // until another try counts, with LoginThrottled
	Reauth      bool       // the client asks a person who is signed in to sign in again

	// Languages are links to this page in other languages; nil leaves the choice
	// out.
	Languages map[Lang]string
}

type loginView struct {
	view
	Page  LoginPage
	Intro []part
	Fault string // what went wrong; empty on the first visit
	Focus string // the entry to type in next; empty leaves it to the page
}

// entry is what an entry of the form says about the last try.
type entry struct {
	Told  bool // what went wrong is told above
	Wrong bool // it may be this entry
	Focus bool
}

// Of returns what the entry of a name says.
func (v loginView) Of(name string) entry {
	return entry{Told: v.Fault != "", Wrong: v.Page.Fault == LoginWrong, Focus: v.Focus == name}
}

// Login draws the sign-in page. The page never shows a password again.
func (p *Pages) Login(l LoginPage) ([]byte, error) {
	v := loginView{view: p.view(l.Lang, "", l.ClientName), Page: l}
	v.CSRF, v.Languages = l.CSRF, languageLinks(v.Lang, l.Languages)
	m := v.M.Login
	v.Title, v.Intro = m.Title, v.Say(m.IntroPlain)
	if l.ClientName != "" {
		v.Intro = v.Say(m.Intro)
	}
	if l.ClientName != "" && l.Reauth {
		v.Intro = v.Say(m.Reauth)
	}
	v.fault()
	return render(p.login, v)
}

// fault says what went wrong and where to go on. The title says so as well: it is
// what a screen reader begins with.
func (v *loginView) fault() {
	m := v.M.Login
	switch v.Page.Fault {
	case LoginWrong:
		v.Title, v.Fault, v.Focus = m.FaultTitle, m.Wrong, "password"
		if v.Page.UserName == "" {
			v.Focus = "user_name"
		}
	case LoginThrottled:
		wait := time.Duration(max(v.Page.WaitSeconds, 1)) * time.Second
		v.Title, v.Fault = m.FaultTitle, strings.ReplaceAll(m.Throttled, "{duration}", v.M.duration(wait))
	}
}
