package worker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
)

// forbidden are addresses that no webhook may reach, in every network that the
// IANA registries set aside and in the forms that hide one inside another.
var forbidden = strings.Fields(`
	0.0.0.0 0.0.0.1 0.255.255.255 10.0.0.0 10.0.0.1 10.255.255.255 100.64.0.0 100.64.0.1 100.127.255.255
	127.0.0.0 127.0.0.1 127.1.2.3 127.255.255.255 169.254.0.0 169.254.169.254 169.254.170.2 169.254.255.255
	172.16.0.0 172.16.0.1 172.20.10.1 172.31.255.255 192.0.0.0 192.0.0.1 192.0.0.170 192.0.0.255 192.0.2.0
	192.0.2.1 192.0.2.255 192.31.196.0 192.31.196.1 192.52.193.0 192.52.193.1 192.88.99.0 192.88.99.1
	192.168.0.0 192.168.0.1 192.168.178.1 192.168.255.255 192.175.48.0 192.175.48.1 198.18.0.0 198.18.0.1
	198.19.255.255 198.51.100.0 198.51.100.1 198.51.100.255 203.0.113.0 203.0.113.1 203.0.113.255
	224.0.0.0 224.0.0.1 224.0.0.251 232.1.2.3 239.255.255.250 239.255.255.255 240.0.0.0 240.0.0.1 250.1.1.1
	255.255.255.254 255.255.255.255
	:: ::1 ::2 ::127.0.0.1 ::10.0.0.1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.0.0.1 ::ffff:169.254.169.254
	::ffff:192.168.1.1 ::ffff:172.16.0.1 ::ffff:100.64.0.1 ::ffff:0.0.0.0 ::ffff:224.0.0.1 ::ffff:255.255.255.255
	::ffff:0:127.0.0.1 64:ff9b:: 64:ff9b::a00:1 64:ff9b::7f00:1 64:ff9b::8.8.8.8 64:ff9b:1:: 64:ff9b:1::a00:1
	100:: 100::1 100:0:0:1::1 1::1 400::1 800::1 1000::1 1fff:ffff::1 2001:: 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2
	2001:2::1 2001:5::1 2001:10::1 2001:20::1 2001:1ff:ffff::1 2001:db8:: 2001:db8::1 2001:db8:ffff:ffff::1
	2002:: 2002:7f00:1::1 2002:a00:1::1 2002:c0a8:101::1 2002:808:808::1 2620:4f:8000:: 2620:4f:8000::1
	3fff:: 3fff::1 3fff:fff:ffff::1 4000:: 5f00:: 5f00::1 6000::1 8000::1 a000::1 c000::1 e000::1 f000::1
	fc00:: fc00::1 fd00::1 fd12:3456:789a::1 fdff:ffff::1 fe00::1 fe80:: fe80::1 fe80::1%eth0 febf::1 fec0::1
	feff::1 ff00:: ff01::1 ff02::1 ff02::fb ff05::2 ff0e::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 2606:4700::1%lo`)

var public = strings.Fields(`
	1.1.1.1 8.8.8.8 9.9.9.9 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 169.253.255.255 172.15.255.255
	172.32.0.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 203.0.112.255 203.0.114.0 223.255.255.255
	2606:4700::1 2a00:1450::1 2001:200::1 2001:4860:4860::8888 2003::1 2620:4f:8001::1 ::ffff:8.8.8.8`)

func TestGuardKnowsForbiddenAddresses(t *testing.T) {
	t.Parallel()
	if len(forbidden) < 100 {
		t.Fatalf("the list has %d addresses", len(forbidden))
	}
	g := newGuard(nil)
	for _, text := range forbidden {
		if err := g.check(netip.AddrPortFrom(netip.MustParseAddr(text), 443), true); !errors.Is(err, ErrBlocked) {
			t.Errorf("%s may be reached: %v", text, err)
		}
		url := "https://" + net.JoinHostPort(strings.ReplaceAll(text, "%", "%25"), "443") + "/"
		if err := CheckURL(url, nil); !errors.Is(err, ErrBlocked) {
			t.Errorf("CheckURL(%s) = %v", url, err)
		}
	}
}

func TestGuardLetsPublicAddressesThrough(t *testing.T) {
	t.Parallel()
	g := newGuard(nil)
	for _, text := range public {
		addr := netip.MustParseAddr(text)
		if err := g.check(netip.AddrPortFrom(addr, 443), true); err != nil {
			t.Errorf("%s by TLS: %v", text, err)
		}
		if err := g.check(netip.AddrPortFrom(addr, 443), false); err == nil {
			t.Errorf("%s may be reached without TLS", text)
		}
		for _, port := range []uint16{0, 22, 25, 80, 444, 5432, 6379, 8080} {
			if err := g.check(netip.AddrPortFrom(addr, port), true); err == nil {
				t.Errorf("%s may be reached on port %d", text, port)
			}
		}
	}
}

