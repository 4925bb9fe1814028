package worker

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const maxURL = 2048

// CheckURL says whether webhooks may be sent to a URL, as far as the URL tells:
// absolute, https, a public host, port 443 or 8443, no user name, no fragment.
// Inside the networks in allow, http and every port are good too. It is meant for
// registration; a name is judged again by what it resolves to whenever a
// connection is made, so with any network allowed a name passes here. The error
// is ErrBlocked, with what is wrong as its text.
func CheckURL(raw string, allow []netip.Prefix) error {
	if len(raw) > maxURL {
		return fmt.Errorf("%w: the URL is longer than %d bytes", ErrBlocked, maxURL)
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" {
		return fmt.Errorf("%w: not an absolute https URL", ErrBlocked)
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%w: the scheme must be https", ErrBlocked)
	case u.User != nil:
		return fmt.Errorf("%w: the URL must not hold a user name or password", ErrBlocked)
	case u.Fragment != "" || strings.Contains(raw, "#"):
		return fmt.Errorf("%w: the URL must not have a fragment", ErrBlocked)
	}
	port, err := portOf(u)
	if err != nil {
		return err
	}
	encrypted := u.Scheme == "https"
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil {
		return newGuard(allow).check(netip.AddrPortFrom(addr, port), encrypted)
	}
	if err := checkName(u.Hostname()); err != nil {
		return err
	}
	if len(allow) > 0 {
		return nil
	}
	return checkPublicName(u.Hostname(), port, encrypted)
}

func portOf(u *url.URL) (uint16, error) {
	text := u.Port()
	if text == "" {
		if strings.HasSuffix(u.Host, ":") {
			return 0, fmt.Errorf("%w: the port is empty", ErrBlocked)
		}
		if u.Scheme == "http" {
			return 80, nil
		}
		return 443, nil
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return 0, fmt.Errorf("%w: no such port", ErrBlocked)
	}
	return uint16(port), nil
}

// checkName refuses what is no host name. A last label that is a number makes
// the whole an IPv4 address in one of its odd forms (127.1, 2130706433,
// 0x7f000001) to some resolvers; the URL Standard (WHATWG, section 3.5) calls
// this "ends in a number".
func checkName(host string) error {
	host = strings.TrimSuffix(host, ".")
	if host == "" || len(host) > 253 {
		return fmt.Errorf("%w: the host is empty or too long", ErrBlocked)
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.Trim(label, nameCharacters) != "" {
			return fmt.Errorf("%w: the host is not a name of ASCII letters, digits and hyphens", ErrBlocked)
		}
	}
	last := strings.ToLower(labels[len(labels)-1])
	if strings.Trim(last, "0123456789") == "" ||
		strings.HasPrefix(last, "0x") && strings.Trim(last[2:], "0123456789abcdef") == "" {
		return fmt.Errorf("%w: the host is a number", ErrBlocked)
	}
	return nil
}

const nameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

// privateNames are top-level names that never lead to a public host (RFC 6761,
// RFC 6762, RFC 8375, and ICANN's reservation of internal).
var privateNames = []string{
	"localhost", "local", "internal", "localdomain", "arpa", "test", "invalid", "onion", "lan", "intranet", "corp", "home",
}

// checkPublicName judges a name when only public hosts are allowed.
func checkPublicName(host string, port uint16, encrypted bool) error {
	labels := strings.Split(strings.ToLower(strings.TrimSuffix(host, ".")), ".")
	switch {
	case !encrypted:
		return fmt.Errorf("%w: the scheme must be https", ErrBlocked)
	case !slices.Contains(publicPorts, port):
		return fmt.Errorf("%w: the port must be 443 or 8443", ErrBlocked)
	case len(labels) == 1, slices.Contains(privateNames, labels[len(labels)-1]):
		return fmt.Errorf("%w: the host is not a public one", ErrBlocked)
	}
	return nil
}
