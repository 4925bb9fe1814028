// Package swiyu asks the swiyu generic verifier for identity proofs and judges
// what it answers. It speaks the verifier's management API, majors 4 and 5
// (https://github.com/swiyu-admin-ch/swiyu-verifier), over HTTP.
//
// The idea: an answer is guilty until proved innocent. Between the wallet and us
// stand a verifier that its operator configured, perhaps a proxy, and a network;
// so a claim is believed only if the answer says SUCCESS, is about the
// verification that was asked for, carries every claim that the scope asks for
// in a usable form, and names no other issuer or credential type than the
// accepted ones. All of that is decided by one pure function, judge. Whatever is
// unclear either stays pending (the verifier may say more later) or is an
// [ErrUnavailable] (somebody else may have answered); neither ever ends a
// session by itself.
//
// How a session moves, and when to ask again, is left to the caller.
package swiyu
