package swiyutest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// controlRoutes are the methods of Verifier as JSON over HTTP:
//
//	GET  /control/verifications            Verifications, newest first
//	GET  /control/verifications/{id}       one
//	POST /control/verifications/{id}/accept?person=KEY
//	POST /control/verifications/{id}/reject?code=CODE
//	POST /control/verifications/{id}/fail?code=CODE
//	POST /control/verifications/{id}/expire
//	POST /control/verifications/{id}/notify (any id, known or not)
//	PUT  /control/verifications/{id}/mode  a Mode
//	GET, PUT /control/mode                 the Mode of those created from now on
//	POST /control/dispatch                 send what is due now; {"accepted": n}
//	GET  /control/counters                 Counters
//	GET  /control/persons                  Persons
//
// Errors are {"error": "..."}: 404 unknown, 409 closed, 400 what cannot be read.
func (v *Verifier) controlRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /control/verifications", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, v.List())
	})
	mux.HandleFunc("GET /control/verifications/{id}", func(w http.ResponseWriter, r *http.Request) {
		v.answerControl(w, r.PathValue("id"), nil)
	})
	mux.HandleFunc("POST /control/verifications/{id}/{action}", v.serveAction)
	mux.HandleFunc("PUT /control/verifications/{id}/mode", v.serveModeOf)
	mux.HandleFunc("GET /control/mode", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, v.Mode())
	})
	mux.HandleFunc("PUT /control/mode", v.serveMode)
	mux.HandleFunc("POST /control/dispatch", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, map[string]int{"accepted": v.Dispatch(r.Context())})
	})
	mux.HandleFunc("GET /control/counters", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, v.Counters())
	})
	mux.HandleFunc("GET /control/persons", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, people)
	})
	mux.HandleFunc("/control/trap", v.serveTrap)
}

func (v *Verifier) serveAction(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	var err error
	switch r.PathValue("action") {
	case "accept":
		err = v.Accept(id, r.FormValue("person"))
	case "reject":
		err = v.Reject(id, r.FormValue("code"))
	case "fail":
		err = v.Fail(id, r.FormValue("code"))
	case "expire":
		err = v.Expire(id)
	case "notify":
		v.Notify(id)
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		writeControlError(w, http.StatusNotFound, "no such action")
		return
	}
	v.answerControl(w, id, err)
}

func (v *Verifier) answerControl(w http.ResponseWriter, id string, err error) {
	seen, getErr := v.Get(id)
	if err == nil {
		err = getErr
	}
	switch {
	case errors.Is(err, ErrUnknown):
		writeControlError(w, http.StatusNotFound, err.Error())
	case errors.Is(err, ErrClosed):
		writeControlError(w, http.StatusConflict, err.Error())
	default:
		writeJSON(w, http.StatusOK, seen)
	}
}

func (v *Verifier) serveMode(w http.ResponseWriter, r *http.Request) {
	mode, err := readMode(w, r)
	if err != nil {
		writeControlError(w, http.StatusBadRequest, err.Error())
		return
	}
	v.SetMode(mode)
	writeJSON(w, http.StatusOK, v.Mode())
}

func (v *Verifier) serveModeOf(w http.ResponseWriter, r *http.Request) {
	mode, err := readMode(w, r)
	if err != nil {
		writeControlError(w, http.StatusBadRequest, err.Error())
		return
	}
	v.answerControl(w, r.PathValue("id"), v.SetModeOf(r.PathValue("id"), mode))
}

// readMode reads a Mode. An unknown member is an error, so that a misspelt knob
// does not make a test pass.
func readMode(w http.ResponseWriter, r *http.Request) (m Mode, err error) {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	dec.DisallowUnknownFields()
	if err = dec.Decode(&m); err != nil {
		return m, err
	}
	if _, err = dec.Token(); !errors.Is(err, io.EOF) {
		return m, errors.New("more than one mode")
	}
	return m, m.check()
}

// serveTrap counts who follows a redirect of FaultRedirect.
func (v *Verifier) serveTrap(w http.ResponseWriter, _ *http.Request) {
	v.mu.Lock()
	v.counters.Trapped++
	v.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

func writeControlError(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, map[string]string{"error": text})
}
