package pages

import (
	"strings"
	"time"
)

// Retention is how long a client may read what a person releases: a duration, or
// one of ReadOnce and ReadUntilWithdrawn. With 0 a page says nothing about it.
type Retention time.Duration

// The retentions that are no duration.
const (
	ReadOnce           Retention = -1 // a first read ends it
	ReadUntilWithdrawn Retention = -2 // only the person ends it, or the client
)

// retention says in a sentence how long the client may read; empty for 0.
func (m *messages) retention(r Retention) string {
	switch {
	case r == ReadOnce:
		return m.Retention.Once
	case r == ReadUntilWithdrawn:
		return m.Retention.UntilWithdrawn
	case r > 0:
		return strings.ReplaceAll(m.Retention.For, "{duration}", m.duration(time.Duration(r)))
	}
	return ""
}
