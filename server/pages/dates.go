package pages

import (
	"strconv"
	"strings"
	"time"

	"vouchgate/kyc"
)

// day writes a date as people of the language do: 1. Februar 1990.
func (m *messages) day(t time.Time) string {
	day := strconv.Itoa(t.Day())
	if t.Day() == 1 {
		day = m.Dates.First
	}
	return strings.NewReplacer("{day}", day, "{month}", m.Dates.Months[t.Month()-1], "{year}", strconv.Itoa(t.Year())).
		Replace(m.Dates.Day)
}

// moment writes a date and a time, in UTC: nothing here knows where the person
// is.
func (m *messages) moment(t time.Time) string {
	t = t.UTC()
	return strings.NewReplacer("{date}", m.day(t), "{time}", t.Format("15:04")).Replace(m.Dates.Moment)
}

// value writes the value of a claim for a person: a flag as yes or no, a date in
// the form of the language, an image only by its kind. All else is shown as it is.
func (m *messages) value(claim, value string) string {
	switch {
	case value == "":
		return ""
	case kyc.AsksForImage(claim):
		return m.Values.Photo
	case isFlag(claim) && value == "true":
		return m.Values.Yes
	case isFlag(claim) && value == "false":
		return m.Values.No
	}
	if t, err := time.Parse(time.DateOnly, value); err == nil {
		return m.day(t)
	}
	return value
}

// isFlag says whether a claim is either true or false.
func isFlag(claim string) bool {
	_, err := kyc.NormalizeClaim(claim, true)
	return err == nil
}
