package kyc

import (
	"errors"
	"fmt"
	"strings"
)

// Status says where a session stands.
type Status string

// The states of a session. Completed and Denied are final; Expired and Failed
// may be opened again while the session lives and attempts are left.
const (
	StatusPending    Status = "pending"    // set up, not opened by a browser
	StatusAuthorized Status = "authorized" // opened, a verification is under way
	StatusVerified   Status = "verified"   // proved, not yet redeemed by the client
	StatusCompleted  Status = "completed"  // the client swapped its code for a token
	StatusFailed     Status = "failed"     // the proof was refused
	StatusExpired    Status = "expired"    // nobody proved anything in time
	StatusDenied     Status = "denied"     // the person pressed cancel
)

// Statuses lists all states in the order of a walk.
var Statuses = []Status{
	StatusPending, StatusAuthorized, StatusVerified, StatusCompleted, StatusFailed, StatusExpired, StatusDenied,
}

// Action names what moves a session.
type Action string

// The actions. ActionOpen starts a verification, the first one or a new attempt.
const (
	ActionOpen   Action = "open"
	ActionProve  Action = "prove"
	ActionRefuse Action = "refuse"
	ActionRedeem Action = "redeem"
	ActionExpire Action = "expire"
	ActionCancel Action = "cancel"
)

// ErrIllegalMove says that a session cannot make a move from where it stands.
var ErrIllegalMove = errors.New("illegal move")

// moves is the whole state machine: what is not listed is ErrIllegalMove.
//
// Opening an authorized session again replaces its verification: the person came
// with another browser, or the verifier has forgotten the old one. Opening an
// expired session is what lets a client reuse an authorize URL for days.
var moves = map[Action]map[Status]Status{
	ActionOpen: {
		StatusPending:    StatusAuthorized,
		StatusAuthorized: StatusAuthorized,
		StatusFailed:     StatusAuthorized,
		StatusExpired:    StatusAuthorized,
	},
	ActionProve:  {StatusAuthorized: StatusVerified},
	ActionRefuse: {StatusAuthorized: StatusFailed},
	ActionRedeem: {StatusVerified: StatusCompleted},
	ActionExpire: {
		StatusPending:    StatusExpired,
		StatusAuthorized: StatusExpired,
		StatusVerified:   StatusExpired,
	},
	ActionCancel: {
		StatusPending:    StatusDenied,
		StatusAuthorized: StatusDenied,
		StatusFailed:     StatusDenied,
		StatusVerified:   StatusDenied,
		StatusExpired:    StatusDenied,
	},
}

// Next returns the state that an action leads to, or ErrIllegalMove.
func (s Status) Next(a Action) (Status, error) {
	next, ok := moves[a][s]
	if !ok {
		return s, fmt.Errorf("%w: cannot %s a session that is %s", ErrIllegalMove, a, s)
	}
	return next, nil
}

// Final says that no action moves the session any more.
func (s Status) Final() bool {
	for _, from := range moves {
		if _, ok := from[s]; ok {
			return false
		}
	}
	return true
}

// MoveTable prints the state machine, one line per state and action.
func MoveTable() string {
	var b strings.Builder
	for _, from := range Statuses {
		for _, a := range []Action{ActionOpen, ActionProve, ActionRefuse, ActionRedeem, ActionExpire, ActionCancel} {
			to, err := from.Next(a)
			if err != nil {
				to = "-"
			}
			fmt.Fprintf(&b, "%-10s %-6s %s\n", from, a, to)
		}
	}
	return b.String()
}
