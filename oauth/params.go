package oauth

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"unicode/utf8"
)

// maxFields is the number of parameters that a request may have.
const maxFields = 100

// Params are the parameters of a request. They may hold secrets and print only
// their number.
type Params struct {
	values   map[string]string
	repeated string // a name that was sent more than once, in the order of the request
	counts   map[string]int
}

// ParseParams reads a raw query or form body (application/x-www-form-urlencoded).
// It gives an invalid_request *Error for broken percent-encoding, semicolons as
// separators, text that is not UTF-8, NUL characters and more than 100
// parameters. What cannot be read in one way only is not read at all.
func ParseParams(raw string) (Params, error) {
	p := Params{values: map[string]string{}, counts: map[string]int{}}
	fields := 0
	for field := range strings.SplitSeq(raw, "&") {
		if field == "" {
			continue
		}
		if fields++; fields > maxFields {
			return Params{}, InvalidRequest(fmt.Sprintf("more than %d parameters", maxFields))
		}
		name, value, err := parseField(field)
		if err != nil {
			return Params{}, err
		}
		p.add(name, value)
	}
	return p, nil
}

func parseField(field string) (name, value string, err error) {
	if strings.Contains(field, ";") {
		return "", "", InvalidRequest("parameters are separated by &, not by a semicolon")
	}
	name, value, _ = strings.Cut(field, "=")
	if name, err = unescape(name); err != nil {
		return "", "", err
	}
	value, err = unescape(value)
	return name, value, err
}

func unescape(s string) (string, error) {
	s, err := url.QueryUnescape(s)
	switch {
	case err != nil: // its text would repeat the value
		return "", InvalidRequest("broken percent-encoding in a parameter")
	case !utf8.ValidString(s):
		return "", InvalidRequest("a parameter is not UTF-8")
	case strings.Contains(s, "\x00"):
		return "", InvalidRequest("a parameter holds a NUL character")
	}
	return s, nil
}

func (p *Params) add(name, value string) {
	p.counts[name]++
	if p.counts[name] > 1 && p.repeated == "" && name != "resource" {
		p.repeated = name
	}
	if value != "" && p.values[name] == "" {
		p.values[name] = value
	}
}

// Get returns the value of a parameter. A parameter without a value is as good
// as none (RFC 6749, section 3.1). Of a repeated one the first value is returned;
// callers refuse those.
func (p Params) Get(name string) string { return p.values[name] }

// Repeated says whether a parameter was sent more than once, with or without a
// value.
func (p Params) Repeated(name string) bool { return p.counts[name] > 1 }

// AnyRepeated returns the first parameter that was sent more than once (RFC 6749,
// sections 3.1 and 3.2), or "". Only "resource" may be (RFC 8707, section 2).
func (p Params) AnyRepeated() string { return p.repeated }

// String counts the parameters and shows none.
func (p Params) String() string { return fmt.Sprintf("oauth.Params(%d)", len(p.counts)) }

// GoString is String.
func (p Params) GoString() string { return p.String() }

// LogValue is String.
func (p Params) LogValue() slog.Value { return slog.StringValue(p.String()) }
