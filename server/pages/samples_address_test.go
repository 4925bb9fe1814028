package pages

import (
	"maps"
	"slices"
	"strings"

	"vouchgate/kyc"
)

func sampleChoose(lang Lang) ChoosePage {
	return ChoosePage{
		Lang: lang, ClientName: "Example Bank", Claims: []string{"email", "phone_number", "address"},
		Methods: kyc.Methods, ActionPath: "/session/01/choose", CancelPath: "/session/01/cancel",
		CSRF: sampleCSRF, Languages: sampleLanguages("/session/01/choose"),
	}
}

var sampleAddresses = map[kyc.Method]kyc.Address{
	kyc.MethodEmail: {Method: kyc.MethodEmail, Email: "anna.muster@example.ch"},
	kyc.MethodPhone: {Method: kyc.MethodPhone, Phone: "+41790000000"},
	kyc.MethodPostal: {
		Method: kyc.MethodPostal, Name: "Anna Muster", Lines: []string{"Beispielgasse 1", "79098 Freiburg"}, Country: "DE",
	},
	kyc.MethodPostalCH: {
		Method: kyc.MethodPostalCH, Name: "Anna Muster", Lines: []string{"Beispielgasse 1", "3000 Bern"}, Country: "CH",
	},
}

// sampleAddress is the first visit of a page that asks for an address.
func sampleAddress(lang Lang, m kyc.Method) AddressPage {
	return AddressPage{
		Lang: lang, ClientName: "Example Bank", Method: m, ChangesLeft: 3,
		ActionPath: "/session/01/address", CancelPath: "/session/01/cancel", CSRF: sampleCSRF,
		Languages: sampleLanguages("/session/01/address"),
	}
}

// samplePin is the first visit of a page that asks for a TAN.
func samplePin(lang Lang, m kyc.Method) PinPage {
	return PinPage{
		Lang: lang, ClientName: "Example Bank", Method: m, Address: slices.Sorted(maps.Values(sampleAddresses[m].Fields())),
		Delivery: kyc.DeliverySent, TriesLeft: 3, SendsLeft: 2, ResendIn: 45, ChangesLeft: 2,
		SelfPath: "/session/01/pin", StatusPath: "/session/01/status", ActionPath: "/session/01/pin",
		ResendPath: "/session/01/resend", ChangePath: "/session/01/address", CancelPath: "/session/01/cancel",
		CSRF: sampleCSRF, Languages: sampleLanguages("/session/01/pin"),
	}
}

// sampleProofs draws the pages of the proof of an address.
func sampleProofs(p *Pages, lang Lang, add func(string, []byte, error)) {
	sampleChoices(p, lang, add)
	sampleAddressPages(p, lang, add)
	samplePins(p, lang, add)
	for name, l := range map[string]LetterPage{
		"letter":         {Lang: lang, ClientName: "Example Bank", StartURL: "https://bank.example/start?iss=https%3A%2F%2Fgate.example", Languages: sampleLanguages("/letter/x")},
		"letter-no-link": {Lang: lang, ClientName: "Example Bank"},
		"letter-hostile": {Lang: lang, ClientName: hostileName, StartURL: "javascript:alert(1)"},
	} {
		body, err := p.Letter(l)
		add(name, body, err)
	}
}

func sampleChoices(p *Pages, lang Lang, add func(string, []byte, error)) {
	for name, change := range map[string]func(*ChoosePage){
		"choose":         func(*ChoosePage) {},
		"choose-nothing": func(c *ChoosePage) { c.Claims, c.Methods = nil, []kyc.Method{kyc.MethodSwiyu, kyc.MethodEmail} },
		"choose-hostile": func(c *ChoosePage) { c.ClientName, c.CSRF, c.Claims = hostileName, hostileName, []string{hostileName} },
	} {
		c := sampleChoose(lang)
		change(&c)
		body, err := p.Choose(c)
		add(name, body, err)
	}
}

