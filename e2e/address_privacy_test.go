package e2e_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vouchgate/e2e"
)

// indiscreet is a helper that tells all that it knows, and writes down which words
// any process on this machine was started with and what it finds around itself.
const indiscreet = `
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\000' ' ' >> '%[1]s'/arguments
env >> '%[1]s'/environment
printf '%%s\n' "cannot send: $message" >&2
`

// secretsOf are what must be nowhere of a message: its address and the code in its
// link. They are searched as they are; TANs need a rule of their own.
func secretsOf(found canaries, sent e2e.Sent) {
	for name, value := range sent.Address {
		if name != "ADDRESS_COUNTRY" && name != "CONTACT_NAME" {
			found[name+" "+sent.ID] = strings.TrimPrefix(value, "+41")
		}
	}
	if sent.LetterCode != "" {
		found["letter code "+sent.ID] = sent.LetterCode
		found["bare letter code "+sent.ID] = strings.ReplaceAll(sent.LetterCode, "-", "")
	}
}

// tans are TANs that must not be found.
type tans map[string]bool

func tansOf(sent []e2e.Sent) tans {
	all := tans{}
	for _, m := range sent {
		all[m.TAN] = true
	}
	return all
}

// in says whether one of the TANs is in some bytes, as it is typed or printed, but
// not as a part of something else that has digits: those are of ids and hashes.
func (all tans) in(text []byte) bool {
	var before string // the word that ended one space ago
	for i := 0; i < len(text); i++ {
		from := i
		for i < len(text) && wordByte(text[i]) {
			i++
		}
		if size := i - from; size == 4 || size == 8 || size == 9 {
			word := strings.ReplaceAll(string(text[from:i]), "-", "")
			if all[word] || size == 4 && all[before+word] {
				return true
			}
			before = word
		} else {
			before = ""
		}
		if i < len(text) && text[i] != ' ' {
			before = ""
		}
	}
	return false
}

// wordByte says whether a byte is one of those that ids, hashes and TANs are made of.
func wordByte(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F' || b == '-'
}

func TestTheSearchForTANsFindsThem(t *testing.T) {
	t.Parallel()
	all := tansOf([]e2e.Sent{{TAN: "01234567"}, {TAN: "89012345"}})
	for in, want := range map[string]bool{
		"01234567": true, `"tan":"89012345"`: true, "0123 4567.": true, "pin=0123-4567&": true, "code 01234567\n": true,
		"7 0123 4567": true, "012345678": false, "a01234567": false, "12345678": false, "01234567-89ab": false, "0123\n4567": false,
	} {
		if all.in([]byte(in)) != want {
			t.Errorf("in %q it is found: %t", in, !want)
		}
	}
}

// noted is a stage on which everything is noted down.
type noted struct {
	*addressStage
	dir      string
	client   e2e.Client
	browsers []*e2e.Browser
}

func newNoted(t *testing.T, e e2e.Engine) *noted {
	t.Helper()
	n := &noted{dir: t.TempDir()}
	n.addressStage = &addressStage{outbox: e2e.NewOutbox(t)}
	helper := n.outbox.Helper(t, fmt.Sprintf(indiscreet, n.dir))
	n.stage = newStage(t, e, append(e2e.HelperFlags(helper), "--log-level", "debug")...)
	n.client = n.addressStage.client(t, "shop", "email", "--method", "phone", "--method", "postal", "--method", "postal-ch", "--token-lifetime", "2h")
	return n
}

func (n *noted) browser() *e2e.Browser {
	b := e2e.NewBrowser()
	n.browsers = append(n.browsers, b)
	return b
}

// walks proves an address by every method, with everything that can go wrong.
func (n *noted) walks(t *testing.T, ctx context.Context, live func()) {
	t.Helper()
	scopes := map[string]string{"email": "email", "phone": "phone", "postal": "address", "postal-ch": "address"}
	var open []func()
	for _, method := range addressMethods {
		b, p := n.browser(), newPlace(method)
		page := n.begin(t, ctx, n.client, b, "scope", scopes[method])
		if strings.HasSuffix(page.URL.Path, "/choose") {
			page = must[e2e.Page](t)(b.Submit(ctx, page, "/choose", "method", method))
		}
		at(t, must[e2e.Page](t)(b.Submit(ctx, page, "/address", malformed(p)...)), http.StatusUnprocessableEntity, "address")
		page, sent := n.order(t, ctx, b, page, p)
		check(t, b.AwaitDelivery(ctx, n.URL, sent.ID, "sent"))
		page = must[e2e.Page](t)(b.Submit(ctx, page, "/pin", "pin", other(sent.TAN)))
		open = append(open, func() {
			if method == "postal-ch" { // read elsewhere
				b = n.browser()
				must[e2e.Page](t)(b.Get(ctx, sent.Link))
				page = n.begin(t, ctx, n.client, b, "scope", "address")
			}
			home := must[e2e.Page](t)(b.Submit(ctx, page, "/pin", "pin", sent.TAN))
			isProved(t, must[e2e.Answer](t)(n.client.Read(ctx, n.URL, homeWithCode(t, home))), p)
		})
	}
	fixed := newPlace("email")
	app, _ := n.web(t, ctx, n.client, fixed.json(t, true))
	check(t, must[e2e.Answer](t)(app.Challenge(ctx)).Good())
	sent := must[e2e.Sent](t)(n.outbox.To(ctx, fixed.mark, 1))
	for range 5 {
		must[e2e.Answer](t)(app.Solve(ctx, other(sent.TAN)))
	}
	live()
	for _, finish := range open {
		finish()
	}
}

