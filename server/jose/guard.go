package jose

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"syscall"

	"code.dny.dev/ssrf"
)

// ErrBlocked says that a client's URL leads to a place that must not be reached
// from here, such as a private network.
var ErrBlocked = errors.New("address is not allowed")

// publicPorts are the ports of public web servers with TLS.
var publicPorts = []uint16{443, 8443}

// guard decides which addresses may be asked for keys: public ones over TLS, and
// those that the operator allows.
type guard struct {
	public *ssrf.Guardian
	allow  []netip.Prefix
}

func newGuard(allow []netip.Prefix) guard {
	return guard{public: ssrf.New(ssrf.WithAnyPort()), allow: allow}
}

// check returns ErrBlocked unless the address may be reached, encrypted or not. An
// IPv4 address written as IPv6 is judged as what it is.
func (g guard) check(to netip.AddrPort, encrypted bool) error {
	addr := to.Addr().Unmap()
	if slices.ContainsFunc(g.allow, func(p netip.Prefix) bool { return p.Contains(addr) }) {
		return nil
	}
	if !encrypted || !slices.Contains(publicPorts, to.Port()) || addr.Zone() != "" || g.public.SafeAddr(addr) != nil {
		return ErrBlocked
	}
	return nil
}

// control returns a function that judges the address of each socket before it
// connects. Names are resolved by then, so no answer of the DNS gets round it.
func (g guard) control(encrypted bool) func(network, address string, c syscall.RawConn) error {
	return func(network, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || (network != "tcp4" && network != "tcp6") {
			return ErrBlocked
		}
		return g.check(to, encrypted)
	}
}

func (g guard) dialer(encrypted bool) *net.Dialer {
	return &net.Dialer{Timeout: connectTimeout, Control: g.control(encrypted)}
}
