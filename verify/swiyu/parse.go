package swiyu

import (
	"bytes"
	"encoding/json"
	"errors"
)

// maxDepth bounds the nesting of an answer. The verifier's own have five levels.
const maxDepth = 32

var (
	errNotJSON    = errors.New("answer is not a JSON object")
	errAmbiguous  = errors.New("answer holds a name twice")
	errTooDeep    = errors.New("answer is nested too deeply")
	errNoSuchText = errors.New("answer lacks a text that it must have")
)

// object is a JSON object: values are nil, bool, string, json.Number, []any or
// object.
type object = map[string]any

// parse reads a whole answer. It is stricter than encoding/json: names count as
// written (not in any case), and a name that comes twice is an error, because
// which of the two counts would depend on who reads it (RFC 8259, section 4).
// The errors never quote the answer.
func parse(raw []byte) (object, error) {
	if !json.Valid(raw) {
		return nil, errNotJSON
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	v, err := readValue(dec, 0)
	if err != nil {
		return nil, err
	}
	o, ok := v.(object)
	if !ok {
		return nil, errNotJSON
	}
	return o, nil
}

func readValue(dec *json.Decoder, depth int) (any, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, errNotJSON
	}
	delim, nested := token.(json.Delim)
	if !nested {
		return token, nil
	}
	if depth == maxDepth {
		return nil, errTooDeep
	}
	if delim == '{' {
		return readObject(dec, depth+1)
	}
	return readList(dec, depth+1)
}

func readObject(dec *json.Decoder, depth int) (any, error) {
	o := object{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, errNotJSON
		}
		key := name.(string) // the text was valid JSON, so names are strings
		if _, twice := o[key]; twice {
			return nil, errAmbiguous
		}
		if o[key], err = readValue(dec, depth); err != nil {
			return nil, err
		}
	}
	_, err := dec.Token()
	return o, err
}

func readList(dec *json.Decoder, depth int) (any, error) {
	list := []any{}
	for dec.More() {
		v, err := readValue(dec, depth)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := dec.Token()
	return list, err
}

// text returns a string member, or errNoSuchText.
func text(o object, name string) (string, error) {
	s, ok := o[name].(string)
	if !ok || s == "" {
		return "", errNoSuchText
	}
	return s, nil
}
