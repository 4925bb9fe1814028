package main

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// The sizes of a secret that is brought from elsewhere, in bytes.
const (
	minSecret = 16
	maxSecret = 1024
)

// readSecret reads a secret from a file, or from standard input for "-". One
// newline at the end is not part of it, because editors and echo put it there.
func readSecret(path string, stdin io.Reader) (string, error) {
	source := stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return "", err
		}
		defer file.Close()
		source = file
	}
	content, err := io.ReadAll(io.LimitReader(source, maxSecret+2))
	if err != nil {
		return "", err
	}
	secret := strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	switch {
	case secret == "":
		return "", errors.New("the file holds no secret")
	case len(secret) > maxSecret:
		return "", fmt.Errorf("the secret is longer than %d bytes", maxSecret)
	case strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", errors.New("the secret holds something else than printable ASCII")
	}
	return secret, nil
}

// secretFile reads the secret of a setting; no file, no secret.
func (f *faults) secretFile(name, path string) string {
	if path == "" {
		return ""
	}
	secret, err := readSecret(path, strings.NewReader(""))
	f.check(name, err)
	return secret
}

// keyPair reads a certificate and its key, to find out now whether they fit.
func (f *faults) keyPair(certFile, keyFile string) {
	if certFile == "" && keyFile == "" {
		return
	}
	if certFile == "" || keyFile == "" {
		f.add("tls-cert-file", "goes with tls-key-file: both or none")
		return
	}
	_, err := tls.LoadX509KeyPair(certFile, keyFile)
	f.check("tls-cert-file", err)
}

// newSecret returns 256 random bits in characters that need no encoding anywhere.
func newSecret(rand io.Reader) (string, error) {
	b, err := randomBytes(rand)
	return base64.RawURLEncoding.EncodeToString(b), err
}

func randomBytes(rand io.Reader) ([]byte, error) {
	b := make([]byte, 32)
	if _, err := io.ReadFull(rand, b); err != nil {
		return nil, fmt.Errorf("reading random bits: %w", err)
	}
	return b, nil
}

// whsec writes the key of webhooks as Standard Webhooks 1.0.0 has it.
func whsec(key []byte) string { return "whsec_" + base64.StdEncoding.EncodeToString(key) }
