package swiyutest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Mode says how the mock misbehaves. The zero Mode is a verifier that does
// nothing wrong: one webhook after the end, right answers at once. Modes of
// different kinds can be combined.
type Mode struct {
	// Webhooks.
	Notify      NotifyMode `json:"notify,omitempty"`
	NotifyDelay Duration   `json:"notify_delay,omitempty"` // late: no webhook is sent before this has passed

	// States.
	PendingReads   int      `json:"pending_reads,omitempty"`    // reads after the wallet's answer that still say PENDING
	PendingFor     Duration `json:"pending_for,omitempty"`      // time after the wallet's answer that says PENDING
	Stuck          bool     `json:"stuck,omitempty"`            // webhook, then PENDING to the end
	FlipAfterReads int      `json:"flip_after_reads,omitempty"` // after so many reads SUCCESS turns FAILED (verifier 3.0)
	TTL            Duration `json:"ttl,omitempty"`              // instead of Config.TTL; at creation only
	LastAnswer     bool     `json:"last_answer,omitempty"`      // the first read after the TTL still gets the object (verifier 3)
	CheckFails     string   `json:"check_fails,omitempty"`      // error code with which an accepted presentation fails

	// Answers of the management API.
	CreateDelay   Duration `json:"create_delay,omitempty"`
	ReadDelay     Duration `json:"read_delay,omitempty"`
	CreateFault   *Fault   `json:"create_fault,omitempty"`
	ReadFault     *Fault   `json:"read_fault,omitempty"`
	WrongID       bool     `json:"wrong_id,omitempty"`        // reads answer with another id
	RawState      string   `json:"raw_state,omitempty"`       // JSON text in place of a final state: "\"success\"", "7"
	NullErrorCode bool     `json:"null_error_code,omitempty"` // FAILED without a code

	// Claims in the answer.
	Shape       Shape          `json:"shape,omitempty"`
	Flags       FlagStyle      `json:"flags,omitempty"`
	OmitClaims  []string       `json:"omit_claims,omitempty"`  // top-level names, registered ones too
	ExtraClaims map[string]any `json:"extra_claims,omitempty"` // added, or replacing the person's
	Type        string         `json:"type,omitempty"`         // another vct than asked for
	Issuer      string         `json:"issuer,omitempty"`       // another iss than accepted

	// Auto is a wallet that answers by itself.
	Auto *Auto `json:"auto,omitempty"`
}

// NotifyMode says when webhooks are recorded.
type NotifyMode string

// The notify modes.
const (
	NotifyNormal       NotifyMode = ""              // one, at the end
	NotifyTwice        NotifyMode = "twice"         // two, at the end
	NotifyEarly        NotifyMode = "early"         // one when the wallet answers and the state is still PENDING, one at the end
	NotifyEarlyOnly    NotifyMode = "early_only"    // the first of these only
	NotifyNever        NotifyMode = "never"         // none
	NotifyBeforeCreate NotifyMode = "before_create" // one is delivered before the create call is answered; another at the end, if that comes later
)

// Shape says how claims are laid out in credential_subject_data.
type Shape string

// The shapes.
const (
	ShapeKeyed   Shape = ""         // by credential id, each a list (DCQL)
	ShapeFlat    Shape = "flat"     // the claims themselves (verifier 2)
	ShapeTwo     Shape = "two"      // two entries in the list
	ShapeOtherID Shape = "other_id" // under another credential id than asked
	ShapeNone    Shape = "none"     // no data at all (verifier 5, unless its operator turns them on)
)

// FlagStyle says how yes and no look in claims.
type FlagStyle string

// The flag styles.
const (
	FlagsAsText FlagStyle = ""     // "true", as in the Beta-ID
	FlagsAsBool FlagStyle = "bool" // true
)

// FaultKind names a broken answer.
type FaultKind string

// The kinds of fault. Whatever the fault, the work behind the call is done: a
// create with a fault has made a verification.
const (
	FaultStatus    FaultKind = "status"    // Fault.Status with a generic body; 401 as the bearer check has it
	FaultGarbage   FaultKind = "garbage"   // 200, bytes that are not JSON
	FaultHTML      FaultKind = "html"      // 200, a page of some proxy
	FaultEmpty     FaultKind = "empty"     // 200, no body
	FaultTruncated FaultKind = "truncated" // the right answer, cut in half together with its connection
	FaultHuge      FaultKind = "huge"      // the right answer with Fault.Bytes of padding
	FaultGzipBomb  FaultKind = "gzip_bomb" // Fault.Bytes of zeros, compressed
	FaultReset     FaultKind = "reset"     // connection reset instead of an answer; net/http repeats a read by itself then
	FaultRedirect  FaultKind = "redirect"  // Fault.Status (302) to /control/trap
)

