package kyc_test

import (
	"testing"
	"time"

	"vouchgate/kyc"
)

func TestListsAndPathsGoThroughTheDatabase(t *testing.T) {
	t.Parallel()
	for _, want := range []kyc.Strings{{}, {"a"}, {"<b>", "\"", "ü", ""}} {
		value, err := want.Value()
		is(t, err, nil)
		for _, src := range []any{value, []byte(value.(string))} {
			var got kyc.Strings
			is(t, got.Scan(src), nil)
			same(t, "list", got, want)
		}
	}
	for _, want := range []kyc.Paths{{}, {"birth_place": {"place", "name"}}} {
		value, err := want.Value()
		is(t, err, nil)
		for _, src := range []any{value, []byte(value.(string))} {
			var got kyc.Paths
			is(t, got.Scan(src), nil)
			same(t, "paths", got, want)
		}
	}
}

func TestNoListIsKeptAsAnEmptyOne(t *testing.T) {
	t.Parallel()
	list, err := kyc.Strings(nil).Value()
	is(t, err, nil)
	same(t, "list", list, any("[]"))
	paths, err := kyc.Paths(nil).Value()
	is(t, err, nil)
	same(t, "paths", paths, any("{}"))
}

func TestWhatIsNotAListIsNotRead(t *testing.T) {
	t.Parallel()
	for _, src := range []any{nil, int64(1), "", "{}", "[1]", "[", []byte(`"a"`)} {
		var list kyc.Strings
		if err := list.Scan(src); err == nil {
			t.Errorf("read a list from %v", src)
		}
		var paths kyc.Paths
		if err := paths.Scan(src); err == nil && src != "{}" {
			t.Errorf("read paths from %v", src)
		}
	}
}

func TestGrantsAndTokensLiveUntilTheyEndOrAreRevoked(t *testing.T) {
	t.Parallel()
	end := noon.Add(time.Hour)
	for _, row := range []struct {
		name    string
		revoked *time.Time
		now     time.Time
		want    bool
	}{
		{"just before the end", nil, end.Add(-1), true},
		{"at the end", nil, end, false},
		{"after the end", nil, end.Add(1), false},
		{"revoked", at(noon), noon, false},
		{"revoked later by another clock", at(end), noon, false},
	} {
		same(t, "grant "+row.name, kyc.Grant{ExpiresAt: end, RevokedAt: row.revoked}.Live(row.now), row.want)
		same(t, "token "+row.name, kyc.Token{ExpiresAt: end, RevokedAt: row.revoked}.Live(row.now), row.want)
	}
}

func TestAClientIsEnabledUntilItIsDisabled(t *testing.T) {
	t.Parallel()
	same(t, "enabled", kyc.Client{}.Enabled(), true)
	same(t, "disabled", kyc.Client{DisabledAt: at(noon)}.Enabled(), false)
}
