// Package worker does what nobody waits for: it looks again at open
// verifications, delivers webhooks, sends TANs and erases what is past its time.
//
// The database is the to-do list. Work is claimed there with a lease, done
// outside any transaction and its outcome written back under the same lease, so
// that any number of processes share the work and a process that dies loses
// none. Everything that makes work start sooner (a notification of the verifier,
// a signal after a commit, a NOTIFY from another process) is a hint that may be
// lost: the polls find the work anyway.
//
// Each kind of work is a type with one bounded round, Once; Worker.Run adds the
// loops around them. Rules that need no input or output (when to look again, when
// to try again, who may send next) are functions and types of their own that take
// the time as an argument.
package worker