// malformed is a place with something in its fields that makes it none.
func malformed(p place) (fields []string) {
	for i, value := range p.typed() {
		if i%2 == 1 && value != "DE" {
			value += "\x01!"
		}
		fields = append(fields, value)
	}
	return fields
}

func TestNoTANAndNoAddressStaysBehind(t *testing.T) {
	t.Parallel()
	e2e.OnBoth(t, func(t *testing.T, e e2e.Engine) {
		n, ctx := newNoted(t, e), e2e.Patient(t)
		n.walks(t, ctx, func() {
			n.hashes(t)
			n.silent(t, "while TANs can be entered", false)
		})
		check(t, n.webhooks.Await(ctx, func(events []e2e.Event) bool { return len(events) >= 4 }))
		for _, event := range n.webhooks.Events() {
			idsOnly(t, event)
		}
		n.silent(t, "after the proofs", true)
		n.asked(t)
		n.around(t)
	})
}

// silent searches all that is kept for what was sent.
func (n *noted) silent(t *testing.T, when string, thoroughly bool) {
	t.Helper()
	sent, found := n.outbox.All(), canaries{}
	for _, m := range sent {
		secretsOf(found, m)
	}
	all := tansOf(sent)
	for _, m := range sent {
		if !all.in([]byte(m.Text)) || len(found.find([]byte(fmt.Sprint(m.Address)))) == 0 {
			t.Fatal("not even a message is found")
		}
	}
	search := func(where string, in []byte) {
		if names := found.find(in); len(names) > 0 {
			t.Errorf("%s, %s: found %v", when, where, names)
		}
		if all.in(in) {
			t.Errorf("%s, %s: found a TAN", when, where)
		}
		for _, m := range sent {
			if bytes.Contains(in, []byte(hex.EncodeToString([]byte(m.TAN)))) {
				t.Errorf("%s, %s: found a TAN in hexadecimal digits", when, where)
			}
		}
	}
	n.everywhere(t, thoroughly, search)
	arguments, err := os.ReadFile(filepath.Join(n.dir, "arguments"))
	if err != nil || !bytes.Contains(arguments, []byte("serve")) {
		t.Fatalf("the arguments of processes were not read: %v", err)
	}
	search("the arguments of processes", arguments)
	if !strings.Contains(n.Log.String(), "cannot send") {
		t.Error("what helpers say is not in the log")
	}
}

// hashes tries to find the TANs by hashes that everybody can make.
func (n *noted) hashes(t *testing.T) {
	t.Helper()
	kept := map[string][]byte{}
	db := n.Data.Open(t)
	rows := must[*sql.Rows](t)(db.Query("SELECT session_id, tan_hash FROM tan_challenges WHERE tan_hash IS NOT NULL"))
	defer rows.Close()
	for rows.Next() {
		var id any
		var hash []byte
		check(t, rows.Scan(&id, &hash))
		if raw, ok := id.([]byte); ok && len(raw) == 16 {
			id = fmt.Sprintf("%x-%x-%x-%x-%x", raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:])
		}
		kept[fmt.Sprint(id)] = hash
	}
	if len(kept) != len(addressMethods)+1 {
		t.Errorf("%d TANs are kept", len(kept))
	}
	for _, m := range n.outbox.All() {
		hash := kept[m.ID]
		if len(hash) < sha256.Size {
			t.Errorf("session %s has a hash of %d bytes", m.ID, len(hash))
		}
		for _, guess := range []string{m.TAN, m.TAN[:4] + " " + m.TAN[4:], m.ID + m.TAN, m.TAN + m.ID, m.To + m.TAN, m.TAN + m.To} {
			if sum := sha256.Sum256([]byte(guess)); bytes.Contains(hash, sum[:16]) {
				t.Error("a TAN is kept as a plain hash, of which there are few enough to try them all")
			}
		}
	}
}

// asked looks at the URLs that browsers have asked for.
func (n *noted) asked(t *testing.T) {
	t.Helper()
	found := canaries{}
	for _, m := range n.outbox.All() {
		m.LetterCode = "" // which is what the link of a letter is
		secretsOf(found, m)
	}
	all, total := tansOf(n.outbox.All()), 0
	for _, b := range n.browsers {
		for _, u := range b.Visited() {
			total++
			if names := found.find([]byte(u)); len(names) > 0 || all.in([]byte(u)) {
				t.Errorf("a URL holds %v or a TAN", names)
			}
		}
	}
	if total < 20 {
		t.Errorf("browsers have asked for %d URLs only", total)
	}
}

// around looks at what helpers find in their environment, and at what is left of
// challenges.
func (n *noted) around(t *testing.T) {
	t.Helper()
	environment, err := os.ReadFile(filepath.Join(n.dir, "environment"))
	check(t, err)
	for line := range strings.Lines(string(environment)) {
		name, _, _ := strings.Cut(line, "=")
		switch name {
		case "PATH", "LANG", "PWD", "OLDPWD", "SHLVL", "_":
		default:
			t.Errorf("helpers get %s", name)
		}
	}
	db := n.Data.Open(t)
	left := e2e.Count(t, db, `SELECT count(*) FROM tan_challenges c JOIN verification_sessions s ON s.id = c.session_id
		WHERE s.status <> 'authorized' AND (c.tan_hash IS NOT NULL OR c.sealed_address IS NOT NULL OR c.letter_hash IS NOT NULL
			OR c.sealed_message IS NOT NULL)`)
	if left != 0 {
		t.Errorf("%d challenges hold something of sessions that have moved on", left)
	}
}
