package pages

import (
	"time"

	"vouchgate/kyc"
)

// sampleTime is a moment on the first day of a month, which some languages write
// in their own way.
var sampleTime = time.Date(2026, time.March, 1, 14, 5, 9, 0, time.UTC)

func sampleLogin(lang Lang) LoginPage {
	return LoginPage{
		Lang: lang, ClientName: "Example Bank", ActionPath: "/session/01/login", CancelPath: "/session/01/cancel",
		CSRF: sampleCSRF, Languages: sampleLanguages("/session/01/login"),
	}
}

func sampleConsent(lang Lang) ConsentPage {
	return ConsentPage{
		Lang: lang, ClientName: "Example Bank", Operator: "Example Bank AG, Bern", UserName: "anna.muster",
		Purpose: "Keeping your customer file up to date",
		Items: []ConsentItem{
			{Scope: "given_name", Claim: "given_name", Value: "Anna"},
			{Scope: "family_name", Claim: "family_name", Value: "Muster", Fixed: true},
			{Scope: "birth_date", Claim: "birth_date", Value: "1990-02-01"},
			{Scope: "age_over_18", Claim: "age_over_18", Value: "true"},
			{Scope: "age_over_65", Claim: "age_over_65", Value: "false"},
			{Scope: "portrait", Claim: "portrait", Value: "data:image/jpeg;base64,/9j/4AAQ"},
			{Scope: "nationality", Claim: "nationality"},
		},
		Retention: Retention(30 * 24 * time.Hour), Refresh: true, ActionPath: "/session/01/consent",
		SwitchPath: "/session/01/switch", MePath: "/me", CSRF: sampleCSRF, Languages: sampleLanguages("/session/01/consent"),
	}
}

func sampleMe(lang Lang) MePage {
	until, read := sampleTime.Add(90*24*time.Hour), sampleTime.Add(26*time.Hour)
	return MePage{
		Lang: lang, UserName: "anna.muster", WithdrawPath: "/me/withdraw", ErasePath: "/me/erase", LogoutPath: "/logout",
		Grants: []MeGrant{
			{
				ID: "0192f0aa-5c1e-7000-8000-000000000001", ClientName: "Example Bank", Operator: "Example Bank AG, Bern",
				Claims: []string{"given_name", "family_name", "birth_date", "age_over_18"}, Since: sampleTime, Until: &until,
				Refresh: true, LastRead: &read,
			},
			{ID: "0192f0aa-5c1e-7000-8000-000000000002", ClientName: "Example Shop", Since: sampleTime},
		},
		CSRF: sampleCSRF, Languages: sampleLanguages("/me"),
	}
}

func sampleFormPost(lang Lang) FormPostPage {
	return FormPostPage{
		Lang: lang, ClientName: "Example Bank", Action: "https://bank.example/callback?a=1&b=2",
		Fields: []Field{{"code", "SplxlOBeZQQYbYS6WxSbIA"}, {"state", `a"b&c`}, {"iss", "https://gate.example"}},
	}
}

// sampleForms draws the pages that ask something and those after them.
func sampleForms(p *Pages, lang Lang, add func(string, []byte, error)) {
	sampleLogins(p, lang, add)
	sampleConsents(p, lang, add)
	sampleMes(p, lang, add)

	body, err := p.FormPost(sampleFormPost(lang))
	add("formpost", body, err)
	hostile := sampleFormPost(lang)
	hostile.ClientName, hostile.Fields = hostileName, []Field{{hostileName, hostileName}}
	body, err = p.FormPost(hostile)
	add("formpost-hostile", body, err)
}

