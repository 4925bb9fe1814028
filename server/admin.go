package server

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"vouchgate/gen/api"
	"vouchgate/store"
)

// readyLimit is how long a readiness probe waits for the store.
const readyLimit = 2 * time.Second

// Admin returns the handler of the admin listener: /healthz, /readyz and
// /metrics. It needs no authentication and belongs on an address that only the
// operator reaches.
func Admin(st *store.Store, metrics prometheus.Gatherer) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { health(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyLimit)
		defer cancel()
		if err := st.Ready(ctx); err != nil {
			health(w, http.StatusServiceUnavailable, err.Error())
			return
		}
		health(w, http.StatusOK, "ok")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	return mux
}

func health(w http.ResponseWriter, status int, text string) {
	_ = jsonAnswer(status, api.Health{Status: text}).write(w)
}
