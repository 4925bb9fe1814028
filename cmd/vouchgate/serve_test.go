package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchgate/store/storetest/pgtest"
	"vouchgate/verify/swiyu/swiyutest"
)

// running is a verb that runs until it is stopped.
type running struct {
	t     *testing.T
	stop  context.CancelFunc
	code  chan int
	where struct{ Address, URL, Admin string }

	mu  sync.Mutex
	log strings.Builder
}

// start runs a verb and waits until it says where it listens.
func (s *shell) start(args ...string) *running {
	t := s.t.(*testing.T)
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &running{t: t, stop: stop, code: make(chan int, 1)}
	read, write := io.Pipe()
	go func() {
		r.code <- run(ctx, args, strings.NewReader(""), io.Discard, write, s.lookup)
		_ = write.Close()
	}()
	listening := make(chan bool, 1)
	go func() {
		for lines := bufio.NewScanner(read); lines.Scan(); {
			r.mu.Lock()
			r.log.WriteString(lines.Text() + "\n")
			r.mu.Unlock()
			if strings.Contains(lines.Text(), `"msg":"listening"`) {
				listening <- json.Unmarshal(lines.Bytes(), &r.where) == nil
			}
		}
		close(listening)
	}()
	t.Cleanup(func() { stop() })
	if !<-listening {
		t.Fatalf("vouchgate %s does not listen:\n%s", strings.Join(args, " "), r.said())
	}
	return r
}

func (r *running) said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.String()
}

// end stops the verb, which has to end well.
func (r *running) end() {
	r.t.Helper()
	r.stop()
	if code := <-r.code; code != exitDone {
		r.t.Errorf("it ended with exit code %d:\n%s", code, r.said())
	}
}

func get(t *testing.T, client *http.Client, address string) (*http.Response, string) {
	t.Helper()
	response, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

var freePorts = []string{"--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"}

func TestServe(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	r := s.start(append([]string{"serve"}, freePorts...)...)
	for _, says := range []string{"made the data directory", "applied to the schema", "made new keys"} {
		if !strings.Contains(r.said(), says) {
			t.Errorf("the first start does not say %q:\n%s", says, r.said())
		}
	}
	if r.where.URL != "http://"+r.where.Address {
		t.Errorf("the public URL is %s, the address %s", r.where.URL, r.where.Address)
	}
	answer, body := get(t, http.DefaultClient, r.where.URL+"/config")
	if answer.StatusCode != http.StatusOK || !strings.Contains(body, `"vouchgate"`) || answer.Header.Get("Strict-Transport-Security") != "" {
		t.Errorf("/config answers %d %s", answer.StatusCode, body)
	}
	for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ok", "/metrics": "vouchgate_requests_total"} {
		if answer, body := get(t, http.DefaultClient, "http://"+r.where.Admin+path); answer.StatusCode != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s answers %d %s", path, answer.StatusCode, body)
		}
	}
	if answer, _ := get(t, http.DefaultClient, r.where.URL+"/metrics"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("metrics are on the public listener: %d", answer.StatusCode)
	}

	secret := s.addShop().ClientSecret // beside the running gateway
	s.setUp(r, secret)

	s.run(append([]string{"serve"}, freePorts...)...).fails(exitFailed, "another vouchgate works on", "SQLite belongs to one process")
	s.run("worker", "--admin-listen", "off").fails(exitFailed, "another vouchgate works on")
	r.end()
	if strings.Contains(r.said(), secret) || !strings.Contains(r.said(), `"msg":"stopped"`) {
		t.Errorf("the log holds the secret or does not say that it stopped:\n%s", r.said())
	}
	again := s.start(append([]string{"serve"}, freePorts...)...)
	if strings.Contains(again.said(), "made") || strings.Contains(again.said(), "applied") {
		t.Errorf("the second start made something:\n%s", again.said())
	}
	again.end()
	info, err := os.Stat(s.env["VOUCHGATE_DATA_DIR"])
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the data directory is %v, error %v", info.Mode(), err)
	}
}

// setUp makes a session at a running gateway.
func (s *shell) setUp(r *running, secret string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, r.where.URL+"/setup/shop", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+secret)
	answer, err := http.DefaultClient.Do(request)
	if err != nil || answer.StatusCode != http.StatusOK {
		s.t.Fatalf("/setup answers %v, error %v", answer, err)
	}
	answer.Body.Close()
}

func TestServeRefusesTakenAddress(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := newShell(t)
	s.run("serve", "--listen", l.Addr().String(), "--admin-listen", "off").fails(exitFailed, "opening the public listener", "in use")
	// The lock is free again.
	s.start("serve", "--listen", "127.0.0.1:0", "--admin-listen", "off").end()
}

func TestServeWithoutMigration(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.run("serve", "--no-migrate", "--listen", "127.0.0.1:0").fails(exitFailed, "run vouchgate migrate")
	s.run("migrate").ok()
	s.start(append([]string{"serve", "--no-migrate"}, freePorts...)...).end()
}

