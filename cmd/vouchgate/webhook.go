package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
)

type webhookCmd struct {
	List   webhookListCmd   `cmd:"" help:"List webhooks, newest first."`
	Show   webhookShowCmd   `cmd:"" help:"Show a webhook with its body, which may hold a code."`
	Replay webhookReplayCmd `cmd:"" help:"Send webhooks again, from the start of their schedule."`
}

// webhookView is how a webhook is printed. The body is left out of lists.
type webhookView struct {
	ID          kyc.ID          `json:"id"`
	MessageID   string          `json:"message_id"`
	ClientID    string          `json:"client_id"`
	SessionID   kyc.ID          `json:"session_id"`
	Event       kyc.EventType   `json:"event"`
	State       string          `json:"state"` // pending, delivered, dead or held
	URL         string          `json:"url"`
	Tries       int64           `json:"tries"`
	LastOutcome string          `json:"last_outcome,omitempty"`
	CreatedAt   time.Time       `json:"created_at"`
	NextAttempt *time.Time      `json:"next_attempt,omitempty"`
	DeliveredAt *time.Time      `json:"delivered_at,omitempty"`
	DeadAt      *time.Time      `json:"dead_at,omitempty"`
	Body        json.RawMessage `json:"body,omitempty"`
}

func viewWebhook(w kyc.Webhook) webhookView {
	v := webhookView{
		ID: w.ID, MessageID: w.MessageID(), ClientID: w.ClientID, SessionID: w.SessionID, Event: w.Event,
		State: "pending", URL: w.URL, Tries: w.Tries, LastOutcome: w.LastOutcome, CreatedAt: w.CreatedAt,
		NextAttempt: w.NextAttempt, DeliveredAt: w.DeliveredAt, DeadAt: w.DeadAt,
	}
	switch {
	case w.DeliveredAt != nil:
		v.State, v.NextAttempt = "delivered", nil
	case w.DeadAt != nil:
		v.State, v.NextAttempt = "dead", nil
	case w.NextAttempt == nil:
		v.State = "held" // the client's endpoint is off
	}
	return v
}

type webhookListCmd struct {
	storageSettings `embed:""`
	Dead            bool   `help:"Only those that were given up."`
	Client          string `placeholder:"ID" help:"Only those of one client."`
	Limit           int    `default:"100" placeholder:"N" help:"How many at most (default 100)."`
	JSON            bool   `name:"json" help:"Print JSON."`
}

// Run implements the verb webhook list.
func (c *webhookListCmd) Run(ctx context.Context, p *program, given *sources) error {
	f := given.faults
	config := c.storageSettings.check(&f)
	f.limit(c.Limit)
	return p.withStorage(ctx, f, config, func(s *storage) error {
		found, err := s.store.Webhooks(ctx, store.WebhookFilter{ClientID: c.Client, DeadOnly: c.Dead, Limit: c.Limit})
		if err != nil {
			return err
		}
		views, rows := []webhookView{}, []row{}
		for _, w := range found {
			v := viewWebhook(w)
			views = append(views, v)
			rows = append(rows, row{
				v.ID.String(), v.ClientID, string(v.Event), v.State, fmt.Sprint(v.Tries), v.LastOutcome, at(&v.CreatedAt), at(v.NextAttempt),
			})
		}
		if c.JSON {
			return p.printJSON(views)
		}
		return p.printTable(row{"WEBHOOK", "CLIENT", "EVENT", "STATE", "TRIES", "LAST OUTCOME", "CREATED", "NEXT TRY"}, rows)
	})
}

func (f *faults) limit(n int) {
	if n < 1 || n > 100_000 {
		f.add("limit", "must be a number from 1 to 100000")
	}
}

type webhookShowCmd struct {
	storageSettings `embed:""`
	ID              string `arg:"" name:"id" help:"The webhook's id, with or without msg_."`
	JSON            bool   `name:"json" help:"Print JSON."`
}

