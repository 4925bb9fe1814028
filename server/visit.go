package server

import (
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"

	"vouchgate/kyc"
	"vouchgate/oauth"
	"vouchgate/server/pages"
)

// visit is what the operations need to know of a request beside their typed
// input, which is all that generated code hands them.
type visit struct {
	pattern       string
	address       string // of the caller, for limits
	lang          pages.Lang
	chosenLang    bool // the request names the language
	json          bool // wants JSON where a person would get a page
	html          bool // names HTML as what it takes
	stream        bool // wants server-sent events
	head          bool // wants to know about an answer, and not to have it
	authorization []string
	browser       string       // the value of the binding cookie, empty without
	signIn        string       // the value of the sign-in cookie, empty without
	letter        string       // the value of the letter's cookie, empty without
	posted        bool         // the authorization request came in a form
	query         string       // raw, of operations that OAuth checks
	form          oauth.Params // of the endpoints that clients post to
	fields        url.Values   // of a page's form
	body          []byte       // of /setup
	path          string       // with query, to come back to

	once sync.Once
	ref  string
}

type visitKey struct{}

func withVisit(ctx context.Context, v *visit) context.Context {
	return context.WithValue(ctx, visitKey{}, v)
}

func visitOf(ctx context.Context) *visit { return ctx.Value(visitKey{}).(*visit) }

func (s *Server) visit(r *http.Request) *visit {
	v := &visit{
		address:       s.address(r),
		head:          r.Method == http.MethodHead,
		authorization: r.Header["Authorization"],
		query:         r.URL.RawQuery,
		path:          r.URL.RequestURI(),
	}
	v.speak(r.URL.Query().Get("ui_locales"), r)
	v.json, v.html, v.stream = accepts(r.Header.Values("Accept"))
	v.stream = v.stream && strings.HasSuffix(r.URL.Path, "/status")
	if c, err := r.Cookie(s.cookieName()); err == nil {
		v.browser = c.Value
	}
	if c, err := r.Cookie(s.cookieName() + signInSuffix); err == nil {
		v.signIn = c.Value
	}
	if c, err := r.Cookie(s.cookieName() + letterSuffix); err == nil {
		v.letter = c.Value
	}
	return v
}

// speak sets the language from what the request asks for, else from the browser's.
func (v *visit) speak(locales string, r *http.Request) {
	v.chosenLang = locales != ""
	v.lang = pages.Match(locales, r.Header.Get("Accept-Language"))
}

// reference returns a name of the request that a person can tell the operator,
// who finds it in the log.
func (v *visit) reference(rand io.Reader) string {
	v.once.Do(func() {
		var b [5]byte
		_, _ = io.ReadFull(rand, b[:])
		v.ref = hex.EncodeToString(b[:])
	})
	return v.ref
}

// accepts reads the Accept header (RFC 9110, section 12.5.1): JSON is meant by
// callers that name it with more weight than HTML, a stream by those who name its
// type. Everybody else gets a page, where there is one. html says that HTML is named.
func accepts(headers []string) (json, html, stream bool) {
	var jsonWeight, htmlWeight float64
	for _, h := range headers {
		for part := range strings.SplitSeq(h, ",") {
			kind, weight := mediaRange(part)
			switch kind {
			case "application/json":
				jsonWeight = max(jsonWeight, weight)
			case "text/html", "application/xhtml+xml":
				htmlWeight = max(htmlWeight, weight)
			case "text/event-stream":
				stream = stream || weight > 0
			}
		}
	}
	return jsonWeight > htmlWeight, htmlWeight > 0, stream
}

func mediaRange(s string) (kind string, weight float64) {
	kind, params, _ := strings.Cut(s, ";")
	weight = 1
	for p := range strings.SplitSeq(params, ";") {
		if name, value, _ := strings.Cut(strings.TrimSpace(p), "="); strings.EqualFold(name, "q") {
			weight = quality(value)
		}
	}
	return strings.ToLower(strings.TrimSpace(kind)), weight
}

// quality reads a weight of RFC 9110, section 12.4.2: up to three digits after
// the point. What is not one counts as 0.
func quality(s string) float64 {
	whole, fraction, _ := strings.Cut(s, ".")
	if whole == "1" {
		return 1
	}
	if whole != "0" || len(fraction) > 3 {
		return 0
	}
	value, unit := 0.0, 0.1
	for _, c := range fraction {
		if c < '0' || c > '9' {
			return 0
		}
		value += float64(c-'0') * unit
		unit /= 10
	}
	return value
}

// address returns who calls. A proxy that is trusted says whom it speaks for: the
// last address of X-Forwarded-For that is not itself trusted.
func (s *Server) address(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	caller := peer.Addr().Unmap()
	if !s.trusts(caller) {
		return caller.String()
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		addr, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		if caller = addr.Unmap(); !s.trusts(caller) {
			break
		}
	}
	return caller.String()
}

func (s *Server) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(s.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// cookieName is __Host-vouchgate, which browsers take only over https and only
// from the very host (RFC 6265bis, section 4.1.3.2); over plain http, for
// development, it cannot have the prefix.
func (s *Server) cookieName() string {
	if s.secure() {
		return "__Host-vouchgate"
	}
	return "vouchgate"
}

// signInSuffix makes the name of the cookie that says who is signed in from that of
// the browser's.
const signInSuffix = "-login"

// cookieLifetime lets a person come back to a session for as long as the longest
// lives: one that waits for a letter.
const cookieLifetime = int(kyc.LetterLifetime / 1e9)

func (s *Server) cookie(value string) *http.Cookie {
	return &http.Cookie{
		Name: s.cookieName(), Value: value, Path: "/", MaxAge: cookieLifetime,
		Secure: s.secure(), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// browserHash returns what a session keeps of the browser's cookie, nil without
// one.
func (v *visit) browserHash() []byte {
	if v.browser == "" {
		return nil
	}
	return kyc.HashSecret(kyc.SecretBrowser, v.browser)
}