// Fault replaces an answer of the management API.
type Fault struct {
	Kind   FaultKind `json:"kind"`
	Status int       `json:"status,omitempty"` // of FaultStatus (0: 503) and FaultRedirect (0: 302)
	Times  int       `json:"times,omitempty"`  // the first so many calls only; 0: all. Reads count per verification
	Bytes  int       `json:"bytes,omitempty"`  // of FaultHuge (0: 2 MiB) and FaultGzipBomb (0: 256 MiB)

	used int
}

// take returns the fault if it applies to this call.
func (f *Fault) take() *Fault {
	if f == nil || f.Times > 0 && f.used >= f.Times {
		return nil
	}
	f.used++
	return f
}

// Auto is a wallet that answers by itself.
type Auto struct {
	Action     AutoAction `json:"action"`
	Person     string     `json:"person,omitempty"`      // of accept; empty: the first
	Code       string     `json:"code,omitempty"`        // of reject (empty: access_denied) and fail (empty: credential_invalid)
	AfterReads int        `json:"after_reads,omitempty"` // answers before the read after so many; 0: right after the create was answered
}

// AutoAction is what an automatic wallet does.
type AutoAction string

// The automatic actions.
const (
	AutoAccept AutoAction = "accept"
	AutoReject AutoAction = "reject"
	AutoFail   AutoAction = "fail"
)

func (m Mode) clone() Mode {
	m.CreateFault, m.ReadFault = m.CreateFault.clone(), m.ReadFault.clone()
	m.OmitClaims = slices.Clone(m.OmitClaims)
	m.ExtraClaims = maps.Clone(m.ExtraClaims)
	if m.Auto != nil {
		m.Auto = new(*m.Auto)
	}
	if (m.Notify == NotifyEarly || m.Notify == NotifyEarlyOnly) && m.PendingReads == 0 && m.PendingFor == 0 {
		m.PendingReads = 1
	}
	return m
}

func (f *Fault) clone() *Fault {
	if f == nil {
		return nil
	}
	c := *f
	c.used = 0
	return &c
}

// Duration is a time.Duration that JSON writes as text such as "1.5s".
type Duration time.Duration

// MarshalText writes the duration as time.Duration.String does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration does, but nothing negative.
func (d *Duration) UnmarshalText(b []byte) error {
	parsed, err := time.ParseDuration(string(b))
	if err != nil || parsed < 0 {
		return fmt.Errorf("not a duration such as 1.5s")
	}
	*d = Duration(parsed)
	return nil
}

// check finds words that no code of the mock knows.
func (m Mode) check() error {
	switch m.Notify {
	case NotifyNormal, NotifyTwice, NotifyEarly, NotifyEarlyOnly, NotifyNever, NotifyBeforeCreate:
	default:
		return fmt.Errorf("unknown notify mode %q", m.Notify)
	}
	switch m.Shape {
	case ShapeKeyed, ShapeFlat, ShapeTwo, ShapeOtherID, ShapeNone:
	default:
		return fmt.Errorf("unknown shape %q", m.Shape)
	}
	if m.Flags != FlagsAsText && m.Flags != FlagsAsBool {
		return fmt.Errorf("unknown flag style %q", m.Flags)
	}
	if m.RawState != "" && !json.Valid([]byte(m.RawState)) {
		return fmt.Errorf("raw_state is not JSON")
	}
	if a := m.Auto; a != nil && a.Action != AutoAccept && a.Action != AutoReject && a.Action != AutoFail {
		return fmt.Errorf("unknown automatic action %q", a.Action)
	}
	return errors.Join(m.CreateFault.check(), m.ReadFault.check())
}

func (f *Fault) check() error {
	kinds := []FaultKind{
		FaultStatus, FaultGarbage, FaultHTML, FaultEmpty, FaultTruncated, FaultHuge, FaultGzipBomb, FaultReset, FaultRedirect,
	}
	if f != nil && !slices.Contains(kinds, f.Kind) {
		return fmt.Errorf("unknown fault %q", f.Kind)
	}
	return nil
}
