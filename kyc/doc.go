// Package kyc holds the rules of an identity proof: what a session is, which
// moves it may make, what a move causes, which claims a scope asks for and what
// a client is told.
//
// Everything here is pure. A move takes the session, the facts and the time, and
// returns its effects as values (a webhook to queue, a code to keep); the store
// writes session and effects in one transaction, so that a proved fact and the
// promise to tell the client about it appear together or not at all. Nothing in
// this package reads a clock, a random source, a socket or a database.
//
// What is left to others: OAuth's rules (package oauth), sealing of claims
// (package seal), how a verifier is asked (package verify/swiyu).
package kyc
