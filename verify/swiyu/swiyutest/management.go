package swiyutest

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

const (
	managementPath = "/management/api/verifications"
	maxBody        = 1 << 20
)

func (v *Verifier) managementRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST "+managementPath, v.guarded(v.serveCreate))
	mux.HandleFunc("GET "+managementPath+"/{id}", v.guarded(v.serveRead))
	mux.HandleFunc(managementPath, func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, r, http.StatusMethodNotAllowed)
	})
}

// guarded checks the bearer token as the real one does: any valid token will do.
func (v *Verifier) guarded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if v.cfg.CheckToken != nil {
			token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			if !bearer || !v.cfg.CheckToken(token) {
				w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
		}
		next(w, r)
	}
}

func (v *Verifier) serveCreate(w http.ResponseWriter, r *http.Request) {
	request, ok := readCreate(w, r)
	if !ok {
		return
	}
	id, a, err := v.store(request, v.publicURL(r))
	if err != nil {
		writeJSON(w, http.StatusInternalServerError, apiError{Description: "Internal Server Error. Please check again later"})
		return
	}
	v.pause(r.Context(), a.delay, Call{Op: "create", ID: id})
	if a.early {
		v.notifyNow(r.Context(), id)
	}
	// The wallet comes after the answer, or its webhook would overtake it more
	// often than in life.
	defer v.afterCreate(id)
	a.write(w)
	if a.fault == nil {
		_ = http.NewResponseController(w).Flush()
	}
}

// readCreate reads and checks the body, or answers what is wrong with it.
func readCreate(w http.ResponseWriter, r *http.Request) (createRequest, bool) {
	var request createRequest
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		writeProblem(w, r, http.StatusUnsupportedMediaType)
		return request, false
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&request); err != nil {
		writeProblem(w, r, http.StatusBadRequest)
		return request, false
	}
	if faults := request.faults(); len(faults) > 0 {
		writeJSON(w, http.StatusBadRequest, apiError{Description: strings.Join(faults, ", ")})
		return request, false
	}
	if request.hitsNull() {
		writeJSON(w, http.StatusInternalServerError, apiError{Description: "Internal Server Error. Please check again later"})
		return request, false
	}
	request.ResponseMode = orDefault(request.ResponseMode, "direct_post")
	return request, true
}

// store makes a verification and the answer about it.
func (v *Verifier) store(request createRequest, public string) (id string, a managementAnswer, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.cleanUp()
	var ids [3]string
	for i := range ids {
		if ids[i], err = v.newUUID(); err != nil {
			return "", a, err
		}
	}
	r := v.newRecord(request, ids, public)
	v.records[r.ID] = r
	v.order = append(v.order, r)
	v.counters.Creates++
	a = managementAnswer{
		fault: v.mode.CreateFault.take(), delay: r.mode.CreateDelay, early: r.mode.Notify == NotifyBeforeCreate,
	}
	if a.early && r.mode.Auto != nil {
		v.auto(r, 0)
	}
	a.body, err = v.render(r)
	select {
	case v.events <- r.Verification:
	default:
	}
	return r.ID, a, err
}

func (v *Verifier) newRecord(request createRequest, ids [3]string, public string) *record {
	mode := v.mode.clone()
	now := v.cfg.Now()
	ttl := orDefault(time.Duration(mode.TTL), v.cfg.TTL)
	external, clientID := public, v.cfg.ClientID
	if o := request.Override; o != nil {
		external = orDefault(strings.TrimRight(o.ExternalURL, "/"), external)
		if o.VerifierDID != "" {
			clientID = "decentralized_identifier:" + o.VerifierDID
		}
	}
	r := &record{request: request, mode: mode, Verification: Verification{
		ID: ids[0], Nonce: ids[1], WalletState: ids[2], State: statePending,
		Asked: request.asked(), ResponseMode: string(request.ResponseMode),
		URL:        external + "/oid4vp/api/request-object/" + ids[0],
		WalletPage: public + "/wallet/" + ids[0],
		CreatedAt:  now, ExpiresAt: now.Add(ttl),
	}}
	r.Deeplink = v.cfg.Scheme + "://?client_id=" + url.QueryEscape(clientID) + "&request_uri=" + url.QueryEscape(r.URL)
	if v.cfg.WalletLinks {
		r.Deeplink = r.WalletPage
	}
	return r
}

// afterCreate notes that the create call was answered and lets the automatic
// wallet act.
func (v *Verifier) afterCreate(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	r, err := v.find(id)
	if err != nil {
		return
	}
	r.answered = true
	v.auto(r, 0)
}

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func (v *Verifier) serveRead(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if !uuidForm.MatchString(id) {
		writeProblem(w, r, http.StatusBadRequest)
		return
	}
	a, found, err := v.lookAt(strings.ToLower(id))
	if err != nil {
		writeJSON(w, http.StatusInternalServerError, apiError{Description: "Internal Server Error. Please check again later"})
		return
	}
	v.pause(r.Context(), a.delay, Call{Op: "read", ID: id})
	if !found && a.fault == nil {
		writeJSON(w, http.StatusNotFound, apiError{Detail: "The verification with the identifier '" + id + "' was not found"})
		return
	}
	a.write(w)
}

func (v *Verifier) lookAt(id string) (a managementAnswer, found bool, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.counters.Reads++
	r, known := v.records[id]
	if !known {
		return a, false, nil
	}
	a = managementAnswer{fault: r.mode.ReadFault.take(), delay: r.mode.ReadDelay}
	if found = v.read(r); found {
		a.body, err = v.render(r)
	}
	return a, found, err
}

// pause delays an answer as the mode and the hook want it.
func (v *Verifier) pause(ctx context.Context, d Duration, c Call) {
	v.mu.Lock()
	hook := v.hook
	v.mu.Unlock()
	if hook != nil {
		hook(ctx, c)
	}
	if d == 0 {
		return
	}
	timer := time.NewTimer(time.Duration(d))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (v *Verifier) publicURL(r *http.Request) string {
	if v.cfg.PublicURL != "" {
		return v.cfg.PublicURL
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
