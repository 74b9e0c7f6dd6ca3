package kind

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/contract"
	"github.com/personagen/personagen/engine/internal/plaintext"
	"github.com/personagen/personagen/engine/internal/prompt"
	"github.com/personagen/personagen/engine/spec"
)

var templateKind = Kind{
	Name:    "template",
	Uses:    templateUses,
	Compile: compileTemplate,
	New:     func() Program { return &template{} },
}

// templateUses returns the fields that a template refers to, none if it does not
// parse: compileTemplate reports that.
func templateUses(s *spec.Field) []spec.String {
	node := s.Body.Get("text")
	t, _ := prompt.Parse(s.Name, node.String, nil)
	if t == nil {
		return nil
	}
	var uses []spec.String
	for _, ref := range t.References() {
		name := ref.Field
		if of, _, ok := strings.Cut(name, "."); ok && of+"." != personPrefix && of+"." != previousPrefix {
			name = of // a field of the records of a person
		}
		if !slices.ContainsFunc(uses, func(u spec.String) bool { return u.Value == name }) {
			uses = append(uses, spec.String{Value: name, Place: node.PositionAt(ref.Offset)})
		}
	}
	return uses
}

func compileTemplate(c *Compiler, s *spec.Field, f *Field) {
	f.Class, f.Type = Derived, frame.Text
	optional := s.Body.Get("optional") != nil && s.Body.Get("optional").Bool
	f.Nullable = s.When != nil || optional
	node := s.Body.Get("text")
	known := []string{}
	for _, other := range c.Spec.Fields {
		switch f := c.Fields[other.Name]; {
		case f != nil && f.Type == frame.Records:
			known = append(known, f.RecordPaths()...)
		case (other.Kind == recordsName || other.Kind == timelineName) && slices.ContainsFunc(templateUses(s), func(u spec.String) bool { return u.Value == other.Name }):
			return // failed to compile, which has been reported
		default:
			known = append(known, other.Name)
		}
	}
	t, faults := prompt.Parse(s.Name, node.String, known)
	for _, fault := range faults {
		c.reportTemplateFault(node, &fault)
	}
	if t == nil {
		return
	}
	var fields []*Field
	var names []string
	for _, ref := range t.References() {
		name := c.templateField(ref.Field)
		used := c.Fields[name]
		switch {
		case used == nil && c.inRecord && !slices.ContainsFunc(c.Spec.Fields, func(f spec.Field) bool { return f.Name == name }):
			c.Diags.Errorf(node.PositionAt(ref.Offset), "template", "%q is a record, not a value", ref.Field).WithHint("name a field of it: {{ .%s.… }}", ref.Field)
			return
		case used == nil:
			return // failed to compile, which has been reported
		case slices.Contains(names, name):
			continue
		}
		names = append(names, name)
		if used.Class.Added() {
			c.refuseWritten(s, name)
			return
		}
		fields = append(fields, used)
	}
	if c.tryTemplate(s, t, fields) {
		p := &template{Text: node.String, Fields: names, Optional: optional, template: t}
		if paths := t.Fields(); !slices.Equal(paths, names) {
			p.Paths = paths
		}
		if n := s.Body.Get("contractions"); n != nil {
			p.Contractions = map[string]string{}
			for _, pair := range n.Fields {
				p.Contractions[pair.Name] = pair.Value.String
			}
		}
		f.Program, f.Inputs = p, names
	}
}

// templateField returns the field to which a path of a template leads: itself, or the
// records of which it names a field.
func (c *Compiler) templateField(path string) string {
	if c.Fields[path] == nil {
		if name, _, ok := strings.Cut(path, "."); ok && c.Fields[name] != nil {
			return name
		}
	}
	return path
}

func (c *Compiler) reportTemplateFault(node *spec.Node, fault *prompt.Fault) {
	d := c.Diags.Errorf(node.PositionAt(fault.Offset), "template", "%s", fault.Message)
	if fault.Hint != "" {
		d.WithHint("%s", fault.Hint)
	}
}

