package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"vouchgate/kyc"
	"vouchgate/oauth"
	"vouchgate/server/jose"
)

// clientView is how a client is printed. It has no secrets: those are printed
// when they are made and are not kept in a readable form.
type clientView struct {
	ID                string      `json:"client_id"`
	Name              string      `json:"name"`
	Enabled           bool        `json:"enabled"`
	RedirectURIs      kyc.Strings `json:"redirect_uris"`
	Scopes            kyc.Strings `json:"scopes"`
	PKCE              string      `json:"pkce"`
	CodeDelivery      string      `json:"code_delivery"`
	ErrorProfile      string      `json:"error_profile"`
	WebhookURL        string      `json:"webhook_url,omitempty"`
	WebhookDisabledAt *time.Time  `json:"webhook_disabled_at,omitempty"`
	VerifierURL       string      `json:"verifier_url,omitempty"`
	VerifierPath      string      `json:"verifier_management_api_path,omitempty"`
	AcceptedIssuers   kyc.Strings `json:"accepted_issuers,omitempty"`
	CredentialTypes   kyc.Strings `json:"credential_types,omitempty"`
	ClaimPaths        kyc.Paths   `json:"claim_paths,omitempty"`
	ResponseMode      string      `json:"response_mode,omitempty"`
	DeeplinkScheme    string      `json:"deeplink_scheme,omitempty"`
	CodeLifetime      int64       `json:"code_lifetime_seconds"`
	TokenLifetime     int64       `json:"token_lifetime_seconds"`
	protocolView
	dataView
	addressView
	CreatedAt  time.Time  `json:"created_at"`
	UpdatedAt  time.Time  `json:"updated_at"`
	DisabledAt *time.Time `json:"disabled_at,omitempty"`
}

// protocolView is how the client talks to the gateway.
type protocolView struct {
	ApplicationType string          `json:"application_type"`
	AuthMethods     []string        `json:"auth_methods"` // any of them will do
	GrantTypes      []string        `json:"grant_types"`
	RefreshIdle     int64           `json:"refresh_idle_seconds,omitempty"`
	RefreshLifetime int64           `json:"refresh_lifetime_seconds,omitempty"`
	JWKS            json.RawMessage `json:"jwks,omitempty"`
	JWKSURI         string          `json:"jwks_uri,omitempty"`
	Origins         []string        `json:"origins,omitempty"`
	OmitIssuer      bool            `json:"omit_iss"`
	RequirePAR      bool            `json:"require_par"`
	SubjectType     string          `json:"subject_type"`
	IDTokenAlg      string          `json:"id_token_alg"`
}

// dataView is how persons prove something to the client, and for how long.
type dataView struct {
	Method    kyc.Method    `json:"method"` // the first of them
	Methods   []kyc.Method  `json:"methods"`
	Consent   string        `json:"consent"`
	Retention kyc.Retention `json:"retention,omitempty"`
	Purpose   string        `json:"purpose,omitempty"`
	Operator  string        `json:"operator,omitempty"`
}

// addressView is which addresses the client takes.
type addressView struct {
	Restrictions    kyc.Restrictions `json:"address_restrictions,omitempty"`
	AddressHint     string           `json:"address_hint,omitempty"`
	AddressValidity int64            `json:"address_validity_seconds,omitempty"`
	DailyMessages   int64            `json:"daily_messages,omitempty"` // by e-mail and phone together
	DailyLetters    int64            `json:"daily_letters,omitempty"`
	MessagesUsed    *countView       `json:"messages_used,omitempty"` // of DailyMessages; shown with a single client
	LettersUsed     *countView       `json:"letters_used,omitempty"`
	StartURI        string           `json:"initiate_login_uri,omitempty"`
}

func viewOf(c kyc.Client) clientView {
	return clientView{
		ID: c.ID, Name: c.Name, Enabled: c.Enabled(), RedirectURIs: c.RedirectURIs, Scopes: c.Scopes,
		PKCE: pick(c.PKCERequired, "required", "optional"), CodeDelivery: string(c.CodeDelivery), ErrorProfile: c.ErrorProfile,
		WebhookURL: c.WebhookURL, WebhookDisabledAt: c.WebhookDisabledAt,
		VerifierURL: c.VerifierURL, VerifierPath: c.VerifierPath, AcceptedIssuers: c.AcceptedIssuers,
		CredentialTypes: c.CredentialTypes, ClaimPaths: c.ClaimPaths,
		ResponseMode: c.VerifierResponseMode, DeeplinkScheme: c.DeeplinkScheme,
		CodeLifetime: int64(c.CodeLifetime / time.Second), TokenLifetime: int64(c.TokenLifetime / time.Second),
		protocolView: viewProtocol(c.Settings),
		dataView: dataView{
			Method: methodsOf(c)[0], Methods: methodsOf(c), Consent: pick(c.AskConsent, "ask", "implicit"),
			Retention: c.Retention, Purpose: c.Purpose, Operator: c.Operator,
		},
		addressView: viewAddresses(c.Settings),
		CreatedAt:   c.CreatedAt, UpdatedAt: c.UpdatedAt, DisabledAt: c.DisabledAt,
	}
}

