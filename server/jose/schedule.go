package jose

import (
	"cmp"
	"slices"
	"time"

	"vouchgate/kyc"
)

// newest returns the key of an algorithm with the highest generation.
func newest(keys []kyc.SigningKey, algorithm string) (key kyc.SigningKey, ok bool) {
	for _, candidate := range keys {
		if candidate.Algorithm == algorithm && (!ok || candidate.Generation > key.Generation) {
			key, ok = candidate, true
		}
	}
	return key, ok
}

// due says whether it is time to make the successor of an algorithm's newest key,
// so that it is published for as long as ahead before it takes over. The first key
// has no predecessor and is never due.
func due(keys []kyc.SigningKey, algorithm string, now time.Time, lifetime, ahead time.Duration) bool {
	last, ok := newest(keys, algorithm)
	return ok && !now.Before(last.SignsFrom.Add(max(lifetime-ahead, 0)))
}

// signing returns the key that signs for an algorithm: of those that are usable
// and published, the newest whose time has come, or else the one whose time comes
// first. The latter is for replicas whose clocks differ: the first key of all
// signs from the moment at which it was made, by the clock of its maker.
func signing(keys []kyc.SigningKey, algorithm string, now time.Time, grace time.Duration, usable func(kyc.ID) bool) (
	key kyc.SigningKey, ok bool,
) {
	for _, candidate := range keys {
		if candidate.Algorithm != algorithm || !usable(candidate.ID) || retired(keys, candidate, now, grace) {
			continue
		}
		if !ok || precedes(candidate, key, now) {
			key, ok = candidate, true
		}
	}
	return key, ok
}

// precedes says whether key a is to sign rather than key b.
func precedes(a, b kyc.SigningKey, now time.Time) bool {
	aSigns, bSigns := !a.SignsFrom.After(now), !b.SignsFrom.After(now)
	switch {
	case aSigns && bSigns:
		return a.Generation > b.Generation
	case aSigns || bSigns:
		return aSigns
	}
	return a.SignsFrom.Before(b.SignsFrom)
}

// retired says whether nothing that key signed is still in use: a grace has
// passed since the first of its successors took over.
func retired(keys []kyc.SigningKey, key kyc.SigningKey, now time.Time, grace time.Duration) bool {
	return slices.ContainsFunc(keys, func(other kyc.SigningKey) bool {
		return other.Algorithm == key.Algorithm && other.Generation > key.Generation &&
			!now.Before(other.SignsFrom.Add(grace))
	})
}

// Retired returns the keys that are no longer published and can be erased, given
// all keys and the grace that was configured. The newest key of an algorithm is
// never among them.
func Retired(keys []kyc.SigningKey, now time.Time, grace time.Duration) []kyc.SigningKey {
	var found []kyc.SigningKey
	for _, key := range keys {
		if retired(keys, key, now, grace) {
			found = append(found, key)
		}
	}
	return found
}

// published returns the keys that clients should know, by algorithm and age.
func published(keys []kyc.SigningKey, now time.Time, grace time.Duration) []kyc.SigningKey {
	found := slices.DeleteFunc(slices.Clone(keys), func(key kyc.SigningKey) bool {
		return !slices.Contains(algorithms, key.Algorithm) || retired(keys, key, now, grace)
	})
	slices.SortFunc(found, func(a, b kyc.SigningKey) int {
		return cmp.Or(cmp.Compare(slices.Index(algorithms, a.Algorithm), slices.Index(algorithms, b.Algorithm)),
			cmp.Compare(a.Generation, b.Generation))
	})
	return found
}
