package oauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
)

// The lengths of RFC 7636: a challenge is a SHA-256 hash in base64url without
// padding (section 4.2), a verifier has 43 to 128 characters (section 4.1).
const (
	challengeLen   = 43
	minVerifierLen = 43
	maxVerifierLen = 128
)

// challengeFault says what is wrong with the code_challenge and its method in an
// authorization request, in words for an error_description, or returns "".
// Without a method the method is "plain" (RFC 7636, section 4.3), which shows the
// verifier to whoever sees the request and is refused.
func challengeFault(challenge, method string, required bool) string {
	switch {
	case challenge == "" && method == "" && !required:
		return ""
	case challenge == "":
		return "code challenge required"
	case method != "S256":
		return "transform algorithm not supported, use S256"
	case len(challenge) != challengeLen || !every(challenge, isBase64URL):
		return "code challenge is not a SHA-256 hash in base64url"
	}
	return ""
}

// VerifyPKCE checks the code_verifier of a token request against the challenge
// that its code is bound to; both are empty when PKCE is not used. A wrong,
// malformed or missing verifier gives an invalid_grant *Error (RFC 7636, section
// 4.6). A verifier where there was no challenge gives invalid_request: somebody
// took the challenge out of the request on its way (RFC 9700, section 4.8.2).
func VerifyPKCE(challenge, verifier string) error {
	switch {
	case challenge == "" && verifier == "":
		return nil
	case challenge == "":
		return InvalidRequest("code verifier sent, but the authorization request had no code challenge")
	case verifier == "":
		return InvalidGrant("code verifier missing")
	case len(verifier) < minVerifierLen || len(verifier) > maxVerifierLen || !every(verifier, isUnreserved):
		return InvalidGrant("code verifier is not 43 to 128 unreserved characters")
	}
	sum := sha256.Sum256([]byte(verifier))
	want := base64.RawURLEncoding.EncodeToString(sum[:])
	if subtle.ConstantTimeCompare([]byte(want), []byte(challenge)) != 1 {
		return InvalidGrant("code verifier does not match the code challenge")
	}
	return nil
}

func every(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if !is(s[i]) {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

func isBase64URL(c byte) bool { return isAlphanumeric(c) || c == '-' || c == '_' }

// isUnreserved is the set of RFC 3986, section 2.3.
func isUnreserved(c byte) bool { return isBase64URL(c) || c == '.' || c == '~' }
