package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"vouchgate/kyc"
	"vouchgate/oauth"
	"vouchgate/server/jose"
	"vouchgate/worker"
)

// protocolFlags are the settings of a client that say how it talks to the gateway.
type protocolFlags struct {
	ApplicationType *string  `placeholder:"web|native" help:"web, or native for an app on the person's device, which may have redirect URIs such as com.example.app:/cb and any port on a loopback address, RFC 8252 (default web)."`
	AuthMethod      *string  `placeholder:"METHOD" help:"How the client authenticates: client_secret_basic or client_secret_post; private_key_jwt, with --jwks-file or --jwks-uri and no secret; none for a public client, which has no secret and needs PKCE. Without a secret a client cannot use /setup: it starts at /authorize or /par (default a secret, sent in either way)."`
	JWKSFile        *string  `name:"jwks-file" placeholder:"FILE" help:"The client's public keys as a JSON Web Key Set, RFC 7517; it is read now."`
	JWKSURI         *string  `name:"jwks-uri" placeholder:"URL" help:"Where the client publishes them: https, or what --webhook-allow-networks allows."`
	GrantType       []string `sep:"none" placeholder:"TYPE" help:"What the client may send to /token: refresh_token, beside authorization_code, which is always there. Repeat for several (default authorization_code)."`
	RefreshIdle     *string  `placeholder:"TIME" help:"After that time an unused refresh token ends, 1s to 87600h (default 720h)."`
	RefreshLifetime *string  `placeholder:"TIME" help:"After that time the refresh tokens of a grant end, used or not, 1s to 87600h (default 8760h)."`
	Origin          []string `sep:"none" placeholder:"ORIGIN" help:"Web origin whose scripts may call /token, /userinfo, /info and /revoke, such as https://app.example.org. Repeat for several (default none)."`
	RequirePAR      *bool    `name:"require-par" negatable:"" help:"Take only requests that were pushed to /par, RFC 9126 (default off)."`
	OmitISS         *bool    `name:"omit-iss" negatable:"" help:"Leave iss, RFC 9207, out of answers, for a client that stumbles over it (default off)."`
	SubjectType     *string  `placeholder:"pairwise|ephemeral" help:"sub: the same each time for one person at this client, or a new one each time (default pairwise)."`
	IDTokenAlg      *string  `name:"id-token-alg" placeholder:"ES256|RS256" help:"How ID tokens are signed (default ES256)."`
}

// The limits of those settings.
const (
	maxRefresh = 10 * 365 * 24 * time.Hour
	maxOrigins = 50
	maxKeySet  = 1 << 20 // bytes that are read of a file
)

func (c protocolFlags) apply(client *kyc.Client, allow []netip.Prefix, f *faults) {
	if c.ApplicationType != nil {
		client.Native = f.choice("application-type", *c.ApplicationType, "web", "native") == "native"
	}
	if c.AuthMethod != nil {
		client.AuthMethod = f.choice("auth-method", *c.AuthMethod, "", oauth.AuthBasic, oauth.AuthPost, oauth.AuthPrivateKeyJWT, oauth.AuthNone)
	}
	c.applyKeys(client, allow, f)
	if c.GrantType != nil {
		client.GrantTypes = f.grantTypes(filled(c.GrantType))
	}
	if c.RefreshIdle != nil {
		client.RefreshIdle = f.optionalSeconds("refresh-idle", *c.RefreshIdle, maxRefresh)
	}
	if c.RefreshLifetime != nil {
		client.RefreshLifetime = f.optionalSeconds("refresh-lifetime", *c.RefreshLifetime, maxRefresh)
	}
	if c.Origin != nil {
		client.Origins = filled(c.Origin)
		f.origins(client.Origins)
	}
	if c.RequirePAR != nil {
		client.RequirePAR = *c.RequirePAR
	}
	if c.OmitISS != nil {
		client.OmitIssuer = *c.OmitISS
	}
	if c.SubjectType != nil {
		client.Ephemeral = f.choice("subject-type", *c.SubjectType, "pairwise", "ephemeral") == "ephemeral"
	}
	if c.IDTokenAlg != nil {
		client.IDTokenAlg = f.choice("id-token-alg", *c.IDTokenAlg, jose.ES256, jose.RS256)
	}
}

