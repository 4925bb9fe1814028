package server_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
)

var methodButton = regexp.MustCompile(`name="method" value="([a-z-]+)"`)

// offers are the methods that a page lets a person choose from.
func (r reply) offers() (methods []string) {
	for _, m := range methodButton.FindAllStringSubmatch(r.body, -1) {
		methods = append(methods, m[1])
	}
	return methods
}

func (w *walk) choose(m kyc.Method) reply {
	w.g.t.Helper()
	return w.fill("/choose", "method", string(m))
}

func TestOnlyWhatProvesSomethingOfTheScopeIsOffered(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	for scope, want := range map[string][]string{
		"":                    {"swiyu", "account", "email", "phone", "postal", "postal-ch"},
		"openid":              {"swiyu", "account", "email", "phone", "postal", "postal-ch"},
		"given_name":          {"swiyu", "account"},
		"openid email phone":  {"account", "email", "phone"},
		"email given_name":    {"swiyu", "account", "email"},
		"address":             {"account", "postal", "postal-ch"},
		"openid phone_number": {"account", "phone"},
	} {
		w := g.visitor("any", "scope", scope)
		w.start().leads(w.at("/choose"))
		page := w.get(w.at("/choose")).shows(http.StatusOK, "Corner any")
		if diff := cmp.Diff(want, page.offers()); diff != "" {
			t.Errorf("scope %q (-want +got):\n%s", scope, diff)
		}
		page.form(w.at("/choose"))
		for _, m := range append(kyc.Methods, "", "telepathy") {
			if slices.Contains(want, string(m)) {
				continue
			}
			w.choose(m).shows(http.StatusBadRequest)
		}
		if s := g.session(w.id); s.Method != kyc.MethodOpen || s.Attempts != 0 {
			t.Errorf("scope %q: method is %q after %d attempts", scope, s.Method, s.Attempts)
		}
	}
}

func TestThereIsNoChoiceWithoutAChoice(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	g.addProver("two", []kyc.Method{kyc.MethodEmail, kyc.MethodPhone})
	w := g.visitor("two", "scope", "phone")
	w.start().leads(w.at("/pin"))
	w.get(w.at("/choose")).leads(w.at("/pin"))
	w.get(w.at("/address")).shows(http.StatusOK, kyc.FieldPhone).lacks("/choose")
	w.choose(kyc.MethodEmail).wants(http.StatusBadRequest)
}

func TestAScopeThatNoMethodProves(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	before := g.everything()
	w := g.visitor("email", "scope", "given_name")
	w.home(w.get("/authorize?"+w.params.Encode()), "invalid_scope")
	g.ask("/par", mergeForms(g.credentials("email"), w.params)).refuses(http.StatusBadRequest, "invalid_scope")
	w.home(w.postForm("/authorize", w.params), "invalid_scope")
	w.with("Accept", "application/json").get("/authorize?"+w.params.Encode()).refuses(http.StatusBadRequest, "invalid_scope")
	if g.everything() != before {
		t.Error("a session was made")
	}
	set := g.setUp("email")
	set.params.Set("scope", "given_name")
	set.home(set.get(set.path()), "invalid_scope")
	if s := g.session(set.id); s.Bound() || s.Status != kyc.StatusPending {
		t.Errorf("session is %s", s.Status)
	}
	set.params.Set("scope", "email")
	set.get(set.path()).leads(set.at("/pin"))
}

func TestAPushedRequestLeadsToTheChoice(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.visitor("any", "scope", "email phone")
	w.found(w.get(w.push())).leads(w.at("/choose"))
	w.choose(kyc.MethodPhone).leads(w.at("/pin"))
	w.proveAddress(kyc.FieldPhone, phoneTyped)
	if r := w.swap(); r.text("scope") != "phone" {
		t.Errorf("token answer is %s", r.body)
	}
}

