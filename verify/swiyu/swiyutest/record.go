package swiyutest

import (
	"fmt"
	"slices"
	"time"
)

// The states of the management API.
const (
	statePending = "PENDING"
	stateSuccess = "SUCCESS"
	stateFailed  = "FAILED"
)

// phase is what the management API does not show: that a wallet has answered and
// the answer is being checked, or will be so for ever.
type phase int

const (
	phaseOpen     phase = iota // no answer of a wallet yet
	phaseChecking              // answered; ends by itself
	phaseStuck                 // answered; never ends
	phaseEnded
)

// record is a verification with what only the mock knows.
type record struct {
	Verification
	request     createRequest
	mode        Mode
	phase       phase
	result      result
	readsLeft   int       // while checking: reads that still say PENDING
	checkedAt   time.Time // while checking: not before
	endReads    int       // reads since the end
	answered    bool      // the create call has been answered
	lastAnswers bool      // the one read after the TTL was given out
}

// result is a wallet's answer.
type result struct {
	state       string
	person      string
	code        string
	description string
	claims      map[string]any
}

// find returns a verification that is not cleaned up. The caller holds the lock.
func (v *Verifier) find(id string) (*record, error) {
	r, ok := v.records[id]
	if !ok {
		return nil, fmt.Errorf("verification: %w", ErrUnknown)
	}
	return r, nil
}

// Accept answers as a wallet that holds a person's credential. An empty person
// is the first of Persons. The state is SUCCESS then, unless the mode says
// otherwise. It returns ErrUnknown or ErrClosed.
func (v *Verifier) Accept(id, person string) error {
	p, ok := findPerson(person)
	if !ok {
		return fmt.Errorf("person: %w", ErrUnknown)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.accept(id, p)
}

// Reject answers as a wallet whose person said no. An empty code is
// access_denied; any other is taken as it is. It returns ErrUnknown or
// ErrClosed.
func (v *Verifier) Reject(id, code string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.submit(id, result{
		state: stateFailed, code: orDefault(code, "access_denied"), description: "<b>The wallet says no</b>",
	})
}

// Fail answers as a wallet whose credential does not pass a check. An empty code
// is credential_invalid. It returns ErrUnknown or ErrClosed.
func (v *Verifier) Fail(id, code string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.submit(id, result{state: stateFailed, code: orDefault(code, "credential_invalid"), description: "check failed"})
}

// Expire ends the life of a verification now, or returns ErrUnknown.
func (v *Verifier) Expire(id string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	r, err := v.find(id)
	if err != nil {
		return err
	}
	r.ExpiresAt = v.cfg.Now()
	return nil
}

// Notify records a webhook about any id, known or not.
func (v *Verifier) Notify(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.record(id, 0)
}

func (v *Verifier) accept(id string, p Person) error {
	r, err := v.find(id)
	if err != nil {
		return err
	}
	if r.mode.CheckFails != "" {
		return v.submit(id, result{state: stateFailed, person: p.Key, code: r.mode.CheckFails, description: "check failed"})
	}
	claims, complete := r.disclose(p, v.cfg.Now())
	if !complete {
		// A claim that the credential lacks makes the real verifier stumble after
		// the wallet's answer: webhook, and PENDING to the end.
		r.mode.Stuck = true
	}
	return v.submit(id, result{state: stateSuccess, person: p.Key, claims: claims})
}

// submit takes a wallet's answer. The caller holds the lock.
func (v *Verifier) submit(id string, res result) error {
	r, err := v.find(id)
	if err != nil {
		return err
	}
	v.counters.Submissions++
	if v.expired(r) || r.phase != phaseOpen {
		v.recordFor(r)
		return ErrClosed
	}
	r.result, r.Person = res, res.person
	if r.mode.Stuck {
		r.phase = phaseStuck
		v.recordFor(r)
		return nil
	}
	if r.mode.PendingReads > 0 || r.mode.PendingFor > 0 {
		r.phase = phaseChecking
		v.checking[id] = r
		r.readsLeft = r.mode.PendingReads
		r.checkedAt = v.cfg.Now().Add(time.Duration(r.mode.PendingFor))
		if r.mode.Notify == NotifyEarly || r.mode.Notify == NotifyEarlyOnly {
			v.recordFor(r)
		}
		return nil
	}
	v.end(r)
	return nil
}

// settle ends a check whose time has come.
func (v *Verifier) settle(r *record) {
	if r.phase == phaseChecking && r.readsLeft == 0 && !v.cfg.Now().Before(r.checkedAt) {
		v.end(r)
	}
}

func (v *Verifier) settleAll() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, r := range v.checking {
		v.settle(r)
	}
}

