package kind

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/prompt"
	"github.com/personagen/personagen/engine/spec"
)

var templateKind = Kind{
	Name:    "template",
	Uses:    templateUses,
	Compile: compileTemplate,
	New:     func() Program { return &text{} },
}

// templateUses lists the fields a template refers to; one that does not parse
// is reported by Compile.
func templateUses(s *spec.Field) []spec.String {
	node := s.Body.Get("text")
	t, _ := prompt.Parse(s.Name, node.String, nil)
	if t == nil {
		return nil
	}
	var uses []spec.String
	for _, ref := range t.References() {
		name, _, _ := strings.Cut(ref.Field, ".")
		if !slices.ContainsFunc(uses, func(u spec.String) bool { return u.Value == name }) {
			uses = append(uses, spec.String{Value: name, Place: node.PositionAt(ref.Offset)})
		}
	}
	return uses
}

func compileTemplate(c *Compiler, s *spec.Field, f *Field) {
	f.Class, f.Type = Derived, frame.Text
	f.Nullable = s.When != nil
	node := s.Body.Get("text")
	known := []string{}
	for _, other := range c.Spec.Fields {
		known = append(known, other.Name)
	}
	t, faults := prompt.Parse(s.Name, node.String, known)
	for _, fault := range faults {
		c.templateFault(node, &fault)
	}
	if t == nil {
		return
	}
	var fields []*Field
	names := t.Fields()
	for _, name := range names {
		used := c.Fields[name]
		if used == nil {
			return // it failed to compile and has been reported
		}
		if used.Class == Written {
			c.refuseWritten(s, name)
			return
		}
		fields = append(fields, used)
	}
	if c.tryTemplate(s, t, fields) {
		f.Program, f.Inputs = &text{Text: node.String, Fields: names, template: t}, names
	}
}

func (c *Compiler) templateFault(node *spec.Node, fault *prompt.Fault) {
	d := c.Diags.Errorf(node.PositionAt(fault.Offset), "template", "%s", fault.Message)
	if fault.Hint != "" {
		d.WithHint("%s", fault.Hint)
	}
}

// tryTemplate executes a template on values such as it will see, so that a
// function given the wrong type of argument is found now. It reports whether
// the first values do.
func (c *Compiler) tryTemplate(s *spec.Field, t *prompt.Template, fields []*Field) bool {
	values := map[string]any{}
	for _, f := range fields {
		values[f.Name] = f.example()
	}
	node := s.Body.Get("text")
	if fault := try(t, values); fault != nil {
		c.Diags.Errorf(node.PositionAt(fault.Offset), "template", "the template fails for the values %s: %s", showValues(fields, values), fault.Message).WithHint("%s", fault.Hint)
		return false
	}
	for _, f := range fields {
		if !f.Nullable || s.When != nil {
			continue
		}
		values[f.Name] = nothing(f.Type)
		if fault := try(t, values); fault != nil {
			c.Diags.Warnf(node.PositionAt(fault.Offset), "template", "the template fails where %q has no value: %s", f.Name, fault.Message).
				WithHint("put it inside {{ if .%s }}, or say by when who has the text", f.Name)
		}
		values[f.Name] = f.example()
	}
	return true
}

// try executes a template and returns its fault.
func try(t *prompt.Template, values map[string]any) *prompt.Fault {
	err := t.Execute(context.Background(), io.Discard, values)
	if err == nil {
		return nil
	}
	if fault := (*prompt.Fault)(nil); errors.As(err, &fault) {
		return fault
	}
	return &prompt.Fault{Message: err.Error()}
}

// example is a value of the field as templates see it.
func (f *Field) example() any {
	switch f.Type {
	case frame.Category:
		if len(f.Domain.Labels) > 0 {
			return f.Domain.Labels[0]
		}
	case frame.CategoryList:
		return f.Domain.Labels[:min(len(f.Domain.Labels), 3)]
	case frame.Integer:
		if f.Domain != nil {
			return f.Domain.Max
		}
		return int64(1)
	case frame.Number:
		return 1.0
	case frame.TextList:
		return []string{"text"}
	}
	return "text"
}

