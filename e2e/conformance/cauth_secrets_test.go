package conformance

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"vouchgate/e2e"
)

var _ = rows(
	Row{"CAUTH-01", "Basic is read with both parts form-encoded, whatever characters a secret has (RFC 6749, section 2.3.1)", cauth01},
	Row{"CAUTH-02", "Basic is also read from clients that leave the encoding out, where that reading fits", cauth02},
	Row{"CAUTH-03", "id and secret may be in the form (RFC 6749, section 2.3.1)", cauth03},
	Row{"CAUTH-04", "credentials in the URL are refused, and the log does not have them", cauth04},
	Row{"CAUTH-05", "two ways to authenticate at once are refused, good or bad (RFC 6749, section 2.3)", cauth05},
	Row{"CAUTH-06", "failed Basic is a 401 with a Basic challenge (RFC 6749, section 5.2)", cauth06},
	Row{"CAUTH-07", "failed or missing credentials in the form are invalid_client, without a challenge nobody asked for", cauth07},
	Row{"CAUTH-08", "an unknown client and a wrong secret are answered alike, when guessing is slowed down too", cauth08},
	Row{"CAUTH-09", "a client cannot name another one beside its own credentials", cauth09},
	Row{"CAUTH-10", "the name of the scheme is in any case, and a header that cannot be read is a 401 (RFC 9110, section 11.1)", cauth10},
	Row{"CAUTH-11", "a public client names itself, and a client with a secret cannot do that (RFC 6749, section 3.2.1)", cauth11},
)

// awkward is a secret with every character that somebody might encode otherwise.
const awkward = "a+b%/:=&?#\"'\\~*%41%zz(1)<2>;@$!,.{}|^`_-" + "Z9"

// awkwardClient is a client with that secret, which was brought along.
func (t *T) awkwardClient() e2e.Client {
	t.Helper()
	return shared(t.Env, "client with an awkward secret", func() e2e.Client {
		return t.Data.AddClient(t.T, e2e.ClientOptions{ID: t.next("client-"), Secret: awkward})
	})
}

// let fails the case unless an answer to an unredeemable request comes from behind
// the authentication.
func (t *T) let(a Answer) {
	t.Helper()
	t.JSON(a, http.StatusBadRequest, "invalid_grant")
}

// rawBasic is a Basic header of a text as it is.
func rawBasic(userpass string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(userpass))
}

func cauth01(t *T) {
	c := t.awkwardClient()
	t.let(t.PostForm("/token", unredeemable(), "Authorization", Basic(c.ID, awkward)))
	everything := ""
	for _, b := range []byte(c.ID + ":" + awkward) {
		if b == ':' && !strings.Contains(everything, ":") {
			everything += ":"
			continue
		}
		everything += "%" + string("0123456789abcdef"[b>>4]) + string("0123456789ABCDEF"[b&15])
	}
	t.let(t.PostForm("/token", unredeemable(), "Authorization", rawBasic(everything)))
	ask := t.Ask(t.App())
	form := t.CodeForm(ask, t.Code(ask), "client_id", Without, "client_secret", Without)
	t.OK(t.PostForm("/token", form, "Authorization", Basic(ask.Client.ID, ask.Client.Secret)))
	for _, wrong := range []string{awkward[1:], strings.ToUpper(awkward), awkward + " ", ""} {
		a := t.PostForm("/token", unredeemable(), "Authorization", Basic(c.ID, wrong))
		t.JSON(a, http.StatusUnauthorized, "invalid_client")
	}
}

func cauth02(t *T) {
	c := t.awkwardClient()
	t.let(t.PostForm("/token", unredeemable(), "Authorization", rawBasic(c.ID+":"+awkward)))
	plus := t.Data.AddClient(t.T, e2e.ClientOptions{ID: t.next("client-"), Secret: "one+two+three+four%41"})
	t.let(t.PostForm("/token", unredeemable(), "Authorization", rawBasic(plus.ID+":"+plus.Secret)))
	t.let(t.PostForm("/token", unredeemable(), "Authorization", Basic(plus.ID, plus.Secret)))
	for _, wrong := range []string{"one two three fourA", "one+two+three+fourA", "one%2btwo+three+four%41"} {
		a := t.PostForm("/token", unredeemable(), "Authorization", rawBasic(plus.ID+":"+wrong))
		t.JSON(a, http.StatusUnauthorized, "invalid_client")
	}
}

func cauth03(t *T) {
	t.OK(t.Exchange(t.codeOf(t.App())))
	c := t.awkwardClient()
	t.let(t.PostForm("/token", unredeemable("client_id", c.ID, "client_secret", awkward)))
	a := t.PostForm("/token", unredeemable("client_id", c.ID, "client_secret", url.QueryEscape(awkward))) // encoded twice
	t.JSON(a, http.StatusUnauthorized, "invalid_client")
}

