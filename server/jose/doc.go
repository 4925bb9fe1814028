// Package jose keeps the keys that sign ID tokens, and verifies what clients sign
// to say who they are.
//
// [Keys] are the server's own. They are made when they are first needed, sealed,
// shared by all replicas through the store, and they follow one another by
// themselves: a new key is published some time before it signs, an old one stays
// published until what it signed has run out (OpenID Connect Core, section
// 10.1.1). All that has to do with time is in schedule.go, in functions of a list
// of keys and the clock.
//
// [VerifyAssertion] and [Fetcher] are for private_key_jwt (OpenID Connect Core,
// section 9; RFC 7523): the first with keys that were registered, the second with
// keys that the client publishes. They say that a signature holds and give back
// what was signed; whether the claims in it are right is asked elsewhere.
//
// The cryptography is that of go-jose. What is decided here is which algorithms,
// keys and sizes are good enough, and who is asked for keys.
package jose
