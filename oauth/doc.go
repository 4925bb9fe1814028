// Package oauth holds the rules of the OAuth 2.0 protocol (RFC 6749 with the
// changes of RFC 9700): how a request is read, when it is refused, in which of
// three ways the refusal is told, and how an answer is written into a URL.
//
// The three ways have three types, so that they cannot be mixed up. An [*Error]
// is answered as JSON. A [*ShownError] is a page for the person and never a
// redirect, because the client or its redirect URI cannot be trusted. A
// [*RedirectError] goes back to a redirect URI that has been checked. Every
// function says which of them it returns; they are returned as plain error
// values, so that a nil stays a nil.
//
// Everything here is pure: text and records in, values out. Finding a client,
// comparing its secrets, keeping codes and tokens and speaking HTTP are left to
// others. What may be asked about verified claims is in package ida.
package oauth
