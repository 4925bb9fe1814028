package server_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// raw sends bytes and returns the answers to them, until the server closes or has
// answered n requests. No answer is the status 0.
func (g *gate) raw(request string, n int) []*http.Response {
	g.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(g.listen(), "http://"))
	must(g.t, err)
	defer conn.Close()
	must(g.t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	go func() { _, _ = io.WriteString(conn, request) }() // the server may stop reading
	in := bufio.NewReader(conn)
	var answers []*http.Response
	method, _, _ := strings.Cut(request, " ")
	for len(answers) < n {
		r, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			break
		}
		_, _ = io.Copy(io.Discard, r.Body)
		answers = append(answers, r)
	}
	return answers
}

// once sends one request and returns the status of its answer.
func (g *gate) once(request string) (status int, header http.Header) {
	g.t.Helper()
	answers := g.raw(request, 1)
	if len(answers) == 0 {
		return 0, nil
	}
	return answers[0].StatusCode, answers[0].Header
}

const formHead = "POST /token HTTP/1.1\r\nHost: gate.example\r\nContent-Type: application/x-www-form-urlencoded\r\n"

// brokenHTTP is what a server may be sent, and what it may answer.
var brokenHTTP = []struct {
	name, request string
	status        []int // 0 is a closed connection
}{
	{"Content-Length twice, different", formHead + "Content-Length: 5\r\nContent-Length: 50\r\n\r\n" + "grant_type=x", []int{400}},
	{"Content-Length and chunks", formHead + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", []int{400, 401}},
	{"chunks and identity", formHead + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", []int{400, 501}},
	{"an unknown transfer encoding", formHead + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", []int{400, 501}},
	{"a negative Content-Length", formHead + "Content-Length: -5\r\n\r\n", []int{400}},
	{"a Content-Length with a plus", formHead + "Content-Length: +5\r\n\r\nabcde", []int{400}},
	{"a Content-Length of words", formHead + "Content-Length: five\r\n\r\n", []int{400}},
	{"a chunk of no size", formHead + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", []int{400}},
	{"a chunk that is too long", formHead + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n", []int{400}},
	{"a folded header", "GET /config HTTP/1.1\r\nHost: gate.example\r\nX: a\r\n b\r\n\r\n", []int{200, 400}},
	{"a header without colon", "GET /config HTTP/1.1\r\nHost: gate.example\r\nnonsense\r\n\r\n", []int{400}},
	{"space before a colon", "GET /config HTTP/1.1\r\nHost: gate.example\r\nX : a\r\n\r\n", []int{400}},
	{"NUL in a header", "GET /config HTTP/1.1\r\nHost: gate.example\r\nX: a\x00b\r\n\r\n", []int{400}},
	{"a bare carriage return", "GET /config HTTP/1.1\r\nHost: gate.example\r\nX: a\rb\r\n\r\n", []int{400}},
	{"no Host", "GET /config HTTP/1.1\r\n\r\n", []int{400}},
	{"Host twice", "GET /config HTTP/1.1\r\nHost: gate.example\r\nHost: evil.example\r\n\r\n", []int{400}},
	{"a Host with a slash", "GET /config HTTP/1.1\r\nHost: a/b\r\n\r\n", []int{400, 200}},
	{"a foreign Host", "GET /config HTTP/1.1\r\nHost: evil.example\r\n\r\n", []int{200}},
	{"200 headers", "GET /config HTTP/1.1\r\nHost: gate.example\r\n" + numbered(200) + "\r\n", []int{200, 431}},
	{"a header of 100 kB", "POST /setup/shop HTTP/1.1\r\nHost: gate.example\r\nAuthorization: Bearer " +
		strings.Repeat("A", 100<<10) + "\r\n\r\n", []int{431}},
	{"an absolute target", "GET http://evil.example/config HTTP/1.1\r\nHost: gate.example\r\n\r\n", []int{200}},
	{"a target of another scheme", "GET gopher://gate.example/config HTTP/1.1\r\nHost: gate.example\r\n\r\n", []int{200, 400, 404}},
	{"a target without slash", "GET config HTTP/1.1\r\nHost: gate.example\r\n\r\n", []int{400}},
	{"an asterisk", "OPTIONS * HTTP/1.1\r\nHost: gate.example\r\n\r\n", []int{200, 404, 405}},
	{"GET of an asterisk", "GET * HTTP/1.1\r\nHost: gate.example\r\n\r\n", []int{400, 404}},
	{"CONNECT", "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n", []int{404, 405, 400}},
	{"an upgrade to h2c", "GET /config HTTP/1.1\r\nHost: gate.example\r\nConnection: Upgrade, HTTP2-Settings\r\n" +
		"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", []int{200}},
	{"an upgrade to a web socket", "GET /config HTTP/1.1\r\nHost: gate.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", []int{200}},
	{"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{0, 400, 404, 505}},
	{"HTTP of the future", "GET /config HTTP/9.9\r\nHost: gate.example\r\n\r\n", []int{505, 400}},
	{"HTTP 0.9", "GET /config\r\n\r\n", []int{400, 0}},
	{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", []int{400, 0}},
	{"an expectation that nobody knows", formHead + "Expect: 200-magic\r\nContent-Length: 0\r\n\r\n", []int{417}},
	{"a method of signs", "GE(T /config HTTP/1.1\r\nHost: gate.example\r\n\r\n", []int{400}},
}

func TestBrokenHTTPEndsClean(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.finished("shop")
	before := g.everything()
	for _, row := range brokenHTTP {
		t.Run(row.name, func(t *testing.T) {
			status, header := g.once(row.request)
			if !slices.Contains(row.status, status) {
				t.Errorf("status is %d, want one of %v", status, row.status)
			}
			if location := header.Get("Location"); location != "" {
				t.Errorf("leads to %s", location)
			}
		})
	}
	if after := g.everything(); after != before {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
	w.redeem().wants(http.StatusOK)
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "X-%d: %d\r\n", i, i)
	}
	return b.String()
}

func TestRestOfABodyEndsTheConnection(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	answers := g.raw(formHead+"Content-Length: 5\r\n\r\nabcde"+strings.Repeat("x", 45)+"\r\n\r\n", 3)
	if len(answers) != 2 || answers[0].StatusCode != http.StatusUnauthorized || answers[1].StatusCode != http.StatusBadRequest {
		t.Errorf("answers are %v", answers)
	}
}

func TestKeyOfTheVerifierIsCheckedBeforeTheBody(t *testing.T) {
	t.Parallel()
	g := newGate(t, withKey)
	status, _ := g.once("POST /notification HTTP/1.1\r\nHost: gate.example\r\nX-API-Key: wrong\r\nContent-Type: application/json\r\n" +
		"Expect: 100-continue\r\nContent-Length: 5000000\r\n\r\n")
	if status != http.StatusUnauthorized {
		t.Errorf("status is %d, want 401 without asking for the body", status)
	}
}

// notificationPaths are ways to write the path of the notification that are not
// it. A redirect to the right one would be taken for success.
var notificationPaths = []string{
	"//notification", "///notification", "/notification/", "/notification//", "/./notification", "/notification/.", "/../notification",
	"/x/../notification", "/notification/..", "/notification/../notification", "/Notification", "/NOTIFICATION", "/%2fnotification",
	"/%2Fnotification", "/notification%2f", "/notification%2F", "/%2e/notification", "/%2e%2e/notification", "/x/%2e%2e/notification",
	"/notification/%2e", "/notification;x", "/notification;x=1", "/notification%3b", "/notification%3Fx=1", "/notification%23",
	"/notification%20", "/%20notification", "/notification%00", "/notification%0a", "/notification\\", "/\\notification", "/%5cnotification",
	"/notification.json", "/notifications", "/notificatio", "/api/notification", "/notification/x", "/;/notification", "/.//notification",
	"//gate.example/notification", "/%252fnotification", "/notification/%2f", "/%ff/notification",
}

func TestNotificationIsNeverRedirected(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	body := notice(unknownVerification)
	for _, method := range []string{"POST", "GET", "PUT", "HEAD", "OPTIONS", "DELETE"} {
		for _, path := range notificationPaths {
			status, header := g.once(method + " " + path + " HTTP/1.1\r\nHost: gate.example\r\nContent-Type: application/json\r\n" +
				fmt.Sprintf("Content-Length: %d\r\nConnection: close\r\n\r\n%s", len(body), body))
			if (status != 404 && status != 400) || header.Get("Location") != "" {
				t.Errorf("%s %s: status is %d, Location %q", method, path, status, header.Get("Location"))
			}
		}
	}
	for _, path := range []string{"/notification?x=1", "/notification?", "/%6eotification", "http://gate.example/notification"} {
		status, _ := g.once("POST " + path + " HTTP/1.1\r\nHost: gate.example\r\nContent-Type: application/json\r\n" +
			fmt.Sprintf("Content-Length: %d\r\nConnection: close\r\n\r\n%s", len(body), body))
		if status != http.StatusOK {
			t.Errorf("%s: status is %d, want 200", path, status)
		}
	}
}

// routes are the paths of the contract with the methods that they take.
func routes(w *walk) map[string][]string {
	return map[string][]string{
		"/config": {"GET", "HEAD"}, "/setup/shop": {"POST"}, w.path(): {"GET", "POST"}, w.at(""): {"GET", "HEAD"},
		w.at("/status"): {"GET"}, w.at("/retry"): {"POST"}, w.at("/cancel"): {"POST"}, w.at("/finish"): {"GET"},
		"/notification": {"POST"}, "/token": {"POST"}, "/info": {"GET", "HEAD"}, "/openapi.yaml": {"GET", "HEAD"}, "/docs": {"GET", "HEAD"},
		"/assets/style.css": {"GET", "HEAD"},
	}
}

func TestOtherMethodsAreRefused(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	w := g.proved("shop")
	before := g.everything()
	for path, allowed := range routes(w) {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"} {
			if slices.Contains(allowed, method) && method != "HEAD" {
				continue
			}
			r := w.send(method, path, "", "")
			if slices.Contains(allowed, method) {
				if r.status == http.StatusMethodNotAllowed || len(r.header.Values("Set-Cookie")) > 0 {
					t.Errorf("%s %s: status is %d, cookies %v", method, clip(path), r.status, r.header.Values("Set-Cookie"))
				}
				continue
			}
			r.wants(http.StatusMethodNotAllowed)
			got := strings.Split(r.header.Get("Allow"), ", ")
			slices.Sort(got)
			if !slices.Equal(got, slices.Sorted(slices.Values(allowed))) {
				t.Errorf("%s %s: Allow is %v, want %v", method, clip(path), got, allowed)
			}
		}
	}
	if after := g.everything(); after != before {
		t.Errorf("the store changed from\n%s to\n%s", before, after)
	}
}

func TestClientThatLeavesGetsItsTokenLater(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.addClient("shop")
	g.contract.expectFailures() // which nobody sees
	w := g.finished("shop")
	conn, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
	must(t, err)
	body := w.form().Encode()
	_, err = fmt.Fprintf(conn, "%sContent-Length: %d\r\n\r\n%s", formHead, len(body), body)
	must(t, err)
	must(t, conn.Close()) // without reading the answer
	r := w.redeem()
	// Either the first request was undone, or it made a token that is revoked now.
	if r.status != http.StatusOK {
		r.refuses(http.StatusBadRequest, "invalid_grant")
	}
	code, err := g.store.Code(ctx, w.id)
	must(t, err)
	if code.UsedAt == nil {
		t.Error("the code was not spent")
	}
}

func TestPanicsAreAnswered(t *testing.T) {
	t.Parallel()
	g, store := newHookedGate(t)
	g.contract.expectFailures()
	g.addClient("shop")
	w := g.opened("shop")
	store.whenRead(func() { panic(errors.New("value with " + w.nonce)) })
	w.get(w.at("")).shows(http.StatusInternalServerError).lacks("value with", "goroutine")
	w.get(w.at("/status")).refuses(http.StatusInternalServerError, "server_error")
	g.info(w.nonce).refuses(http.StatusInternalServerError, "server_error")
	store.whenRead(nil)
	w.get(w.at("")).shows(http.StatusOK)
	if logged := g.logs.lines("handler panicked"); len(logged) != 3 || strings.Contains(logged[0], w.nonce) {
		t.Errorf("logged is %v", logged)
	}
}
