package server_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
	"vouchgate/server"
	"vouchgate/store"
	"vouchgate/store/storetest"
)

const unknownVerification = "3fa85f64-5717-4562-b3fc-2c963f66afa6"

// notify sends a notification as the verifier does.
func (b *browser) notify(body string) reply {
	b.g.t.Helper()
	return b.send(http.MethodPost, "/notification", "application/json", body)
}

func notice(id string) string {
	return fmt.Sprintf(`{"verification_id":%q,"timestamp":"2026-03-14T12:00:00.123Z"}`, id)
}

func TestNotificationIsAHint(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st)
		g.addClient("shop")
		w := g.opened("shop")
		before := g.everything()
		g.browser().notify(notice(g.session(w.id).RequestID)).wants(http.StatusOK)
		g.browser().notify(notice(strings.ToUpper(g.session(w.id).RequestID))).wants(http.StatusOK)
		if hints, _ := g.background.heard(); !cmp.Equal(hints, []kyc.ID{w.id, w.id}) {
			t.Errorf("hints are %v", hints)
		}
		if after := g.everything(); after != before {
			t.Errorf("the store changed from\n%s to\n%s", before, after)
		}
	})
}

func TestNotificationsThatSayNothing(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	done, failed := g.proved("shop"), g.opened("shop")
	g.refuse(failed.id)
	before := g.everything()
	for name, id := range map[string]string{
		"of an unknown verification": unknownVerification, "of a proved session": g.session(done.id).RequestID,
		"of a failed session": g.session(failed.id).RequestID, "with a session's id": done.id.String(),
		"with the id of nothing": "00000000-0000-0000-0000-000000000000",
	} {
		t.Run(name, func(t *testing.T) { g.browser().notify(notice(id)).wants(http.StatusOK) })
	}
	if hints, wakes := g.background.heard(); len(hints) > 0 || wakes > 0 {
		t.Errorf("the background heard %v and %d wakes", hints, wakes)
	}
	if after := g.everything(); after != before {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
}

func TestManyNotificationsAtOnce(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.opened("shop")
	before, body := g.everything(), notice(g.session(w.id).RequestID)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { g.browser().notify(body).wants(http.StatusOK) })
	}
	all.Wait()
	if hints, _ := g.background.heard(); len(hints) != 100 || g.everything() != before {
		t.Errorf("%d hints, or the store changed", len(hints))
	}
}

// notificationBodies are good and bad ones.
var notificationBodies = []struct {
	name, body string
	status     int
}{
	{"more members", `{"verification_id":"` + unknownVerification + `","state":"SUCCESS","x":[{"y":null}]}`, 200},
	{"no timestamp", `{"verification_id":"` + unknownVerification + `"}`, 200},
	{"timestamp null", `{"verification_id":"` + unknownVerification + `","timestamp":null}`, 200},
	{"timestamp of the year 1", `{"verification_id":"` + unknownVerification + `","timestamp":"0001-01-01T00:00:00Z"}`, 200},
	{"timestamp of the year 9999", `{"verification_id":"` + unknownVerification + `","timestamp":"9999-12-31T23:59:59Z"}`, 200},
	{"timestamp as a number", `{"verification_id":"` + unknownVerification + `","timestamp":1772000000}`, 200},
	{"timestamp in the future", `{"verification_id":"` + unknownVerification + `","timestamp":"2026-03-14T13:00:00Z"}`, 200},
	{"space around it", " \n" + notice(unknownVerification) + "\n ", 200},
	{"nothing", ``, 400},
	{"no object", `null`, 400},
	{"a list", `[` + notice(unknownVerification) + `]`, 400},
	{"a text", `"` + unknownVerification + `"`, 400},
	{"an empty object", `{}`, 400},
	{"id null", `{"verification_id":null}`, 400},
	{"id a number", `{"verification_id":7}`, 400},
	{"id a list", `{"verification_id":["` + unknownVerification + `"]}`, 400},
	{"id empty", `{"verification_id":""}`, 400},
	{"id no UUID", `{"verification_id":"hello"}`, 400},
	{"id without hyphens", `{"verification_id":"` + strings.ReplaceAll(unknownVerification, "-", "") + `"}`, 400},
	{"id in braces", `{"verification_id":"{` + unknownVerification + `}"}`, 400},
	{"id as a URN", `{"verification_id":"urn:uuid:` + unknownVerification + `"}`, 400},
	{"id with a space", `{"verification_id":" ` + unknownVerification + `"}`, 400},
	{"id with NUL", `{"verification_id":"` + unknownVerification + `\u0000"}`, 400},
	{"id under another name", `{"Verification_Id":"` + unknownVerification + `"}`, 400},
	{"id twice", `{"verification_id":"` + unknownVerification + `","verification_id":"` + unknownVerification + `"}`, 400},
	{"another member twice", `{"x":1,"x":2,"verification_id":"` + unknownVerification + `"}`, 400},
	{"something behind it", notice(unknownVerification) + `{}`, 400},
	{"a byte order mark", "\xef\xbb\xbf" + notice(unknownVerification), 400},
	{"a comment", `/* x */` + notice(unknownVerification), 400},
	{"NaN", `{"verification_id":"` + unknownVerification + `","x":NaN}`, 400},
	{"not UTF-8", `{"verification_id":"` + unknownVerification + `","x":"` + "\xff" + `"}`, 400},
	{"cut off", `{"verification_id":"` + unknownVerification, 400},
	{"nested 2,000 deep", `{"verification_id":"` + unknownVerification + `","x":` + strings.Repeat("[", 1900) + strings.Repeat("]", 1900) + `}`, 200},
	{"nested 10,000 deep", strings.Repeat("[", 10_000), 413},
	{"4 KiB and a byte", strings.Repeat(" ", 4097-len(notice(unknownVerification))) + notice(unknownVerification), 413},
	{"5 MB", strings.Repeat(" ", 5<<20), 413},
}

