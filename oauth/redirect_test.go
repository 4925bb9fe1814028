package oauth_test

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"vouchgate/oauth"
)

func TestMatchRedirectURI(t *testing.T) {
	t.Parallel()
	registered := []string{
		"https://c.example/cb", "https://c.example/q?tenant=7", "com.example.app:/cb",
		"http://127.0.0.1/cb", "http://[::1]/cb?x=1", "http://localhost/cb", "http://127.0.0.1:8000/fixed", "http://127.0.0.1/",
	}
	for _, uri := range append([]string{
		"http://127.0.0.1:51004/cb", "http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb", "http://[::1]:4000/cb?x=1",
	}, registered...) {
		if !oauth.MatchRedirectURI(registered, true, uri) {
			t.Errorf("%q does not match", uri)
		}
	}
	for name, uri := range map[string]string{
		"empty":                               "",
		"a trailing slash":                    "https://c.example/cb/",
		"a longer path":                       "https://c.example/cb/x",
		"a shorter path":                      "https://c.example/c",
		"a path in upper case":                "https://c.example/CB",
		"a host in upper case":                "https://C.example/cb",
		"a scheme in upper case":              "HTTPS://c.example/cb",
		"the default port":                    "https://c.example:443/cb",
		"http for https":                      "http://c.example/cb",
		"an added query":                      "https://c.example/cb?a=1",
		"an empty query":                      "https://c.example/cb?",
		"another query":                       "https://c.example/q?tenant=8",
		"a longer query":                      "https://c.example/q?tenant=7&a=1",
		"the query left out":                  "https://c.example/q",
		"a fragment":                          "https://c.example/cb#x",
		"a doubled slash":                     "https://c.example//cb",
		"a dot segment":                       "https://c.example/./cb",
		"two dots":                            "https://c.example/x/../cb",
		"two encoded dots":                    "https://c.example/x/%2e%2e/cb",
		"two dots with a path parameter":      "https://c.example/x/..;/cb",
		"an encoded letter":                   "https://c.example/%63b",
		"a host that goes on":                 "https://c.example.evil.example/cb",
		"the host as a user name":             "https://c.example@evil.example/cb",
		"the host and port as a user":         "https://c.example:80@evil.example/cb",
		"the URI as a path":                   "https://evil.example/https://c.example/cb",
		"a space after":                       "https://c.example/cb ",
		"a tab after":                         "https://c.example/cb\t",
		"a line break after":                  "https://c.example/cb\r\n",
		"a NUL after":                         "https://c.example/cb\x00",
		"a space before":                      " https://c.example/cb",
		"a backslash for a slash":             `https://c.example\cb`,
		"no scheme":                           "//c.example/cb",
		"backslashes and no scheme":           `\\evil.example`,
		"a letter that looks alike":           "https://с.example/cb",
		"another private scheme":              "com.example.other:/cb",
		"loopback with another path":          "http://127.0.0.1:5000/other",
		"loopback with port 0":                "http://127.0.0.1:0/cb",
		"loopback with a port too large":      "http://127.0.0.1:65536/cb",
		"loopback with an empty port":         "http://127.0.0.1:/cb",
		"loopback with a port and no path":    "http://127.0.0.1:5000",
		"loopback with a leading zero":        "http://127.0.0.1:080/cb",
		"loopback with a sign":                "http://127.0.0.1:+80/cb",
		"loopback with a user name":           "http://127.0.0.1:80@evil.example/cb",
		"loopback with a host after the port": "http://127.0.0.1:80.evil.example/cb",
		"loopback over https":                 "https://127.0.0.1:5000/cb",
		"loopback by name with a port":        "http://localhost:5000/cb",
		"loopback with the port changed":      "http://127.0.0.1:8001/fixed",
		"loopback without the fixed port":     "http://127.0.0.1/fixed",
		"loopback of the other family":        "http://[::1]:4000/cb",
		"loopback with a query added":         "http://127.0.0.1:5000/cb?x=1",
		"loopback in another notation":        "http://127.1:5000/cb",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if oauth.MatchRedirectURI(registered, true, uri) {
				t.Errorf("%q matches", uri)
			}
		})
	}
	if oauth.MatchRedirectURI(nil, true, "https://c.example/cb") {
		t.Error("a client without redirect URIs has a match")
	}
}