// Run implements the verb webhook show.
func (c *webhookShowCmd) Run(ctx context.Context, p *program, given *sources) error {
	f := given.faults
	config := c.storageSettings.check(&f)
	id := f.webhookID(c.ID)
	return p.withStorage(ctx, f, config, func(s *storage) error {
		w, err := s.store.Webhook(ctx, id)
		if err != nil {
			return noWebhook(id, err)
		}
		v := viewWebhook(w)
		if v.Body, err = s.ring.Open(kyc.PurposeWebhookBody, w.ID[:], w.SealedBody); err != nil {
			return fmt.Errorf("opening the body: %w", err)
		}
		if c.JSON {
			return p.printJSON(v)
		}
		return p.printPairs([]row{
			{"webhook", v.ID.String()}, {"webhook-id header", v.MessageID}, {"client_id", v.ClientID},
			{"session", v.SessionID.String()}, {"event", string(v.Event)}, {"state", v.State}, {"URL", v.URL},
			{"tries", fmt.Sprint(v.Tries)}, {"last outcome", v.LastOutcome}, {"created", at(&v.CreatedAt)},
			{"next try", at(v.NextAttempt)}, {"delivered", at(v.DeliveredAt)}, {"given up", at(v.DeadAt)},
			{"body", string(v.Body)},
		})
	})
}

// webhookID reads an id, also in the form of the webhook-id header.
func (f *faults) webhookID(text string) kyc.ID {
	if len(text) > 4 && text[:4] == "msg_" {
		text = text[4:]
	}
	id, err := kyc.ParseID(text)
	if err != nil {
		f.add("id", "%q is not a webhook's id", text)
	}
	return id
}

func noWebhook(id kyc.ID, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("there is no webhook %s", id)
	}
	return err
}

type webhookReplayCmd struct {
	storageSettings `embed:""`
	IDs             []string `arg:"" optional:"" name:"id" help:"Webhooks' ids."`
	Dead            bool     `help:"Replay all that were given up."`
	Client          string   `placeholder:"ID" help:"With --dead: only those of one client."`
	JSON            bool     `name:"json" help:"Print JSON: the ids that were replayed."`
}

// Run implements the verb webhook replay.
func (c *webhookReplayCmd) Run(ctx context.Context, p *program, given *sources) error {
	f := given.faults
	config := c.storageSettings.check(&f)
	var ids []kyc.ID
	for _, text := range c.IDs {
		ids = append(ids, f.webhookID(text))
	}
	if c.Dead == (len(ids) > 0) {
		f.add("replay", "needs either ids or --dead")
	}
	if c.Client != "" && !c.Dead {
		f.add("client", "goes with --dead")
	}
	return p.withStorage(ctx, f, config, func(s *storage) error {
		if c.Dead {
			var err error
			if ids, err = deadWebhooks(ctx, s, c.Client); err != nil {
				return err
			}
		}
		replayed := []kyc.ID{}
		var failed error
		for _, id := range ids {
			if err := s.store.ReplayWebhook(ctx, id, p.now()); err != nil {
				failed = errors.Join(failed, noWebhook(id, err))
				continue
			}
			replayed = append(replayed, id)
		}
		if len(replayed) > 0 {
			// Without it the next poll finds them all the same, a little later.
			_ = s.store.Notify(ctx)
		}
		if c.JSON {
			return errors.Join(failed, p.printJSON(map[string]any{"replayed": replayed}))
		}
		fmt.Fprintf(p.stderr, "replayed %d\n", len(replayed))
		return failed
	})
}

// mostReplays bounds what one call puts back.
const mostReplays = 100_000

func deadWebhooks(ctx context.Context, s *storage, client string) ([]kyc.ID, error) {
	dead, err := s.store.Webhooks(ctx, store.WebhookFilter{ClientID: client, DeadOnly: true, Limit: mostReplays})
	ids := make([]kyc.ID, len(dead))
	for i, w := range dead {
		ids[i] = w.ID
	}
	return ids, err
}