func TestTheScopeIsNarrowedToWhatTheMethodProves(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.visitor("any", "scope", "openid email phone profile")
	w.start().leads(w.at("/choose"))
	w.choose(kyc.MethodEmail).leads(w.at("/pin"))
	w.proveAddress(kyc.FieldEmail, mailTyped)
	if r := w.swap(); r.text("scope") != "openid email" {
		t.Errorf("token answer is %s", r.body)
	}
	if info := g.info(w.token).json(); info["scope"] != "openid email" || info["email"] != mailKept || info["phone_number"] != nil {
		t.Errorf("info is %v", info)
	}
	all := g.prover("email") // who asks for nothing gets what the method proves
	all.proveAddress(kyc.FieldEmail, mailTyped)
	if r := all.swap(); r.text("scope") != "email" {
		t.Errorf("token answer is %s", r.body)
	}
}

func TestChoosingAgainVoidsWhatWasBegun(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.mailed("any", mailTyped)
	ofMail := w.tan()
	page := w.get(w.at("/pin")).shows(http.StatusOK, w.at("/choose"))
	page.lacks(ofMail)
	w.get(w.at("/choose")).shows(http.StatusOK).form(w.at("/choose"))
	w.choose(kyc.MethodEmail).leads(w.at("/pin")) // what it is already
	w.get(w.at("/pin")).shows(http.StatusOK, mailKept)

	w.choose(kyc.MethodPhone).leads(w.at("/pin"))
	w.get(w.at("/pin")).leads(w.at("/address"))
	w.enter(ofMail).leads(w.at("/address"))
	w.get(w.at("/address")).shows(http.StatusOK, kyc.FieldPhone).lacks(mailKept)
	w.choose(kyc.MethodEmail).leads(w.at("/pin"))
	w.enter(ofMail).leads(w.at("/address"))
	w.fill("/address", kyc.FieldEmail, mailTyped).leads(w.at("/pin"))
	w.enter(ofMail).stays(http.StatusUnprocessableEntity)
	w.enter(w.tan()).leads(w.at("/finish"))
	if s := g.session(w.id); s.Method != kyc.MethodEmail || s.Attempts != 3 {
		t.Errorf("%d attempts, the last one by %s", s.Attempts, s.Method)
	}
}

func TestTheWalletAfterAMail(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.visitor("any", "scope", "openid email given_name")
	w.start().leads(w.at("/choose"))
	w.choose(kyc.MethodEmail).leads(w.at("/pin"))
	w.mail(mailTyped).leads(w.at("/pin"))
	ofMail := w.tan()
	w.choose(kyc.MethodSwiyu).leads(w.at(""))
	if c := g.challenge(w.id); c.SealedAddress != nil || c.TANHash != nil || c.SealedMessage != nil || c.AddressHash != nil {
		t.Errorf("something is left of the mail: %+v", c)
	}
	w.enter(ofMail).leads(w.at(""))
	w.get(w.at("")).shows(http.StatusOK, "swiyu-verify://")
	if g.verifier.scope() != "given_name" {
		t.Errorf("the verifier is asked for %q", g.verifier.scope())
	}
	g.prove(w.id)
	w.home(w.get(w.at("/finish")), "")
	if r := w.swap(); r.text("scope") != "openid given_name" {
		t.Errorf("token answer is %s", r.body)
	}
	if info := g.info(w.token).json(); info["given_name"] != "Kanarietta" || info["email"] != nil || info["address"] != nil {
		t.Errorf("info is %v", info)
	}
}

func TestAMailAfterTheWallet(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.visitor("any", "scope", "email given_name")
	w.start()
	w.choose(kyc.MethodSwiyu).leads(w.at(""))
	request := g.session(w.id).RequestID
	w.choose(kyc.MethodEmail).leads(w.at("/pin"))
	if _, err := g.store.UpdateSession(ctx, w.id, func(s *kyc.Session) (kyc.Effects, error) {
		return s.Prove(request, []byte("late"), noon)
	}); err == nil {
		t.Fatal("what the wallet shows later counts")
	}
	w.proveAddress(kyc.FieldEmail, mailTyped)
	w.swap()
}

func TestAWalletWhoseVerifierIsDownLeavesTheMailAlone(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.visitor("any", "scope", "email given_name")
	w.start()
	w.choose(kyc.MethodEmail)
	w.mail(mailTyped)
	g.verifier.breakDown(errVerifierDown)
	g.contract.expectFailures()
	w.choose(kyc.MethodSwiyu).shows(http.StatusServiceUnavailable, w.at("/choose"))
	w.enter(w.tan()).leads(w.at("/finish"))
}

