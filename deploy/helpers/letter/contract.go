package main

import (
	"encoding/json"
	"io"
	"regexp"
	"time"
)

// maxInput bounds what is read of standard input, in bytes. Messages have a few
// thousand.
const maxInput = 64 << 10

// message is what the gateway writes to a helper, as far as letters need it.
// Members that are not named here are passed over.
type message struct {
	Version    int       `json:"version"`
	ID         string    `json:"id"`
	Method     string    `json:"method"` // postal or postal-ch
	Address    address   `json:"address"`
	TAN        string    `json:"tan"`
	Language   string    `json:"language"` // de, en, fr or it
	ExpiresAt  time.Time `json:"expires_at"`
	Subject    string    `json:"subject"`
	Text       string    `json:"text"` // paragraphs parted by empty lines
	Link       string    `json:"link"`
	LetterCode string    `json:"letter_code"`
}

// address is where the letter goes.
type address struct {
	Name    string `json:"CONTACT_NAME"`
	Lines   string `json:"ADDRESS_LINES"`   // parted by line breaks
	Country string `json:"ADDRESS_COUNTRY"` // ISO 3166-1, two letters; missing for postal-ch
}

var (
	plainID  = regexp.MustCompile(`\A[A-Za-z0-9_-]{1,100}\z`)
	plainURL = regexp.MustCompile(`\Ahttps?://[!-~]{1,300}\z`)
	plainTAN = regexp.MustCompile(`\A[0-9]{4,12}\z`)
)

// readMessage reads the one JSON object of version 1. Errors are *failure with
// exitInput; they do not say more, because errors of a JSON parser quote its input.
func readMessage(in io.Reader) (message, error) {
	var m message
	d := json.NewDecoder(io.LimitReader(in, maxInput))
	if d.Decode(&m) != nil {
		return m, failf(exitInput, "the input is not a JSON object as the contract has it")
	}
	if _, err := d.Token(); err != io.EOF {
		return m, failf(exitInput, "something follows the JSON object")
	}
	switch {
	case m.Version != 1:
		return m, failf(exitInput, "the message has version %d of the contract instead of 1", m.Version)
	case m.Method != "postal" && m.Method != "postal-ch":
		return m, failf(exitInput, "the message is not for a letter")
	case !plainID.MatchString(m.ID):
		return m, failf(exitInput, "the id is missing, or holds other characters than ids have")
	case !plainTAN.MatchString(m.TAN), m.ExpiresAt.IsZero(), m.Text == "", m.Subject == "":
		return m, failf(exitInput, "tan, expires_at, subject or text is missing")
	case !plainURL.MatchString(m.Link), !plainID.MatchString(m.LetterCode):
		return m, failf(exitInput, "link or letter_code is missing, or holds characters that no URL has")
	}
	if m.Method == "postal-ch" {
		m.Address.Country = "CH"
	}
	return m, nil
}

// name tells letters apart without telling whom they are for. A letter that is tried
// again has the same name, because the end of its TAN stays: the file is replaced
// instead of printed twice.
func (m message) name() string {
	return m.ID + "-" + m.ExpiresAt.UTC().Format("20060102T150405Z")
}

// spacedTAN is the TAN in two groups, which are easier to type.
func (m message) spacedTAN() []string {
	half := (len(m.TAN) + 1) / 2
	return []string{m.TAN[:half], m.TAN[half:]}
}
