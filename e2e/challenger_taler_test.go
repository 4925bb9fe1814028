package e2e_test

import (
	"encoding/json"
	"html"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vouchgate/e2e"
)

// addressExchange starts an exchange that has addresses proved by a method.
func (s *addressStage) addressExchange(t *testing.T, method string) *exchange {
	t.Helper()
	provider, _, _ := strings.Cut(method, "-") // one converter is for all letters
	return newExchangeOf(t, s.stage, provider, append([]string{"--method", method}, taler...)...)
}

// attributesOf are what a converter makes of a proved place, beside the id.
func attributesOf(p place) map[string]any {
	all := map[string]any{}
	if p.method == "postal-ch" {
		all["ADDRESS_COUNTRY"] = "CH"
	}
	for i := 0; i < len(p.fields); i += 2 {
		all[p.fields[i]] = p.fields[i+1]
	}
	return all
}

func TestATalerExchangeGetsItsAddress(t *testing.T) {
	t.Parallel()
	rows := []struct {
		method string
		fixed  bool
	}{{"email", true}, {"phone", false}, {"postal", true}, {"postal-ch", false}}
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		for _, row := range rows {
			t.Run(row.method, func(t *testing.T) {
				t.Parallel()
				s, ctx, b, p := newAddressStage(t, e), e2e.Patient(t), e2e.NewBrowser(), newPlace(row.method)
				x := s.addressExchange(t, row.method)
				x.body = deflated(t, p.json(t, row.fixed))
				account := accountHash("payto://iban/" + row.method)
				page := x.visit(t, ctx, b, account)
				at(t, page, http.StatusOK, "address")
				shown := html.UnescapeString(string(page.Body))
				if fixed := strings.Contains(shown, `readonly="readonly"`); fixed != row.fixed || !strings.Contains(shown, p.fields[1]) {
					t.Errorf("the form is fixed %t, not %t, or it is empty: %s", fixed, row.fixed, shown)
				}
				got := x.home(t, ctx, b, s.prove(t, ctx, b, page, p))
				if got.outcome != proved || x.opened(account) {
					t.Fatalf("%s: %s", got.outcome, got.detail)
				}
				isProved(t, asJSON(t, got.info), p)
				id, _ := got.user["id"].(string)
				delete(got.user, "id")
				if diff := cmp.Diff(attributesOf(p), got.user); diff != "" || id == "" {
					t.Errorf("of %q the converter makes other attributes: %s", id, diff)
				}
			})
		}
	})
}

// asJSON is what the exchange has read as other readers have it.
func asJSON(t *testing.T, info map[string]any) (a e2e.Answer) {
	t.Helper()
	text, err := json.Marshal(info)
	check(t, err)
	check(t, json.Unmarshal(text, &a.JSON))
	return a
}

func TestAPersonWhoCancelsAnAddressCanStartAnewAtTheExchange(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s, ctx, b, p := newAddressStage(t, e), e2e.Patient(t), e2e.NewBrowser(), newPlace("email")
		x := s.addressExchange(t, "email")
		x.body = deflated(t, p.json(t, true))
		account := accountHash("payto://iban/DE8")
		page, _ := s.order(t, ctx, b, x.visit(t, ctx, b, account), p)
		got := x.home(t, ctx, b, must[e2e.Page](t)(b.Submit(ctx, page, "/cancel")))
		if got.outcome != userAborted || got.detail == "" || x.opened(account) {
			t.Fatalf("cancelled: %s %q", got.outcome, got.detail)
		}
		got = x.home(t, ctx, b, s.prove(t, ctx, b, x.visit(t, ctx, b, account), p))
		if got.outcome != proved {
			t.Errorf("started anew: %s: %s", got.outcome, got.detail)
		}
	})
}

func TestTheURLOfAnExchangeLeadsBackToTheTAN(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s, ctx, b, p := newAddressStage(t, e), e2e.Patient(t), e2e.NewBrowser(), newPlace("postal")
		x := s.addressExchange(t, "postal")
		x.body = deflated(t, p.json(t, true))
		account := accountHash("payto://iban/DE9")
		_, sent := s.order(t, ctx, b, x.visit(t, ctx, b, account), p)
		page := x.visit(t, ctx, b, account)
		at(t, page, http.StatusOK, "pin")
		got := x.home(t, ctx, b, must[e2e.Page](t)(b.Submit(ctx, page, "/pin", "pin", sent.TAN)))
		if got.outcome != proved {
			t.Errorf("%s: %s", got.outcome, got.detail)
		}
	})
}
