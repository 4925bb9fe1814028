// Package password keeps the passwords of people: as hashes that are slow to try
// (argon2id, RFC 9106), in a text that says how it was made, so that the cost can
// be raised later and old hashes still hold.
//
// A hash takes 19 MiB and some 40 ms of a processor. A [Hasher] therefore works on
// no more of them at a time than there are processors; the others wait, for as
// long as their context allows. How often somebody may try is decided elsewhere.
package password
