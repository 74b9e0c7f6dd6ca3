package kind

import (
	"fmt"
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/spec"
)

// compileUnlike reads the fields whose values an entry of a choice must not have.
func (c *Compiler) compileUnlike(s *spec.Field, p *choice) {
	n := s.Body.Get("unlike")
	if n == nil {
		return
	}
	if !s.Hidden {
		c.Diags.Errorf(n.Place, "unlike", "field %q is published, and no check could tell the shares of entries that give way to others", s.Name).WithHint("hide it, or remove unlike")
	}
	if s.Unique {
		c.Diags.Errorf(n.Place, "unlike", "field %q is unique, so its entries cannot give way", s.Name).WithHint("remove unlike or unique")
	}
	c.Once(n.Names())
	for _, name := range n.Names() {
		other := c.Fields[name.Value]
		if other == nil {
			continue // reported as unknown
		}
		if err := unlikable(other); err != nil {
			c.Diags.Errorf(name.Place, "unlike", "%v", err).WithHint("name a field of labels or texts")
			continue
		}
		p.Unlike = append(p.Unlike, name.Value)
	}
}

// unlikable returns why the entries of a choice are not compared with a field.
func unlikable(f *Field) error {
	if f.Type == frame.Category && f.Domain != nil || f.Type == frame.Text && f.Class != Written {
		return nil
	}
	return fmt.Errorf("field %q is a %s, with which entries are not compared", f.Name, f.Kind)
}

// validateUnlike checks the fields of a stored choice.
func (p *choice) validateUnlike(f *Field, find func(name string) *Field) error {
	for _, name := range p.Unlike {
		other := find(name)
		if other == nil || !slices.Contains(f.Inputs, name) {
			return fmt.Errorf("%q, whose values it must not have, is not among its inputs", name)
		}
		if err := unlikable(other); err != nil {
			return err
		}
	}
	return nil
}

// unlikeField finds the entries that have the value of another field.
type unlikeField struct {
	column int
	typ    frame.Type
	codes  []int64          // by code of the other field; -1 for none
	index  map[string]int64 // by text
}

func (p *choice) bindUnlike(env *Env) (out []unlikeField) {
	if p.Unlike == nil {
		return nil
	}
	index := map[string]int64{}
	for i, label := range env.Field.Domain.AllLabels() {
		index[label] = int64(i)
	}
	for _, name := range p.Unlike {
		x := unlikeField{column: env.Index(name), index: index}
		of := env.Fields[x.column]
		if x.typ = of.Type; x.typ == frame.Category {
			for _, label := range of.Domain.AllLabels() {
				code, ok := index[label]
				if !ok {
					code = -1
				}
				x.codes = append(x.codes, code)
			}
		}
		out = append(out, x)
	}
	return out
}

// code returns the code of the entry with the value of row r, -1 for none.
func (x *unlikeField) code(b *frame.Batch, r int) int64 {
	c := &b.Columns[x.column]
	if c.IsNull(x.typ, r) {
		return -1
	}
	if x.typ == frame.Category {
		return x.codes[c.Codes[r]]
	}
	if code, ok := x.index[c.Texts[r]]; ok {
		return code
	}
	return -1
}

// giveWay draws again the entries that others have. One that nothing can replace stays.
func (p *choiceFiller) giveWay(b *frame.Batch, c *frame.Column) {
	for r, list := range p.lists {
		if list == 0 {
			continue
		}
		p.others = p.appendOthers(p.others[:0], b, r)
		if slices.Contains(p.others, int64(c.Codes[r])) {
			if code := p.other(b, r, p.others); code >= 0 {
				c.Codes[r] = code
			}
		}
	}
}

// appendOthers appends the codes of the entries that other fields of row r have.
func (p *choiceFiller) appendOthers(codes []int64, b *frame.Batch, r int) []int64 {
	for i := range p.unlike {
		if code := p.unlike[i].code(b, r); code >= 0 {
			codes = append(codes, code)
		}
	}
	return codes
}

// replace draws an entry that is not taken for row r, -1 if there is none. It is one that
// no other field has, if any is left.
func (p *choiceFiller) replace(b *frame.Batch, r int, taken []int64) int32 {
	if p.unlike != nil {
		p.others = p.appendOthers(append(p.others[:0], taken...), b, r)
		if code := p.other(b, r, p.others); code >= 0 {
			return code
		}
	}
	return p.other(b, r, taken)
}
