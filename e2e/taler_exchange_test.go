package e2e_test

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha512"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchgate/e2e"
)

// exchange does what the oauth2 plugin of a GNU Taler exchange does (the one of
// December 2024): the same bytes in the same order, the same rules for answers,
// and the same ways to get stuck.
type exchange struct {
	t       *testing.T
	server  *httptest.Server // its own pages, /kyc-proof/swiyu above all
	client  e2e.Client
	gateway string
	body    []byte // of /setup, compressed; empty for accounts without an address
	helper  string // the converter

	mu        sync.Mutex
	processes map[string]*process // by account hash, the one that is not finished
	proofs    []proof
}

// process is a row of legitimization_processes that is not finished.
type process struct{ redirectURL string }

// proof is what a visit of /kyc-proof came to.
type proof struct {
	outcome outcome
	detail  string
	info    map[string]any
	user    map[string]any // what the converter made of info
}

type outcome string

const (
	proved      outcome = "proved"            // 303 to the end page, attributes are kept
	userAborted outcome = "aborted by user"   // 403, the process is finished
	provFailed  outcome = "provider failed"   // 403, the process is finished
	provTrouble outcome = "provider trouble"  // 502, the process stays open
	hangs       outcome = "the browser hangs" // the process stays open
	unknown     outcome = "no such process"   // 404
)

const exchangeSecret = "secret-token:Ex4mple+of/a:long_one"

// newExchange starts an exchange whose provider is swiyu.
func newExchange(t *testing.T, s *stage, flags ...string) *exchange {
	t.Helper()
	return newExchangeOf(t, s, "swiyu", flags...)
}

// newExchangeOf starts an exchange with one provider.
func newExchangeOf(t *testing.T, s *stage, provider string, flags ...string) *exchange {
	t.Helper()
	x := &exchange{t: t, gateway: s.URL, processes: map[string]*process{}, helper: fmt.Sprintf(converter, provider)}
	x.server = httptest.NewServer(http.HandlerFunc(x.kycProof))
	t.Cleanup(x.server.Close)
	x.client = s.Data.AddClient(t, e2e.ClientOptions{
		ID: "exchange-" + provider, Redirect: x.server.URL + "/kyc-proof/" + provider, Secret: exchangeSecret, Flags: flags,
	})
	return x
}

// accountHash is the state of all attempts of an account: 52 characters.
func accountHash(payto string) string {
	sum := sha512.Sum512([]byte(payto))
	crockford := base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)
	return crockford.EncodeToString(sum[:32])
}

// kycStart is /kyc-start: it returns the URL that the wallet opens, the same one
// for as long as the account's process is not finished.
func (x *exchange) kycStart(ctx context.Context, account string) (string, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if p := x.processes[account]; p != nil {
		return p.redirectURL, nil
	}
	status, body, err := x.curl(ctx, "POST", "/setup/"+x.client.ID, "Authorization: Bearer "+x.client.Secret, x.body)
	if err != nil {
		return "", err
	}
	nonce, ok := body["nonce"].(string)
	if status != http.StatusOK || !ok {
		return "", fmt.Errorf("backend invalid response: status %d", status)
	}
	u := fmt.Sprintf("%s/authorize/%s?response_type=code&client_id=%s&redirect_uri=%s&state=%s",
		x.gateway, nonce, x.client.ID, curlEscape(x.client.RedirectURI), account)
	x.processes[account] = &process{redirectURL: u}
	return u, nil
}

// kycProof is where the browser comes back to. It always answers, and notes down
// where the real one would not.
func (x *exchange) kycProof(w http.ResponseWriter, r *http.Request) {
	p := x.judge(r.Context(), r.URL.Query())
	x.mu.Lock()
	defer x.mu.Unlock()
	x.proofs = append(x.proofs, p)
	switch p.outcome {
	case proved:
		delete(x.processes, r.URL.Query().Get("state"))
		w.WriteHeader(http.StatusOK) // the real one sends the browser on with 303
	case userAborted, provFailed:
		delete(x.processes, r.URL.Query().Get("state"))
		w.WriteHeader(http.StatusForbidden)
	case unknown:
		w.WriteHeader(http.StatusNotFound)
	case hangs:
		w.WriteHeader(http.StatusGatewayTimeout)
	default:
		w.WriteHeader(http.StatusBadGateway)
	}
}

