package e2e_test

import (
	"strings"
	"testing"

	"vouchgate/e2e"
)

func TestTheDemoWalksByItself(t *testing.T) {
	t.Parallel()
	ran := must[e2e.Ran](t)(e2e.RunProgram(e2e.Patient(t), nil, "demo", "--walk"))
	if ran.Code != 0 {
		t.Fatalf("exit code %d\n%s\n%s", ran.Code, ran.Stdout, ran.Stderr)
	}
	for _, step := range []string{"/setup", "authorize", "wallet", "/notification", "verification.verified", "code", "/token", "/info"} {
		if !strings.Contains(string(ran.Stdout), step) {
			t.Errorf("the walk does not show %s:\n%s", step, ran.Stdout)
		}
	}
}
