package address

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"vouchgate/kyc"
)

// ErrNoWay says that nothing is configured by which messages, or those of a method,
// could be sent.
var ErrNoWay = errors.New("there is no way to send this")

// ErrFault is in the errors of what does not pass by itself: a helper that fails or
// hangs, a mail server that refuses the gateway's sign-in, certificate or policy. Such
// messages are delayed like others, but the operator has something to mend. Whoever
// does not import this package finds it by its method Fault() bool, which is true.
var ErrFault error = fault("a fault to be mended")

// fault is the type of ErrFault.
type fault string

func (f fault) Error() string { return string(f) }

// Fault tells this error from those that pass by themselves.
func (fault) Fault() bool { return true }

// Courier sends messages, each the way of its method. It is safe for concurrent use,
// and one message never waits for another.
type Courier struct {
	cfg    Config
	origin origin
	texts  texts
	ways   map[kyc.Method]way
}

// A way brings a message to where it hands it over. Its results are those of
// Courier.Send.
type way interface {
	send(ctx context.Context, m kyc.Message, t text) (kyc.Delivery, error)
}

// Methods lists the methods whose messages can be sent, in the order of
// kyc.AddressMethods.
func (c *Courier) Methods() []kyc.Method {
	return slices.DeleteFunc(slices.Clone(kyc.AddressMethods), func(m kyc.Method) bool { return c.ways[m] == nil })
}

// Reader returns a Reader for the configured region.
func (c *Courier) Reader() Reader { return Reader{Region: c.cfg.Region} }

// Send tries once to hand a message over, and returns how that went: sent (the error
// is nil), refused (the receiving side says for good that there is no such address) or
// delayed (anything else: no answer in time, a busy server; or, with ErrFault in the
// error, a fault of a helper or of the configuration). The error says what happened,
// for the log: it holds neither address nor TAN. ctx ends the try.
func (c *Courier) Send(ctx context.Context, m kyc.Message) (kyc.Delivery, error) {
	w, ok := c.ways[m.Address.Method]
	if !ok {
		return kyc.DeliveryDelayed, fmt.Errorf("sending for method %q: %w: %w", m.Address.Method, ErrFault, ErrNoWay)
	}
	t, err := c.texts.of(m, c.origin, c.cfg.Now())
	if err != nil {
		return kyc.DeliveryDelayed, fmt.Errorf("filling a message template in: %w", ErrFault)
	}
	return w.send(ctx, m, t)
}
