package worker

import (
	"fmt"
	"testing"
	"time"
)

func TestEarlyNotifications(t *testing.T) {
	t.Parallel()
	e, now := newEarly(), time.Unix(1000, 0)
	e.put("a", now)
	if e.take("b", now) {
		t.Error("one that never came is remembered")
	}
	if !e.take("a", now.Add(earlyLife-1)) || e.take("a", now) {
		t.Error("one that came is not remembered once")
	}
	e.put("a", now)
	if e.take("a", now.Add(earlyLife)) {
		t.Error("one is remembered beyond its time")
	}
	for i := range maxEarly + 10 {
		e.put(fmt.Sprint(i), now)
	}
	if len(e.byID) != maxEarly {
		t.Errorf("%d are remembered, want at most %d", len(e.byID), maxEarly)
	}
	e.put("late", now.Add(earlyLife))
	if len(e.byID) != 1 {
		t.Errorf("%d are remembered after their time", len(e.byID))
	}
}
