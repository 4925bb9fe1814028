package oauth

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// maxRedirectURI is the length that a redirect URI may have, in bytes.
const maxRedirectURI = 2048

// ErrBadRedirectURI says that a redirect URI may not be registered. The text says
// why.
var ErrBadRedirectURI = errors.New("bad redirect URI")

// CheckRedirectURI says whether a redirect URI may be registered: absolute,
// without fragment (RFC 6749, section 3.1.2), https, or http on the own machine
// (127.0.0.1, [::1], localhost), or a private-use scheme that is a reversed domain
// name (RFC 8252, section 7.1). What two readers of a URI could read differently
// is refused as well: user names, wildcards, dot segments, backslashes, control
// characters, also when they are percent-encoded. Refusals are ErrBadRedirectURI.
func CheckRedirectURI(uri string) error {
	if fault := redirectURIFault(uri); fault != "" {
		return fmt.Errorf("%w: %s", ErrBadRedirectURI, fault)
	}
	return nil
}

func redirectURIFault(uri string) string {
	if uri == "" {
		return "it is empty"
	}
	if len(uri) > maxRedirectURI {
		return fmt.Sprintf("longer than %d bytes", maxRedirectURI)
	}
	if fault := characterFault(uri); fault != "" {
		return fault
	}
	u, err := url.Parse(uri)
	switch {
	case err != nil:
		return "not a URI"
	case u.Scheme == "":
		return "not absolute: it has no scheme"
	case !strings.HasPrefix(uri, u.Scheme+":"):
		return "its scheme is not in lower case"
	case u.User != nil || strings.Contains(u.Host, "@"):
		return "it holds a user name"
	case u.Opaque != "" || u.Host == "" && u.Path == "":
		return "it has no path after its scheme"
	case hasDotSegment(u.EscapedPath()):
		return "its path has a dot segment"
	}
	if fault := schemeFault(u); fault != "" {
		return fault
	}
	return queryFault(u.Query())
}

func characterFault(uri string) string {
	for i := range len(uri) {
		c := uri[i]
		switch {
		case c == '#':
			return "it has a fragment"
		case c == '*':
			return "it has a wildcard"
		case !isUnreserved(c) && !strings.ContainsRune(":/?[]@!$&'()+,;=%", rune(c)):
			return fmt.Sprintf("byte %#02x may not be in a URI", c)
		}
	}
	decoded, ok := decodeAll(uri)
	if !ok {
		return "its percent-encoding is broken"
	}
	for i := range len(decoded) {
		if c := decoded[i]; c < 0x20 || c == 0x7F || c == '\\' {
			return "it holds an encoded control character or backslash"
		}
	}
	return ""
}

// decodeAll takes percent-encoding off until none is left, as a chain of readers
// would that each decode once and let pass what they cannot decode. Encoding that
// is broken from the start is not ok.
func decodeAll(s string) (decoded string, ok bool) {
	if _, err := url.PathUnescape(s); err != nil {
		return s, false
	}
	for {
		decoded = encodedByte.ReplaceAllStringFunc(s, func(triplet string) string {
			b, _ := strconv.ParseUint(triplet[1:], 16, 8)
			return string([]byte{byte(b)})
		})
		if decoded == s {
			return s, true
		}
		s = decoded
	}
}

var encodedByte = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// hasDotSegment also finds the dots behind path parameters ("/..;x/"), which some
// servers cut off before they resolve the path.
func hasDotSegment(path string) bool {
	path, _ = decodeAll(path)
	for segment := range strings.SplitSeq(path, "/") {
		if segment, _, _ = strings.Cut(segment, ";"); segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

func schemeFault(u *url.URL) string {
	switch {
	case u.Scheme == "https":
		return hostFault(u)
	case u.Scheme == "http":
		if h := u.Hostname(); h != "127.0.0.1" && h != "::1" && h != "localhost" {
			return "http is for 127.0.0.1, [::1] and localhost only"
		}
		return hostFault(u)
	case !strings.Contains(u.Scheme, "."):
		return "its scheme is neither https nor a reversed domain name"
	case u.Host != "":
		return hostFault(u)
	}
	return ""
}

func hostFault(u *url.URL) string {
	if port := u.Port(); strings.HasSuffix(u.Host, ":") || port != "" && !isPort(port) {
		return "its port is not a number from 1 to 65535"
	}
	host := u.Hostname()
	if ip, err := netip.ParseAddr(host); err == nil && ip.Zone() == "" {
		return ""
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || !every(label, func(c byte) bool { return isAlphanumeric(c) || c == '-' }) {
			return "its host is not a host name"
		}
	}
	return ""
}

// queryFault refuses names that an answer uses: a client that reads them twice
// could be made to take the wrong one.
func queryFault(query url.Values) string {
	for _, name := range []string{"code", "state", "iss", "error", "error_description", "error_uri"} {
		if query.Has(name) {
			return "its query has " + name + ", which answers use"
		}
	}
	return ""
}
