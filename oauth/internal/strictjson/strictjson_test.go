package strictjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"vouchgate/oauth/internal/strictjson"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]any{
		`null`:                 null,
		` true `:               true,
		`"a\u0000é"`:           "a\x00é",
		`-1.50e2`:              json.Number("-1.50e2"),
		`12345678901234567890`: json.Number("12345678901234567890"),
		`[]`:                   []any{},
		`[1,["x"],null]`:       []any{json.Number("1"), []any{"x"}, nil},
	} {
		got, err := strictjson.Parse([]byte(text), 100, 5)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s gives %#v, %v", text, got, err)
		}
	}
}

var null any

func TestParseKeepsTheOrderOfMembers(t *testing.T) {
	t.Parallel()
	v, err := strictjson.Parse([]byte(`{"z":1,"a":null,"m":{"b":2}}`), 100, 5)
	o, ok := v.(*strictjson.Object)
	if err != nil || !ok {
		t.Fatalf("got %T, %v", v, err)
	}
	if names := o.Names(); !slices.Equal(names, []string{"z", "a", "m"}) {
		t.Errorf("names %q", names)
	}
	if v, ok := o.Get("a"); v != nil || !ok {
		t.Errorf("a is %v, %v", v, ok)
	}
	if v, ok := o.Get("b"); v != nil || ok {
		t.Errorf("b is %v, %v", v, ok)
	}
	m, _ := o.Get("m")
	if inner, ok := m.(*strictjson.Object); !ok || !slices.Equal(inner.Names(), []string{"b"}) {
		t.Errorf("m is %#v", m)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing":                     ``,
		"spaces alone":                `  `,
		"two values":                  `1 2`,
		"a bracket too many":          `[]]`,
		"a comma at the end":          `[1,]`,
		"single quotes":               `{'a':1}`,
		"a byte order mark":           "\ufeff{}",
		"a number with a zero before": `01`,
		"not a number":                `NaN`,
		"text that is not UTF-8":      "\"\xc3\"",
		"a member twice":              `{"a":1,"b":2,"a":1}`,
		"a member twice, escaped":     `{"a":1,"\u0061":1}`,
		"a member twice within":       `[[{"a":1,"a":1}]]`,
		"six deep":                    `[[[[[[]]]]]]`,
		"six deep with objects":       `{"a":[{"a":[{"a":{}}]}]}`,
		"101 bytes":                   `"` + strings.Repeat("x", 99) + `"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if v, err := strictjson.Parse([]byte(text), 100, 5); !errors.Is(err, strictjson.ErrBad) || v != nil {
				t.Errorf("got %v, %v, want ErrBad", v, err)
			}
		})
	}
	for _, text := range []string{`[[[[[]]]]]`, `"` + strings.Repeat("x", 98) + `"`} {
		if _, err := strictjson.Parse([]byte(text), 100, 5); err != nil {
			t.Errorf("%s is within its bounds: %v", text, err)
		}
	}
}

// rebuilt returns what encoding/json would have made of the text.
func rebuilt(v any) any {
	switch v := v.(type) {
	case *strictjson.Object:
		m := map[string]any{}
		for _, name := range v.Names() {
			member, _ := v.Get(name)
			m[name] = rebuilt(member)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = rebuilt(v[i])
		}
		return list
	}
	return v
}

// FuzzParse: what is read means the same to encoding/json.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"a":[1,true,null,"x",{}]}`, `[]`, `{"a":1,"a":2}`, `{"a":1`, ` 1e5`, `"\ud800"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := strictjson.Parse(text, 1000, 10)
		if err != nil {
			if !errors.Is(err, strictjson.ErrBad) || v != nil {
				t.Fatalf("%q gives %v, %v", text, v, err)
			}
			return
		}
		var want any
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.UseNumber()
		if err := dec.Decode(&want); err != nil || !reflect.DeepEqual(rebuilt(v), want) {
			t.Fatalf("%q gives %#v, want %#v, %v", text, rebuilt(v), want, err)
		}
	})
}
