package worker

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"vouchgate/kyc"
)

func jobOf(client string) job {
	return job{Webhook: kyc.Webhook{ClientID: client}, batch: newBatch(1)}
}

// fill adds n jobs of a client and fails if one finds no room.
func fill(t *testing.T, ls *lanes, client string, n int) {
	t.Helper()
	for range n {
		if _, ok := ls.add(jobOf(client), noon); !ok {
			t.Fatalf("no room for a job of %s", client)
		}
	}
}

// startAll starts what may start and returns it.
func startAll(ls *lanes, now time.Time) (jobs []job) {
	for {
		j, ok := ls.next(now)
		if !ok {
			return jobs
		}
		jobs = append(jobs, j)
	}
}

func TestLanesGrowWithSuccess(t *testing.T) {
	t.Parallel()
	ls := newLanes(256, 8)
	fill(t, ls, "a", 40)
	running := startAll(ls, noon)
	if len(running) != laneStart {
		t.Fatalf("%d sends to a client of which nothing is known", len(running))
	}
	for range 20 {
		ls.done(running[0], verdictGood, noon, 0, middle)
		running = append(running[1:], startAll(ls, noon)...)
	}
	if len(running) != 8 {
		t.Errorf("%d sends at once to a good receiver, want the client's limit of 8", len(running))
	}
}

func TestLanesShrinkWithFailure(t *testing.T) {
	t.Parallel()
	ls := newLanes(256, 32)
	fill(t, ls, "a", 40)
	running := startAll(ls, noon)
	for range 3 {
		ls.done(running[0], verdictBad, noon, 0, middle)
		running = running[1:]
	}
	if more := startAll(ls, noon); len(running)+len(more) != 1 {
		t.Errorf("%d sends at once to a failing receiver, want 1", len(running)+len(more))
	}
}

func TestLanesEveryClientHasASend(t *testing.T) {
	t.Parallel()
	ls := newLanes(4, 32)
	for i := range 50 {
		fill(t, ls, fmt.Sprint("tarpit", i), 10)
	}
	stuck := startAll(ls, noon)
	if len(stuck) != 50 {
		t.Fatalf("%d sends run, want one for each of 50 clients", len(stuck))
	}
	fill(t, ls, "good", 2)
	if j, ok := ls.next(noon); !ok || j.ClientID != "good" {
		t.Errorf("next = %v %v, want the first of the good client's although all sends are taken", j.ClientID, ok)
	}
	if _, ok := ls.next(noon); ok {
		t.Error("a second send of one client started although all sends are taken")
	}
}

func TestLanesTakeTurns(t *testing.T) {
	t.Parallel()
	ls := newLanes(256, 4)
	fill(t, ls, "many", 100)
	fill(t, ls, "few", 2)
	var order []string
	for _, j := range startAll(ls, noon) {
		order = append(order, j.ClientID)
	}
	if got := fmt.Sprint(order); got != "[many few many few many many]" {
		t.Errorf("order of sends: %s", got)
	}
}

func TestLanesPutOffWhatAStuckReceiverCannotTake(t *testing.T) {
	t.Parallel()
	ls := newLanes(256, 32)
	fill(t, ls, "a", laneStart+stuckHold)
	running := startAll(ls, noon)
	later := noon.Add(stuckAfter)
	if n := ls.moving(noon); n != laneStart+stuckHold {
		t.Errorf("%d jobs move at the start", n)
	}
	if n := ls.moving(later); n != 0 {
		t.Errorf("%d jobs of a stuck receiver count as moving", n)
	}
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 16} {
		until, ok := ls.add(jobOf("a"), later)
		if ok || until.Sub(later) != want*time.Second {
			t.Errorf("job %d is put off for %v (%v), want %d s", i, until.Sub(later), ok, want)
		}
	}
	ls.done(running[0], verdictGood, later, 0, middle)
	if _, ok := ls.add(jobOf("a"), later); !ok {
		t.Error("a receiver that answers again has no room")
	}
}

func TestLanesHoldOnlySoMany(t *testing.T) {
	t.Parallel()
	ls := newLanes(256, 32)
	fill(t, ls, "a", laneHold)
	if until, ok := ls.add(jobOf("a"), noon); ok || until.Sub(noon) != minPutOff {
		t.Errorf("one more than %d is taken in (%v) or put off for %v", laneHold, ok, until.Sub(noon))
	}
}

