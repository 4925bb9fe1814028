package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"vouchgate/kyc"
	"vouchgate/server/keyed"
	"vouchgate/store"
	"vouchgate/verify/address"
)

type addressCmd struct {
	Show   addressShowCmd   `cmd:"" help:"Show what was counted of an address: sessions that sent a TAN there, and TANs that were entered."`
	Unlock addressUnlockCmd `cmd:"" help:"Forget those counts, so that the address can be proved again at once."`
}

const addressHelp = "The address is read from standard input, or from --file, because every process on the machine can read arguments; " +
	"it is never printed. E-mail addresses and phone numbers are a line, postal addresses the lines below the name; for postal, " +
	"the last line is the country in two letters. Counts are over all sessions and clients, and begin anew 24 hours after the first."

// addressFile says of which address something is asked.
type addressFile struct {
	regionSettings `embed:""`
	Method         string `required:"" placeholder:"METHOD" help:"email, phone, postal or postal-ch."`
	File           string `default:"-" placeholder:"FILE" help:"Take the address from a file (default standard input)."`
}

// maxAddressFile is more than an address may have, in bytes.
const maxAddressFile = 4 << 10

// read returns the address in its one form.
func (c addressFile) read(p *program, f *faults) kyc.Address {
	method := kyc.Method(c.Method)
	if !slices.Contains(kyc.AddressMethods, method) {
		f.add("method", "must be one of: %s", words(kyc.AddressMethods, ", "))
		return kyc.Address{}
	}
	content, err := readFile(c.File, p.stdin, maxAddressFile)
	if err != nil {
		f.check("file", err)
		return kyc.Address{}
	}
	read, err := address.Reader{Region: c.PhoneRegion}.Read(method, fieldsOf(method, strings.TrimSpace(string(content))))
	f.check("address", err) // names the field, never what it holds
	return read
}

// fieldsOf takes an address from the form that addressHelp describes. Whom a letter
// is for does not count.
func fieldsOf(m kyc.Method, text string) map[string]string {
	switch m {
	case kyc.MethodEmail:
		return map[string]string{kyc.FieldEmail: text}
	case kyc.MethodPhone:
		return map[string]string{kyc.FieldPhone: text}
	}
	lines, country := text, "CH"
	if m == kyc.MethodPostal {
		end := strings.LastIndex(text, "\n") + 1
		lines, country = text[:end], strings.ToUpper(text[end:])
	}
	return map[string]string{kyc.FieldName: "Name", kyc.FieldLines: lines, kyc.FieldCountry: country}
}

// countView is how often something happened in the present window.
type countView struct {
	Count int64      `json:"count"`
	Most  int64      `json:"limit"`
	Since *time.Time `json:"since,omitempty"`
	Until *time.Time `json:"until,omitempty"` // the count begins anew then
}

func (v countView) full() bool { return v.Count >= v.Most }

// String says how far the count is, and of which window.
func (v countView) String() string {
	text := fmt.Sprintf("%d of %d", v.Count, v.Most)
	if v.Since != nil {
		text += fmt.Sprintf(", since %s, until %s", at(v.Since), at(v.Until))
	}
	return text
}

// addressCounts is how an address is printed: without the address.
type addressCounts struct {
	Method   kyc.Method `json:"method"`
	Counted  bool       `json:"counted"` // whether the address is known in the present window
	Sessions countView  `json:"sessions"`
	Tries    countView  `json:"tries"`
	Locked   bool       `json:"locked"`
}

// What is said of an address. One of which nothing was counted is often mistyped.
const (
	notCounted = "nothing was counted of this address; enter it as the person did"
	unlocked   = "the address can be proved again: a new session begins with its whole number of tries"
)

// countKeys are the keys under which an address is counted.
type countKeys struct{ sessions, tries []byte }

func (p *program) countKeys(ctx context.Context, s *storage, a kyc.Address) (countKeys, error) {
	tans, err := p.tans(ctx, s)
	if err != nil {
		return countKeys{}, err
	}
	hash := tans.Address(a)
	return countKeys{tans.Sessions(hash), tans.Tries(hash)}, nil
}

