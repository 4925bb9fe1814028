package oauth

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The longest values that are kept, in bytes.
const (
	maxState     = 2048
	maxNonce     = 512
	maxLoginHint = 512
)

// The values of prompt (OpenID Connect Core, section 3.1.2.1).
const (
	PromptNone          = "none"
	PromptLogin         = "login"
	PromptConsent       = "consent"
	PromptSelectAccount = "select_account"
)

// requestFault is what a *RedirectError, or the *Error for a pushed request, will
// tell.
type requestFault struct {
	code Code
	text string
}

func invalid(text string) *requestFault { return &requestFault{CodeInvalidRequest, text} }

// readRequest reads everything but client and redirect URI, which have been
// checked. With a fault, the request holds what an answer needs to get home: its
// state and its response mode, where those are not at fault themselves.
func readRequest(p Params, client Client, known func(string) bool) (AuthorizeRequest, *requestFault) {
	r := AuthorizeRequest{
		ClientID: client.ID, RedirectURI: p.Get("redirect_uri"),
		Challenge: p.Get("code_challenge"), Nonce: p.Get("nonce"),
		Prompt: strings.Fields(p.Get("prompt")), ACRValues: strings.Fields(p.Get("acr_values")),
		UILocales: strings.Fields(p.Get("ui_locales")), RawClaims: p.Get("claims"),
	}
	if p.Get("response_mode") == ResponseModeFormPost && !p.Repeated("response_mode") {
		r.ResponseMode = ResponseModeFormPost
	}
	var fault *requestFault
	if r.State, fault = readState(p); fault != nil {
		return r, fault
	}
	if fault := checkOAuth(p, client); fault != nil {
		return r, fault
	}
	if fault := r.readOpenID(p); fault != nil {
		return r, fault
	}
	return r, r.readScope(p.Get("scope"), client, known)
}

// readState returns the state that every answer carries, even that to a faulty
// request. There is none when the state itself is at fault.
func readState(p Params) (string, *requestFault) {
	state := p.Get("state")
	switch {
	case p.Repeated("state"):
		return "", invalid("state is repeated")
	case len(state) > maxState:
		return "", invalid(fmt.Sprintf("state is longer than %d bytes", maxState))
	}
	return state, nil
}

// checkOAuth looks at what OAuth alone defines. request and request_uri are
// refused and not ignored (OpenID Connect Core, section 6): what they would have
// asked for is not what we would do.
func checkOAuth(p Params, client Client) *requestFault {
	if name := p.AnyRepeated(); name != "" {
		return invalid(name + " is repeated")
	}
	switch {
	case p.Get("request") != "":
		return &requestFault{CodeRequestNotSupported, "request objects are not supported"}
	case p.Get("request_uri") != "":
		return &requestFault{CodeRequestURINotSupported, "request_uri is not supported"}
	case !client.MayUse(GrantAuthorizationCode):
		return &requestFault{CodeUnauthorizedClient, "the client may not use authorization codes"}
	}
	if fault := checkResponse(p.Get("response_type"), p.Get("response_mode")); fault != nil {
		return fault
	}
	required := client.PKCERequired || client.Public()
	if text := challengeFault(p.Get("code_challenge"), p.Get("code_challenge_method"), required); text != "" {
		return invalid(text)
	}
	return nil
}

func checkResponse(responseType, mode string) *requestFault {
	switch {
	case responseType == "":
		return invalid("response_type is missing")
	case responseType != "code":
		return &requestFault{CodeUnsupportedResponseType, "response_type must be code"}
	case mode != "" && mode != "query" && mode != ResponseModeFormPost:
		return invalid("response_mode must be query or form_post")
	}
	return nil
}

// readOpenID reads what OpenID Connect adds. A login_hint that is too long to be
// of use is left out: it is a hint.
func (r *AuthorizeRequest) readOpenID(p Params) *requestFault {
	if len(r.Nonce) > maxNonce {
		return invalid(fmt.Sprintf("nonce is longer than %d bytes", maxNonce))
	}
	if fault := checkPrompt(r.Prompt); fault != nil {
		return fault
	}
	var fault *requestFault
	if r.MaxAge, fault = readMaxAge(p.Get("max_age")); fault != nil {
		return fault
	}
	if hint := p.Get("login_hint"); len(hint) <= maxLoginHint {
		r.LoginHint = hint
	}
	if r.RawClaims == "" {
		return nil
	}
	var err error
	if r.Claims, err = ParseClaims(r.RawClaims); err != nil {
		return invalid(err.Error())
	}
	r.ClaimNames = r.Claims.Names()
	return nil
}

func checkPrompt(prompts []string) *requestFault {
	for _, prompt := range prompts {
		switch prompt {
		case PromptNone, PromptLogin, PromptConsent, PromptSelectAccount:
		default:
			return invalid("prompt has an unknown value")
		}
	}
	if slices.Contains(prompts, PromptNone) && len(prompts) > 1 {
		return invalid("prompt=none goes with no other value")
	}
	return nil
}

// readMaxAge cuts a number to what can be reckoned with as a time.Duration.
func readMaxAge(s string) (*int64, *requestFault) {
	if s == "" {
		return nil, nil
	}
	seconds, err := strconv.ParseUint(s, 10, 31)
	if errors.Is(err, strconv.ErrRange) {
		seconds = math.MaxInt32
	} else if err != nil {
		return nil, invalid("max_age is not a number of seconds")
	}
	age := int64(seconds)
	return &age, nil
}

func (r *AuthorizeRequest) readScope(asked string, client Client, known func(string) bool) *requestFault {
	scope, err := client.grantScope(asked, known)
	if err != nil {
		return &requestFault{CodeInvalidScope, err.Error()}
	}
	r.Scope, r.ByDefault = scope, strings.Trim(asked, " ") == ""
	return nil
}
