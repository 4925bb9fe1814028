package pages

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vouchgate/kyc"
)

// texts lists all messages of a language by their path.
func texts(v reflect.Value, path string, out map[string]string) {
	switch v.Kind() {
	case reflect.String:
		out[path] = v.String()
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() || f.Anonymous {
				texts(v.Field(i), path+"/"+f.Name, out)
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			texts(v.Index(i), path+"/"+strconv.Itoa(i), out)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			texts(v.MapIndex(k), path+"/"+k.String(), out)
		}
	}
}

func textsOf(m *messages) map[string]string {
	out := make(map[string]string)
	texts(reflect.ValueOf(*m), "", out)
	return out
}

func TestLanguagesSayTheSameThings(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	placeholder := regexp.MustCompile(`\{[a-z]+\}`)
	english := textsOf(p.catalogue[English])
	for _, lang := range Languages {
		got := textsOf(p.catalogue[lang])
		for path := range english {
			if _, ok := got[path]; !ok {
				t.Errorf("%s lacks %s", lang, path)
			}
		}
		for path, text := range got {
			want := placeholder.FindAllString(english[path], -1)
			have := placeholder.FindAllString(text, -1)
			slices.Sort(want)
			slices.Sort(have)
			if diff := cmp.Diff(want, have); diff != "" {
				t.Errorf("%s%s has other values than English (-want +got):\n%s", lang, path, diff)
			}
			if text != strings.TrimSpace(text) || strings.Contains(text, "  ") {
				t.Errorf("%s%s has stray spaces: %q", lang, path, text)
			}
		}
	}
}

func TestGermanIsSpeltAsInSwitzerland(t *testing.T) {
	t.Parallel()
	for path, text := range textsOf(newPages(t).catalogue[German]) {
		if strings.Contains(text, "ß") {
			t.Errorf("%s: %q", path, text)
		}
	}
}

func TestEveryCodeHasItsWords(t *testing.T) {
	t.Parallel()
	codes := []kyc.FailureCode{
		kyc.FailureRefusedByWallet, kyc.FailureIssuer, kyc.FailureCredential, kyc.FailureClaims,
		kyc.FailureVerification, kyc.FailureUsedUp, kyc.FailureExpired, kyc.FailureCancelled,
	}
	claims := kyc.ClaimsOf(strings.Join(kyc.KnownScopes(), " "))
	fields := []string{kyc.FieldEmail, kyc.FieldPhone, kyc.FieldName, kyc.FieldLines, kyc.FieldCountry}
	p := newPages(t)
	for _, lang := range Languages {
		m := p.catalogue[lang]
		sameKeys(t, lang, "failure codes", codes, m.Failed.Reasons)
		sameKeys(t, lang, "claims", claims, m.Claims)
		sameKeys(t, lang, "reasons", Reasons, m.Errors)
		sameKeys(t, lang, "methods", kyc.Methods, m.Choose.Methods)
		sameKeys(t, lang, "fields of addresses", fields, m.Address.Fields)
		sameKeys(t, lang, "faults of TANs", PinFaults, m.Pin.Faults)
	}
}

func sameKeys[K ~string, V any](t *testing.T, lang Lang, what string, want []K, have map[K]V) {
	t.Helper()
	var got []K
	for k := range have {
		got = append(got, k)
	}
	want = slices.Clone(want)
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s in %s (-want +got):\n%s", what, lang, diff)
	}
}

// TestEveryMessageIsUsed looks for the name of every key in the code and in the
// templates.
func TestEveryMessageIsUsed(t *testing.T) {
	t.Parallel()
	var sources strings.Builder
	for _, pattern := range []string{"*.go", "templates/*.html"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			sources.Write(b)
		}
	}
	var check func(reflect.Type)
	check = func(typ reflect.Type) {
		for i := range typ.NumField() {
			f := typ.Field(i)
			if f.IsExported() && !regexp.MustCompile(`\.`+f.Name+`\b`).MatchString(sources.String()) {
				t.Errorf("nobody says %s", f.Name)
			}
			if f.Type.Kind() == reflect.Struct {
				check(f.Type)
			}
		}
	}
	check(reflect.TypeFor[messages]())
}

func TestParseMessagesRefusesGapsAndStrays(t *testing.T) {
	t.Parallel()
	whole, err := messageFiles.ReadFile("messages/en.json")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, old, new, want string }{
		{"a key that nobody knows", `"cancel": `, `"cancle": `, "cancle"},
		{"an empty text", `"cancel": "Cancel"`, `"cancel": ""`, "/Common/Cancel"},
		{"a lost plural", `"one": "{n} hour", `, ``, "/Common/Hours/One"},
		{"an empty reason", `"expired": "The request was not answered in time."`, `"expired": ""`, "/Failed/Reasons/expired"},
		{"a lost month", `, "December"]`, `]`, "/Dates/Months/11"},
		{"a wrong type", `"cancel": "Cancel"`, `"cancel": 1`, "cancel"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			broken := strings.Replace(string(whole), tt.old, tt.new, 1)
			if broken == string(whole) {
				t.Fatal("the test changes nothing")
			}
			_, err := parseMessages(English, []byte(broken))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error about %s", err, tt.want)
			}
		})
	}
}
