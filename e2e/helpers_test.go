package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"vouchgate/e2e"
)

// misbehaving is what a helper does, for those addresses that ask for it. It leaves
// the ids of processes in files of that name.
const misbehaving = `
note() { echo "$2" >> '%[1]s'/"$1"; }
case "$message" in
*hangs-*) note hangs $$; exec sleep 1000 ;;
*floods-*) head -c 3000000 /dev/zero | tr '\000' x; head -c 3000000 /dev/zero | tr '\000' y >&2 ;;
*forks-*) sleep 1000 & note forks $! ;;
*escapes-*)
	setsid sh -c 'echo $$ >> "$0"; exec sleep 1000' '%[1]s'/escapes &
	until [ -s '%[1]s'/escapes ]; do sleep 0.02; done ;;
*stalls-*) note hangs $$; mkdir '%[1]s'/stalls 2>/dev/null && exec sleep 1000 ;;
*dies-*) kill -KILL $$ ;;
*wrongs-*) exit 3 ;;
*refuses-*) exit 67 ;;
*later-*) mkdir '%[1]s'/later 2>/dev/null && exit 75 ;;
esac
`

// badHelper is a stage with a helper that misbehaves.
type badHelper struct {
	*addressStage
	client e2e.Client
	notes  string
}

func newBadHelper(t *testing.T, e e2e.Engine, timeout string) *badHelper {
	t.Helper()
	h := &badHelper{addressStage: &addressStage{outbox: e2e.NewOutbox(t)}, notes: t.TempDir()}
	helper := h.outbox.Helper(t, fmt.Sprintf(misbehaving, h.notes))
	h.stage = newStage(t, e, append(e2e.HelperFlags(helper), "--helper-timeout", timeout)...)
	h.client = h.addressStage.client(t, "shop", "email")
	t.Cleanup(func() {
		for _, kind := range []string{"hangs", "forks", "escapes"} {
			for _, id := range h.processes(kind) {
				_ = syscall.Kill(id, syscall.SIGKILL)
			}
		}
	})
	return h
}

// processes are those that a kind of helper has noted down and that live.
func (h *badHelper) processes(kind string) (ids []int) {
	content, err := os.ReadFile(filepath.Join(h.notes, kind))
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(content)) {
		id, err := strconv.Atoi(strings.TrimSpace(line))
		if err == nil && lives(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// lives says whether a process runs: one that has ended may wait for ever to be asked
// about.
func lives(id int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", id))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z") && !strings.HasPrefix(rest, "X")
}

// ask begins a session whose message the helper treats in a way.
func (h *badHelper) ask(t *testing.T, ctx context.Context, kind string) (b *e2e.Browser, page e2e.Page, p place) {
	t.Helper()
	p, b = newPlace("email"), e2e.NewBrowser()
	p.mark = kind + "-" + p.mark
	p.fields[1] = p.mark
	page = h.begin(t, ctx, h.client, b)
	page = must[e2e.Page](t)(b.Submit(ctx, page, "/address", p.fields...))
	at(t, page, http.StatusOK, "pin")
	return b, page, p
}

// others has messages sent to many persons, which all arrive.
func (h *badHelper) others(t *testing.T, ctx context.Context) {
	t.Helper()
	check(t, crowd(20, 10, func(int) error {
		nonce, err := h.client.Setup(ctx, h.URL)
		if err != nil {
			return err
		}
		app, p := e2e.NewWebApp(h.URL, nonce), newPlace("email")
		if _, err := app.Open(ctx, h.client.AuthorizeURL(h.URL, nonce, "s")); err != nil {
			return err
		}
		a, err := app.Challenge(ctx, p.fields...)
		if err == nil {
			err = a.Good()
		}
		if err != nil {
			return err
		}
		_, err = h.outbox.To(ctx, p.mark, 1)
		return err
	}))
}

var shownDelivery = regexp.MustCompile(`data-line=""([^>]*)>([^<]*)<`)

// tells fails the test unless a page says in words how far a message is.
func tells(t *testing.T, page e2e.Page, delivery string) {
	t.Helper()
	line := shownDelivery.FindSubmatch(page.Body)
	if line == nil || len(line[2]) == 0 || !strings.Contains(string(line[1]), fmt.Sprintf("data-%s=\"%s\"", delivery, line[2])) {
		t.Errorf("the page does not say that the message is %s: %q", delivery, line)
	}
}

func TestAHelperThatHangsHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		h, ctx := newBadHelper(t, e, "40s"), e2e.Patient(t)
		const hanging = 4
		var b *e2e.Browser
		var page e2e.Page
		for range hanging {
			b, page, _ = h.ask(t, ctx, "hangs")
		}
		check(t, e2e.Until(ctx, "the helpers to hang", func() (bool, error) { return len(h.processes("hangs")) == hanging, nil }))
		h.others(t, ctx)
		if n := len(h.processes("hangs")); n != hanging {
			t.Fatalf("%d of %d helpers still hang after all others were served", n, hanging)
		}
		check(t, b.AwaitDelivery(ctx, h.URL, sessionOf(t, page), "queued"))
		tells(t, must[e2e.Page](t)(b.Get(ctx, page.URL.String())), "queued")
	})
}

