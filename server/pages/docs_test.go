package pages

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
)

const sampleContract = `
openapi: 3.1.0
info:
  title: Sample <b>
  version: 1.2.3
  summary: In short
  description: |
    First paragraph
    goes on, with ` + "`code`" + ` and **weight**.

    ## A heading

    - one
      and more
    - two
tags:
  - {name: second, description: Comes first}
  - {name: unused}
security: [{key: []}]
paths:
  /b/{id}:
    parameters:
      - {name: id, in: path, required: true, description: Which one, schema: {type: string, maxLength: 9}, example: x1}
    post:
      tags: [second]
      operationId: postB
      summary: Make a b
      deprecated: true
      requestBody:
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Node'}
      responses:
        '200':
          description: Made
          headers:
            Location: {description: Where it is, schema: {type: string}, example: /b/1}
          content:
            application/json:
              schema:
                type: object
                required: [count]
                properties:
                  count: {type: integer, format: int64, minimum: 1, maximum: 1.5, default: 1, examples: [7]}
                  inner: {type: object, properties: {deep: {type: string, enum: [a, b], example: a}}}
        default: {description: Other, content: {application/json: {schema: {$ref: '#/components/schemas/Node'}}}}
    get: {operationId: getB, security: [], responses: {'204': {description: None}}}
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key, description: Ask for it}
  schemas:
    Node:
      type: object
      description: Holds itself
      properties:
        name: {type: string, pattern: '^x', minLength: 1, examples: [<i>]}
        next: {$ref: '#/components/schemas/Node'}
        list: {type: array, maxItems: 3, items: {$ref: '#/components/schemas/Node'}}
webhooks:
  news:
    post: {tags: [second], operationId: sendNews, responses: {'200': {description: Heard}}}
`

