package compare

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/sketch"
)

// section is a table of the comparison. A column whose head ends in ">" is aligned
// to the right.
type section struct {
	title, note string
	head        []string
	rows        [][]string
}

// shownShares is the number of values per field that are shown by default.
const shownShares = 8

// sections returns the tables of the comparison that are not empty.
func (c *Comparison) sections(all bool) []section {
	var out []section
	for _, s := range []section{c.judgedRows(), c.setRows(), c.lengthRows(), c.varietyRows(), c.factRows(), c.listRows(), c.valueRows(), c.shareRows(all), c.numberRows()} {
		if len(s.rows) > 0 {
			out = append(out, s)
		}
	}
	return out
}

func (c *Comparison) setRows() section {
	s := section{title: "Data sets", head: []string{"set", "kind", "rows>", "text characters per row>", "model-written>", "origin"}}
	for i := range c.Sets {
		x := &c.Sets[i]
		rows, chars, model := "-", "-", "-"
		switch {
		case x.Known != nil:
			rows, chars = knownFigure(x.Known.Rows), knownFigure(x.Known.RowChars)
		default:
			rows = humanize.Thousands(*x.Rows)
			if x.RowChars != nil && x.RowChars.Mean > 0 {
				chars = number(x.RowChars.Mean)
			}
		}
		if x.Model != nil {
			model = percent(*x.Model)
		}
		s.rows = append(s.rows, []string{x.Name, x.Kind, rows, chars, model, cmp.Or(x.Origin, x.Title)})
	}
	return s
}

// onFirstRow returns the name of a field on its first row and "" on others.
func onFirstRow(field string, first bool) string {
	if first {
		return field
	}
	return ""
}

func (c *Comparison) lengthRows() section {
	s := section{
		title: "Lengths of texts, in characters",
		head:  []string{"field", "set", "texts>", "missing or empty>", "mean>", "10 %>", "median>", "90 %>", "words, mean>"},
	}
	for _, t := range c.Texts {
		first := true
		for i, f := range t.In {
			if f == nil {
				continue
			}
			row := []string{onFirstRow(t.Field, first), c.Sets[i].Name}
			switch {
			case f.Known != nil:
				text := knownFigure(f.Known.Chars)
				if k := f.Known.ExampleChars; k != nil {
					if f.Known.Chars == nil {
						text = fmt.Sprintf("one text: %s", knownFigure(k))
					} else {
						text += fmt.Sprintf("; one text: %s", knownFigure(k))
					}
				}
				row = append(row, "-", "-", text, "", "", "", "")
			case f.Chars == nil:
				row = append(row, humanize.Thousands(f.Texts), humanize.Thousands(f.Empty), "-", "-", "-", "-", "-")
			default:
				row = append(row, humanize.Thousands(f.Texts), humanize.Thousands(f.Empty), number(f.Chars.Mean), number(f.Chars.P10), number(f.Chars.P50), number(f.Chars.P90), number(f.Words))
			}
			s.rows, first = append(s.rows, row), false
		}
	}
	return s
}

func (c *Comparison) varietyRows() section {
	s := section{
		title: "Wording",
		note: "Different words per 1,000 words (moving average), and distinct-n, the ratio of different to all runs of n words. Near-duplicates share at least 80 % of their five-word shingles. Openings are the first eight words, repeated if another of the same hundred texts has them. The longest phrase is the longest that two texts share. Names, places and numbers are masked. " +
			"Within a field, all sets are measured on the same number of texts and words.",
		head: []string{"field", "set", "texts>", "words>", "different per 1,000>", "distinct-1>", "distinct-2>", "distinct-3>", "near-duplicates>", "openings repeated>", "longest phrase>"},
	}
	for _, t := range c.Texts {
		first := true
		for i, f := range t.In {
			if f == nil || f.Sample.Words == 0 {
				continue
			}
			types := "-"
			if f.PerThousand > 0 {
				types = number(f.PerThousand)
			}
			row := []string{onFirstRow(t.Field, first), c.Sets[i].Name, humanize.Thousands(f.Sample.Texts), humanize.Thousands(f.Sample.Words), types}
			for _, d := range f.Distinct {
				row = append(row, fmt.Sprintf("%.3f", d))
			}
			s.rows = append(s.rows, append(row, percent(f.NearDuplicates), percent(f.RepeatedOpenings), fmt.Sprintf("%d words", f.LongestPhrase)))
			first = false
		}
	}
	return s
}

func (c *Comparison) factRows() section {
	s := section{
		title: "Facts named in texts",
		note:  "Share of the sampled texts that name a fact about their person: a name by one of its words, an age by its number, other facts by all their longer words, inflected or not. A dash means that the set has no such column.",
		head:  []string{"field", "set"},
	}
	var roles []string
	for _, role := range factRoles {
		if slices.ContainsFunc(c.Texts, func(t TextComparison) bool {
			return slices.ContainsFunc(t.In, func(f *TextFigures) bool { return f != nil && f.share(role) != nil })
		}) {
			roles = append(roles, role)
			s.head = append(s.head, roleTitle(role)+">")
		}
	}
	for _, t := range c.Texts {
		first := true
		for i, f := range t.In {
			if f == nil || len(f.Named) == 0 {
				continue
			}
			row := []string{onFirstRow(t.Field, first), c.Sets[i].Name}
			for _, role := range roles {
				text := "-"
				if x := f.share(role); x != nil {
					text = percent(*x)
				}
				row = append(row, text)
			}
			s.rows, first = append(s.rows, row), false
		}
	}
	return s
}

