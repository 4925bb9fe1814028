package kyc_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"vouchgate/kyc"
)

func TestSettingsGoThroughTheDatabase(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]kyc.Settings{
		"none": {},
		"all": {
			Methods: []kyc.Method{kyc.MethodAccount}, AuthMethod: "private_key_jwt", GrantTypes: []string{"refresh_token"},
			Native: true, JWKS: json.RawMessage(`{"keys":[]}`), JWKSURI: "https://kiosk.example/jwks",
			Origins: []string{"https://kiosk.example"}, OmitIssuer: true, AskConsent: true, Purpose: "\"ü\" <b>\u2028",
			Operator: "Söhne AG", Retention: "720h", RefreshIdle: 1, RefreshLifetime: 876000 * time.Hour,
			Ephemeral: true, IDTokenAlg: "RS256", RequirePAR: true,
			Restrictions: kyc.Restrictions{kyc.FieldPhone: {Regex: "^\\+41", Hint: "<b>", HintI18N: map[string]string{"de": "ü"}}},
			AddressHint:  "+41", AddressValidity: time.Hour, DailyMessages: 3, StartURI: "https://kiosk.example/start",
		},
	} {
		value, err := want.Value()
		is(t, err, nil)
		for _, src := range []any{value, []byte(value.(string))} {
			var got kyc.Settings
			is(t, got.Scan(src), nil)
			same(t, name, got, want)
		}
	}
}

func TestSettingsOfAClientWithDefaultsOnlyAreKeptAsNothing(t *testing.T) {
	t.Parallel()
	value, err := kyc.Settings{}.Value()
	is(t, err, nil)
	same(t, "kept", value, any("{}"))
}

func TestWhatIsNotSettingsIsNotRead(t *testing.T) {
	t.Parallel()
	for _, src := range []any{nil, int64(1), "", "[]", "{", `{"native":"yes"}`, `{"refresh_idle":"1h"}`, []byte(`"a"`)} {
		var s kyc.Settings
		if err := s.Scan(src); err == nil {
			t.Errorf("read settings from %v", src)
		}
	}
	_, err := kyc.Settings{JWKS: json.RawMessage("{")}.Value()
	if err == nil {
		t.Error("keys that are not JSON were kept")
	}
}

func TestAClientWithoutMethodsUsesTheWallet(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		methods []kyc.Method
		uses    []kyc.Method
	}{
		{"without one", nil, []kyc.Method{kyc.MethodSwiyu}},
		{"with an empty list", []kyc.Method{}, []kyc.Method{kyc.MethodSwiyu}},
		{"with another one", []kyc.Method{kyc.MethodAccount}, []kyc.Method{kyc.MethodAccount}},
		{"with three", []kyc.Method{kyc.MethodEmail, kyc.MethodPhone, kyc.MethodSwiyu},
			[]kyc.Method{kyc.MethodSwiyu, kyc.MethodEmail, kyc.MethodPhone}},
	} {
		var got []kyc.Method
		for _, m := range append([]kyc.Method{kyc.MethodOpen, "fax"}, kyc.Methods...) {
			if (kyc.Settings{Methods: row.methods}).Uses(m) {
				got = append(got, m)
			}
		}
		same(t, row.name, got, row.uses)
	}
}

func TestSettingsOfAddressesHaveDefaults(t *testing.T) {
	t.Parallel()
	same(t, "validity", kyc.Settings{}.AddressValidFor(), 365*24*time.Hour)
	same(t, "validity that is set", kyc.Settings{AddressValidity: time.Hour}.AddressValidFor(), time.Hour)
	same(t, "messages", kyc.Settings{}.MessagesPerWindow(kyc.MethodPhone), int64(10_000))
	same(t, "letters", kyc.Settings{}.MessagesPerWindow(kyc.MethodPostalCH), int64(200))
	for _, m := range kyc.AddressMethods {
		same(t, "messages that are set", kyc.Settings{DailyMessages: 3}.MessagesPerWindow(m), int64(3))
	}
}

func TestOnlyAProofFromElsewhereIsFetched(t *testing.T) {
	t.Parallel()
	for _, m := range append([]kyc.Method{kyc.MethodOpen}, kyc.Methods...) {
		same(t, string(m), m.Visits(), m == kyc.MethodSwiyu)
	}
}

