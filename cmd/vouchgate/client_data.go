package main

import (
	"strings"
	"time"

	"vouchgate/kyc"
)

// dataFlags are the settings of a client that say how persons prove something to
// it, what they are told, and how long the client can read it.
type dataFlags struct {
	Method    []string `sep:"none" placeholder:"METHOD" help:"How persons prove something: swiyu (the wallet), account (signing in here), or by a TAN that is sent there that an address is theirs: email, phone, postal, postal-ch (letters within Switzerland). Repeat for several, of which the person chooses one (default swiyu)."`
	Consent   *string  `placeholder:"ask|implicit" help:"Whether a page here asks the person before data is handed over; ask does not go with --code-delivery webhook (default ask if account is among the methods; else implicit, because the wallet asks and who enters a TAN has typed the address)."`
	Retention *string  `placeholder:"once|until-revoked|TIME" help:"How long the client can read the data: once, until the person or you end it, or for a time such as 720h (default as long as its tokens can last)."`
	Purpose   *string  `placeholder:"TEXT" help:"What the data is for, shown to the person."`
	Operator  *string  `placeholder:"TEXT" help:"Who runs the client, shown to the person."`
}

// maxPurpose bounds what a person has to read, in bytes.
const maxPurpose = 500

func (c dataFlags) apply(client *kyc.Client, f *faults) {
	if c.Method != nil {
		before := asksByDefault(*client)
		client.Methods = f.methods(filled(c.Method))
		if now := asksByDefault(*client); now != before {
			client.AskConsent = now
		}
	}
	switch {
	case c.Consent != nil && *c.Consent == "":
		client.AskConsent = asksByDefault(*client)
	case c.Consent != nil:
		client.AskConsent = f.oneOf("consent", *c.Consent, "ask", "implicit") == "ask"
	}
	if c.Retention != nil {
		var err error
		client.Retention, err = kyc.ParseRetention(*c.Retention)
		f.check("retention", err)
	}
	if c.Purpose != nil {
		client.Purpose = f.line("purpose", *c.Purpose, maxPurpose)
	}
	if c.Operator != nil {
		client.Operator = f.line("operator", *c.Operator, maxName)
	}
}

// asksByDefault says whether consent is asked for where nothing else was said: if
// something is handed over that the person has neither released nor typed.
func asksByDefault(client kyc.Client) bool { return client.Uses(kyc.MethodAccount) }

func (c dataFlags) check(client kyc.Client, f *faults) {
	if client.AskConsent && client.CodeDelivery == kyc.DeliverByWebhook {
		f.add("consent", "ask does not go with --code-delivery webhook (--consent implicit does)")
	}
	f.checkMethods(client)
}

// line reads a line of text that is shown to people.
func (f *faults) line(name, text string, most int) string {
	text = strings.TrimSpace(text)
	if len(text) > most || strings.ContainsFunc(text, unprintable) {
		f.add(name, "must be at most %d bytes of printable text", most)
	}
	return text
}

// optionalSeconds is seconds, with 0 for the empty text.
func (f *faults) optionalSeconds(name, text string, most time.Duration) time.Duration {
	if text == "" {
		return 0
	}
	return f.seconds(name, text, most)
}
