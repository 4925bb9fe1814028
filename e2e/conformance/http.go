package conformance

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Answer is an answer of the gateway.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	JSON   map[string]any // nil if the body is no JSON object
	Head   string         // status line and header lines as they came; of Raw only
}

// Text returns a member of a JSON answer that is text.
func (a Answer) Text(name string) string {
	text, _ := a.JSON[name].(string)
	return text
}

// String says what answer it is, for messages.
func (a Answer) String() string {
	body := string(a.Body)
	if strings.Contains(a.Header.Get("Content-Type"), "html") {
		body = words(a.Body)
	}
	return fmt.Sprintf("%d %s %.300s", a.Status, a.Header.Get("Location"), body)
}

// caller follows no redirects and keeps no cookies.
var caller = &http.Client{
	Timeout:       30 * time.Second,
	Transport:     &http.Transport{MaxIdleConnsPerHost: 32, IdleConnTimeout: 10 * time.Second, DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Send sends a request to a path of the gateway (or to a whole URL of it). Headers
// are names and values in turn; repeated names are sent repeatedly.
func (t *T) Send(method, path, body string, header ...string) Answer {
	t.Helper()
	if strings.HasPrefix(path, "/") {
		path = t.Gateway.URL + path
	}
	req := must[*http.Request](t)(http.NewRequestWithContext(t.Ctx, method, path, strings.NewReader(body)))
	for i := 0; i+1 < len(header); i += 2 {
		if strings.EqualFold(header[i], "Host") {
			req.Host = header[i+1]
			continue
		}
		req.Header.Add(header[i], header[i+1])
	}
	resp := must[*http.Response](t)(caller.Do(req))
	return t.read(resp)
}

func (t *T) read(resp *http.Response) Answer {
	t.Helper()
	defer resp.Body.Close()
	a := Answer{Status: resp.StatusCode, Header: resp.Header}
	a.Body = must[[]byte](t)(io.ReadAll(resp.Body))
	_ = json.Unmarshal(a.Body, &a.JSON)
	return a
}

// Get asks for a path.
func (t *T) Get(path string, header ...string) Answer {
	t.Helper()
	return t.Send(http.MethodGet, path, "", header...)
}

const formType = "application/x-www-form-urlencoded"

// Post sends a body that claims to be a form, which may be malformed.
func (t *T) Post(path, body string, header ...string) Answer {
	t.Helper()
	return t.Send(http.MethodPost, path, body, append([]string{"Content-Type", formType}, header...)...)
}

// PostForm sends a form.
func (t *T) PostForm(path string, form url.Values, header ...string) Answer {
	t.Helper()
	return t.Post(path, form.Encode(), header...)
}

// Raw sends bytes as they are on a connection of their own and reads one answer.
// It is for requests that no library would make. The text should have a line
// "Host: x" and "Connection: close"; its lines end in \r\n.
func (t *T) Raw(request string) Answer {
	t.Helper()
	a, err := t.raw(request)
	t.Check(err)
	return a
}

func (t *T) raw(request string) (Answer, error) {
	conn, err := (&net.Dialer{}).DialContext(t.Ctx, "tcp", strings.TrimPrefix(t.Gateway.URL, "http://"))
	if err != nil {
		return Answer{}, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	// A gateway that answers early may close the connection before all is written.
	_, writing := io.WriteString(conn, request)
	var seen strings.Builder
	resp, err := http.ReadResponse(bufio.NewReader(io.TeeReader(conn, &seen)), nil)
	if err != nil {
		return Answer{}, fmt.Errorf("reading a raw answer: %w (writing: %v)", err, writing)
	}
	a := t.read(resp)
	a.Head, _, _ = strings.Cut(seen.String(), "\r\n\r\n")
	return a, nil
}

// RawGet is Raw for a GET of a request target, which may hold anything.
func (t *T) RawGet(target string, headerLines ...string) Answer {
	t.Helper()
	host := strings.TrimPrefix(t.Gateway.URL, "http://")
	lines := append([]string{"GET " + target + " HTTP/1.1", "Host: " + host, "Connection: close"}, headerLines...)
	return t.Raw(strings.Join(lines, "\r\n") + "\r\n\r\n")
}
