package e2e_test

import (
	"errors"
	"time"

	"vouchgate/e2e"
	"vouchgate/verify/swiyu/swiyutest"
)

// kind is a way in which a verifier and its wallet behave, and what has to come
// of it.
type kind struct {
	name    string
	mode    swiyutest.Mode
	answer  func(v *e2e.Verifier, id string) error // of the wallet, once the page is shown
	outcome string                                 // status of the session
	failure string                                 // error of its webhook
}

func accepts(v *e2e.Verifier, id string) error { return v.Accept(id, "zoe") }
func rejects(v *e2e.Verifier, id string) error { return v.Reject(id, "") }
func nothing(*e2e.Verifier, string) error      { return nil }

// inVain accepts in time or too late: the session runs out either way.
func inVain(v *e2e.Verifier, id string) error {
	if err := accepts(v, id); !errors.Is(err, swiyutest.ErrClosed) {
		return err
	}
	return nil
}

// shortTTL is for verifications that end only because the verifier forgets them.
const shortTTL = swiyutest.Duration(4 * time.Second)

func seconds(s float64) swiyutest.Duration {
	return swiyutest.Duration(s * float64(time.Second))
}

func brokenReads(f swiyutest.FaultKind, times int) swiyutest.Mode {
	return swiyutest.Mode{ReadFault: &swiyutest.Fault{Kind: f, Times: times, Bytes: 4 << 20}}
}

// nastyKinds is the nastiest mix: each kind gets a verifier of its own.
var nastyKinds = []kind{
	{"nothing wrong", swiyutest.Mode{}, accepts, "verified", ""},
	{"the notification is lost", swiyutest.Mode{Notify: swiyutest.NotifyNever}, accepts, "verified", ""},
	{"the notification comes twice", swiyutest.Mode{Notify: swiyutest.NotifyTwice}, accepts, "verified", ""},
	{"one comes early and one at the end", swiyutest.Mode{Notify: swiyutest.NotifyEarly, PendingReads: 2}, accepts, "verified", ""},
	{"only an early one comes", swiyutest.Mode{Notify: swiyutest.NotifyEarlyOnly, PendingReads: 2}, accepts, "verified", ""},
	{"one comes before the verification is known", swiyutest.Mode{
		Notify: swiyutest.NotifyBeforeCreate, Auto: &swiyutest.Auto{Action: swiyutest.AutoAccept, Person: "zoe"},
	}, nothing, "verified", ""},
	{"the notification is late", swiyutest.Mode{NotifyDelay: seconds(5)}, accepts, "verified", ""},
	{"the notification comes after the end", swiyutest.Mode{NotifyDelay: seconds(8), Stuck: true, TTL: shortTTL}, inVain, "expired", "expired"},
	{"the check takes a while", swiyutest.Mode{PendingFor: seconds(1)}, accepts, "verified", ""},
	{"answers are slow", swiyutest.Mode{CreateDelay: seconds(0.5), ReadDelay: seconds(1)}, accepts, "verified", ""},
	{"garbage comes first", brokenReads(swiyutest.FaultGarbage, 2), accepts, "verified", ""},
	{"a proxy's page comes first", brokenReads(swiyutest.FaultHTML, 1), accepts, "verified", ""},
	{"nothing comes first", brokenReads(swiyutest.FaultEmpty, 1), accepts, "verified", ""},
	{"half an answer comes first", brokenReads(swiyutest.FaultTruncated, 2), accepts, "verified", ""},
	{"far too much comes first", brokenReads(swiyutest.FaultHuge, 1), accepts, "verified", ""},
	{"a compressed bomb comes first", brokenReads(swiyutest.FaultGzipBomb, 1), accepts, "verified", ""},
	{"resets come first", brokenReads(swiyutest.FaultReset, 2), accepts, "verified", ""},
	{"a redirect comes first", brokenReads(swiyutest.FaultRedirect, 1), accepts, "verified", ""},
	{"503 comes three times", brokenReads(swiyutest.FaultStatus, 3), accepts, "verified", ""},
	{"SUCCESS turns into FAILED", swiyutest.Mode{Notify: swiyutest.NotifyTwice, FlipAfterReads: 1}, accepts, "verified", ""},
	{"flags are booleans in a flat list", swiyutest.Mode{Flags: swiyutest.FlagsAsBool, Shape: swiyutest.ShapeFlat}, accepts, "verified", ""},
	{"the person refuses", swiyutest.Mode{}, rejects, "failed", "refused_by_wallet"},
	{"the person refuses and no notification comes", swiyutest.Mode{Notify: swiyutest.NotifyNever}, rejects, "failed", "refused_by_wallet"},
	{"the credential is revoked", swiyutest.Mode{CheckFails: "credential_revoked"}, accepts, "failed", "credential_not_valid"},
	{"it fails without saying why", swiyutest.Mode{NullErrorCode: true}, rejects, "failed", "verification_failed"},
	{"SUCCESS comes without data", swiyutest.Mode{Shape: swiyutest.ShapeNone}, accepts, "failed", "claims_missing"},
	{"SUCCESS comes without a claim", swiyutest.Mode{OmitClaims: []string{"birth_date"}}, accepts, "failed", "claims_missing"},
	{"another issuer's credential", swiyutest.Mode{Issuer: "did:example:other"}, accepts, "failed", "issuer_not_accepted"},
	{"the answer is about another verification", swiyutest.Mode{WrongID: true}, accepts, "failed", "verification_failed"},
	{"it is stuck", swiyutest.Mode{Stuck: true, TTL: shortTTL}, inVain, "expired", "expired"},
	{"a state that nobody knows", swiyutest.Mode{RawState: `"success"`, TTL: shortTTL}, inVain, "expired", "expired"},
	{"nobody answers", swiyutest.Mode{TTL: shortTTL}, nothing, "expired", "expired"},
}
