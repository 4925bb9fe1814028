// Package ida holds the rules of OpenID Connect for Identity Assurance 1.0: how a
// relying party asks for verified_claims in the claims parameter, and what of the
// proved facts it is answered.
//
// Two rules shape everything here. Nothing is delivered that was not asked for,
// also inside verification. And what does not meet a requirement is left out
// without an error: a claim by itself, and the whole object when the requirement
// was one on its verification.
//
// The member names and their nesting are those of the OpenID Identity Assurance
// Schema Definition 1.0. Everything is pure: the time is an argument.
package ida

// The types of evidence and check methods that vouchgate uses, of the shared
// values that the eKYC-IDA working group lists.
const (
	EvidenceDocument         = "document"          // an identity document, such as an electronic one
	EvidenceElectronicRecord = "electronic_record" // what a provider keeps on a person, such as a mailbox
	CheckVCrypt              = "vcrypt"            // a signature was checked
	CheckToken               = "token"             // a secret that was sent came back
)
