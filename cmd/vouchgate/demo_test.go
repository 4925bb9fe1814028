package main

import (
	"os"
	"strings"
	"testing"
)

func TestDemoWalk(t *testing.T) {
	t.Parallel()
	got := newShell(t).run("demo", "--walk").ok()
	rest := got.stdout
	for _, step := range []string{
		"setup", "authorize page", "wallet accepts", "notification", "proof checked", "webhook verified", "finish redirect", "token", "info", "proved", "Done in",
	} {
		_, after, found := strings.Cut(rest, step)
		if !found {
			t.Fatalf("the walk lacks %q, or has it in another place:\n%s", step, got.stdout)
		}
		rest = after
	}
	if got.stderr != "" {
		t.Errorf("the walk complained:\n%s", got.stderr)
	}
	for _, leak := range []string{"code=", "nonce=", "whsec_"} {
		if strings.Contains(got.stdout, leak) {
			t.Errorf("the walk prints %s", leak)
		}
	}
}

func TestDemoLeavesNothingBehind(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	newShell(t).run("demo", "--walk").ok()
	left, err := os.ReadDir(folder)
	if err != nil || len(left) > 0 {
		t.Errorf("the demo left %v behind, error %v", left, err)
	}
}
