package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const sender = "Example Gate Ltd | Musterstrasse 1|8000 Zürich"

func TestLetterIsPutIntoTheFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	env := environment(map[string]string{"DIR": dir, "SENDER": sender})
	for range 2 { // what is tried again replaces the first one
		if err := run(env, strings.NewReader(example(t, nil)), today); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 || files[0].Name() != "Example3-20261222T120000Z.pdf" {
		t.Fatalf("the folder has %v (%v)", files, err)
	}
	if info, err := files[0].Info(); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v (%v), want 0600", info.Mode(), err)
	}
	content, err := os.ReadFile(filepath.Join(dir, files[0].Name()))
	if err != nil || !bytes.HasPrefix(content, []byte("%PDF-")) || !bytes.HasSuffix(bytes.TrimSpace(content), []byte("%%EOF")) {
		t.Errorf("the file is no whole PDF (%v)", err)
	}
	// Text is compressed and in glyphs; what could be read is metadata.
	for _, personal := range []string{"ukasiewicz", "Beispielweg", "40719358", "Example Bank", "Example3"} {
		if bytes.Contains(content, []byte(personal)) {
			t.Errorf("the file tells %q", personal)
		}
	}
	for _, want := range []string{"/Producer (vouchgate)", "(D:20261122100000", "/Lang (en)"} {
		if !bytes.Contains(content, []byte(want)) {
			t.Errorf("the file lacks %q", want)
		}
	}
}

func TestNamesInAllAlphabetsOfTheFont(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Žofie Łukasiewicz", "Δημήτρης", "Дмитрий", "Nguyễn"} {
		dir := t.TempDir()
		err := run(environment(map[string]string{"DIR": dir, "SENDER": sender, "WINDOW": "left", "COUNTRY": "DE"}),
			strings.NewReader(example(t, postal("GR", name, "Street 1", "Town"))), today)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFolderThatTakesNothing(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	err := run(environment(map[string]string{"DIR": missing, "SENDER": sender}), strings.NewReader(example(t, nil)), today)
	if exitCode(err) != exitFolder || strings.Contains(err.Error(), missing) {
		t.Errorf("exit code %d: %v", exitCode(err), err)
	}
	// A folder of the letter's name stands in its way.
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "Example3-20261222T120000Z.pdf", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	err = run(environment(map[string]string{"DIR": dir, "SENDER": sender}), strings.NewReader(example(t, nil)), today)
	if files, _ := os.ReadDir(dir); exitCode(err) != exitFolder || len(files) != 1 {
		t.Errorf("exit code %d, and the folder has %v", exitCode(err), files)
	}
}

func TestLetterIsSentToTheService(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	done := make(chan struct{})
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusCreated)
		close(done)
	}))
	t.Cleanup(service.Close)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := environment(map[string]string{"URL": service.URL + "/letters", "TOKEN_FILE": token, "SENDER": sender})
	if err := run(env, strings.NewReader(example(t, nil)), today); err != nil {
		t.Fatal(err)
	}
	<-done
	if got.Method != http.MethodPost || got.RequestURI != "/letters" || !bytes.HasPrefix(body, []byte("%PDF-")) {
		t.Errorf("%s %s with %.20q", got.Method, got.RequestURI, body)
	}
	for name, want := range map[string]string{"Content-Type": "application/pdf", "Authorization": "Bearer s3cret", "Idempotency-Key": "Example3-20261222T120000Z"} {
		if got.Header.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Header.Get(name), want)
		}
	}
}

func TestServiceAnswers(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]int{
		200: exitSent, 201: exitSent, 202: exitSent, 204: exitSent,
		400: exitRefused, 422: exitRefused,
		401: exitSettings, 403: exitSettings, 404: exitSettings,
		408: exitTryLater, 425: exitTryLater, 429: exitTryLater, 500: exitTryLater, 503: exitTryLater,
		302: exitService, 307: exitService, 308: exitService, 405: exitService, 413: exitService,
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/" {
					t.Error("a redirect was followed")
				}
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(status)
				_, _ = io.WriteString(w, "Žofie")
			}))
			t.Cleanup(service.Close)
			err := run(environment(map[string]string{"URL": service.URL + "/", "SENDER": sender}), strings.NewReader(example(t, nil)), today)
			if exitCode(err) != want {
				t.Errorf("exit code %d (%v), want %d", exitCode(err), err, want)
			}
			if err != nil && strings.Contains(err.Error(), "Žofie") {
				t.Errorf("the error has the answer: %v", err)
			}
		})
	}
}

func TestServiceOutOfReach(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(http.NotFoundHandler())
	service.Close()
	err := run(environment(map[string]string{"URL": service.URL, "SENDER": sender}), strings.NewReader(example(t, nil)), today)
	if exitCode(err) != exitTryLater {
		t.Errorf("exit code %d (%v), want %d", exitCode(err), err, exitTryLater)
	}
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	t.Cleanup(hangs.Close)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = post(ctx, settings{url: hangs.URL}, "x", nil)
	if exitCode(err) != exitTryLater {
		t.Errorf("exit code %d (%v) after the time limit, want %d", exitCode(err), err, exitTryLater)
	}
}

func TestSettingsThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]map[string]string{
		"no output":                      {"DIR": ""},
		"two outputs":                    {"URL": "https://print.example/"},
		"no TLS":                         {"DIR": "", "URL": "http://print.example/"},
		"a URL with a password":          {"DIR": "", "URL": "https://a:b@print.example/"},
		"no URL":                         {"DIR": "", "URL": "print"},
		"no sender":                      {"SENDER": " | "},
		"a sender of seven lines":        {"SENDER": "1|2|3|4|5|6|7"},
		"a window in the middle":         {"WINDOW": "middle"},
		"a country that is none":         {"COUNTRY": "XY"},
		"a continent":                    {"COUNTRY": "150"},
		"a token file that is not there": {"TOKEN_FILE": "/nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values := map[string]string{"DIR": t.TempDir(), "SENDER": sender}
			for name, value := range change {
				values[name] = value
			}
			if _, err := readSettings(environment(values)); exitCode(err) != exitSettings {
				t.Errorf("exit code %d (%v), want %d", exitCode(err), err, exitSettings)
			}
		})
	}
}

func TestSender(t *testing.T) {
	t.Parallel()
	for _, sender := range []string{"A Ltd|Weg 1|8000 Ort", "A Ltd | Weg 1 | 8000 Ort", "A Ltd\nWeg 1\n8000 Ort\n"} {
		s, err := readSettings(environment(map[string]string{"DIR": "/tmp", "SENDER": sender}))
		if err != nil || strings.Join(s.sender, ";") != "A Ltd;Weg 1;8000 Ort" {
			t.Errorf("%q became %q (%v)", sender, s.sender, err)
		}
	}
}
