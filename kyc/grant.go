package kyc

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"time"
)

// Grant is what a client may read after it redeemed a code.
type Grant struct {
	ID            ID
	SessionID     ID
	ClientID      string
	Method        Method // how it was proved
	AccountID     *ID    // whose sign-in it came from, if it did
	Subject       string // names the person to this client
	Scope         string
	Claims        Strings // read beside those of the scope
	SealedClaims  []byte  // the sealed Proof
	SealedRequest []byte  // the sealed Request, nil without
	Consent       Consent // ConsentGiven if the person was asked
	Once          bool    // one read ends it
	CreatedAt     time.Time
	ExpiresAt     time.Time
	RefreshUntil  *time.Time // nil: there are no refresh tokens
	RevokedAt     *time.Time
}

// Live says whether the grant can be read at the given time.
func (g Grant) Live(now time.Time) bool { return g.RevokedAt == nil && now.Before(g.ExpiresAt) }

// Asked lists the claims that a token with the given scope can read, which may be
// narrower than the grant's. Claims that were asked for one by one belong to the
// whole grant.
func (g Grant) Asked(scope string) []string {
	if scope == "" || sameNames(scope, g.Scope) {
		return Asked(g.Scope, g.Claims)
	}
	return ClaimsOf(scope)
}

// Covers says whether a person has agreed, by this grant, to all that is asked for:
// scopes and single claims.
func (g Grant) Covers(scope string, claims Strings) bool {
	if g.Consent != ConsentGiven {
		return false
	}
	has := append(Asked(g.Scope, g.Claims), strings.Fields(g.Scope)...)
	asked := append(Asked(scope, claims), strings.Fields(scope)...)
	return !slices.ContainsFunc(asked, func(name string) bool { return !slices.Contains(has, name) })
}

// sameNames says whether two scopes hold the same names, in whatever order.
func sameNames(a, b string) bool {
	return slices.Equal(slices.Sorted(strings.FieldsSeq(a)), slices.Sorted(strings.FieldsSeq(b)))
}

// Token gives access to a grant, or is swapped for another one that does.
type Token struct {
	ID          ID
	GrantID     ID
	Kind        SecretKind // SecretAccessToken or SecretRefreshToken
	Hash        []byte
	Scope       string // narrower than the grant's; empty: the grant's
	CreatedAt   time.Time
	ExpiresAt   time.Time
	RevokedAt   *time.Time
	RotatedAt   *time.Time // when a refresh token was used
	SuccessorID *ID        // the refresh token that replaced it
	IssuedWith  *ID        // the access token that was handed out beside it
}

// Live says whether the token is valid at the given time: before its expiry, not
// at it.
func (t Token) Live(now time.Time) bool { return t.RevokedAt == nil && now.Before(t.ExpiresAt) }

// DeriveToken returns the token of the row id that was handed out in place of the
// refresh token from. Like a code it is a keyed hash of what it stands for, so that
// a client whose answer was lost can be given the very same tokens again.
func DeriveToken(kind SecretKind, from, id ID, mac func(purpose string, parts ...[]byte) []byte) Handle {
	h := Handle{ID: id}
	copy(h.Secret[:], mac(string(kind), from[:], id[:]))
	return h
}

// Subject returns the name by which a client knows a person, without what the
// person is known by elsewhere: a keyed hash over the client and whatever names the
// person here (OpenID Connect Core, section 8.1). Two clients cannot find out by it
// that they know the same person.
func Subject(clientID string, person []byte, mac func(purpose string, parts ...[]byte) []byte) string {
	var id ID
	length := binary.BigEndian.AppendUint64(nil, uint64(len(clientID)))
	copy(id[:], mac("subject", length, []byte(clientID), person))
	id[6] = id[6]&0x0f | 0x80 // a UUID of version 8 (RFC 9562, section 5.8): its bits mean what we say
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// Number returns a subject as a positive number that every reader of JSON keeps (RFC
// 8259, section 6), for clients that expect one.
func Number(subject string) int64 {
	sum := sha256.Sum256([]byte(subject))
	return max(int64(binary.BigEndian.Uint64(sum[:])>>11), 1)
}
