package pages

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
)

// ways lists where a page's links and buttons lead, in order, without assets and
// the choice of language.
func ways(t testing.TB, page string) (out []string) {
	t.Helper()
	for _, e := range named(readPage(t, page), "a", "form") {
		if e.attr["hreflang"] == "" {
			out = append(out, e.attr["href"]+e.attr["action"])
		}
	}
	return out
}

func TestSessionOffersWhatCanBeDone(t *testing.T) {
	t.Parallel()
	back := "https://bank.example/callback?error=access_denied&state=a%22b"
	tests := []struct {
		name   string
		status kyc.Status
		change func(*SessionPage)
		want   []string
	}{
		{"authorized opens the wallet, reloads or cancels", kyc.StatusAuthorized, nil,
			[]string{sampleDeeplink, "/session/01", "/session/01/cancel"}},
		{"authorized leads to another way", kyc.StatusAuthorized, func(s *SessionPage) { s.OtherPath = "/session/01/choose" },
			[]string{sampleDeeplink, "/session/01", "/session/01/choose", "/session/01/cancel"}},
		{"a link that is not a wallet's is scanned, not opened", kyc.StatusAuthorized,
			func(s *SessionPage) { s.Deeplink = "javascript:alert(1)" }, []string{"/session/01", "/session/01/cancel"}},
		{"verified goes to the client", kyc.StatusVerified, nil, []string{"/session/01/finish"}},
		{"verified without a way home has no link", kyc.StatusVerified,
			func(s *SessionPage) { s.FinishPath = "" }, nil},
		{"failed tries again or cancels", kyc.StatusFailed, nil, []string{"/session/01/retry", "/session/01/cancel"}},
		{"failed leads to another way", kyc.StatusFailed, func(s *SessionPage) { s.OtherPath = "/session/01/choose" },
			[]string{"/session/01/retry", "/session/01/choose", "/session/01/cancel"}},
		{"expired leads to another way", kyc.StatusExpired, func(s *SessionPage) { s.OtherPath = "/session/01/choose" },
			[]string{"/session/01/retry", "/session/01/choose", "/session/01/cancel"}},
		{"failed for good leads back only", kyc.StatusFailed,
			func(s *SessionPage) { s.AttemptsLeft, s.CanRetry, s.OtherPath = 0, false, "/session/01/choose" }, []string{back}},
		{"failed for good without a URL goes back by cancelling", kyc.StatusFailed,
			func(s *SessionPage) { s.AttemptsLeft, s.CanRetry, s.BackURL = 0, false, "" }, []string{"/session/01/cancel"}},
		{"failed and too late leads back only", kyc.StatusFailed,
			func(s *SessionPage) { s.CanRetry = false }, []string{back}},
		{"expired makes a new attempt or cancels", kyc.StatusExpired, nil, []string{"/session/01/retry", "/session/01/cancel"}},
		{"completed leads back", kyc.StatusCompleted, nil, []string{back}},
		{"completed without a URL leads nowhere", kyc.StatusCompleted, func(s *SessionPage) { s.BackURL = "" }, nil},
		{"completed lets the person withdraw", kyc.StatusCompleted,
			func(s *SessionPage) { s.WithdrawPath = "/session/01/withdraw" }, []string{back, "/session/01/withdraw"}},
		{"withdrawn is over", kyc.StatusCompleted,
			func(s *SessionPage) { s.WithdrawPath, s.Withdrawn = "/session/01/withdraw", true }, []string{back}},
		{"denied has nothing to withdraw", kyc.StatusDenied,
			func(s *SessionPage) { s.WithdrawPath = "/session/01/withdraw" }, []string{back}},
		{"denied leads back", kyc.StatusDenied, nil, []string{back}},
		{"denied leads back to an app", kyc.StatusDenied,
			func(s *SessionPage) { s.BackURL = "com.example.app:/cb?error=access_denied" },
			[]string{"com.example.app:/cb?error=access_denied"}},
		{"denied never runs a script", kyc.StatusDenied, func(s *SessionPage) { s.BackURL = "javascript:alert(1)" }, nil},
		{"pending tries again or cancels", kyc.StatusPending, nil, []string{"/session/01", "/session/01/cancel"}},
	}
	p := newPages(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := sampleSession(English, tt.status)
			if tt.change != nil {
				tt.change(&s)
			}
			page, err := p.Session(s)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, ways(t, string(page))); diff != "" {
				t.Errorf("ways out (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSessionSaysWhoAsksForWhatAndHowLong(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	page, err := p.Session(sampleSession(German, kyc.StatusAuthorized))
	if err != nil {
		t.Fatal(err)
	}
	text := words(t, string(page))
	for _, want := range []string{
		"Bestätigen Sie Ihre Angaben für Example Bank", "Example Bank bittet um:", "Vorname", "Geburtsdatum",
		"Ob Sie mindestens 18 Jahre alt sind", "Example Bank kann dies 1 Stunde lang lesen.",
		"eben selbst bei Example Bank gestartet", "Verbleibende Zeit: 13 Minuten", "Abbrechen",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("page does not say %q", want)
		}
	}
}

func TestCompletedSaysHowLongTheDetailsCanBeRead(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*SessionPage)
		want   string // the last paragraph
	}{
		{"nothing is known", func(s *SessionPage) { s.WithdrawPath = "" },
			"Example Bank has received your details. There is nothing left to do here, you can close this page."},
		{"until a moment", func(s *SessionPage) { s.ReadableUntil = &sampleTime },
			"Example Bank can read your details until 1 March 2026, 14:05 UTC."},
		{"once", func(s *SessionPage) { s.ReadableUntil, s.ReadFor = &sampleTime, ReadOnce },
			"Example Bank can read your details once, until 1 March 2026, 14:05 UTC at the latest."},
		{"until it is withdrawn", func(*SessionPage) {}, "Example Bank can read this until you withdraw it."},
		{"withdrawn", func(s *SessionPage) { s.Withdrawn, s.ReadableUntil = true, &sampleTime },
			"Example Bank can no longer read your details here. What it read before may still be kept there; " +
				"please ask Example Bank if you want it deleted."},
	}
	p := newPages(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := sampleSession(English, kyc.StatusCompleted)
			s.WithdrawPath = "/session/01/withdraw"
			tt.change(&s)
			page, err := p.Session(s)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, e := range named(readPage(t, string(page)), "p") {
				if e.parent.attr["class"] == "prose" {
					got = strings.Join(strings.Fields(e.text), " ")
				}
			}
			if got != tt.want {
				t.Errorf("page ends with %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSessionWarnsAgainstCodesFromOthers(t *testing.T) {
	t.Parallel()
	want := map[Lang]string{
		English: "only if you have just started this yourself at Example Bank", German: "eben selbst bei Example Bank gestartet",
		French: "commencer cette démarche vous-même auprès de Example Bank", Italian: "avviato personalmente questa procedura presso Example Bank",
	}
	p := newPages(t)
	for _, lang := range Languages {
		page, err := p.Session(sampleSession(lang, kyc.StatusAuthorized))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(words(t, string(page)), want[lang]) {
			t.Errorf("page in %s does not warn", lang)
		}
	}
}

func TestSessionShowsUnlabelledClaimByName(t *testing.T) {
	t.Parallel()
	s := sampleSession(French, kyc.StatusAuthorized)
	s.Claims = []string{"shoe_size"}
	page, err := newPages(t).Session(s)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(words(t, string(page)), "shoe_size") {
		t.Error("claim without a label is hidden from the person")
	}
}

func TestSessionRefreshesWithoutScriptOnlyWhereItMoves(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	want := map[kyc.Status]string{
		kyc.StatusPending: "10; url=/session/01", kyc.StatusAuthorized: "5; url=/session/01",
		kyc.StatusVerified: "2; url=/session/01/finish",
	}
	for _, status := range kyc.Statuses {
		page, err := p.Session(sampleSession(Italian, status))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, e := range named(readPage(t, string(page)), "meta") {
			if e.attr["http-equiv"] == "refresh" {
				got = e.attr["content"]
			}
		}
		if got != want[status] {
			t.Errorf("%s refreshes with %q, want %q", status, got, want[status])
		}
		if got != "" && !strings.Contains(string(page), `<noscript><meta http-equiv="refresh"`) {
			t.Errorf("%s reloads under the script too", status)
		}
	}
}

func TestSessionGivesTheScriptItsPaths(t *testing.T) {
	t.Parallel()
	page, err := newPages(t).Session(sampleSession(English, kyc.StatusAuthorized))
	if err != nil {
		t.Fatal(err)
	}
	main := named(readPage(t, string(page)), "main")[0].attr
	want := map[string]string{
		"class": "card scan", "data-status": "authorized", "data-status-url": "/session/01/status",
		"data-finish-url": "/session/01/finish",
	}
	if diff := cmp.Diff(want, main); diff != "" {
		t.Errorf("main (-want +got):\n%s", diff)
	}
	i := slices.IndexFunc(readPage(t, string(page)), func(e *element) bool { return e.attr["data-seconds"] == "812" })
	if i < 0 {
		t.Error("page does not tell the script how much time is left")
	}
}

func TestSessionRefusesWhatItCannotDraw(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	if _, err := p.Session(SessionPage{Status: "asleep"}); err == nil {
		t.Error("unknown status was drawn")
	}
	if _, err := p.Session(SessionPage{Status: kyc.StatusAuthorized}); !errors.Is(err, ErrNoDeeplink) {
		t.Errorf("authorized without deep link: %v, want ErrNoDeeplink", err)
	}
	long := SessionPage{Status: kyc.StatusAuthorized, Deeplink: "odd:" + strings.Repeat("x", 3000)}
	if _, err := p.Session(long); !errors.Is(err, ErrNoDeeplink) {
		t.Errorf("link that is neither button nor code: %v, want ErrNoDeeplink", err)
	}
	long.Deeplink = "swiyu-verify://?x=" + strings.Repeat("x", 3000)
	page, err := p.Session(long)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(page), "<figure") || !strings.Contains(string(page), long.Deeplink) {
		t.Error("a link too long for a code is not shown as a button alone")
	}
}

func TestUnknownLanguageIsEnglish(t *testing.T) {
	t.Parallel()
	page, err := newPages(t).Session(sampleSession("rm", kyc.StatusDenied))
	if err != nil {
		t.Fatal(err)
	}
	checkStructure(t, English, string(page))
}

func TestErrorNeverShowsWhatWasSent(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	page, err := p.Error(ErrorPage{
		Lang: English, Reason: ReasonBadRedirectURI, Reference: "<b>1</b>", BackURL: "javascript:alert(document.domain)",
	})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(page), "document.domain") || strings.Contains(string(page), "<b>1") {
		t.Error("error page shows what was sent")
	}
	if got := ways(t, string(page)); got != nil {
		t.Errorf("error page leads to %q", got)
	}
}

