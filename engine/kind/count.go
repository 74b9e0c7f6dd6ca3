package kind

import (
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/spec"
)

var countKind = Kind{
	Name: "count",
	Uses: func(s *spec.Field) []spec.String {
		of := s.Body.Get("of").AsString()
		of.Value, _, _ = strings.Cut(of.Value, ".")
		return []spec.String{of}
	},
	Compile: compileRecordsCount,
	New:     func() Program { return &recordsCount{} },
}

// recordsCount is the number of a person's records, of one group or of all.
type recordsCount struct {
	// Of gives the count as a function of finite fields: case i+1 is value i of the domain.
	// It is nil if the count is drawn, and then counted.
	Of      *Selector `json:"of,omitempty"`
	Records string    `json:"records,omitempty"` // the field, to count
	Group   int       `json:"group"`             // of the field, -1 for all
}

func (p *recordsCount) lookup() *Selector { return p.Of }

func compileRecordsCount(c *Compiler, s *spec.Field, f *Field) {
	f.Class, f.Type = Derived, frame.Integer
	f.Nullable = s.When != nil
	f.Domain = &Domain{Integer: true, Max: maxRecords - 1}
	at := s.Body.Get("of")
	name, group, one := strings.Cut(at.String, ".")
	of := c.Fields[name]
	if of == nil {
		c.FiniteField(name, at.Place) // reports a name that is unknown
		return
	}
	if of.Type != frame.Records {
		c.Diags.Errorf(at.Place, "not-records", "field %q is a %s, and has no records to count", of.Name, of.Kind).WithHint("name a field of kind records, or a group of one: \"family.child\"")
		return
	}
	groups := of.Records[0].Domain.Labels
	p := &recordsCount{Records: of.Name, Group: slices.Index(groups, group)}
	if one && p.Group < 0 {
		d := c.Diags.Errorf(at.Place, "unknown-group", "%q has no group %q", of.Name, group)
		if g := diag.Guess(group, groups); g != "" {
			d.WithHint("did you mean %q?", g)
		} else {
			d.WithHint("its groups are %s", strings.Join(groups, ", "))
		}
		return
	}
	f.Nullable = f.Nullable || of.Nullable
	f.Domain.Max = int64(of.MaxItems())
	f.Inputs = []string{of.Name}
	if q, ok := of.Program.(*records); ok {
		if one {
			f.Domain.Max = int64(q.Groups[p.Group].Count.Max)
		}
		if sel := c.countSelector(of, q, p.Group); sel != nil {
			p.Of, p.Records = sel, ""
			f.Inputs = slices.Clone(sel.Fields)
		}
	}
	if p.Of == nil {
		f.Class = Drawn
	}
	f.Program = p
}

// countSelector returns the count of a group, or of all for -1, as a function of finite
// fields; nil if it is not one.
func (c *Compiler) countSelector(of *Field, p *records, group int) *Selector {
	var parts []*Selector
	for i, g := range p.Groups {
		if group < 0 || i == group {
			if g.Count.Of == nil {
				return nil
			}
			parts = append(parts, g.Count.Of)
		}
	}
	if of.When != nil {
		parts = append(parts, of.When)
	}
	var fields []*Field
	size := 1
	for _, s := range parts {
		for _, name := range s.Fields {
			if f := c.Fields[name]; !slices.Contains(fields, f) {
				fields = append(fields, f)
				if size *= f.Slots(); size > maxSelector {
					return nil
				}
			}
		}
	}
	sum := newSelector(fields...)
	codes := make([]int, len(fields))
	var at []func(codes []int) int
	for _, s := range parts {
		at = append(at, sum.projection(s))
	}
	for config := range sum.Case {
		rest := config
		for k := len(codes) - 1; k >= 0; k-- {
			codes[k] = rest % sum.Slots[k]
			rest /= sum.Slots[k]
		}
		n := int32(1)
		for i, s := range parts {
			k := s.Case[at[i](codes)]
			switch {
			case s != of.When:
				n += k
			case k != 1:
				n = 0 // null
			}
		}
		sum.Case[config] = n
	}
	return sum
}

// Counts returns the field whose records this one counts, "" for other fields, also for
// counts that follow from fitted fields.
func (f *Field) Counts() string {
	if p, ok := f.Program.(*recordsCount); ok && p.Of == nil {
		return p.Records
	}
	return ""
}

func (p *recordsCount) validate(f *Field, find func(name string) *Field) error {
	if f.Domain == nil || !f.Domain.Integer || f.Domain.Min != 0 {
		return fmt.Errorf("it has no range")
	}
	if p.Of != nil {
		if slices.ContainsFunc(p.Of.Case, func(k int32) bool { return int64(k) > f.Domain.Max+1 }) {
			return fmt.Errorf("a count is above %d", f.Domain.Max)
		}
		return nil
	}
	of := find(p.Records)
	if of == nil || of.Type != frame.Records || !slices.Contains(f.Inputs, p.Records) || p.Group >= len(of.Records[0].Domain.Labels) {
		return fmt.Errorf("%q has no records of group %d", p.Records, p.Group)
	}
	return nil
}

func (p *recordsCount) Bind(env *Env) Filler {
	if p.Of != nil {
		return &integerGroupFiller{of: p.Of.Bind(env)}
	}
	return &recordsCountFiller{column: env.Index(p.Records), group: int32(p.Group)}
}

// recordsCountFiller counts records.
type recordsCountFiller struct {
	column int
	group  int32
}

func (p *recordsCountFiller) Fill(b *frame.Batch, c *frame.Column) {
	of := &b.Columns[p.column]
	for r := range b.N {
		if of.IsNull(frame.Records, r) {
			c.SetNull(frame.Integer, r, b.N)
			continue
		}
		from, to := of.Offsets[r], of.Offsets[r+1]
		c.Ints[r] = int64(to - from)
		if p.group >= 0 {
			c.Ints[r] = 0
			for _, code := range of.Records[0].Codes[from:to] {
				if code == p.group {
					c.Ints[r]++
				}
			}
		}
	}
}
