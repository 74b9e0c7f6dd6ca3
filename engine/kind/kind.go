// Package kind holds the kinds of fields that a spec may declare, one per file:
// how a stanza of the spec is compiled into a Field, and how the Field's Program
// fills a column of a batch.
//
// A Field is plain data, which can be printed, hashed, stored as JSON and read
// back.
//
// A new kind needs three things: a file here with its Compile function and its
// Program, a line in Kinds, and a definition in the schema (#Kinds of
// schemas/spec.cue). Other packages never compare the names of kinds. They ask
// a Field what they need to know: its Class, Type, Domain and Meaning, whether
// it is Finite, and its Bounds, Entries, Scorer or Lookup.
package kind

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/table"
	"github.com/personagen/personagen/engine/spec"
)

// Class says where a field's values come from.
type Class string

const (
	Fitted  Class = "fitted"  // drawn from the fitted joint distribution
	Derived Class = "derived" // computed from other fields
	Drawn   Class = "drawn"   // drawn from a distribution given other fields
	Written Class = "written" // text by the offline narrator or a model
	Judged  Class = "judged"  // said by a model that reads the complete person
)

// Added reports whether the values are added to persons who are otherwise complete.
func (c Class) Added() bool { return c == Written || c == Judged }

// Meaning is what the values of a kind tell about a person.
type Meaning int

const (
	Fact       Meaning = iota // what the person is, has or does
	Identifier                // which person it is; no two persons have the same
	Constant                  // nothing; every person has the same
	Provenance                // who wrote the person's texts
	Weighting                 // how many persons of the population the person stands for
)

// MeaningOf returns the meaning of a kind's values, Fact for an unknown kind.
func MeaningOf(kind string) Meaning {
	k, _ := Find(kind)
	return k.Meaning
}

// Field is a compiled field.
type Field struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Title  string `json:"title,omitempty"`
	About  string `json:"about,omitempty"`
	Unit   string `json:"unit,omitempty"`
	Source string `json:"source,omitempty"`
	Status string `json:"status,omitempty"`
	Note   string `json:"note,omitempty"`
	Hidden bool   `json:"hidden,omitempty"`
	Rest   string `json:"rest,omitempty"` // what became of figures that are not printed

	Class    Class      `json:"class"`
	Type     frame.Type `json:"type"`
	Nullable bool       `json:"nullable,omitempty"`
	// Unique is the number of values of a field of which no two persons have the same,
	// 0 for other fields.
	Unique   int64 `json:"unique,omitempty"`
	Decimals int   `json:"decimals,omitempty"` // decimal places of a number, -1 for as many as needed
	// Domain lists the values of a finite field, and the labels of a field whose
	// column has codes: a choice or a list.
	Domain *Domain `json:"domain,omitempty"`
	// When selects the rows that have a value: case 1. In the others the field is
	// null.
	When     *Selector `json:"when,omitempty"`
	WhenText string    `json:"when_text,omitempty"` // the condition as written
	// Inputs are the fields that Program and When read.
	Inputs  []string `json:"inputs,omitempty"`
	Program Program  `json:"program,omitempty"` // nil for Fitted, Written and Judged fields
	// Scores are the numbers that the values of a fitted field with published means
	// stand for.
	Scores []float64 `json:"scores,omitempty"`
	// Statistics are published means and other statistics of the field.
	Statistics []*Statistic `json:"statistics,omitempty"`
	// Text is what a text or list of texts must be like; nil for other fields.
	Text *TextSpec `json:"text,omitempty"`
	// Judged is who is judged and by which call; nil for other fields.
	Judged *Judgement `json:"judged,omitempty"`
	// Records are the columns of a record: Name, Title, Type, Domain and so on, without
	// programs. The first is RecordGroup. Nil for fields that are not lists of records.
	Records []*Field `json:"records,omitempty"`

	Place diag.Place `json:"-"` // in the spec
}

// Meaning returns what the field's values tell about a person.
func (f *Field) Meaning() Meaning { return MeaningOf(f.Kind) }

// Call returns the call to a model that fills the field, "" for none.
func (f *Field) Call() string {
	switch {
	case f.Text != nil:
		return f.Text.Call
	case f.Judged != nil:
		return f.Judged.Call
	}
	return ""
}

// SetCall names the call to a model that fills the field.
func (f *Field) SetCall(name string) {
	if f.Judged != nil {
		f.Judged.Call = name
	} else {
		f.Text.Call = name
	}
}

// Original returns the text of which the field is a translation, "" for none.
func (f *Field) Original() string {
	if f.Text == nil {
		return ""
	}
	return f.Text.Of
}

// Finite reports whether the field is fitted, or derived from fitted fields, with
// values in its Domain. Only finite fields may appear in tables and conditions.
func (f *Field) Finite() bool {
	return f.Domain != nil && (f.Class == Fitted || f.Class == Derived && f.BandOf() == "")
}