func TestAnAccountAfterAMail(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	g.addAccount("mira")
	w := g.visitor("any", "scope", "email profile")
	w.start()
	w.choose(kyc.MethodEmail)
	w.mail(mailTyped)
	w.choose(kyc.MethodAccount).leads(w.at("/login"))
	w.signIn("mira", goodPassword, true).leads(w.at("/finish"))
	w.home(w.get(w.at("/finish")), "")
	w.swap()
	if info := g.info(w.token).json(); info["given_name"] != "Kanarietta" || info["email"] != nil || info["method"] != "account" {
		t.Errorf("info is %v", info)
	}
}

func TestMethodsAreChosenFiveTimes(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.hinted("any", "")
	w.get(w.path()).leads(w.at("/choose"))
	two := []kyc.Method{kyc.MethodEmail, kyc.MethodPhone}
	for i := range kyc.MaxAttempts {
		w.choose(two[i%2]).leads(w.at("/pin"))
	}
	w.choose(kyc.MethodPhone).wants(http.StatusGone)
	if s := g.session(w.id); s.Method != kyc.MethodEmail || s.Attempts != kyc.MaxAttempts {
		t.Fatalf("%d attempts, the last one by %s", s.Attempts, s.Method)
	}
	api := w.with("Accept", "application/json")
	api.postForm("/challenge/"+w.nonce, map[string][]string{kyc.FieldPhone: {phoneTyped}}).refuses(http.StatusTooManyRequests, "access_denied")
	if c, err := g.store.Challenge(ctx, w.id); err == nil && c.Sends > 0 {
		t.Errorf("a message by %s goes out in a session by e-mail", c.Method)
	}
	w.proveAddress(kyc.FieldEmail, mailTyped)
}

func TestASessionThatFailedIsNotOpenedByAnotherMethod(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	w := g.mailed("any", "a@one.example")
	w.mail("b@two.example")
	w.mail("c@three.example")
	for range kyc.TANSends {
		for range kyc.TANTries {
			w.missed()
		}
		g.clock.advance(2 * time.Minute)
		w.resend()
	}
	g.ended(w)
	for _, m := range kyc.Methods {
		w.choose(m).leads(w.at(""))
	}
	w.get(w.at("/choose")).leads(w.at(""))
	g.ended(w)
}

func TestPromptNoneWithAChoice(t *testing.T) {
	t.Parallel()
	g := newPost(t)
	g.addAccount("mira")
	for scope, word := range map[string]string{"email": "interaction_required", "openid": "interaction_required"} {
		w := g.visitor("any", "scope", scope, "prompt", "none")
		w.home(w.get("/authorize?"+w.params.Encode()), word)
	}
	w := g.visitor("email", "scope", "email", "prompt", "none")
	w.home(w.get("/authorize?"+w.params.Encode()), "login_required")
	pushed := g.visitor("any", "scope", "email", "prompt", "none")
	pushed.home(pushed.get(pushed.push()), "interaction_required")
}

func TestMethodsWithoutASenderAreNotOffered(t *testing.T) {
	t.Parallel()
	g := newPost(t, sending(kyc.MethodEmail))
	w := g.visitor("any", "scope", "email phone address")
	w.start().leads(w.at("/choose"))
	if got := strings.Join(w.get(w.at("/choose")).offers(), " "); got != "account email" {
		t.Errorf("offered are %s", got)
	}
	w.choose(kyc.MethodPhone).wants(http.StatusBadRequest)
	lost := g.visitor("phone")
	lost.home(lost.get("/authorize?"+lost.params.Encode()), "invalid_scope")
	g.setUpWith("phone", "", `{"CONTACT_PHONE":"+41790001122","read_only":true}`).refuses(http.StatusBadRequest, "invalid_request")
	config := g.browser().get("/config").wants(http.StatusOK).json()
	if diff := cmp.Diff([]string{"swiyu", "account", "email"}, texts(config["methods"])); diff != "" {
		t.Errorf("methods (-want +got):\n%s", diff)
	}
	none := newGate(t)
	none.addProver("email", []kyc.Method{kyc.MethodEmail})
	visit := none.visitor("email")
	visit.home(visit.get("/authorize?"+visit.params.Encode()), "invalid_scope")
}