// tryTemplate executes a template on example values, so that arguments of the wrong
// type are found before the run. A failure is an error and returns false; a failure
// with a null value in place of one example is only a warning.
func (c *Compiler) tryTemplate(s *spec.Field, t *prompt.Template, fields []*Field) bool {
	values := map[string]any{}
	for _, f := range fields {
		setValue(values, f.Name, f.Example())
	}
	node := s.Body.Get("text")
	if fault := try(t, values); fault != nil {
		where := ""
		if len(fields) > 0 {
			where = " for the values " + formatValues(fields, values)
		}
		c.Diags.Errorf(node.PositionAt(fault.Offset), "template", "the template fails%s: %s", where, fault.Message).WithHint("%s", fault.Hint)
		return false
	}
	for _, f := range fields {
		if (!f.Nullable || s.When != nil) && f.Type != frame.Records {
			continue
		}
		column := f.Column()
		setValue(values, f.Name, nullValue(&column))
		if fault := try(t, values); fault != nil {
			c.Diags.Warnf(node.PositionAt(fault.Offset), "template", "the template fails where %q has no value: %s", f.Name, fault.Message).
				WithHint("put it inside {{ if .%s }}, or add a when to the template", f.Name)
		}
		setValue(values, f.Name, f.Example())
	}
	return true
}

// try executes a template and returns its fault.
func try(t *prompt.Template, values map[string]any) *prompt.Fault {
	_, err := execute(context.Background(), t, values)
	if err == nil {
		return nil
	}
	if fault := (*prompt.Fault)(nil); errors.As(err, &fault) {
		return fault
	}
	return &prompt.Fault{Message: err.Error()}
}

// Example returns a value of the field as templates see it.
func (f *Field) Example() any {
	switch f.Type {
	case frame.Records:
		return exampleRecords(f)
	case frame.Category:
		if f.Domain.Size() > 0 {
			return f.Domain.Value(0)
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
	case frame.Date:
		return "2000-02-29"
	}
	return "text"
}

// formatValues lists the values of fields for a message: "age=7, hue=red".
func formatValues(fields []*Field, values map[string]any) string {
	var parts []string
	for _, f := range fields {
		parts = append(parts, fmt.Sprintf("%s=%s", f.Name, prompt.AppendText(nil, valueOf(values, f.Name))))
	}
	return strings.Join(parts, ", ")
}

// template writes a text from the values of Fields.
type template struct {
	Text   string   `json:"text"`
	Fields []string `json:"fields"`
	// Paths are what the text refers to, if that is not Fields: fields of records.
	Paths []string `json:"paths,omitempty"`
	// Contractions are pairs of words and the word that stands for them.
	Contractions map[string]string `json:"contractions,omitempty"`
	// Optional makes a text without anything but blanks null.
	Optional bool `json:"optional,omitempty"`

	template *prompt.Template
}

// UnmarshalJSON decodes and parses a stored template.
func (p *template) UnmarshalJSON(data []byte) error {
	type plain template
	if err := json.Unmarshal(data, (*plain)(p)); err != nil {
		return err
	}
	known := append([]string{}, p.Fields...)
	if p.Paths != nil {
		known = append([]string{}, p.Paths...)
	}
	t, faults := prompt.Parse("template", p.Text, known)
	if len(faults) > 0 {
		return &faults[0]
	}
	p.template = t
	return nil
}

// RowError says why a row has no text.
type RowError struct {
	Row int // in the batch
	Err error
}

// Failer is a Filler that can fail for single rows, which are then null. Failed
// returns the failures of the last Fill. Failures in rows that do not meet the
// field's When are to be ignored.
type Failer interface{ Failed() []RowError }

func (p *template) Bind(env *Env) Filler {
	f := &templateFiller{p: p, words: contract.New(p.Contractions), ctx: cmp.Or[context.Context](env.Context, context.Background()), columns: map[string]int{}, values: map[string]any{}}
	for _, name := range p.Fields {
		f.columns[name] = env.Index(name)
		f.fields = append(f.fields, env.Fields[f.columns[name]])
	}
	if _, f.plain = p.template.Plain(); !f.plain {
		f.enableCache()
	}
	if f.cached == nil {
		f.program = p.template.Compile(func(name string) (int, bool) {
			column, ok := f.columns[name]
			return column, ok
		})
	}
	return f
}

// templateFiller writes the template row by row: with its program, or, where it has none or
// the program leaves a row to it, by execution. If every field that the template reads has
// codes, and their combinations are few, it caches the text of each.
type templateFiller struct {
	p       *template
	words   contract.Words
	ctx     context.Context // of the run
	fields  []*Field        // those of the template
	columns map[string]int  // of the fields, by name
	program *prompt.Program // nil if the template has none, or has cached texts
	plain   bool            // the template does no more than insert values
	buffer  []byte          // the texts of the batch that the program has written
	ends    []int           // of each row's text in buffer; -1 for others
	values  map[string]any  // of the current row, by field name
	failed  []RowError
	cached  map[uint64]string // text by combination; nil when a field has no codes
	sizes   []uint64          // number of codes of each field, null included
}

// maxExhausted is the number of rows of a batch that may exceed the limits of
// templates. After that the other rows are not tried.
const maxExhausted = 8

// maxCached is the largest number of combinations whose texts a templateFiller caches.
const maxCached = 1 << 16

// enableCache makes the cache if every field has codes and their combinations are few.
func (p *templateFiller) enableCache() {
	combinations := uint64(1)
	for _, f := range p.fields {
		if f.Domain == nil || f.Type != frame.Category && f.Type != frame.Integer {
			return
		}
		size := uint64(f.Domain.Size()) + 1
		if combinations *= size; size > maxCached || combinations > maxCached {
			return
		}
		p.sizes = append(p.sizes, size)
	}
	p.cached = map[uint64]string{}
}

// combination returns the number of a row's combination of codes; false when a
// value is not in its field's domain.
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
	p.failed, p.buffer, p.ends = p.failed[:0], p.buffer[:0], frame.Grow(p.ends, b.N)
	var stopped error
	exhausted := 0
	for r := range b.N {
		p.ends[r] = -1
		key, coded := uint64(0), false
		if p.cached != nil {
			if key, coded = p.combination(b, r); coded {
				if text, ok := p.cached[key]; ok {
					c.Texts[r] = text
					continue
				}
			}
		}
		if stopped == nil && p.program != nil && p.append(b, r) {
			continue
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
			c.SetNull(frame.Text, r, b.N)
			continue
		}
		c.Texts[r] = text
		if coded {
			p.cached[key] = text
		}
	}
	all := string(p.buffer) // one string for all of them: one allocation
	from := 0
	for r, end := range p.ends {
		if end >= 0 {
			c.Texts[r] = all[from:end]
			from = end
		}
	}
	p.p.omit(b, c)
}

