package oauth

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"vouchgate/oauth/internal/strictjson"
)

// AssertionTypeJWT is the client_assertion_type of a signed JWT (RFC 7523, section
// 2.2).
const AssertionTypeJWT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// What an assertion may be like.
const (
	maxAssertion     = 16 << 10 // bytes of the claims
	maxAssertionDeep = 16
	maxAssertionID   = 255 // bytes
	maxAssertionLife = 5 * time.Minute
	assertionSkew    = time.Minute // how far the client's clock may be ahead of ours
)

// ErrBadAssertion is the cause of the *Error for an assertion that is malformed or
// whose claims do not hold. The text says why, for the log.
var ErrBadAssertion = errors.New("bad client assertion")

// Assertion holds the claims of the JWT by which a client authenticates itself
// (RFC 7523, section 3; OpenID Connect Core, section 9). Whether its signature is
// good is another matter.
type Assertion struct {
	Issuer, Subject string
	Audience        []string
	AudienceIsArray bool       // aud was an array, and not a text
	Expires         *time.Time // in UTC, like the other times; nil without
	IssuedAt        *time.Time
	NotBefore       *time.Time
	ID              string // jti, which may be used once
}

// ParseAssertionPayload reads the claims of an assertion, as JSON. Claims of other
// names are ignored. Errors are the *Error invalid_client for ErrBadAssertion: for
// what is no JSON object, has a member twice or a member of the wrong type.
func ParseAssertionPayload(payload []byte) (Assertion, error) {
	v, err := strictjson.Parse(payload, maxAssertion, maxAssertionDeep)
	if err != nil {
		return Assertion{}, badAssertion(err.Error())
	}
	o, ok := v.(*strictjson.Object)
	if !ok {
		return Assertion{}, badAssertion("its claims are not an object")
	}
	var a Assertion
	texts := []struct {
		name string
		text *string
	}{{"iss", &a.Issuer}, {"sub", &a.Subject}, {"jti", &a.ID}}
	for _, member := range texts {
		if v, ok := o.Get(member.name); ok {
			if *member.text, ok = v.(string); !ok {
				return Assertion{}, badAssertion(member.name + " is not a text")
			}
		}
	}
	times := []struct {
		name string
		at   **time.Time
	}{{"exp", &a.Expires}, {"iat", &a.IssuedAt}, {"nbf", &a.NotBefore}}
	for _, member := range times {
		if v, ok := o.Get(member.name); ok {
			if *member.at, ok = numericDate(v); !ok {
				return Assertion{}, badAssertion(member.name + " is not a time")
			}
		}
	}
	if v, ok := o.Get("aud"); ok {
		if a.Audience, a.AudienceIsArray, ok = audience(v); !ok {
			return Assertion{}, badAssertion("aud is neither a text nor texts")
		}
	}
	return a, nil
}

// numericDate reads seconds since 1970, which may have a fraction (RFC 7519,
// section 2), from 1970 to the year 9999.
func numericDate(v any) (*time.Time, bool) {
	const maxTime = 253402300799
	number, ok := v.(json.Number)
	seconds, err := strconv.ParseFloat(number.String(), 64)
	if !ok || err != nil || seconds < 0 || seconds > maxTime {
		return nil, false
	}
	at := time.UnixMicro(int64(seconds * 1e6)).UTC()
	return &at, true
}

func audience(v any) (list []string, isArray, ok bool) {
	if text, ok := v.(string); ok {
		return []string{text}, false, true
	}
	entries, ok := v.([]any)
	for _, entry := range entries {
		text, isText := entry.(string)
		if !isText {
			return nil, true, false
		}
		list = append(list, text)
	}
	return list, true, ok
}

// Check says whether a client may use the assertion now. audiences are the names
// of this server. Errors are the *Error invalid_client for ErrBadAssertion.
//
// The client is its own issuer and subject. The audience is one text, so that the
// assertion is of no use at another server (draft-ietf-oauth-rfc7523bis). The
// assertion ends within five minutes, so that its id need not be remembered for
// longer; clocks that are up to a minute ahead are put up with, but the end of an
// assertion is its end.
func (a Assertion) Check(clientID string, audiences []string, now time.Time) error {
	ahead := now.Add(assertionSkew)
	switch {
	case a.Issuer != clientID || a.Subject != clientID || clientID == "":
		return badAssertion("iss and sub are not the client")
	case a.AudienceIsArray:
		return badAssertion("aud is an array")
	case len(a.Audience) != 1 || !slices.Contains(audiences, a.Audience[0]):
		return badAssertion("aud is not this server")
	case a.ID == "" || len(a.ID) > maxAssertionID:
		return badAssertion("jti is missing or too long")
	case a.Expires == nil:
		return badAssertion("exp is missing")
	case !a.Expires.After(now):
		return badAssertion("it has expired")
	case a.Expires.After(ahead.Add(maxAssertionLife)):
		return badAssertion("exp is too far ahead")
	case a.IssuedAt != nil && a.IssuedAt.After(ahead):
		return badAssertion("iat is ahead")
	case a.NotBefore != nil && a.NotBefore.After(ahead):
		return badAssertion("nbf is ahead")
	}
	return nil
}

func badAssertion(why string) error {
	return InvalidClient(false).Because(fmt.Errorf("%w: %s", ErrBadAssertion, why))
}

// assertedClient returns the subject of an assertion that nobody has verified yet,
// to find the client whose keys can.
func assertedClient(assertion string) (string, error) {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return "", badAssertion("it is not a signed JWT")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", badAssertion("its claims are not base64url")
	}
	a, err := ParseAssertionPayload(payload)
	return a.Subject, err
}
