// Package compare compares data sets: releases, files written by other tools, and
// references of which only some figures are known.
//
// Compare measures Inputs and returns a Comparison, plain data that can be written
// as text, Markdown, HTML or JSON. Each data set is read once, in memory that does
// not grow with its number of rows. Measures of wording depend on the amount of
// text and are therefore taken on samples of equal size.
package compare

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/personagen/personagen/engine/internal/sketch"
	"github.com/personagen/personagen/engine/spec"
)

// Format is the version of the JSON format of a Comparison.
const Format = 1

// Kinds of sets.
const (
	Release   = "release"
	Data      = "data"      // data files that are not a release
	Knowledge = "reference" // figures only
)

// Comparison is the result of comparing data sets. Lists with the key "in" have
// one entry per set, in the order of Sets, null where a set lacks the field.
type Comparison struct {
	Format  int                `json:"format"`
	Sets    []Set              `json:"sets"`
	Texts   []TextComparison   `json:"texts"`
	Lists   []ListComparison   `json:"lists"`
	Values  []ValuesComparison `json:"values"`
	Numbers []NumberComparison `json:"numbers"`
	// Judged is the outcome of pairs of persons before a model, nil if there were none.
	Judged *Judged `json:"judged,omitempty"`
	// Findings summarise the comparison in sentences.
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
	Weight string `json:"weight,omitempty"` // field of the weights of its rows
	// RowChars describes the number of characters in all texts and lists of a row.
	RowChars *sketch.Summary `json:"row_chars,omitempty"`
	// Model is the share of texts that a model wrote, nil if unknown.
	Model *float64 `json:"model_written,omitempty"`
	// Only lists the columns that no other set has.
	Only []string `json:"only,omitempty"`
	// Known are the known figures of a reference, nil for data.
	Known *spec.Reference `json:"known,omitempty"`
}

// TextComparison compares a text field.
type TextComparison struct {
	Field string         `json:"field"`
	Title string         `json:"title,omitempty"`
	In    []*TextFigures `json:"in"`
}

// TextFigures are the figures of a text field in one set.
type TextFigures struct {
	Texts int64           `json:"texts,omitempty"`
	Empty int64           `json:"empty,omitempty"` // null or empty
	Chars *sketch.Summary `json:"chars,omitempty"`
	// Words is the mean number of words per text, in a sample.
	Words float64 `json:"words,omitempty"`
	// Sample is the amount of text that the figures below are measured on, the
	// same in every set.
	Sample Sample `json:"sample,omitzero"`
	// PerThousand is the number of different words per 1,000 words (moving
	// average), Vocabulary that in the whole sample. Distinct are distinct-1 to
	// distinct-3, the ratios of different to all runs of one, two and three words.
	PerThousand float64    `json:"types_per_thousand,omitempty"`
	Vocabulary  int64      `json:"vocabulary,omitempty"`
	Distinct    [3]float64 `json:"distinct,omitzero"`
	// NearDuplicates is the share of texts that are near-duplicates of another,
	// RepeatedOpenings the share whose first words occur in another of the same
	// hundred texts, LongestPhrase the number of words of the longest phrase that
	// two texts share; all with names, places and numbers masked.
	NearDuplicates   float64 `json:"near_duplicates_share"`
	RepeatedOpenings float64 `json:"openings_repeated_in_a_hundred"`
	LongestPhrase    int     `json:"longest_repeated_phrase,omitempty"`
	// Named says how often texts name facts about their persons.
	Named []Fact               `json:"named,omitempty"`
	Known *spec.ReferenceField `json:"known,omitempty"`
}

// Sample is an amount of text.
type Sample struct {
	Texts int64 `json:"texts"` // for near-duplicates and openings
	Words int64 `json:"words"` // for the vocabulary
}

// Fact is the share of texts that name a fact about their person, by role.
type Fact struct {
	Role  string  `json:"role"`
	Of    int64   `json:"of"` // texts of persons with such a fact
	Share float64 `json:"share"`
}

// ListComparison compares a field of lists.
type ListComparison struct {
	Field string         `json:"field"`
	Title string         `json:"title,omitempty"`
	In    []*ListFigures `json:"in"`
}

// ListFigures are the figures of a field of lists in one set.
type ListFigures struct {
	Lists int64           `json:"lists,omitempty"`
	Empty int64           `json:"empty,omitempty"`
	Items *sketch.Summary `json:"items,omitempty"`
	Chars *sketch.Summary `json:"chars,omitempty"` // of an item
	// Different is the share of different items in a sample of Sample items, the
	// same number in every set.
	Different float64              `json:"different,omitempty"`
	Sample    int64                `json:"sample,omitempty"`  // number of items
	Strings   bool                 `json:"strings,omitempty"` // the lists are stored as strings
	Known     *spec.ReferenceField `json:"known,omitempty"`
}

// ValuesComparison compares a field of categories. TVD is the total variation
// distance to the first set, null for the first set itself and for sets without
// common values.
type ValuesComparison struct {
	Field string          `json:"field"`
	Title string          `json:"title,omitempty"`
	In    []*ValueFigures `json:"in"`
	TVD   []*float64      `json:"tvd"`
}

// ValueFigures are the figures of a field of categories in one set.
type ValueFigures struct {
	Rows      int64 `json:"rows,omitempty"`
	Nulls     int64 `json:"nulls,omitempty"`
	Different int64 `json:"different,omitempty"`
	// TooMany is set if there are more different values than are counted.
	TooMany bool `json:"many,omitempty"`
	// Shares are those of the most frequent values, among rows with a value.
	Shares []Share              `json:"shares,omitempty"`
	Known  *spec.ReferenceField `json:"known,omitempty"`
}

// Share is a value and its share.
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

// Compare measures the inputs concurrently and compares them. If progress is not
// nil it is called, from several goroutines, with the number of rows read since
// its last call.
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

// Judge adds the outcome of pairs of persons before a model.
func (c *Comparison) Judge(j *Judged) {
	c.Judged = j
	for _, s := range c.Sets {
		if s.Weight != "" {
			j.Unweighted = append(j.Unweighted, s.Name)
		}
	}
	c.Findings = append(j.finding(), c.Findings...)
}

// fieldsOf returns the fields to compare, in the order of the sets: fields that at
// least two sets have, and all texts and lists.
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

// add compares a field, as the kind of column it is in the first set that has it.
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
				n.In[i] = x.numbers.describe()
			}
		}
		c.Numbers = append(c.Numbers, n)
	}
}

// has reports whether the data set has a field. A reference has the fields of which
// something is known.
func (p *profile) has(field string) bool {
	if p.column(field) != nil {
		return true
	}
	if p.input.Known == nil {
		return false
	}
	f := p.input.Known.Field(field)
	return f != nil && !f.Absent
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
			others := slices.DeleteFunc(slices.Clone(profiles), func(o *profile) bool { return o == p })
			if !slices.ContainsFunc(others, func(o *profile) bool { return o.has(x.name) }) {
				c.Sets[i].Only = append(c.Sets[i].Only, x.name)
			}
		}
	}
}
