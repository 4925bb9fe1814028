package worker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// ErrBlocked says that a webhook URL leads, or would lead, to a place that
// webhooks must not reach.
var ErrBlocked = errors.New("address is not allowed")

// publicPorts are the ports of public receivers. Others belong to services that
// are no webhook receivers.
var publicPorts = []uint16{443, 8443}

const connectTimeout = 3 * time.Second

// guard decides which addresses webhooks may reach: public ones over TLS, and
// those that the operator allows.
type guard struct {
	public *ssrf.Guardian
	allow  []netip.Prefix
}

func newGuard(allow []netip.Prefix) guard {
	return guard{public: ssrf.New(ssrf.WithAnyPort()), allow: allow}
}

// check returns ErrBlocked unless the address may be reached, encrypted or not.
// An IPv4 address written as IPv6 is judged as what it is.
func (g guard) check(to netip.AddrPort, encrypted bool) error {
	addr := to.Addr().Unmap()
	if g.allowed(addr) {
		return nil
	}
	if !encrypted || !slices.Contains(publicPorts, to.Port()) || addr.Zone() != "" {
		return ErrBlocked
	}
	if err := g.public.SafeAddr(addr); err != nil {
		return ErrBlocked // its text names the address
	}
	return nil
}

func (g guard) allowed(addr netip.Addr) bool {
	return slices.ContainsFunc(g.allow, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// dialer connects to webhook receivers. All addresses of a name have to be
// allowed, so that one that is cannot hide one that is not; each is checked once
// more when its socket is made, which no later change in the DNS can get round.
type dialer struct {
	guard     guard
	encrypted bool
	resolver  Resolver
	connect   func(ctx context.Context, network, address string) (net.Conn, error)
}

func newDialer(g guard, encrypted bool, resolver Resolver) *dialer {
	d := &dialer{guard: g, encrypted: encrypted, resolver: resolver}
	if d.resolver == nil {
		d.resolver = net.DefaultResolver
	}
	d.connect = (&net.Dialer{Control: d.control, KeepAlive: 30 * time.Second}).DialContext
	return d
}

// control is called with the address of a socket before it connects.
func (d *dialer) control(network, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || (network != "tcp4" && network != "tcp6") {
		return ErrBlocked
	}
	return d.guard.check(to, d.encrypted)
}

// DialContext connects to host:port within connectTimeout, or fails with
// ErrBlocked without having sent a packet there.
func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	targets, err := d.resolve(ctx, address)
	if err != nil {
		return nil, err
	}
	for _, to := range targets {
		if err := d.guard.check(to, d.encrypted); err != nil {
			return nil, err
		}
	}
	for i, to := range targets {
		var conn net.Conn
		if conn, err = d.try(ctx, network, to, len(targets)-i); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// try connects to one address and leaves time for those that are left.
func (d *dialer) try(ctx context.Context, network string, to netip.AddrPort, left int) (net.Conn, error) {
	if end, ok := ctx.Deadline(); ok && left > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(left))
		defer cancel()
	}
	return d.connect(ctx, network, to.String())
}

func (d *dialer) resolve(ctx context.Context, address string) ([]netip.AddrPort, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("reading address: %w", err)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, ErrBlocked
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.AddrPort{netip.AddrPortFrom(addr.Unmap(), uint16(port))}, nil
	}
	addrs, err := d.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	if len(addrs) == 0 {
		return nil, &net.DNSError{Err: "no addresses", IsNotFound: true}
	}
	targets := make([]netip.AddrPort, len(addrs))
	for i, addr := range addrs {
		targets[i] = netip.AddrPortFrom(addr.Unmap(), uint16(port))
	}
	return targets, nil
}
