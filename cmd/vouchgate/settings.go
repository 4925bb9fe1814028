package main

import (
	"github.com/alecthomas/kong"
)

// settingGroups are the headings of the help. Flags that stand in a group are
// settings: they can come from the environment and the config file as well.
var settingGroups = kong.ExplicitGroups([]kong.Group{
	{Key: "storage", Title: "Storage:"},
	{Key: "listen", Title: "Listening:"},
	{Key: "verifier", Title: "Verifier (for clients without their own):"},
	{Key: "sending", Title: "Sending TANs:"},
	{Key: "background", Title: "Background work:"},
	{Key: "log", Title: "Log:"},
})

// storageSettings say where everything is kept. All verbs that touch data have
// them.
type storageSettings struct {
	Config   string `group:"storage" placeholder:"FILE" help:"YAML file with settings, name: value."`
	DataDir  string `group:"storage" default:"./vouchgate-data" placeholder:"DIR" help:"Where SQLite and keys are kept; made if it is not there (default ./vouchgate-data)."`
	Database string `group:"storage" placeholder:"URL" help:"sqlite:PATH or postgres://... (default sqlite:DATA-DIR/vouchgate.db)."`
	KeyFile  string `group:"storage" placeholder:"FILE" help:"Keys that seal personal data, the same for all processes on one database; made with an empty database (default DATA-DIR/keys.json)."`
}

type logSettings struct {
	LogLevel  string `group:"log" default:"info" placeholder:"LEVEL" help:"debug, info, warn or error (default info)."`
	LogFormat string `group:"log" default:"json" placeholder:"FORMAT" help:"json or text, always to standard error (default json)."`
}

// allowSettings say which networks webhooks may reach, which also decides which
// webhook URLs can be registered.
type allowSettings struct {
	WebhookAllowNetworks string `group:"background" placeholder:"CIDR,..." help:"Networks that webhooks, and reads of a client's jwks-uri, may reach although they are private, over plain http as well (default none)."`
}

type verifierSettings struct {
	VerifierURL                   string `group:"verifier" placeholder:"URL" help:"The swiyu generic verifier's management address, such as https://verifier.example.org."`
	VerifierManagementAPIPath     string `name:"verifier-management-api-path" group:"verifier" default:"/management/api/verifications" placeholder:"PATH" help:"Path of its management API (default /management/api/verifications)."`
	VerifierAPIKeyHeader          string `name:"verifier-api-key-header" group:"verifier" placeholder:"NAME" help:"Header with a key for what stands before the verifier."`
	VerifierAPIKeyFile            string `name:"verifier-api-key-file" group:"verifier" placeholder:"FILE" help:"File that holds that key."`
	VerifierTokenURL              string `group:"verifier" placeholder:"URL" help:"Token endpoint for the verifier's management API, by client credentials."`
	VerifierTokenClientID         string `group:"verifier" placeholder:"ID" help:"Client id at that endpoint."`
	VerifierTokenClientSecretFile string `group:"verifier" placeholder:"FILE" help:"File that holds the client secret."`
	VerifierTokenScope            string `group:"verifier" placeholder:"SCOPE" help:"Scope to ask for there, names parted by spaces."`
	VerifierCredentialOrigins     string `group:"verifier" placeholder:"URL,..." help:"Origins of clients' own verifiers that may be shown that key and token (default none)."`
	VerifierTTL                   string `name:"verifier-ttl" group:"verifier" default:"15m" placeholder:"TIME" help:"How long the verifier remembers a verification (default 15m)."`
	VerifierIssuers               string `group:"verifier" placeholder:"DID,..." help:"Accepted issuers (default those of the Swiss Beta-ID)."`
	VerifierCredentialTypes       string `group:"verifier" placeholder:"VCT,..." help:"Accepted credential types (default those of the Swiss Beta-ID)."`
	VerifierResponseMode          string `group:"verifier" placeholder:"MODE" help:"direct_post.jwt or direct_post (default direct_post.jwt)."`
	VerifierDeeplinkScheme        string `group:"verifier" placeholder:"SCHEME" help:"Scheme of wallet links, in place of the verifier's."`
}

