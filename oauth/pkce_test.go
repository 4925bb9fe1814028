package oauth_test

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"vouchgate/oauth"
)

// The example of RFC 7636, appendix B.
const (
	rfcVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	rfcChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func TestVerifyPKCE(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("aZ09-._~", 16) // 128 characters
	for name, row := range map[string]struct {
		challenge, verifier string
		want                oauth.Code // "": accepted
	}{
		"the example of the RFC is accepted":         {rfcChallenge, rfcVerifier, ""},
		"neither challenge nor verifier is accepted": {"", "", ""},
		"128 characters are accepted":                {challengeOf(long), long, ""},
		"another verifier is refused":                {rfcChallenge, strings.Repeat("a", 43), oauth.CodeInvalidGrant},
		"a missing verifier is refused":              {rfcChallenge, "", oauth.CodeInvalidGrant},
		"the challenge is no verifier":               {rfcChallenge, rfcChallenge, oauth.CodeInvalidGrant},
		"a verifier without challenge is refused":    {"", rfcVerifier, oauth.CodeInvalidRequest},
		"42 characters are refused":                  {challengeOf(rfcVerifier[:42]), rfcVerifier[:42], oauth.CodeInvalidGrant},
		"129 characters are refused":                 {challengeOf(long + "a"), long + "a", oauth.CodeInvalidGrant},
		"other characters are refused":               {challengeOf(rfcVerifier + "+"), rfcVerifier + "+", oauth.CodeInvalidGrant},
		"a line break is not trimmed":                {rfcChallenge, rfcVerifier + "\n", oauth.CodeInvalidGrant},
		"a challenge with padding matches nothing":   {rfcChallenge + "=", rfcVerifier, oauth.CodeInvalidGrant},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := oauth.VerifyPKCE(row.challenge, row.verifier)
			if row.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			e := wantError(t, err, 400, row.want)
			if row.challenge != "" && strings.Contains(e.Description, row.challenge) {
				t.Error("the answer reveals the challenge")
			}
		})
	}
}