func sampleLogins(p *Pages, lang Lang, add func(string, []byte, error)) {
	for name, change := range map[string]func(*LoginPage){
		"login":           func(*LoginPage) {},
		"login-own":       func(l *LoginPage) { l.ClientName, l.CancelPath = "", "" },
		"login-reauth":    func(l *LoginPage) { l.Reauth, l.UserName = true, "anna.muster" },
		"login-choice":    func(l *LoginPage) { l.OtherPath = "/session/01/choose" },
		"login-wrong":     func(l *LoginPage) { l.Fault, l.UserName, l.Remember = LoginWrong, "anna.muster", true },
		"login-throttled": func(l *LoginPage) { l.Fault, l.WaitSeconds = LoginThrottled, 90 },
		"login-hostile":   func(l *LoginPage) { l.ClientName, l.UserName, l.CSRF = hostileName, hostileName, hostileName },
	} {
		l := sampleLogin(lang)
		change(&l)
		body, err := p.Login(l)
		add(name, body, err)
	}
}

func sampleConsents(p *Pages, lang Lang, add func(string, []byte, error)) {
	for name, change := range map[string]func(*ConsentPage){
		"consent": func(*ConsentPage) {},
		"consent-wallet": func(c *ConsentPage) {
			c.UserName, c.SwitchPath, c.MePath, c.Refresh, c.Retention = "", "", "", false, ReadOnce
		},
		"consent-nothing":         func(c *ConsentPage) { c.Items, c.Purpose, c.Operator, c.Retention = nil, "", "", ReadUntilWithdrawn },
		"consent-nothing-address": func(c *ConsentPage) { c.Items, c.UserName, c.MePath, c.Method = nil, "", "", kyc.MethodEmail },
		"consent-group": func(c *ConsentPage) {
			c.Items = []ConsentItem{
				{Scope: "profile", Claim: "given_name", Value: "Anna"}, {Scope: "profile", Claim: "family_name", Value: "Muster"},
				{Scope: "age_over_18", Claim: "age_over_18", Value: "true"},
			}
		},
		"consent-hostile": func(c *ConsentPage) {
			c.ClientName, c.Operator, c.Purpose, c.UserName, c.CSRF = hostileName, hostileName, hostileName, hostileName, hostileName
			c.Items = []ConsentItem{{Scope: hostileName, Claim: hostileName, Value: hostileName}, {Claim: hostileName, Value: hostileName}}
		},
	} {
		c := sampleConsent(lang)
		change(&c)
		body, err := p.Consent(c)
		add(name, body, err)
	}
}

func sampleMes(p *Pages, lang Lang, add func(string, []byte, error)) {
	for name, change := range map[string]func(*MePage){
		"me":           func(*MePage) {},
		"me-withdrawn": func(m *MePage) { m.Notice, m.Grants = MeWithdrawn, m.Grants[:1] },
		"me-erased":    func(m *MePage) { m.Notice, m.Grants = MeErased, nil },
		"me-hostile": func(m *MePage) {
			m.UserName, m.CSRF = hostileName, hostileName
			m.Grants[0].ID, m.Grants[0].ClientName, m.Grants[0].Operator = hostileName, hostileName, hostileName
			m.Grants[0].Claims = []string{hostileName}
		},
	} {
		m := sampleMe(lang)
		change(&m)
		body, err := p.Me(m)
		add(name, body, err)
	}
	body, err := p.SignedOut(FarewellPage{Lang: lang, LoginPath: "/login", Languages: sampleLanguages("/login")})
	add("signed-out", body, err)
	body, err = p.Erased(FarewellPage{Lang: lang})
	add("erased", body, err)
}

// sampleCompletions draws what a completed session says about its details.
func sampleCompletions(p *Pages, lang Lang, add func(string, []byte, error)) {
	for name, change := range map[string]func(*SessionPage){
		"completed-readable":  func(s *SessionPage) { s.ReadableUntil = &sampleTime },
		"completed-once":      func(s *SessionPage) { s.ReadableUntil, s.ReadFor = &sampleTime, ReadOnce },
		"completed-unlimited": func(s *SessionPage) { s.BackURL = "" },
		"completed-withdrawn": func(s *SessionPage) { s.Withdrawn = true },
	} {
		s := sampleSession(lang, kyc.StatusCompleted)
		s.WithdrawPath = "/session/01/withdraw"
		change(&s)
		body, err := p.Session(s)
		add(name, body, err)
	}
}
