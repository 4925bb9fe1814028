package password

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrEncoded says that a text is not the hash of a password, or not one that is
// worth its cost. It shows nothing of the text.
var ErrEncoded = errors.New("not an argon2id hash that can be used")

// parameters are the cost of a hash (RFC 9106, section 3.1).
type parameters struct {
	memory  uint32 // KiB
	time    uint32 // passes
	threads uint8
}

// encoded is a hash with all that is needed to make it again.
type encoded struct {
	parameters
	salt, key []byte
}

// What a hash that comes from outside, such as with imported accounts, may cost
// and how long its parts may be.
const (
	maxEncoded           = 256
	maxMemory            = 256 << 10 // KiB
	maxTime              = 16
	maxThreads           = 16
	minSalt, maxSalt     = 8, 64
	minKey, maxKey       = 16, 64
	memoryPerThread      = 8 // KiB at least
	algorithm, oneFormat = "argon2id", "v=19"
)

// String returns the PHC string form, as described by the Password Hashing
// Competition: $argon2id$v=19$m=KiB,t=passes,p=threads$salt$hash, in base64
// without padding.
func (e encoded) String() string {
	return fmt.Sprintf("$%s$%s$m=%d,t=%d,p=%d$%s$%s", algorithm, oneFormat, e.memory, e.time, e.threads,
		text.EncodeToString(e.salt), text.EncodeToString(e.key))
}

// text is the base64 of the PHC form, which has one text for the same bytes.
var text = base64.RawStdEncoding.Strict()

// parse reads what String returns. Everything else is ErrEncoded.
func parse(s string) (encoded, error) {
	if len(s) > maxEncoded {
		return encoded{}, ErrEncoded
	}
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != algorithm || parts[2] != oneFormat {
		return encoded{}, ErrEncoded
	}
	p, ok := parseParameters(parts[3])
	if !ok {
		return encoded{}, ErrEncoded
	}
	salt, ok1 := parseBytes(parts[4], minSalt, maxSalt)
	key, ok2 := parseBytes(parts[5], minKey, maxKey)
	if !ok1 || !ok2 {
		return encoded{}, ErrEncoded
	}
	return encoded{p, salt, key}, nil
}

func parseParameters(s string) (parameters, bool) {
	parts := strings.Split(s, ",")
	if len(parts) != 3 {
		return parameters{}, false
	}
	threads, ok1 := parseNumber(parts[2], "p=", 1, maxThreads)
	memory, ok2 := parseNumber(parts[0], "m=", memoryPerThread*threads, maxMemory)
	time, ok3 := parseNumber(parts[1], "t=", 1, maxTime)
	return parameters{memory: memory, time: time, threads: uint8(threads)}, ok1 && ok2 && ok3
}

// parseNumber reads a number as it is usually written, without sign or leading
// zeros.
func parseNumber(s, name string, least, most uint32) (uint32, bool) {
	digits, ok := strings.CutPrefix(s, name)
	n, err := strconv.ParseUint(digits, 10, 32)
	if !ok || err != nil || digits[0] == '0' || n < uint64(least) || n > uint64(most) {
		return 0, false
	}
	return uint32(n), true
}

// parseBytes reads base64. Line breaks, which the decoder would pass over, are
// refused.
func parseBytes(s string, least, most int) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	b, err := text.DecodeString(s)
	return b, err == nil && len(b) >= least && len(b) <= most
}
