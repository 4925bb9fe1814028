package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"
)

// today is when the letters of these tests are set.
var today = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// example is the message that the documentation shows, with some members replaced. A
// nil value removes the member.
func example(t *testing.T, members map[string]any) string {
	t.Helper()
	content, err := os.ReadFile("../examples/letter.json")
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(content, &m); err != nil {
		t.Fatal(err)
	}
	for name, value := range members {
		m[name] = value
		if value == nil {
			delete(m, name)
		}
	}
	changed, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(changed)
}

// postal are the members of a message to an address abroad.
func postal(country, name string, lines ...string) map[string]any {
	return map[string]any{"method": "postal", "address": map[string]string{
		"CONTACT_NAME": name, "ADDRESS_LINES": strings.Join(lines, "\n"), "ADDRESS_COUNTRY": country}}
}

func parse(t *testing.T, input string) message {
	t.Helper()
	m, err := readMessage(strings.NewReader(input))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// plain are settings without an output.
func plain(side string) settings {
	return settings{sender: []string{"Example Gate Ltd", "Musterstrasse 1", "8000 Zürich"}, place: "Zürich",
		country: language.MustParseRegion("CH"), window: windows[side]}
}

// environment is a getenv of variables without their common prefix.
func environment(values map[string]string) func(string) string {
	return func(name string) string { return values[strings.TrimPrefix(name, "VOUCHGATE_HELPER_LETTER_")] }
}

// texts are those of a sheet, line by line.
func (s sheet) texts() []string {
	var all []string
	for _, l := range s.labels {
		all = append(all, l.text)
	}
	return all
}
