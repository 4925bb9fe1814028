package storetest

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"vouchgate/kyc"
)

var timeTests = []test{
	{"TimesComeBackInUTCToTheMicrosecond", timesRoundTrip},
	{"AnyTimeInAnyZoneComesBackAsTheSameInstant", timesProperty},
	{"TimesOfDifferentZonesAreInTheOrderOfTheirInstants", timesOrder},
	{"AnInstantThatIsDueIsDueInEveryZone", timesDue},
}

// zones are where callers might forget to say UTC. As text, times of different
// zones sort in the wrong order.
var zones = []*time.Location{
	time.UTC, time.FixedZone("east", 14*3600), time.FixedZone("west", -11*3600-1800), time.FixedZone("seconds", 3601),
}

func timesRoundTrip(f *fixture) {
	f.addClient("kiosk")
	for _, zone := range zones {
		s := kyc.NewSession(f.newHandle(), "kiosk", kyc.MethodSwiyu, noon.In(zone), time.Hour)
		s.AuthorizedAt, s.LeaseUntil = at(noon.In(zone)), at(noon.In(zone))
		f.ok(f.CreateSession(f.ctx, s))
		got := f.session(s.ID)
		for what, t := range map[string]time.Time{
			"created": got.CreatedAt, "updated": got.UpdatedAt, "authorized": *got.AuthorizedAt, "lease": *got.LeaseUntil,
		} {
			if t.Location() != time.UTC || !t.Equal(noon.Truncate(time.Microsecond)) {
				f.t.Errorf("%s given in %v came back as %v", what, zone, t)
			}
		}
	}
}

func timesProperty(f *fixture) {
	f.addClient("kiosk")
	instants := rapid.Custom(func(r *rapid.T) time.Time {
		seconds := rapid.Int64Range(-62135596800, 253402300799-86400).Draw(r, "seconds") // years 1 to 9999
		nanos := rapid.Int64Range(0, 999999999).Draw(r, "nanoseconds")
		return time.Unix(seconds, nanos).In(rapid.SampledFrom(zones).Draw(r, "zone"))
	})
	optional := rapid.Ptr(instants, true)
	rapid.Check(f.t.(rapid.TB), func(r *rapid.T) {
		s := kyc.NewSession(f.newHandle(), "kiosk", kyc.MethodSwiyu, instants.Draw(r, "created"), time.Hour)
		s.EndsAt, s.FinishedAt, s.VerifiedAt = optional.Draw(r, "ends"), optional.Draw(r, "finished"), optional.Draw(r, "verified")
		if err := f.CreateSession(f.ctx, s); err != nil {
			r.Fatalf("creating: %v", err)
		}
		got, err := f.Session(f.ctx, s.ID)
		if err != nil {
			r.Fatalf("reading: %v", err)
		}
		for _, pair := range [][2]*time.Time{
			{&s.CreatedAt, &got.CreatedAt}, {&s.ExpiresAt, &got.ExpiresAt},
			{s.EndsAt, got.EndsAt}, {s.FinishedAt, got.FinishedAt}, {s.VerifiedAt, got.VerifiedAt},
		} {
			if err := sameInstant(pair[0], pair[1]); err != nil {
				r.Fatal(err)
			}
		}
	})
}

func sameInstant(want, got *time.Time) error {
	switch {
	case want == nil && got == nil:
		return nil
	case want == nil || got == nil:
		return fmt.Errorf("kept %v, read %v", want, got)
	case !micro(*want).Equal(*got) || got.Location() != time.UTC:
		return fmt.Errorf("kept %v, read %v", want, got)
	}
	return nil
}

func timesOrder(f *fixture) {
	f.addClient("kiosk")
	var want []kyc.ID
	for i := range 8 {
		want = append(want, f.dueAt(noon.Add(time.Duration(i)*time.Second).In(zones[i%len(zones)])).ID)
	}
	var got []kyc.ID
	for i := range want {
		got = append(got, f.claim(noon.Add(time.Minute).In(zones[(i+1)%len(zones)]), noon.Add(time.Hour), 1)...)
	}
	f.same("order", got, want)
}

func timesDue(f *fixture) {
	f.addClient("kiosk")
	for _, kept := range zones {
		for _, asked := range zones {
			s := f.dueAt(noon.In(kept))
			f.same("too early", f.claim(noon.Add(-time.Microsecond).In(asked), noon.Add(time.Hour), 1), []kyc.ID(nil))
			f.same("in time", f.claim(noon.In(asked), noon.Add(time.Hour), 1), []kyc.ID{s.ID})
		}
	}
}
