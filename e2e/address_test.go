package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"vouchgate/e2e"
)

// addressMethods are the methods that prove addresses.
var addressMethods = []string{"email", "phone", "postal", "postal-ch"}

// claimsOf are what /info says of a proved place beside Challenger's address, whose
// members are in address.
func claimsOf(p place) (claims, address map[string]any) {
	claims, address = map[string]any{"address_type": p.method, "method": p.method}, map[string]any{}
	for i := 0; i < len(p.fields); i += 2 {
		address[p.fields[i]] = p.fields[i+1]
	}
	switch p.method {
	case "email":
		claims["email"], claims["email_verified"] = p.mark, true
	case "phone":
		claims["phone_number"], claims["phone_number_verified"] = p.mark, true
	case "postal":
		address["formatted"], address["country"] = p.mark, "DE"
	case "postal-ch":
		street, _, _ := strings.Cut(p.mark, "\n")
		address["formatted"], address["country"] = p.mark, "CH"
		address["street_address"], address["postal_code"], address["locality"] = street, "8000", "Zürich"
	}
	return claims, address
}

// isProved fails the test unless an answer of /info says that a place is proved.
func isProved(t *testing.T, info e2e.Answer, p place) {
	t.Helper()
	claims, address := claimsOf(p)
	for name, want := range claims {
		if info.JSON[name] != want {
			t.Errorf("%s is %v, not %v", name, info.JSON[name], want)
		}
	}
	got, _ := info.JSON["address"].(map[string]any)
	if diff := cmp.Diff(address, got); diff != "" {
		t.Errorf("the address differs: %s", diff)
	}
	id, _ := info.JSON["id"].(float64)
	until, _ := info.JSON["expires"].(map[string]any)
	seconds, _ := until["t_s"].(float64)
	if id < 1 || id != float64(int64(id)) {
		t.Errorf("id is %v, which is no positive integer", info.JSON["id"])
	}
	if year := time.Now().Add(365 * 24 * time.Hour).Unix(); seconds < float64(year-600) || seconds > float64(year+600) {
		t.Errorf("it counts until %v, not for a year", info.JSON["expires"])
	}
}

func TestAPersonProvesAnAddressByPages(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s := newAddressStage(t, e)
		for _, method := range addressMethods {
			t.Run(method, func(t *testing.T) {
				t.Parallel()
				ctx, b, p := e2e.Patient(t), e2e.NewBrowser(), newPlace(method)
				client := s.client(t, method, method, "--name", "Muster")
				page := s.begin(t, ctx, client, b)
				at(t, page, 200, "address")
				page, sent := s.order(t, ctx, b, page, p)
				saysWhat(t, s, sent, p, sessionOf(t, page))
				check(t, b.AwaitDelivery(ctx, s.URL, sessionOf(t, page), "sent"))
				if n := e2e.Count(t, s.Data.Open(t), "SELECT count(*) FROM verification_sessions WHERE status = 'authorized' AND next_check < expires_at"); n != 0 {
					t.Error("to look at its page ends a session")
				}

				wrong := must[e2e.Page](t)(b.Submit(ctx, page, "/pin", "pin", other(sent.TAN)))
				at(t, wrong, 422, "pin")
				home := must[e2e.Page](t)(b.Submit(ctx, wrong, "/pin", "pin", sent.TAN[:4]+" - "+sent.TAN[4:]))
				if q := home.Away.Query(); q.Get("state") != "my state" || q.Get("iss") != s.URL {
					t.Errorf("came home with %v", q)
				}
				isProved(t, must[e2e.Answer](t)(client.Read(ctx, s.URL, homeWithCode(t, home))), p)
				idsOnly(t, must[e2e.Event](t)(s.webhooks.AwaitEvent(ctx, sent.ID, "verification.verified")))
			})
		}
	})
}