func TestGuardAllowsWhatTheOperatorAllows(t *testing.T) {
	t.Parallel()
	g := newGuard([]netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")})
	for text, want := range map[string]bool{
		"10.1.2.3:8080": true, "[::ffff:10.1.2.3]:80": true, "[fd00::1]:9000": true,
		"10.2.0.1:443": false, "127.0.0.1:443": false, "[fc00::1]:443": false, "8.8.8.8:80": false,
	} {
		if err := g.check(netip.MustParseAddrPort(text), false); (err == nil) != want {
			t.Errorf("%s without TLS: %v, want allowed = %v", text, err, want)
		}
	}
}

// names is a Resolver.
type names map[string]string

func (n names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	list, ok := n[host]
	if !ok {
		return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
	}
	var addrs []netip.Addr
	for _, text := range strings.Fields(list) {
		addrs = append(addrs, netip.MustParseAddr(text))
	}
	return addrs, nil
}

// dials says what is dialed for an address.
var dials = map[string]struct {
	address string
	dialed  string
	blocked bool
}{
	"a public name is reached at its first address": {"good.example:443", "1.1.1.1:443", false},
	"a public address is reached":                   {"9.9.9.9:443", "9.9.9.9:443", false},
	"an odd port is not":                            {"good.example:6379", "", true},
	"a name for loopback is not reached":            {"rebind.example:443", "", true},
	"one forbidden address spoils the name":         {"mixed.example:443", "", true},
	"and so it does with IPv6":                      {"mixed6.example:443", "", true},
	"an IPv4 address in IPv6 form is unpacked":      {"mapped.example:443", "", true},
	"cloud metadata is not reached":                 {"metadata.google.internal:443", "", true},
	"an address is judged without a resolver":       {"[64:ff9b::a00:1]:443", "", true},
	"a name without addresses is an error":          {"none.example:443", "", false},
	"an unknown name is an error":                   {"unknown.example:443", "", false},
}

func TestDialerJudgesEveryAddressOfAName(t *testing.T) {
	t.Parallel()
	resolver := names{
		"good.example": "1.1.1.1 8.8.8.8", "rebind.example": "127.0.0.1", "mixed.example": "1.1.1.1 127.0.0.1",
		"mixed6.example": "2606:4700::1 ::1", "mapped.example": "::ffff:10.0.0.1", "metadata.google.internal": "169.254.169.254",
		"none.example": "",
	}
	for name, tc := range dials {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var dialed []string
			d := newDialer(newGuard(nil), true, resolver)
			d.connect = func(_ context.Context, _, address string) (net.Conn, error) {
				dialed = append(dialed, address)
				client, server := net.Pipe()
				_ = server.Close()
				return client, nil
			}
			conn, err := d.DialContext(t.Context(), "tcp", tc.address)
			if conn != nil {
				_ = conn.Close()
			}
			if errors.Is(err, ErrBlocked) != tc.blocked || (err == nil) != (tc.dialed != "") {
				t.Errorf("error = %v, want blocked = %v", err, tc.blocked)
			}
			if got := strings.Join(dialed, " "); got != tc.dialed {
				t.Errorf("dialed %q, want %q", got, tc.dialed)
			}
		})
	}
}

func TestDialerTriesTheNextAddress(t *testing.T) {
	t.Parallel()
	d := newDialer(newGuard(nil), true, names{"two.example": "1.1.1.1 8.8.8.8"})
	var dialed []string
	d.connect = func(_ context.Context, _, address string) (net.Conn, error) {
		dialed = append(dialed, address)
		return nil, fmt.Errorf("no route to %d", len(dialed))
	}
	_, err := d.DialContext(t.Context(), "tcp", "two.example:443")
	if err == nil || err.Error() != "no route to 2" || len(dialed) != 2 {
		t.Errorf("dialed %v, error %v", dialed, err)
	}
}

func TestDialerChecksTheSocketItself(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	// A check that lets everything through stands for an address that changed
	// after it was checked.
	d := newDialer(newGuard(nil), true, nil)
	if conn, err := d.connect(t.Context(), "tcp", listener.Addr().String()); !errors.Is(err, ErrBlocked) {
		if conn != nil {
			_ = conn.Close()
		}
		t.Errorf("connecting to loopback: %v, want ErrBlocked", err)
	}
	for _, tc := range [][2]string{{"udp4", "1.1.1.1:443"}, {"tcp4", "nonsense"}, {"tcp4", "127.0.0.1:443"}} {
		if err := d.control(tc[0], tc[1], nil); !errors.Is(err, ErrBlocked) {
			t.Errorf("control(%s, %s) = %v", tc[0], tc[1], err)
		}
	}
	if err := d.control("tcp4", "1.1.1.1:443", nil); err != nil {
		t.Errorf("control of a public address: %v", err)
	}
}