func TestWhoMayRefresh(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		types []string
		want  bool
	}{
		"a client with the grant type":         {[]string{"authorization_code", "refresh_token"}, true},
		"a client without":                     {[]string{"authorization_code"}, false},
		"a client with defaults":               {nil, false},
		"a client with a word that is like it": {[]string{"refresh_tokens", "Refresh_Token", ""}, false},
	} {
		same(t, name, kyc.Settings{GrantTypes: row.types}.MayRefresh(), row.want)
	}
}

func TestRefreshLives(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for name, row := range map[string]struct {
		idle, all         time.Duration
		wantIdle, wantAll time.Duration
	}{
		"nothing set":    {0, 0, 30 * day, 365 * day},
		"the idle life":  {time.Hour, 0, time.Hour, 365 * day},
		"the whole life": {0, time.Hour, 30 * day, time.Hour},
		"both":           {time.Minute, time.Hour, time.Minute, time.Hour},
	} {
		idle, all := kyc.Settings{RefreshIdle: row.idle, RefreshLifetime: row.all}.RefreshLives()
		same(t, "idle life with "+name+" set", idle, row.wantIdle)
		same(t, "whole life with "+name+" set", all, row.wantAll)
	}
}

func TestWhatIsReadableUntilItIsRevokedIsRefreshedForAsLong(t *testing.T) {
	t.Parallel()
	_, all := kyc.Settings{Retention: kyc.RetainUntilRevoked}.RefreshLives()
	same(t, "whole life", all, 876000*time.Hour)
	_, all = kyc.Settings{Retention: kyc.RetainUntilRevoked, RefreshLifetime: time.Hour}.RefreshLives()
	same(t, "whole life that was set", all, time.Hour)
}

func TestParseRetention(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{
		"": true, "once": true, "until-revoked": true, "1s": true, "720h": true, "1h30m": true, "1.5h": true, "876000h": true,
		"Once": false, "once ": false, "until revoked": false, "forever": false, "0": false, "0s": false, "-1h": false,
		"999ms": false, "876000h1ns": false, "9000000h": false, "30": false, "30d": false, "1y": false, " 1h": false,
		"1h\n": false, "NaN": false, "1e3h": false, strings.Repeat("9", 400) + "h": false, "1h\x00": false,
	} {
		got, err := kyc.ParseRetention(text)
		if good {
			is(t, err, nil)
			same(t, text, got, kyc.Retention(text))
			continue
		}
		is(t, err, kyc.ErrBadRetention)
		same(t, "retention of "+text, got, kyc.RetainWithTokens)
	}
}

func TestReadableFor(t *testing.T) {
	t.Parallel()
	const token, refresh = 10 * time.Minute, 90 * 24 * time.Hour
	for _, row := range []struct {
		name      string
		retention kyc.Retention
		refresh   bool
		life      time.Duration
		once      bool
	}{
		{"as long as its token", kyc.RetainWithTokens, false, token, false},
		{"as long as its refresh tokens", kyc.RetainWithTokens, true, refresh, false},
		{"once, while its token lasts", kyc.RetainOnce, false, token, true},
		{"once, while its refresh tokens last", kyc.RetainOnce, true, refresh, true},
		{"until it is revoked, but no longer than its token", kyc.RetainUntilRevoked, false, token, false},
		{"until it is revoked, but no longer than its refresh tokens", kyc.RetainUntilRevoked, true, refresh, false},
		{"shorter than its token", "1s", false, time.Second, false},
		{"shorter than its refresh tokens", "1h30m", true, 90 * time.Minute, false},
		{"no longer than its tokens", "10000h", true, refresh, false},
		{"as long as its token, for a word that cannot be read", "for ever", false, token, false},
	} {
		c := kyc.Client{TokenLifetime: token, Settings: kyc.Settings{Retention: row.retention, RefreshLifetime: refresh}}
		life, once := c.ReadableFor(row.refresh)
		same(t, "life of data readable "+row.name, life, row.life)
		same(t, "once, readable "+row.name, once, row.once)
	}
}

func FuzzParseRetention(f *testing.F) {
	for _, text := range []string{"", "once", "until-revoked", "720h", "1h1h", "-1s", "1e9h", "876000h1ns", "\xff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := kyc.ParseRetention(text)
		if err != nil {
			is(t, err, kyc.ErrBadRetention)
			return
		}
		c := kyc.Client{TokenLifetime: time.Hour, Settings: kyc.Settings{Retention: r}}
		if life, once := c.ReadableFor(false); life < time.Second || life > 876000*time.Hour || once != (r == kyc.RetainOnce) {
			t.Errorf("%q is readable for %v, once: %v", text, life, once)
		}
	})
}