func (x *exchange) judge(ctx context.Context, q url.Values) proof {
	x.mu.Lock()
	open := x.processes[q.Get("state")] != nil
	x.mu.Unlock()
	switch {
	case !open:
		return proof{outcome: unknown}
	case q.Get("code") != "":
		return x.fetch(ctx, q.Get("state"), q.Get("code"))
	case strings.EqualFold(q.Get("error"), "server_error"):
		return proof{outcome: provFailed, detail: q.Get("error_description")}
	case strings.EqualFold(q.Get("error"), "unauthorized_client"):
		return proof{outcome: userAborted, detail: q.Get("error_description")}
	}
	return proof{outcome: hangs, detail: q.Get("error")}
}

// fetch swaps the code and reads the data, one right after the other.
func (x *exchange) fetch(ctx context.Context, state, code string) proof {
	form := "client_id=" + curlEscape(x.client.ID) + "&redirect_uri=" + curlEscape(x.client.RedirectURI) +
		"&state=" + curlEscape(state) + "&client_secret=" + curlEscape(x.client.Secret) +
		"&code=" + curlEscape(code) + "&grant_type=authorization_code"
	status, body, err := x.curl(ctx, "POST", "/token", "", []byte(form))
	if p, bad := refused(status, body, err); bad {
		return p
	}
	token, hasToken := body["access_token"].(string)
	kind, hasKind := body["token_type"].(string)
	if seconds, there := body["expires_in"]; there {
		n, isNumber := seconds.(json.Number)
		if _, err := n.Int64(); !isNumber || err != nil {
			return proof{outcome: provTrouble, detail: "expires_in is no integer"}
		}
	}
	if !hasToken || !hasKind || !strings.EqualFold(kind, "bearer") || strings.ContainsAny(token, "\n\r ;") {
		return proof{outcome: provTrouble, detail: "token answer"}
	}
	status, body, err = x.curl(ctx, "GET", "/info", "Authorization: Bearer "+token, nil)
	if p, bad := refused(status, body, err); bad {
		return p
	}
	user, err := x.convert(ctx, body)
	if err != nil {
		return proof{outcome: provTrouble, detail: err.Error()}
	}
	return proof{outcome: proved, info: body, user: user}
}

// refused judges an answer that is no 200: with both members of an error the
// process is over, with anything else the exchange blames the provider.
func refused(status int, body map[string]any, err error) (proof, bool) {
	if err != nil {
		return proof{outcome: provTrouble, detail: err.Error()}, true
	}
	if status == http.StatusOK {
		return proof{}, false
	}
	word, isText := body["error"].(string)
	description, described := body["error_description"].(string)
	if !isText || !described {
		return proof{outcome: provTrouble, detail: "error without its members"}, true
	}
	return proof{outcome: userAborted, detail: word + ": " + description}, true
}

// converter turns the gateway's answer into the exchange's attributes, by provider.
const converter = "../deploy/taler/vouchgate-%s-converter"

// convert runs the converter as the exchange does: JSON on standard input, no
// arguments, one JSON object with a text id on standard output. Without one the
// exchange could use only the id.
func (x *exchange) convert(ctx context.Context, info map[string]any) (user map[string]any, err error) {
	if _, err := os.Stat(x.helper); errors.Is(err, os.ErrNotExist) {
		user = info
	} else {
		input, err := json.Marshal(info)
		if err != nil {
			return nil, err
		}
		helper := exec.CommandContext(ctx, x.helper)
		helper.Stdin = bytes.NewReader(input)
		out, err := helper.Output()
		if err != nil {
			return nil, fmt.Errorf("converter: %w", err)
		}
		if err := json.Unmarshal(out, &user); err != nil {
			return nil, fmt.Errorf("converter: %w", err)
		}
	}
	if id, ok := user["id"].(string); !ok || id == "" {
		return nil, errors.New("no text id")
	}
	return user, nil
}