func TestHelpersThatMisbehave(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, kind string
		delivery   string
		arrives    int
		log        string
	}{
		{"hangs beyond its time", "hangs", "delayed", 0, "was stopped"},
		{"floods its outputs", "floods", "sent", 1, "message sent"},
		{"leaves a child behind that keeps its outputs", "forks", "sent", 1, "message sent"},
		{"leaves one behind that has got away", "escapes", "sent", 1, "message sent"},
		{"dies by a signal", "dies", "delayed", 0, "signal: killed"},
		{"ends with a status that means nothing", "wrongs", "delayed", 0, "exit status 3"},
		{"refuses the address, which nobody is told", "refuses", "sent", 0, "message refused"},
	}
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		h := newBadHelper(t, e, "3s")
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				t.Parallel()
				ctx := e2e.Patient(t) // from now on: it has waited for its turn
				b, page, p := h.ask(t, ctx, row.kind)
				check(t, b.AwaitDelivery(ctx, h.URL, sessionOf(t, page), row.delivery))
				tells(t, must[e2e.Page](t)(b.Get(ctx, page.URL.String())), row.delivery)
				if n := h.outbox.Count(p.mark); n != row.arrives {
					t.Errorf("%d messages arrived", n)
				}
				if row.kind == "hangs" {
					check(t, e2e.Until(ctx, "it to be killed", func() (bool, error) { return len(h.processes("hangs")) == 0, nil }))
				}
				check(t, e2e.Until(ctx, "the log to have "+row.log, func() (bool, error) {
					return strings.Contains(h.Log.String(), row.log), nil
				}))
			})
		}
		t.Run("and all others get their messages", func(t *testing.T) {
			t.Parallel()
			h.others(t, e2e.Patient(t))
		})
		t.Cleanup(func() {
			if len(h.processes("escapes")) == 0 || len(h.processes("forks")) > 0 {
				t.Errorf("left in its group is %v, and got away %v", h.processes("forks"), h.processes("escapes"))
			}
		})
	})
}

func TestAHelperThatAsksToTryLaterIsAskedAgain(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		h, ctx := newBadHelper(t, e, "30s"), e2e.Patient(t)
		b, page, p := h.ask(t, ctx, "later")
		check(t, b.AwaitDelivery(ctx, h.URL, sessionOf(t, page), "delayed"))
		h.others(t, ctx)
		check(t, b.AwaitDelivery(ctx, h.URL, sessionOf(t, page), "sent"))
		sent := must[e2e.Sent](t)(h.outbox.To(ctx, p.mark, 1))
		home := must[e2e.Page](t)(b.Submit(ctx, page, "/pin", "pin", sent.TAN))
		isProved(t, must[e2e.Answer](t)(h.client.Read(ctx, h.URL, homeWithCode(t, home))), p)
	})
}

func TestAMessageThatCannotBeSentIsGivenUpWithItsTAN(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		h, ctx := newBadHelper(t, e, "30s"), e2e.Patient(t)
		b, page, p := h.ask(t, ctx, "dies")
		check(t, b.AwaitDelivery(ctx, h.URL, sessionOf(t, page), "delayed"))
		h.Stop()
		h.Data.Age(t, 16*time.Minute)
		check(t, h.Restart())
		check(t, b.AwaitDelivery(ctx, h.URL, sessionOf(t, page), "failed"))
		page = must[e2e.Page](t)(b.Get(ctx, page.URL.String()))
		tells(t, page, "failed")
		if n := h.outbox.Count(p.mark); n != 0 {
			t.Errorf("%d messages arrived", n)
		}
		// The person can have another one sent, elsewhere too.
		page = must[e2e.Page](t)(b.Get(ctx, strings.TrimSuffix(page.URL.String(), "/pin")+"/address"))
		elsewhere := newPlace("email")
		home := h.prove(t, ctx, b, page, elsewhere)
		isProved(t, must[e2e.Answer](t)(h.client.Read(ctx, h.URL, homeWithCode(t, home))), elsewhere)
	})
}

func TestAHelperThatIsGoneIsMissedUntilItIsBack(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		ctx, outbox := e2e.Patient(t), e2e.NewOutbox(t)
		helper := outbox.Helper(t, "")
		flags := append(outbox.Flags(), "--phone-helper", helper)
		s := &addressStage{newStage(t, e, flags...), outbox}
		mail, phone := s.client(t, "mail", "email"), s.client(t, "phone", "phone")
		ways := map[string]func(there bool) error{
			"it may not be run": func(there bool) error {
				return os.Chmod(helper, map[bool]os.FileMode{false: 0o600, true: 0o700}[there])
			},
			"it is not there": func(there bool) error {
				from, to := helper, helper+".away"
				if there {
					from, to = to, from
				}
				return os.Rename(from, to)
			},
		}
		for name, way := range ways {
			check(t, way(false))
			b, p := e2e.NewBrowser(), newPlace("phone")
			page := must[e2e.Page](t)(b.Submit(ctx, s.begin(t, ctx, phone, b), "/address", p.fields...))
			check(t, b.AwaitDelivery(ctx, s.URL, sessionOf(t, page), "delayed"))
			other := e2e.NewBrowser()
			homeWithCode(t, s.prove(t, ctx, other, s.begin(t, ctx, mail, other), newPlace("email")))
			check(t, way(true))
			check(t, b.AwaitDelivery(ctx, s.URL, sessionOf(t, page), "sent"))
			sent := must[e2e.Sent](t)(outbox.To(ctx, p.mark, 1))
			if home := must[e2e.Page](t)(b.Submit(ctx, page, "/pin", "pin", sent.TAN)); home.Code() == "" {
				t.Errorf("%s: %s", name, home)
			}
		}
		s.Stop()
		check(t, os.Remove(helper))
		ran := must[e2e.Ran](t)(s.Data.Run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0"}, flags...)...))
		if ran.Code != 2 || !strings.Contains(ran.Stderr, "phone-helper") {
			t.Errorf("a start without the helper: exit code %d: %s", ran.Code, ran.Stderr)
		}
	})
}