func sampleAddressPages(p *Pages, lang Lang, add func(string, []byte, error)) {
	draw := func(name string, m kyc.Method, change func(*AddressPage)) {
		a := sampleAddress(lang, m)
		change(&a)
		body, err := p.Address(a)
		add(name, body, err)
	}
	for _, m := range kyc.AddressMethods {
		draw("address-"+string(m), m, func(*AddressPage) {})
		draw("address-"+string(m)+"-fixed", m, func(a *AddressPage) { a.Values, a.Fixed = sampleAddresses[m].Fields(), true })
		draw("address-"+string(m)+"-filled", m, func(a *AddressPage) {
			a.Values, a.BackPath, a.OtherPath = sampleAddresses[m].Fields(), "/session/01/pin", "/session/01/choose"
		})
		for _, field := range m.Fields() {
			for _, fault := range []kyc.AddressFault{kyc.AddressMissing, kyc.AddressMalformed, kyc.AddressTooLong, kyc.AddressNotAllowed} {
				draw("address-"+string(m)+"-"+field+"-"+string(fault), m, func(a *AddressPage) {
					a.Values = sampleAddresses[m].Fields()
					a.Fault = &kyc.AddressError{Field: field, Fault: fault}
				})
			}
		}
	}
	draw("address-email-limited", kyc.MethodEmail, func(a *AddressPage) { a.Limit, a.Values = AddressLimited, sampleAddresses[a.Method].Fields() })
	draw("address-email-last", kyc.MethodEmail, func(a *AddressPage) { a.ChangesLeft, a.BackPath = 1, "/session/01/pin" })
	draw("address-email-none-left", kyc.MethodEmail, func(a *AddressPage) { a.Limit, a.ChangesLeft, a.BackPath = AddressNoneLeft, 0, "/session/01/pin" })
	hinted := func(a *AddressPage, text string) {
		a.Hints = map[string]string{}
		for _, field := range a.Method.Fields() {
			a.Hints[field] = text
		}
		a.AddressHint = text
	}
	draw("address-phone-hinted", kyc.MethodPhone, func(a *AddressPage) { hinted(a, "+41 79 000 00 00"); a.Hints[kyc.FieldPhone] = "A mobile number" })
	draw("address-postal-hinted", kyc.MethodPostal, func(a *AddressPage) { hinted(a, "In Europe"); a.Values = sampleAddresses[a.Method].Fields() })
	draw("address-postal-hinted-hostile", kyc.MethodPostal, func(a *AddressPage) {
		hinted(a, hostileName)
		a.ClientName, a.CSRF, a.Values = hostileName, hostileName, maps.Clone(a.Hints)
	})
}

func samplePins(p *Pages, lang Lang, add func(string, []byte, error)) {
	draw := func(name string, m kyc.Method, change func(*PinPage)) {
		n := samplePin(lang, m)
		if m.Post() {
			n.ExpiresAt, n.ResendIn, n.Address = &sampleTime, 86_000, append([]string{"Anna Muster"}, sampleAddresses[m].Lines...)
		}
		change(&n)
		body, err := p.Pin(n)
		add(name, body, err)
	}
	for _, m := range kyc.AddressMethods {
		draw("pin-"+string(m), m, func(*PinPage) {})
		for _, d := range []kyc.Delivery{kyc.DeliveryNone, kyc.DeliveryQueued, kyc.DeliveryDelayed, kyc.DeliveryFailed} {
			draw("pin-"+string(m)+"-is-"+string(d), m, func(n *PinPage) { n.Delivery = d })
		}
	}
	for _, fault := range PinFaults {
		draw("pin-email-"+string(fault), kyc.MethodEmail, func(n *PinPage) {
			n.Fault, n.TriesLeft = fault, 1
			if fault == PinExpired {
				n.TriesLeft, n.ResendIn = 0, 0
			}
		})
	}
	draw("pin-email-spent", kyc.MethodEmail, func(n *PinPage) { n.TriesLeft, n.Fault, n.ResendIn = 0, PinWrong, 0 })
	draw("pin-email-again", kyc.MethodEmail, func(n *PinPage) { n.TriesLeft, n.ResendIn, n.SendsLeft, n.OtherPath = 0, 0, 1, "/session/01/choose" })
	draw("pin-phone-last", kyc.MethodPhone, func(n *PinPage) { n.SendsLeft, n.ChangesLeft, n.TriesLeft = 0, 0, 1 })
	draw("pin-phone-moved", kyc.MethodPhone, func(n *PinPage) { n.SendsLeft, n.TriesLeft = 0, 0 })
	draw("pin-email-hostile", kyc.MethodEmail, func(n *PinPage) {
		n.ClientName, n.CSRF, n.Address = hostileName, hostileName, strings.Split(hostileName, "\n")
	})
}
