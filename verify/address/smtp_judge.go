package address

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"regexp"
	"slices"
	"strings"

	"vouchgate/kyc"

	gomail "github.com/wneessen/go-mail"
)

// maxAnswer is how many characters of a server's answer get into an error.
const maxAnswer = 300

// judge tells what an error of a send means. The server's own words may repeat the
// address, so they are masked.
func judge(err error, m kyc.Message) (kyc.Delivery, error) {
	var failed *gomail.SendError
	if !errors.As(err, &failed) { // the server has not been told the address
		said := cut(escape(err.Error()), maxAnswer)
		if lasting(err) {
			return kyc.DeliveryDelayed, fmt.Errorf("sending e-mail: %w: %s", ErrFault, said)
		}
		return kyc.DeliveryDelayed, errors.New("sending e-mail: " + said)
	}
	words, _, _ := strings.Cut(failed.Error(), ", affected recipient")
	said := cut(mask(words, m), maxAnswer)
	switch {
	case refused(failed):
		return kyc.DeliveryRefused, errors.New("sending e-mail: " + said)
	case failed.ErrorCode() >= 500: // for good, and not for the sake of the mailbox
		return kyc.DeliveryDelayed, fmt.Errorf("sending e-mail: %w: %s", ErrFault, said)
	}
	return kyc.DeliveryDelayed, errors.New("sending e-mail: " + said)
}

// noMailbox are the answers that say for good that there is no such mailbox, or that
// it takes no mail: RFC 5321, section 4.2.3, where the server says no more than that.
var noMailbox = []int{550, 551, 553}

// aboutMailbox are the enhanced status codes (RFC 3463) that say the same: the address
// (5.1) or the mailbox (5.2). 5.1.7 and 5.1.8 are about the sender's address.
var aboutMailbox = regexp.MustCompile(`^5\.(?:1\.(?:[0-69]|\d\d+)|2\.\d+)$`)

// refused says whether a server refused the recipient for good, as the answer to the
// recipient or to the message for them. With the same 550 and 554 servers refuse
// senders, relaying and what looks like spam; the enhanced code tells which it is.
// Without one, only the answer to the recipient can be about the mailbox.
func refused(e *gomail.SendError) bool {
	switch e.Reason {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
	default:
		return false
	}
	if e.ErrorCode() < 500 {
		return false
	}
	if status := enhanced(e); status != "" {
		return aboutMailbox.MatchString(status)
	}
	return e.Reason == gomail.ErrSMTPRcptTo && slices.Contains(noMailbox, e.ErrorCode())
}

var statusForm = regexp.MustCompile(`^\d{3} "?(\d\.\d{1,3}\.\d{1,3})(?:[^.\d]|$)`)

// enhanced returns the enhanced status code at the beginning of a server's answer (RFC
// 2034, section 4), or "". The library knows those of servers that announce them alone,
// and takes a part of an IP address further on for one. The standard library writes
// the answer between quotation marks.
func enhanced(e *gomail.SendError) string {
	answer, _ := strings.CutPrefix(e.Error(), e.Reason.String()+": ")
	if found := statusForm.FindStringSubmatch(answer); found != nil {
		return found[1]
	}
	return ""
}

// lasting says whether an error from before the server was told anything about the
// message will be the same at the next try: a sign-in that is refused, a certificate
// that nobody trusts, no TLS, a server that does not exist. What the network does, and
// answers that are for now alone (4xx), pass.
func lasting(err error) bool {
	var reply *textproto.Error
	var name *net.DNSError
	var network net.Error
	switch {
	case errors.As(err, &reply):
		return reply.Code >= 500
	case errors.As(err, &name):
		return name.IsNotFound
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return false
	}
	return true
}