func TestLanesHoldLessForASlowReceiver(t *testing.T) {
	t.Parallel()
	ls := newLanes(256, 32)
	fill(t, ls, "a", 100)
	running := startAll(ls, noon)
	later := noon.Add(400 * time.Millisecond)
	ls.done(running[0], verdictGood, later, 0, middle)
	startAll(ls, later)
	if n := ls.moving(later); n != 0 {
		t.Errorf("%d jobs count as done soon, of a receiver that needs %v for all", n, ls.byClient["a"].drain())
	}
	until, ok := ls.add(jobOf("a"), later)
	if pause := until.Sub(later); ok || pause < 3*time.Second || pause > 5*time.Second {
		t.Errorf("one more is taken in (%v) or put off for %v, want half of %v", ok, pause, ls.byClient["a"].drain())
	}
	fill(t, ls, "fast", 100)
	running = startAll(ls, later)
	ls.done(running[0], verdictGood, later.Add(time.Millisecond), 0, middle)
	if n := ls.moving(later); n != 99 {
		t.Errorf("%d jobs count as done soon, want those of the fast receiver", n)
	}
}

// breakLane lets sends to client a fail until the circuit breaker opens.
func breakLane(t *testing.T, ls *lanes) (until time.Time, back []job) {
	t.Helper()
	fill(t, ls, "a", breakAfter+5)
	for range breakAfter {
		if !until.IsZero() {
			t.Fatal("the breaker opened early")
		}
		j, ok := ls.next(noon)
		if !ok {
			t.Fatal("nothing may start")
		}
		until, back = ls.done(j, verdictBad, noon, 0, middle)
	}
	return until, back
}

func TestLanesBreakAfterFailuresInARow(t *testing.T) {
	t.Parallel()
	ls := newLanes(256, 32)
	until, back := breakLane(t, ls)
	if until.Sub(noon) != 5*time.Second || len(back) != 5 {
		t.Fatalf("the breaker is open until +%v and gives %d back, want 5 s and 5", until.Sub(noon), len(back))
	}
	if again, ok := ls.add(jobOf("a"), noon.Add(time.Second)); ok || !again.Equal(until) {
		t.Errorf("a job is taken in although the breaker is open (%v, %v)", again, ok)
	}
	fill2 := func() {
		for range 3 {
			if _, ok := ls.add(jobOf("a"), until); !ok {
				t.Fatal("no room after the break")
			}
		}
	}
	fill2()
	probes := startAll(ls, until)
	if len(probes) != 1 {
		t.Fatalf("%d probes, want 1", len(probes))
	}
	second, back := ls.done(probes[0], verdictBad, until, 0, middle)
	if second.Sub(until) != 10*time.Second || len(back) != 2 {
		t.Errorf("a failed probe closes for %v and gives %d back, want 10 s and 2", second.Sub(until), len(back))
	}
	until = second
	fill2()
	probes = startAll(ls, until)
	if end, _ := ls.done(probes[0], verdictGood, until, 0, middle); !end.IsZero() {
		t.Error("a successful probe opens the breaker")
	}
	if more := startAll(ls, until); len(more) != 2 {
		t.Errorf("%d sends after a successful probe, want 2", len(more))
	}
}

func TestLanesBreakForAsLongAsTheReceiverAsks(t *testing.T) {
	t.Parallel()
	ls := newLanes(256, 32)
	fill(t, ls, "a", breakAfter)
	var until time.Time
	for range breakAfter {
		j, _ := ls.next(noon)
		until, _ = ls.done(j, verdictBad, noon, 10*time.Minute, middle)
	}
	if until.Sub(noon) != 10*time.Minute {
		t.Errorf("the breaker is open for %v, want 10 min", until.Sub(noon))
	}
}

func TestLanesKeepTheirCounts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sends, perClient := rapid.IntRange(1, 8).Draw(t, "sends"), rapid.IntRange(1, 6).Draw(t, "per client")
		ls := newLanes(sends, perClient)
		now := noon
		var running []job
		inside := 0
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				if _, ok := ls.add(jobOf(fmt.Sprint(rapid.IntRange(0, 4).Draw(t, "client"))), now); ok {
					inside++
				}
			case 1:
				running = append(running, startAll(ls, now)...)
			case 2:
				if len(running) == 0 {
					continue
				}
				v := verdict(rapid.IntRange(0, 2).Draw(t, "verdict"))
				_, back := ls.done(running[0], v, now, 0, middle)
				running = running[1:]
				inside -= 1 + len(back)
			case 3:
				now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond)
			}
			byClient := map[string]int{}
			for _, j := range running {
				byClient[j.ClientID]++
				if byClient[j.ClientID] > perClient {
					t.Fatalf("%d sends to one client, limit %d", byClient[j.ClientID], perClient)
				}
			}
			if ls.running != len(running) || len(running) > max(sends, 1)+len(byClient) {
				t.Fatalf("%d sends run, counted as %d, limit %d", len(running), ls.running, sends)
			}
			held := 0
			for _, l := range ls.order {
				held += l.held()
			}
			if held != inside || len(ls.order) != len(ls.byClient) {
				t.Fatalf("%d jobs are inside, want %d", held, inside)
			}
		}
	})
}
