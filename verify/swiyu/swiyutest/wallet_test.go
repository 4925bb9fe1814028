package swiyutest_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"vouchgate/verify/swiyu/swiyutest"
)

const formType = "application/x-www-form-urlencoded"

// submit posts a wallet's answer with the right state unless the form has one.
func (s *stage) submit(id string, form url.Values) reply {
	s.t.Helper()
	if !form.Has("state") && !form.Has("response") {
		seen, err := s.Get(id)
		s.must(err)
		form.Set("state", seen.WalletState)
	}
	return s.call(http.MethodPost, "/oid4vp/api/request-object/"+id+"/response-data", formType, form.Encode())
}

func TestARequestObjectIsAnUnsignedToken(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	id := s.create()
	path := "/oid4vp/api/request-object/" + id
	r := s.call(http.MethodGet, path, "", "")
	parts := strings.Split(r.text, ".")
	if r.status != 200 || r.header.Get("Content-Type") != "application/oauth-authz-req+jwt" || len(parts) != 3 || parts[2] != "" {
		t.Fatalf("%d %s", r.status, r.text)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	s.must(err)
	var object map[string]any
	s.must(json.Unmarshal(raw, &object))
	seen, err := s.Get(id)
	s.must(err)
	for name, want := range map[string]string{
		"nonce": seen.Nonce, "state": seen.WalletState, "response_mode": "direct_post", "response_type": "vp_token",
		"response_uri": s.server.URL + path + "/response-data", "aud": "https://self-issued.me/v2",
	} {
		if object[name] != want {
			t.Errorf("%s is %v, want %s", name, object[name], want)
		}
	}
	s.must(s.Accept(id, ""))
	if r := s.call(http.MethodGet, path, "", ""); r.status != http.StatusGone {
		t.Errorf("after the end: %d", r.status)
	}
	s.must(s.Expire(id))
	if r := s.call(http.MethodGet, path, "", ""); r.status != http.StatusNotFound {
		t.Errorf("after the TTL: %d", r.status)
	}
	if r := s.call(http.MethodGet, "/oid4vp/api/openid-client-metadata.json", "", ""); r.json["vp_formats_supported"] == nil {
		t.Errorf("metadata: %s", r.text)
	}
}

func TestSubmissionsOfAWallet(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name   string
		mode   swiyutest.Mode
		form   url.Values
		status int
		state  string
		events int
	}{
		{"a presentation", swiyutest.Mode{}, url.Values{"vp_token": {`{"identity":["mock:zoe"]}`}}, 200, "SUCCESS", 1},
		{"a presentation that fails a check", swiyutest.Mode{CheckFails: "credential_revoked"}, url.Values{"vp_token": {`{"identity":["mock:zoe"]}`}}, 400, "FAILED", 1},
		{"a presentation that makes the verifier stumble", swiyutest.Mode{Stuck: true}, url.Values{"vp_token": {`{"identity":["mock:zoe"]}`}}, 400, "PENDING", 1},
		{"a rejection", swiyutest.Mode{}, url.Values{"error": {"access_denied"}, "error_description": {"no"}}, 200, "FAILED", 1},
		{"an unknown rejection", swiyutest.Mode{}, url.Values{"error": {"tired"}}, 400, "PENDING", 0},
		{"a wrong state", swiyutest.Mode{}, url.Values{"vp_token": {`{"identity":["mock:zoe"]}`}, "state": {"x"}}, 400, "PENDING", 0},
		{"a presentation that is no JSON", swiyutest.Mode{}, url.Values{"vp_token": {`mock:zoe`}}, 400, "PENDING", 0},
		{"a presentation of nobody", swiyutest.Mode{}, url.Values{"vp_token": {`{"identity":["mock:nobody"]}`}}, 400, "PENDING", 0},
		{"no presentation", swiyutest.Mode{}, url.Values{"vp_token": {`{}`}}, 400, "PENDING", 0},
		{"nothing", swiyutest.Mode{}, url.Values{}, 400, "PENDING", 0},
		{"what cannot be decrypted", swiyutest.Mode{}, url.Values{"response": {"%%"}}, 400, "PENDING", 0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.SetMode(row.mode)
			id := s.create()
			if r := s.submit(id, row.form); r.status != row.status {
				t.Errorf("wallet sees %d %s, want %d", r.status, r.text, row.status)
			}
			s.wantState(id, row.state)
			if n := s.Pending(); n != row.events {
				t.Errorf("%d webhooks, want %d", n, row.events)
			}
		})
	}
}