// saysWhat fails the test unless a message is what the helper contract says.
func saysWhat(t *testing.T, s *addressStage, sent e2e.Sent, p place, session string) {
	t.Helper()
	if sent.ID != session || sent.Method != p.method || sent.Language != "en" || sent.ClientName != "Muster" {
		t.Errorf("the message is of %s, by %s, in %s, for %s", sent.ID, sent.Method, sent.Language, sent.ClientName)
	}
	ends, err := time.Parse(time.RFC3339, sent.ExpiresAt)
	life := map[bool]time.Duration{false: 15 * time.Minute, true: 30 * 24 * time.Hour}[strings.HasPrefix(p.method, "postal")]
	if left := time.Until(ends); err != nil || left > life || left < life-e2e.Patience {
		t.Errorf("its TAN ends at %s", sent.ExpiresAt)
	}
	for i := 0; i < len(p.fields); i += 2 {
		if sent.Address[p.fields[i]] != p.fields[i+1] {
			t.Errorf("%s is %q", p.fields[i], sent.Address[p.fields[i]])
		}
	}
	spaced := sent.TAN[:4] + " " + sent.TAN[4:]
	switch p.method {
	case "phone":
		if !strings.HasSuffix(sent.Text, "\n@127.0.0.1 #"+sent.TAN) || sent.Subject != "" {
			t.Errorf("browsers do not find the TAN in %q", sent.Text)
		}
	case "email":
		if !strings.Contains(sent.Text, sent.TAN) || sent.Subject == "" || sent.Link != "" {
			t.Errorf("the mail %q says %q, with the link %q", sent.Subject, sent.Text, sent.Link)
		}
	default:
		if !strings.Contains(sent.Text, spaced) || sent.Link != s.URL+"/letter/"+sent.LetterCode || len(sent.LetterCode) != 19 {
			t.Errorf("the letter says %q, with the link %q", sent.Text, sent.Link)
		}
	}
}

func TestAnAddressIsProvedToAStandardClient(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s, ctx := newAddressStage(t, e), e2e.Patient(t)
		shop := s.Data.AddClient(t, e2e.ClientOptions{Webhooks: s.webhooks, Flags: []string{
			"--method", "email", "--grant-type", "authorization_code", "--grant-type", "refresh_token",
		}})
		provider := must[*oidc.Provider](t)(oidc.NewProvider(ctx, s.URL))
		conf := &oauth2.Config{
			ClientID: shop.ID, ClientSecret: shop.Secret, RedirectURL: shop.RedirectURI, Endpoint: provider.Endpoint(),
			Scopes: []string{oidc.ScopeOpenID, "email", oidc.ScopeOfflineAccess},
		}
		proof, b, p := oauth2.GenerateVerifier(), e2e.NewBrowser(), newPlace("email")
		page := must[e2e.Page](t)(b.Get(ctx, conf.AuthCodeURL("my state", oidc.Nonce("my nonce"), oauth2.S256ChallengeOption(proof))))
		home := s.prove(t, ctx, b, page, p)
		first := must[*oauth2.Token](t)(conf.Exchange(ctx, homeWithCode(t, home), oauth2.VerifierOption(proof)))
		subject := idToken(t, ctx, provider, first, shop, goClient{way: way{acr: "urn:vouchgate:acr:tan", amr: "otp"}, alg: oidc.ES256})

		second := must[*oauth2.Token](t)(refresh(ctx, conf, first.RefreshToken))
		known := must[*oidc.UserInfo](t)(provider.UserInfo(ctx, oauth2.StaticTokenSource(second)))
		if known.Email != p.mark || !known.EmailVerified || known.Subject != subject {
			t.Errorf("userinfo says %q, verified %t, of %q and not %q", known.Email, known.EmailVerified, known.Subject, subject)
		}
		var all map[string]any
		check(t, known.Claims(&all))
		if all["address"] != nil || all["address_type"] != nil || all["id"] != nil {
			t.Errorf("userinfo speaks Challenger's words: %v", all)
		}
		revoke(t, ctx, provider, shop, oauth2.AuthStyleInHeader, second.RefreshToken)
		_, err := refresh(ctx, conf, second.RefreshToken)
		if refused := (*oauth2.RetrieveError)(nil); !errors.As(err, &refused) || refused.ErrorCode != "invalid_grant" {
			t.Errorf("refreshing after revoking: %v", err)
		}
	})
}

func TestScopeAndPersonChooseTheMethod(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s, ctx := newAddressStage(t, e), e2e.Patient(t)
		client := s.client(t, "shop", "email", "--method", "phone", "--method", "postal-ch")
		rows := []struct {
			name, scope string
			offered     []string
		}{
			{"nothing asked for offers all", "", []string{"email", "phone", "postal-ch"}},
			{"two claims offer the methods that prove them", "email phone", []string{"email", "phone"}},
			{"one claim leaves no choice", "address", nil},
		}
		for _, row := range rows {
			rest := []string{}
			if row.scope != "" {
				rest = []string{"scope", row.scope}
			}
			page := s.begin(t, ctx, client, e2e.NewBrowser(), rest...)
			if row.offered == nil {
				at(t, page, 200, "address")
				continue
			}
			at(t, page, 200, "choose")
			offered := slices.DeleteFunc(slices.Clone(addressMethods), func(m string) bool {
				return !strings.Contains(string(page.Body), fmt.Sprintf("name=\"method\" value=%q", m))
			})
			if diff := cmp.Diff(row.offered, offered); diff != "" {
				t.Errorf("%s: %s", row.name, diff)
			}
		}
		s.choosesAgain(t, ctx, client)
		page := s.begin(t, ctx, client, e2e.NewBrowser(), "scope", "openid profile")
		if page.Away == nil || page.Away.Query().Get("error") != "invalid_scope" {
			t.Errorf("what no method proves: %s", page)
		}
	})
}