// curlEscape is curl_easy_escape: everything but A-Za-z0-9-._~ becomes %XX.
func curlEscape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// curl sends a request as libcurl writes it, and reads the answer by the rules of
// GNUnet: only application/json is looked at, repeated members are refused, what
// follows the JSON is not.
func (x *exchange) curl(ctx context.Context, method, path, header string, body []byte) (int, map[string]any, error) {
	host := strings.TrimPrefix(x.gateway, "http://")
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", host)
	if err != nil {
		return 0, nil, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(e2e.Patience))
	head := method + " " + path + " HTTP/1.1\r\nHost: " + host + "\r\nAccept: */*\r\n"
	if header != "" {
		head += header + "\r\n"
	}
	if method == "POST" {
		head += fmt.Sprintf("Content-Length: %d\r\nContent-Type: application/x-www-form-urlencoded\r\n", len(body))
	}
	reader := bufio.NewReader(conn)
	if len(body) > 1024 { // older versions ask first then
		if _, err := io.WriteString(conn, head+"Expect: 100-continue\r\n\r\n"); err != nil {
			return 0, nil, err
		}
		interim, err := http.ReadResponse(reader, nil)
		if err != nil || interim.StatusCode != http.StatusContinue {
			return 0, nil, fmt.Errorf("instead of 100: %v, %w", interim, err)
		}
		head = ""
	} else {
		head += "\r\n"
	}
	if _, err := conn.Write(append([]byte(head), body...)); err != nil {
		return 0, nil, err
	}
	resp, err := http.ReadResponse(reader, nil)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 40<<20))
	if err != nil {
		return 0, nil, err
	}
	answer, err := gnunetJSON(resp.Header.Get("Content-Type"), raw)
	return resp.StatusCode, answer, err
}

func gnunetJSON(contentType string, raw []byte) (map[string]any, error) {
	rest, isJSON := strings.CutPrefix(contentType, "application/json")
	if !isJSON || rest != "" && rest[0] != ';' && rest[0] != ' ' {
		return nil, nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var answer map[string]any
	if err := dec.Decode(&answer); err != nil {
		return nil, fmt.Errorf("no response: %w", err)
	}
	return answer, noRepeats(json.NewDecoder(bytes.NewReader(raw)))
}

// noRepeats reads one JSON value and returns an error if an object in it has two
// members of one name.
func noRepeats(dec *json.Decoder) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	names := map[string]bool{}
	switch token {
	case json.Delim('{'):
		for dec.More() {
			name, err := dec.Token()
			if err != nil {
				return err
			}
			if names[name.(string)] {
				return fmt.Errorf("no response: %q comes twice", name)
			}
			names[name.(string)] = true
			if err := noRepeats(dec); err != nil {
				return err
			}
		}
	case json.Delim('['):
		for dec.More() {
			if err := noRepeats(dec); err != nil {
				return err
			}
		}
	default:
		return nil
	}
	_, err = dec.Token()
	return err
}

// deflated is a body as the exchange compresses an initial address, of a size
// that cannot be made smaller.
func deflated(t *testing.T, address string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, err := io.WriteString(z, address)
	check(t, errors.Join(err, z.Close()))
	return b.Bytes()
}

// last is what the newest visit of /kyc-proof came to.
func (x *exchange) last() proof {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.proofs) == 0 {
		return proof{}
	}
	return x.proofs[len(x.proofs)-1]
}

// opened says whether an account's process is open.
func (x *exchange) opened(account string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.processes[account] != nil
}