func showValues(fields []*Field, values map[string]any) string {
	var parts []string
	for _, f := range fields {
		parts = append(parts, fmt.Sprintf("%s=%s", f.Name, prompt.AppendText(nil, values[f.Name])))
	}
	return strings.Join(parts, ", ")
}

// text is a template over the columns of Fields.
type text struct {
	Text   string   `json:"text"`
	Fields []string `json:"fields"`

	template *prompt.Template
}

// UnmarshalJSON reads and parses a stored template.
func (p *text) UnmarshalJSON(data []byte) error {
	type plain text
	if err := json.Unmarshal(data, (*plain)(p)); err != nil {
		return err
	}
	t, faults := prompt.Parse("template", p.Text, append([]string{}, p.Fields...))
	if len(faults) > 0 {
		return &faults[0]
	}
	p.template = t
	return nil
}

// RowError says that a row has no text because the template failed.
type RowError struct {
	Row int // in the batch
	Err error
}

// Failer is a Filler that can fail for single rows, which then are null. After
// Fill, Failed lists them; those whose field's when does not hold do not matter.
type Failer interface{ Failed() []RowError }

func (p *text) Bind(env *Env) Filler {
	columns := map[string]int{}
	for _, name := range p.Fields {
		columns[name] = env.Index(name)
	}
	parts, ok := p.template.Plain()
	if !ok {
		slow := &templateFiller{p: p, ctx: cmp.Or[context.Context](env.Context, context.Background()), columns: columns, values: map[string]any{}}
		for _, name := range p.Fields {
			slow.fields = append(slow.fields, env.Fields[columns[name]])
		}
		slow.remember()
		return slow
	}
	plain := &plainFiller{parts: parts}
	for _, part := range parts {
		plain.columns = append(plain.columns, columns[part.Field])
	}
	return plain
}

// templateFiller executes the template row by row. Where every field it reads
// is coded, the text of a combination of codes is made once and remembered.
type templateFiller struct {
	p       *text
	ctx     context.Context // of the Fill
	fields  []*Field
	columns map[string]int
	values  map[string]any
	failed  []RowError
	known   map[uint64]string // nil when some field is not coded
	sizes   []uint64          // per field: its codes, null included
}

// maxExhausted is after how many rows of a batch that exceed the limits of templates
// the other rows are not tried.
const maxExhausted = 8

// maxKnown bounds the texts that a template remembers.
const maxKnown = 1 << 16

// remember readies the memory if every field is coded and their combinations
// can be numbered.
func (p *templateFiller) remember() {
	combinations := uint64(1)
	for _, f := range p.fields {
		if f.Domain == nil || f.Type != frame.Category && f.Type != frame.Integer {
			return
		}
		size := uint64(f.Domain.Size()) + 1
		if combinations > math.MaxUint64/size {
			return
		}
		combinations *= size
		p.sizes = append(p.sizes, size)
	}
	p.known = map[uint64]string{}
}

// combination numbers the codes of a row; false when a value lies outside its
// field's domain.
func (p *templateFiller) combination(b *frame.Batch, r int) (uint64, bool) {
	n := uint64(0)
	for i, f := range p.fields {
		c := &b.Columns[p.columns[f.Name]]
		code := int64(0) // null
		if !c.IsNull(f.Type, r) {
			if f.Type == frame.Category {
				code = int64(c.Codes[r]) + 1
			} else {
				code = c.Ints[r] - f.Domain.Min + 1
			}
			if code < 1 || uint64(code) >= p.sizes[i] {
				return 0, false
			}
		}
		n = n*p.sizes[i] + uint64(code)
	}
	return n, true
}

func (p *templateFiller) Failed() []RowError { return p.failed }

