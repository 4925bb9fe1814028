package server

import (
	"context"
	"errors"
	"sync"
	"testing"

	"vouchgate/kyc"
)

func TestTurnsComeOneAfterTheOther(t *testing.T) {
	t.Parallel()
	turns, id := newTurns(), kyc.ID{1}
	inside, most := 0, 0
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			done, err := turns.take(t.Context(), id)
			if err != nil {
				t.Error(err)
				return
			}
			inside++ // guarded by the turn alone; the race detector would notice
			most = max(most, inside)
			inside--
			done()
		})
	}
	all.Wait()
	if most != 1 || len(turns.byID) != 0 {
		t.Errorf("%d at once, %d sessions remembered", most, len(turns.byID))
	}
}

func TestAnotherSessionHasItsOwnTurn(t *testing.T) {
	t.Parallel()
	turns := newTurns()
	done, err := turns.take(t.Context(), kyc.ID{1})
	if err != nil {
		t.Fatal(err)
	}
	other, err := turns.take(t.Context(), kyc.ID{2})
	if err != nil {
		t.Fatal(err)
	}
	other()
	done()
}

func TestWhoeverLeavesDoesNotKeepTheTurn(t *testing.T) {
	t.Parallel()
	turns, id := newTurns(), kyc.ID{1}
	done, err := turns.take(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if _, err := turns.take(ctx, id); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	done()
	again, err := turns.take(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	again()
	if len(turns.byID) != 0 {
		t.Errorf("%d sessions remembered", len(turns.byID))
	}
}
