// Package address brings a TAN to an e-mail address, a phone or a letter box, and
// gives addresses that people type their one form.
//
// The idea: an address is foreign text that is about to leave the gateway, and the TAN
// beside it is a secret. So a [Reader] first turns what was typed into the one form of
// an address, or refuses it; nothing that could be taken for a header, an option or a
// command survives in an e-mail address or a phone number. A [Courier] then hands the
// message to a mail server (SMTP) or to a helper program, which gets it as JSON on
// standard input and never as an argument. Whatever a server or a helper says about it
// is masked before it is logged: neither address nor TAN is ever part of an error or a
// log line.
//
// A message is handed over ([kyc.DeliverySent]), can never be ([kyc.DeliveryRefused]:
// there is no such address), or may be later ([kyc.DeliveryDelayed]). Of what
// may be later, [ErrFault] marks what somebody has to mend first. When to try again,
// and when to give up, is left to the caller.
package address
