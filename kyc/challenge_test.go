package kyc_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"vouchgate/kyc"
)

// proving returns an open session that proves an address by a method.
func proving(t *testing.T, method kyc.Method) *kyc.Session {
	t.Helper()
	s := pending()
	is(t, s.Choose(method, noon), nil)
	b := binding
	b.Scope = "profile email phone address"
	_, err := s.Open(b, kyc.Verification{}, noon, noon)
	is(t, err, nil)
	return &s
}

// sent returns a challenge of a session with one message that was asked for at noon.
func sent(t *testing.T, s *kyc.Session) kyc.Challenge {
	t.Helper()
	c := kyc.NewChallenge(*s)
	is(t, c.To(*s, []byte("sealed address"), []byte("hash of it"), noon), nil)
	is(t, c.Send([]byte("hash of the TAN"), nil, []byte("sealed message"), noon), nil)
	return c
}

func TestAChallengeBeginsWithAnAddress(t *testing.T) {
	t.Parallel()
	s := proving(t, kyc.MethodEmail)
	c := kyc.NewChallenge(*s)
	same(t, "new", c, kyc.Challenge{SessionID: s.ID, ClientID: "kiosk"})
	same(t, "of its session", c.Of(*s), false)
	same(t, "tries left", c.TriesLeft(noon), int64(0))
	is(t, c.To(*s, []byte("sealed"), []byte("hash"), noon), nil)
	same(t, "with an address", c, kyc.Challenge{
		SessionID: s.ID, ClientID: "kiosk", Method: kyc.MethodEmail, Attempt: 1, SealedAddress: []byte("sealed"),
		AddressHash: []byte("hash"), Addresses: 1, UpdatedAt: noon,
	})
	same(t, "of its session", c.Of(*s), true)
	same(t, "a TAN", c.Matches(nil), false)
	same(t, "an empty TAN", c.Matches([]byte{}), false)
}

func TestAChallengeOfAnotherAttemptCountsForNothing(t *testing.T) {
	t.Parallel()
	s := proving(t, kyc.MethodEmail)
	c := sent(t, s)
	for name, change := range map[string]func(s *kyc.Session, c *kyc.Challenge){
		"another session":  func(s *kyc.Session, _ *kyc.Challenge) { s.ID = id(9) },
		"a later attempt":  func(s *kyc.Session, _ *kyc.Challenge) { s.Attempts++ },
		"another method":   func(s *kyc.Session, _ *kyc.Challenge) { s.Method = kyc.MethodPhone },
		"an erased one":    func(_ *kyc.Session, c *kyc.Challenge) { c.SealedAddress = nil },
		"no method chosen": func(s *kyc.Session, _ *kyc.Challenge) { s.Method = kyc.MethodOpen },
	} {
		s, c := *s, c
		same(t, "before "+name, c.Of(s), true)
		change(&s, &c)
		same(t, name, c.Of(s), false)
	}
}

func TestAMessageReplacesTheTAN(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		method      kyc.Method
		life, pause time.Duration
	}{
		{kyc.MethodEmail, 15 * time.Minute, time.Minute},
		{kyc.MethodPhone, 15 * time.Minute, time.Minute},
		{kyc.MethodPostal, 30 * 24 * time.Hour, 24 * time.Hour},
		{kyc.MethodPostalCH, 30 * 24 * time.Hour, 24 * time.Hour},
	} {
		s := proving(t, row.method)
		c := sent(t, s)
		c.Tries, c.Delivery, c.Deliveries, c.SealedMessage, c.NextTry = 2, kyc.DeliverySent, 4, nil, nil
		c.LeaseUntil, c.LetterHash = at(noon), []byte("old")
		now := noon.Add(row.pause)
		is(t, c.Send([]byte("newer"), []byte("letter"), []byte("message"), now), nil)
		next := now.Add(2 * row.pause)
		if row.method.Post() {
			next = now.Add(row.pause)
		}
		same(t, string(row.method), c, kyc.Challenge{
			SessionID: s.ID, ClientID: "kiosk", Method: row.method, Attempt: 1, SealedAddress: []byte("sealed address"),
			AddressHash: []byte("hash of it"), Addresses: 1, Sends: 2, TANHash: []byte("newer"), LetterHash: []byte("letter"),
			AskedAt: &now, NextSend: &next, ExpiresAt: at(now.Add(row.life)),
			SealedMessage: []byte("message"), NextTry: &now, Delivery: kyc.DeliveryQueued, UpdatedAt: now,
		})
		same(t, "the old TAN", c.Matches([]byte("hash of the TAN")), false)
		same(t, "the new one", c.Matches([]byte("newer")), true)
		same(t, "a part of it", c.Matches([]byte("new")), false)
	}
}

