package pages

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
)

func drawPin(t testing.TB, n PinPage) string {
	t.Helper()
	page, err := newPages(t).Pin(n)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func TestPinAsksForTheCodeInAWayThatPhonesFillIn(t *testing.T) {
	t.Parallel()
	want := map[string]map[string]string{
		"csrf": {"type": "hidden", "name": "csrf", "value": sampleCSRF},
		"pin": {
			"id": "pin", "name": "pin", "class": "tan", "type": "text", "inputmode": "numeric", "pattern": `[\s\d\p{Pd}]*`,
			"title": "Code with 8 digits", "maxlength": "40", "autocomplete": "one-time-code", "autocorrect": "off",
			"spellcheck": "false", "required": "required", "aria-describedby": "pin-hint", "autofocus": "autofocus",
		},
	}
	n := samplePin(English, kyc.MethodPhone)
	if diff := cmp.Diff(want, entries(t, drawPin(t, n), "/session/01/pin")); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	n.Method = kyc.MethodPostal
	if got := entries(t, drawPin(t, n), "/session/01/pin")["pin"]; got["autofocus"] != "" {
		t.Error("the entry draws a person past what is said about letters")
	}
}

func TestPinSaysHowFarTheMessageHasCome(t *testing.T) {
	t.Parallel()
	tests := []struct {
		method   kyc.Method
		delivery kyc.Delivery
		want     string
	}{
		{kyc.MethodEmail, kyc.DeliveryNone, ""},
		{kyc.MethodEmail, kyc.DeliveryQueued, "The e-mail is being sent …"},
		{kyc.MethodEmail, kyc.DeliverySent, "Sent. If this address exists, the message arrives within a few minutes. Please look in the spam folder, too."},
		{kyc.MethodPhone, kyc.DeliverySent, "Sent. If this number exists, the text message arrives within a few minutes."},
		{kyc.MethodPhone, kyc.DeliveryRefused, "Sent. If this number exists, the text message arrives within a few minutes."},
		{kyc.MethodPhone, kyc.DeliveryDelayed, "Sending takes longer than usual. We keep trying."},
		{kyc.MethodPostal, kyc.DeliveryQueued, "The letter is being ordered …"},
		{kyc.MethodPostalCH, kyc.DeliverySent, "The letter is on its way. If this address exists, it arrives in a few days."},
		{kyc.MethodPostalCH, kyc.DeliveryFailed, "The letter could not be sent. Please check the address."},
	}
	for _, tt := range tests {
		t.Run(string(tt.method)+" "+string(tt.delivery), func(t *testing.T) {
			t.Parallel()
			n := samplePin(English, tt.method)
			n.Delivery, n.Address = tt.delivery, []string{"Anna", "Bern"}
			for _, e := range readPage(t, drawPin(t, n)) {
				if _, ok := e.attr["data-line"]; !ok {
					continue
				}
				if e.text != tt.want || e.attr["role"] != "status" {
					t.Errorf("line with role %q says %q, want %q", e.attr["role"], e.text, tt.want)
				}
				if told := e.attr["data-"+string(tt.delivery.Shown())]; told != tt.want {
					t.Errorf("the script would say %q, want %q", told, tt.want)
				}
				if _, ok := e.attr["data-refused"]; ok {
					t.Error("the page knows which addresses are refused")
				}
				return
			}
			t.Error("no line for the delivery")
		})
	}
}

func TestPinTellsWhatWentWrong(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*PinPage)
		title  string
		says   string // in the alert
		focus  string
		wrong  bool // the entry is marked
	}{
		{"nothing on the first visit", func(*PinPage) {}, "Enter the code", "", "pin", false},
		{"a wrong code is typed again", func(n *PinPage) { n.Fault, n.TriesLeft = PinWrong, 1 },
			"Wrong code", "This code is not right. Please check it and enter it again.", "pin", true},
		{"a wrong code was the last try", func(n *PinPage) { n.Fault, n.TriesLeft = PinWrong, 0 },
			"Wrong code", "The last code can no longer be used.", "fault", false},
		{"what cannot be a code costs nothing", func(n *PinPage) { n.Fault = PinMalformed },
			"Check the code", "The code has 8 digits.", "pin", true},
		{"the time is over", func(n *PinPage) { n.Fault, n.TriesLeft = PinExpired, 0 },
			"The code has expired", "Please ask for a new one.", "fault", false},
		{"another message too early", func(n *PinPage) { n.Fault = PinTooSoon },
			"Please wait a little", "It is too early for another message.", "fault", false},
		{"too many messages today", func(n *PinPage) { n.Fault = PinLimited },
			"Nothing was sent", "Please try again later.", "fault", false},
		{"a fault without words is none", func(n *PinPage) { n.Fault = "odd" }, "Enter the code", "", "pin", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := samplePin(English, kyc.MethodEmail)
			tt.change(&n)
			var alert, focus string
			all := readPage(t, drawPin(t, n))
			for _, e := range all {
				if e.attr["role"] == "alert" {
					alert = strings.Join(strings.Fields(e.text), " ")
				}
				if e.attr["autofocus"] != "" {
					focus = e.attr["id"]
				}
				if e.attr["id"] != "pin" {
					continue
				}
				described := strings.HasPrefix(e.attr["aria-describedby"], "fault ")
				if (e.attr["aria-invalid"] != "") != tt.wrong || described != tt.wrong {
					t.Errorf("the entry is %v, want it marked: %v", e.attr, tt.wrong)
				}
			}
			if (alert == "") != (tt.says == "") || !strings.Contains(alert, tt.says) {
				t.Errorf("alert is %q, want %q", alert, tt.says)
			}
			if title := named(all, "title")[0].text; !strings.HasPrefix(title, tt.title) || focus != tt.focus {
				t.Errorf("title is %q and the focus on %q, want %q and %q", title, focus, tt.title, tt.focus)
			}
		})
	}
}

