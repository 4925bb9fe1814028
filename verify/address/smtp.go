package address

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"net"
	"net/mail"
	"strings"
	"time"

	"vouchgate/kyc"

	gomail "github.com/wneessen/go-mail"
)

// smtpWay hands e-mails to a mail server, each over a connection of its own.
type smtpWay struct {
	settings SMTP
	host     string
	port     int
	helo     string // what the gateway calls itself
	from     *mail.Address
	replyTo  *mail.Address // nil: none
	now      func() time.Time
}

func (w *smtpWay) send(ctx context.Context, m kyc.Message, t text) (kyc.Delivery, error) {
	ctx, cancel := context.WithTimeout(ctx, w.settings.Timeout)
	defer cancel()
	composed, err := w.compose(m, t)
	if err != nil {
		return kyc.DeliveryDelayed, fmt.Errorf("composing e-mail: %w: the address cannot be written into one", ErrFault)
	}
	conn := &connection{settings: w.settings, host: w.host}
	defer conn.close()
	err = w.hand(ctx, conn, composed)
	switch {
	case composed.IsDelivered(): // what went wrong afterwards, as in taking leave, is of no matter
		return kyc.DeliverySent, nil
	case ctx.Err() != nil:
		return kyc.DeliveryDelayed, fmt.Errorf("sending e-mail: %w", context.Cause(ctx))
	}
	return judge(err, m)
}

// hand gets a message to the server. It must be over TLS if that was chosen: no
// downgrade.
func (w *smtpWay) hand(ctx context.Context, conn *connection, composed *gomail.Msg) error {
	options := []gomail.Option{
		gomail.WithPort(w.port), gomail.WithTimeout(w.settings.Timeout), gomail.WithDialContextFunc(conn.dial(ctx)),
		gomail.WithTLSConfig(conn.tls()), gomail.WithoutNoop(), gomail.WithoutRset(), gomail.WithoutSMTPUTF8(),
		gomail.WithHELO(w.helo),
	}
	switch w.settings.TLS {
	case STARTTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case TLS: // the connection has it already, which the library sees under this policy alone
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if w.settings.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(w.settings.User), gomail.WithPassword(w.settings.Password))
	}
	client, err := gomail.NewClient(w.host, options...)
	if err != nil {
		return err
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	if err := client.SendWithSMTPClient(session, composed); err != nil {
		return err
	}
	return client.CloseWithSMTPClient(session)
}

// greeting is how a client of a host's names itself (RFC 5321, section 4.1.1.1): the
// domain, or an address literal (section 4.1.3).
func greeting(host string) string {
	ip := net.ParseIP(host)
	switch {
	case ip == nil:
		if ascii, err := domains.ToASCII(host); err == nil {
			return ascii
		}
		return host
	case ip.To4() == nil:
		return "[IPv6:" + ip.String() + "]"
	}
	return "[" + ip.String() + "]"
}

// compose makes the e-mail. A second try at the same message has the same Message-ID,
// so that one that came twice can be told.
func (w *smtpWay) compose(m kyc.Message, t text) (*gomail.Msg, error) {
	to, err := mailbox(m.Address.Email)
	if err != nil {
		return nil, err
	}
	_, domain, _ := strings.Cut(w.from.Address, "@")
	id := sha256.Sum256([]byte(m.SessionID.String() + m.ExpiresAt.UTC().Format(time.RFC3339Nano)))
	composed := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	composed.FromMailAddress(w.from)
	composed.ToMailAddress(&mail.Address{Address: to})
	if w.replyTo != nil {
		composed.ReplyToMailAddress(w.replyTo)
	}
	composed.Subject(t.subject)
	composed.SetDateWithValue(w.now().UTC())
	composed.SetMessageIDWithValue(hex.EncodeToString(id[:16]) + "@" + domain)
	composed.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nothing shall answer by itself
	composed.SetBodyString(gomail.TypeTextPlain, strings.ReplaceAll(t.body, "\n", "\r\n")+"\r\n")
	return composed, nil
}

// connection is one to a mail server. The library leaves it open when a send fails
// early and waits for its own time limits when the context ends; this does neither.
type connection struct {
	settings SMTP
	host     string
	conn     net.Conn
	stop     func() bool
}

// dial returns a function that connects, with TLS if that comes first. ctx is that of
// the whole send.
func (c *connection) dial(ctx context.Context) gomail.DialContextFunc {
	return func(dialing context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(dialing, network, address)
		if err != nil {
			return nil, err
		}
		c.conn, c.stop = conn, context.AfterFunc(ctx, func() { _ = conn.Close() })
		if c.settings.TLS != TLS {
			return conn, nil
		}
		secure := tls.Client(conn, c.tls())
		return secure, secure.HandshakeContext(dialing)
	}
}

func (c *connection) tls() *tls.Config {
	return &tls.Config{ServerName: c.host, RootCAs: c.settings.RootCAs, MinVersion: tls.VersionTLS12}
}

func (c *connection) close() {
	if c.conn != nil {
		c.stop()
		_ = c.conn.Close()
	}
}