// codeOf walks a request of a client to its code.
func (t *T) codeOf(c e2e.Client) (Ask, string) {
	t.Helper()
	ask := t.Ask(c)
	return ask, t.Code(ask)
}

func cauth04(t *T) {
	c := t.NewClient(byAccount, noQuestion)
	inURL := url.Values{"client_id": {c.ID}, "client_secret": {c.Secret}}
	for _, path := range []string{"/token", "/revoke", "/introspect", "/par"} {
		for _, header := range [][]string{nil, {"Authorization", Basic(c.ID, c.Secret)}} {
			a := t.PostForm(path+"?"+inURL.Encode(), unredeemable("token", "x"), header...)
			t.Status(a, http.StatusBadRequest, http.StatusUnauthorized)
			t.JSON(a, a.Status, "invalid_request", "invalid_client")
		}
	}
	if strings.Contains(t.Gateway.Log.String(), c.Secret) {
		t.Error("the log has the secret")
	}
	if !t.knows(c, c.Secret) {
		t.Error("the secret does not work any more")
	}
}

func cauth05(t *T) {
	ask, code := t.codeOf(t.NewClient(byAccount, noQuestion))
	c := ask.Client
	good := Basic(c.ID, c.Secret)
	both := t.CodeForm(ask, code)
	t.JSON(t.PostForm("/token", both, "Authorization", good), http.StatusBadRequest, "invalid_request")
	t.JSON(t.PostForm("/token", both, "Authorization", Basic(c.ID, "wrong")), http.StatusBadRequest, "invalid_request")
	for name, header := range map[string][]string{
		"two headers": {"Authorization", good, "Authorization", good}, "a bearer token too": {"Authorization", good, "Authorization", "Bearer x"},
	} {
		a := t.PostForm("/token", t.CodeForm(ask, code, "client_id", Without, "client_secret", Without), header...)
		if t.JSON(a, http.StatusBadRequest, "invalid_request"); a.Status != http.StatusBadRequest {
			t.Error(name)
		}
	}
	asserted := []string{"client_assertion_type", jwtBearer, "client_assertion", "e30.e30.e30"}
	t.JSON(t.Exchange(ask, code, asserted...), http.StatusBadRequest, "invalid_request")
	header := t.CodeForm(ask, code, append(asserted, "client_secret", Without)...)
	t.JSON(t.PostForm("/token", header, "Authorization", good), http.StatusBadRequest, "invalid_request")
	t.Swap(ask, code)
}

func cauth06(t *T) {
	c := t.NewClient()
	for _, path := range []string{"/token", "/revoke", "/introspect", "/par"} {
		a := t.PostForm(path, unredeemable("token", "x"), "Authorization", Basic(c.ID, "wrong"))
		t.JSON(a, http.StatusUnauthorized, "invalid_client")
		t.asked(a, "Basic")
	}
}

// asked fails the case unless an answer has one challenge, of a scheme and with a
// realm.
func (t *T) asked(a Answer, scheme string) {
	t.Helper()
	challenges := a.Header.Values("WWW-Authenticate")
	if len(challenges) != 1 || !strings.HasPrefix(challenges[0], scheme+` realm="`) {
		t.Errorf("the challenges are %q", challenges)
	}
}

func cauth07(t *T) {
	c := t.NewClient()
	for _, path := range []string{"/token", "/revoke", "/introspect", "/par"} {
		for _, credentials := range [][]string{
			{"client_id", c.ID, "client_secret", "wrong"}, {"client_id", c.ID}, {"client_id", c.ID, "client_secret", ""},
			{"client_secret", c.Secret}, {"client_id", "", "client_secret", c.Secret}, {},
		} {
			a := t.PostForm(path, unredeemable(append([]string{"token", "x"}, credentials...)...))
			t.JSON(a, http.StatusUnauthorized, "invalid_client")
			if got := a.Header.Get("WWW-Authenticate"); got != "" {
				t.Errorf("%s %q: there is a challenge: %s", path, credentials, got)
			}
		}
	}
}

func cauth08(t *T) {
	known, disabled := t.NewClient(), t.NewClient()
	t.Do("client", "disable", disabled.ID)
	t.shut(disabled)
	var all [][2]Answer
	for _, id := range []string{known.ID, t.next("nobody-"), disabled.ID} {
		all = append(all, t.guesses(id))
	}
	for _, other := range all[1:] {
		t.same(all[0][0], other[0])
		t.same(all[0][1], other[1])
	}
	public, keyed := t.Public(), t.Keyed(t.ClientKey())
	for _, header := range []bool{false, true} {
		var answers []Answer
		for _, id := range []string{t.next("nobody-"), public.ID, keyed.ID, t.NewClient().ID, strings.Repeat("x", 64), "x y", "é"} {
			if header {
				answers = append(answers, t.PostForm("/token", unredeemable(), "Authorization", Basic(id, "wrong")))
			} else {
				answers = append(answers, t.PostForm("/token", unredeemable("client_id", id, "client_secret", "wrong")))
			}
		}
		for _, a := range answers {
			t.JSON(a, http.StatusUnauthorized, "invalid_client")
			t.same(answers[0], a)
		}
	}
}

