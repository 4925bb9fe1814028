package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"
)

// serviceTimeout is shorter than the time that the gateway gives a helper, so that
// the log tells a slow service from a helper that hangs.
const serviceTimeout = 25 * time.Second

// post sends a letter to a print service. name tells the service when it has the
// letter already. Errors are *failure.
func post(ctx context.Context, set settings, name string, pdf []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, set.url, bytes.NewReader(pdf))
	if err != nil {
		return failf(exitSettings, "VOUCHGATE_HELPER_LETTER_URL is not a URL")
	}
	req.Header.Set("Content-Type", "application/pdf")
	req.Header.Set("Idempotency-Key", name)
	if set.token != "" {
		req.Header.Set("Authorization", "Bearer "+set.token)
	}
	// Nobody said that a letter may go where a service redirects to.
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return failf(exitTryLater, "the print service cannot be reached")
	}
	defer resp.Body.Close()
	// What it answers may repeat the letter, so nobody logs it.
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	return answered(resp.StatusCode)
}

// answered says what a status code means.
func answered(status int) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusBadRequest, status == http.StatusUnprocessableEntity:
		return failf(exitRefused, "the print service refused the letter (HTTP %d)", status)
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests, status >= 500:
		return failf(exitTryLater, "the print service asks to try later (HTTP %d)", status)
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound:
		return failf(exitSettings, "the print service refused token or URL (HTTP %d)", status)
	}
	return failf(exitService, "the print service answered HTTP %d", status)
}