func TestNotificationBodies(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	for _, row := range notificationBodies {
		t.Run(row.name, func(t *testing.T) {
			r := g.browser().notify(row.body)
			if row.status == http.StatusOK {
				r.wants(http.StatusOK)
				return
			}
			r.refuses(row.status, "invalid_request")
		})
	}
}

func TestNotificationContentTypes(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	for _, kind := range []string{"application/json", "application/json; charset=utf-8", "text/plain", ""} {
		g.browser().send(http.MethodPost, "/notification", kind, notice(unknownVerification)).wants(http.StatusOK)
	}
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, err := z.Write(make([]byte, 1<<20))
	must(t, err)
	must(t, z.Close())
	g.browser().with("Content-Encoding", "gzip").notify(bomb.String()).refuses(http.StatusUnsupportedMediaType, "invalid_request")
	g.browser().with("Accept", "text/html").notify(`{`).refuses(http.StatusBadRequest, "invalid_request")
}

func TestNotificationKey(t *testing.T) {
	t.Parallel()
	g := newGate(t, func(c *server.Config) { c.NotificationKeyHeader, c.NotificationKey = "X-Gate-Key", "key-0123" })
	g.addClient("shop")
	w := g.opened("shop")
	good := notice(g.session(w.id).RequestID)
	for name, keys := range map[string][]string{
		"none": nil, "empty": {""}, "wrong": {"key-9999"}, "longer": {"key-01234"}, "shorter": {"key-012"},
		"of another case": {"KEY-0123"}, "twice": {"key-0123", "key-0123"}, "wrong and right": {"x", "key-0123"},
	} {
		t.Run(name, func(t *testing.T) {
			b := g.browser()
			b.header["X-Gate-Key"] = keys
			b.header.Set("X-API-Key", "key-0123") // the default name means nothing here
			b.notify(good).refuses(http.StatusUnauthorized, "invalid_request")
			b.notify(`{"`).refuses(http.StatusUnauthorized, "invalid_request") // the body is not looked at
		})
	}
	if hints, _ := g.background.heard(); len(hints) > 0 {
		t.Errorf("hints are %v", hints)
	}
	g.browser().with("x-gate-key", "key-0123").notify(good).wants(http.StatusOK)
	if hints, _ := g.background.heard(); len(hints) != 1 {
		t.Errorf("hints are %v", hints)
	}
	if strings.Contains(g.logs.String(), "key-0123") {
		t.Error("the log holds the key")
	}
}

func TestNotificationWhileTheStoreIsDown(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		g := newGateOn(t, st)
		g.contract.expectFailures()
		must(t, st.Close())
		g.browser().notify(notice(unknownVerification)).refuses(http.StatusServiceUnavailable, "temporarily_unavailable")
	})
}
