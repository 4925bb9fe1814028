package address

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"strings"
	"time"

	"vouchgate/kyc"
)

// The exit statuses of helpers (sysexits.h). Any other is a fault of the helper.
const (
	exitSent     = 0
	exitBadData  = 65 // EX_DATAERR
	exitNoUser   = 67 // EX_NOUSER
	exitNoHost   = 68 // EX_NOHOST
	exitTryLater = 75 // EX_TEMPFAIL
)

const (
	helperVersion = 1
	maxStderr     = 4 << 10
	// drainTime is how long the pipes of a helper that has ended may stay open, which
	// only a process can do that left its group.
	drainTime = time.Second
	// defaultPath is where helpers find programs if the environment does not say.
	defaultPath = "/usr/local/bin:/usr/bin:/bin"
	ownPrefix   = "VOUCHGATE_HELPER_"
	// limitSetting has their prefix and is a setting of the gateway all the same.
	limitSetting = ownPrefix + "TIMEOUT"
)

// helper hands messages to a program. It is started for each message, without a shell
// and without arguments, which other users of the machine could read.
type helper struct {
	program string // absolute
	environ []string
	timeout time.Duration
	log     *slog.Logger
}

// order is what a helper reads on standard input.
type order struct {
	Version    int               `json:"version"`
	ID         string            `json:"id"`
	Method     kyc.Method        `json:"method"`
	Address    map[string]string `json:"address"`
	TAN        string            `json:"tan"`
	Language   string            `json:"language"`
	ClientName string            `json:"client_name"`
	ExpiresAt  time.Time         `json:"expires_at"`
	Subject    string            `json:"subject,omitempty"`
	Text       string            `json:"text"`
	Link       string            `json:"link,omitempty"`
	LetterCode string            `json:"letter_code,omitempty"`
	To         string            `json:"to"`
}

func newOrder(m kyc.Message, t text) order {
	return order{
		Version: helperVersion, ID: m.SessionID.String(), Method: m.Address.Method, Address: m.Address.Fields(),
		TAN: m.TAN, Language: m.Language, ClientName: plainLine(m.ClientName), ExpiresAt: m.ExpiresAt.UTC(),
		Subject: t.subject, Text: t.body, Link: m.Link, LetterCode: m.LetterCode, To: destination(m.Address),
	}
}

// destination is an address in one line, as a gateway for its kind takes it.
func destination(a kyc.Address) string {
	switch a.Method {
	case kyc.MethodEmail:
		if sent, err := mailbox(a.Email); err == nil {
			return sent
		}
		return a.Email
	case kyc.MethodPhone:
		return a.Phone
	}
	return strings.Join(append(append([]string{a.Name}, a.Lines...), a.Country), ", ")
}

func (h *helper) send(ctx context.Context, m kyc.Message, t text) (kyc.Delivery, error) {
	input, err := json.Marshal(newOrder(m, t))
	if err != nil {
		return kyc.DeliveryDelayed, fmt.Errorf("writing the message for the helper: %w", ErrFault)
	}
	limit, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	said := &head{limit: maxStderr}
	err = h.run(limit, input, said)
	state, err := h.judge(limit, err)
	h.report(ctx, m, state, said)
	return state, err
}

// run runs the program to its end, or to that of ctx. Whatever it started in its
// process group does not outlive it.
func (h *helper) run(ctx context.Context, input []byte, stderr *head) error {
	cmd := exec.CommandContext(ctx, h.program)
	cmd.Dir, cmd.Env = "/", h.environ
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), stderr
	cmd.WaitDelay = drainTime
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	return finish(cmd)
}

// endThenClean waits for a program to end and kills what is left of its process group.
// Whoever keeps its pipes open holds it up for drainTime.
func endThenClean(cmd *exec.Cmd) error {
	err := cmd.Wait()
	_ = killGroup(cmd.Process.Pid)
	return err
}

// judge tells what the end of a helper means. What comes from outside, such as the end
// of the gateway, is no fault of the helper's.
func (h *helper) judge(ctx context.Context, err error) (kyc.Delivery, error) {
	var exit *exec.ExitError
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay): // it ended with 0, whoever keeps its pipes
		return kyc.DeliverySent, nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return kyc.DeliveryDelayed, fmt.Errorf("helper %s: %w: it was stopped: %w", h.program, ErrFault, context.Cause(ctx))
	case ctx.Err() != nil:
		return kyc.DeliveryDelayed, fmt.Errorf("helper %s was stopped: %w", h.program, context.Cause(ctx))
	case !errors.As(err, &exit):
		return kyc.DeliveryDelayed, fmt.Errorf("starting helper: %w: %w", ErrFault, err)
	case exit.ExitCode() == exitTryLater:
		return kyc.DeliveryDelayed, fmt.Errorf("helper %s asks to try later", h.program)
	case exit.ExitCode() == exitBadData, exit.ExitCode() == exitNoUser, exit.ExitCode() == exitNoHost:
		return kyc.DeliveryRefused, fmt.Errorf("helper %s refused the address: %s", h.program, exit.ProcessState)
	}
	return kyc.DeliveryDelayed, fmt.Errorf("helper %s: %w: %s", h.program, ErrFault, exit.ProcessState)
}

// report logs what a helper wrote to standard error.
func (h *helper) report(ctx context.Context, m kyc.Message, state kyc.Delivery, said *head) {
	words := said.whole()
	if strings.TrimSpace(words) == "" {
		return
	}
	level := slog.LevelWarn
	if state == kyc.DeliverySent {
		level = slog.LevelInfo
	}
	h.log.Log(ctx, level, "helper wrote to standard error", "session_id", m.SessionID, "method", string(m.Address.Method),
		"helper", h.program, "output", mask(words, m))
}

// helperEnviron is what helpers see of the environment: nothing that was not meant for
// them.
func helperEnviron(environ []string) []string {
	path, own := "PATH="+defaultPath, []string{}
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		switch {
		case name == "PATH" && value != "":
			path = v
		case strings.HasPrefix(name, ownPrefix) && name != limitSetting:
			own = append(own, v)
		}
	}
	return append([]string{path, "LANG=C.UTF-8"}, own...)
}

// head keeps the beginning of what is written to it.
type head struct {
	limit int
	kept  []byte
	more  bool
}

// Write takes everything and keeps what there is room for.
func (h *head) Write(b []byte) (int, error) {
	room := min(h.limit-len(h.kept), len(b))
	h.kept = append(h.kept, b[:room]...)
	h.more = h.more || room < len(b)
	return len(b), nil
}

// whole returns what was kept, to the last whole word: half a word would not be known
// for a part of an address.
func (h *head) whole() string {
	if !h.more {
		return string(h.kept)
	}
	return string(h.kept[:bytes.LastIndexAny(h.kept, " \t\r\n")+1]) + "..."
}
