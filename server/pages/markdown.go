package pages

import (
	"regexp"
	"strings"
)

// block is a piece of a description: a paragraph, a heading, a list or code. It is
// the small part of CommonMark that descriptions in a contract use; everything
// else stays as it is written.
type block struct {
	Kind  blockKind
	Text  []span   // of a paragraph or heading
	Items [][]span // of a list
	Code  string
}

type blockKind string

const (
	paragraphBlock blockKind = "p"
	headingBlock   blockKind = "h"
	bulletBlock    blockKind = "ul"
	numberBlock    blockKind = "ol"
	codeBlock      blockKind = "pre"
)

// span is a run of text in one style.
type span struct {
	Text         string
	Code, Strong bool
}

var (
	bulletLine = regexp.MustCompile(`^[-*] +(.*)$`)
	numberLine = regexp.MustCompile(`^[0-9]+[.)] +(.*)$`)
	spanMark   = regexp.MustCompile("`([^`]+)`|\\*\\*([^*]+)\\*\\*")
)

// markdown reads a description.
func markdown(text string) []block {
	var r markdownReader
	for line := range strings.Lines(text) {
		r.line(strings.TrimRight(line, " \t\r\n"))
	}
	r.flush()
	return r.blocks
}

// markdownReader collects the lines of the block that is open.
type markdownReader struct {
	blocks []block
	kind   blockKind
	lines  []string // of a paragraph or code; of a list, one for each item
}

func (r *markdownReader) line(line string) {
	trimmed := strings.TrimSpace(line)
	if strings.HasPrefix(trimmed, "```") {
		fence := r.kind == codeBlock
		r.flush()
		if !fence {
			r.kind = codeBlock
		}
		return
	}
	if r.kind == codeBlock {
		r.lines = append(r.lines, line)
		return
	}
	switch {
	case trimmed == "":
		r.flush()
	case strings.HasPrefix(trimmed, "#"):
		r.flush()
		r.kind, r.lines = headingBlock, []string{strings.TrimSpace(strings.TrimLeft(trimmed, "#"))}
		r.flush()
	case bulletLine.MatchString(trimmed):
		r.item(bulletBlock, bulletLine.FindStringSubmatch(trimmed)[1])
	case numberLine.MatchString(trimmed):
		r.item(numberBlock, numberLine.FindStringSubmatch(trimmed)[1])
	case (r.kind == bulletBlock || r.kind == numberBlock) && len(r.lines) > 0:
		r.lines[len(r.lines)-1] += " " + trimmed
	default:
		r.kind = paragraphBlock
		r.lines = append(r.lines, trimmed)
	}
}

func (r *markdownReader) item(kind blockKind, text string) {
	if r.kind != kind {
		r.flush()
		r.kind = kind
	}
	r.lines = append(r.lines, text)
}

func (r *markdownReader) flush() {
	b := block{Kind: r.kind}
	switch r.kind {
	case paragraphBlock, headingBlock:
		b.Text = spans(strings.Join(r.lines, " "))
	case bulletBlock, numberBlock:
		for _, item := range r.lines {
			b.Items = append(b.Items, spans(item))
		}
	case codeBlock:
		b.Code = strings.Join(r.lines, "\n")
	}
	if len(r.lines) > 0 {
		r.blocks = append(r.blocks, b)
	}
	r.kind, r.lines = "", nil
}

func spans(text string) []span {
	var out []span
	end := 0
	for _, m := range spanMark.FindAllStringSubmatchIndex(text, -1) {
		if m[0] > end {
			out = append(out, span{Text: text[end:m[0]]})
		}
		if m[2] >= 0 {
			out = append(out, span{Text: text[m[2]:m[3]], Code: true})
		} else {
			out = append(out, span{Text: text[m[4]:m[5]], Strong: true})
		}
		end = m[1]
	}
	if end < len(text) {
		out = append(out, span{Text: text[end:]})
	}
	return out
}
