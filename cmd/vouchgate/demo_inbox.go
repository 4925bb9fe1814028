package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"vouchgate/kyc"
)

// inbox stands for the mail boxes, phones and letter boxes of everybody in the demo:
// what would be sent is shown on a page. It is the worker's sender.
type inbox struct {
	now func() time.Time

	mu      sync.Mutex
	mails   []inboxMail   // newest first
	arrived chan struct{} // closed when one comes
}

// maxInbox is how many messages are kept.
const maxInbox = 50

// inboxMail is a message as its receiver sees it.
type inboxMail struct {
	Method kyc.Method
	Kind   string
	To     []string // by lines
	Text   string
	TAN    string
	Link   string // of letters
	At     time.Time
}

func newInbox(now func() time.Time) *inbox { return &inbox{now: now, arrived: make(chan struct{})} }

// Methods implements worker.Sender.
func (b *inbox) Methods() []kyc.Method { return kyc.AddressMethods }

// Send implements worker.Sender.
func (b *inbox) Send(_ context.Context, m kyc.Message) (kyc.Delivery, error) {
	mail := inboxMail{Method: m.Address.Method, Kind: "Letter", To: append([]string{m.Address.Name}, m.Address.Lines...), TAN: m.TAN, Link: m.Link, At: b.now()}
	switch m.Address.Method {
	case kyc.MethodEmail:
		mail.Kind, mail.To = "E-mail", []string{m.Address.Email}
	case kyc.MethodPhone:
		mail.Kind, mail.To = "Short message", []string{m.Address.Phone}
	}
	mail.Text = fmt.Sprintf("%s would like to know that messages reach you here. Your code is valid until %s UTC.",
		m.ClientName, m.ExpiresAt.UTC().Format("2 January 2006, 15:04"))
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mails = slices.Insert(b.mails, 0, mail)
	b.mails = b.mails[:min(len(b.mails), maxInbox)]
	close(b.arrived)
	b.arrived = make(chan struct{})
	return kyc.DeliverySent, nil
}

// all returns the messages, newest first.
func (b *inbox) all() []inboxMail {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.mails)
}

// next waits for a message to an address, which is in one line.
func (b *inbox) next(ctx context.Context, to string) error {
	for {
		b.mu.Lock()
		there := slices.ContainsFunc(b.mails, func(m inboxMail) bool { return strings.Join(m.To, ", ") == to })
		arrived := b.arrived
		b.mu.Unlock()
		if there {
			return nil
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return fmt.Errorf("no message came: %w", ctx.Err())
		}
	}
}
