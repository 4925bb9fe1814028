package worker

import (
	"context"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vouchgate/kyc"
	"vouchgate/seal"
	"vouchgate/store"
)

// Verifier is asked what became of a verification.
type Verifier interface {
	// Fetch asks the client's verifier about the verification requestID and judges
	// the answer against the scope. Every error means that the answer is not
	// known and that asking again may help.
	Fetch(ctx context.Context, client kyc.Client, requestID, scope string) (kyc.Outcome, error)
}

// Resolver turns host names into addresses, as net.Resolver does.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Config is what a worker works with. Store, Ring, Verifier, Now, Rand and Log
// have to be there; the zero values of the others are explained.
type Config struct {
	Store    *store.Store
	Ring     *seal.Ring
	Verifier Verifier
	Now      func() time.Time // the clock of all decisions
	Rand     io.Reader        // ids and jitter; safe for concurrent use
	Log      *slog.Logger     // gets ids and codes, never personal data

	Sender Sender // nil: no messages are sent

	Registry prometheus.Registerer // nil: no metrics

	Watched func(kyc.ID) bool // says whether somebody looks at a session's page; nil: nobody ever
	Changed func(kyc.Session) // is told after a session changed its state; nil: nobody is told

	AllowNetworks []netip.Prefix  // networks that webhooks may reach although not public, by plain http as well; nil: none
	Version       string          // for the User-Agent of webhooks; empty: "dev"
	Retention     store.Retention // zero: store.DefaultRetention

	Looks          int            // looks at verifications at the same time; 0: 64
	Sends          int            // webhooks on their way at the same time; 0: 256
	SendsPerClient int            // of these to one client; 0: 32
	Messages       int            // messages on their way at the same time, of each method; 0: 64
	Gather         time.Duration  // how long outcomes of webhooks are gathered before they are written; 0: 1 s
	Poll           time.Duration  // how often the database is asked for due work; 0: 1 s
	Drain          time.Duration  // how long running work may take at shutdown; 0: 10 s
	RootCAs        *x509.CertPool // who vouches for webhook receivers; nil: the system's
	Resolver       Resolver       // for the names of webhook receivers; nil: net.DefaultResolver
}

// The defaults of Config.
const (
	defaultLooks          = 64
	defaultSends          = 256
	defaultSendsPerClient = 32
	defaultMessages       = 64
	defaultGather         = time.Second
	defaultPoll           = time.Second
	defaultDrain          = 10 * time.Second
)

var errIncomplete = errors.New("worker: Store, Ring, Verifier, Now, Rand and Log are needed")

func (c Config) withDefaults() (Config, error) {
	if c.Store == nil || c.Ring == nil || c.Verifier == nil || c.Now == nil || c.Rand == nil || c.Log == nil {
		return c, errIncomplete
	}
	if c.Watched == nil {
		c.Watched = func(kyc.ID) bool { return false }
	}
	if c.Changed == nil {
		c.Changed = func(kyc.Session) {}
	}
	if c.Version == "" {
		c.Version = "dev"
	}
	if c.Retention == (store.Retention{}) {
		c.Retention = store.DefaultRetention
	}
	c.Looks = orDefault(c.Looks, defaultLooks)
	c.Sends = orDefault(c.Sends, defaultSends)
	c.SendsPerClient = orDefault(c.SendsPerClient, defaultSendsPerClient)
	c.Messages = orDefault(c.Messages, defaultMessages)
	c.Gather = orDefault(c.Gather, defaultGather)
	c.Poll = orDefault(c.Poll, defaultPoll)
	c.Drain = orDefault(c.Drain, defaultDrain)
	return c, nil
}

func orDefault[T int | time.Duration](v, or T) T {
	if v <= 0 {
		return or
	}
	return v
}

// now is the time as the databases keep it.
func (c *Config) now() time.Time { return c.Now().UTC().Truncate(time.Microsecond) }

// random returns a number in [0,1). Without a random source there is no jitter.
func (c *Config) random() float64 {
	var b [8]byte
	if _, err := io.ReadFull(c.Rand, b[:]); err != nil {
		return 0.5
	}
	return float64(binary.BigEndian.Uint64(b[:])>>11) / (1 << 53)
}
