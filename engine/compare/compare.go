// Package compare sets data sets side by side: releases, files that other tools
// wrote, and references of which only some figures are known.
//
// In go Inputs, out comes a Comparison: plain data, with printers for a
// terminal, Markdown and HTML. Each data set is read once and in memory that
// does not grow with its rows; what texts have in common is measured on samples
// of equal size, since every such measure depends on the amount of text.
package compare

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/personagen/personagen/engine/internal/sketch"
	"github.com/personagen/personagen/engine/spec"
)

// Format is the version of the form of a Comparison.
const Format = 1

// Kinds of sets.
const (
	Release   = "release"
	Data      = "data"      // files of another origin
	Knowledge = "reference" // figures only
)

// Comparison is what data sets have in common and where they differ. What
// stands in lists called "in" is by set, in their order, null where a set has
// nothing of it.
type Comparison struct {
	Format  int                `json:"format"`
	Sets    []Set              `json:"sets"`
	Texts   []TextComparison   `json:"texts"`
	Lists   []ListComparison   `json:"lists"`
	Values  []ValuesComparison `json:"values"`
	Numbers []NumberComparison `json:"numbers"`
	// Findings sum it up in sentences.
	Findings []string `json:"findings"`
}

// Set is a data set.
type Set struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Title  string `json:"title,omitempty"`
	Origin string `json:"origin,omitempty"`
	Note   string `json:"note,omitempty"`
	Rows   *int64 `json:"rows,omitempty"`
	// RowChars are the characters of all texts and lists of a row.
	RowChars *sketch.Summary `json:"row_chars,omitempty"`
	// Model is the share of texts that a model wrote, nil when nothing says.
	Model *float64 `json:"model_written,omitempty"`
	// Only are columns that no other set has; Missing those that others have.
	Only []string `json:"only,omitempty"`
	// Known is what is known of a reference.
	Known *spec.Reference `json:"known,omitempty"`
}

// TextComparison compares a text field.
type TextComparison struct {
	Field string         `json:"field"`
	Title string         `json:"title,omitempty"`
	In    []*TextFigures `json:"in"`
}

// TextFigures are those of one set.
type TextFigures struct {
	Texts int64           `json:"texts,omitempty"`
	Empty int64           `json:"empty,omitempty"` // null or without a character
	Chars *sketch.Summary `json:"chars,omitempty"`
	// Words are those of a text, on average of a sample.
	Words float64 `json:"words,omitempty"`
	// Sample says what is measured below: the same amount in every set.
	Sample Sample `json:"sample,omitzero"`
	// PerThousand are the different words of a stretch of a thousand, Vocabulary
	// those of the whole sample, Distinct the ratios of different runs of one,
	// two and three words to all of them.
	PerThousand float64    `json:"types_per_thousand,omitempty"`
	Vocabulary  int64      `json:"vocabulary,omitempty"`
	Distinct    [3]float64 `json:"distinct,omitzero"`
	// Near is the share of texts that are nearly the same as another, Opening of
	// those that open as another of the same hundred, when names, places and
	// numbers are masked; Phrase the words of the longest phrase that two share.
	NearDuplicates   float64 `json:"near_duplicates_share"`
	RepeatedOpenings float64 `json:"openings_repeated_in_a_hundred"`
	LongestPhrase    int     `json:"longest_repeated_phrase,omitempty"`
	// Named tells how often the text names a fact about its person.
	Named []Fact               `json:"named,omitempty"`
	Known *spec.ReferenceField `json:"known,omitempty"`
}

// Sample is how much was measured.
type Sample struct {
	Texts int64 `json:"texts"` // for near-duplicates and openings
	Words int64 `json:"words"` // for the vocabulary
}

// Fact is something of a person that texts may name, by its role.
type Fact struct {
	Role  string  `json:"role"`
	Of    int64   `json:"of"` // texts of persons who have it
	Share float64 `json:"share"`
}

// ListComparison compares a field of lists.
type ListComparison struct {
	Field string         `json:"field"`
	Title string         `json:"title,omitempty"`
	In    []*ListFigures `json:"in"`
}

// ListFigures are those of one set.
type ListFigures struct {
	Lists int64           `json:"lists,omitempty"`
	Empty int64           `json:"empty,omitempty"`
	Items *sketch.Summary `json:"items,omitempty"`
	Chars *sketch.Summary `json:"chars,omitempty"` // of an item
	// Different is the share of different items among equally many of each set.
	Different float64              `json:"different,omitempty"`
	Sample    int64                `json:"sample,omitempty"`  // items
	Strings   bool                 `json:"strings,omitempty"` // the lists are written as texts
	Known     *spec.ReferenceField `json:"known,omitempty"`
}

