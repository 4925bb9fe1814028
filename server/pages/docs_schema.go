package pages

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// docsField is a parameter, a header or a member of an object.
type docsField struct {
	Name     string
	In       string // path, query, header, cookie; empty for members
	Type     string
	Object   string // anchor of the object that Type names
	Required bool
	Limits   []string // what values are allowed
	Text     []block
	Example  string
}

// docsBody is a body in one media type.
type docsBody struct {
	Type    string
	Object  string // name of the object it is, if that has a name
	Fields  []docsField
	Example string
}

type docsObject struct {
	ID, Name, Type string
	Text           []block
	Limits         []string
	Fields         []docsField
	Example        string
}

// maxSchemaDepth stops schemas that hold themselves.
const maxSchemaDepth = 6

func docsParameter(p *openapi3.Parameter) docsField {
	f := docsFieldOf(p.Name, p.Schema)
	f.In, f.Required = p.In, p.Required
	if p.Description != "" {
		f.Text = markdown(p.Description)
	}
	if p.Example != nil {
		f.Example = plain(p.Example)
	} else if e, ok := firstExample(p.Examples); ok {
		f.Example = plain(e)
	}
	return f
}

func docsFieldOf(name string, ref *openapi3.SchemaRef) docsField {
	f := docsField{Name: name}
	if ref == nil || ref.Value == nil {
		return f
	}
	s := ref.Value
	f.Type, f.Object = docsType(ref)
	f.Text, f.Limits = markdown(s.Description), docsLimits(s)
	if e, ok := ownExample(s); ok {
		f.Example = plain(e)
	}
	return f
}

// docsType says in words what a schema is, and the anchor of the named object.
func docsType(ref *openapi3.SchemaRef) (name, object string) {
	if ref == nil || ref.Value == nil {
		return "", ""
	}
	if ref.Ref != "" {
		name = path.Base(ref.Ref)
		return name, "object-" + anchor(name)
	}
	s := ref.Value
	name = strings.Join(s.Type.Slice(), " or ")
	if s.Type.Includes("array") && s.Items != nil {
		of, object := docsType(s.Items)
		return strings.TrimSpace("list of " + of), object
	}
	if s.Format != "" {
		name = strings.TrimSpace(name + " (" + s.Format + ")")
	}
	return name, ""
}

func docsLimits(s *openapi3.Schema) []string {
	var limits []string
	add := func(format string, args ...any) { limits = append(limits, fmt.Sprintf(format, args...)) }
	if s.Const != nil {
		add("always %s", plain(s.Const))
	}
	if len(s.Enum) > 0 {
		words := make([]string, len(s.Enum))
		for i, e := range s.Enum {
			words[i] = plain(e)
		}
		add("one of %s", strings.Join(words, ", "))
	}
	if s.MinLength > 0 {
		add("at least %d characters", s.MinLength)
	}
	if s.MaxLength != nil {
		add("at most %d characters", *s.MaxLength)
	}
	if s.Min != nil {
		add("at least %s", number(*s.Min))
	}
	if s.Max != nil {
		add("at most %s", number(*s.Max))
	}
	if s.MinItems > 0 {
		add("at least %d entries", s.MinItems)
	}
	if s.MaxItems != nil {
		add("at most %d entries", *s.MaxItems)
	}
	if s.Pattern != "" {
		add("matches %s", s.Pattern)
	}
	if s.Default != nil {
		add("default %s", plain(s.Default))
	}
	return limits
}

