package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// printJSON writes one JSON document and nothing else.
func (p *program) printJSON(v any) error {
	e := json.NewEncoder(p.stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// row is a line of a table, or a name and a value.
type row []string

// printTable writes rows below their headings, or a word if there are none.
func (p *program) printTable(head row, rows []row) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintln(p.stdout, "none")
		return err
	}
	return writeColumns(p.stdout, append([]row{head}, rows...))
}

// printPairs writes names and values, without those that are empty.
func (p *program) printPairs(pairs []row) error {
	var shown []row
	for _, r := range pairs {
		if r[1] != "" {
			shown = append(shown, r)
		}
	}
	return writeColumns(p.stdout, shown)
}

func writeColumns(w io.Writer, rows []row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		clean := make(row, len(r))
		for i, cell := range r {
			clean[i] = printable(cell)
		}
		if _, err := fmt.Fprintln(t, strings.Join(clean, "\t")); err != nil {
			return err
		}
	}
	return t.Flush()
}

// printable takes out what could move a terminal's cursor or break a table: the
// names of clients and the answers of receivers are written by others.
func printable(s string) string {
	if s == "" {
		return "-"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

// at writes a time to the second, for people.
func at(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
