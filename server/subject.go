package server

import (
	"vouchgate/kyc"
	"vouchgate/server/keyed"
)

// subjectKeyName is the name of the key that makes subjects.
const subjectKeyName = "subjects"

// personClaim is what names a person for good, in credentials that have it.
const personClaim = "personal_administrative_number"

// subject returns the name by which a client shall know the person of a session:
// the same each time for an account, for an address, and for a credential that names
// the person; of every other credential, and for clients that want it so, a new one (OpenID
// Connect Core, section 8; OpenID Connect Ephemeral Subject Identifier 1.0).
func subject(client kyc.Client, session kyc.Session, proof kyc.Proof, mac keyed.MAC) string {
	number, _ := proof.Claims[personClaim].(string)
	var person []byte
	switch {
	case client.Ephemeral:
	case session.AccountID != nil:
		person = append([]byte("account\x00"), session.AccountID[:]...)
	case number != "":
		person = []byte("number\x00" + number)
	case proof.Address != nil:
		person = append([]byte("address\x00"), proof.Address.Identity()...)
	}
	if person == nil {
		return session.ID.String()
	}
	return kyc.Subject(client.ID, person, mac)
}
