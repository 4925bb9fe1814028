package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"vouchgate/kyc"
)

// proof is what we know of a person who enters TANs: by it alone, what the server
// must answer.
type proof struct {
	w         *walk
	method    kyc.Method
	address   string // the present one, empty without
	addresses int64
	sends     int64
	tries     int64
	tan       string // that counts
	ends      time.Time
	next      time.Time         // another message may be asked for
	all       map[string]string // address by TAN, of all that were ever sent
	methods   int64
}

// sent learns the TAN of a message that went out.
func (p *proof) sent(r *rapid.T, to string) {
	m := p.w.g.message(p.w.id)
	if m.Address.Email+m.Address.Phone != to || m.Address.Method != p.method {
		r.Fatalf("the message goes to another address: %v", m.Address)
	}
	now := p.w.g.clock.Now()
	p.address, p.tan, p.tries, p.ends = to, m.TAN, 0, now.Add(kyc.TANLifetime)
	p.sends++
	p.next = now.Add(time.Minute << (p.sends - 1))
	p.all[m.TAN] = to
}

// mayResend says whether a message may go to the present address now.
func (p *proof) mayResend() bool {
	return p.sends < kyc.TANSends && !p.w.g.clock.Now().Before(p.next)
}

func (p *proof) field() string {
	if p.method == kyc.MethodPhone {
		return kyc.FieldPhone
	}
	return kyc.FieldEmail
}

// ask enters an address.
func (p *proof) ask(r *rapid.T) {
	to := rapid.SampledFrom(map[kyc.Method][]string{
		kyc.MethodEmail: {"a@one.example", "b@two.example", "c@three.example"}, kyc.MethodPhone: {"+41790000001", "+41790000002"},
	}[p.method]).Draw(r, "address")
	same := to == p.address
	sends := same && p.mayResend() || !same && p.addresses < kyc.TANAddresses
	answer := p.w.fill("/address", p.field(), to)
	switch {
	case !same && !sends:
		answer.wants(http.StatusTooManyRequests)
	case !same:
		p.addresses++
		p.sends = 0
		fallthrough
	default:
		answer.leads(p.w.at("/pin"))
	}
	if sends {
		p.sent(r, to)
	}
}

// resend asks for another message.
func (p *proof) resend(r *rapid.T) {
	may := p.mayResend()
	answer := p.w.resend()
	switch {
	case p.address == "":
		answer.leads(p.w.at("/address"))
	case may:
		answer.leads(p.w.at("/pin"))
		p.sent(r, p.address)
	default:
		answer.wants(http.StatusTooManyRequests)
	}
}

// enter enters a TAN that was sent to this person some time, or none of them. It
// says whether the address is proved.
func (p *proof) enter(r *rapid.T) bool {
	known := []string{other(p.tan, 3)}
	for tan := range p.all {
		known = append(known, tan)
	}
	typed := known[rapid.IntRange(0, len(known)-1).Draw(r, "TAN")]
	counts := p.tan != "" && p.tries < kyc.TANTries && p.w.g.clock.Now().Before(p.ends)
	answer := p.w.enter(typed)
	switch {
	case p.address == "":
		answer.leads(p.w.at("/address"))
	case counts && typed == p.tan:
		answer.leads(p.w.at("/finish"))
		return true
	case counts:
		p.tries++
		if p.tries == kyc.TANTries && p.sends == kyc.TANSends && p.addresses == kyc.TANAddresses {
			answer.leads(p.w.at(""))
			r.Skip("nothing is left to try")
		}
		fallthrough
	default:
		if answer.status != http.StatusUnprocessableEntity && answer.status != http.StatusTooManyRequests {
			r.Fatalf("a wrong TAN gives status %d, to %s", answer.status, answer.header.Get("Location"))
		}
	}
	return false
}

// choose goes over to the other method, as often as a session may.
func (p *proof) choose() {
	if p.methods == kyc.MaxAttempts {
		return
	}
	p.methods++
	p.method = map[kyc.Method]kyc.Method{kyc.MethodEmail: kyc.MethodPhone, kyc.MethodPhone: kyc.MethodEmail}[p.method]
	p.w.choose(p.method).leads(p.w.at("/pin"))
	p.address, p.tan, p.sends, p.tries = "", "", 0, 0
}

// check compares what is kept with what we know.
func (p *proof) check(r *rapid.T) {
	c, err := p.w.g.store.Challenge(ctx, p.w.id)
	if err != nil {
		if p.address != "" {
			r.Fatalf("the challenge is gone: %v", err)
		}
		return
	}
	s := p.w.g.session(p.w.id)
	if open := c.Of(s); open != (p.address != "") {
		r.Fatalf("the challenge counts for the session: %v, address %q", open, p.address)
	} else if open && (c.Sends != p.sends || c.Addresses != p.addresses || c.Tries != p.tries) {
		r.Fatalf("kept are %d messages, %d addresses, %d tries; want %d, %d, %d", c.Sends, c.Addresses, c.Tries, p.sends, p.addresses, p.tries)
	}
}

// Whatever a person does in whatever order: only the newest TAN, in its time and
// within its tries, proves the address that it went to, and nothing else does.
func TestOnlyTheNewestTANProvesItsAddress(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	g.addProver("two", []kyc.Method{kyc.MethodEmail, kyc.MethodPhone})
	proved := 0
	rapid.Check(t, func(r *rapid.T) {
		g.clock.advance(25 * time.Hour) // another day, with its own limits
		w := g.visitor("two", "scope", "openid email phone")
		w.start()
		p := &proof{w: w, method: kyc.MethodEmail, all: map[string]string{}, methods: 1}
		w.choose(p.method).leads(w.at("/pin"))
		for range rapid.IntRange(1, 12).Draw(r, "steps") {
			switch rapid.SampledFrom([]string{"ask", "ask", "enter", "enter", "resend", "wait", "wait long", "choose"}).Draw(r, "step") {
			case "ask":
				p.ask(r)
			case "enter":
				if p.enter(r) {
					proved++
					p.home(r)
					return
				}
			case "resend":
				p.resend(r)
			case "wait":
				g.clock.advance(time.Minute)
			case "wait long":
				g.clock.advance(4 * time.Minute)
			case "choose":
				p.choose()
			}
			p.check(r)
		}
	})
	if proved == 0 {
		t.Error("nobody proved anything")
	}
}

// home checks that what the client reads is the address that the TAN went to.
func (p *proof) home(r *rapid.T) {
	w := p.w
	w.home(w.get(w.at("/finish")), "")
	w.swap()
	info := w.g.info(w.token).wants(http.StatusOK)
	if info.json()["address_type"] != string(p.method) || !strings.Contains(info.body, p.all[p.tan]) {
		r.Fatalf("TAN of %s proves %s", p.all[p.tan], info.body)
	}
}
