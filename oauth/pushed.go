package oauth

import (
	"net/http"
	"strings"
)

// RequestURIPrefix begins the request_uri of a pushed request; its handle follows
// (RFC 9126, section 2.2).
const RequestURIPrefix = "urn:ietf:params:oauth:request_uri:"

// RequestURI says whether a raw query or form of the authorization endpoint refers
// to a request that was pushed, and returns whose it is and its handle, which may
// be any text. All other parameters are to be ignored then (RFC 9101, section 5).
// If ok is false the query is one for ParseAuthorize, which refuses any other
// request_uri.
//
// An error is a *ShownError: for a query that cannot be read, and for a reference
// without exactly one client.
func RequestURI(raw string) (clientID, handle string, ok bool, err error) {
	p, err := ParseParams(raw)
	if err != nil {
		return "", "", false, shown(ReasonBadRequest)
	}
	handle, ok = strings.CutPrefix(p.Get("request_uri"), RequestURIPrefix)
	if !ok || p.Repeated("request_uri") {
		return "", "", false, nil
	}
	clientID = p.Get("client_id")
	if clientID == "" || p.Repeated("client_id") {
		return "", "", false, shown(ReasonUnknownClient)
	}
	return clientID, handle, true, nil
}

// ParsePushed reads an authorization request that a client pushes (RFC 9126,
// section 2.1) after it has authenticated itself. The checks are those of
// ParseAuthorize, but there is no browser to send anywhere: every error is an
// *Error with status 400. The form may leave client_id out; request_uri in it is
// invalid_request.
func ParsePushed(form Params, client Client, known func(scope string) bool) (AuthorizeRequest, error) {
	id, uri := form.Get("client_id"), form.Get("redirect_uri")
	switch {
	case form.AnyRepeated() != "":
		return AuthorizeRequest{}, InvalidRequest(form.AnyRepeated() + " is repeated")
	case id != "" && id != client.ID:
		return AuthorizeRequest{}, InvalidRequest("client_id is not the client that authenticated itself")
	case form.Get("request_uri") != "":
		return AuthorizeRequest{}, InvalidRequest("request_uri cannot be pushed")
	case uri == "":
		return AuthorizeRequest{}, InvalidRequest("redirect_uri is missing")
	case !MatchRedirectURI(client.RedirectURIs, client.Native, uri):
		return AuthorizeRequest{}, InvalidRequest("redirect_uri is not registered for this client")
	}
	r, fault := readRequest(form, client, known)
	if fault != nil {
		return AuthorizeRequest{}, newError(http.StatusBadRequest, fault.code, fault.text)
	}
	return r, nil
}
