package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
)

// states lists the keys as algorithm, generation and state.
func states(views []keyView) []string {
	var out []string
	for _, v := range views {
		out = append(out, v.Algorithm+" "+string(rune('0'+v.Generation))+" "+v.State)
	}
	return out
}

func (s *shell) keys(args ...string) []keyView {
	s.t.Helper()
	var got []keyView
	s.run(append(append([]string{"key"}, args...), "--json")...).into(&got)
	return got
}

func TestKeyRotate(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	if got := s.keys("list"); got == nil || len(got) != 0 {
		t.Errorf("keys before any: %v, want an empty list", got)
	}
	for _, step := range []struct {
		args       []string
		made, then []string
	}{
		{[]string{"rotate", "--alg", "ES256"}, []string{"ES256 1 signing"}, []string{"ES256 1 signing"}},
		{[]string{"rotate", "--alg", "ES256"}, []string{"ES256 2 next"}, []string{"ES256 1 signing", "ES256 2 next"}},
		{[]string{"rotate", "--alg", "ES256", "--now"}, []string{"ES256 3 signing"}, []string{"ES256 1 published", "ES256 2 published", "ES256 3 signing"}},
		{
			[]string{"rotate"},
			[]string{"ES256 4 next", "RS256 1 signing"},
			[]string{"ES256 1 published", "ES256 2 published", "ES256 3 signing", "ES256 4 next", "RS256 1 signing"},
		},
	} {
		if diff := cmp.Diff(step.made, states(s.keys(step.args...))); diff != "" {
			t.Errorf("key %v made (-want +got):\n%s", step.args, diff)
		}
		if diff := cmp.Diff(step.then, states(s.keys("list"))); diff != "" {
			t.Errorf("keys after %v (-want +got):\n%s", step.args, diff)
		}
	}
	keys := s.keys("list")
	if ahead := keys[3].SignsFrom.Sub(keys[3].CreatedAt); ahead < 23*time.Hour {
		t.Errorf("the next key signs after %s", ahead)
	}
	if out := s.run("key", "list").ok().stdout; !strings.Contains(out, "published") || !strings.Contains(out, keys[0].ID.String()) {
		t.Errorf("list prints:\n%s", out)
	}
}

func TestViewKeys(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	key := func(generation int64, from time.Duration) kyc.SigningKey {
		return kyc.SigningKey{ID: kyc.ID{byte(generation)}, Algorithm: "ES256", Generation: generation, SignsFrom: now.Add(from)}
	}
	for _, test := range []struct {
		name string
		keys []kyc.SigningKey
		want []string
	}{
		{"a key that begins to sign", []kyc.SigningKey{key(1, 0)}, []string{"ES256 1 signing"}},
		{"a key that will sign", []kyc.SigningKey{key(1, -time.Hour), key(2, time.Second)}, []string{"ES256 1 signing", "ES256 2 next"}},
		{"a key that has just been followed", []kyc.SigningKey{key(1, -time.Hour), key(2, 0)}, []string{"ES256 1 published", "ES256 2 signing"}},
		{"a key that was followed a day ago", []kyc.SigningKey{key(1, -48*time.Hour), key(2, -24*time.Hour)}, []string{"ES256 1 retired", "ES256 2 signing"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, states(viewKeys(test.keys, now))); diff != "" {
				t.Errorf("states (-want +got):\n%s", diff)
			}
		})
	}
}
