package office

import (
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/humanize"
)

// translate replaces the texts of the cube by those in the wanted language. A keyword in
// another language, such as VALUES[en]("sex"), names variables and values in that language;
// codes and figures are those of the default language.
func (f *pxFile) translate() error {
	c := f.cube
	switch {
	case f.wanted == "":
		return nil
	case strings.EqualFold(f.wanted, f.language) || f.language == "" && len(f.translated) == 0 && slices.Equal(c.Languages, []string{strings.ToLower(f.wanted)}):
		c.front(f.wanted)
		return nil
	case len(f.translated) == 0:
		return noLanguage(f.wanted, c.Languages)
	}
	names := slices.Concat(f.translated[pxKey{name: "STUB"}], f.translated[pxKey{name: "HEADING"}])
	if len(names) != len(c.Dims) {
		return faultf(0, 0, "STUB[%s] and HEADING[%s] name %d variables, STUB and HEADING %d", f.wanted, f.wanted, len(names), len(c.Dims)).hint("read the file in its default language, without --language")
	}
	for i := range c.Dims {
		d := &c.Dims[i]
		values := f.translated[pxKey{name: "VALUES", first: names[i]}]
		if len(values) != len(d.Categories) {
			if len(values) > 0 {
				return faultf(0, 0, "the variable %q has %d VALUES[%s], %q has %d", names[i], len(values), f.wanted, d.Label, len(d.Categories)).hint("read the file in its default language, without --language")
			}
			c.warnf("the values of %s are not translated", names[i])
		}
		for j := range values {
			k := &d.Categories[j]
			k.Also, k.Label = k.Label, values[j]
		}
		d.Also, d.Label = d.Label, names[i]
		if code := f.translated[pxKey{name: "VARIABLECODE", first: names[i]}]; len(code) > 0 {
			d.ID = code[0]
		}
	}
	if slices.ContainsFunc(f.reorder, func(k pxKey) bool { return strings.Contains(k.name, "NOTE") }) {
		c.Notes = nil
	}
	if f.translated[pxKey{name: "CONTVARIABLE"}] == nil {
		for _, d := range c.Dims {
			if d.Role == Metric {
				f.translated[pxKey{name: "CONTVARIABLE"}] = []string{d.Label}
			}
		}
	}
	f.values, f.order = f.translated, f.reorder
	f.describe()
	f.noteSymbols()
	c.front(f.wanted)
	return nil
}

// front puts the language that is read first.
func (c *Cube) front(language string) {
	language = strings.ToLower(language)
	c.Languages = append([]string{language}, slices.DeleteFunc(c.Languages, func(l string) bool { return l == language })...)
}

// noLanguage says that a file lacks a language.
func noLanguage(wanted string, known []string) *Fault {
	if len(known) < 2 {
		f := faultf(0, 0, "the file is in one language only, so it is not read in %q", wanted)
		return f.code("no-language").hint("remove the language")
	}
	f := faultf(0, 0, "the file has no language %q; it has %s", wanted, humanize.Quoted(known))
	if slices.ContainsFunc(known, func(l string) bool { return strings.EqualFold(l, wanted) }) {
		f = faultf(0, 0, "the file lists the language %q but has no texts in it", wanted)
	}
	return f.code("no-language").hint("choose one of them, such as %q", known[0])
}