// tans returns the keyed hashes under which a storage counts.
func (p *program) tans(ctx context.Context, s *storage) (keyed.Tans, error) {
	mac, err := keyed.New(keyed.TansName, s.store, s.ring, p.rand).MAC(ctx)
	if err != nil {
		return keyed.Tans{}, err
	}
	return keyed.NewTans(mac), nil
}

// counted reads a count; one of a window that has ended is none.
func (p *program) counted(ctx context.Context, s *storage, key []byte, most int64) (countView, error) {
	v := countView{Most: most}
	n, since, err := s.store.Counted(ctx, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return v, nil
	case err != nil:
		return v, err
	}
	if until := since.Add(kyc.TANWindow); p.now().Before(until) {
		v.Count, v.Since, v.Until = n, &since, &until
	}
	return v, nil
}

// addressCounts reads what was counted of an address.
func (p *program) addressCounts(ctx context.Context, s *storage, m kyc.Method, keys countKeys) (addressCounts, error) {
	v := addressCounts{Method: m}
	var err error
	if v.Sessions, err = p.counted(ctx, s, keys.sessions, kyc.AddressSessions); err != nil {
		return v, err
	}
	if v.Tries, err = p.counted(ctx, s, keys.tries, kyc.AddressTries); err != nil {
		return v, err
	}
	v.Counted = v.Sessions.Count > 0 || v.Tries.Count > 0
	v.Locked = v.Sessions.full() || v.Tries.full()
	return v, nil
}

// withCounts opens the storage and reads what was counted of the address that was
// given.
func (p *program) withCounts(ctx context.Context, given *sources, settings storageSettings, file addressFile,
	task func(*storage, countKeys, addressCounts) error) error {
	f := given.faults
	config, asked := settings.check(&f), file.read(p, &f)
	return p.withStorage(ctx, f, config, func(s *storage) error {
		keys, err := p.countKeys(ctx, s, asked)
		if err != nil {
			return err
		}
		counts, err := p.addressCounts(ctx, s, asked.Method, keys)
		if err != nil {
			return err
		}
		return task(s, keys, counts)
	})
}

type addressShowCmd struct {
	storageSettings `embed:""`
	addressFile     `embed:""`
	JSON            bool `name:"json" help:"Print JSON."`
}

// Help implements kong.HelpProvider.
func (addressShowCmd) Help() string { return addressHelp }

// Run implements the verb address show.
func (c *addressShowCmd) Run(ctx context.Context, p *program, given *sources) error {
	return p.withCounts(ctx, given, c.storageSettings, c.addressFile, func(s *storage, keys countKeys, v addressCounts) error {
		if c.JSON {
			return p.printJSON(v)
		}
		if !v.Counted {
			fmt.Fprintln(p.stderr, notCounted)
		}
		return p.printPairs([]row{
			{"method", string(v.Method)}, {"sessions", v.Sessions.String()}, {"tries", v.Tries.String()},
			{"locked", pick(v.Locked, "yes", "no")},
		})
	})
}

type addressUnlockCmd struct {
	storageSettings `embed:""`
	addressFile     `embed:""`
	JSON            bool `name:"json" help:"Print JSON: whether anything was counted, and the counts that are left, which are none."`
}

// Help implements kong.HelpProvider.
func (addressUnlockCmd) Help() string { return addressHelp }

// Run implements the verb address unlock.
func (c *addressUnlockCmd) Run(ctx context.Context, p *program, given *sources) error {
	return p.withCounts(ctx, given, c.storageSettings, c.addressFile, func(s *storage, keys countKeys, before addressCounts) error {
		if before.Counted {
			if err := errors.Join(s.store.ForgetCount(ctx, keys.sessions), s.store.ForgetCount(ctx, keys.tries)); err != nil {
				return err
			}
		}
		if c.JSON {
			return p.printJSON(addressCounts{
				Method: before.Method, Counted: before.Counted,
				Sessions: countView{Most: kyc.AddressSessions}, Tries: countView{Most: kyc.AddressTries},
			})
		}
		fmt.Fprintln(p.stderr, pick(before.Counted, unlocked, notCounted))
		return nil
	})
}
