package main

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The checks of this file read a setting, or note what is wrong with it and
// return a value that does no harm until the faults are reported.

func (f *faults) duration(name, text string, least, most time.Duration) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil || d < least || d > most {
		f.add(name, "must be a time such as 90s, 15m or 24h, from %s to %s", spell(least), spell(most))
		return least
	}
	return d
}

// spell writes a duration without the zero parts of time.Duration.String.
func spell(d time.Duration) string {
	s := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, zero) {
			s = s[:len(s)-2]
		}
	}
	return s
}

func (f *faults) number(name, text string, least, most int64) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		f.add(name, "must be a number from %d to %d", least, most)
		return least
	}
	return n
}

func (f *faults) oneOf(name, text string, words ...string) string {
	if !slices.Contains(words, text) {
		f.add(name, "must be one of: %s", strings.Join(words, ", "))
		return words[0]
	}
	return text
}

// networks reads prefixes; an address without a length stands for itself.
func (f *faults) networks(name, text string) []netip.Prefix {
	var out []netip.Prefix
	for _, part := range list(text) {
		prefix, err := netip.ParsePrefix(part)
		if addr, single := netip.ParseAddr(part); single == nil && addr.Zone() == "" {
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		switch {
		case err != nil:
			f.add(name, "%q is not a network such as 10.0.0.0/8", part)
		case prefix != prefix.Masked():
			f.add(name, "%s has bits outside its mask; the network is %s", part, prefix.Masked())
		default:
			out = append(out, prefix)
		}
	}
	return out
}

// list splits at commas and drops what is empty.
func list(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func (f *faults) address(name, text string) {
	_, port, err := net.SplitHostPort(text)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		f.add(name, "must be host:port, such as 127.0.0.1:8080 or :8080")
	}
}

func (f *faults) webURL(name, text string) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		f.add(name, "must be an http or https URL")
	} else if u.User != nil {
		f.add(name, "must not hold a user name or password")
	}
}

// headerName accepts what may name an HTTP header (RFC 9110, section 5.6.2).
func (f *faults) headerName(name, text string) {
	const others = "!#$%&'*+-.^_`|~"
	bad := func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune(others, r)
	}
	if text == "" || strings.ContainsFunc(text, bad) {
		f.add(name, "is not the name of a header")
	}
}

// publicURL reads the address under which others know the gateway. Without TLS a
// code or a token can be read on its way, so http is for loopback addresses.
func (f *faults) publicURL(name, text string, insecure bool) *url.URL {
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		f.add(name, "must be an http or https URL, such as https://id.example.org")
	case u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(text, "?#"):
		f.add(name, "must be scheme, host and port only")
	case u.Scheme == "http" && !insecure && !loopback(u.Hostname()):
		f.add(name, "must be https, because codes and tokens pass there (for tests: --insecure-public-url)")
	default:
		return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}
	}
	return nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
