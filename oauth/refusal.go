package oauth

import "net/http"

// Reason says why a request is answered by an error page. The page translates it.
type Reason string

// The reasons.
const (
	ReasonBadRequest         Reason = "bad_request"          // the query or form cannot be read
	ReasonUnknownClient      Reason = "unknown_client"       // missing, repeated, unknown or disabled
	ReasonNoRedirectURI      Reason = "no_redirect_uri"      // missing or repeated
	ReasonUnknownRedirectURI Reason = "unknown_redirect_uri" // not registered for the client
)

// ShownError is a refusal that is shown to the person as a page. The browser is
// never sent anywhere with it (RFC 6749, section 4.1.2.1; RFC 9700, section
// 4.11.2), which is why it carries no URI.
type ShownError struct {
	Reason Reason
	Status int // of the HTTP answer
}

func shown(r Reason) *ShownError { return &ShownError{Reason: r, Status: http.StatusBadRequest} }

// Error returns the reason.
func (e *ShownError) Error() string { return "error page: " + string(e.Reason) }

// RedirectError is a refusal that the browser takes home to the client (RFC 6749,
// section 4.1.2.1). Its RedirectURI has been matched with the client's.
type RedirectError struct {
	Code        Code
	Description string // only the characters that Clean leaves
	RedirectURI string
	State       string // as the client sent it; empty without

	// ResponseMode is how the client wants to be told: ResponseModeFormPost, or
	// empty for the query.
	ResponseMode string
}

// NewRedirectError returns the refusal for the redirect URI and state that a
// session is bound to, by query. The caller vouches for the redirect URI.
func NewRedirectError(redirectURI, state string, code Code, description string) *RedirectError {
	return &RedirectError{Code: code, Description: Clean(description), RedirectURI: redirectURI, State: state}
}

// Error returns what the client is told.
func (e *RedirectError) Error() string { return string(e.Code) + ": " + e.Description }

// URL returns where the browser is sent, unless by form_post: the redirect URI with
// the Params.
func (e *RedirectError) URL(profile ErrorProfile, issuer string) string {
	return AnswerURL(e.RedirectURI, e.Params(profile, issuer)...)
}

// Params returns error, error_description, state, and, unless issuer is empty, iss
// (RFC 9207); those without a value are to be left out. The profile is the client's.
func (e *RedirectError) Params(profile ErrorProfile, issuer string) []Param {
	return []Param{
		{"error", string(profile.Word(e.Code))},
		{"error_description", e.Description},
		{"state", e.State},
		{"iss", issuer},
	}
}
