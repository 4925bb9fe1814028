package main

import (
	"cmp"
	"encoding/json"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"vouchgate/kyc"
	"vouchgate/oauth"
	"vouchgate/verify/swiyu"
	"vouchgate/worker"
)

// clientFlags are the settings of a client. What is nil was not given; an empty
// value takes a setting back to its default.
type clientFlags struct {
	Name          *string  `placeholder:"TEXT" help:"Shown to the person who is asked for a proof (default the client_id)."`
	RedirectURI   []string `name:"redirect-uri" sep:"none" placeholder:"URI" help:"Where the browser goes back to: https, or http on a loopback address, or for --application-type native a scheme of its own. Repeat for several."`
	Scope         *string  `placeholder:"SCOPE" help:"What the client may ask for, names parted by spaces, and gets when it asks for nothing (default by method: email, phone, address for those; for swiyu and account \"profile age_over_18\": given and family name, birth date, and being 18). Every client may ask for openid and offline_access besides."`
	PKCE          *string  `name:"pkce" placeholder:"required|optional" help:"Whether requests must have a code challenge, RFC 7636 (default required; optional with --error-profile taler, because a Taler exchange sends none)."`
	ErrorProfile  *string  `placeholder:"oauth|taler" help:"Error words sent by redirect: those of the RFCs, or those that a GNU Taler exchange acts on (default oauth)."`
	CodeDelivery  *string  `placeholder:"redirect|webhook" help:"How the client gets its code (default redirect)."`
	WebhookURL    *string  `name:"webhook-url" placeholder:"URL" help:"Where events are sent: https, or what --webhook-allow-networks allows. Giving it switches webhooks on again that were switched off."`
	CodeLifetime  *string  `placeholder:"TIME" help:"How long a code is valid, 1s to 10m (default 60s, 10m by webhook)."`
	TokenLifetime *string  `placeholder:"TIME" help:"How long an access token is valid, 1s to 24h (default 1h)."`

	dataFlags     `embed:""`
	addressFlags  `embed:""`
	protocolFlags `embed:""`

	VerifierURL               *string  `name:"verifier-url" placeholder:"URL" help:"The client's own verifier (default that of the server)."`
	VerifierManagementAPIPath *string  `name:"verifier-management-api-path" placeholder:"PATH" help:"Path of its management API (default that of the server)."`
	AcceptedIssuer            []string `sep:"none" placeholder:"DID" help:"Accepted issuer of credentials. Repeat for several (default those of the server)."`
	CredentialType            []string `sep:"none" placeholder:"VCT" help:"Accepted credential type. Repeat for several (default those of the server)."`
	ClaimPath                 []string `sep:"none" placeholder:"NAME=PATH" help:"Where a claim is in the credential, if not under its own name: given_name=person.first, or a JSON list. Repeat for several."`
	ResponseMode              *string  `placeholder:"MODE" help:"direct_post.jwt or direct_post (default that of the server)."`
	DeeplinkScheme            *string  `placeholder:"SCHEME" help:"Scheme of wallet links (default that of the server)."`
}

var clientIDForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// The limits and defaults of a client.
const (
	maxCodeLifetime      = 10 * time.Minute // RFC 6749, section 4.1.2
	maxTokenLifetime     = 24 * time.Hour
	defaultCodeLifetime  = time.Minute
	defaultTokenLifetime = time.Hour
	defaultScope         = "profile age_over_18"
	maxName              = 100
	maxRedirectURIs      = 50
)

// newClient returns a client that has the defaults only.
func newClient(id string, now time.Time) kyc.Client {
	return kyc.Client{
		ID: id, Name: id, Scopes: strings.Fields(defaultScope), PKCERequired: true,
		ErrorProfile: string(oauth.ProfileOAuth), CodeDelivery: kyc.DeliverByRedirect,
		CodeLifetime: defaultCodeLifetime, TokenLifetime: defaultTokenLifetime, CreatedAt: now, UpdatedAt: now,
	}
}

// apply changes a client to what was given and notes everything that is wrong.
func (c clientFlags) apply(client *kyc.Client, allow []netip.Prefix, f *faults) {
	c.applyOAuth(client, f)
	if c.WebhookURL != nil {
		client.WebhookURL, client.WebhookDisabledAt = *c.WebhookURL, nil
		if client.WebhookURL != "" {
			f.check("webhook-url", worker.CheckURL(client.WebhookURL, allow))
		}
	}
	if client.CodeDelivery == kyc.DeliverByWebhook && client.WebhookURL == "" {
		f.add("code-delivery", "webhook needs --webhook-url")
	}
	c.dataFlags.apply(client, f)
	if c.Method != nil && c.Scope == nil {
		client.Scopes = fitScopes(client.Scopes, methodsOf(*client))
	}
	c.dataFlags.check(*client, f)
	c.addressFlags.apply(client, f)
	c.addressFlags.check(*client, f)
	c.protocolFlags.apply(client, allow, f)
	c.protocolFlags.check(*client, f)
	c.applyVerifier(client, f)
}

