package password_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"

	"vouchgate/server/password"
)

// A password that was set is known again, another one is not.
func ExampleHasher() {
	h := password.New(rand.Reader)
	hash, err := h.Hash(context.Background(), "correct horse battery")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, typed := range []string{"correct horse battery", "incorrect horse battery"} {
		ok, stale, err := h.Verify(context.Background(), hash, typed)
		fmt.Println(ok, stale, err)
	}
	// Output:
	// true false <nil>
	// false false <nil>
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		password string
		want     error
	}{
		"ten letters are enough":                         {"abcdefghij", nil},
		"nine are not":                                   {"abcdefghi", password.ErrTooShort},
		"nothing is not":                                 {"", password.ErrTooShort},
		"ten letters of two bytes are enough":            {strings.Repeat("é", 10), nil},
		"nine letters of two bytes are not":              {strings.Repeat("é", 9), password.ErrTooShort},
		"accents that are typed apart do not count":      {strings.Repeat("e\u0301", 9), password.ErrTooShort},
		"one sign for a whole phrase counts as one":      {"\ufdfa", password.ErrTooShort},
		"spaces count":                                   {"a b c d e ", nil},
		"digits alone will do, as length is what counts": {"3141592653", nil},
		"1024 bytes are not too long":                    {strings.Repeat("x", 1024), nil},
		"1025 bytes are":                                 {strings.Repeat("x", 1025), password.ErrLength},
		"1026 bytes are, in few characters too":          {strings.Repeat("€", 342), password.ErrLength},
		"what is not UTF-8 is no text":                   {"abcdefghij\xff", password.ErrNotText},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := password.Check(row.password); !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
		})
	}
}
