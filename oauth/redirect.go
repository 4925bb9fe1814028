package oauth

import (
	"slices"
	"strconv"
	"strings"
)

// MatchRedirectURI says whether a redirect URI is one of the registered ones,
// byte by byte (RFC 9700, section 4.1.3). The one exception is for native apps:
// where an IP loopback URI was registered without a port, any port will do, because
// an app gets its port from the system (RFC 8252, section 7.3).
func MatchRedirectURI(registered []string, native bool, uri string) bool {
	return slices.ContainsFunc(registered, func(r string) bool {
		return r == uri || native && matchLoopback(r, uri)
	})
}

func matchLoopback(registered, uri string) bool {
	for _, host := range []string{"http://127.0.0.1", "http://[::1]"} {
		rest, ok := strings.CutPrefix(registered, host)
		if !ok {
			continue
		}
		after, ok := strings.CutPrefix(uri, host+":")
		if !ok {
			continue
		}
		port, path, found := strings.Cut(after, "/")
		return found && isPort(port) && "/"+path == rest
	}
	return false
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && s[0] != '0'
}

// Param is a parameter of an answer.
type Param struct{ Name, Value string }

// AnswerURL adds parameters to the query of a redirect URI and leaves out those
// without a value. What was registered stays byte by byte (RFC 6749, section
// 3.1.2), and values are encoded so that any reader gets the same bytes back:
// everything but unreserved characters as %XX, a space as %20 and not as plus.
func AnswerURL(redirectURI string, params ...Param) string {
	var b strings.Builder
	b.WriteString(redirectURI)
	separator := "?"
	if _, query, found := strings.Cut(redirectURI, "?"); found {
		separator = "&"
		if query == "" || strings.HasSuffix(query, "&") {
			separator = ""
		}
	}
	for _, p := range params {
		if p.Value == "" {
			continue
		}
		b.WriteString(separator)
		writeEscaped(&b, p.Name)
		b.WriteByte('=')
		writeEscaped(&b, p.Value)
		separator = "&"
	}
	return b.String()
}

// CodeParams returns the parameters of CodeURL for an answer by form_post; those
// without a value are to be left out.
func CodeParams(code, state, issuer string) []Param {
	return []Param{{"code", code}, {"state", state}, {"iss", issuer}}
}

// CodeURL returns where the browser takes the code (RFC 6749, section 4.1.2),
// with the state if there was one and, unless issuer is empty, iss (RFC 9207).
func CodeURL(redirectURI, code, state, issuer string) string {
	return AnswerURL(redirectURI, CodeParams(code, state, issuer)...)
}

func writeEscaped(b *strings.Builder, s string) {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		if c := s[i]; isUnreserved(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&0xF]})
		}
	}
}
