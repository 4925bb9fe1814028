package server

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// originsLife is how long the registered origins are remembered.
const originsLife = 5 * time.Second

// originsWait is how long reading them may take.
const originsWait = 2 * time.Second

// origins remembers the web origins of all clients: a preflight does not say which
// client it is for.
type origins struct {
	mu     sync.Mutex
	readAt time.Time
	known  map[string]bool
}

// has says whether a client is registered with an origin. What cannot be read is
// not known.
func (o *origins) has(ctx context.Context, s *Server, origin string) bool {
	now := s.Now()
	o.mu.Lock()
	due := o.known == nil || now.Sub(o.readAt) >= originsLife
	if due {
		o.readAt = now // others go on with what is known meanwhile
	}
	o.mu.Unlock()
	if due {
		o.read(ctx, s)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.known[origin]
}

func (o *origins) read(ctx context.Context, s *Server) {
	ctx, cancel := context.WithTimeout(ctx, originsWait)
	defer cancel()
	clients, err := s.Store.Clients(ctx)
	if err != nil {
		s.Log.Warn("origins of clients not read", "error", err)
		return
	}
	known := map[string]bool{}
	for _, c := range clients {
		for _, registered := range c.Origins {
			known[registered] = known[registered] || c.Enabled()
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.known = known
}

// scriptPaths are what scripts of registered origins may call (RFC 9700, section
// 2.6), openPaths what every script may read.
var (
	scriptPaths = []string{"/token", "/revoke", "/info", "/userinfo"}
	openPaths   = []string{"/jwks", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"}
)

// shareWithScripts sets the headers that let scripts of other origins read an
// answer (Fetch standard, section 3.2), and answers preflights; it reports whether
// the request was one. Cookies are never part of it.
func (s *Server) shareWithScripts(w http.ResponseWriter, r *http.Request) (answered bool) {
	origin, h := r.Header.Get("Origin"), w.Header()
	open := slices.Contains(openPaths, r.URL.Path)
	switch {
	case open:
		h.Set("Access-Control-Allow-Origin", "*")
	case !slices.Contains(scriptPaths, r.URL.Path):
		return false
	default:
		h.Add("Vary", "Origin")
		if origin == "" || !s.origins.has(r.Context(), s, origin) {
			return false
		}
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After")
	}
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	methods := []string{http.MethodGet}
	if !open {
		methods = []string{http.MethodGet, http.MethodPost}
	}
	h.Set("Access-Control-Allow-Methods", strings.Join(methods, ", "))
	h.Set("Access-Control-Allow-Headers", "authorization, content-type, dpop")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}
