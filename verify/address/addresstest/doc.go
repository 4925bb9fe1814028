// Package addresstest is a mail server for tests. It speaks real SMTP with STARTTLS,
// TLS and sign-in, keeps what it is given, and refuses what it is told to.
package addresstest
