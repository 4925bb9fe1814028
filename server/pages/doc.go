// Package pages draws what a person sees: the pages of a session, the sign-in, those
// of the proof of an address, the request for permission, the page about themselves,
// the error pages and the reference of the API.
//
// Every method takes typed data and returns a whole HTML document; nothing here
// knows about requests, stores or the rules of OAuth. A page works without
// script, loads nothing from elsewhere and holds neither inline script nor inline
// style, so that the policy of Headers can forbid all of it. The templates are
// well-formed XML as well as HTML, which lets the tests read them strictly.
package pages
