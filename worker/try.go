package worker

import (
	"errors"
	"net/http"
	"time"

	"vouchgate/seal"
	"vouchgate/store"
)

// tryKind is what became of a try.
type tryKind int

const (
	tryAnswered tryKind = iota // answer says it
	tryBack                    // not sent, through no fault of the receiver
	tryHeld                    // the endpoint is off
	tryBroken                  // not sent, because body or secret cannot be read
	tryGone                    // the client is removed, and the webhook with it
)

// try is the outcome of trying to send one webhook.
type try struct {
	kind    tryKind
	answer  answer
	verdict verdict
	url     string
	took    time.Duration
	pause   time.Duration // before it may be claimed again, if tryBack
}

// try sends one webhook to where the client wants its webhooks now: the client
// may have corrected its URL since the webhook was queued.
func (d *Deliverer) try(j job) try {
	now := d.cfg.now()
	if !now.Before(j.lease.Add(-leaseReserve)) {
		return try{kind: tryBack}
	}
	to, err := d.endpoints.get(d.ctx, j.ClientID, now)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return try{kind: tryGone}
	case errors.Is(err, seal.ErrUnopenable):
		return d.broken(j, "secret unreadable", err)
	case err != nil:
		d.cfg.Log.Warn("webhook endpoint not read", "client_id", j.ClientID, "error", err)
		return try{kind: tryBack, pause: time.Second}
	case !to.on():
		return try{kind: tryHeld}
	}
	body, err := d.open(j.Webhook)
	if err != nil {
		return d.broken(j, "body unreadable", err)
	}
	header, err := to.header(j.MessageID(), body, now)
	if err != nil {
		return d.broken(j, errNoSecret.Error(), err)
	}
	began := d.cfg.Now()
	t := try{url: to.client.WebhookURL, verdict: verdictBad}
	t.answer = d.sender.send(d.ctx, t.url, header, body)
	t.took = d.cfg.Now().Sub(began)
	switch {
	case t.answer.aborted:
		t.kind, t.verdict = tryBack, verdictNone
	case t.answer.delivered():
		t.verdict = verdictGood
	}
	return t
}

func (d *Deliverer) broken(j job, outcome string, err error) try {
	d.cfg.Log.Error("webhook cannot be sent", "webhook_id", j.ID, "client_id", j.ClientID, "error", err)
	return try{kind: tryBroken, answer: answer{outcome: outcome}}
}

// settle queues what has to be written about a try.
func (d *Deliverer) settle(j job, t try) {
	switch {
	case t.kind == tryBack:
		d.giveBack(j, d.cfg.now().Add(t.pause))
	case t.kind == tryGone:
		j.batch.count(func(r *Deliveries) { r.PutOff++ })
		j.batch.settle()
	case t.kind == tryHeld:
		d.hold(j, j.Tries, "endpoint is off")
	case t.answer.delivered():
		j.batch.count(func(r *Deliveries) { r.Delivered++ })
		d.metrics.try("delivered", t.took)
		d.cfg.Log.Debug("webhook delivered", "webhook_id", j.ID, "client_id", j.ClientID, "try", j.Tries+1)
		d.records.put(record{job: j, delivered: true})
	case t.answer.status == http.StatusGone && d.disable(j, t.url):
		d.hold(j, j.Tries+1, t.answer.outcome)
	default:
		d.fail(j, t)
	}
}

// hold leaves a webhook without a time until the endpoint is turned on.
func (d *Deliverer) hold(j job, tries int64, outcome string) {
	j.batch.count(func(r *Deliveries) { r.Failed++ })
	d.metrics.try("held", 0)
	d.write(j, tries, nil, outcome, nil)
}

// disable turns the endpoint off whose receiver answered 410: it wants no more
// (Standard Webhooks 1.0.0). It reports false if the endpoint stays on, because it
// has another URL by now or the store does not answer.
func (d *Deliverer) disable(j job, url string) bool {
	now := d.cfg.now()
	d.endpoints.forget(j.ClientID)
	to, err := d.endpoints.get(d.ctx, j.ClientID, now)
	if err == nil && to.client.WebhookURL != url {
		return false
	}
	if err == nil {
		err = d.cfg.Store.DisableWebhook(d.ctx, j.ClientID, "410", now)
	}
	d.endpoints.forget(j.ClientID)
	if err != nil {
		d.cfg.Log.Error("webhook endpoint not turned off", "client_id", j.ClientID, "error", err)
		return false
	}
	d.cfg.Log.Warn("webhook endpoint turned off: it is gone", "client_id", j.ClientID)
	return true
}

// fail schedules the next try, or gives the webhook up.
func (d *Deliverer) fail(j job, t try) {
	now := d.cfg.now()
	tries := j.Tries + 1
	next, again := NextTry(tries, now, t.answer.retryAfter, d.cfg.random())
	if t.answer.blocked && tries >= maxBlockedTries {
		again = false
	}
	if !again {
		j.batch.count(func(r *Deliveries) { r.Dead++ })
		d.metrics.try("dead", t.took)
		d.cfg.Log.Warn("webhook given up", "webhook_id", j.ID, "client_id", j.ClientID,
			"tries", tries, "outcome", t.answer.outcome)
		d.write(j, tries, nil, t.answer.outcome, &now)
		return
	}
	j.batch.count(func(r *Deliveries) { r.Failed++ })
	d.metrics.try("failed", t.took)
	d.cfg.Log.Info("webhook not delivered", "webhook_id", j.ID, "client_id", j.ClientID,
		"try", tries, "outcome", t.answer.outcome, "next_try", next)
	d.write(j, tries, &next, t.answer.outcome, nil)
}
