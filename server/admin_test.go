package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"vouchgate/server"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

func ask(h http.Handler, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func TestAdminListener(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		registry := prometheus.NewRegistry()
		g := newGateOn(t, st, func(c *server.Config) { c.Registry = registry })
		g.browser().get("/config").wants(http.StatusOK)
		admin := server.Admin(st, registry)
		for _, path := range []string{"/healthz", "/readyz"} {
			if w := ask(admin, http.MethodGet, path); w.Code != http.StatusOK || w.Body.String() != `{"status":"ok"}` {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
		}
		w := ask(admin, http.MethodGet, "/metrics")
		if want := `vouchgate_requests_total{route="GET /config",status="200"} 1`; !strings.Contains(w.Body.String(), want) {
			t.Errorf("metrics lack %s:\n%s", want, w.Body)
		}
		for _, path := range []string{"/", "/config", "/debug/pprof/"} {
			if w := ask(admin, http.MethodGet, path); w.Code != http.StatusNotFound {
				t.Errorf("%s: %d", path, w.Code)
			}
		}
		if w := ask(admin, http.MethodPost, "/healthz"); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("POST /healthz: %d", w.Code)
		}
		must(t, st.Close())
		if w := ask(admin, http.MethodGet, "/healthz"); w.Code != http.StatusOK {
			t.Errorf("a store that is down makes the process dead: %d", w.Code)
		}
		if w := ask(admin, http.MethodGet, "/readyz"); w.Code != http.StatusServiceUnavailable {
			t.Errorf("readiness without a store: %d %s", w.Code, w.Body)
		}
	})
}

func TestReadinessWithoutSchema(t *testing.T) {
	t.Parallel()
	st := store.New(storetest.OpenBackend(t, "sqlite"))
	w := ask(server.Admin(st, prometheus.NewRegistry()), http.MethodGet, "/readyz")
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "migrate") {
		t.Errorf("readiness: %d %s", w.Code, w.Body)
	}
}
