package swiyutest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

const requestObjectPath = "/oid4vp/api/request-object/{id}"

func (v *Verifier) oid4vpRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+requestObjectPath, v.serveRequestObject)
	mux.HandleFunc("POST "+requestObjectPath+"/response-data", v.serveSubmission)
	mux.HandleFunc("GET /oid4vp/api/openid-client-metadata.json", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, clientMetadata())
	})
}

// serveRequestObject answers with the request object as a JWT whose signature is
// empty (alg none, RFC 7519, section 6): the mock has no key and its wallets
// check none. A real wallet refuses it.
func (v *Verifier) serveRequestObject(w http.ResponseWriter, r *http.Request) {
	object, status := v.requestObject(strings.ToLower(r.PathValue("id")), v.publicURL(r))
	if status != http.StatusOK {
		writeJSON(w, status, apiError{Detail: "request object is not available"})
		return
	}
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		writeJSON(w, http.StatusOK, object)
		return
	}
	header := map[string]string{"alg": "none", "typ": "oauth-authz-req+jwt", "profile_version": profileVersion}
	token := encodePart(header) + "." + encodePart(object) + "."
	writeRaw(w, http.StatusOK, "application/oauth-authz-req+jwt", []byte(token))
}

const profileVersion = "swiss-profile-verification:1.0.0"

func encodePart(part any) string {
	b, _ := json.Marshal(part)
	return base64.RawURLEncoding.EncodeToString(b)
}

func (v *Verifier) requestObject(id, public string) (object map[string]any, status int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	r, known := v.records[id]
	switch {
	case !known || v.expired(r):
		return nil, http.StatusNotFound
	case r.phase != phaseOpen:
		return nil, http.StatusGone
	}
	now := v.cfg.Now()
	return map[string]any{
		"iss": v.cfg.ClientID, "client_id": v.cfg.ClientID, "aud": "https://self-issued.me/v2",
		"iat": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
		"response_type": "vp_token", "response_mode": r.ResponseMode,
		"response_uri": public + "/oid4vp/api/request-object/" + r.ID + "/response-data",
		"nonce":        r.Nonce, "state": r.WalletState, "dcql_query": r.request.Query,
		"client_metadata": clientMetadata(), "profile_version": profileVersion,
		"encrypted_response_enc_values_supported": []string{"A256GCM"},
	}, http.StatusOK
}

func clientMetadata() map[string]any {
	algorithms := map[string]any{"sd-jwt_alg_values": []string{"ES256"}, "kb-jwt_alg_values": []string{"ES256"}}
	return map[string]any{
		"client_name": "Mock verifier", "jwks": map[string]any{"keys": []any{}},
		"encrypted_response_enc_values_supported": []string{"A256GCM"},
		"vp_formats_supported":                    map[string]any{"dc+sd-jwt": algorithms},
	}
}

// walletCodes are the error codes that a wallet may send. Any other is refused
// with 400, which leaves the verification as it was.
var walletCodes = []string{
	"access_denied", "client_rejected", "invalid_scope", "invalid_request", "invalid_client",
	"vp_formats_not_supported", "invalid_presentation_definition_uri", "invalid_presentation_definition_reference",
}

// submission is what a wallet posts.
type submission struct {
	Token json.RawMessage `json:"vp_token"`
	State string          `json:"state"`
	Error string          `json:"error"`
}

// serveSubmission takes a wallet's answer. In place of a presentation stands
// "mock:" and the key of a person. With response mode direct_post.jwt the members
// come inside response: their JSON, base64url-coded instead of encrypted.
func (v *Verifier) serveSubmission(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		writeProblem(w, r, http.StatusBadRequest)
		return
	}
	seen, err := v.Get(strings.ToLower(r.PathValue("id")))
	if err != nil {
		writeJSON(w, http.StatusNotFound, apiError{Error: "invalid_request", Description: "authorization request not found"})
		return
	}
	s, ok := readSubmission(r, seen.ResponseMode)
	// A wrong state is told only while the verification is open; afterwards any
	// submission is one to a closed process, and recorded as such.
	if !ok || seen.State == statePending && s.State != seen.WalletState {
		writeJSON(w, http.StatusBadRequest, apiError{Error: "invalid_request", Description: "submission cannot be read"})
		return
	}
	err = v.takeSubmission(seen, s)
	switch {
	case errors.Is(err, ErrClosed):
		writeJSON(w, http.StatusGone, apiError{Error: "invalid_request", Description: "verification process is closed"})
	case err != nil:
		writeJSON(w, http.StatusBadRequest, apiError{Error: "invalid_request", Description: "submission cannot be used"})
	default:
		v.answerWallet(w, seen.ID)
	}
}

func readSubmission(r *http.Request, mode string) (s submission, ok bool) {
	if response := r.PostForm.Get("response"); response != "" {
		raw, err := base64.RawURLEncoding.DecodeString(response)
		return s, err == nil && json.Unmarshal(raw, &s) == nil
	}
	s = submission{State: r.PostForm.Get("state"), Error: r.PostForm.Get("error")}
	s.Token = json.RawMessage(r.PostForm.Get("vp_token"))
	if s.Error != "" {
		return s, slices.Contains(walletCodes, s.Error)
	}
	return s, mode == "direct_post" && len(s.Token) > 0
}

func (v *Verifier) takeSubmission(seen Verification, s submission) error {
	if s.Error != "" {
		return v.Reject(seen.ID, s.Error)
	}
	var tokens map[string][]string
	if err := json.Unmarshal(s.Token, &tokens); err != nil {
		return err
	}
	for _, presentations := range tokens {
		for _, presentation := range presentations {
			person, _ := strings.CutPrefix(presentation, "mock:")
			return v.Accept(seen.ID, person)
		}
	}
	return ErrUnknown
}

// answerWallet tells the wallet of a check that failed, else nothing.
func (v *Verifier) answerWallet(w http.ResponseWriter, id string) {
	v.mu.Lock()
	r, known := v.records[id]
	failed := known && r.phase == phaseEnded && r.State == stateFailed && r.result.person != ""
	incomplete := known && r.phase == phaseStuck
	code := ""
	if failed {
		code = r.ErrorCode
	}
	v.mu.Unlock()
	switch {
	case failed:
		writeJSON(w, http.StatusBadRequest, apiError{Error: "invalid_transaction_data", Code: code})
	case incomplete:
		w.WriteHeader(http.StatusBadRequest)
	default:
		writeJSON(w, http.StatusOK, struct{}{})
	}
}