// Lookup returns the selector that defines a derived finite field as a function of
// other finite fields: case i+1 is value i of the field's domain, case 0 is null. It
// returns nil for other fields. A derived finite field without it has one value.
func (f *Field) Lookup() *Selector {
	if p, ok := f.Program.(interface{ lookup() *Selector }); ok {
		return p.lookup()
	}
	return nil
}

// Bounds returns the least and the greatest value that a field of integers or
// numbers can have, infinite where there is no limit.
func (f *Field) Bounds() (least, greatest float64) {
	if p, ok := f.Program.(interface {
		bounds() (least, greatest float64)
	}); ok {
		return p.bounds()
	}
	if d := f.Domain; d != nil && d.Integer {
		return float64(d.Min), float64(d.Max)
	}
	return math.Inf(-1), math.Inf(1)
}

// MaxItems returns the largest number of items of a list, 0 for other fields.
func (f *Field) MaxItems() int {
	if p, ok := f.Program.(interface{ maxItems() int }); ok {
		return p.maxItems()
	}
	if f.Text != nil && f.Text.Items != nil {
		return f.Text.Items.Max
	}
	return 0
}

// MeetsByFit reports whether the fit meets the published statistics of the field: it is
// fitted, or a group of whole numbers, which follows from fitted fields.
func (f *Field) MeetsByFit() bool {
	return f.Domain != nil && (f.Class == Fitted || f.Class == Derived && f.Lookup() != nil && f.Domain.Integer)
}

// RowOf returns the field whose draw decides the row of which this one has a cell, "" for
// other fields. The program gives the value again from the field's Inputs.
func (f *Field) RowOf() string {
	if p, ok := f.Program.(*column); ok {
		return p.Of
	}
	return ""
}

// Follows reports whether the field's values are a function of its Inputs, so that data
// that have these give it too.
func (f *Field) Follows() bool { return f.Class == Derived || f.RowOf() != "" || f.Counts() != "" }

// FollowsNull reports whether the field is also null, where its When holds, by the values
// of the fields from which it follows.
func (f *Field) FollowsNull() bool {
	switch f.Program.(type) {
	case *group, *column, *date, *recordsCount:
		return true
	}
	return false
}

// Covered returns the selector of the persons for whom a number has a distribution (case
// 1). The others have null. It is nil if everyone has one, and for other fields.
func (f *Field) Covered() *Selector {
	p, ok := f.Program.(*number)
	if !ok || p.Shapes[0].Kind != "" {
		return nil
	}
	covered := *p.Cases
	covered.Case = make([]int32, len(p.Cases.Case))
	for i, shape := range p.Cases.Case {
		covered.Case[i] = min(shape, 1)
	}
	return &covered
}

// Slots returns the number of codes of a finite field: its values, and null as
// the last code where the field is nullable.
func (f *Field) Slots() int {
	n := f.Domain.Size()
	if f.Nullable {
		n++
	}
	return n
}

// Column describes the field's column of a batch.
func (f *Field) Column() frame.Field {
	c := frame.Field{Name: f.Name, Type: f.Type, Nullable: f.Nullable, Title: f.Title, Description: f.About, Unit: f.Unit, Decimals: f.Decimals}
	if f.Type == frame.Category || f.Type == frame.CategoryList {
		c.Labels, c.Boolean = f.Domain.Labels, f.Domain.Boolean
	}
	for _, inner := range f.Records {
		c.Records = append(c.Records, inner.Column())
	}
	return c
}

// RecordGroup is the name of the first column of a record: the group that it is of.
const RecordGroup = "group"

// Domain is a finite ordered set of values: labels, or the whole numbers from
// Min to Max. A value's code is its position.
type Domain struct {
	Labels  []string `json:"labels,omitempty"`
	Boolean bool     `json:"boolean,omitempty"` // the labels are "true" and "false" and stand for truth values
	Integer bool     `json:"integer,omitempty"`
	Min     int64    `json:"min,omitempty"`
	Max     int64    `json:"max,omitempty"`

	lock  sync.Mutex     // protects index
	index map[string]int // made by the first call of Index
}

// Size returns the number of values.
func (d *Domain) Size() int {
	if d.Integer {
		return int(d.Max - d.Min + 1)
	}
	return len(d.Labels)
}

// Value returns value i as conditions see it: a string, an int64 or a bool.
func (d *Domain) Value(i int) any {
	switch {
	case d.Integer:
		return d.Min + int64(i)
	case d.Boolean:
		return d.Labels[i] == "true"
	}
	return d.Labels[i]
}

// Label returns value i as text.
func (d *Domain) Label(i int) string { return fmt.Sprint(d.Value(i)) }

