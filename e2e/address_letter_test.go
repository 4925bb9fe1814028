package e2e_test

import (
	"context"
	"html"
	"net/http"
	"strings"
	"testing"
	"time"

	"vouchgate/e2e"
)

const startURI = "https://shop.example/start?from=letter"

// letterClient registers a client that has letters sent.
func (s *addressStage) letterClient(t *testing.T, id string, flags ...string) e2e.Client {
	t.Helper()
	return s.client(t, id, "postal-ch", append([]string{"--initiate-login-uri", startURI}, flags...)...)
}

// letter orders a letter in a browser.
func (s *addressStage) letter(t *testing.T, ctx context.Context, c e2e.Client, b *e2e.Browser, p place) (e2e.Page, e2e.Sent) {
	t.Helper()
	return s.order(t, ctx, b, s.begin(t, ctx, c, b), p)
}

func TestALetterIsReadInTheBrowserThatOrderedIt(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s, ctx, b, p := newAddressStage(t, e), e2e.Patient(t), e2e.NewBrowser(), newPlace("postal-ch")
		client := s.letterClient(t, "shop")
		page, first := s.letter(t, ctx, client, b, p)
		check(t, b.AwaitDelivery(ctx, s.URL, first.ID, "sent"))
		soon := must[e2e.Page](t)(b.Submit(ctx, page, "/resend"))
		at(t, soon, http.StatusTooManyRequests, "resend")

		s.Stop()
		s.Data.Age(t, 10*24*time.Hour)
		check(t, s.Restart())
		page = must[e2e.Page](t)(b.Get(ctx, first.Link))
		at(t, page, http.StatusOK, "pin")
		page = must[e2e.Page](t)(b.Submit(ctx, page, "/resend"))
		at(t, page, http.StatusOK, "pin")
		second := must[e2e.Sent](t)(s.outbox.To(ctx, p.mark, 2))
		at(t, must[e2e.Page](t)(b.Get(ctx, first.Link)), http.StatusNotFound, first.LetterCode)

		s.Stop()
		s.Data.Age(t, 29*24*time.Hour)
		check(t, s.Restart())
		at(t, must[e2e.Page](t)(b.Submit(ctx, page, "/pin", "pin", first.TAN)), http.StatusUnprocessableEntity, "pin")
		page = must[e2e.Page](t)(b.Get(ctx, strings.ToLower(second.Link)))
		home := must[e2e.Page](t)(b.Submit(ctx, page, "/pin", "pin", second.TAN))
		isProved(t, must[e2e.Answer](t)(client.Read(ctx, s.URL, homeWithCode(t, home))), p)
		at(t, must[e2e.Page](t)(b.Get(ctx, second.Link)), http.StatusNotFound, second.LetterCode)
	})
}

func TestALetterIsReadInAnotherBrowser(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s, ctx, p := newAddressStage(t, e), e2e.Patient(t), newPlace("postal-ch")
		client := s.letterClient(t, "shop", "--name", "Muster")
		first, phone := e2e.NewBrowser(), e2e.NewBrowser()
		page, sent := s.letter(t, ctx, client, first, p)
		s.showsTheWay(t, ctx, phone, sent)

		onPhone := s.begin(t, ctx, client, phone)
		at(t, onPhone, http.StatusOK, "pin")
		if sessionOf(t, onPhone) == sent.ID {
			t.Fatal("another browser got into the session that ordered the letter")
		}
		home := must[e2e.Page](t)(phone.Submit(ctx, onPhone, "/pin", "pin", sent.TAN))
		isProved(t, must[e2e.Answer](t)(client.Read(ctx, s.URL, homeWithCode(t, home))), p)

		// The first browser still can do what it could before: begin with an address.
		page = must[e2e.Page](t)(first.Submit(ctx, page, "/pin", "pin", sent.TAN))
		at(t, page, http.StatusOK, "address")
		again := s.prove(t, ctx, first, page, p)
		isProved(t, must[e2e.Answer](t)(client.Read(ctx, s.URL, homeWithCode(t, again))), p)
		s.webhooks.OncePerSession()
	})
}