// applyKeys sets where the client's keys are. It has them in one place (RFC 7591,
// section 2), and none if it authenticates otherwise.
func (c protocolFlags) applyKeys(client *kyc.Client, allow []netip.Prefix, f *faults) {
	if c.AuthMethod != nil && client.AuthMethod != oauth.AuthPrivateKeyJWT {
		client.JWKS, client.JWKSURI = nil, ""
	}
	switch {
	case c.JWKSFile != nil && *c.JWKSFile != "" && c.JWKSURI != nil && *c.JWKSURI != "":
		f.add("jwks-file", "does not go with --jwks-uri: the keys are in one place")
		return
	case c.JWKSFile != nil && *c.JWKSFile != "":
		client.JWKS, client.JWKSURI = f.keySet("jwks-file", *c.JWKSFile), ""
	case c.JWKSURI != nil && *c.JWKSURI != "":
		f.check("jwks-uri", worker.CheckURL(*c.JWKSURI, allow))
		client.JWKS, client.JWKSURI = nil, *c.JWKSURI
	default:
		if c.JWKSFile != nil {
			client.JWKS = nil
		}
		if c.JWKSURI != nil {
			client.JWKSURI = ""
		}
	}
}

// check notes which settings do not go together.
func (c protocolFlags) check(client kyc.Client, f *faults) {
	keys := client.JWKS != nil || client.JWKSURI != ""
	given := c.JWKSFile != nil && *c.JWKSFile != "" || c.JWKSURI != nil && *c.JWKSURI != ""
	switch signs := client.AuthMethod == oauth.AuthPrivateKeyJWT; {
	case signs && !keys && !given:
		f.add("auth-method", "private_key_jwt needs --jwks-file or --jwks-uri")
	case !signs && keys:
		f.add(pick(client.JWKSURI != "", "jwks-uri", "jwks-file"), "goes with --auth-method private_key_jwt")
	}
	if client.AuthMethod == oauth.AuthNone && !client.PKCERequired {
		f.add("pkce", "must be required for a client with --auth-method none")
	}
	if _, all := client.RefreshLives(); client.RefreshIdle > all {
		f.add("refresh-idle", "is longer than --refresh-lifetime")
	}
	if !client.Native {
		for _, uri := range client.RedirectURIs {
			if !strings.HasPrefix(uri, "https:") && !strings.HasPrefix(uri, "http:") && oauth.CheckRedirectURI(uri) == nil {
				f.add("redirect-uri", "%q: a scheme of its own is for --application-type native", uri)
			}
		}
	}
}

// hasSecret says whether a client authenticates with a secret.
func hasSecret(c kyc.Client) bool {
	return c.AuthMethod == "" || c.AuthMethod == oauth.AuthBasic || c.AuthMethod == oauth.AuthPost
}

// choice reads one of several words. The first is the default, for which the empty
// text stands as well, and which is kept as "" to be told from a choice of it.
func (f *faults) choice(name, text string, words ...string) string {
	if text == "" || text == words[0] {
		return ""
	}
	if !slices.Contains(words, text) {
		f.add(name, "must be one of: %s", strings.Join(filled(words), ", "))
		return ""
	}
	return text
}

// grantTypes reads what a client may use beside authorization_code; nothing beside
// it is nil.
func (f *faults) grantTypes(names []string) []string {
	types := []string{oauth.GrantAuthorizationCode}
	for _, name := range names {
		switch {
		case name != oauth.GrantAuthorizationCode && name != oauth.GrantRefreshToken:
			f.add("grant-type", "there is no %q; there are: %s, %s", name, oauth.GrantAuthorizationCode, oauth.GrantRefreshToken)
		case !slices.Contains(types, name):
			types = append(types, name)
		}
	}
	if len(types) == 1 {
		return nil
	}
	return types
}

func (f *faults) origins(origins []string) {
	if len(origins) > maxOrigins {
		f.add("origin", "there may be %d at most", maxOrigins)
	}
	for i, origin := range origins {
		if err := oauth.CheckOrigin(origin); err != nil {
			f.add("origin", "%q: %v", origin, err)
		}
		if slices.Contains(origins[:i], origin) {
			f.add("origin", "%q comes twice", origin)
		}
	}
}

// keySet reads a client's public keys from a file.
func (f *faults) keySet(name, path string) json.RawMessage {
	content, err := readFile(path, nil, maxKeySet)
	if err == nil {
		err = jose.CheckJWKS(content)
	}
	f.check(name, err)
	if err != nil {
		return nil
	}
	return content
}

// readFile reads a file, or standard input for "-" if there is one, of at most so
// many bytes.
func readFile(path string, stdin io.Reader, most int64) ([]byte, error) {
	source := stdin
	if path != "-" || stdin == nil {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		source = file
	}
	content, err := io.ReadAll(io.LimitReader(source, most+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", path, err)
	case int64(len(content)) > most:
		return nil, errTooLong
	}
	return content, nil
}

var errTooLong = errors.New("the file is too long")
