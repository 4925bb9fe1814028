package pages

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// docsView is the reference of the API.
type docsView struct {
	view
	Name     string
	Version  string
	Summary  string
	Intro    []block
	Sections []docsSection
	Schemes  []docsScheme
	Objects  []docsObject
}

// docsSection holds the operations of a tag.
type docsSection struct {
	ID, Name string
	Intro    []block
	Calls    []docsCall
}

// docsCall is an operation, or a call that we make (a webhook).
type docsCall struct {
	ID, Method, Path string
	Outgoing         bool
	Deprecated       bool
	Summary          string
	Text             []block
	Security         []string // ways to authenticate, each enough; none: anybody
	Server           string   // if it is another one than the document's
	Fields           []docsField
	Bodies           []docsBody
	BodyText         []block
	Answers          []docsAnswer
}

type docsAnswer struct {
	Code    string
	Text    []block
	Headers []docsField
	Bodies  []docsBody
}

type docsScheme struct {
	ID, Name, Kind string
	Text           []block
}

// otherSection holds the calls without a tag.
const otherSection = "other"

// methodOrder is the order of the operations of a path.
var methodOrder = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}

// Docs draws the reference of the API from its contract, in English. Parts that
// the contract lacks are left out; references must have been resolved, as
// openapi3.Loader does.
func (p *Pages) Docs(doc *openapi3.T) ([]byte, error) {
	v := docsView{view: p.view(English, "API", ""), Name: "API"}
	if doc == nil {
		return render(p.docs, v)
	}
	if doc.Info != nil {
		v.Name, v.Version, v.Summary = cmp.Or(doc.Info.Title, v.Name), doc.Info.Version, doc.Info.Summary
		v.Intro = markdown(doc.Info.Description)
		v.Title = v.Name + " API"
	}
	v.Sections = docsSections(doc)
	if doc.Components != nil {
		for _, name := range slices.Sorted(maps.Keys(doc.Components.SecuritySchemes)) {
			if ref := doc.Components.SecuritySchemes[name]; ref != nil && ref.Value != nil {
				v.Schemes = append(v.Schemes, docsSchemeOf(name, ref.Value))
			}
		}
		for _, name := range slices.Sorted(maps.Keys(doc.Components.Schemas)) {
			v.Objects = append(v.Objects, docsObjectOf(name, doc.Components.Schemas[name]))
		}
	}
	return render(p.docs, v)
}

// docsSections groups all calls by their first tag, in the order of the tags.
func docsSections(doc *openapi3.T) []docsSection {
	var sections []docsSection
	index := make(map[string]int)
	section := func(name, text string) *docsSection {
		i, ok := index[name]
		if !ok {
			i = len(sections)
			index[name] = i
			sections = append(sections, docsSection{ID: "tag-" + anchor(name), Name: name, Intro: markdown(text)})
		}
		return &sections[i]
	}
	for _, tag := range doc.Tags {
		if tag != nil {
			section(tag.Name, tag.Description)
		}
	}
	add := func(path string, item *openapi3.PathItem, outgoing bool) {
		for _, call := range docsCalls(doc, path, item) {
			name := otherSection
			if tags := call.op.Tags; len(tags) > 0 {
				name = tags[0]
			}
			call.Outgoing = outgoing
			s := section(name, "")
			s.Calls = append(s.Calls, call.docsCall)
		}
	}
	paths := doc.Paths.Map()
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		add(path, paths[path], false)
	}
	for _, name := range slices.Sorted(maps.Keys(doc.Webhooks)) {
		add(name, doc.Webhooks[name], true)
	}
	return slices.DeleteFunc(sections, func(s docsSection) bool { return len(s.Calls) == 0 })
}

// taggedCall is a call with the operation it was made of.
type taggedCall struct {
	docsCall
	op *openapi3.Operation
}

func docsCalls(doc *openapi3.T, path string, item *openapi3.PathItem) []taggedCall {
	if item == nil {
		return nil
	}
	ops := item.Operations()
	methods := slices.SortedFunc(maps.Keys(ops), func(a, b string) int {
		return cmp.Or(cmp.Compare(slices.Index(methodOrder, a), slices.Index(methodOrder, b)), strings.Compare(a, b))
	})
	var calls []taggedCall
	for _, method := range methods {
		op := ops[method]
		if op == nil {
			continue
		}
		call := docsCall{
			ID: anchor(cmp.Or(op.OperationID, method+path)), Method: method, Path: path,
			Deprecated: op.Deprecated, Summary: op.Summary, Text: markdown(op.Description),
			Security: docsSecurity(doc, op), Server: docsServer(item, op),
		}
		for _, ref := range slices.Concat(item.Parameters, op.Parameters) {
			if ref != nil && ref.Value != nil {
				call.Fields = append(call.Fields, docsParameter(ref.Value))
			}
		}
		if op.RequestBody != nil && op.RequestBody.Value != nil {
			call.BodyText = markdown(op.RequestBody.Value.Description)
			call.Bodies = docsBodies(op.RequestBody.Value.Content, true)
		}
		call.Answers = docsAnswers(op.Responses)
		calls = append(calls, taggedCall{call, op})
	}
	return calls
}

func docsServer(item *openapi3.PathItem, op *openapi3.Operation) string {
	servers := item.Servers
	if op.Servers != nil {
		servers = *op.Servers
	}
	if len(servers) == 0 || servers[0] == nil {
		return ""
	}
	return cmp.Or(servers[0].Description, servers[0].URL)
}

// docsSecurity lists the ways to authenticate; schemes that go together are
// joined.
func docsSecurity(doc *openapi3.T, op *openapi3.Operation) []string {
	requirements := doc.Security
	if op.Security != nil {
		requirements = *op.Security
	}
	var ways []string
	for _, r := range requirements {
		if len(r) > 0 {
			ways = append(ways, strings.Join(slices.Sorted(maps.Keys(r)), " and "))
		}
	}
	return ways
}

func docsAnswers(responses *openapi3.Responses) []docsAnswer {
	var answers []docsAnswer
	all := responses.Map()
	for _, code := range slices.Sorted(maps.Keys(all)) { // digits sort before "default"
		if all[code] == nil || all[code].Value == nil {
			continue
		}
		r := all[code].Value
		a := docsAnswer{Code: code, Bodies: docsBodies(r.Content, strings.HasPrefix(code, "2"))}
		if r.Description != nil {
			a.Text = markdown(*r.Description)
		}
		for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
			if h := r.Headers[name]; h != nil && h.Value != nil {
				field := docsParameter(&h.Value.Parameter)
				field.Name, field.In, field.Required = name, "", false
				a.Headers = append(a.Headers, field)
			}
		}
		answers = append(answers, a)
	}
	return answers
}

func docsSchemeOf(name string, s *openapi3.SecurityScheme) docsScheme {
	kind := s.Type
	switch {
	case s.Scheme != "":
		kind = "HTTP " + s.Scheme
	case s.In != "":
		kind = s.In + " " + s.Name
	}
	return docsScheme{ID: "security-" + anchor(name), Name: name, Kind: kind, Text: markdown(s.Description)}
}

// anchor makes a name fit for the fragment of a URL.
func anchor(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.' {
			return r
		}
		return '-'
	}, name)
}
