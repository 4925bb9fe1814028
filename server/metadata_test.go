package server_test

import (
	"encoding/json"
	"flag"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vouchgate/kyc"
	"vouchgate/server"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMetadataIsWhatItWas(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	b := g.browser()
	r := b.get("/.well-known/openid-configuration").wants(http.StatusOK)
	if other := b.get("/.well-known/oauth-authorization-server").wants(http.StatusOK); other.body != r.body {
		t.Error("the two documents differ")
	}
	if r.header.Get("Cache-Control") != "public, max-age=300" {
		t.Errorf("headers are %v", r.header)
	}
	got, err := json.MarshalIndent(r.json(), "", "  ")
	must(t, err)
	got = append(got, '\n')
	golden := filepath.Join("testdata", "metadata.golden.json")
	if *update {
		must(t, os.WriteFile(golden, got, 0o644))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if string(want) != string(got) {
		t.Errorf("metadata is\n%s", got)
	}
}

func TestMetadataNamesEndpointsThatThereAre(t *testing.T) {
	t.Parallel()
	public, err := url.Parse("https://gate.example")
	must(t, err)
	g := newGate(t, func(c *server.Config) { c.PublicURL = public })
	members := g.browser().get("/.well-known/openid-configuration").json()
	if members["issuer"] != "https://gate.example" {
		t.Errorf("issuer is %v", members["issuer"])
	}
	found := 0
	for name, value := range members {
		at, ok := value.(string)
		if !ok || name == "issuer" {
			continue
		}
		path, ok := strings.CutPrefix(at, "https://gate.example")
		if !ok {
			t.Errorf("%s is %s", name, at)
			continue
		}
		found++
		if r := g.browser().get(path); r.status == http.StatusNotFound {
			t.Errorf("%s: there is no %s", name, path)
		}
	}
	if found < 8 {
		t.Errorf("%d endpoints", found)
	}
	scopes := texts(members["scopes_supported"])
	for _, scope := range scopes {
		if scope != "openid" && scope != "offline_access" && !kyc.KnownScope(scope) {
			t.Errorf("scope %s is not known", scope)
		}
	}
	for _, claim := range texts(members["claims_supported"]) {
		if len(kyc.ClaimsBehind(claim)) == 0 {
			t.Errorf("nothing is behind claim %s", claim)
		}
	}
	if len(scopes) != len(kyc.KnownScopes())+2 {
		t.Errorf("scopes are %v", scopes)
	}
}

func texts(list any) (out []string) {
	for _, item := range list.([]any) {
		out = append(out, item.(string))
	}
	return out
}
