// Package seal keeps personal data unreadable at rest. A [Ring] of keys encrypts
// with AES-256-GCM and ties each sealed text to what it is for (the purpose) and
// to where it belongs (the additional data, such as a row's id), so that sealed
// texts cannot be swapped between rows or uses.
//
// A ring has several keys, of which one is current. New data are sealed with the
// current key; the others still open what they sealed. To rotate, add a key to
// the file and make it current; to make old data unreadable for good, remove the
// key.
//
// The only input and output here is the key file. Where sealed texts are kept and
// when they are erased is left to others.
package seal
