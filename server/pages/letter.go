package pages

// LetterPage is what a person sees who opens the link of a letter in another browser
// than that which ordered it.
type LetterPage struct {
	Lang       Lang
	ClientName string // never empty: the client's id if it has no name
	StartURL   string // where the client starts anew; http, https or an app's private scheme; empty leaves it out

	// Languages are links to this page in other languages; nil leaves the choice
	// out.
	Languages map[Lang]string
}

// Letter draws the page that says how to go on with a letter in this browser.
func (p *Pages) Letter(l LetterPage) ([]byte, error) {
	n, do := p.noticeOf(l.Lang, l.ClientName)
	m := n.M.Letter
	n.Title, n.Icon, n.Heading = m.Title, iconLetter, n.Say(m.Heading)
	n.Body = n.paragraphs(m.Text, m.Then, m.Discard)
	do.link(m.Open, safeURL(l.StartURL, returnScheme))
	n.Actions, n.Languages = do.list, languageLinks(n.Lang, l.Languages)
	return render(p.notice, n)
}