func TestOnlyNativeClientsHaveAnyLoopbackPort(t *testing.T) {
	t.Parallel()
	registered := []string{"http://127.0.0.1/cb"}
	for uri, want := range map[string][2]bool{
		"http://127.0.0.1/cb":      {true, true},
		"http://127.0.0.1:5000/cb": {false, true},
	} {
		web, native := oauth.MatchRedirectURI(registered, false, uri), oauth.MatchRedirectURI(registered, true, uri)
		if got := [2]bool{web, native}; got != want {
			t.Errorf("%s matches for web and native: %v, want %v", uri, got, want)
		}
	}
}

// FuzzMatchRedirectURI: a match is byte equality with a registered URI, or, for a
// native client, equality once the port of a loopback address is taken out.
func FuzzMatchRedirectURI(f *testing.F) {
	f.Add("https://c.example/cb", "https://c.example/cb")
	f.Add("https://c.example/cb", "https://c.example/cb/../cb")
	f.Add("http://127.0.0.1/cb", "http://127.0.0.1:8000/cb")
	f.Add("http://[::1]/cb?a=1", "http://[::1]:1/cb?a=1")
	f.Add("http://127.0.0.1/", "http://127.0.0.1:99@evil/")
	f.Add("http://127.0.0.1/", "http://127.0.0.1:1")
	f.Add("http://127.0.0.1/:1/", "http://127.0.0.1:1/:1/")
	f.Fuzz(func(t *testing.T, registered, uri string) {
		for _, native := range []bool{false, true} {
			want := registered == uri || native && equalWithoutPort(registered, uri)
			if got := oauth.MatchRedirectURI([]string{registered}, native, uri); got != want {
				t.Errorf("MatchRedirectURI(%q, %v, %q) = %v, want %v", registered, native, uri, got, want)
			}
		}
	})
}

// equalWithoutPort is the loopback rule of RFC 8252, written another way than in
// the package: it reads the URI with net/url and builds it up again.
func equalWithoutPort(registered, uri string) bool {
	for _, host := range []string{"127.0.0.1", "[::1]"} {
		after, isLoopback := strings.CutPrefix(uri, "http://"+host+":")
		port := strings.SplitN(after, "/", 2)[0]
		n, err := strconv.Atoi(port)
		if isLoopback && strings.Contains(after, "/") && err == nil && n >= 1 && n <= 65535 && strconv.Itoa(n) == port {
			return registered == "http://"+host+strings.TrimPrefix(after, port)
		}
	}
	return false
}