func (c clientFlags) applyOAuth(client *kyc.Client, f *faults) {
	if c.Name != nil {
		client.Name = cmp.Or(f.line("name", *c.Name, maxName), client.ID)
	}
	if c.RedirectURI != nil {
		client.RedirectURIs = c.RedirectURI
	}
	f.redirectURIs(client.RedirectURIs)
	if c.Scope != nil {
		client.Scopes = f.scopes(*c.Scope)
	}
	if c.ErrorProfile != nil {
		profile, err := oauth.ParseErrorProfile(*c.ErrorProfile)
		f.check("error-profile", err)
		client.ErrorProfile = string(profile)
	}
	switch {
	case c.PKCE != nil:
		client.PKCERequired = f.oneOf("pkce", *c.PKCE, "required", "optional") == "required"
	case c.ErrorProfile != nil && client.ErrorProfile == string(oauth.ProfileTaler):
		client.PKCERequired = false
	}
	if c.CodeDelivery != nil {
		delivery := kyc.CodeDelivery(f.oneOf("code-delivery", *c.CodeDelivery, "redirect", "webhook"))
		if delivery != client.CodeDelivery && delivery == kyc.DeliverByWebhook {
			client.CodeLifetime = kyc.WebhookCodeLifetime
		} else if delivery != client.CodeDelivery {
			client.CodeLifetime = defaultCodeLifetime
		}
		client.CodeDelivery = delivery
	}
	if c.CodeLifetime != nil {
		client.CodeLifetime = f.seconds("code-lifetime", *c.CodeLifetime, maxCodeLifetime)
	}
	if c.TokenLifetime != nil {
		client.TokenLifetime = f.seconds("token-lifetime", *c.TokenLifetime, maxTokenLifetime)
	}
}

func (c clientFlags) applyVerifier(client *kyc.Client, f *faults) {
	set := func(to *string, given *string) {
		if given != nil {
			*to = *given
		}
	}
	set(&client.VerifierURL, c.VerifierURL)
	set(&client.VerifierPath, c.VerifierManagementAPIPath)
	set(&client.VerifierResponseMode, c.ResponseMode)
	set(&client.DeeplinkScheme, c.DeeplinkScheme)
	if c.AcceptedIssuer != nil {
		client.AcceptedIssuers = filled(c.AcceptedIssuer)
	}
	if c.CredentialType != nil {
		client.CredentialTypes = filled(c.CredentialType)
	}
	if c.ClaimPath != nil {
		client.ClaimPaths = f.claimPaths(filled(c.ClaimPath))
	}
	_, err := swiyu.New(swiyu.Config{
		Now: clock, Rand: strings.NewReader(""),
		DefaultVerifierURL: client.VerifierURL, DefaultManagementPath: client.VerifierPath,
		DefaultProfile: swiyu.Profile{
			AcceptedIssuers: client.AcceptedIssuers, CredentialTypes: client.CredentialTypes,
			ResponseMode: client.VerifierResponseMode, DeeplinkScheme: client.DeeplinkScheme, ClaimPaths: client.ClaimPaths,
		},
	})
	f.verifier(err)
}

func (f *faults) redirectURIs(uris []string) {
	if len(uris) == 0 {
		f.add("redirect-uri", "must be given at least once")
	}
	if len(uris) > maxRedirectURIs {
		f.add("redirect-uri", "there may be %d at most", maxRedirectURIs)
	}
	for i, uri := range uris {
		if err := oauth.CheckRedirectURI(uri); err != nil {
			f.add("redirect-uri", "%q: %v", uri, err)
		}
		if slices.Contains(uris[:i], uri) {
			f.add("redirect-uri", "%q comes twice", uri)
		}
	}
}

func (f *faults) scopes(text string) kyc.Strings {
	names, err := oauth.ParseScope(text)
	f.check("scope", err)
	names = slices.DeleteFunc(names, func(name string) bool {
		return name == oauth.ScopeOpenID || name == oauth.ScopeOfflineAccess // open to every client
	})
	if err == nil && len(names) == 0 {
		f.add("scope", "must name at least one of: %s", strings.Join(kyc.KnownScopes(), ", "))
	}
	for _, name := range names {
		if !kyc.KnownScope(name) {
			f.add("scope", "there is no %q; there are: %s", name, strings.Join(kyc.KnownScopes(), ", "))
		}
	}
	return names
}

// seconds reads a lifetime of whole seconds; a plain number counts seconds.
func (f *faults) seconds(name, text string, most time.Duration) time.Duration {
	if text != "" && strings.Trim(text, "0123456789") == "" {
		text += "s"
	}
	d := f.duration(name, text, time.Second, most)
	if d%time.Second != 0 {
		f.add(name, "must be whole seconds")
	}
	return d
}

// claimPaths reads NAME=PATH, where PATH is names with dots between them or, for
// names that have dots in them, a JSON list.
func (f *faults) claimPaths(texts []string) kyc.Paths {
	paths := kyc.Paths{}
	for _, text := range texts {
		name, path, _ := strings.Cut(text, "=")
		var steps []string
		if strings.HasPrefix(path, "[") {
			if json.Unmarshal([]byte(path), &steps) != nil {
				steps = nil
			}
		} else {
			steps = strings.Split(path, ".")
		}
		_, twice := paths[name]
		switch {
		case !slices.Contains(kyc.ClaimsOf(name), name):
			f.add("claim-path", "%q is not a claim", name)
		case len(steps) == 0 || slices.Contains(steps, ""):
			f.add("claim-path", "the path of %s must be names with dots between them, or a JSON list of names", name)
		case twice:
			f.add("claim-path", "%s comes twice", name)
		default:
			paths[name] = steps
		}
	}
	return paths
}

func filled(values []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
}

func unprintable(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' || r >= 0x80 && r < 0xa0 }
