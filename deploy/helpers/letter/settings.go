package main

import (
	"net"
	"net/url"
	"os"
	"strings"

	"golang.org/x/text/language"
)

// settings are the environment variables VOUCHGATE_HELPER_LETTER_*.
type settings struct {
	dir     string // where PDF files are put, or
	url     string // where they are sent
	token   string // of the print service
	sender  []string
	place   string // before the date
	country language.Region
	window  window
}

// maxSender is how many lines fit above the window.
const maxSender = 6

// readSettings reads the settings. Errors are *failure with exitSettings.
func readSettings(getenv func(string) string) (settings, error) {
	get := func(name string) string { return strings.TrimSpace(getenv("VOUCHGATE_HELPER_LETTER_" + name)) }
	s := settings{dir: get("DIR"), url: get("URL"), place: get("PLACE"), sender: senderLines(get("SENDER"))}
	if (s.dir == "") == (s.url == "") {
		return s, failf(exitSettings, "set either VOUCHGATE_HELPER_LETTER_DIR or VOUCHGATE_HELPER_LETTER_URL")
	}
	if s.url != "" && !safeURL(s.url) {
		return s, failf(exitSettings, "VOUCHGATE_HELPER_LETTER_URL must be an https URL")
	}
	if len(s.sender) == 0 || len(s.sender) > maxSender {
		return s, failf(exitSettings, "VOUCHGATE_HELPER_LETTER_SENDER must have 1 to %d lines, parted by |", maxSender)
	}
	var ok bool
	if s.window, ok = windows[or(get("WINDOW"), "right")]; !ok {
		return s, failf(exitSettings, "VOUCHGATE_HELPER_LETTER_WINDOW must be right or left")
	}
	var err error
	if s.country, err = language.ParseRegion(or(get("COUNTRY"), "CH")); err != nil || !s.country.IsCountry() {
		return s, failf(exitSettings, "VOUCHGATE_HELPER_LETTER_COUNTRY must be an ISO 3166-1 code")
	}
	s.token = get("TOKEN")
	if file := get("TOKEN_FILE"); file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			return s, failf(exitSettings, "VOUCHGATE_HELPER_LETTER_TOKEN_FILE cannot be read")
		}
		s.token = strings.TrimSpace(string(content))
	}
	return s, nil
}

// senderLines parts the sender at | and at line breaks, which systemd's unit files
// cannot hold.
func senderLines(s string) []string {
	return strings.FieldsFunc(strings.NewReplacer(" | ", "|", "| ", "|", " |", "|").Replace(s),
		func(r rune) bool { return r == '|' || r == '\n' })
}

// safeURL says whether letters may be sent there: over TLS, or to this very machine.
func safeURL(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
