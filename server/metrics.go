package server

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count requests by route pattern, never by path: a path may hold a
// nonce. A nil *metrics counts nothing.
type metrics struct {
	requests      *prometheus.CounterVec
	seconds       *prometheus.HistogramVec
	notifications *prometheus.CounterVec
	limits        *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	if r == nil {
		return nil
	}
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vouchgate_requests_total", Help: "Answered requests by route and status.",
		}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "vouchgate_request_seconds", Help: "Time to answer by route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"route"}),
		notifications: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vouchgate_notifications_total", Help: "Notifications of the verifier by what they were about.",
		}, []string{"session"}),
		limits: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vouchgate_tan_limits_total", Help: "Limits of TANs that were reached, by which.",
		}, []string{"limit"}),
	}
	r.MustRegister(m.requests, m.seconds, m.notifications, m.limits)
	return m
}

// answered counts an answer, and how long it took unless it was a stream, which
// lasts as long as somebody looks.
func (m *metrics) answered(pattern string, status int, stream bool, took time.Duration) {
	if m == nil {
		return
	}
	if pattern == "" {
		pattern = "none"
	}
	m.requests.WithLabelValues(pattern, strconv.Itoa(status)).Inc()
	if !stream {
		m.seconds.WithLabelValues(pattern).Observe(took.Seconds())
	}
}

func (m *metrics) notified(session string) {
	if m != nil {
		m.notifications.WithLabelValues(session).Inc()
	}
}

func (m *metrics) locked(limit string) {
	if m != nil {
		m.limits.WithLabelValues(limit).Inc()
	}
}
