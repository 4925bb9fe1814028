package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vouchgate/kyc"
	"vouchgate/verify/address"
)

// helperFile writes a helper that can be run and sends nothing.
func helperFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "helper")
	if err := os.WriteFile(path, []byte("#!/bin/sh\ncat >/dev/null\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSendingSaysEveryFault(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	templates := t.TempDir()
	if err := os.WriteFile(filepath.Join(templates, "mail.de.txt"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"serve", "worker"} {
		s.run(verb, "--smtp-address", "mail.example.org", "--smtp-tls", "perhaps", "--smtp-user", "u", "--mail-from", "nobody", "--mail-reply-to", "x",
			"--phone-helper", "/does/not/exist", "--postal-helper", t.TempDir(), "--helper-timeout", "41s", "--message-templates", templates,
			"--phone-region", "XX", "--smtp-password-file", "/does/not/exist", "--retain-audit", "x",
		).fails(exitUsage, "smtp-address: the server's address must be host:port", "smtp-tls: tls must be starttls, tls or none",
			"smtp-user: user and password belong together", "mail-from: it must be", "mail-reply-to: it must be", "phone-helper: ", "postal-helper: ",
			"helper-timeout: must be a time", "message-templates: message template mail.de.txt: there is none", `phone-region: region "XX"`,
			"smtp-password-file: open /does/not/exist", "retain-audit: ")
	}
	for _, test := range []struct {
		name string
		args []string
		says string
	}{
		{"a sender without a server", []string{"--mail-from", "a@example.org"}, "smtp-address: settings without"},
		{"a region alone", []string{"--phone-region", "XX"}, "phone-region: "},
		{"texts that are not there", []string{"--message-templates", "/does/not/exist"}, "message-templates: "},
		{"e-mail two ways", []string{"--smtp-address", "localhost:25", "--smtp-tls", "none", "--mail-from", "a@example.org", "--email-helper", helperFile(t)}, "email-helper: "},
		{"no TLS to elsewhere", []string{"--smtp-address", "mail.example.org:25", "--smtp-tls", "none", "--mail-from", "a@example.org"}, "smtp-tls: without tls"},
		{"an empty password", []string{"--smtp-address", "mail.example.org:587", "--smtp-user", "u", "--mail-from", "a@example.org", "--smtp-password-file", writeFile(t, "p", "\n")}, "smtp-password-file: the file holds no password"},
		{"a client that cannot be", []string{"--config-for", "a b"}, "config-for: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			newShell(t).run(append([]string{"serve"}, test.args...)...).fails(exitUsage, test.says)
		})
	}
	s.run("worker", "--phone-helper", helperFile(t)).fails(exitUsage, "public-url: must be given to send TANs")
}

// A fault of the courier whose words are new here is told all the same.
func TestSendingFaultsOfNoSetting(t *testing.T) {
	t.Parallel()
	if setting, text := sendingFault("the moon is full"); setting != "sending" || text != "the moon is full" {
		t.Errorf("told as %s: %s", setting, text)
	}
}

func TestSendingSettings(t *testing.T) {
	t.Parallel()
	var f faults
	helper := helperFile(t)
	settings := sendingSettings{
		SMTPAddress: "mail.example.org:587", SMTPUser: "u", SMTPPasswordFile: writeFile(t, "p", "pass word \r\n"),
		MailFrom: "Example <codes@example.org>", PostalHelper: helper, HelperTimeout: "7s", regionSettings: regionSettings{"DE"},
	}
	c := settings.check(&f, &program{now: clock}, nil)
	if len(f) > 0 || c.courier == nil {
		t.Fatalf("faults %v", f)
	}
	if smtp := c.courier.SMTP; smtp.Password != "pass word " || smtp.TLS != "" || c.courier.HelperTimeout.Seconds() != 7 || c.reader() != (address.Reader{Region: "DE"}) {
		t.Errorf("courier is %+v, reader %+v", c.courier, c.reader())
	}
	none := sendingSettings{HelperTimeout: "30s", regionSettings: regionSettings{"CH"}}.check(&f, &program{now: clock}, nil)
	if sender, err := none.open(nil, nil); len(f) > 0 || sender != nil || err != nil {
		t.Errorf("without settings there is a sender %v, error %v, faults %v", sender, err, f)
	}
}

// logged returns the members of the log line with a message.
func (r *running) logged(message string) map[string]any {
	r.t.Helper()
	for lines := bufio.NewScanner(strings.NewReader(r.said())); lines.Scan(); {
		var line map[string]any
		if json.Unmarshal(lines.Bytes(), &line) == nil && line["msg"] == message {
			return line
		}
	}
	r.t.Fatalf("the log lacks %q:\n%s", message, r.said())
	return nil
}

func TestServeSaysWhatItSends(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.env["VOUCHGATE_POSTAL_HELPER"] = helperFile(t)
	r := s.start(append([]string{"serve", "--smtp-address", "localhost:25", "--smtp-tls", "none", "--mail-from", "codes@example.org", "--config-for", "shop"}, freePorts...)...)
	want := []any{"email", "postal", "postal-ch"}
	if got, _ := r.logged("TANs are sent from here")["methods"].([]any); !slices.Equal(got, want) {
		t.Errorf("methods are %v, want %v", got, want)
	}
	if !strings.Contains(r.said(), "there is no client of that id yet") {
		t.Errorf("the log does not say that there is no client shop:\n%s", r.said())
	}
	s.addShop("--method", "email", "--address-hint", "you@example.org")
	answer, body := get(t, http.DefaultClient, r.where.URL+"/config")
	var config struct {
		Name    string       `json:"name"`
		Hint    string       `json:"address_hint"`
		Methods []kyc.Method `json:"methods"`
	}
	if err := json.Unmarshal([]byte(body), &config); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("/config answers %d %s", answer.StatusCode, body)
	}
	if config.Name != "challenger" || config.Hint != "you@example.org" || slices.Contains(config.Methods, kyc.MethodPhone) || !slices.Contains(config.Methods, kyc.MethodEmail) {
		t.Errorf("/config is %s", body)
	}
	r.end()
}

func TestServeThatSendsNothingSaysSo(t *testing.T) {
	t.Parallel()
	r := newShell(t).start(append([]string{"serve"}, freePorts...)...)
	r.logged("no TANs are sent from here: neither a mail server nor a helper is given")
	if _, body := get(t, http.DefaultClient, r.where.URL+"/config"); strings.Contains(body, "email") {
		t.Errorf("/config offers what cannot be sent: %s", body)
	}
	r.end()
}

func TestWorkerSendsToo(t *testing.T) {
	t.Parallel()
	r := newShell(t).start("worker", "--admin-listen", "127.0.0.1:0", "--public-url", "https://id.example.org", "--phone-helper", helperFile(t))
	if got, _ := r.logged("TANs are sent from here")["methods"].([]any); !slices.Equal(got, []any{"phone"}) {
		t.Errorf("methods are %v", got)
	}
	r.end()
}
