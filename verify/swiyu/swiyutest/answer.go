package swiyutest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// render returns the management API's view of a verification. The caller holds
// the lock.
func (v *Verifier) render(r *record) ([]byte, error) {
	a := map[string]any{
		"id": r.ID, "request_nonce": r.Nonce, "state": r.State,
		"verification_url": r.URL, "verification_deeplink": r.Deeplink,
	}
	if r.mode.WrongID && r.Reads > 0 {
		a["id"] = r.WalletState // a UUID that is none of a verification
	}
	if r.State != statePending {
		a["wallet_response"] = v.walletResponse(r)
		if r.mode.RawState != "" {
			a["state"] = json.RawMessage(r.mode.RawState)
		}
	}
	return json.Marshal(a)
}

// walletResponse has explicit nulls up to major 4 and leaves unused members out
// from 5 on.
func (v *Verifier) walletResponse(r *record) map[string]any {
	m := map[string]any{"error_code": nil, "error_description": nil, "credential_subject_data": nil}
	if r.State == stateFailed {
		m["error_description"] = r.result.description
		if !r.mode.NullErrorCode {
			m["error_code"] = r.ErrorCode
		}
	} else if data := subjectData(r); data != nil && !v.cfg.HideSubjectData {
		m["credential_subject_data"] = data
	}
	if v.cfg.Major >= 5 {
		for name, value := range m {
			if value == nil {
				delete(m, name)
			}
		}
	}
	return m
}

func subjectData(r *record) map[string]any {
	id, claims := r.request.Query.Credentials[0].ID, r.result.claims
	switch r.mode.Shape {
	case ShapeFlat:
		return claims
	case ShapeTwo:
		return map[string]any{id: []any{claims, claims}}
	case ShapeOtherID:
		return map[string]any{"other_" + id: []any{claims}}
	case ShapeNone:
		return nil
	}
	return map[string]any{id: []any{claims}}
}

// managementAnswer is an answer on its way, with what shall go wrong with it.
type managementAnswer struct {
	body  []byte
	fault *Fault
	delay Duration
	early bool // send a webhook first
}

func (a managementAnswer) write(w http.ResponseWriter) {
	if a.fault == nil {
		writeRaw(w, http.StatusOK, "application/json", a.body)
		return
	}
	switch a.fault.Kind {
	case FaultGarbage:
		writeRaw(w, http.StatusOK, "application/json", []byte("\x00\xff{]state: SUCCESS"))
	case FaultHTML:
		writeRaw(w, http.StatusOK, "text/html", []byte("<!doctype html><title>Please sign in</title><p>SUCCESS</p>"))
	case FaultEmpty:
		writeRaw(w, http.StatusOK, "application/json", nil)
	case FaultTruncated:
		a.truncate(w)
	case FaultHuge:
		a.pad(w)
	case FaultGzipBomb:
		bomb(w, orDefault(a.fault.Bytes, 256<<20))
	case FaultReset:
		reset(w)
	case FaultRedirect:
		w.Header().Set("Location", "/control/trap")
		w.WriteHeader(orDefault(a.fault.Status, http.StatusFound))
	default:
		writeStatus(w, orDefault(a.fault.Status, http.StatusServiceUnavailable))
	}
}

// truncate promises the whole answer and sends half of it.
func (a managementAnswer) truncate(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	_, _ = w.Write(a.body[:len(a.body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// pad adds a member that is as long as the fault says.
func (a managementAnswer) pad(w http.ResponseWriter) {
	padding := strings.Repeat("x", orDefault(a.fault.Bytes, 2<<20))
	body, _ := bytes.CutSuffix(a.body, []byte("}"))
	writeRaw(w, http.StatusOK, "application/json", []byte(string(body)+`,"padding":"`+padding+`"}`))
}

// bomb sends a short compressed answer that is very long when it is unpacked. It
// stops when the reader does.
func bomb(w http.ResponseWriter, size int) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", "gzip")
	packed := gzip.NewWriter(w)
	_, _ = io.CopyN(packed, zeros{}, int64(size))
	_ = packed.Close()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// reset closes the connection so that the other side sees a reset, not an end.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// apiError is the verifier's error body. The member error is never filled.
type apiError struct {
	Description string `json:"error_description,omitempty"`
	Detail      string `json:"detail,omitempty"`
	Code        string `json:"error_code,omitempty"`
	Error       string `json:"error,omitempty"`
}

// problem is the framework's own error body (RFC 9457), for what never reaches
// the verifier's code.
type problem struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail"`
	Instance string `json:"instance"`
}

func writeProblem(w http.ResponseWriter, r *http.Request, status int) {
	body, _ := json.Marshal(problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: "Failed to read request", Instance: r.URL.Path,
	})
	writeRaw(w, status, "application/problem+json", body)
}

// writeStatus answers a status of a fault with the body that such an answer has:
// the verifier's for 400 to 404 and 500, a proxy's page for the rest.
func writeStatus(w http.ResponseWriter, status int) {
	switch status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
		w.WriteHeader(status)
	case http.StatusNotFound:
		writeJSON(w, status, apiError{Detail: "not found"})
	case http.StatusBadRequest, http.StatusForbidden, http.StatusInternalServerError:
		writeJSON(w, status, apiError{Description: "something is wrong"})
	default:
		writeRaw(w, status, "text/html", []byte("<html><h1>"+http.StatusText(status)+"</h1></html>"))
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "cannot encode", http.StatusInternalServerError)
		return
	}
	writeRaw(w, status, "application/json", body)
}

func writeRaw(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
