// Package strictjson reads JSON that two readers cannot read differently: no
// member comes twice, nothing follows the value, the text is UTF-8, and size and
// depth are bounded. Members keep their order, which encoding/json's maps lose.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// ErrBad says that a text is not JSON of this kind. Its text says why, without
// repeating anything of the input.
var ErrBad = errors.New("bad JSON")

// Object is a JSON object whose members keep their order.
type Object struct {
	names  []string
	values map[string]any
}

// Names returns the names of the members, in the order of the text.
func (o *Object) Names() []string { return slices.Clone(o.names) }

// Get returns the value of a member; ok says whether there is one.
func (o *Object) Get(name string) (value any, ok bool) {
	value, ok = o.values[name]
	return value, ok
}

// Parse reads a text of at most maxBytes bytes whose arrays and objects nest at
// most maxDepth deep. The value is nil, bool, string, json.Number, []any or
// *Object, and so are the values within. Errors are ErrBad.
func Parse(raw []byte, maxBytes, maxDepth int) (any, error) {
	switch {
	case len(raw) > maxBytes:
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrBad, maxBytes)
	case !utf8.Valid(raw):
		return nil, fmt.Errorf("%w: not UTF-8", ErrBad)
	case !json.Valid(raw):
		return nil, fmt.Errorf("%w: it cannot be read", ErrBad)
	}
	r := reader{json.NewDecoder(bytes.NewReader(raw)), maxDepth}
	r.dec.UseNumber()
	return r.value(0)
}

type reader struct {
	dec      *json.Decoder
	maxDepth int
}

func (r reader) value(depth int) (any, error) {
	token, err := r.dec.Token()
	if err != nil {
		return nil, fmt.Errorf("%w: it cannot be read", ErrBad)
	}
	delim, nested := token.(json.Delim)
	switch {
	case !nested:
		return token, nil
	case depth == r.maxDepth:
		return nil, fmt.Errorf("%w: nested more than %d deep", ErrBad, r.maxDepth)
	case delim == '[':
		return r.array(depth + 1)
	}
	return r.object(depth + 1)
}

func (r reader) array(depth int) (any, error) {
	list := []any{}
	for r.dec.More() {
		v, err := r.value(depth)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := r.dec.Token() // the closing bracket
	return list, err
}

func (r reader) object(depth int) (any, error) {
	o := &Object{values: map[string]any{}}
	for r.dec.More() {
		token, err := r.dec.Token()
		if err != nil {
			return nil, fmt.Errorf("%w: it cannot be read", ErrBad)
		}
		name, _ := token.(string)
		if _, twice := o.values[name]; twice {
			return nil, fmt.Errorf("%w: a member comes twice", ErrBad)
		}
		if o.values[name], err = r.value(depth); err != nil {
			return nil, err
		}
		o.names = append(o.names, name)
	}
	_, err := r.dec.Token() // the closing brace
	return o, err
}