func TestWhoWantsAnotherMessageWaits(t *testing.T) {
	t.Parallel()
	c := sent(t, proving(t, kyc.MethodPhone))
	now := noon
	for _, pause := range []time.Duration{time.Minute, 2 * time.Minute} {
		before := c
		is(t, c.CanSend(now.Add(pause-1)), kyc.ErrTooSoon)
		is(t, c.Send([]byte("x"), nil, []byte("y"), now.Add(pause-1)), kyc.ErrTooSoon)
		same(t, "refused", c, before)
		now = now.Add(pause)
		is(t, c.CanSend(now), nil)
		is(t, c.Send([]byte("x"), nil, []byte("y"), now), nil)
	}
	before := c
	same(t, "left", c.SendsLeft(), int64(0))
	is(t, c.Send([]byte("x"), nil, []byte("y"), now.Add(1000*time.Hour)), kyc.ErrNoSendsLeft)
	same(t, "refused", c, before)
}

func TestAnotherAddressBeginsAnew(t *testing.T) {
	t.Parallel()
	s := proving(t, kyc.MethodEmail)
	c := sent(t, s)
	c.Tries, c.LockedAt, c.Version = 3, at(noon), 7
	for n := int64(2); n <= kyc.TANAddresses; n++ {
		same(t, "left", c.AddressesLeft(), kyc.TANAddresses-n+1)
		now := noon.Add(time.Minute)
		is(t, c.To(*s, []byte("other"), []byte("other hash"), now), nil)
		same(t, "challenge", c, kyc.Challenge{
			SessionID: s.ID, ClientID: "kiosk", Method: kyc.MethodEmail, Attempt: 1, SealedAddress: []byte("other"),
			AddressHash: []byte("other hash"), Addresses: n, UpdatedAt: now, Version: 7,
		})
		is(t, c.Send([]byte("x"), nil, []byte("y"), now), nil) // at once
	}
	before := c
	is(t, c.To(*s, []byte("more"), []byte("more"), noon), kyc.ErrNoAddressesLeft)
	same(t, "refused", c, before)
	same(t, "left", c.AddressesLeft(), int64(0))
}

func TestTriesLeft(t *testing.T) {
	t.Parallel()
	c := sent(t, proving(t, kyc.MethodEmail))
	end := noon.Add(kyc.TANLifetime)
	for tries, want := range []int64{3, 2, 1, 0, 0} {
		c.Tries = int64(tries)
		same(t, "just before the end", c.TriesLeft(end.Add(-1)), want)
		same(t, "at the end", c.TriesLeft(end), int64(0))
	}
	c.Tries, c.TANHash = 0, nil
	same(t, "of an erased TAN", c.TriesLeft(noon), int64(0))
}

func TestUsedUp(t *testing.T) {
	t.Parallel()
	whole := sent(t, proving(t, kyc.MethodEmail))
	whole.Tries, whole.Sends, whole.Addresses = kyc.TANTries, kyc.TANSends, kyc.TANAddresses
	for _, row := range []struct {
		name   string
		change func(*kyc.Challenge)
		fixed  bool
		now    time.Time
		want   bool
	}{
		{"nothing left", func(*kyc.Challenge) {}, false, noon, true},
		{"a try left", func(c *kyc.Challenge) { c.Tries-- }, false, noon, false},
		{"a try left of a TAN that has ended", func(c *kyc.Challenge) { c.Tries-- }, false, noon.Add(kyc.TANLifetime), true},
		{"a message left", func(c *kyc.Challenge) { c.Sends-- }, false, noon, false},
		{"an address left", func(c *kyc.Challenge) { c.Addresses-- }, false, noon, false},
		{"an address left that cannot be changed", func(c *kyc.Challenge) { c.Addresses-- }, true, noon, true},
		{"a message left of it", func(c *kyc.Challenge) { c.Addresses--; c.Sends-- }, true, noon, false},
	} {
		c := whole
		row.change(&c)
		same(t, row.name, c.UsedUp(row.fixed, row.now), row.want)
	}
}