// append appends the text of a row to the buffer; false where the row is to be executed.
func (p *templateFiller) append(b *frame.Batch, r int) bool {
	from := len(p.buffer)
	text, ok := p.program.Append(p.buffer, b, r)
	if !ok || !p.plain && steers(text[from:]) {
		p.buffer = text[:from]
		return false
	}
	p.buffer = p.words.Apply(text, from)
	p.ends[r] = len(p.buffer)
	return true
}

// execute returns the text of a row.
func (p *templateFiller) execute(b *frame.Batch, r int) (string, error) {
	for _, name := range p.p.Fields {
		setValue(p.values, name, CellValue(b, p.columns[name], r))
	}
	text, err := execute(p.ctx, p.p.template, p.values)
	return p.words.Text(text), err
}

// steers reports whether a text has a character that steers a terminal.
func steers(text []byte) bool {
	for _, c := range text {
		switch { // only characters with such a byte do
		case c < ' ', c == 0x7f, c == 0xc2, c == 0xd8, c == 0xe2:
			_, _, found := plaintext.Steering(string(text))
			return found
		}
	}
	return false
}

// execute returns the text of a template, which must not have characters that steer
// a terminal: functions can make them of others.
func execute(ctx context.Context, t *prompt.Template, values map[string]any) (string, error) {
	var out strings.Builder
	if err := t.Execute(ctx, &out, values); err != nil {
		return "", err
	}
	text := out.String()
	if _, c, found := plaintext.Steering(text); found {
		return "", &prompt.Fault{Name: "template", Line: 1, Column: 1, Message: fmt.Sprintf("the text has the invisible character %U", c),
			Hint: "remove it: it can steer a terminal or reverse what is read"}
	}
	return text, nil
}

// omit makes the empty texts of an optional template null, and those of blanks only, which
// a template of several lines leaves around its actions.
func (p *template) omit(b *frame.Batch, c *frame.Column) {
	for r := range b.N {
		if p.Optional && strings.TrimSpace(c.Texts[r]) == "" {
			c.SetNull(frame.Text, r, b.N)
		}
	}
}
