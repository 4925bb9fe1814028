package storetest_test

import (
	"testing"

	"vouchgate/store"
	"vouchgate/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, func(t testing.TB) store.Backend { return storetest.OpenBackend(t, engine) })
		})
	}
}

func TestEachRunsOncePerEngineOnAnEmptyStore(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		if err := s.Ready(t.Context()); err != nil {
			t.Error(err)
		}
		clients, err := s.Clients(t.Context())
		if err != nil || len(clients) != 0 {
			t.Errorf("clients: %v, %v", clients, err)
		}
	})
}

func TestOpenGivesAStoreOfOnesOwn(t *testing.T) {
	t.Parallel()
	if err := storetest.Open(t).Ready(t.Context()); err != nil {
		t.Error(err)
	}
}
