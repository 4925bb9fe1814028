package pages

import "time"

// MeNotice says what the person has just done on the page about themselves.
type MeNotice string

// The notices.
const (
	MeWithdrawn MeNotice = "withdrawn"
	MeErased    MeNotice = "erased" // the details are gone, the sign-in remains
)

// MeGrant is what one client may read.
type MeGrant struct {
	ID         string // posted as grant
	ClientName string
	Operator   string // who runs the client; may be empty
	Claims     []string
	Since      time.Time
	Until      *time.Time // nil: until withdrawn
	Refresh    bool       // the client may read while the person is away
	LastRead   *time.Time // nil: never
}

// MePage is what the page shows to a person who is signed in. Its forms post
// csrf, the one that withdraws grant as well.
type MePage struct {
	Lang         Lang
	UserName     string
	Grants       []MeGrant
	WithdrawPath string // takes a POST
	ErasePath    string // takes a POST; empty leaves it out
	LogoutPath   string // takes a POST
	Notice       MeNotice
	CSRF         string

	// Languages are links to this page in other languages; nil leaves the choice
	// out.
	Languages map[Lang]string
}

type meView struct {
	view
	Page   MePage
	Notice string
	Grants []grantView
}

// grantView is a grant in plain words.
type grantView struct {
	view     // which names the client
	Grant    MeGrant
	Number   int // from 1
	Claims   []string
	Since    string // empty if it is not known
	Until    string
	LastRead string
}

// Me draws the page on which a person sees and withdraws what clients may read.
func (p *Pages) Me(me MePage) ([]byte, error) {
	v := meView{view: p.view(me.Lang, "", ""), Page: me}
	m := v.M.Me
	v.Title, v.CSRF, v.User, v.Languages = m.Title, me.CSRF, me.UserName, languageLinks(v.Lang, me.Languages)
	switch me.Notice {
	case MeWithdrawn:
		v.Notice = m.Withdrawn
	case MeErased:
		v.Notice = m.Erased
	}
	for i, grant := range me.Grants {
		v.Grants = append(v.Grants, v.grant(i+1, grant))
	}
	return render(p.me, v)
}

func (v view) grant(number int, grant MeGrant) grantView {
	g := grantView{view: v, Grant: grant, Number: number, Until: v.M.Me.Unlimited, LastRead: v.M.Me.Never}
	g.Client, g.Operator = grant.ClientName, grant.Operator
	for _, name := range grant.Claims {
		g.Claims = append(g.Claims, v.M.claim(name))
	}
	if !grant.Since.IsZero() {
		g.Since = v.M.day(grant.Since.UTC())
	}
	if grant.Until != nil {
		g.Until = v.M.moment(*grant.Until)
	}
	if grant.LastRead != nil {
		g.LastRead = v.M.moment(*grant.LastRead)
	}
	return g
}

// FarewellPage is what the page shows to a person who has left.
type FarewellPage struct {
	Lang      Lang
	LoginPath string // where to sign in again; may be empty

	// Languages are links to this page in other languages; nil leaves the choice
	// out.
	Languages map[Lang]string
}

// SignedOut draws the page after signing out.
func (p *Pages) SignedOut(f FarewellPage) ([]byte, error) {
	return p.farewell(f, func(m *messages) ending { return m.SignedOut })
}

// Erased draws the page after everything about a person was erased, who is not
// signed in any more.
func (p *Pages) Erased(f FarewellPage) ([]byte, error) {
	return p.farewell(f, func(m *messages) ending { return m.Erased })
}

func (p *Pages) farewell(f FarewellPage, text func(*messages) ending) ([]byte, error) {
	n, do := p.noticeOf(f.Lang, "")
	m := text(n.M)
	n.Title, n.Icon, n.Heading, n.Body = m.Title, iconDone, n.Say(m.Heading), n.paragraphs(m.Text)
	do.link(n.M.Login.SignIn, ownURL(f.LoginPath))
	n.Actions, n.Languages = do.list, languageLinks(n.Lang, f.Languages)
	return render(p.notice, n)
}
