package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"vouchgate/kyc"
)

// walkMail is where the walk says that messages reach it.
const walkMail = "mira@example.org"

// withEmail walks with an e-mail address. The TAN is read off the inbox's page.
func (w *walker) withEmail(ctx context.Context) error {
	session, err := w.choose(ctx, kyc.MethodEmail)
	if err != nil {
		return err
	}
	err = w.step("address", func() (string, error) {
		to, err := w.submit(ctx, session+"/address", url.Values{kyc.FieldEmail: {walkMail}})
		if err == nil && to != session+"/pin" {
			err = errors.New("the address was not taken")
		}
		return walkMail + " was entered, and a TAN is on its way", err
	})
	if err != nil {
		return err
	}
	var tan string
	err = w.step("message", func() (string, error) {
		tan, err = w.readTAN(ctx)
		return "it is in the inbox", err
	})
	if err != nil {
		return err
	}
	err = w.step("TAN entered", func() (string, error) {
		to, err := w.submit(ctx, session+"/pin", url.Values{"pin": {tan}})
		if err == nil && to != session+"/consent" {
			err = errors.New("the TAN was not accepted")
		}
		return "it is the right one", err
	})
	if err != nil {
		return err
	}
	return w.arrive(ctx, session, "that the person reads "+walkMail, "The shop can write to "+walkMail, "email_verified")
}

var shownTAN = regexp.MustCompile(`class="tan">([0-9]{8})<`)

// readTAN reads the newest TAN in the inbox.
func (w *walker) readTAN(ctx context.Context) (string, error) {
	if err := w.demo.mails.next(ctx, walkMail); err != nil {
		return "", err
	}
	page, err := w.page(ctx, w.demo.shop.self+"/inbox")
	if err != nil {
		return "", err
	}
	tan := shownTAN.FindStringSubmatch(page)
	if tan == nil {
		return "", errors.New("the inbox shows no TAN")
	}
	return tan[1], nil
}

// arrive agrees to what is handed over and comes back to the shop, which swaps the
// code, reads the data and shows it.
func (w *walker) arrive(ctx context.Context, session, read string, shown ...string) error {
	err := w.step("consent", func() (string, error) {
		_, err := w.submit(ctx, session+"/consent", url.Values{"decision": {"allow"}})
		return "the person sees what the shop will get, and allows it", err
	})
	if err != nil {
		return err
	}
	if err := w.webhook(ctx); err != nil {
		return err
	}
	var back string
	err = w.step("finish redirect", func() (string, error) {
		back, err = w.sent(ctx, http.MethodGet, session+"/finish", nil)
		if err == nil && !strings.HasPrefix(back, w.demo.shop.self+"/callback?code=") {
			err = errors.New("the browser was not sent back to the shop with a code")
		}
		return "back to the shop, with code and state", err
	})
	if err != nil {
		return err
	}
	page, err := w.page(ctx, back) // the shop prints token and info
	if err != nil {
		return err
	}
	return w.step("proved", func() (string, error) {
		for _, text := range shown {
			if !strings.Contains(page, text) {
				return "", errors.New("the shop does not show the proved data")
			}
		}
		return "the shop read " + read, nil
	})
}

// webhook waits until the shop has heard of the proof.
func (w *walker) webhook(ctx context.Context) error {
	return w.step("webhook verified", func() (string, error) {
		select {
		case e := <-w.demo.shop.arrived:
			return e.Type + " reached the shop, its signature is good", nil
		case <-ctx.Done():
			return "", errors.New("no webhook came")
		}
	})
}

var (
	formToken = regexp.MustCompile(`name="csrf" value="([^"]+)"`)
	tickedBox = regexp.MustCompile(`name="scope" type="checkbox" value="([^"]+)"`)
)

// submit fills the form of a page in, as it is but for what is given, and says where
// that leads.
func (w *walker) submit(ctx context.Context, address string, form url.Values) (string, error) {
	page, err := w.page(ctx, address)
	if err != nil {
		return "", err
	}
	token := formToken.FindStringSubmatch(page)
	if token == nil {
		return "", fmt.Errorf("%s has no form", pathOf(address))
	}
	form.Set("csrf", html.UnescapeString(token[1]))
	for _, box := range tickedBox.FindAllStringSubmatch(page, -1) {
		form.Add("scope", html.UnescapeString(box[1]))
	}
	return w.sent(ctx, http.MethodPost, address, form)
}
