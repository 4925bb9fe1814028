package ida

import "time"

// Fact is what was proved in one go: by one credential, or one TAN.
type Fact struct {
	TrustFramework string
	Time           time.Time // of the verification; zero when it is not known

	// Evidence holds what the proof rests on, each piece with its "type". Values
	// are those of JSON; times in them may be time.Time.
	Evidence []map[string]any

	// Claims holds the verified claims, and only those that the relying party may
	// have: nothing that the person merely typed in, nothing that was not released.
	Claims map[string]any
}

// Answer returns the value of verified_claims for requests and isArray as Parse
// returned them: nil when there is nothing to tell. Each request gets an object
// from each fact that meets it. For an array of requests the value is an array;
// else it is an object, or an array where several facts meet the one request.
// Times are written in UTC.
func Answer(requests []Request, isArray bool, facts []Fact, now time.Time) any {
	var objects []any
	for _, r := range requests {
		for _, f := range facts {
			if object := r.answer(f, now); object != nil {
				objects = append(objects, object)
			}
		}
	}
	switch {
	case len(objects) == 0:
		return nil
	case len(objects) == 1 && !isArray:
		return objects[0]
	}
	return objects
}

// answer returns nil, and not a map that is empty, when the fact does not meet the
// request or has none of its claims.
func (r Request) answer(f Fact, now time.Time) any {
	claims := map[string]any{}
	for _, c := range r.claims {
		if v := f.Claims[c.name]; v != nil && v != "" && c.Allows(v) && c.fresh(v, now) {
			claims[c.name] = v
		}
	}
	if len(claims) == 0 {
		return nil
	}
	verification, met := r.verification.deliver("verification", f.verification(), now)
	if !met || verification == nil {
		return nil
	}
	return map[string]any{"verification": verification, "claims": claims}
}

// verification returns all that could be told of how the fact was verified.
func (f Fact) verification() any {
	v := map[string]any{"trust_framework": f.TrustFramework}
	if !f.Time.IsZero() {
		v["time"] = f.Time
	}
	if len(f.Evidence) > 0 {
		v["evidence"] = f.Evidence
	}
	return inUTC(plain(v))
}

// inUTC rewrites the times in a value that plain returned.
func inUTC(v any) any {
	switch v := v.(type) {
	case string:
		if at, err := time.Parse(time.RFC3339, v); err == nil {
			return at.UTC().Format(time.RFC3339)
		}
	case map[string]any:
		for name := range v {
			v[name] = inUTC(v[name])
		}
	case []any:
		for i := range v {
			v[i] = inUTC(v[i])
		}
	}
	return v
}

// needed lists the members without which an object would not be valid. They come
// with it unasked, and they are all that comes when an object is asked for without
// saying which of its members. Objects that are not listed come whole then.
var needed = map[string][]string{
	"verification":     {"trust_framework"},
	"evidence":         {"type"},
	"document_details": {"type"},
	"record":           {"type"},
	"attestation":      {"type"},
	"check_details":    {"check_method"},
	"derived_claims":   {}, // claims are asked for as claims
}

// deliver returns what an ask gets of a value, nil for nothing; met is false when
// the value does not meet a requirement. name is that of the member the value
// belongs to.
func (a ask) deliver(name string, value any, now time.Time) (out any, met bool) {
	switch {
	case value == nil || value == "":
		return nil, !a.demands()
	case !a.Allows(value) || !a.fresh(value, now):
		return nil, false
	}
	switch v := value.(type) {
	case map[string]any:
		return a.object(name, v, now)
	case []any:
		return a.array(name, v, now)
	}
	if len(a.members)+len(a.entries) > 0 { // asked for as something that it is not
		return nil, !a.demands()
	}
	return value, true
}

func (a ask) object(name string, value map[string]any, now time.Time) (any, bool) {
	must, listed := needed[name]
	switch {
	case len(a.entries) > 0: // asked for as an array
		return nil, !a.demands()
	case len(a.members) == 0 && !listed:
		return value, true
	}
	out := map[string]any{}
	for _, m := range a.members {
		got, met := m.deliver(m.name, value[m.name], now)
		if !met {
			return nil, false
		}
		if got != nil {
			out[m.name] = got
		}
	}
	for _, name := range must {
		if value[name] == nil || value[name] == "" {
			return nil, !a.demands()
		}
		out[name] = value[name]
	}
	if len(out) == 0 {
		return nil, true
	}
	return out, true
}

// array gives of each element what the first entry gets that the element meets.
func (a ask) array(name string, value []any, now time.Time) (any, bool) {
	entries := a.entries
	if len(entries) == 0 {
		entries = []ask{{members: a.members}}
	}
	var out []any
	for _, element := range value {
		for _, entry := range entries {
			if got, met := entry.deliver(name, element, now); met {
				if got != nil {
					out = append(out, got)
				}
				break
			}
		}
	}
	if len(out) == 0 {
		return nil, !a.demands()
	}
	return out, true
}