func (v *Verifier) end(r *record) {
	delete(v.checking, r.ID)
	r.phase, r.State, r.ErrorCode = phaseEnded, r.result.state, r.result.code
	switch r.mode.Notify {
	case NotifyNever, NotifyEarlyOnly:
		return
	case NotifyTwice:
		v.recordFor(r)
	case NotifyBeforeCreate:
		if !r.answered {
			return // the create call sends it
		}
	}
	v.recordFor(r)
}

func (v *Verifier) recordFor(r *record) {
	if r.mode.Notify == NotifyNever {
		return
	}
	r.Events++
	v.record(r.ID, time.Duration(r.mode.NotifyDelay))
}

// record puts a webhook into the outbox.
func (v *Verifier) record(id string, delay time.Duration) {
	v.counters.Notifications++
	now := v.cfg.Now()
	v.outbox.put(event{id: id, at: now, due: now.Add(delay)})
}

func (v *Verifier) expired(r *record) bool { return !v.cfg.Now().Before(r.ExpiresAt) }

// read changes a verification as a read of the management API does, and says
// whether there is anything to answer. The caller holds the lock.
func (v *Verifier) read(r *record) (found bool) {
	v.auto(r, r.Reads)
	v.settle(r)
	r.Reads++
	if v.expired(r) {
		found = r.mode.LastAnswer && !r.lastAnswers
		r.lastAnswers = true
		return found
	}
	if r.phase == phaseChecking && r.readsLeft > 0 {
		r.readsLeft--
	}
	if r.phase == phaseEnded {
		if n := r.mode.FlipAfterReads; n > 0 && r.endReads >= n && r.State == stateSuccess {
			r.result = result{state: stateFailed, code: "verification_process_closed"}
			r.State, r.ErrorCode = r.result.state, r.result.code
		}
		r.endReads++
	}
	return true
}

// auto lets the automatic wallet answer if its time has come.
func (v *Verifier) auto(r *record, reads int) {
	a := r.mode.Auto
	if a == nil || reads < a.AfterReads || r.phase != phaseOpen || v.expired(r) {
		return
	}
	var err error
	switch a.Action {
	case AutoAccept:
		p, ok := findPerson(a.Person)
		if !ok {
			p = people[0]
		}
		err = v.accept(r.ID, p)
	case AutoReject:
		err = v.submit(r.ID, result{state: stateFailed, code: orDefault(a.Code, "access_denied")})
	case AutoFail:
		err = v.submit(r.ID, result{state: stateFailed, code: orDefault(a.Code, "credential_invalid")})
	}
	if err != nil {
		v.cfg.Log.Warn("automatic wallet could not answer", "verification_id", r.ID, "error", err)
	}
}

// cleanUp forgets what expired long ago. The caller holds the lock.
func (v *Verifier) cleanUp() {
	limit := v.cfg.Now().Add(-cleanUpAfter)
	if len(v.order) == 0 || v.order[0].ExpiresAt.After(limit) {
		return
	}
	v.order = slices.DeleteFunc(v.order, func(r *record) bool {
		old := !r.ExpiresAt.After(limit)
		if old {
			delete(v.records, r.ID)
			delete(v.checking, r.ID)
		}
		return old
	})
}
