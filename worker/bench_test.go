package worker

import (
	"slices"
	"testing"
	"time"

	"vouchgate/store/storetest"
)

// BenchmarkBacklog delivers 5,000 waiting webhooks to one receiver in this
// process and reports how many went out per second.
func BenchmarkBacklog(b *testing.B) {
	const n = 5000
	for _, engine := range storetest.Engines {
		b.Run(engine, func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				r := newRig(b, storetest.OpenOn(b, engine))
				r.now = time.Now
				url, got := receiver(b, nil)
				client := r.client("shop", url)
				for range n {
					r.queue(client)
				}
				w := r.worker(always(proved()), quiet)
				b.StartTimer()
				stop := r.run(w)
				for range n {
					one(b, got)
				}
				b.StopTimer()
				stop()
				b.StartTimer()
			}
			b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "webhooks/s")
		})
	}
}

// BenchmarkHint measures from a hint to the arrival of the webhook, 50 times a
// second, with a verifier that answers at once.
func BenchmarkHint(b *testing.B) {
	for _, engine := range storetest.Engines {
		b.Run(engine, func(b *testing.B) {
			r := newRig(b, storetest.OpenOn(b, engine))
			r.now = time.Now
			url, got := receiver(b, nil)
			r.client("shop", url)
			w := r.worker(always(proved()), quiet)
			r.run(w)
			w.Hint(r.open("shop").ID) // opens the connection
			one(b, got)
			ticker := time.NewTicker(20 * time.Millisecond)
			defer ticker.Stop()
			var took []time.Duration
			b.ResetTimer()
			for range b.N {
				opened := r.open("shop")
				<-ticker.C
				began := time.Now()
				w.Hint(opened.ID)
				one(b, got)
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func quiet(c *Config) {
	c.Poll = 0
	c.Log = discard
}