func parseContract(t testing.TB, text string) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestDocsSayWhatTheContractSays(t *testing.T) {
	t.Parallel()
	page, err := newPages(t).Docs(parseContract(t, sampleContract))
	if err != nil {
		t.Fatal(err)
	}
	checkStructure(t, English, string(page))
	text := words(t, string(page))
	for _, want := range []string{
		"Sample <b> API", "Version 1.2.3", "In short", "First paragraph goes on, with code and weight.", "A heading",
		"one and more", "POST /b/{id}", "Make a b", "Deprecated.", "Authentication: key", "Which one",
		"id path, string, required", "at most 9 characters", "Example: x1", "Open to anybody", "Sent by this server.",
		"Location string", "Where it is", "count integer (int64), required", "at least 1; at most 1.5; default 1",
		"inner.deep string", "one of a, b", "list of Node", "at least 1 characters; matches ^x", "Holds itself",
		"header X-Key", "Ask for it", `"deep": "a"`, `"name": "<i>"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("page does not say %q", want)
		}
	}
	if strings.Contains(text, "unused") {
		t.Error("page has a section without calls")
	}
	if first, other := strings.Index(text, "Comes first"), strings.LastIndex(text, "GET /b/{id}"); first > other {
		t.Error("calls without a tag come before those with one")
	}
}

func TestDocsSurviveMissingParts(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	docs := map[string]*openapi3.T{
		"no document":    nil,
		"empty document": {},
		"empty parts": {
			Info: &openapi3.Info{}, Components: &openapi3.Components{
				Schemas:         openapi3.Schemas{"Gone": nil, "Empty": {}},
				SecuritySchemes: openapi3.SecuritySchemes{"gone": nil},
			},
			Tags: openapi3.Tags{nil},
			Paths: openapi3.NewPaths(openapi3.WithPath("/gone", nil), openapi3.WithPath("/bare", &openapi3.PathItem{
				Get: &openapi3.Operation{
					Parameters:  openapi3.Parameters{nil, {}, {Value: &openapi3.Parameter{Name: "bare"}}},
					RequestBody: &openapi3.RequestBodyRef{Value: &openapi3.RequestBody{Content: openapi3.Content{"a/b": nil}}},
					Responses: openapi3.NewResponses(openapi3.WithStatus(200, nil), openapi3.WithStatus(201, &openapi3.ResponseRef{
						Value: &openapi3.Response{Content: openapi3.Content{"c/d": {}}, Headers: openapi3.Headers{"Gone": nil}},
					})),
				},
			})),
		},
	}
	for name, doc := range docs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page, err := p.Docs(doc)
			if err != nil {
				t.Fatal(err)
			}
			checkStructure(t, English, string(page))
		})
	}
}

func TestDocsCoverTheWholeContract(t *testing.T) {
	t.Parallel()
	doc := loadContract(t)
	page, err := newPages(t).Docs(doc)
	if err != nil {
		t.Fatal(err)
	}
	checkStructure(t, English, string(page))
	ids := make(map[string]bool)
	for _, e := range readPage(t, string(page)) {
		ids[e.attr["id"]] = true
	}
	items := slices.Concat(slices.Collect(maps.Values(doc.Paths.Map())), slices.Collect(maps.Values(doc.Webhooks)))
	for _, item := range items {
		for _, op := range item.Operations() {
			if !ids[op.OperationID] {
				t.Errorf("page lacks %s", op.OperationID)
			}
		}
	}
	for name := range doc.Components.Schemas {
		if !ids["object-"+name] {
			t.Errorf("page lacks object %s", name)
		}
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	text := func(s string) []span { return []span{{Text: s}} }
	tests := []struct {
		name, in string
		want     []block
	}{
		{"nothing", "\n \n", nil},
		{"lines become a paragraph", "a\nb\n\nc", []block{{Kind: "p", Text: text("a b")}, {Kind: "p", Text: text("c")}}},
		{"heading", "# a\nb", []block{{Kind: "h", Text: text("a")}, {Kind: "p", Text: text("b")}}},
		{"list after a paragraph", "a\n- b\n  c\n* d", []block{
			{Kind: "p", Text: text("a")}, {Kind: "ul", Items: [][]span{text("b c"), text("d")}}}},
		{"one list after another", "1. a\n- b", []block{
			{Kind: "ol", Items: [][]span{text("a")}}, {Kind: "ul", Items: [][]span{text("b")}}}},
		{"code keeps its lines", "```json\n{\n  1\n\n# x\n```\na", []block{
			{Kind: "pre", Code: "{\n  1\n\n# x"}, {Kind: "p", Text: text("a")}}},
		{"code that never ends", "```\na", []block{{Kind: "pre", Code: "a"}}},
		{"styles", "`a` and **b** c", []block{{Kind: "p", Text: []span{
			{Text: "a", Code: true}, {Text: " and "}, {Text: "b", Strong: true}, {Text: " c"}}}}},
		{"marks that never end", "`a and **b", []block{{Kind: "p", Text: text("`a and **b")}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, markdown(tt.in)); diff != "" {
				t.Errorf("blocks (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzMarkdown asserts that no letter of a description gets lost.
func FuzzMarkdown(f *testing.F) {
	f.Add("# a\n\n- b `c`\n1. **d**\n```\ne\n```")
	f.Fuzz(func(t *testing.T, in string) {
		if strings.Contains(in, "```") {
			return // the word behind a fence names a language and is left out
		}
		var out strings.Builder
		for _, b := range markdown(in) {
			out.WriteString(b.Code)
			for _, s := range slices.Concat(append(b.Items, b.Text)...) {
				out.WriteString(s.Text)
			}
		}
		letters := func(s string) string {
			return strings.Map(func(r rune) rune {
				if r >= 'a' && r <= 'z' {
					return r
				}
				return -1
			}, s)
		}
		if got, want := letters(out.String()), letters(in); got != want {
			t.Errorf("letters %q became %q", want, got)
		}
	})
}
