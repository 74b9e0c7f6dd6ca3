package check

import "github.com/personagen/personagen/engine/frame"

// textProfiles describes the written fields; sources is nil when no field says who
// wrote the texts.
func textProfiles(t *texts, sources *sources) (out []TextProfile) {
	compared := t.compare()
	for i := range t.fields {
		c, f := &t.plan.fields[i], &t.fields[i]
		column := &t.columns.of[c.column]
		p := TextProfile{Field: c.field.Name, Applies: f.applies, Written: f.written, Missing: column.missing.count, NearDuplicates: compared.fields[i]}
		if c.field.Text.Of != "" {
			p.Of, p.Language, p.Untranslated = c.field.Text.Of, c.field.Text.Language, f.unoriginal
		}
		numbers := column.numbers.Describe()
		if c.field.Type == frame.TextList {
			p.Items, p.Chars = numbers, f.items.Describe()
		} else {
			p.Chars = numbers
		}
		if p.Chars != nil {
			p.Chars.Of = "characters"
		}
		if p.Items != nil {
			p.Items.Of = "items"
		}
		for k, d := range t.plan.rules.Demands {
			if n := t.broken[k].count; d.Column == c.column && n > 0 {
				p.Broken = append(p.Broken, Broken{d.Kind, d.Name, n})
			}
		}
		if sources != nil {
			p.Sources, p.Model = sources.of(c.field.Name, f.written)
		}
		out = append(out, p)
	}
	return out
}
