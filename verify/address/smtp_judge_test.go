package address

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"strings"
	"syscall"
	"testing"

	"vouchgate/kyc"
	"vouchgate/verify/address/addresstest"
)

// What mail servers say, and what it means: refused, later, or a fault to be mended.
func TestServersAnswersAreJudged(t *testing.T) {
	t.Parallel()
	const from, recipient, data = addresstest.StageFrom, addresstest.StageRecipient, addresstest.StageData
	rows := []struct {
		name     string
		stage    addresstest.Stage
		code     int
		enhanced [3]int
		text     string
		want     kyc.Delivery
		fault    bool
	}{
		{"no such mailbox", recipient, 550, [3]int{5, 1, 1}, "User unknown", kyc.DeliveryRefused, false},
		{"no such domain", recipient, 550, [3]int{5, 1, 2}, "Bad host", kyc.DeliveryRefused, false},
		{"a domain that takes no mail", recipient, 556, [3]int{5, 1, 10}, "Null MX", kyc.DeliveryRefused, false},
		{"a mailbox that is disabled", recipient, 554, [3]int{5, 2, 1}, "Account disabled", kyc.DeliveryRefused, false},
		{"a mailbox that is full for good", recipient, 552, [3]int{5, 2, 2}, "Full", kyc.DeliveryRefused, false},
		{"no such mailbox, told after the mail", data, 550, [3]int{5, 1, 1}, "User unknown", kyc.DeliveryRefused, false},
		{"no such mailbox, without more", recipient, 550, [3]int{}, "No such user here", kyc.DeliveryRefused, false},
		{"not here, without more", recipient, 551, [3]int{}, "User not local", kyc.DeliveryRefused, false},
		{"not a mailbox, without more", recipient, 553, [3]int{}, "Mailbox name not allowed", kyc.DeliveryRefused, false},
		{"an IP address is no enhanced code", recipient, 550, [3]int{}, "5.7.1.20 knows no such user", kyc.DeliveryRefused, false},

		{"relaying is denied", recipient, 554, [3]int{5, 7, 1}, "Relay access denied", kyc.DeliveryDelayed, true},
		{"the gateway is blocked", recipient, 550, [3]int{5, 7, 1}, "blocked", kyc.DeliveryDelayed, true},
		{"SPF fails", recipient, 550, [3]int{5, 7, 23}, "SPF validation failed", kyc.DeliveryDelayed, true},
		{"blocked, with what looks like a code behind", recipient, 550, [3]int{5, 7, 1}, "Client 5.1.1.2 blocked", kyc.DeliveryDelayed, true},
		{"the sender's mailbox is wrong", recipient, 553, [3]int{5, 1, 7}, "Bad sender", kyc.DeliveryDelayed, true},
		{"the sender's domain is wrong", recipient, 553, [3]int{5, 1, 8}, "Bad sender", kyc.DeliveryDelayed, true},
		{"the server's own trouble", recipient, 554, [3]int{5, 3, 0}, "System error", kyc.DeliveryDelayed, true},
		{"a route is missing", recipient, 550, [3]int{5, 4, 4}, "No route", kyc.DeliveryDelayed, true},
		{"a sign-in is asked for", recipient, 530, [3]int{5, 7, 0}, "Authentication required", kyc.DeliveryDelayed, true},
		{"spam, told after the mail", data, 554, [3]int{5, 7, 1}, "Spam", kyc.DeliveryDelayed, true},
		{"refused after the mail, without more", data, 554, [3]int{}, "Transaction failed", kyc.DeliveryDelayed, true},
		{"no mailbox after the mail, without more", data, 550, [3]int{}, "No", kyc.DeliveryDelayed, true},
		{"a full mailbox, without more", recipient, 552, [3]int{}, "Full", kyc.DeliveryDelayed, true},
		{"a command that the server does not know", recipient, 502, [3]int{}, "What?", kyc.DeliveryDelayed, true},
		{"the sender is refused, which is no fault of the recipient", from, 550, [3]int{5, 1, 1}, "Who?", kyc.DeliveryDelayed, true},

		{"greylisted", recipient, 450, [3]int{4, 7, 1}, "Greylisted", kyc.DeliveryDelayed, false},
		{"no such mailbox for now", recipient, 450, [3]int{4, 1, 1}, "Unverified", kyc.DeliveryDelayed, false},
		{"for now, with a code for good", recipient, 450, [3]int{5, 1, 1}, "Confused", kyc.DeliveryDelayed, false},
		{"busy", data, 451, [3]int{4, 3, 0}, "Busy", kyc.DeliveryDelayed, false},
		{"no room", recipient, 452, [3]int{}, "No room", kyc.DeliveryDelayed, false},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			server := addresstest.Start(t, addresstest.Options{Answer: func(s addresstest.Stage, mailbox string) *addresstest.Reply {
				if s != r.stage {
					return nil
				}
				return &addresstest.Reply{Code: r.code, Enhanced: r.enhanced,
					Text: r.text + " <" + strings.ToUpper(mailbox) + ">: code " + testTAN + " policy of server42"}
			}})
			m := messageTo(kyc.MethodEmail)
			state, err := mailing(t, server, nil).Send(t.Context(), m)
			if state != r.want || err == nil || isFault(err) != r.fault {
				t.Fatalf("state %q, fault %t, %v; want %q, %t", state, isFault(err), err, r.want, r.fault)
			}
			if !strings.Contains(err.Error(), "policy of server42") || !strings.Contains(err.Error(), fmt.Sprint(r.code)) {
				t.Errorf("error does not say why: %v", err)
			}
			wantSecret(t, "the error", err.Error(), m)
			if n := len(server.Mails()); n != 0 {
				t.Errorf("%d mails arrived", n)
			}
		})
	}
}

