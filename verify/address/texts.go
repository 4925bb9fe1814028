package address

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"text/template"
	"time"
	"unicode"

	"vouchgate/kyc"
)

//go:embed templates
var embedded embed.FS

// The media that have texts of their own, and the languages of each. A template is
// called by both: email.de.txt.
var (
	media     = []string{"email", "sms", "letter"}
	languages = []string{"en", "de", "fr", "it"}
)

const (
	defaultLanguage = "en"
	subjectMark     = "Subject: "
	maxName         = 60      // characters of a client's name
	maxSMSName      = 30      // of it in a short message
	maxTemplate     = 1 << 16 // bytes of a template
)

// Values is what a message template can name.
type Values struct {
	Client     string // who asks: the client's name, in one line
	TAN        string // in two groups of four in letters
	Host       string // of the gateway: for the last line of a short message, by which phones fill the TAN in
	Minutes    int    // that the TAN counts from now on; at least 1
	Date       string // the last whole day (UTC) on which it counts, in words
	Name       string // of a letter: whom it is for
	Link       string // of a letter: where the person goes on
	LetterCode string // of a letter: the end of Link, to be typed
	ReplyTo    string // of an e-mail: the mailbox where answers are read; "": they are not
	Advice     bool   // of a short message: there is room for what to do with a TAN that one did not ask for
}

// origin is where messages come from.
type origin struct {
	host    string // of the gateway
	replyTo string // a mailbox, or ""
}

// text is a message as it is sent.
type text struct {
	subject string // of e-mails and letters
	body    string
}

// texts are the templates by their file names.
type texts map[string]*template.Template

// medium says which templates a method's messages are made from.
func medium(m kyc.Method) string {
	switch m {
	case kyc.MethodEmail:
		return "email"
	case kyc.MethodPhone:
		return "sms"
	}
	return "letter"
}

// loadTexts reads all templates and tries each. Files in a folder, if one is named,
// replace those of the same name. The error lists all faults.
func loadTexts(folder string) (texts, error) {
	files := map[string][]byte{}
	for _, m := range media {
		for _, l := range languages {
			name := m + "." + l + ".txt"
			b, err := embedded.ReadFile(path.Join("templates", name))
			if err != nil {
				return nil, fmt.Errorf("reading template: %w", err)
			}
			files[name] = b
		}
	}
	var faults []error
	if folder != "" {
		faults = override(files, os.DirFS(folder))
	}
	t := texts{}
	for name, b := range files {
		parsed, err := template.New(name).Option("missingkey=error").Parse(strings.ReplaceAll(string(b), "\r\n", "\n"))
		if err == nil {
			t[name] = parsed
			err = t.try(name)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("message template %s: %w", name, err))
		}
	}
	slices.SortFunc(faults, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return t, errors.Join(faults...)
}

// override replaces templates by those of a folder. A name that belongs to none is a
// fault: it is likely misspelt.
func override(files map[string][]byte, folder fs.FS) (faults []error) {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return []error{fmt.Errorf("reading message templates: %w", err)}
	}
	for _, e := range entries {
		if path.Ext(e.Name()) != ".txt" {
			continue
		}
		if _, known := files[e.Name()]; !known {
			faults = append(faults, fmt.Errorf("message template %s: there is none of that name", e.Name()))
			continue
		}
		b, err := fs.ReadFile(folder, e.Name())
		if err == nil && len(b) > maxTemplate {
			err = errors.New("it is too long")
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("message template %s: %w", e.Name(), err))
			continue
		}
		files[e.Name()] = b
	}
	return faults
}

// try makes texts from a template to see that they can be sent.
func (t texts) try(name string) error {
	v := Values{Client: "Client", TAN: "12345678", Host: "gateway.example", Minutes: 15, Date: "1", Name: "Name",
		Link: "https://gateway.example/letter/7K3F-9QWX-2MTD-8HJP", LetterCode: "7K3F-9QWX-2MTD-8HJP"}
	for _, more := range []bool{false, true} {
		if v.Advice = more; more {
			v.ReplyTo = "help@gateway.example"
		}
		made, err := t.execute(name, v)
		switch {
		case err != nil:
			return err
		case !strings.Contains(made.body, v.TAN):
			return errors.New("it does not name the TAN")
		case strings.HasPrefix(name, "letter.") && !strings.Contains(made.body, v.Link):
			return errors.New("it does not name the link")
		}
	}
	return nil
}

// execute fills a template in. Of all but short messages, the first line is the
// subject.
func (t texts) execute(name string, v Values) (text, error) {
	var b bytes.Buffer
	if err := t[name].Execute(&b, v); err != nil {
		return text{}, fmt.Errorf("filling template in: %w", err)
	}
	body := strings.TrimSpace(b.String())
	if strings.HasPrefix(name, "sms.") {
		return text{body: body}, nil
	}
	first, rest, _ := strings.Cut(body, "\n")
	subject, ok := strings.CutPrefix(first, subjectMark)
	if !ok || strings.TrimSpace(subject) == "" || strings.TrimSpace(rest) == "" {
		return text{}, fmt.Errorf("it must begin with a line %q and a text below it", subjectMark+"...")
	}
	return text{subject: plainLine(subject), body: strings.TrimSpace(rest)}, nil
}

// of returns the text of a message in its language, or English if there is none. A
// short message has its advice only if it stays one message with it.
func (t texts) of(m kyc.Message, from origin, now time.Time) (text, error) {
	language := m.Language
	if !slices.Contains(languages, language) {
		language = defaultLanguage
	}
	kind := medium(m.Address.Method)
	name := kind + "." + language + ".txt"
	v := Values{
		Client: cut(cmp.Or(plainLine(m.ClientName), from.host), maxName), TAN: m.TAN, Host: from.host,
		Minutes: max(1, int(m.ExpiresAt.Sub(now).Round(time.Minute)/time.Minute)),
		Date:    dateText(m.ExpiresAt.UTC().Add(-24*time.Hour), language),
		Name:    m.Address.Name, Link: m.Link, LetterCode: m.LetterCode,
	}
	switch kind {
	case "email":
		v.ReplyTo = from.replyTo
	case "sms":
		v.Client, v.Advice = gsmName(v.Client, maxSMSName), true
		if made, err := t.execute(name, v); err != nil || oneSMS(made.body) {
			return made, err
		}
		v.Advice = false
	case "letter":
		v.TAN = kyc.SpacedTAN(m.TAN)
	}
	return t.execute(name, v)
}

// plainLine returns foreign text in one line, without what cannot be seen.
func plainLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case !unicode.IsGraphic(r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

var months = map[string][]string{
	"en": {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
	"de": {"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"},
	"fr": {"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"},
	"it": {"gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"},
}

// dateText is a day in words, as letters have it.
func dateText(day time.Time, language string) string {
	number := fmt.Sprint(day.Day())
	switch {
	case language == "de":
		number += "."
	case language == "fr" && day.Day() == 1:
		number = "1er"
	case language == "it" && day.Day() == 1:
		number = "1º"
	}
	return fmt.Sprintf("%s %s %d", number, months[language][day.Month()-1], day.Year())
}