// docsMembers lists the members of an object, those of nested nameless objects
// with their path, such as data.status.
func docsMembers(ref *openapi3.SchemaRef, prefix string, depth int) []docsField {
	if ref == nil || ref.Value == nil || depth > maxSchemaDepth {
		return nil
	}
	s := ref.Value
	var fields []docsField
	for _, list := range []openapi3.SchemaRefs{s.AllOf, s.OneOf, s.AnyOf} {
		for _, part := range list {
			fields = append(fields, docsMembers(part, prefix, depth+1)...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		member := s.Properties[name]
		f := docsFieldOf(prefix+name, member)
		f.Required = slices.Contains(s.Required, name)
		fields = append(fields, f)
		if member != nil && member.Ref == "" {
			fields = append(fields, docsMembers(member, prefix+name+".", depth+1)...)
		}
	}
	if s.Items != nil && s.Items.Ref == "" {
		fields = append(fields, docsMembers(s.Items, strings.TrimSuffix(prefix, ".")+"[].", depth+1)...)
	}
	return fields
}

// docsBodies describes a body in every media type. A named object is only linked
// unless it is to be unfolded.
func docsBodies(content openapi3.Content, unfold bool) []docsBody {
	var bodies []docsBody
	for _, kind := range slices.Sorted(maps.Keys(content)) {
		media := content[kind]
		b := docsBody{Type: kind}
		if media == nil {
			bodies = append(bodies, b)
			continue
		}
		named := media.Schema != nil && media.Schema.Ref != ""
		if named {
			b.Object = path.Base(media.Schema.Ref)
		}
		if unfold || !named {
			b.Fields = docsMembers(media.Schema, "", 0)
			b.Example = docsExample(media)
		}
		bodies = append(bodies, b)
	}
	return bodies
}

func docsObjectOf(name string, ref *openapi3.SchemaRef) docsObject {
	o := docsObject{ID: "object-" + anchor(name), Name: name}
	if ref == nil || ref.Value == nil {
		return o
	}
	o.Type, _ = docsType(&openapi3.SchemaRef{Value: ref.Value})
	o.Text, o.Limits = markdown(ref.Value.Description), docsLimits(ref.Value)
	o.Fields = docsMembers(ref, "", 0)
	if e, ok := sample(ref, 0); ok {
		o.Example = pretty(e)
	}
	return o
}

// docsExample returns the example of a body: its own, else one that is put
// together from the examples of its members.
func docsExample(media *openapi3.MediaType) string {
	if media.Example != nil {
		return pretty(media.Example)
	}
	if e, ok := firstExample(media.Examples); ok {
		return pretty(e)
	}
	if e, ok := sample(media.Schema, 0); ok {
		return pretty(e)
	}
	return ""
}

func firstExample(examples openapi3.Examples) (any, bool) {
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		if e := examples[name]; e != nil && e.Value != nil && e.Value.Value != nil {
			return e.Value.Value, true
		}
	}
	return nil, false
}

func ownExample(s *openapi3.Schema) (any, bool) {
	if s.Example != nil {
		return s.Example, true
	}
	if len(s.Examples) > 0 {
		return s.Examples[0], true
	}
	return nil, false
}

// sample puts an example together; false if nothing is known.
func sample(ref *openapi3.SchemaRef, depth int) (any, bool) {
	if ref == nil || ref.Value == nil || depth > maxSchemaDepth {
		return nil, false
	}
	s := ref.Value
	if e, ok := ownExample(s); ok {
		return e, true
	}
	if s.Items != nil {
		if e, ok := sample(s.Items, depth+1); ok {
			return []any{e}, true
		}
	}
	object := make(map[string]any)
	for _, part := range s.AllOf {
		if e, ok := sample(part, depth+1); ok {
			if members, ok := e.(map[string]any); ok {
				maps.Copy(object, members)
			}
		}
	}
	for name, member := range s.Properties {
		if e, ok := sample(member, depth+1); ok {
			object[name] = e
		}
	}
	return object, len(object) > 0
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// plain shows a value on one line, texts without quotes.
func plain(v any) string { return show(v, "") }

// pretty shows a value on several lines.
func pretty(v any) string { return show(v, "  ") }

func show(v any, indent string) string {
	if s, ok := v.(string); ok {
		return strings.TrimRight(s, "\n")
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // the template escapes
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimRight(b.String(), "\n")
}
