package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"vouchgate/kyc"
)

const (
	redirectURI = "http://127.0.0.1/callback"
	scope       = "given_name family_name age_over_18"
)

// walker walks for one client. It is safe for concurrent use.
type walker struct {
	http  *http.Client
	gate  string // URL of the gateway
	mock  *mock
	id    string
	keyed string // the client's secret
	page  bool   // walk as a browser that loads the page, not as a program that takes JSON
}

// walk is one walk under way.
type walk struct {
	session      string
	nonce        string
	state        string
	verifier     string // of PKCE
	cookie       string
	verification string
	events       *http.Response
	lines        *bufio.Scanner
	code, token  string

	accepted time.Time // when the wallet began to answer
	took     []time.Duration
}

// step is one of the things that a walk consists of.
type step struct {
	name string
	do   func(*walker, context.Context, *walk) error
}

// steps are all of them, in order. The page step does nothing in a walk without
// page.
var steps = []step{
	{"setup", (*walker).setup},
	{"authorize", (*walker).authorize},
	{"page", (*walker).showPage},
	{"watch", (*walker).watch},
	{"verified", (*walker).prove},
	{"finish", (*walker).finish},
	{"token", (*walker).redeem},
	{"info", (*walker).info},
}

// walk does all steps. after, if not nil, is called after each with its number.
func (w *walker) walk(ctx context.Context, after func(int) error) (*walk, error) {
	v := &walk{state: rand.Text(), verifier: rand.Text() + rand.Text(), took: make([]time.Duration, len(steps))}
	defer func() {
		if v.events != nil {
			v.events.Body.Close()
		}
	}()
	for i, s := range steps {
		began := time.Now()
		if err := s.do(w, ctx, v); err != nil {
			return v, fmt.Errorf("%s: %w", s.name, err)
		}
		v.took[i] = time.Since(began)
		if after != nil {
			if err := after(i); err != nil {
				return v, err
			}
		}
	}
	return v, nil
}

func (w *walker) setup(ctx context.Context, v *walk) error {
	got, err := request{method: http.MethodPost, url: w.gate + "/setup/" + w.id, bearer: w.keyed,
		want: http.StatusOK}.do(ctx, w.http)
	if err != nil {
		return err
	}
	var body struct{ Nonce string }
	if err := json.Unmarshal(got.body, &body); err != nil {
		return err
	}
	handle, err := kyc.ParseHandle(body.Nonce)
	v.nonce, v.session = body.Nonce, handle.ID.String()
	return err
}

func (w *walker) authorize(ctx context.Context, v *walk) error {
	sum := sha256.Sum256([]byte(v.verifier))
	query := url.Values{
		"response_type": {"code"}, "client_id": {w.id}, "redirect_uri": {redirectURI}, "scope": {scope}, "state": {v.state},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	r := request{url: w.gate + "/authorize/" + v.nonce + "?" + query.Encode(), accept: "application/json", want: http.StatusOK}
	if w.page {
		r.accept, r.want = "text/html", http.StatusSeeOther
	}
	got, err := r.do(ctx, w.http)
	if err != nil {
		return err
	}
	v.cookie, _, _ = strings.Cut(got.header.Get("Set-Cookie"), ";")
	if w.page {
		return nil
	}
	var body struct {
		VerificationID string `json:"verification_id"`
	}
	err = json.Unmarshal(got.body, &body)
	v.verification = body.VerificationID
	return err
}

// requestObject finds the verification in the wallet's link on the page.
var requestObject = regexp.MustCompile(`request-object%2F([0-9a-f-]{36})`)

func (w *walker) showPage(ctx context.Context, v *walk) error {
	if !w.page {
		return nil
	}
	got, err := request{url: w.session(v, ""), accept: "text/html", cookie: v.cookie, want: http.StatusOK}.do(ctx, w.http)
	if err != nil {
		return err
	}
	found := requestObject.FindSubmatch(got.body)
	if found == nil {
		return errors.New("the page has no link for the wallet")
	}
	v.verification = string(found[1])
	return nil
}

func (w *walker) session(v *walk, step string) string { return w.gate + "/session/" + v.session + step }

// watch opens the stream of status and reads the state as it is.
func (w *walker) watch(ctx context.Context, v *walk) (err error) {
	v.events, err = request{url: w.session(v, "/status"), accept: "text/event-stream", cookie: v.cookie,
		want: http.StatusOK}.open(ctx, w.http)
	if err != nil {
		return err
	}
	v.lines = bufio.NewScanner(v.events.Body)
	return v.await("authorized")
}

// await reads events until one tells the status; any other than authorized before
// it is a fault.
func (v *walk) await(status string) error {
	for v.lines.Scan() {
		data, ok := strings.CutPrefix(v.lines.Text(), "data: ")
		if !ok {
			continue
		}
		var event struct{ Status string }
		if err := json.Unmarshal([]byte(data), &event); err != nil {
			return err
		}
		switch event.Status {
		case status:
			return nil
		case "authorized":
		default:
			return fmt.Errorf("status %s instead of %s", event.Status, status)
		}
	}
	return errors.Join(errors.New("the stream of status ended"), v.lines.Err())
}

// prove lets the wallet answer and waits for the result to reach the browser.
func (w *walker) prove(ctx context.Context, v *walk) error {
	v.accepted = time.Now()
	if err := w.mock.accept(ctx, w.http, v.verification); err != nil {
		return err
	}
	if err := v.await("verified"); err != nil {
		return err
	}
	for v.lines.Scan() { // to the end, so that the connection can be used again
	}
	return v.lines.Err()
}

func (w *walker) finish(ctx context.Context, v *walk) error {
	got, err := request{url: w.session(v, "/finish"), accept: "text/html", cookie: v.cookie, want: http.StatusSeeOther}.do(ctx, w.http)
	if err != nil {
		return err
	}
	to, err := url.Parse(got.header.Get("Location"))
	if err != nil {
		return err
	}
	v.code = to.Query().Get("code")
	if v.code == "" || to.Query().Get("state") != v.state {
		return errors.New("no code, or another state, in the redirect")
	}
	return nil
}

func (w *walker) redeem(ctx context.Context, v *walk) error {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {v.code}, "redirect_uri": {redirectURI}, "code_verifier": {v.verifier}}
	got, err := request{method: http.MethodPost, url: w.gate + "/token", body: form.Encode(), kind: "application/x-www-form-urlencoded",
		user: w.id, pass: w.keyed, want: http.StatusOK}.do(ctx, w.http)
	if err != nil {
		return err
	}
	var body struct {
		AccessToken string `json:"access_token"`
	}
	err = json.Unmarshal(got.body, &body)
	v.token = body.AccessToken
	return err
}

func (w *walker) info(ctx context.Context, v *walk) error { return w.read(ctx, v.token) }

// read reads the proved data, which has to be there.
func (w *walker) read(ctx context.Context, token string) error {
	got, err := request{url: w.gate + "/info", bearer: token, want: http.StatusOK}.do(ctx, w.http)
	if err != nil {
		return err
	}
	var body struct {
		GivenName string `json:"given_name"`
		Over18    bool   `json:"age_over_18"`
	}
	if err := json.Unmarshal(got.body, &body); err != nil {
		return err
	}
	if body.GivenName == "" || !body.Over18 {
		return errors.New("claims are missing")
	}
	return nil
}
