package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"vouchgate/kyc"
	"vouchgate/store"
	"vouchgate/store/postgres"
	"vouchgate/store/storetest/pgtest"
)

// durable is a private server that writes to disk as in production.
var durable = sync.OnceValues(func() (string, error) {
	return pgtest.Start(context.Background(), pgtest.Options{Durable: true})
})

// benchFixture is a store that keeps its promises in a power cut, with a client.
func benchFixture(b *testing.B, engine string) *fixture {
	b.Helper()
	if engine == "sqlite" {
		f := newFixture(b, OpenBackend(b, engine))
		f.addClient("kiosk")
		return f
	}
	server, err := durable()
	if err != nil {
		b.Skipf("no PostgreSQL: %v", err)
	}
	backend, err := postgres.Open(b.Context(), pgtest.Schema(b, server))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { backend.Close() })
	f := newFixture(b, backend)
	f.addClient("kiosk")
	return f
}

// The steps of a walk, in its order. Each is the writing half only.
var steps = []struct {
	name string
	do   func(f *fixture, w *walk) error
}{
	{"Create", func(f *fixture, w *walk) error {
		w.session = kyc.NewSession(f.newHandle(), "kiosk", kyc.MethodSwiyu, noon, kyc.SetupLifetime)
		return f.CreateSession(f.ctx, w.session)
	}},
	{"Open", func(f *fixture, w *walk) error {
		return w.update(f, func(s *kyc.Session) (kyc.Effects, error) {
			end := noon.Add(15 * time.Minute)
			return s.Open(binding, kyc.Verification{RequestID: s.ID.String(), EndsAt: &end}, noon, noon)
		})
	}},
	{"ProveWithWebhook", func(f *fixture, w *walk) error {
		hook := newWebhook(f.newID(), w.session)
		return w.update(f, func(s *kyc.Session) (kyc.Effects, error) {
			effects, err := s.Prove(s.RequestID, make([]byte, 400), noon)
			effects.Webhook = &hook
			return effects, err
		})
	}},
	{"PutCode", func(f *fixture, w *walk) error {
		w.code = w.session.NewCode(f.newHandle(), w.session.FirstGeneration(), noon, time.Minute)
		_, err := f.PutCode(f.ctx, w.code)
		return err
	}},
	{"Redeem", func(f *fixture, w *walk) error {
		var err error
		_, w.token, err = f.redeem(w.code, noon)
		return err
	}},
	{"Access", func(f *fixture, w *walk) error {
		_, err := f.Access(f.ctx, w.token.ID)
		return err
	}},
}

type walk struct {
	session kyc.Session
	code    kyc.Code
	token   kyc.Token
}

func (w *walk) update(f *fixture, move func(*kyc.Session) (kyc.Effects, error)) (err error) {
	w.session, err = f.UpdateSession(f.ctx, w.session.ID, move)
	return err
}

// BenchmarkStep measures each step of a walk by one caller, with the steps before
// it done.
func BenchmarkStep(b *testing.B) {
	for _, engine := range Engines {
		for i, step := range steps {
			b.Run(engine+"/"+step.name, func(b *testing.B) {
				f := benchFixture(b, engine)
				walks := make([]walk, b.N)
				for j := range walks {
					for _, earlier := range steps[:i] {
						f.ok(earlier.do(f, &walks[j]))
					}
				}
				b.ReportAllocs()
				b.ResetTimer()
				for j := range walks {
					f.ok(step.do(f, &walks[j]))
				}
			})
		}
	}
}

// BenchmarkWalk measures whole walks by several callers at once, without the
// delivery of the webhook.
func BenchmarkWalk(b *testing.B) {
	for _, engine := range Engines {
		b.Run(engine, func(b *testing.B) {
			f := benchFixture(b, engine)
			b.SetParallelism(8)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					var w walk
					for _, step := range steps {
						if err := step.do(f, &w); err != nil {
							b.Error(err)
						}
					}
				}
			})
		})
	}
}

// BenchmarkDeliver measures taking webhooks and recording their delivery, in
// batches of 64, per webhook.
func BenchmarkDeliver(b *testing.B) {
	for _, engine := range Engines {
		b.Run(engine, func(b *testing.B) {
			f := benchFixture(b, engine)
			for range b.N {
				f.addWebhook("kiosk")
			}
			lease := noon.Add(time.Minute)
			b.ReportAllocs()
			b.ResetTimer()
			for ids := f.claimWebhooks(noon, lease, 64); len(ids) > 0; ids = f.claimWebhooks(noon, lease, 64) {
				f.ok(f.FinishWebhooks(f.ctx, ids, lease, noon))
			}
			b.StopTimer()
			n, err := f.CountWebhooks(f.ctx)
			f.ok(err)
			f.same("left", n, store.WebhookCount{})
		})
	}
}

// BenchmarkIdlePass measures what a pass costs when nothing is due among many
// rows that wait.
func BenchmarkIdlePass(b *testing.B) {
	for _, engine := range Engines {
		b.Run(engine, func(b *testing.B) {
			f := benchFixture(b, engine)
			for range 2000 {
				f.addSession("kiosk")
			}
			for b.Loop() {
				f.same("due", f.claim(noon, noon.Add(time.Minute), 64), []kyc.ID(nil))
			}
		})
	}
}