type backgroundSettings struct {
	allowSettings    `embed:""`
	RetainSessions   string `group:"background" default:"24h" placeholder:"TIME" help:"How long finished sessions are kept, without claims (default 24h)."`
	RetainDeliveries string `group:"background" default:"24h" placeholder:"TIME" help:"How long delivered webhooks are kept (default 24h)."`
	RetainDead       string `group:"background" default:"336h" placeholder:"TIME" help:"How long webhooks that were given up are kept (default 336h)."`
	RetainAudit      string `group:"background" default:"8784h" placeholder:"TIME" help:"How long the audit trail is kept (default 8784h)."`
	AdminListen      string `group:"listen" default:"127.0.0.1:9090" placeholder:"ADDRESS" help:"Where /healthz, /readyz and /metrics are, or off (default 127.0.0.1:9090)."`
	Migrate          bool   `group:"storage" default:"true" negatable:"" help:"Bring the schema to the newest version at the start (default on)."`
}

// publicSettings say how the outside knows the gateway.
type publicSettings struct {
	PublicURL         string `name:"public-url" group:"listen" placeholder:"URL" help:"How browsers and clients reach the gateway; it is the issuer (default from --listen, if that is a loopback address)."`
	InsecurePublicURL bool   `name:"insecure-public-url" group:"listen" help:"Allow a public URL with http that is not a loopback address."`
}

type listenSettings struct {
	Listen                string `group:"listen" default:"127.0.0.1:8080" placeholder:"ADDRESS" help:"Address of the gateway; port 0 takes a free one (default 127.0.0.1:8080)."`
	publicSettings        `embed:""`
	TLSCertFile           string `name:"tls-cert-file" group:"listen" placeholder:"FILE" help:"Certificate chain in PEM, to serve https without a proxy."`
	TLSKeyFile            string `name:"tls-key-file" group:"listen" placeholder:"FILE" help:"Its private key in PEM."`
	TrustedProxies        string `group:"listen" placeholder:"CIDR,..." help:"Proxies whose X-Forwarded-For is believed (default none)."`
	MaxOpenSessions       string `group:"listen" default:"100000" placeholder:"N" help:"Sessions of one client that may be open at a time (default 100000)."`
	NotificationKeyHeader string `group:"listen" default:"X-API-Key" placeholder:"NAME" help:"Header in which the verifier sends its key to /notification (default X-API-Key)."`
	NotificationKeyFile   string `group:"listen" placeholder:"FILE" help:"File that holds that key (default no key is needed)."`
	RefreshRetryWindow    string `group:"listen" default:"5s" placeholder:"TIME" help:"How long a refresh token that was used gives the same answer again, for a client whose answer got lost, 0s to 60s (default 5s)."`
	RequestRate           string `group:"listen" default:"500" placeholder:"N" help:"Requests a second that one address may make, and reads that one token may make, with bursts of ten times that; 0 for no limit (default 500)."`
	SignInTries           string `group:"listen" default:"5" placeholder:"N" help:"Tries to sign in with one user name from one address in 15 minutes, 1 to 1000 (default 5)."`
	MessagesPerNetwork    string `group:"listen" default:"60" placeholder:"N" help:"Messages with TANs that callers of one IPv4 address, or /64 of IPv6, may ask for in an hour, over all clients; 0 for no limit (default 60)."`
	ConfigFor             string `group:"listen" placeholder:"ID" help:"The client of which /config tells what addresses it takes, as a GNU Taler Challenger for that client alone would (default none: /config tells what this gateway is)."`
	SigningKeyLifetime    string `group:"listen" default:"2160h" placeholder:"TIME" help:"How long a key signs ID tokens until the next one does (default 2160h)."`
}
