package jose

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

// forbidden are addresses that no client may have its keys read from, in the forms
// that hide one inside another too.
var forbidden = strings.Fields(`
	0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 127.1.2.3 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.1
	192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255
	:: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::a00:1 64:ff9b:1::a00:1
	100::1 2001::1 2001:db8::1 2002:7f00:1::1 3fff::1 fc00::1 fd12:3456:789a::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1
	2606:4700::1%lo`)

func TestGuardKeepsPrivateAddressesBack(t *testing.T) {
	t.Parallel()
	g := newGuard(nil)
	for _, text := range forbidden {
		addr := netip.MustParseAddr(text)
		if err := g.check(netip.AddrPortFrom(addr, 443), true); !errors.Is(err, ErrBlocked) {
			t.Errorf("%s may be reached: %v", text, err)
		}
	}
	for _, text := range strings.Fields("1.1.1.1 9.9.9.9 172.32.0.1 192.169.0.1 2606:4700::1 2a00:1450::1 ::ffff:8.8.8.8") {
		addr := netip.MustParseAddr(text)
		for _, row := range []struct {
			port      uint16
			encrypted bool
			want      bool
		}{{443, true, true}, {8443, true, true}, {443, false, false}, {80, false, false}, {22, true, false}, {6379, true, false}, {0, true, false}} {
			if err := g.check(netip.AddrPortFrom(addr, row.port), row.encrypted); (err == nil) != row.want {
				t.Errorf("%s port %d, encrypted %t: %v", text, row.port, row.encrypted, err)
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
			t.Errorf("%s without TLS: %v, want allowed = %t", text, err, want)
		}
	}
}

func TestGuardJudgesSocketsAlone(t *testing.T) {
	t.Parallel()
	control := newGuard(nil).control(true)
	for _, row := range [][2]string{
		{"udp4", "1.1.1.1:443"}, {"unix", "/run/x"}, {"tcp4", "kiosk.example:443"}, {"tcp4", ""}, {"tcp4", "127.0.0.1:443"}, {"tcp6", "[::1]:443"},
	} {
		if err := control(row[0], row[1], nil); !errors.Is(err, ErrBlocked) {
			t.Errorf("control(%s, %s) = %v", row[0], row[1], err)
		}
	}
	if err := control("tcp6", "[2606:4700::1]:443", nil); err != nil {
		t.Errorf("a public address: %v", err)
	}
}
