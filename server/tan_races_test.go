package server_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

func TestARightTANAndCancellingAtOnceEndInOneOfThem(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g, of := replicas(t, st)
		for i := range 4 {
			w := g.mailed("email", strings.Repeat("x", i+1)+"@b.example")
			right, both := w.tan(), of(w)
			var n atomic.Int64
			for r := range side(4, func() reply {
				if i := n.Add(1); i%2 == 0 {
					return both[0].enter(right)
				}
				return both[1].fill("/cancel")
			}) {
				r.leads("")
			}
			// Whoever cancels what was proved a moment ago wins: the claims are forgotten.
			s, told := g.session(w.id), g.told(w.id.String())
			if s.Status != kyc.StatusDenied || s.SealedClaims != nil {
				t.Errorf("session is %s", s.Status)
			}
			denied := 0
			for _, body := range told {
				if strings.Contains(body, `"verification.denied"`) {
					denied++
				}
			}
			if denied != 1 || len(told) > 2 {
				t.Errorf("the client is told %q", told)
			}
			w.get(w.at("/finish")).shows(http.StatusConflict).lacks("code=")
			g.erased(w)
		}
	})
}

func TestAChoiceAndATANAtOnceNeverMix(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g, of := replicas(t, st)
		any, err := st.Client(ctx, "any")
		must(t, err)
		for i := range 4 {
			w := g.mailed("any", strings.Repeat("x", i+1)+"@b.example")
			right, both := w.tan(), of(w)
			both[1].g.contract.register(any)
			var n atomic.Int64
			for r := range side(6, func() reply {
				switch i := n.Add(1); i % 3 {
				case 0:
					return both[0].enter(right)
				case 1:
					return both[1].choose(kyc.MethodPhone)
				default:
					return both[1].resend()
				}
			}) {
				if r.status >= http.StatusInternalServerError {
					t.Errorf("status is %d: %s", r.status, clip(r.body))
				}
			}
			switch s := g.session(w.id); {
			case s.Status == kyc.StatusVerified && s.Method == kyc.MethodEmail:
				w.home(w.get(w.at("/finish")), "")
			case s.Status == kyc.StatusAuthorized && s.Method == kyc.MethodPhone:
				w.enter(right).leads(w.at("/address"))
			default:
				t.Errorf("session is %s by %s", s.Status, s.Method)
			}
		}
	})
}

func TestTheSameChoiceManyTimesAtOnceIsOne(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g, of := replicas(t, st)
		any, err := st.Client(ctx, "any")
		must(t, err)
		w := g.visitor("any", "scope", "email phone")
		w.start().leads(w.at("/choose"))
		both := of(w)
		both[1].g.contract.register(any)
		var n atomic.Int64
		for r := range side(16, func() reply { return both[n.Add(1)%2].choose(kyc.MethodEmail) }) {
			r.leads(w.at("/pin"))
		}
		if s := g.session(w.id); s.Attempts != 1 || s.Method != kyc.MethodEmail {
			t.Errorf("%d attempts, the last one by %q", s.Attempts, s.Method)
		}
	})
}
