package e2e

import (
	"context"
	"crypto/rand"
	"net/http/httptest"
	"regexp"
	"sync"
	"testing"
	"time"

	"vouchgate/verify/swiyu/swiyutest"
)

// Verifier is a mock of the swiyu verifier behind a real connection.
type Verifier struct {
	*swiyutest.Verifier
	URL string
}

// NewVerifier starts a mock. Zero fields of the configuration that are needed are
// filled in; webhooks are sent as soon as they are recorded.
func NewVerifier(t testing.TB, c swiyutest.Config) *Verifier {
	t.Helper()
	c.Now, c.Rand = time.Now, rand.Reader
	c.NotifyAtOnce = true
	if c.NotifyInterval == 0 {
		c.NotifyInterval = 100 * time.Millisecond
	}
	v := &Verifier{Verifier: swiyutest.New(c)}
	server := httptest.NewServer(v)
	v.URL = server.URL
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { v.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		server.CloseClientConnections()
		server.Close()
	})
	return v
}

// Tell sends the verifier's webhooks to a gateway from now on.
func (v *Verifier) Tell(g *Gateway) { v.SetNotifyURL(g.URL + "/notification") }

// Auto has a wallet answer every verification that is made from now on.
func (v *Verifier) Auto(a swiyutest.AutoAction, person string) {
	v.SetMode(swiyutest.Mode{Auto: &swiyutest.Auto{Action: a, Person: person}})
}

var requestObject = regexp.MustCompile(`request-object(?:/|%2F|%252F)([0-9a-f-]{36})`)

// VerificationOn finds the id of the verification whose link is on a page or in a
// text; empty if there is none.
func VerificationOn(text []byte) string {
	if found := requestObject.FindSubmatch(text); found != nil {
		return string(found[1])
	}
	return ""
}