// showsTheWay opens the link of a letter where it was not ordered.
func (s *addressStage) showsTheWay(t *testing.T, ctx context.Context, b *e2e.Browser, sent e2e.Sent) {
	t.Helper()
	page := must[e2e.Page](t)(b.Get(ctx, sent.Link))
	at(t, page, http.StatusOK, sent.LetterCode)
	body := html.UnescapeString(string(page.Body))
	if !strings.Contains(body, "Muster") || !strings.Contains(body, startURI+"&iss=http") {
		t.Errorf("the page does not lead to the client: %s", body)
	}
	if strings.Contains(body, sent.ID) || strings.Contains(body, sent.Address["CONTACT_NAME"]) || strings.Contains(body, "/pin") {
		t.Errorf("the page tells something of the session: %s", body)
	}
}

func TestALetterNeverFinishesTheFlowOfSomebodyElse(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s, ctx, p := newAddressStage(t, e), e2e.Patient(t), newPlace("postal-ch")
		shop, bank := s.letterClient(t, "shop", "--name", "Muster"), s.letterClient(t, "bank")
		eve, anna := e2e.NewBrowser(), e2e.NewBrowser()
		page, sent := s.letter(t, ctx, shop, eve, p) // eve orders a letter to anna
		s.showsTheWay(t, ctx, anna, sent)

		for _, step := range []string{"", "/pin", "/address", "/finish"} {
			seen := must[e2e.Page](t)(anna.Get(ctx, s.URL+"/session/"+sent.ID+step))
			if seen.Status != http.StatusNotFound || seen.Away != nil {
				t.Errorf("anna's browser at %q of eve's session: %s", step, seen)
			}
		}
		at(t, s.begin(t, ctx, bank, anna), http.StatusOK, "address") // it is not for the bank
		own := s.begin(t, ctx, shop, anna, "scope", "address")
		at(t, own, http.StatusOK, "pin")
		home := must[e2e.Page](t)(anna.Submit(ctx, own, "/pin", "pin", sent.TAN))
		isProved(t, must[e2e.Answer](t)(shop.Read(ctx, s.URL, homeWithCode(t, home))), p)

		finish := must[e2e.Page](t)(eve.Get(ctx, s.URL+"/session/"+sent.ID+"/finish"))
		if finish.Code() != "" {
			t.Error("eve got a code for anna's address")
		}
		at(t, must[e2e.Page](t)(eve.Submit(ctx, page, "/pin", "pin", sent.TAN)), http.StatusOK, "address")
		for _, event := range s.webhooks.Events() {
			if event.Data.SessionID == sent.ID {
				t.Errorf("a webhook about eve's session: %s", event.Body)
			}
		}
	})
}

func TestALetterThatWaitsMakesTheChoice(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s, ctx, p := newAddressStage(t, e), e2e.Patient(t), newPlace("postal-ch")
		client := s.letterClient(t, "shop", "--name", "Muster", "--method", "email")
		first, phone := e2e.NewBrowser(), e2e.NewBrowser()
		page := s.begin(t, ctx, client, first)
		page = must[e2e.Page](t)(first.Submit(ctx, page, "/choose", "method", "postal-ch"))
		_, sent := s.order(t, ctx, first, page, p)
		s.showsTheWay(t, ctx, phone, sent)
		page = s.begin(t, ctx, client, phone)
		at(t, page, http.StatusOK, "pin")
		home := must[e2e.Page](t)(phone.Submit(ctx, page, "/pin", "pin", sent.TAN))
		isProved(t, must[e2e.Answer](t)(client.Read(ctx, s.URL, homeWithCode(t, home))), p)

		unknown := must[e2e.Page](t)(phone.Get(ctx, s.URL+"/letter/7K3F-9QWX-2MTD-8HJP"))
		at(t, unknown, http.StatusNotFound, "7K3F-9QWX-2MTD-8HJP")
	})
}
