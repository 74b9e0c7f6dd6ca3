// Package kind holds the kinds of fields a spec may declare, one per file: how
// a stanza is compiled, and how the compiled Program fills a column. To add a
// kind, write one file here, add it to Kinds, and define it in the schema.
//
// In goes a stanza of the spec, out comes a Field: plain data that can be
// printed, hashed, stored and read back.
package kind

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/table"
	"github.com/personagen/personagen/engine/spec"
)

// Class says where a field's values come from.
type Class string

const (
	Fitted  Class = "fitted"  // from the fitted joint distribution
	Derived Class = "derived" // a function of other fields
	Drawn   Class = "drawn"   // drawn by itself, given other fields
	Written Class = "written" // prose, by the offline narrator or a model
)

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

	Class    Class      `json:"class"`
	Type     frame.Type `json:"type"`
	Nullable bool       `json:"nullable,omitempty"`
	Decimals int        `json:"decimals,omitempty"` // of a Number, -1 for as many as needed
	// Domain lists the values of a finite field (category, integer, group,
	// constant); for a choice or list, the labels of its column.
	Domain *Domain `json:"domain,omitempty"`
	// When tells the rows that have a value (case 1) from those that are null.
	When     *Selector `json:"when,omitempty"`
	WhenText string    `json:"when_text,omitempty"`
	// Inputs are the fields that Program and When read.
	Inputs  []string `json:"inputs,omitempty"`
	Program Program  `json:"program,omitempty"` // nil for Fitted and Written
	// Text says what a Written field shall hold; nil for others.
	Text *Text `json:"text,omitempty"`

	Place diag.Place `json:"-"`
}

// Finite reports whether the field is a function of fitted fields, so that
// tables and conditions may speak of it.
func (f *Field) Finite() bool {
	return f.Domain != nil && (f.Class == Fitted || f.Kind == "group" || f.Kind == "constant")
}

// Slots is the number of codes of a finite field, null included as the last
// one when the field is nullable.
func (f *Field) Slots() int {
	n := f.Domain.Size()
	if f.Nullable {
		n++
	}
	return n
}

// Column describes the field to the writers.
func (f *Field) Column() frame.Field {
	c := frame.Field{Name: f.Name, Type: f.Type, Nullable: f.Nullable, Title: f.Title, Description: f.About, Unit: f.Unit, Decimals: f.Decimals}
	if f.Type == frame.Category || f.Type == frame.CategoryList {
		c.Labels = f.Domain.Labels
	}
	return c
}

// Domain is the finite ordered set of values of a field: labels, or the whole
// numbers from Min to Max.
type Domain struct {
	Labels  []string `json:"labels,omitempty"`
	Integer bool     `json:"integer,omitempty"`
	Min     int64    `json:"min,omitempty"`
	Max     int64    `json:"max,omitempty"`

	lock  sync.Mutex // of index, which is made when it is first asked for
	index map[string]int
}

// Size is the number of values.
func (d *Domain) Size() int {
	if d.Integer {
		return int(d.Max - d.Min + 1)
	}
	return len(d.Labels)
}

// Value returns value i as a condition sees it: a string or an int64.
func (d *Domain) Value(i int) any {
	if d.Integer {
		return d.Min + int64(i)
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

// Index finds a value by its text. It is safe for concurrent use.
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

// Program is the compiled form of a field that is not fitted: plain data that
// survives JSON. Bind readies it for one worker.
type Program interface {
	Bind(env *Env) Filler
}

// Filler fills the field's own column c for the persons of b, whose columns of
// Inputs are filled already. Columns have the batch's length. A Filler belongs
// to one goroutine.
type Filler interface {
	Fill(b *frame.Batch, c *frame.Column)
}

// Env is what a Program may know of the run: nothing that differs between
// workers, shards or machines.
type Env struct {
	Fields    []*Field // in the order of the batch's columns
	Field     *Field   // the one being bound
	Seed      uint64
	Size      int64    // persons in all; 0 when persons are drawn independently
	Structure [32]byte // hash of the fitted part of the plan
	// Context ends the execution of templates; nil for never.
	Context context.Context
}

// Index returns the column of the named field. The compiler has checked that
// it exists.
func (e *Env) Index(name string) int {
	for i, f := range e.Fields {
		if f.Name == name {
			return i
		}
	}
	panic("kind: no field " + name)
}

// Compiler is what a kind sees while it compiles a stanza.
type Compiler struct {
	Spec   *spec.Spec
	Diags  *diag.List
	Fields map[string]*Field // those compiled so far: every field this one uses is among them unless it failed
	// CSV reads a file once; a fault is reported and gives nil.
	CSV func(path string, from diag.Place) *table.File
}

// Kind is one kind of field.
type Kind struct {
	Name string
	// Uses lists the fields that a stanza refers to, apart from its when.
	Uses func(s *spec.Field) []spec.String
	// Compile fills in f's Class, Type, Domain, Decimals, Nullable, Inputs and
	// Program from the stanza, or reports what is wrong. Names, titles and When
	// are filled in already.
	Compile func(c *Compiler, s *spec.Field, f *Field)
	// New returns an empty Program to read a stored plan into; nil when the
	// kind is fitted.
	New func() Program
}

// Kinds lists every kind; the schema's #Kinds has the same names.
func Kinds() []Kind {
	return []Kind{categoryKind, integerKind, groupKind, choiceKind, numberKind, templateKind, listKind, constantKind, idKind, textKind, textListKind, textSourceKind}
}

// Find returns the kind of the given name.
func Find(name string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}

// UnmarshalJSON reads a stored field; its kind says what form Program has.
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
