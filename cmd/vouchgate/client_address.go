package main

import (
	"context"
	"net/url"
	"slices"
	"time"

	"vouchgate/kyc"
)

// addressFlags are the settings of a client that say which addresses it takes.
type addressFlags struct {
	AddressRestrictions *string `placeholder:"FILE" help:"JSON file that says by regular expressions which addresses the client takes, as ADDRESS_RESTRICTIONS of GNU Taler Challenger does; it is read now (default any address)."`
	AddressHint         *string `placeholder:"TEXT" help:"Example of an address that is shown with the form, such as +41 79 123 45 67, for a client that takes one kind of address (default none)."`
	AddressValidity     *string `placeholder:"TIME" help:"How long an address that was proved counts as proved, 1h to 876000h (default 8760h)."`
	DailyMessages       *string `placeholder:"N" help:"TANs that may be sent for the client in 24 hours, 1 to 1000000: as many by e-mail and phone together, and as many by letter (default 10000, letters 200)."`
	InitiateLoginURI    *string `name:"initiate-login-uri" placeholder:"URL" help:"Where the client begins, OpenID Connect Core section 4: whoever opens a letter's link in another browser is led there. https, or http on a loopback address (default none: the page asks to open the client again)."`
}

// The limits of those settings.
const (
	maxRestrictions    = 64 << 10 // bytes that are read of a file
	maxAddressHint     = 300
	minAddressValidity = time.Hour
	maxAddressValidity = 876_000 * time.Hour
	maxDailyMessages   = 1_000_000
	maxStartURI        = 2000
)

func (c addressFlags) apply(client *kyc.Client, f *faults) {
	if c.AddressRestrictions != nil {
		client.Restrictions = f.restrictions("address-restrictions", *c.AddressRestrictions)
	}
	if c.AddressHint != nil {
		client.AddressHint = f.line("address-hint", *c.AddressHint, maxAddressHint)
	}
	if c.AddressValidity != nil {
		client.AddressValidity = 0
		if *c.AddressValidity != "" {
			client.AddressValidity = f.duration("address-validity", *c.AddressValidity, minAddressValidity, maxAddressValidity)
		}
	}
	if c.DailyMessages != nil {
		client.DailyMessages = 0
		if *c.DailyMessages != "" {
			client.DailyMessages = f.number("daily-messages", *c.DailyMessages, 1, maxDailyMessages)
		}
	}
	if c.InitiateLoginURI != nil {
		client.StartURI = f.startURI("initiate-login-uri", *c.InitiateLoginURI)
	}
}

// check notes an example that would stand with the forms of several kinds of address.
func (c addressFlags) check(client kyc.Client, f *faults) {
	if kinds := addressKinds(client); client.AddressHint != "" && len(kinds) > 1 {
		f.add("address-hint", "fits one kind of address, and the client takes %d (%s): without it each form says what it takes",
			len(kinds), words(kinds, ", "))
	}
}

// addressKinds lists the client's methods that take another form of address than those
// before them. Letters all take the same.
func addressKinds(client kyc.Client) []kyc.Method {
	var kinds []kyc.Method
	for _, m := range methodsOf(client) {
		same := slices.ContainsFunc(kinds, func(k kyc.Method) bool { return k.Post() && m.Post() })
		if m.Addressed() && !same {
			kinds = append(kinds, m)
		}
	}
	return kinds
}

// restrictions reads a file; no file, no restrictions.
func (f *faults) restrictions(name, path string) kyc.Restrictions {
	if path == "" {
		return nil
	}
	content, err := readFile(path, nil, maxRestrictions)
	var all kyc.Restrictions
	if err == nil {
		all, err = kyc.ParseRestrictions(content)
	}
	f.check(name, err)
	return all
}

// startURI reads an address that browsers are sent to, with iss added to its query.
func (f *faults) startURI(name, text string) string {
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	switch {
	case err != nil, len(text) > maxStartURI, u.Hostname() == "",
		u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		f.add(name, "must be an https URL, or http on a loopback address")
	case u.User != nil || u.Fragment != "":
		f.add(name, "must not hold a user name or a fragment")
	}
	return text
}

// readUsed reads how many messages were asked for of those that a client may have
// sent, where it takes addresses.
func (p *program) readUsed(ctx context.Context, s *storage, id string, v *addressView) error {
	if v.DailyMessages == 0 && v.DailyLetters == 0 {
		return nil
	}
	tans, err := p.tans(ctx, s)
	if err != nil {
		return err
	}
	read := func(post bool, most int64) *countView {
		if most == 0 || err != nil {
			return nil
		}
		var count countView
		count, err = p.counted(ctx, s, tans.Messages(id, post), most)
		return &count
	}
	v.MessagesUsed, v.LettersUsed = read(false, v.DailyMessages), read(true, v.DailyLetters)
	return err
}