func TestPinOffersWhatIsLeft(t *testing.T) {
	t.Parallel()
	pin, again, change, cancel := "/session/01/pin", "/session/01/resend", "/session/01/address", "/session/01/cancel"
	tests := []struct {
		name   string
		change func(*PinPage)
		ways   []string
		says   string
	}{
		{"everything", func(*PinPage) {}, []string{pin, again, change, cancel},
			"The code is valid for 15 minutes. You have 3 tries left for this code."},
		{"another method", func(n *PinPage) { n.OtherPath = "/session/01/choose" },
			[]string{pin, again, change, "/session/01/choose", cancel}, "Choose another way"},
		{"no other message", func(n *PinPage) { n.SendsLeft = 0 }, []string{pin, change, cancel}, "No other e-mail can be sent to this address."},
		{"one more message", func(n *PinPage) { n.SendsLeft = 1 }, []string{pin, again, change, cancel},
			"Then only the code in the newest e-mail counts. This is possible 1 more time."},
		{"no other address", func(n *PinPage) { n.ChangesLeft = 0 }, []string{pin, again, cancel}, "Send another e-mail"},
		{"a fixed address", func(n *PinPage) { n.ChangePath = "" }, []string{pin, again, cancel}, "Send another e-mail"},
		{"no code to enter", func(n *PinPage) { n.TriesLeft = 0 }, []string{again, change, cancel}, "The last code can no longer be used."},
		{"nothing but another address", func(n *PinPage) { n.TriesLeft, n.SendsLeft = 0, 0 }, []string{change, cancel},
			"The last code can no longer be used."},
		{"no way to cancel", func(n *PinPage) { n.CancelPath = "" }, []string{pin, again, change}, "Send another e-mail"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := samplePin(English, kyc.MethodEmail)
			tt.change(&n)
			page := drawPin(t, n)
			if diff := cmp.Diff(tt.ways, ways(t, page)); diff != "" {
				t.Errorf("ways out (-want +got):\n%s", diff)
			}
			if text := words(t, page); !strings.Contains(text, tt.says) {
				t.Errorf("page says %q, want %q", text, tt.says)
			}
		})
	}
}

func TestPinCountsDownOnlyUnderTheScript(t *testing.T) {
	t.Parallel()
	n := samplePin(German, kyc.MethodEmail)
	n.ResendIn = 61
	page := drawPin(t, n)
	if text := words(t, page); !strings.Contains(text, "Möglich in: 2 Minuten") {
		t.Errorf("page says %q", text)
	}
	var timer, ready *element
	for _, e := range readPage(t, page) {
		if e.attr["data-resend"] == "61" {
			timer = e
		}
		if e.attr["data-ready"] != "" {
			ready = e
		}
		if _, ok := e.attr["disabled"]; ok {
			t.Error("without script the button would never work")
		}
	}
	if timer == nil || timer.attr["role"] != "timer" || ready == nil || ready.attr["role"] != "status" || ready.text != "" {
		t.Errorf("timer is %+v, line for its end %+v", timer, ready)
	}
	n.ResendIn = 0
	if page := drawPin(t, n); strings.Contains(page, "data-resend") || strings.Contains(words(t, page), "Möglich in") {
		t.Error("page counts down to nothing")
	}
}

func TestPinFollowsTheSessionButNeverReloadsByItself(t *testing.T) {
	t.Parallel()
	page := drawPin(t, samplePin(English, kyc.MethodEmail))
	want := map[string]string{
		"class": "card entry", "data-status": "authorized", "data-status-url": "/session/01/status", "data-self-url": "/session/01/pin",
	}
	if diff := cmp.Diff(want, named(readPage(t, page), "main")[0].attr); diff != "" {
		t.Errorf("main (-want +got):\n%s", diff)
	}
	if strings.Contains(page, "http-equiv") {
		t.Error("page reloads while somebody types")
	}
}

func TestPinTellsWhatToKnowAboutALetter(t *testing.T) {
	t.Parallel()
	n := samplePin(English, kyc.MethodPostalCH)
	n.Address, n.ExpiresAt = []string{"Anna Muster", "Beispielgasse 1", "3000 Bern"}, &sampleTime
	text := words(t, drawPin(t, n))
	for _, want := range []string{
		"The letter goes to: Anna MusterBeispielgasse 13000 Bern", "A letter usually takes two to five working days.",
		"open its link or scan its QR code to come back here", "The code is valid until 1 March 2026, 14:05 UTC.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("page does not say %q: %q", want, text)
		}
	}
	n.ExpiresAt = nil
	if text := words(t, drawPin(t, n)); strings.Contains(text, "valid") {
		t.Errorf("page says until when the code is valid, which it does not know: %q", text)
	}
}

func TestPinHasPagesForAddressesOnly(t *testing.T) {
	t.Parallel()
	for _, m := range []kyc.Method{kyc.MethodOpen, kyc.MethodSwiyu, kyc.MethodAccount, "telepathy"} {
		if _, err := newPages(t).Pin(samplePin(English, m)); err == nil {
			t.Errorf("page for %q was drawn", m)
		}
	}
}