// guesses tries secrets of a client, until it has to wait, and returns the two kinds
// of answers: to a wrong one, and to one that comes too soon.
func (t *T) guesses(id string) (kinds [2]Answer) {
	t.Helper()
	for _, a := range atOnce(25, func(int) Answer { return t.PostForm("/token", unredeemable("client_id", id, "client_secret", "wrong")) }) {
		if a.Status == http.StatusTooManyRequests {
			kinds[1] = a
		} else {
			kinds[0] = a
		}
	}
	t.JSON(kinds[0], http.StatusUnauthorized, "invalid_client")
	t.JSON(kinds[1], http.StatusTooManyRequests, "temporarily_unavailable")
	return kinds
}

// same fails the case unless two answers are the same to a program, but for the
// time, and for how many seconds there are to wait.
func (t *T) same(a, b Answer) {
	t.Helper()
	if a.Status != b.Status || string(a.Body) != string(b.Body) {
		t.Errorf("one answer is %s, the other %s", a, b)
	}
	for _, name := range slices.Concat(keysOf(a.Header), keysOf(b.Header)) {
		if name != "Date" && name != "Retry-After" && !slices.Equal(a.Header[name], b.Header[name]) {
			t.Errorf("%s is %q and %q", name, a.Header[name], b.Header[name])
		}
	}
	if (a.Header.Get("Retry-After") == "") != (b.Header.Get("Retry-After") == "") {
		t.Error("one has to wait, the other has not")
	}
}

func keysOf(h http.Header) (names []string) {
	for name := range h {
		names = append(names, name)
	}
	return names
}

func cauth09(t *T) {
	ask, code := t.codeOf(t.NewClient(byAccount, noQuestion))
	c := ask.Client
	for _, other := range []string{t.App().ID, t.Public().ID, "nobody", strings.ToUpper(c.ID)} {
		form := t.CodeForm(ask, code, "client_id", other, "client_secret", Without)
		a := t.PostForm("/token", form, "Authorization", Basic(c.ID, c.Secret))
		t.Status(a, http.StatusBadRequest, http.StatusUnauthorized)
		t.JSON(a, a.Status, "invalid_request", "invalid_client")
	}
	same := t.CodeForm(ask, code, "client_secret", Without)
	t.OK(t.PostForm("/token", same, "Authorization", Basic(c.ID, c.Secret)))
}

func cauth10(t *T) {
	c := t.NewClient()
	_, credentials, _ := strings.Cut(Basic(c.ID, c.Secret), " ")
	for _, scheme := range []string{"basic ", "BASIC ", "bAsIc ", "Basic   "} {
		t.let(t.PostForm("/token", unredeemable(), "Authorization", scheme+credentials))
	}
	for _, header := range []string{
		"Basic", "Basic ", "Basic !!!", "Basic " + credentials[:len(credentials)-3] + "*", "Basic " + credentials + " x", "Basic:" + credentials,
		rawBasic(c.ID), rawBasic(":" + c.Secret), rawBasic(""), rawBasic(c.ID + "\x00:" + c.Secret), rawBasic("\xff\xfe:\xff"),
		"Bearer " + c.Secret, credentials, "Digest username=\"" + c.ID + "\"", "Basic Basic " + credentials,
	} {
		a := t.PostForm("/token", unredeemable(), "Authorization", header)
		t.JSON(a, http.StatusUnauthorized, "invalid_client")
		t.asked(a, "Basic")
	}
}

func cauth11(t *T) {
	public := t.Public()
	g := t.Grant(public)
	t.OK(t.Refresh(public, g.Refresh))
	ask, code := t.codeOf(t.NewClient(byAccount, noQuestion))
	t.JSON(t.Exchange(ask, code, "client_secret", Without), http.StatusUnauthorized, "invalid_client")
	t.JSON(t.Exchange(ask, code, "client_secret", ""), http.StatusUnauthorized, "invalid_client")
	t.Swap(ask, code)
	ask, code = t.codeOf(public)
	t.JSON(t.Exchange(ask, code, "client_secret", "anything"), http.StatusUnauthorized, "invalid_client")
	t.JSON(t.Exchange(ask, code, "client_id", Without), http.StatusUnauthorized, "invalid_client")
	t.Swap(ask, code)
}
