package worker

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// urls says which URLs are good without and with private networks allowed.
var urls = map[string]struct{ public, private bool }{
	"https://client.example/hook":                  {true, true},
	"https://client.example":                       {true, true},
	"HTTPS://Client.Example/hook?x=1":              {true, true},
	"https://client.example:443/":                  {true, true},
	"https://client.example:8443/":                 {true, true},
	"https://client.example./":                     {true, true},
	"https://xn--bcher-kva.example/":               {true, true},
	"https://under_score.example/":                 {true, true},
	"https://8.8.8.8/":                             {true, true},
	"https://[2606:4700::1]/":                      {true, true},
	"https://[::ffff:8.8.8.8]/":                    {true, true},
	"http://client.example/":                       {false, true}, // the dialer decides
	"https://client.example:22/":                   {false, true},
	"https://client.example:6379/":                 {false, true},
	"https://localhost/":                           {false, true},
	"https://localhost./":                          {false, true},
	"https://LOCALHOST/":                           {false, true},
	"https://a.localhost/":                         {false, true},
	"https://metadata.google.internal/":            {false, true},
	"https://printer.local/":                       {false, true},
	"https://intranet/":                            {false, true},
	"https://1.0.0.127.in-addr.arpa/":              {false, true},
	"http://10.1.2.3:8080/hook":                    {false, true},
	"http://[::1]:9000/":                           {false, true},
	"http://[::ffff:10.0.0.1]/":                    {false, true},
	"http://8.8.8.8/":                              {false, false},
	"https://8.8.8.8:25/":                          {false, false},
	"https://192.168.1.1/":                         {false, false},
	"https://127.0.0.1/":                           {false, false},
	"https://127.1/":                               {false, false},
	"https://2130706433/":                          {false, false},
	"https://0x7f000001/":                          {false, false},
	"https://0x7f.1/":                              {false, false},
	"https://0177.0.0.1/":                          {false, false},
	"https://127.0.0.1./":                          {false, false},
	"https://127.000.000.001/":                     {false, false},
	"https://client.example.0x/":                   {false, false},
	"https://[::ffff:7f00:1]/":                     {false, false},
	"https://[64:ff9b::a00:1]/":                    {false, false},
	"https://[fe80::1%25eth0]/":                    {false, false},
	"https://[::1]:0/":                             {false, false},
	"https://user:pw@client.example/":              {false, false},
	"https://user@client.example/":                 {false, false},
	"https://client.example/#part":                 {false, false},
	"https://client.example/#":                     {false, false},
	"https:///hook":                                {false, false},
	"https://":                                     {false, false},
	"https:client.example":                         {false, false},
	"https://client.example:99999/":                {false, false},
	"https://client.example:0/":                    {false, false},
	"https://client.example:/":                     {false, false},
	"https://client..example/":                     {false, false},
	"https://./":                                   {false, false},
	"https://client.example%00/":                   {false, false},
	"https://bücher.example/":                      {false, false},
	"https://１２７.0.0.1/":                           {false, false},
	"https://client example/":                      {false, false},
	"ftp://client.example/":                        {false, false},
	"file:///etc/passwd":                           {false, false},
	"gopher://client.example/":                     {false, false},
	"//client.example/":                            {false, false},
	"client.example/hook":                          {false, false},
	"":                                             {false, false},
	"https://client.example/" + long(2048):         {false, false},
	"https://" + long(64) + ".example/":            {false, false},
	"https://" + strings.Repeat("a.", 130) + "ch/": {false, false},
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	private := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for raw, want := range urls {
		if err := CheckURL(raw, nil); (err == nil) != want.public || err != nil && !errors.Is(err, ErrBlocked) {
			t.Errorf("CheckURL(%.60q) = %v, want allowed = %v", raw, err, want.public)
		}
		if err := CheckURL(raw, private); (err == nil) != want.private {
			t.Errorf("CheckURL(%.60q) with networks = %v, want allowed = %v", raw, err, want.private)
		}
	}
}

func long(n int) string { return strings.Repeat("x", n) }

func FuzzCheckURL(f *testing.F) {
	for _, text := range append(forbidden, public...) {
		f.Add("https://" + text + "/")
		f.Add("https://[" + text + "]/")
	}
	for _, seed := range []string{
		"https://client.example/", "https://127.1/", "http://2130706433:80", "https://[::ffff:7f00:1]",
		"https://a@b/", "https://client.example:443#", "HTTPS://%31%32%37.0.0.1/", "https://[fe80::1%25lo]/",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if CheckURL(raw, nil) != nil {
			return
		}
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
			t.Fatalf("allowed: %q (%v)", raw, err)
		}
		if p := u.Port(); p != "" && p != "443" && p != "8443" {
			t.Fatalf("allowed on port %s: %q", p, raw)
		}
		addr, err := netip.ParseAddr(u.Hostname())
		if err != nil {
			return // a name: judged when it is resolved
		}
		addr = addr.Unmap()
		if !addr.IsGlobalUnicast() || addr.IsPrivate() || addr.IsLoopback() || addr.Zone() != "" {
			t.Fatalf("allowed: %q", raw)
		}
		for _, p := range forbiddenPrefixes {
			if p.Contains(addr) {
				t.Fatalf("allowed although in %v: %q", p, raw)
			}
		}
	})
}

var forbiddenPrefixes = func() (list []netip.Prefix) {
	for _, text := range strings.Fields(`0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12
		192.0.0.0/24 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24
		198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
		::/8 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 5f00::/16
		fc00::/7 fe80::/10 fec0::/10 ff00::/8`) {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}()
