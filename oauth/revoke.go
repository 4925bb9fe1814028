package oauth

// ParseRevocation reads the form of a revocation request (RFC 7009, section 2.1)
// and returns the token, of whichever kind. Errors are the *Error invalid_request,
// for a missing token and for repeated parameters. token_type_hint is not looked
// at: the token tells its kind itself.
func ParseRevocation(form Params) (token string, err error) { return tokenOf(form) }

// ParseIntrospection reads the form of an introspection request (RFC 7662, section
// 2.1), by the rules of ParseRevocation.
func ParseIntrospection(form Params) (token string, err error) { return tokenOf(form) }

func tokenOf(form Params) (string, error) {
	if name := form.AnyRepeated(); name != "" {
		return "", InvalidRequest(name + " is repeated")
	}
	token := form.Get("token")
	if token == "" {
		return "", InvalidRequest("token is missing")
	}
	return token, nil
}