// Many servers give enhanced codes without announcing them.
func TestEnhancedCodesNeedNoAnnouncement(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]kyc.Delivery{
		"550 5.7.1 blocked":                        kyc.DeliveryDelayed,
		"554 5.7.1 Relay access denied":            kyc.DeliveryDelayed,
		"550 5.1.1 User unknown":                   kyc.DeliveryRefused,
		"550-5.1.1 User unknown\r\n550 5.1.1 More": kyc.DeliveryRefused,
		"550 User unknown":                         kyc.DeliveryRefused,
	} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			c, err := New(Config{Public: gateway(t), Now: testClock,
				SMTP: SMTP{Address: plainServer(t, "RCPT", answer), TLS: NoTLS, From: "codes@example.org"}})
			if err != nil {
				t.Fatal(err)
			}
			if state, err := c.Send(t.Context(), messageTo(kyc.MethodEmail)); state != want || err == nil {
				t.Errorf("state %q, %v; want %q", state, err, want)
			}
		})
	}
}

// plainServer is a mail server without extensions that gives one answer of the test's
// and takes everything else.
func plainServer(t *testing.T, command, answer string) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "220 mail.test ESMTP\r\n")
		for lines := bufio.NewScanner(conn); lines.Scan(); {
			reply := "250 fine"
			if strings.HasPrefix(lines.Text(), command) {
				reply = answer
			}
			if _, err := io.WriteString(conn, reply+"\r\n"); err != nil {
				return
			}
		}
	}()
	return listener.Addr().String()
}

func TestFaultsOfConnections(t *testing.T) {
	t.Parallel()
	wrap := func(err error) error { return fmt.Errorf("connecting: %w", err) }
	network := func(err error) error { return wrap(&net.OpError{Op: "dial", Net: "tcp", Err: err}) }
	rows := []struct {
		name string
		err  error
		want bool
	}{
		{"a wrong password", wrap(&textproto.Error{Code: 535, Msg: "5.7.8 no"}), true},
		{"a server that is no mail server", wrap(textproto.ProtocolError("short response")), true},
		{"a server without STARTTLS", wrap(errors.New("target host does not support STARTTLS")), true},
		{"a name that does not exist", network(&net.DNSError{Err: "no such host", IsNotFound: true}), true},
		{"a sign-in that is put off", wrap(&textproto.Error{Code: 454, Msg: "4.7.0 later"}), false},
		{"a server that is going down", wrap(&textproto.Error{Code: 421, Msg: "bye"}), false},
		{"names that are not found out now", network(&net.DNSError{Err: "server misbehaving", IsTemporary: true}), false},
		{"a port where nobody listens", network(os.NewSyscallError("connect", syscall.ECONNREFUSED)), false},
		{"a connection that ends", wrap(io.EOF), false},
		{"a connection that ends in a line", wrap(io.ErrUnexpectedEOF), false},
	}
	for _, r := range rows {
		state, err := judge(r.err, messageTo(kyc.MethodEmail))
		if state != kyc.DeliveryDelayed || isFault(err) != r.want {
			t.Errorf("%s: state %q, %v; want a fault: %t", r.name, state, err, r.want)
		}
	}
}

func TestGatewaysNameThemselves(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"id.example.org": "id.example.org", "bücher.example": "xn--bcher-kva.example", "localhost": "localhost",
		"192.0.2.1": "[192.0.2.1]", "2001:db8::1": "[IPv6:2001:db8::1]", "under_score": "under_score",
	} {
		if got := greeting(host); got != want {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
}
