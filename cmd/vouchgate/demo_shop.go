package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

//go:embed demo
var demoFiles embed.FS

var shopPages = template.Must(template.ParseFS(demoFiles, "demo/shop.html"))

// shopScope is what the shop asks for: of all of it, each method proves a part.
const shopScope = "profile age_over_18 email phone address"

// shop is the client of the demo: what a web shop has to do to have something proved
// with vouchgate. It uses nothing of vouchgate but its HTTP interface.
type shop struct {
	gateway  string // URL
	self     string // URL
	id       string
	secret   string
	verifier *webhooks.Webhook
	client   *http.Client
	now      func() time.Time
	account  issuedAccount // of somebody made up, to be shown
	mails    *inbox
	done     func(step, detail string, took time.Duration) // is told of calls to the gateway

	mu      sync.Mutex
	visits  map[string]string // state to code verifier, of visits that are not back yet
	told    []shopEvent       // newest first
	arrived chan shopEvent    // for who waits for webhooks
}

// shopEvent is a webhook whose signature was good.
type shopEvent struct {
	Type string
	Body string
	At   time.Time
}

func (s *shop) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { writeShopPage(w, "home", s.account) })
	mux.HandleFunc("GET /start", s.start)
	mux.HandleFunc("GET /callback", s.callback)
	mux.HandleFunc("POST /webhook", s.webhook)
	mux.HandleFunc("GET /webhooks", func(w http.ResponseWriter, _ *http.Request) { writeShopPage(w, "webhooks", s.events()) })
	mux.HandleFunc("GET /inbox", func(w http.ResponseWriter, _ *http.Request) { writeShopPage(w, "inbox", s.mails.all()) })
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, demoFiles, "demo/shop.css")
	})
	return mux
}

const stateCookie = "muster_shop_state"

func (s *shop) callbackURL() string { return s.self + "/callback" }

// start sets a session up at the gateway and sends the browser there, with a code
// challenge (RFC 7636) and a state that only this browser knows.
func (s *shop) start(w http.ResponseWriter, r *http.Request) {
	var setup struct {
		Nonce string `json:"nonce"`
	}
	err := s.call(r.Context(), "setup", http.MethodPost, "/setup/"+s.id, s.secret, nil, &setup)
	if err != nil {
		s.refuse(w, err.Error())
		return
	}
	state, codeVerifier := rand.Text(), rand.Text()+rand.Text()
	challenge := sha256.Sum256([]byte(codeVerifier))
	s.mu.Lock()
	s.visits[state] = codeVerifier
	s.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: stateCookie, Value: state, Path: "/callback", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	query := url.Values{
		"response_type": {"code"}, "client_id": {s.id}, "redirect_uri": {s.callbackURL()}, "state": {state}, "scope": {shopScope},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	http.Redirect(w, r, s.gateway+"/authorize/"+setup.Nonce+"?"+query.Encode(), http.StatusSeeOther)
}

// callback swaps the code for an access token and reads the data.
func (s *shop) callback(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	cookie, err := r.Cookie(stateCookie)
	s.mu.Lock()
	codeVerifier, known := s.visits[query.Get("state")]
	delete(s.visits, query.Get("state"))
	s.mu.Unlock()
	switch {
	case err != nil || !known || cookie.Value != query.Get("state"):
		s.refuse(w, "This answer does not belong to a visit of this browser.")
		return
	case query.Get("error") != "":
		s.refuse(w, "The gateway says: "+query.Get("error_description"))
		return
	case query.Get("iss") != s.gateway:
		s.refuse(w, "This answer comes from somebody else than the gateway.")
		return
	}
	info, err := s.redeem(r.Context(), query.Get("code"), codeVerifier)
	if err != nil {
		s.refuse(w, err.Error())
		return
	}
	writeShopPage(w, "proved", provedPage(info, s.events()))
}

func (s *shop) redeem(ctx context.Context, code, codeVerifier string) (info map[string]any, err error) {
	var token struct {
		AccessToken string `json:"access_token"`
	}
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {s.callbackURL()},
		"code_verifier": {codeVerifier}, "client_id": {s.id}, "client_secret": {s.secret},
	}
	if err := s.call(ctx, "token", http.MethodPost, "/token", "", form, &token); err != nil {
		return nil, err
	}
	return info, s.call(ctx, "info", http.MethodGet, "/info", token.AccessToken, nil, &info)
}

// call calls the gateway and tells how long that took.
func (s *shop) call(ctx context.Context, step, method, path, bearer string, form url.Values, answer any) error {
	started := s.now()
	request, err := http.NewRequestWithContext(ctx, method, s.gateway+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the gateway answered %s %s with %d: %s", method, path, response.StatusCode, body)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber() // the id is one that a float64 would round
	if err := d.Decode(answer); err != nil {
		return fmt.Errorf("the gateway's answer to %s %s is not JSON: %w", method, path, err)
	}
	s.done(step, fmt.Sprintf("%s %s answered %d", method, path, response.StatusCode), s.now().Sub(started))
	return nil
}

// webhook takes what the gateway tells, if the signature is good (Standard
// Webhooks 1.0.0).
func (s *shop) webhook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	if err == nil {
		err = s.verifier.Verify(body, r.Header)
	}
	var event struct {
		Type string `json:"type"`
	}
	if err == nil {
		err = json.Unmarshal(body, &event)
	}
	if err != nil {
		http.Error(w, "the webhook cannot be trusted", http.StatusBadRequest)
		return
	}
	var pretty bytes.Buffer
	_ = json.Indent(&pretty, body, "", "  ")
	e := shopEvent{Type: event.Type, Body: pretty.String(), At: s.now()}
	s.mu.Lock()
	s.told = slices.Insert(s.told, 0, e)
	s.told = s.told[:min(len(s.told), 5)]
	s.mu.Unlock()
	select {
	case s.arrived <- e:
	default:
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *shop) events() []shopEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.told)
}

func (s *shop) refuse(w http.ResponseWriter, why string) { writeShopPage(w, "refused", why) }

type shopFact struct{ Name, Value string }

// provedPage lays the answer of /info out, in alphabetical order.
func provedPage(info map[string]any, told []shopEvent) map[string]any {
	facts := factsOf("", info)
	slices.SortFunc(facts, func(a, b shopFact) int { return strings.Compare(a.Name, b.Name) })
	_, aged := info["age_over_18"]
	return map[string]any{
		"Name": info["given_name"], "Aged": aged, "OldEnough": info["age_over_18"] == true,
		"Email": info["email"], "Phone": info["phone_number"], "Address": info["address"],
		"Info": facts, "Webhooks": told[:min(len(told), 1)],
	}
}

// factsOf lists the members of an object, and of those in it by names with dots.
func factsOf(above string, members map[string]any) (facts []shopFact) {
	for name, value := range members {
		if inner, ok := value.(map[string]any); ok {
			facts = append(facts, factsOf(above+name+".", inner)...)
			continue
		}
		facts = append(facts, shopFact{above + name, fmt.Sprint(value)})
	}
	return facts
}

func writeShopPage(w http.ResponseWriter, name string, data any) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	if err := shopPages.ExecuteTemplate(w, name, data); err != nil {
		panic(errors.Join(http.ErrAbortHandler, err))
	}
}
