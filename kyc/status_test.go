package kyc_test

import (
	"testing"

	"vouchgate/kyc"
)

func TestMoveTable(t *testing.T) {
	t.Parallel()
	golden(t, "moves.golden", kyc.MoveTable())
}

func TestOnlyCompletedAndDeniedAreFinal(t *testing.T) {
	t.Parallel()
	for _, status := range kyc.Statuses {
		want := status == kyc.StatusCompleted || status == kyc.StatusDenied
		if got := status.Final(); got != want {
			t.Errorf("%s: final is %v", status, got)
		}
	}
}

func TestAMoveThatIsNotInTheTableIsIllegalAndGoesNowhere(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		from   kyc.Status
		action kyc.Action
	}{
		{kyc.StatusPending, kyc.ActionProve}, {kyc.StatusCompleted, kyc.ActionOpen}, {kyc.StatusVerified, kyc.ActionOpen},
		{"", kyc.ActionOpen}, {"unheard of", kyc.ActionOpen}, {kyc.StatusPending, "unheard of"}, {kyc.StatusPending, ""},
	} {
		next, err := row.from.Next(row.action)
		is(t, err, kyc.ErrIllegalMove)
		if next != row.from {
			t.Errorf("%s of a session that is %s leads to %s", row.action, row.from, next)
		}
	}
}
