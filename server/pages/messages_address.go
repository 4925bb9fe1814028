package pages

import "vouchgate/kyc"

// chooseText is what the page says on which a method is chosen.
type chooseText struct {
	Title   string                    `json:"title"`
	Heading string                    `json:"heading"`
	Nothing string                    `json:"nothing"` // where no detail is asked for
	Methods map[kyc.Method]methodText `json:"methods"`
}

// methodText is a method in plain words.
type methodText struct {
	Name string `json:"name"`
	Then string `json:"then"` // what happens if it is chosen
}

// addressText is what the page says that asks for an address.
type addressText struct {
	Email  addressForm `json:"email"`
	Phone  addressForm `json:"phone"`
	Letter addressForm `json:"letter"`

	Fields      map[string]fieldText `json:"fields"`
	PhoneHint   string               `json:"phone_hint"`
	LinesHint   string               `json:"lines_hint"`
	LinesHintCH string               `json:"lines_hint_ch"` // for addresses in Switzerland
	Example     string               `json:"example"`       // before an example of an address
	NoCountry   string               `json:"no_country"`    // in place of a country that is not chosen
	Problem     string               `json:"problem"`       // above the fields that are at fault
	Limited     limitText            `json:"limited"`
	BackToCode  string               `json:"back_to_code"`
	AnotherWay  string               `json:"another_way"`
}

// addressForm is what differs by the kind of message.
type addressForm struct {
	Title   string `json:"title"`
	Heading string `json:"heading"`
	Lead    string `json:"lead"`
	Send    string `json:"send"`

	Fixed      string    `json:"fixed"`
	FaultTitle string    `json:"fault_title"`
	NoneLeft   limitText `json:"none_left"`
	LastOne    string    `json:"last_one"`
	MoreLeft   plural    `json:"more_left"`
}

// fieldText names a field of an address, and says what can be wrong with it.
type fieldText struct {
	Label      string `json:"label"`
	Missing    string `json:"missing"`
	Malformed  string `json:"malformed"`
	TooLong    string `json:"too_long"`
	NotAllowed string `json:"not_allowed"`
}

// limitText says that there were enough messages or addresses.
type limitText struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

// pinText is what the page says that asks for a TAN.
type pinText struct {
	Email  mediumText `json:"email"`
	Phone  mediumText `json:"phone"`
	Letter mediumText `json:"letter"`

	Title       string `json:"title"`
	Label       string `json:"label"`
	Confirm     string `json:"confirm"`
	Lifetime    string `json:"lifetime"`
	ValidUntil  string `json:"valid_until"` // of the code in a letter
	LetterTime  string `json:"letter_time"` // how long a letter takes
	ComeBack    string `json:"come_back"`   // with a letter
	TriesLeft   plural `json:"tries_left"`
	Spent       string `json:"spent"` // the code can no longer be entered
	SendsLeft   plural `json:"sends_left"`
	ResendWait  string `json:"resend_wait"`
	ResendReady string `json:"resend_ready"`

	Faults map[PinFault]limitText `json:"faults"`
}

// mediumText is what differs by the kind of message.
type mediumText struct {
	Heading string `json:"heading"`
	SentTo  string `json:"sent_to"`
	Queued  string `json:"queued"`
	Sent    string `json:"sent"` // if there is such an address
	Delayed string `json:"delayed"`
	Failed  string `json:"failed"`
	None    string `json:"none"` // above the ways to another message
	Resend  string `json:"resend"`
	Newest  string `json:"newest"`   // which code counts
	NoSends string `json:"no_sends"` // no other message goes to this address
	Change  string `json:"change"`
}

// letterText is what the page says where a letter's link is opened in another
// browser.
type letterText struct {
	Title   string `json:"title"`
	Heading string `json:"heading"`
	Text    string `json:"text"`
	Then    string `json:"then"`
	Discard string `json:"discard"`
	Open    string `json:"open"`
}
