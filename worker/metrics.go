package worker

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vouchgate/kyc"
	"vouchgate/store"
)

// metrics counts what the worker does. A nil *metrics counts nothing. Labels have
// few values and never name a client, a session or a person.
type metrics struct {
	looks    *prometheus.CounterVec
	lookTime prometheus.Histogram
	ended    *prometheus.CounterVec
	tries    *prometheus.CounterVec
	tryTime  prometheus.Histogram
	rows     *prometheus.CounterVec
	messages *prometheus.CounterVec
	sendTime prometheus.Histogram
}

var buckets = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 45}

// newMetrics registers the metrics, or returns nil without a registry.
func newMetrics(cfg *Config) (*metrics, error) {
	if cfg.Registry == nil {
		return nil, nil
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "vouchgate_" + name, Help: help}, labels)
	}
	histogram := func(name, help string) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: "vouchgate_" + name, Help: help, Buckets: buckets})
	}
	m := &metrics{
		looks:    counter("looks_total", "Looks at verifications, by what they found.", "outcome"),
		lookTime: histogram("look_seconds", "How long the verifier took to answer."),
		ended:    counter("sessions_ended_total", "Sessions that background work moved, by their new status.", "status"),
		tries:    counter("webhook_tries_total", "Webhooks handled, by what became of the try.", "outcome"),
		tryTime:  histogram("webhook_seconds", "How long webhook receivers took to answer."),
		rows:     counter("purged_rows_total", "Rows erased because they were past their time, by kind.", "kind"),
		messages: counter("messages_total", "Messages handled, by method and what became of the try.", "method", "outcome"),
		sendTime: histogram("message_seconds", "How long it took to hand a message over."),
	}
	for _, c := range []prometheus.Collector{
		m.looks, m.lookTime, m.ended, m.tries, m.tryTime, m.rows, m.messages, m.sendTime, newCensus(cfg),
	} {
		if err := cfg.Registry.Register(c); err != nil {
			return nil, fmt.Errorf("registering metrics: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) look(outcome string, took time.Duration) {
	if m != nil {
		m.looks.WithLabelValues(outcome).Inc()
		m.lookTime.Observe(took.Seconds())
	}
}

func (m *metrics) sessionEnded(status kyc.Status) {
	if m != nil {
		m.ended.WithLabelValues(string(status)).Inc()
	}
}

// try counts a webhook; took is 0 if the receiver was not asked.
func (m *metrics) try(outcome string, took time.Duration) {
	if m == nil {
		return
	}
	m.tries.WithLabelValues(outcome).Inc()
	if took > 0 {
		m.tryTime.Observe(took.Seconds())
	}
}

// message counts a try to send a message; took is 0 if the sender was not asked.
func (m *metrics) message(method kyc.Method, outcome kyc.Delivery, took time.Duration) {
	if m == nil {
		return
	}
	m.messages.WithLabelValues(string(method), string(outcome)).Inc()
	if took > 0 {
		m.sendTime.Observe(took.Seconds())
	}
}

func (m *metrics) purged(p store.Purged) {
	if m == nil {
		return
	}
	for kind, n := range map[string]int64{
		"grants": p.Grants, "sessions": p.Sessions, "webhooks": p.Webhooks, "secrets": p.Secrets, "audit": p.Audit,
	} {
		m.rows.WithLabelValues(kind).Add(float64(n))
	}
}

const (
	censusLife    = 15 * time.Second
	censusTimeout = 2 * time.Second
)

// census reports how many webhooks, messages and sessions there are, counted when somebody
// asks and at most every censusLife.
type census struct {
	cfg                          *Config
	webhooks, messages, sessions *prometheus.Desc
	mu                           sync.Mutex
	countedAt                    time.Time
	kept                         []prometheus.Metric
}

func newCensus(cfg *Config) *census {
	return &census{
		cfg: cfg,
		webhooks: prometheus.NewDesc("vouchgate_webhooks",
			"Webhooks that are not delivered: waiting, given up, or held because the endpoint is off.", []string{"state"}, nil),
		messages: prometheus.NewDesc("vouchgate_messages_waiting",
			"Messages that are still to be sent, by method.", []string{"method"}, nil),
		sessions: prometheus.NewDesc("vouchgate_sessions", "Sessions that are kept, by status.", []string{"status"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *census) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.webhooks
	ch <- c.messages
	ch <- c.sessions
}

// Collect implements prometheus.Collector. When the store does not answer, there
// are no values rather than old ones.
func (c *census) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.cfg.now()
	if age := now.Sub(c.countedAt); c.countedAt.IsZero() || age < 0 || age >= censusLife {
		c.kept, c.countedAt = c.count(), now
	}
	for _, m := range c.kept {
		ch <- m
	}
}

func (c *census) count() []prometheus.Metric {
	ctx, cancel := context.WithTimeout(context.Background(), censusTimeout)
	defer cancel()
	gauge := func(d *prometheus.Desc, n int64, label string) prometheus.Metric {
		return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), label)
	}
	var all []prometheus.Metric
	if n, err := c.cfg.Store.CountWebhooks(ctx); err == nil {
		all = append(all, gauge(c.webhooks, n.Pending, "pending"), gauge(c.webhooks, n.Dead, "dead"),
			gauge(c.webhooks, n.Held, "held"))
	}
	if waiting, err := c.cfg.Store.MessagesWaiting(ctx); err == nil {
		for _, method := range kyc.AddressMethods {
			all = append(all, gauge(c.messages, waiting[method], string(method)))
		}
	}
	if byStatus, err := c.cfg.Store.SessionsByStatus(ctx); err == nil {
		for _, status := range kyc.Statuses {
			all = append(all, gauge(c.sessions, byStatus[status], string(status)))
		}
	}
	return all
}
