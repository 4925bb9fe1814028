package server

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"vouchgate/kyc"
	"vouchgate/server/keyed"
	"vouchgate/store"
)

// proving is a session that proves an address, with all that is known of its proof.
type proving struct {
	session   kyc.Session
	client    kyc.Client
	hint      kyc.AddressHint // zero without
	challenge kyc.Challenge
	address   kyc.Address // of the challenge, if open
	open      bool        // the challenge is that of the session's present attempt
	reached   []string    // limits that the move has reached
}

// Why no message is sent.
var (
	// errFixed says that the client has fixed another address.
	errFixed = errors.New("the address cannot be changed")
	// errNoChallenge says that nothing was sent yet.
	errNoChallenge = errors.New("no TAN was sent")
)

// limitReached says that there were too many messages or tries. Which limit it was is
// for the operator alone.
type limitReached struct {
	limit string        // for the log
	wait  time.Duration // until the window ends
}

// Error implements error.
func (limitReached) Error() string { return "too many messages or tries" }

func isLimited(err error) bool {
	var reached limitReached
	return errors.As(err, &reached)
}

// moveRetries bounds how often a move starts again after somebody else's.
const moveRetries = 5

// provingOf reads the challenge of a session.
func (s *Server) provingOf(ctx context.Context, st *store.Store, session kyc.Session, client kyc.Client) (proving, error) {
	p := proving{session: session, client: client}
	var err error
	if p.hint, err = s.hintOf(session); err != nil {
		return p, err
	}
	p.challenge, err = st.Challenge(ctx, session.ID)
	if isNotFound(err) {
		p.challenge, err = kyc.NewChallenge(session), nil
	}
	if err != nil || !p.challenge.Of(session) {
		return p, err
	}
	p.address, err = s.openAddress(p.challenge)
	p.open = err == nil
	return p, err
}

func (s *Server) openAddress(c kyc.Challenge) (kyc.Address, error) {
	plain, err := s.Ring.Open(kyc.PurposeAddress, kyc.ClaimsContext(c.SessionID, c.ClientID), c.SealedAddress)
	if err != nil {
		return kyc.Address{}, err
	}
	return kyc.DecodeAddress(plain)
}

func (s *Server) sealAddress(session kyc.Session, a kyc.Address) ([]byte, error) {
	plain, err := a.Encode()
	if err != nil {
		return nil, err
	}
	return s.Ring.Seal(kyc.PurposeAddress, kyc.ClaimsContext(session.ID, session.ClientID), plain)
}

// hintOf opens the address that a client gave for a session; zero without.
func (s *Server) hintOf(session kyc.Session) (kyc.AddressHint, error) {
	if session.SealedHint == nil {
		return kyc.AddressHint{}, nil
	}
	plain, err := s.Ring.Open(kyc.PurposeAddressHint, kyc.ClaimsContext(session.ID, session.ClientID), session.SealedHint)
	if err != nil {
		return kyc.AddressHint{}, err
	}
	return kyc.DecodeAddressHint(plain)
}

// atomically makes a move of a session and its challenge in one transaction, again
// when somebody else wrote in between. The session is read anew each time. What move
// returns as an error undoes everything.
func (s *Server) atomically(ctx context.Context, session kyc.Session, client kyc.Client, move func(*store.Store, *proving) error) (proving, error) {
	for try := 1; ; try++ {
		var p proving
		err := s.Store.Together(ctx, func(st *store.Store) error {
			fresh, err := st.Session(ctx, session.ID)
			if err != nil {
				return err
			}
			p = proving{session: fresh, client: client}
			if fresh.Status != kyc.StatusAuthorized || fresh.Method != session.Method || fresh.Attempts != session.Attempts {
				return kyc.ErrIllegalMove // it is another walk by now
			}
			if err := st.HoldOpen(ctx, fresh, s.Now()); err != nil {
				return err
			}
			// Read while it is held, or somebody else's try in between would be missed.
			if p, err = s.provingOf(ctx, st, fresh, client); err != nil {
				return err
			}
			return move(st, &p)
		})
		var refused limitReached
		switch {
		case err == nil:
			s.Changed(p.session)
			s.Background.Wake()
			s.locked(p.session, p.reached...)
		case errors.As(err, &refused):
			s.locked(p.session, refused.limit)
		}
		if !errors.Is(err, store.ErrStale) || try == moveRetries {
			return p, err
		}
	}
}

// sendTo has a TAN sent to an address, the same one again or another one. The errors
// beside the store's: errFixed, limitReached, kyc.ErrNoAddressesLeft,
// kyc.ErrNoSendsLeft, kyc.ErrTooSoon, and kyc.ErrIllegalMove if the session has
// moved on.
func (s *Server) sendTo(ctx context.Context, session kyc.Session, client kyc.Client, address kyc.Address) (proving, error) {
	return s.send(ctx, session, client, func(*proving) (kyc.Address, error) { return address, nil })
}

// resend has another TAN sent to the same address. Errors as for sendTo, and
// errNoChallenge.
func (s *Server) resend(ctx context.Context, session kyc.Session, client kyc.Client) (proving, error) {
	return s.send(ctx, session, client, func(p *proving) (kyc.Address, error) {
		if !p.open {
			return kyc.Address{}, errNoChallenge
		}
		return p.address, nil
	})
}