func TestWorkerAlone(t *testing.T) {
	t.Parallel()
	r := newShell(t).start("worker", "--admin-listen", "127.0.0.1:0")
	if answer, _ := get(t, http.DefaultClient, "http://"+r.where.Admin+"/readyz"); answer.StatusCode != http.StatusOK || r.where.Address != "" {
		t.Errorf("/readyz answers %d, and it listens at %q", answer.StatusCode, r.where.Address)
	}
	r.end()
}

func TestServeOnPostgres(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.env["VOUCHGATE_DATABASE"] = pgtest.URL(t)
	s.run("migrate").ok()
	secret := s.addShop().ClientSecret
	one := s.start(append([]string{"serve"}, freePorts...)...)
	two := s.start(append([]string{"serve"}, freePorts...)...) // Postgres takes several
	for _, r := range []*running{one, two} {
		if answer, _ := get(t, http.DefaultClient, "http://"+r.where.Admin+"/readyz"); answer.StatusCode != http.StatusOK {
			t.Errorf("/readyz answers %d", answer.StatusCode)
		}
	}
	if !s.accepts(secret) {
		t.Error("the client is not there")
	}
	one.end()
	two.end()
	s.env["VOUCHGATE_DATABASE"] = "postgres://nobody:hunter2hunter2@127.0.0.1:1/none"
	if r := s.run("client", "list").fails(exitFailed, "reaching postgres"); strings.Contains(r.stderr, "hunter2") {
		t.Errorf("a password was printed:\n%s", r.stderr)
	}
}

func TestServeTLS(t *testing.T) {
	t.Parallel()
	certFile, keyFile, pool := certificate(t)
	r := newShell(t).start("serve", "--listen", "127.0.0.1:0", "--admin-listen", "off", "--tls-cert-file", certFile, "--tls-key-file", keyFile)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true, DisableKeepAlives: true}}
	answer, _ := get(t, client, r.where.URL+"/config")
	if !strings.HasPrefix(answer.Header.Get("Strict-Transport-Security"), "max-age=31536000") || answer.ProtoMajor != 2 || !strings.HasPrefix(r.where.URL, "https://") {
		t.Errorf("over TLS: protocol %s, headers %v, URL %s", answer.Proto, answer.Header, r.where.URL)
	}
	_, err := tls.Dial("tcp", r.where.Address, &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS11})
	if err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	r.end()
}

// certificate makes one for 127.0.0.1 that vouches for itself.
func certificate(t *testing.T) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: clock().Add(-time.Hour), NotAfter: clock().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(chain)
	return writeFile(t, "cert.pem", string(chain)),
		writeFile(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))), pool
}

// Go's zero values mean no limit, so each is looked at.
func TestHTTPLimits(t *testing.T) {
	t.Parallel()
	s := newHTTPServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	for name, got := range map[string]bool{
		"ReadHeaderTimeout": s.ReadHeaderTimeout == 5*time.Second, "ReadTimeout": s.ReadTimeout == 10*time.Second,
		"WriteTimeout": s.WriteTimeout == 30*time.Second, "IdleTimeout": s.IdleTimeout == 60*time.Second,
		"MaxHeaderBytes": s.MaxHeaderBytes == 16<<10, "ErrorLog": s.ErrorLog != nil,
		"no h2c": s.Protocols == nil, "streams": s.HTTP2.MaxConcurrentStreams == 100,
	} {
		if !got {
			t.Errorf("%s is not as it should be", name)
		}
	}
}

func TestMockVerifier(t *testing.T) {
	t.Parallel()
	notified := make(chan string, 1)
	gateway := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { notified <- r.Header.Get("X-Key") }))
	defer gateway.Close()
	s := newShell(t)
	r := s.start("mock-verifier", "--listen", "127.0.0.1:0", "--notify", gateway.URL+"/notification", "--notify-interval", "1ms",
		"--api-key-header", "X-Key", "--api-key-file", writeFile(t, "key", "0123456789abcdef\n"))
	answer, body := get(t, http.DefaultClient, r.where.URL+"/control/persons")
	var persons []swiyutest.Person
	if err := json.Unmarshal([]byte(body), &persons); err != nil || len(persons) == 0 || answer.StatusCode != http.StatusOK {
		t.Errorf("persons: %d %s", answer.StatusCode, body)
	}
	response, err := http.Post(r.where.URL+"/control/verifications/11111111-2222-3333-4444-555555555555/notify", "", nil)
	if err != nil || response.StatusCode != http.StatusNoContent {
		t.Fatalf("notify: %v, error %v", response, err)
	}
	response.Body.Close()
	if key := <-notified; key != "0123456789abcdef" {
		t.Errorf("the notification carries the key %q", key)
	}
	r.end()
	s.run("mock-verifier", "--major", "6", "--ttl", "x", "--notify", "x").fails(exitUsage, "major: must be", "ttl: must be", "notify: must be")
}