// ValuesComparison compares a field of finitely many values. TVD is the total variation
// distance to the first set: null for itself and where no label is shared.
type ValuesComparison struct {
	Field string          `json:"field"`
	Title string          `json:"title,omitempty"`
	In    []*ValueFigures `json:"in"`
	TVD   []*float64      `json:"tvd"`
}

// ValueFigures are those of one set.
type ValueFigures struct {
	Rows      int64 `json:"rows,omitempty"`
	Nulls     int64 `json:"nulls,omitempty"`
	Different int64 `json:"different,omitempty"`
	// Many tells that there are more than could be counted.
	TooMany bool `json:"many,omitempty"`
	// Shares are those of the largest values, of the rows that have one.
	Shares []Share              `json:"shares,omitempty"`
	Known  *spec.ReferenceField `json:"known,omitempty"`
}

// Share is a value with its share.
type Share struct {
	Label string  `json:"label"`
	Share float64 `json:"share"`
}

// NumberComparison compares a number field.
type NumberComparison struct {
	Field string            `json:"field"`
	Title string            `json:"title,omitempty"`
	In    []*sketch.Summary `json:"in"`
}

// Compare measures the inputs, several at a time, and sets them side by side.
// progress, when set, hears of rows read.
func Compare(ctx context.Context, inputs []Input, progress func(rows int64)) (*Comparison, error) {
	profiles := make([]*profile, len(inputs))
	var g errgroup.Group
	for i := range inputs {
		profiles[i] = &profile{input: &inputs[i]}
		if inputs[i].Known == nil {
			g.Go(func() error { return profiles[i].measure(ctx, progress) })
		}
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	c := &Comparison{Format: Format, Texts: []TextComparison{}, Lists: []ListComparison{}, Values: []ValuesComparison{}, Numbers: []NumberComparison{}}
	for _, p := range profiles {
		c.Sets = append(c.Sets, p.set())
	}
	for _, f := range fieldsOf(profiles) {
		c.add(f, profiles)
	}
	c.setExclusive(profiles)
	c.Findings = c.findings()
	return c, nil
}

// fieldsOf lists the fields that are compared, in the order of the sets: those
// that two sets have, and all texts and lists.
func fieldsOf(profiles []*profile) []string {
	var fields []string
	count := map[string]int{}
	prose := map[string]bool{}
	for _, p := range profiles {
		for _, c := range p.columns {
			if c.kind == sourceKind || c.kind == otherKind {
				continue
			}
			if count[c.name] == 0 {
				fields = append(fields, c.name)
			}
			count[c.name]++
			prose[c.name] = prose[c.name] || c.kind == textKind || c.kind == listKind
		}
	}
	for _, p := range profiles {
		if p.input.Known != nil {
			for _, f := range p.input.Known.Fields {
				if !f.Absent {
					count[f.Field]++
				}
			}
		}
	}
	return slices.DeleteFunc(fields, func(name string) bool { return count[name] < 2 && !prose[name] && len(profiles) > 1 })
}

// add compares a field, as what the first set that has it takes it for.
func (c *Comparison) add(field string, profiles []*profile) {
	var first *column
	columns := make([]*column, len(profiles))
	known := make([]*spec.ReferenceField, len(profiles))
	for i, p := range profiles {
		if x := p.column(field); x != nil {
			if first == nil {
				first = x
			}
			if x.kind == first.kind {
				columns[i] = x
			}
		}
		if p.input.Known != nil {
			known[i] = p.input.Known.Field(field)
		}
	}
	switch first.kind {
	case textKind:
		c.Texts = append(c.Texts, TextComparison{field, first.title, textFigures(field, profiles, columns, known)})
	case listKind:
		c.Lists = append(c.Lists, ListComparison{field, first.title, listFigures(profiles, columns, known)})
	case valueKind:
		c.Values = append(c.Values, valueFigures(field, first.title, columns, known))
	case numberKind:
		n := NumberComparison{Field: field, Title: first.title, In: make([]*sketch.Summary, len(profiles))}
		for i, x := range columns {
			if x != nil {
				n.In[i] = x.numbers.Describe()
			}
		}
		c.Numbers = append(c.Numbers, n)
	}
}

// setExclusive lists the columns that only one set has.
func (c *Comparison) setExclusive(profiles []*profile) {
	if len(profiles) < 2 {
		return
	}
	for i, p := range profiles {
		for _, x := range p.columns {
			if x.kind == sourceKind || x.kind == otherKind {
				continue
			}
			alone := true
			for k, other := range profiles {
				if k == i {
					continue
				}
				if other.column(x.name) != nil {
					alone = false
				}
				if r := other.input.Known; r != nil {
					if f := r.Field(x.name); f != nil && !f.Absent {
						alone = false
					}
				}
			}
			if alone {
				c.Sets[i].Only = append(c.Sets[i].Only, x.name)
			}
		}
	}
}
