// Package server is the HTTP side of vouchgate: it implements the interface that
// is generated from the contract.
//
// A handler reads its input, asks oauth and kyc what is right, lets the store
// write it and returns an answer or an error. Errors are values until errors.go
// turns them into JSON, a page or a redirect; nowhere else is an error written.
//
// Around the generated code stand guards (guards.go) for what OAuth demands and a
// generated binding does not know, such as repeated parameters, and one outer
// handler (outer.go) for what every request shares. Background work is left to
// package worker; the server only signals it.
package server