func (p *templateFiller) Fill(b *frame.Batch, c *frame.Column) {
	p.failed = p.failed[:0]
	var stopped error
	exhausted := 0
	for r := range b.N {
		key, coded := uint64(0), false
		if p.known != nil {
			if key, coded = p.combination(b, r); coded {
				if text, ok := p.known[key]; ok {
					c.Texts[r] = text
					continue
				}
			}
		}
		text, err := "", stopped
		if stopped == nil {
			text, err = p.execute(b, r)
		}
		if err != nil {
			if fault := (*prompt.Fault)(nil); !errors.As(err, &fault) {
				stopped = err // the context's: the rest would fail as well
			} else if fault.Exhausted {
				if exhausted++; exhausted == maxExhausted {
					stopped = err
				}
			}
			p.failed = append(p.failed, RowError{r, err})
			if c.Null == nil {
				c.Null = make([]bool, b.N)
			}
			c.Texts[r], c.Null[r] = "", true
			continue
		}
		c.Texts[r] = text
		if coded && len(p.known) < maxKnown {
			p.known[key] = text
		}
	}
}

func (p *templateFiller) execute(b *frame.Batch, r int) (string, error) {
	for _, name := range p.p.Fields {
		p.values[name] = cellValue(b, p.columns[name], r)
	}
	var out strings.Builder
	err := p.p.template.Execute(p.ctx, &out, p.values)
	return out.String(), err
}

// nothing is null as templates see it: an empty text, which {{ if }} takes for
// false, or an empty list, which {{ range }} can range over.
func nothing(t frame.Type) any {
	if t == frame.CategoryList || t == frame.TextList {
		return []string{}
	}
	return ""
}

// cellValue is a value as templates see it: string, int64, float64 or []string.
func cellValue(b *frame.Batch, column, r int) any {
	c, f := &b.Columns[column], &b.Schema[column]
	if c.IsNull(f.Type, r) {
		return nothing(f.Type)
	}
	switch f.Type {
	case frame.Category:
		return f.Labels[c.Codes[r]]
	case frame.Integer:
		return c.Ints[r]
	case frame.Number:
		return c.Floats[r]
	case frame.Text:
		return c.Texts[r]
	case frame.CategoryList:
		items := []string{}
		for _, code := range c.Codes[c.Offsets[r]:c.Offsets[r+1]] {
			items = append(items, f.Labels[code])
		}
		return items
	}
	return append([]string{}, c.Texts[c.Offsets[r]:c.Offsets[r+1]]...)
}

// plainFiller writes literals and values one after the other.
type plainFiller struct {
	parts   []prompt.Part
	columns []int // of each part that is a field
	buffer  []byte
	ends    []int
}

func (p *plainFiller) Fill(b *frame.Batch, c *frame.Column) {
	p.buffer, p.ends = p.buffer[:0], p.ends[:0]
	for r := range b.N {
		for i := range p.parts {
			if part := &p.parts[i]; part.Field == "" {
				p.buffer = append(p.buffer, part.Text...)
			} else {
				p.buffer = appendCell(p.buffer, b, p.columns[i], r)
			}
		}
		p.ends = append(p.ends, len(p.buffer))
	}
	all := string(p.buffer) // the texts of a batch lie in one string
	from := 0
	for r, end := range p.ends {
		c.Texts[r] = all[from:end]
		from = end
	}
}

// appendCell appends what prompt.AppendText makes of cellValue, without
// making a value.
func appendCell(dst []byte, b *frame.Batch, column, r int) []byte {
	c, f := &b.Columns[column], &b.Schema[column]
	if c.IsNull(f.Type, r) {
		return dst
	}
	switch f.Type {
	case frame.Category:
		return append(dst, f.Labels[c.Codes[r]]...)
	case frame.Integer:
		return strconv.AppendInt(dst, c.Ints[r], 10)
	case frame.Number:
		return prompt.AppendFloat(dst, c.Floats[r])
	case frame.Text:
		return append(dst, c.Texts[r]...)
	}
	return prompt.AppendText(dst, cellValue(b, column, r))
}