func TestErrorLeadsBackToANamelessClientByItsHost(t *testing.T) {
	t.Parallel()
	page, err := newPages(t).Error(ErrorPage{Lang: English, Reason: ReasonFinished, BackURL: "https://shop.example/cb"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(words(t, string(page)), "Back to shop.example") {
		t.Error("no link back")
	}
}

func TestErrorOffersToContinueInThisBrowser(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	for _, reason := range Reasons {
		page, err := p.Error(ErrorPage{Lang: Italian, Reason: reason, ContinuePath: "/authorize/n?a=1&b=2"})
		if err != nil {
			t.Fatal(err)
		}
		got := slices.Contains(ways(t, string(page)), "/authorize/n?a=1&b=2")
		if got != (reason == ReasonOtherBrowser) {
			t.Errorf("%s offers to continue: %v", reason, got)
		}
	}
}

func TestReasonsHaveAStatus(t *testing.T) {
	t.Parallel()
	if len(statusOf) != len(Reasons) {
		t.Errorf("%d statuses for %d reasons", len(statusOf), len(Reasons))
	}
	for _, r := range Reasons {
		if status := r.Status(); status < 400 || status > 599 {
			t.Errorf("%s has status %d", r, status)
		}
	}
	if got := Reason("new").Status(); got != 500 {
		t.Errorf("unknown reason has status %d, want 500", got)
	}
}

func TestDurationsInWords(t *testing.T) {
	t.Parallel()
	tests := []struct {
		d    time.Duration
		lang Lang
		want string
	}{
		{time.Second, German, "1 Sekunde"},
		{500 * time.Millisecond, English, "1 second"},
		{time.Minute, English, "1 minute"},
		{61 * time.Second, English, "2 minutes"},
		{time.Hour, German, "1 Stunde"},
		{90 * time.Minute, English, "1 hour and 30 minutes"},
		{24 * time.Hour, French, "1 jour"},
		{25*time.Hour + time.Second, Italian, "1 giorno e 2 ore"},
		{30 * 24 * time.Hour, German, "30 Tage"},
		{0, French, "0 seconde"},
		{0, Italian, "0 secondi"},
	}
	p := newPages(t)
	for _, tt := range tests {
		if got := p.catalogue[tt.lang].duration(tt.d); got != tt.want {
			t.Errorf("%v in %s: %q, want %q", tt.d, tt.lang, got, tt.want)
		}
	}
	for seconds, want := range map[int64]string{59: "59 seconds", 60: "1 minute", 119: "1 minute", 899: "14 minutes", 3600: "1 hour"} {
		if got := p.catalogue[English].timeLeft(seconds); got != want {
			t.Errorf("%d s left: %q, want %q", seconds, got, want)
		}
	}
}