// choosesAgain has a person begin with one method and prove another.
func (s *addressStage) choosesAgain(t *testing.T, ctx context.Context, c e2e.Client) {
	t.Helper()
	b, mail, phone := e2e.NewBrowser(), newPlace("email"), newPlace("phone")
	page := s.begin(t, ctx, c, b, "scope", "email phone")
	choose := s.URL + "/session/" + sessionOf(t, page) + "/choose"
	foreign := must[e2e.Page](t)(b.Submit(ctx, page, "/choose", "method", "postal-ch"))
	at(t, foreign, 400, "choose")
	page = must[e2e.Page](t)(b.Submit(ctx, page, "/choose", "method", "email"))
	at(t, page, 200, "address")
	_, sent := s.order(t, ctx, b, page, mail)

	page = must[e2e.Page](t)(b.Submit(ctx, must[e2e.Page](t)(b.Get(ctx, choose)), "/choose", "method", "phone"))
	at(t, page, 200, "address")
	page, byPhone := s.order(t, ctx, b, page, phone)
	at(t, must[e2e.Page](t)(b.Submit(ctx, page, "/pin", "pin", sent.TAN)), 422, "pin")
	home := must[e2e.Page](t)(b.Submit(ctx, page, "/pin", "pin", byPhone.TAN))
	token := must[e2e.Answer](t)(c.Redeem(ctx, s.URL, homeWithCode(t, home)))
	if token.Text("scope") != "phone" {
		t.Errorf("granted is %q", token.Text("scope"))
	}
	info := must[e2e.Answer](t)(e2e.Info(ctx, s.URL, token.Text("access_token")))
	isProved(t, info, phone)
	if info.JSON["email"] != nil {
		t.Error("an address that was not proved is handed over")
	}
}

func TestConsentIsAskedAfterTheTAN(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		s, ctx := newAddressStage(t, e), e2e.Patient(t)
		client := s.client(t, "shop", "email", "--consent", "ask", "--purpose", "to send the bill")
		b, p := e2e.NewBrowser(), newPlace("email")
		page := s.prove(t, ctx, b, s.begin(t, ctx, client, b), p)
		at(t, page, 200, "consent")
		if !strings.Contains(string(page.Body), p.mark) || !strings.Contains(string(page.Body), "to send the bill") {
			t.Errorf("the page does not say what is handed over and what for: %s", page.Body)
		}
		home := must[e2e.Page](t)(b.Submit(ctx, page, "/consent", "decision", "allow"))
		isProved(t, must[e2e.Answer](t)(client.Read(ctx, s.URL, homeWithCode(t, home))), p)

		page = s.prove(t, ctx, b, s.begin(t, ctx, client, b), newPlace("email"))
		home = must[e2e.Page](t)(b.Submit(ctx, page, "/consent", "decision", "deny"))
		if home.Away == nil || home.Away.Query().Get("error") != "access_denied" || home.Code() != "" {
			t.Errorf("denied: %s", home)
		}
	})
}

func TestMessagesSpeakThePersonsLanguage(t *testing.T) {
	t.Parallel()
	s, ctx := newAddressStage(t, e2e.SQLite), e2e.Patient(t)
	client, subjects := s.client(t, "shop", "email"), map[string]bool{}
	for _, lang := range []string{"en", "de", "fr", "it"} {
		b := e2e.NewBrowser()
		page := s.begin(t, ctx, client, b, "ui_locales", lang)
		page, sent := s.order(t, ctx, b, page, newPlace("email"))
		if sent.Language != lang || !strings.Contains(string(page.Body), fmt.Sprintf("<html lang=%q", lang)) {
			t.Errorf("asked for %s, the message is in %s and the page is %.60s", lang, sent.Language, page.Body)
		}
		subjects[sent.Subject] = true
	}
	if len(subjects) != 4 {
		t.Errorf("in four languages the subjects are %v", subjects)
	}
}