func TestAnEncryptedResponseModeTakesNoPlainAnswer(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	id := s.post(strings.Replace(minimal, `"direct_post"`, `"direct_post.jwt"`, 1)).json["id"].(string)
	if r := s.submit(id, url.Values{"vp_token": {`{"identity":["mock:zoe"]}`}}); r.status != 400 {
		t.Errorf("plain: %d", r.status)
	}
	seen, err := s.Get(id)
	s.must(err)
	response := base64.RawURLEncoding.EncodeToString([]byte(`{"vp_token":{"identity":["mock:zoe"]},"state":"` + seen.WalletState + `"}`))
	if r := s.submit(id, url.Values{"response": {response}}); r.status != 200 {
		t.Errorf("packed: %d %s", r.status, r.text)
	}
	s.wantState(id, "SUCCESS")
}

func TestALateSubmissionIsRefusedAndStillRecorded(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	done, over := s.create(), s.create()
	s.must(s.Accept(done, ""))
	s.must(s.Expire(over))
	for _, id := range []string{done, over} {
		if r := s.submit(id, url.Values{"vp_token": {`{"identity":["mock:zoe"]}`}}); r.status != http.StatusGone {
			t.Errorf("%d %s", r.status, r.text)
		}
	}
	s.wantState(done, "SUCCESS")
	if n := s.Pending(); n != 3 {
		t.Errorf("%d webhooks, want one and two for the late ones", n)
	}
	if r := s.call(http.MethodPost, "/oid4vp/api/request-object/nobody/response-data", formType, "error=access_denied"); r.status != http.StatusNotFound {
		t.Errorf("unknown: %d", r.status)
	}
}

func TestThePagesHaveNoOutsideAssetsAndAStrictPolicy(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	id := s.create()
	for _, path := range []string{"/", "/wallet/" + id, "/wallet/nobody"} {
		r := s.call(http.MethodGet, path, "", "")
		policy := r.header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "script-src") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
		for _, outside := range []string{"<script", "style=", "http://", "https://"} {
			if strings.Contains(r.text, outside) {
				t.Errorf("%s holds %q", path, outside)
			}
		}
	}
	if r := s.call(http.MethodGet, "/wallet.css", "", ""); r.status != 200 || !strings.HasPrefix(r.header.Get("Content-Type"), "text/css") {
		t.Errorf("style sheet: %d %v", r.status, r.header)
	}
}

func TestAPersonClicksThroughTheWallet(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	id := s.create()
	if home := s.call(http.MethodGet, "/", "", ""); !strings.Contains(home.text, `href="/wallet/`+id+`"`) {
		t.Errorf("home does not list it: %s", home.text)
	}
	page := s.call(http.MethodGet, "/wallet/"+id, "", "")
	for _, part := range []string{
		"<title>Mock wallet</title>", "Given name", "Age over 18", `value="lia"`, "D&#39;Essai-Échantillon", `value="accept"`, `value="reject"`,
	} {
		if !strings.Contains(page.text, part) {
			t.Errorf("wallet lacks %q", part)
		}
	}
	r := s.call(http.MethodPost, "/wallet/"+id, formType, "decision=accept&person=zoe")
	if r.status != http.StatusSeeOther || r.header.Get("Location") != "/wallet/"+id {
		t.Fatalf("%d %v", r.status, r.header)
	}
	if done := s.call(http.MethodGet, "/wallet/"+id, "", ""); !strings.Contains(done.text, "You can go back") || strings.Contains(done.text, "<form") {
		t.Errorf("result page: %s", done.text)
	}
	if got := s.claims(id)["given_name"]; got != "Zoë" {
		t.Errorf("given name %v", got)
	}
	if home := s.call(http.MethodGet, "/", "", ""); strings.Contains(home.text, id) {
		t.Error("home still lists it")
	}
}

func TestThePageSaysHowItWent(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	rejected, stuck, over := s.create(), s.create(), s.create()
	s.call(http.MethodPost, "/wallet/"+rejected, formType, "decision=reject&person=zoe")
	s.must(s.SetModeOf(stuck, swiyutest.Mode{Stuck: true}))
	s.call(http.MethodPost, "/wallet/"+stuck, formType, "decision=accept&person=zoe")
	s.must(s.Expire(over))
	s.wantState(rejected, "FAILED")
	for id, want := range map[string]string{rejected: "Not shared", stuck: "checking", over: "Too late", "nobody": "Nothing to answer"} {
		if r := s.call(http.MethodGet, "/wallet/"+id, "", ""); !strings.Contains(r.text, want) {
			t.Errorf("page lacks %q: %s", want, r.text)
		}
	}
	for form, want := range map[string]int{"decision=maybe": 400, "decision=accept&person=nobody": 404} {
		if r := s.call(http.MethodPost, "/wallet/"+s.create(), formType, form); r.status != want {
			t.Errorf("%s: %d, want %d", form, r.status, want)
		}
	}
}
