package ida

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"

	"vouchgate/oauth/internal/strictjson"
)

// Constraint is what a relying party says about a claim that it asks for (OpenID
// Connect Core, section 5.5.1). The zero value takes any value.
type Constraint struct {
	Essential bool // it is no error when an essential claim is missing

	sets   [][]any        // a value must be in each: that of "value" has one member
	maxAge *time.Duration // of a date or time
}

// ParseConstraint reads a claim's part of a request, as package strictjson returns
// it: null or an object with essential, value, values and max_age. Other members
// are ignored. Errors are ErrBadRequest: for another type, for values that are no
// array or an empty one, for a max_age that is no whole number from 0 on.
func ParseConstraint(v any) (Constraint, error) {
	if v == nil {
		return Constraint{}, nil
	}
	o, ok := v.(*strictjson.Object)
	if !ok {
		return Constraint{}, bad("a claim is asked for with neither null nor an object")
	}
	return constraintOf(o)
}

// constraintWords are the members that constraintOf reads; purpose is for people.
var constraintWords = []string{"essential", "value", "values", "max_age", "purpose"}

func constraintOf(o *strictjson.Object) (c Constraint, err error) {
	if v, ok := o.Get("essential"); ok {
		if c.Essential, ok = v.(bool); !ok {
			return c, bad("essential is neither true nor false")
		}
	}
	if v, ok := o.Get("value"); ok {
		c.sets = append(c.sets, []any{plain(v)})
	}
	if v, ok := o.Get("values"); ok {
		list, _ := v.([]any)
		if len(list) == 0 {
			return c, bad("values is not an array of values")
		}
		c.sets = append(c.sets, plain(list).([]any))
	}
	if v, ok := o.Get("max_age"); ok {
		if c.maxAge, err = parseMaxAge(v); err != nil {
			return c, err
		}
	}
	return c, nil
}

// maxSeconds keeps a number of seconds within a time.Duration: 68 years.
const maxSeconds = math.MaxInt32

func parseMaxAge(v any) (*time.Duration, error) {
	number, ok := v.(json.Number)
	seconds, _ := strconv.ParseFloat(number.String(), 64) // infinite when it is out of range
	if !ok || seconds < 0 || seconds != math.Trunc(seconds) {
		return nil, bad("max_age is not a whole number of seconds")
	}
	age := time.Duration(min(seconds, maxSeconds)) * time.Second
	return &age, nil
}

// Allows says whether a value is the one, or one of those, that was asked for.
// Values are compared as JSON, whole: two arrays are the same when all of their
// members are, and a number is never the same as a text.
func (c Constraint) Allows(value any) bool {
	if len(c.sets) == 0 {
		return true
	}
	value = plain(value)
	return !slices.ContainsFunc(c.sets, func(set []any) bool {
		return !slices.ContainsFunc(set, func(wanted any) bool { return value != nil && reflect.DeepEqual(wanted, value) })
	})
}

// fresh says whether a date or time is not older than was asked for. A date
// counts until its last second, and what is neither date nor time is never fresh.
func (c Constraint) fresh(value any, now time.Time) bool {
	if c.maxAge == nil {
		return true
	}
	text, _ := plain(value).(string)
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		if at, err = time.Parse(time.DateOnly, text); err != nil {
			return false
		}
		at = at.Add(24*time.Hour - time.Second)
	}
	return now.Sub(at) <= *c.maxAge
}

// demands says whether a value can fail to meet the constraint.
func (c Constraint) demands() bool { return len(c.sets) > 0 || c.maxAge != nil }

// plain returns a value as encoding/json would read it back, with times in UTC,
// or nil for what cannot be written as JSON.
func plain(v any) any {
	switch v := v.(type) {
	case nil, string, bool, float64:
		return v
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	case *strictjson.Object:
		m := map[string]any{}
		for _, name := range v.Names() {
			member, _ := v.Get(name)
			m[name] = plain(member)
		}
		return m
	case map[string]any:
		m := make(map[string]any, len(v))
		for name, member := range v {
			m[name] = plain(member)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, member := range v {
			list[i] = plain(member)
		}
		return list
	case []map[string]any:
		list := make([]any, len(v))
		for i, member := range v {
			list[i] = plain(member)
		}
		return list
	}
	return throughJSON(v)
}

func throughJSON(v any) (back any) {
	text, err := json.Marshal(v)
	if err != nil || json.Unmarshal(text, &back) != nil {
		return nil
	}
	return back
}

func bad(fault string) error { return fmt.Errorf("%w: %s", ErrBadRequest, fault) }