func (f *TextFigures) share(role string) *float64 {
	for i := range f.Named {
		if f.Named[i].Role == role {
			return &f.Named[i].Share
		}
	}
	return nil
}

func (c *Comparison) listRows() section {
	s := section{
		title: "Lists",
		note:  "Different items are measured on the same number of items in every set.",
		head:  []string{"field", "set", "lists>", "empty>", "items, mean>", "10 %>", "median>", "90 %>", "characters per item>", "different items>", "stored as"},
	}
	for _, l := range c.Lists {
		first := true
		for i, f := range l.In {
			if f == nil {
				continue
			}
			row := []string{onFirstRow(l.Field, first), c.Sets[i].Name}
			if f.Known != nil {
				row = append(row, "-", "-", knownFigure(f.Known.Items), "", "", "", "", "", "")
			} else {
				row = append(row, humanize.Thousands(f.Lists), humanize.Thousands(f.Empty))
				row = append(row, meanAndPercentiles(f.Items)...)
				chars, different, form := "-", "-", "lists"
				if f.Chars != nil {
					chars = number(f.Chars.Mean)
				}
				if f.Sample > 0 {
					different = fmt.Sprintf("%s of %s", percent(f.Different), humanize.Thousands(f.Sample))
				}
				if f.Strings {
					form = "strings"
				}
				row = append(row, chars, different, form)
			}
			s.rows, first = append(s.rows, row), false
		}
	}
	return s
}

func meanAndPercentiles(n *sketch.Summary) []string {
	if n == nil {
		return []string{"-", "-", "-", "-"}
	}
	return []string{number(n.Mean), number(n.P10), number(n.P50), number(n.P90)}
}

func (c *Comparison) valueRows() section {
	s := section{title: "Values", note: "Distance is the total variation distance to the first set: the smallest share of its persons who would have to change their value to match. A dash means no common values, or too many values.", head: []string{"field"}}
	for i := range c.Sets {
		s.head = append(s.head, c.Sets[i].Name+": values>", "missing>")
		if i > 0 {
			s.head = append(s.head, "distance>")
		}
	}
	for _, v := range c.Values {
		has := 0
		for _, f := range v.In {
			if f != nil {
				has++
			}
		}
		if has < min(2, len(c.Sets)) {
			continue
		}
		row := []string{v.Field}
		for i, f := range v.In {
			different, nulls := "-", "-"
			switch {
			case f == nil:
			case f.Known != nil:
				different = knownFigure(f.Known.Values)
			default:
				different, nulls = humanize.Thousands(f.Different), humanize.Thousands(f.Nulls)
				if f.TooMany {
					different = "over " + different
				}
			}
			row = append(row, different, nulls)
			if i > 0 {
				text := "-"
				if d := v.TVD[i]; d != nil {
					text = fmt.Sprintf("%.3f", *d)
				}
				row = append(row, text)
			}
		}
		s.rows = append(s.rows, row)
	}
	return s
}

// shareRows shows the most frequent values of each field in all sets.
func (c *Comparison) shareRows(all bool) section {
	s := section{title: "Shares", note: fmt.Sprintf("Among persons with a value. The %d most frequent values of each set.", shownShares), head: []string{"field", "value"}}
	if all {
		s.note = "Among persons with a value."
	}
	for i := range c.Sets {
		if c.Sets[i].Known == nil {
			s.head = append(s.head, c.Sets[i].Name+">")
		}
	}
	for _, v := range c.Values {
		measured := 0
		most := 0
		for _, f := range v.In {
			if f != nil && f.Known == nil {
				measured++
				most = max(most, int(f.Different))
			}
		}
		if measured == 0 || len(c.Sets) > 1 && measured < 2 && !all || most > mostShares && !all {
			continue
		}
		first := true
		for _, label := range v.labels(all) {
			row := []string{onFirstRow(v.Field, first), label}
			for i, f := range v.In {
				if c.Sets[i].Known != nil {
					continue
				}
				text := "-"
				if f != nil {
					if at := slices.IndexFunc(f.Shares, func(x Share) bool { return x.Label == label }); at >= 0 {
						text = percent(f.Shares[at].Share)
					}
				}
				row = append(row, text)
			}
			s.rows, first = append(s.rows, row), false
		}
	}
	return s
}

// labels returns the values to show, the most frequent of the first set first.
func (v *ValuesComparison) labels(all bool) []string {
	var out []string
	for _, f := range v.In {
		if f == nil {
			continue
		}
		for k, x := range f.Shares {
			if (all || k < shownShares) && !slices.Contains(out, x.Label) {
				out = append(out, x.Label)
			}
		}
	}
	return out
}

func (c *Comparison) numberRows() section {
	s := section{title: "Numbers", head: []string{"field", "set", "values>", "mean>", "sd>", "min>", "10 %>", "median>", "90 %>", "max>"}}
	for _, x := range c.Numbers {
		first := true
		for i, n := range x.In {
			if n == nil {
				continue
			}
			s.rows = append(s.rows, []string{onFirstRow(x.Field, first), c.Sets[i].Name, humanize.Thousands(n.N), number(n.Mean), number(n.SD), number(n.Min), number(n.P10), number(n.P50), number(n.P90), number(n.Max)})
			first = false
		}
	}
	return s
}
