package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"vouchgate/e2e"
)

// nodeClients are the walks with libraries of Node.
var nodeClients = []nodeClient{
	{
		name: "openid-client, HTTP Basic", program: "openid-client.mjs", way: byAccount,
		config: nodeConfig{Auth: "client_secret_basic"},
	}, {
		name: "openid-client, the form, PAR, RS256", program: "openid-client.mjs", way: byWallet,
		flags:  []string{"--auth-method", "client_secret_post", "--require-par", "--id-token-alg", "RS256"},
		config: nodeConfig{Auth: "client_secret_post", PAR: true},
	}, {
		name: "openid-client, a key, PAR", program: "openid-client.mjs", way: byAccount,
		flags:  []string{"--auth-method", "private_key_jwt"},
		config: nodeConfig{Auth: "private_key_jwt", PAR: true},
	}, {
		name: "openid-client, public", program: "openid-client.mjs", way: byWallet,
		flags:  []string{"--auth-method", "none"},
		config: nodeConfig{Auth: "none"},
	}, {
		name: "oauth4webapi by a wallet", program: "oauth4webapi.mjs", way: byWallet,
		config: nodeConfig{Scope: "profile"},
	}, {
		name: "oauth4webapi by an account", program: "oauth4webapi.mjs", way: byAccount,
		config: nodeConfig{Scope: "profile"},
	}, {
		name: "simple-oauth2, HTTP Basic", program: "simple-oauth2.mjs", way: byAccount,
		flags:  []string{"--pkce", "optional"},
		config: nodeConfig{Auth: "client_secret_basic", Scope: "profile"},
	}, {
		name: "simple-oauth2, the form", program: "simple-oauth2.mjs", way: byWallet,
		flags:  []string{"--pkce", "optional"},
		config: nodeConfig{Auth: "client_secret_post", Scope: "profile"},
	},
}

type nodeClient struct {
	name    string
	program string
	way     way
	flags   []string   // of client add
	config  nodeConfig // without what registering gives
}

// nodeConfig is what the programs are told.
type nodeConfig struct {
	Issuer      string           `json:"issuer"`
	ID          string           `json:"id"`
	Secret      string           `json:"secret"`
	Key         *jose.JSONWebKey `json:"jwk,omitempty"` // private
	Auth        string           `json:"auth"`          // as in the metadata; where the program leaves a choice
	RedirectURI string           `json:"redirect_uri"`
	Scope       string           `json:"scope"` // empty: OpenID Connect, with refreshing
	PAR         bool             `json:"par"`
}

// nodeResult is what the programs say at the end.
type nodeResult struct {
	First    nodeTokens       `json:"first"`
	Second   nodeTokens       `json:"second"`   // after refreshing
	Info     []map[string]any `json:"info"`     // what was read at /info
	Userinfo []map[string]any `json:"userinfo"` // before and after refreshing
	Active   []bool           `json:"active"`   // what introspection said, before and after revoking
	Refused  nodeFault        `json:"refused"`  // reading after revoking
	Spent    nodeFault        `json:"spent"`    // refreshing after revoking
}

type nodeTokens struct {
	AccessToken  string         `json:"access_token"`
	RefreshToken string         `json:"refresh_token"`
	ExpiresIn    int            `json:"expires_in"`
	Scope        string         `json:"scope"`
	IDToken      string         `json:"id_token"`
	Claims       map[string]any `json:"claims"` // of the id_token
}

type nodeFault struct {
	Message string `json:"message"`
	Status  int    `json:"status"`
	Error   string `json:"error"`
}

func TestLibrariesOfNodeWalk(t *testing.T) {
	t.Parallel()
	packages(t, clientPackages)
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newClientStage(t, e)
		for i, c := range nodeClients {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				walkInNode(t, s, c, fmt.Sprint("shop", i))
			})
		}
	})
}

func walkInNode(t *testing.T, s *stage, c nodeClient, id string) {
	t.Helper()
	ctx, flags := e2e.Patient(t), c.flags
	if c.config.Auth == "private_key_jwt" {
		var public string
		c.config.Key, public = newKey(t)
		flags = append([]string{"--jwks-file", public}, flags...)
	}
	shop := s.add(t, c.way, id, redirect, flags...)
	c.config.Issuer, c.config.ID, c.config.Secret, c.config.RedirectURI = s.URL, shop.ID, shop.Secret, shop.RedirectURI
	if c.config.Scope == "" {
		c.config.Scope = "openid profile offline_access"
	}
	program := startNode(t, ctx, clientPackages, c.program, c.config)
	var said struct {
		To     string
		Result nodeResult
		Fault  json.RawMessage
	}
	if program.hear(&said); said.To == "" {
		t.Fatalf("%s: %s", c.program, said.Fault)
	}
	program.tell(c.way.home(t, ctx, e2e.NewBrowser(), said.To).Away.String())
	if program.hear(&said); said.Fault != nil {
		t.Fatalf("%s: %s", c.program, said.Fault)
	}
	program.end()
	said.Result.check(t, c, s.URL)
}

// check fails the test unless the library got what it should have got.
func (r nodeResult) check(t *testing.T, c nodeClient, issuer string) {
	t.Helper()
	if r.First.AccessToken == r.Second.AccessToken || r.First.RefreshToken == r.Second.RefreshToken || r.Second.RefreshToken == "" {
		t.Error("refreshing gave no new tokens")
	}
	for _, tokens := range []nodeTokens{r.First, r.Second} {
		if tokens.Scope != c.config.Scope || tokens.ExpiresIn <= 0 {
			t.Errorf("the tokens are for %q, for %d s", tokens.Scope, tokens.ExpiresIn)
		}
	}
	if len(r.Info)+len(r.Userinfo) < 2 {
		t.Errorf("it read %d times", len(r.Info)+len(r.Userinfo))
	}
	for _, info := range r.Info {
		says(t, e2e.Answer{JSON: info}, zoe)
	}
	for _, userinfo := range r.Userinfo {
		isZoe(t, userinfo)
		if userinfo["sub"] != r.First.Claims["sub"] {
			t.Errorf("userinfo is about %v, the id_token about %v", userinfo["sub"], r.First.Claims["sub"])
		}
	}
	if claims := r.First.Claims; claims != nil && (claims["iss"] != issuer || claims["acr"] != c.way.acr) {
		t.Errorf("the id_token says %v", claims)
	}
	asks := c.program != "simple-oauth2.mjs" && c.config.Auth != "none"
	if asks && !slices.Equal(r.Active, []bool{true, false}) {
		t.Errorf("introspection says active: %v", r.Active)
	}
	if r.Refused.Status != http.StatusUnauthorized || r.Refused.Error != "invalid_token" {
		t.Errorf("reading after revoking: %+v", r.Refused)
	}
	if r.Spent.Status != http.StatusBadRequest || r.Spent.Error != "invalid_grant" {
		t.Errorf("refreshing after revoking: %+v", r.Spent)
	}
}

// newKey makes a key for a client, and a file with its public half in a JSON Web
// Key Set (RFC 7517).
func newKey(t *testing.T) (private *jose.JSONWebKey, public string) {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	private = &jose.JSONWebKey{Key: key, KeyID: "first", Algorithm: "ES256", Use: "sig"}
	public = filepath.Join(t.TempDir(), "jwks.json")
	set := must[[]byte](t)(json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{private.Public()}}))
	check(t, os.WriteFile(public, set, 0o600))
	return private, public
}