// AllLabels returns every value as text, in order.
func (d *Domain) AllLabels() []string {
	if !d.Integer {
		return d.Labels
	}
	labels := make([]string, d.Size())
	for i := range labels {
		labels[i] = d.Label(i)
	}
	return labels
}

// Index returns the position of a value, given as text; false when the domain
// does not have it. It is safe for concurrent use.
func (d *Domain) Index(label string) (int, bool) {
	if d.Integer {
		var v int64
		if _, err := fmt.Sscanf(label, "%d", &v); err != nil || fmt.Sprint(v) != label || v < d.Min || v > d.Max {
			return 0, false
		}
		return int(v - d.Min), true
	}
	d.lock.Lock()
	defer d.lock.Unlock()
	if d.index == nil {
		d.index = make(map[string]int, len(d.Labels))
		for i, l := range d.Labels {
			d.index[l] = i
		}
	}
	i, ok := d.index[label]
	return i, ok
}

// Program is the compiled form of a derived or drawn field. It is plain data,
// stored as JSON.
type Program interface {
	// Bind returns a Filler for one goroutine.
	Bind(env *Env) Filler
}

// Filler fills the columns of one field. It belongs to one goroutine.
type Filler interface {
	// Fill fills c, the field's own column of b, whose length is b.N. The columns
	// of the field's Inputs are already filled.
	Fill(b *frame.Batch, c *frame.Column)
}

// Env is what a Program may depend on. It is the same for every worker, shard
// and machine of a run.
type Env struct {
	Fields    []*Field // in the order of the batch's columns
	Field     *Field   // the field to bind
	Seed      uint64
	Size      int64    // persons of the whole population; 0 when they are drawn independently
	Structure [32]byte // hash of the fitted part of the plan
	// Context ends the execution of templates; nil for never.
	Context context.Context
}

// Index returns the column of the named field, which the compiler has checked
// to exist. It panics when there is none.
func (e *Env) Index(name string) int {
	for i, f := range e.Fields {
		if f.Name == name {
			return i
		}
	}
	panic("kind: no field " + name)
}

// Compiler is what a kind uses to compile a stanza.
type Compiler struct {
	Spec  *spec.Spec
	Diags *diag.List // where faults are reported
	// Fields are the fields compiled so far. A field that the stanza uses is
	// missing only if it failed to compile, which has been reported.
	Fields map[string]*Field
	// Table reads the file of rows. It returns nil after it has reported a fault.
	Table func(rows *spec.Rows) *table.File

	// inRecord says that the fields are those of a record, not of a person: they are drawn
	// one after the other, so that every field with a domain may be given to others.
	inRecord bool
}

// Kind is one kind of field.
type Kind struct {
	Name    string
	Meaning Meaning
	Format  string // JSON Schema format of text values, "" for none
	// Uses returns the names of the fields that a stanza refers to, apart from
	// those of its when.
	Uses func(s *spec.Field) []spec.String
	// listsConditions says that Uses also returns the fields in the conditions of a stanza,
	// some of which are not about fields of the person.
	listsConditions bool
	// Compile sets Class, Type, Domain, Decimals, Nullable, Inputs, Program and
	// Text of f from the stanza, or reports faults to c.Diags. The name, title and
	// other settings that every kind has, and When, are already set.
	Compile func(c *Compiler, s *spec.Field, f *Field)
	// New returns an empty Program to decode a stored one into; nil when fields of
	// the kind have none.
	New func() Program
}

// kinds is set by init, because kinds whose fields have fields refer to it.
var kinds []Kind

func init() {
	kinds = []Kind{categoryKind, integerKind, groupKind, choiceKind, columnKind, numberKind, dateKind, templateKind, listKind, recordsKind, timelineKind, countKind, constantKind, idKind, textKind, textListKind, textSourceKind, scoreKind, reasonKind, weightKind}
}

// Kinds returns every kind. The schema's #Kinds has the same names.
func Kinds() []Kind { return slices.Clone(kinds) }

// Find returns the kind of the given name; false when there is none.
func Find(name string) (Kind, bool) {
	for _, k := range kinds {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}

// UnmarshalJSON decodes a stored field, with the Program type of its kind.
func (f *Field) UnmarshalJSON(data []byte) error {
	type plain Field
	aux := struct {
		*plain
		Program json.RawMessage `json:"program"`
	}{plain: (*plain)(f)}
	if err := json.Unmarshal(data, &aux); err != nil {
		return err
	}
	if len(aux.Program) == 0 || bytes.Equal(aux.Program, []byte("null")) {
		return nil
	}
	k, ok := Find(f.Kind)
	if !ok || k.New == nil {
		return fmt.Errorf("field %q: kind %q has no program", f.Name, f.Kind)
	}
	f.Program = k.New()
	if err := json.Unmarshal(aux.Program, f.Program); err != nil {
		return fmt.Errorf("field %q: %w", f.Name, err)
	}
	return nil
}