func TestALetterGoesOnInAnotherBrowser(t *testing.T) {
	t.Parallel()
	first, second := proving(t, kyc.MethodPostalCH), proving(t, kyc.MethodPostalCH)
	second.ID, second.Attempts = id(2), 4
	c := sent(t, first)
	c.Tries, c.Addresses, c.Version, c.LetterHash, c.LeaseUntil = 1, 2, 9, []byte("letter"), at(noon)
	now := noon.Add(48 * time.Hour)
	for _, row := range []struct {
		name string
		own  kyc.Challenge
		want int64
	}{
		{"that has none", kyc.NewChallenge(*second), 2},
		{"that has tried less", kyc.Challenge{Addresses: 1, Version: 3}, 2},
		{"that has tried more", kyc.Challenge{Addresses: 3, Version: 3}, 3},
	} {
		want := c
		want.SessionID, want.Attempt, want.Addresses, want.Version, want.UpdatedAt = second.ID, 4, row.want, row.own.Version, now
		want.SealedMessage, want.NextTry, want.LeaseUntil, want.Delivery = nil, nil, nil, kyc.DeliveryNone
		got := c.Adopt(*second, row.own, now)
		same(t, "a session "+row.name, got, want)
		same(t, "belongs to it", got.Of(*second), true)
		same(t, "tries left", got.TriesLeft(now), c.TriesLeft(now))
	}
}

// TestNobodyHasMoreTriesThanTheLimits does whatever it can in one session.
func TestNobodyHasMoreTriesThanTheLimits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		s := proving(t, rapid.SampledFrom(kyc.AddressMethods).Draw(r, "method"))
		c, now := kyc.NewChallenge(*s), noon
		var tries, sends, addresses int64
		r.Repeat(map[string]func(*rapid.T){
			"wait": func(r *rapid.T) {
				now = now.Add(time.Duration(rapid.Int64Range(0, int64(40*time.Hour)).Draw(r, "for")))
			},
			"enter an address": func(*rapid.T) {
				if c.To(*s, []byte("sealed"), []byte("hash"), now) == nil {
					addresses++
				}
			},
			"ask for a message": func(r *rapid.T) {
				if c.SealedAddress != nil && c.Send([]byte("tan"), nil, []byte("message"), now) == nil {
					sends++
				}
			},
			"enter a TAN": func(*rapid.T) {
				if c.TriesLeft(now) > 0 { // as the store counts
					c.Tries++
					tries++
				}
			},
			"": func(r *rapid.T) {
				const mostSends = kyc.TANAddresses * kyc.TANSends
				if addresses > kyc.TANAddresses || sends > mostSends || tries > mostSends*kyc.TANTries {
					r.Fatalf("%d addresses, %d messages, %d tries", addresses, sends, tries)
				}
				if (c.SealedMessage == nil) != (c.NextTry == nil) || c.TriesLeft(now) > 0 && !now.Before(*c.ExpiresAt) {
					r.Fatalf("%+v", c)
				}
				if c.UsedUp(false, now) && (c.CanSend(now.Add(1000*time.Hour)) == nil || c.TriesLeft(now) > 0) {
					r.Fatalf("used up: %+v", c)
				}
			},
		})
	})
}

func TestARefusedAddressLooksLikeAnyOther(t *testing.T) {
	t.Parallel()
	for d, want := range map[kyc.Delivery]kyc.Delivery{
		kyc.DeliveryNone: kyc.DeliveryNone, kyc.DeliveryQueued: kyc.DeliveryQueued, kyc.DeliverySent: kyc.DeliverySent,
		kyc.DeliveryDelayed: kyc.DeliveryDelayed, kyc.DeliveryRefused: kyc.DeliverySent, kyc.DeliveryFailed: kyc.DeliveryFailed,
	} {
		same(t, string(d), d.Shown(), want)
	}
}

func TestAMessageComesBackAsItWasEncoded(t *testing.T) {
	t.Parallel()
	want := kyc.Message{
		SessionID: id(1), Address: kyc.Address{Method: kyc.MethodPostal, Name: "Zoë <b>", Lines: []string{"a", "b"}, Country: "DE"},
		TAN: "00000001", Language: "fr", ClientName: "Kiosk & Söhne", ExpiresAt: noon,
		Link: "https://gw.example/letter/7K3F-9QWX-2MTD-8HJP", LetterCode: "7K3F-9QWX-2MTD-8HJP",
	}
	text, err := want.Encode()
	is(t, err, nil)
	got, err := kyc.DecodeMessage(text)
	is(t, err, nil)
	same(t, "message", got, want)
	for _, bad := range []string{"", "x", "[]", `{"tan":1}`, string(text[:len(text)-1])} {
		if _, err := kyc.DecodeMessage([]byte(bad)); err == nil {
			t.Errorf("%q is a message", bad)
		}
	}
}