func (s *Server) send(ctx context.Context, session kyc.Session, client kyc.Client, to func(*proving) (kyc.Address, error)) (proving, error) {
	mac, err := s.tans.MAC(ctx)
	if err != nil {
		return proving{}, err
	}
	tans := keyed.NewTans(mac)
	return s.atomically(ctx, session, client, func(st *store.Store, p *proving) error {
		address, err := to(p)
		if err != nil {
			return err
		}
		if !p.open || !address.Equal(p.address) {
			if err := s.aim(ctx, st, tans, p, address); err != nil {
				return err
			}
		}
		if err := p.challenge.CanSend(s.Now()); err != nil {
			return err
		}
		if err := s.afford(ctx, st, tans, *p); err != nil {
			return err
		}
		return s.dispatch(ctx, st, tans, p)
	})
}

// networkWindow is the time in which the messages are counted that callers of one
// network ask for.
const networkWindow = time.Hour

// afford counts a message for the client and for the network of the caller, who needs
// no secret to ask for one.
func (s *Server) afford(ctx context.Context, st *store.Store, tans keyed.Tans, p proving) error {
	most, method := p.client.MessagesPerWindow(p.session.Method), p.session.Method
	if err := s.limit(ctx, st, "messages", tans.Messages(p.client.ID, method.Post()), most); err != nil {
		return err
	}
	if s.MessagesPerNetwork == 0 {
		return nil
	}
	key := tans.Network(networkOf(visitOf(ctx).address))
	return s.limitIn(ctx, st, "network", key, s.MessagesPerNetwork, networkWindow)
}

// networkOf is the part of an address that one subscriber has: all of an IPv4 address,
// 64 bits of an IPv6 one.
func networkOf(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || a.Is4() {
		return address
	}
	return netip.PrefixFrom(a, 64).Masked().String()
}

// aim begins with another address.
func (s *Server) aim(ctx context.Context, st *store.Store, tans keyed.Tans, p *proving, address kyc.Address) error {
	if p.hint.Fixed && !address.Equal(p.hint.Address) {
		return errFixed
	}
	sealed, err := s.sealAddress(p.session, address)
	if err != nil {
		return err
	}
	hash := tans.Address(address)
	if err := p.challenge.To(p.session, sealed, hash, s.Now()); err != nil {
		return err
	}
	p.address, p.open = address, true
	return s.limit(ctx, st, "sessions", tans.Sessions(hash), kyc.AddressSessions)
}

// limit counts, and refuses with limitReached what is too much.
func (s *Server) limit(ctx context.Context, st *store.Store, what string, key []byte, most int64) error {
	return s.limitIn(ctx, st, what, key, most, kyc.TANWindow)
}

func (s *Server) limitIn(ctx context.Context, st *store.Store, what string, key []byte, most int64, window time.Duration) error {
	n, since, err := st.Count(ctx, key, s.Now(), window)
	if err != nil || n <= most {
		return err
	}
	return limitReached{what, since.Add(window).Sub(s.Now())}
}

// locked tells the operator that limits of TANs were reached, after the transaction:
// what is undone and begun anew is told once.
func (s *Server) locked(session kyc.Session, limits ...string) {
	for _, limit := range limits {
		s.metrics.locked(limit)
		s.Log.Warn("limit of TANs reached", "limit", limit, "session_id", session.ID, "client_id", session.ClientID, "method", session.Method)
	}
}

// dispatch makes a TAN and queues its message, with the session and its challenge as
// they are by then.
func (s *Server) dispatch(ctx context.Context, st *store.Store, tans keyed.Tans, p *proving) error {
	now := s.Now()
	tan, err := kyc.NewTAN(s.Rand)
	if err != nil {
		return err
	}
	message := kyc.Message{
		SessionID: p.session.ID, Address: p.address, TAN: tan, Language: string(visitOf(ctx).lang),
		ClientName: nameOf(p.client), ExpiresAt: now.Add(p.session.Method.TANLifetime()),
	}
	var letter []byte
	if p.session.Method.Post() {
		if message.LetterCode, err = kyc.NewLetterCode(s.Rand); err != nil {
			return err
		}
		message.Link = s.issuer() + "/letter/" + message.LetterCode
		letter = tans.Letter(message.LetterCode)
	}
	plain, err := message.Encode()
	if err != nil {
		return err
	}
	sealed, err := s.Ring.Seal(kyc.PurposeMessage, kyc.ClaimsContext(p.session.ID, p.session.ClientID), plain)
	if err != nil {
		return err
	}
	if err := p.challenge.Send(tans.TAN(p.challenge.AddressHash, tan), letter, sealed, now); err != nil {
		return err
	}
	return s.keep(ctx, st, p, st.PutChallenge)
}

// keep writes a session that waits for a TAN, and its challenge by put.
func (s *Server) keep(ctx context.Context, st *store.Store, p *proving, put func(context.Context, kyc.Challenge) error) error {
	if err := p.session.Await(*p.challenge.ExpiresAt, s.Now()); err != nil {
		return err
	}
	if err := st.Apply(ctx, p.session, kyc.Effects{}); err != nil {
		return err
	}
	p.session.Version++
	err := put(ctx, p.challenge)
	p.challenge.Version++
	return err
}