func TestAnswerURL(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		uri    string
		params []oauth.Param
		want   string
	}{
		"starts a query":                 {"https://c.example/cb", []oauth.Param{{"code", "x"}, {"state", "y"}}, "https://c.example/cb?code=x&state=y"},
		"goes on with a registered one":  {"https://c.example/cb?tenant=7", []oauth.Param{{"code", "x"}}, "https://c.example/cb?tenant=7&code=x"},
		"leaves a registered one as is":  {"https://c.example/cb?a=%7e+b&c", []oauth.Param{{"code", "x"}}, "https://c.example/cb?a=%7e+b&c&code=x"},
		"uses an empty query":            {"https://c.example/cb?", []oauth.Param{{"code", "x"}}, "https://c.example/cb?code=x"},
		"uses an ampersand at the end":   {"https://c.example/cb?a=1&", []oauth.Param{{"code", "x"}}, "https://c.example/cb?a=1&code=x"},
		"leaves out what has no value":   {"https://c.example/cb", []oauth.Param{{"code", "x"}, {"state", ""}, {"iss", "i"}}, "https://c.example/cb?code=x&iss=i"},
		"adds nothing for no parameters": {"https://c.example/cb", nil, "https://c.example/cb"},
		"goes on from a private scheme":  {"com.example.app:/cb", []oauth.Param{{"code", "x"}}, "com.example.app:/cb?code=x"},
		"writes a space as %20":          {"https://c.example/cb", []oauth.Param{{"s", "a b+c"}}, "https://c.example/cb?s=a%20b%2Bc"},
		"writes line breaks encoded":     {"https://c.example/cb", []oauth.Param{{"s", "\r\nSet-Cookie: x"}}, "https://c.example/cb?s=%0D%0ASet-Cookie%3A%20x"},
		"writes a fragment sign encoded": {"https://c.example/cb", []oauth.Param{{"s", "#/?&="}}, "https://c.example/cb?s=%23%2F%3F%26%3D"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := oauth.AnswerURL(row.uri, row.params...); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}

// FuzzAnswerURL: the client reads the value back byte by byte, whatever it is.
func FuzzAnswerURL(f *testing.F) {
	for _, seed := range []string{"a", "%2B+%20&=", `{"a":["ü",1]}`, "a+/=", "\x00\xff", "#;?", "x y"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, state string) {
		const base = "https://c.example/cb?tenant=7"
		got := oauth.CodeURL(base, "c", state, "")
		if !strings.HasPrefix(got, base+"&code=c") || strings.ContainsAny(got, "#\r\n +\"<>") {
			t.Fatalf("state %q gives %q", state, got)
		}
		u, err := url.Parse(got)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{state}
		if state == "" {
			want = nil
		}
		if back := u.Query()["state"]; !slices.Equal(back, want) {
			t.Errorf("state %q came back as %q", state, back)
		}
	})
}

// A form is posted with the same parameters as a URL would have.
func TestFormParametersAreThoseOfTheURL(t *testing.T) {
	t.Parallel()
	refusal := oauth.NewRedirectError(callback, "st", oauth.CodeAccessDenied, "no")
	for name, row := range map[string]struct {
		params []oauth.Param
		url    string
	}{
		"a code":            {oauth.CodeParams("c", "st", "https://id.example"), oauth.CodeURL(callback, "c", "st", "https://id.example")},
		"a code alone":      {oauth.CodeParams("c", "", ""), oauth.CodeURL(callback, "c", "", "")},
		"a refusal":         {refusal.Params(oauth.ProfileOAuth, "https://id.example"), refusal.URL(oauth.ProfileOAuth, "https://id.example")},
		"a refusal (Taler)": {refusal.Params(oauth.ProfileTaler, ""), refusal.URL(oauth.ProfileTaler, "")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, err := url.Parse(row.url)
			if err != nil {
				t.Fatal(err)
			}
			form := url.Values{}
			for _, p := range row.params {
				if p.Value != "" {
					form.Set(p.Name, p.Value)
				}
			}
			if form.Encode() != u.Query().Encode() {
				t.Errorf("form %s, URL %s", form.Encode(), row.url)
			}
		})
	}
}

func TestRedirectErrorURL(t *testing.T) {
	t.Parallel()
	err := oauth.NewRedirectError("https://c.example/cb", "s 1", oauth.CodeAccessDenied, "the person said \"no\"")
	for name, row := range map[string]struct {
		profile oauth.ErrorProfile
		issuer  string
		want    string
	}{
		"with the words of the RFC": {oauth.ProfileOAuth, "https://id.example", "https://c.example/cb?error=access_denied&error_description=the%20person%20said%20%27no%27&state=s%201&iss=https%3A%2F%2Fid.example"},
		"for a Taler exchange":      {oauth.ProfileTaler, "", "https://c.example/cb?error=unauthorized_client&error_description=the%20person%20said%20%27no%27&state=s%201"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := err.URL(row.profile, row.issuer); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}