func viewProtocol(s kyc.Settings) protocolView {
	v := protocolView{
		ApplicationType: pick(s.Native, "native", "web"), AuthMethods: []string{s.AuthMethod}, GrantTypes: s.GrantTypes,
		JWKS: s.JWKS, JWKSURI: s.JWKSURI, Origins: s.Origins, OmitIssuer: s.OmitIssuer, RequirePAR: s.RequirePAR,
		SubjectType: pick(s.Ephemeral, "ephemeral", "pairwise"), IDTokenAlg: s.IDTokenAlg,
	}
	if s.AuthMethod == "" {
		v.AuthMethods = []string{oauth.AuthBasic, oauth.AuthPost}
	}
	if len(s.GrantTypes) == 0 {
		v.GrantTypes = []string{oauth.GrantAuthorizationCode}
	}
	if s.IDTokenAlg == "" {
		v.IDTokenAlg = jose.ES256
	}
	if s.MayRefresh() {
		idle, all := s.RefreshLives()
		v.RefreshIdle, v.RefreshLifetime = int64(idle/time.Second), int64(all/time.Second)
	}
	return v
}

// viewAddresses is empty but for the start URI where no address is proved.
func viewAddresses(s kyc.Settings) addressView {
	v := addressView{Restrictions: s.Restrictions, AddressHint: s.AddressHint, StartURI: s.StartURI}
	for _, m := range s.Methods {
		if !m.Addressed() {
			continue
		}
		v.AddressValidity = int64(s.AddressValidFor() / time.Second)
		if m.Post() {
			v.DailyLetters = s.MessagesPerWindow(m)
		} else {
			v.DailyMessages = s.MessagesPerWindow(m)
		}
	}
	return v
}

// pick is the word for a setting that is one of two.
func pick(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

func (v clientView) pairs() []row {
	var paths []string
	for _, name := range slices.Sorted(maps.Keys(v.ClaimPaths)) {
		paths = append(paths, name+"="+strings.Join(v.ClaimPaths[name], "."))
	}
	return slices.Concat([]row{
		{"client_id", v.ID}, {"name", v.Name}, {"enabled", fmt.Sprint(v.Enabled)},
		{"redirect URIs", strings.Join(v.RedirectURIs, " ")}, {"scopes", strings.Join(v.Scopes, " ")},
		{"PKCE", v.PKCE}, {"code delivery", v.CodeDelivery}, {"error profile", v.ErrorProfile},
	}, v.protocolView.pairs(), v.dataView.pairs(), v.addressView.pairs(), []row{
		{"webhook URL", v.WebhookURL}, {"webhooks off since", at(v.WebhookDisabledAt)},
		{"verifier URL", v.VerifierURL}, {"management API path", v.VerifierPath},
		{"accepted issuers", strings.Join(v.AcceptedIssuers, " ")}, {"credential types", strings.Join(v.CredentialTypes, " ")},
		{"claim paths", strings.Join(paths, " ")}, {"response mode", v.ResponseMode}, {"deep link scheme", v.DeeplinkScheme},
		{"code lifetime", fmt.Sprintf("%d s", v.CodeLifetime)}, {"token lifetime", fmt.Sprintf("%d s", v.TokenLifetime)},
		{"created", at(&v.CreatedAt)}, {"updated", at(&v.UpdatedAt)}, {"disabled", at(v.DisabledAt)},
	})
}

func (v protocolView) pairs() []row {
	rows := []row{
		{"application type", v.ApplicationType}, {"authentication", strings.Join(v.AuthMethods, " or ")},
		{"grant types", strings.Join(v.GrantTypes, " ")},
	}
	if v.RefreshLifetime > 0 {
		rows = append(rows, row{"refresh tokens", fmt.Sprintf("%d s unused, %d s in all", v.RefreshIdle, v.RefreshLifetime)})
	}
	return append(rows,
		row{"key set", pick(v.JWKS != nil, "registered", v.JWKSURI)}, row{"origins", strings.Join(v.Origins, " ")},
		row{"answers", pick(v.OmitIssuer, "without iss", "")}, row{"pushed requests", pick(v.RequirePAR, "required", "")},
		row{"subjects", v.SubjectType}, row{"ID tokens", v.IDTokenAlg},
	)
}

func (v dataView) pairs() []row {
	return []row{
		{"methods", words(v.Methods, " ")}, {"consent", v.Consent}, {"retention", string(v.Retention)},
		{"purpose", v.Purpose}, {"operator", v.Operator},
	}
}

func (v addressView) pairs() []row {
	var rows []row
	for _, field := range slices.Sorted(maps.Keys(v.Restrictions)) {
		rows = append(rows, row{"restriction", field + ": " + v.Restrictions[field].Regex})
	}
	if v.AddressValidity > 0 {
		rows = append(rows, row{"address validity", fmt.Sprintf("%d s", v.AddressValidity)})
	}
	if v.MessagesUsed != nil {
		rows = append(rows, row{"messages in 24 hours", v.MessagesUsed.String()})
	}
	if v.LettersUsed != nil {
		rows = append(rows, row{"letters in 24 hours", v.LettersUsed.String()})
	}
	return append(rows, row{"address hint", v.AddressHint}, row{"starts at", v.StartURI})
}
