package pages

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"vouchgate/kyc"
)

//go:embed messages/*.json
var messageFiles embed.FS

// messages is everything that the pages say in one language. The type is the
// list of keys: a file with a key more or less does not load, and a template that
// names a key that is not here does not run.
//
// {client}, {operator}, {user}, {duration}, {date} and {n} stand for values.
type messages struct {
	lang Lang

	Common struct {
		Back       string `json:"back"`
		Cancel     string `json:"cancel"`
		Retry      string `json:"retry"`
		Reference  string `json:"reference"`
		Language   string `json:"language"`
		About      string `json:"about"`
		AboutPlain string `json:"about_plain"`
		RunBy      string `json:"run_by"`
		SignedInAs string `json:"signed_in_as"`
		Away       string `json:"away"` // the client reads while the person is away
		And        string `json:"and"`
		Seconds    plural `json:"seconds"`
		Minutes    plural `json:"minutes"`
		Hours      plural `json:"hours"`
		Days       plural `json:"days"`
	} `json:"common"`

	Authorized struct {
		Title        string `json:"title"`
		Heading      string `json:"heading"`
		Asks         string `json:"asks"`
		AsksNothing  string `json:"asks_nothing"`
		NothingElse  string `json:"nothing_else"`
		Hint         string `json:"hint"`
		OpenWallet   string `json:"open_wallet"`
		Scan         string `json:"scan"`
		QRAlt        string `json:"qr_alt"`
		Waiting      string `json:"waiting"`
		Received     string `json:"received"`
		Reconnecting string `json:"reconnecting"`
		Stale        string `json:"stale"`
		Reload       string `json:"reload"`
		TimeLeft     string `json:"time_left"`
	} `json:"authorized"`

	Verified struct {
		Title    string `json:"title"`
		Heading  string `json:"heading"`
		Text     string `json:"text"`
		Continue string `json:"continue"`
		NoReturn string `json:"no_return"`
	} `json:"verified"`

	Failed struct {
		Title        string                     `json:"title"`
		Heading      string                     `json:"heading"`
		NothingSent  string                     `json:"nothing_sent"`
		AttemptsLeft plural                     `json:"attempts_left"`
		NoAttempts   string                     `json:"no_attempts"`
		Over         string                     `json:"over"`
		Reasons      map[kyc.FailureCode]string `json:"reasons"`
	} `json:"failed"`

	Expired   ending `json:"expired"`
	Completed struct {
		ending
		Until            string `json:"until"`
		OnceUntil        string `json:"once_until"`
		Withdraw         string `json:"withdraw"`
		WithdrawnTitle   string `json:"withdrawn_title"`
		WithdrawnHeading string `json:"withdrawn_heading"`
		Withdrawn        string `json:"withdrawn"`
	} `json:"completed"`
	Denied      ending `json:"denied"`
	Unavailable struct {
		ending
		Action string `json:"action"`
	} `json:"unavailable"`

	TakeOver struct {
		Text   string `json:"text"`
		Action string `json:"action"`
		Button string `json:"button"`
	} `json:"take_over"`

	Choose    chooseText    `json:"choose"`
	Address   addressText   `json:"address"`
	Pin       pinText       `json:"pin"`
	Letter    letterText    `json:"letter"`
	Retention retentionText `json:"retention"`
	Login     loginText     `json:"login"`
	Consent   consentText   `json:"consent"`
	Me        meText        `json:"me"`
	SignedOut ending        `json:"signed_out"`
	Erased    ending        `json:"erased"`
	FormPost  formPostText  `json:"form_post"`
	Dates     dateText      `json:"dates"`
	Values    valueText     `json:"values"`

	Errors map[Reason]errorText `json:"errors"`
	Claims map[string]string    `json:"claims"`
}

type ending struct {
	Title   string `json:"title"`
	Heading string `json:"heading"`
	Text    string `json:"text"`
}

type errorText struct {
	Title  string `json:"title"`
	Text   string `json:"text"`   // what happened
	Action string `json:"action"` // what to do now
}

// plural holds the forms of a message that counts. The four languages have the
// same two below a million.
type plural struct {
	One   string `json:"one"`
	Other string `json:"other"`
}

func loadCatalogue() (map[Lang]*messages, error) {
	catalogue := make(map[Lang]*messages)
	for _, lang := range Languages {
		b, err := messageFiles.ReadFile("messages/" + string(lang) + ".json")
		if err != nil {
			return nil, fmt.Errorf("reading messages: %w", err)
		}
		if catalogue[lang], err = parseMessages(lang, b); err != nil {
			return nil, fmt.Errorf("reading messages in %s: %w", lang, err)
		}
	}
	return catalogue, nil
}

func parseMessages(lang Lang, b []byte) (*messages, error) {
	m := &messages{lang: lang}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(m); err != nil {
		return nil, err
	}
	if gaps := empty(reflect.ValueOf(*m), ""); len(gaps) > 0 {
		return nil, fmt.Errorf("nothing said for %s", strings.Join(gaps, ", "))
	}
	return m, nil
}

// empty lists the texts that are missing below v.
func empty(v reflect.Value, path string) (gaps []string) {
	switch v.Kind() {
	case reflect.String:
		if v.Len() == 0 {
			gaps = append(gaps, path)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() || f.Anonymous {
				gaps = append(gaps, empty(v.Field(i), path+"/"+f.Name)...)
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			gaps = append(gaps, empty(v.Index(i), path+"/"+strconv.Itoa(i))...)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			gaps = append(gaps, empty(v.MapIndex(k), path+"/"+k.String())...)
		}
	}
	return gaps
}

func (m *messages) count(p plural, n int64) string {
	form := p.Other
	if m.lang.one(n) {
		form = p.One
	}
	return strings.ReplaceAll(form, "{n}", strconv.FormatInt(n, 10))
}

// claim returns the plain words for a claim, or its name if there are none.
func (m *messages) claim(name string) string {
	if label, ok := m.Claims[name]; ok {
		return label
	}
	return name
}

// duration says how long something lasts, in the two largest units that are
// needed. It rounds up: a promise to a person must not be shorter than the truth.
func (m *messages) duration(d time.Duration) string {
	if d < time.Minute {
		return m.count(m.Common.Seconds, int64((d+time.Second-1)/time.Second))
	}
	minutes := int64((d + time.Minute - 1) / time.Minute)
	if minutes < 24*60 {
		return m.join(m.Common.Hours, minutes/60, m.Common.Minutes, minutes%60)
	}
	hours := (minutes + 59) / 60
	return m.join(m.Common.Days, hours/24, m.Common.Hours, hours%24)
}

func (m *messages) join(large plural, n int64, small plural, rest int64) string {
	switch {
	case n == 0:
		return m.count(small, rest)
	case rest == 0:
		return m.count(large, n)
	}
	return m.count(large, n) + " " + m.Common.And + " " + m.count(small, rest)
}

// timeLeft says how much time remains. It rounds down, for the same reason.
func (m *messages) timeLeft(seconds int64) string {
	d := time.Duration(seconds) * time.Second
	if d >= time.Minute {
		d = d.Truncate(time.Minute)
	}
	return m.duration(d)
}
