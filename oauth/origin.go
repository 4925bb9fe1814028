package oauth

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// ErrBadOrigin says that an origin may not be registered. The text says why.
var ErrBadOrigin = errors.New("bad origin")

// CheckOrigin says whether the pages of a web origin may be allowed to call the
// endpoints for browser apps: https, or http on the own machine, then host and
// port, and nothing else. It must be written as browsers write it into the Origin
// header (RFC 6454, section 6.2), in lower case and without the default port,
// because it will be compared byte by byte. Refusals are ErrBadOrigin.
func CheckOrigin(origin string) error {
	if fault := originFault(origin); fault != "" {
		return fmt.Errorf("%w: %s", ErrBadOrigin, fault)
	}
	return nil
}

func originFault(origin string) string {
	if origin == "null" {
		return "null stands for many origins"
	}
	if len(origin) > maxRedirectURI {
		return fmt.Sprintf("longer than %d bytes", maxRedirectURI)
	}
	if fault := characterFault(origin); fault != "" {
		return fault
	}
	u, err := url.Parse(origin)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return "not https:// or http:// and a host"
	case origin != u.Scheme+"://"+u.Host:
		return "it has more than scheme, host and port"
	case origin != strings.ToLower(origin):
		return "browsers write it in lower case"
	case u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80":
		return "browsers leave the default port out"
	}
	return schemeFault(u)
}
