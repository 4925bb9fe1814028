package password

import (
	"errors"
	"strings"
	"testing"
)

const (
	salt = "c29tZXNhbHQ"                                 // 8 bytes
	key  = "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4" // 32 bytes
)

var refused = map[string]string{
	"nothing":                           "",
	"a plain password":                  "correct horse battery",
	"another algorithm":                 "$argon2i$v=19$m=256,t=2,p=1$" + salt + "$" + key,
	"bcrypt":                            "$2b$12$abcdefghijklmnopqrstuuHgRmzUm8C3QyK6dM7Kxq3dPqf5Yp4K2",
	"another version":                   "$argon2id$v=16$m=256,t=2,p=1$" + salt + "$" + key,
	"no version":                        "$argon2id$m=256,t=2,p=1$" + salt + "$" + key,
	"no dollar in front":                "argon2id$v=19$m=256,t=2,p=1$" + salt + "$" + key,
	"something in front":                "x$argon2id$v=19$m=256,t=2,p=1$" + salt + "$" + key,
	"something behind":                  cheap + "$",
	"a space behind":                    cheap + " ",
	"no hash":                           "$argon2id$v=19$m=256,t=2,p=1$" + salt,
	"an empty hash":                     "$argon2id$v=19$m=256,t=2,p=1$" + salt + "$",
	"parameters in another order":       "$argon2id$v=19$t=2,m=256,p=1$" + salt + "$" + key,
	"a parameter missing":               "$argon2id$v=19$m=256,t=2$" + salt + "$" + key,
	"a parameter too many":              "$argon2id$v=19$m=256,t=2,p=1,keyid=x$" + salt + "$" + key,
	"a number with a sign":              "$argon2id$v=19$m=+256,t=2,p=1$" + salt + "$" + key,
	"a number with a leading zero":      "$argon2id$v=19$m=0256,t=2,p=1$" + salt + "$" + key,
	"a negative number":                 "$argon2id$v=19$m=256,t=-2,p=1$" + salt + "$" + key,
	"a number that is missing":          "$argon2id$v=19$m=,t=2,p=1$" + salt + "$" + key,
	"a number beyond 32 bits":           "$argon2id$v=19$m=4294967552,t=2,p=1$" + salt + "$" + key,
	"threads beyond 8 bits":             "$argon2id$v=19$m=4096,t=2,p=257$" + salt + "$" + key,
	"too much memory":                   "$argon2id$v=19$m=262145,t=2,p=1$" + salt + "$" + key,
	"too many passes":                   "$argon2id$v=19$m=256,t=17,p=1$" + salt + "$" + key,
	"no passes":                         "$argon2id$v=19$m=256,t=0,p=1$" + salt + "$" + key,
	"no threads":                        "$argon2id$v=19$m=256,t=2,p=0$" + salt + "$" + key,
	"too many threads":                  "$argon2id$v=19$m=256,t=2,p=17$" + salt + "$" + key,
	"less memory than the threads need": "$argon2id$v=19$m=31,t=2,p=4$" + salt + "$" + key,
	"a salt of 7 bytes":                 "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbA$" + key,
	"a salt of 65 bytes":                "$argon2id$v=19$m=256,t=2,p=1$" + strings.Repeat("A", 87) + "$" + key,
	"a hash of 15 bytes":                "$argon2id$v=19$m=256,t=2,p=1$" + salt + "$" + strings.Repeat("A", 20),
	"a hash of 65 bytes":                "$argon2id$v=19$m=256,t=2,p=1$" + salt + "$" + strings.Repeat("A", 87),
	"padding":                           "$argon2id$v=19$m=256,t=2,p=1$" + salt + "=$" + key,
	"the other base64":                  "$argon2id$v=19$m=256,t=2,p=1$" + salt + "$" + strings.ReplaceAll(key, "/", "_"),
	"bits after the last byte":          "$argon2id$v=19$m=256,t=2,p=1$" + salt[:10] + "R$" + key,
	"a line break in the salt":          "$argon2id$v=19$m=256,t=2,p=1$c29t\nZXNhbHQ$" + key,
	"a text that is too long":           "$argon2id$v=19$m=256,t=2,p=1$" + salt + "$" + strings.Repeat("A", 300),
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, s := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := parse(s)
			if !errors.Is(err, ErrEncoded) {
				t.Fatalf("parse(%q) = %v, %v", s, e, err)
			}
			if s != "" && strings.Contains(err.Error(), s) {
				t.Errorf("the error shows the text: %v", err)
			}
		})
	}
}

func TestParseReadsTheLeastAndTheMost(t *testing.T) {
	t.Parallel()
	for _, e := range []encoded{
		{parameters{8, 1, 1}, make([]byte, minSalt), make([]byte, minKey)},
		{parameters{maxMemory, maxTime, maxThreads}, make([]byte, maxSalt), make([]byte, maxKey)},
		{parameters{8 * maxThreads, 1, maxThreads}, make([]byte, saltSize), make([]byte, keySize)},
	} {
		got, err := parse(e.String())
		if err != nil || got.String() != e.String() || got.parameters != e.parameters {
			t.Errorf("parse(%s) = %s, %v", e, got, err)
		}
	}
}

// FuzzParse: whatever is taken for a hash is within bounds and has no other text.
func FuzzParse(f *testing.F) {
	for _, s := range refused {
		f.Add(s)
	}
	f.Add(cheap)
	f.Add(twoThreads)
	f.Add(New(nil).Dummy())
	f.Fuzz(func(t *testing.T, s string) {
		e, err := parse(s)
		if err != nil {
			if !errors.Is(err, ErrEncoded) {
				t.Errorf("refused with %v", err)
			}
			return
		}
		if e.String() != s {
			t.Errorf("%q is written %q", s, e)
		}
		if e.memory > maxMemory || e.time > maxTime || e.threads > maxThreads || e.time == 0 || e.threads == 0 ||
			e.memory < memoryPerThread*uint32(e.threads) {
			t.Errorf("%q is out of bounds", s)
		}
	})
}
