package oauth

import "fmt"

// ErrorProfile says which error words a client is sent by redirect.
type ErrorProfile string

// The profiles. The empty one is ProfileOAuth.
const (
	ProfileOAuth ErrorProfile = "oauth" // the words of the RFCs
	ProfileTaler ErrorProfile = "taler" // the words that a GNU Taler exchange acts on
)

// ParseErrorProfile reads a profile from a setting; empty is ProfileOAuth.
func ParseErrorProfile(s string) (ErrorProfile, error) {
	switch p := ErrorProfile(s); p {
	case "", ProfileOAuth:
		return ProfileOAuth, nil
	case ProfileTaler:
		return p, nil
	default:
		return "", fmt.Errorf("error profile must be %s or %s", ProfileOAuth, ProfileTaler)
	}
}

// Word returns the word that a client with this profile is sent by redirect.
//
// The oauth2 plugin of a Taler exchange closes its KYC process on server_error
// and unauthorized_client only, so that the person can start again. Every other
// word leaves the process open and the browser waiting. A refusal by the person
// becomes unauthorized_client, everything else server_error.
func (p ErrorProfile) Word(c Code) Code {
	if p != ProfileTaler {
		return c
	}
	switch c {
	case CodeAccessDenied, CodeUnauthorizedClient:
		return CodeUnauthorizedClient
	default:
		return CodeServerError
	}
}
