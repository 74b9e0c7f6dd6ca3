// Package generate makes the persons of a plan, in batches of columns for any range
// of person numbers. The sampler fills the fitted fields, and the programs of the
// other fields fill the rest. A range is the same whether it is made alone or as part
// of the whole.
package generate

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// BatchRows is the usual number of rows of a batch: large enough to make the cost of
// a call small, small enough for the processor's cache.
const BatchRows = 4096

// Sampler fills the codes of the model's variables for consecutive persons. It
// is safe for use by several goroutines.
type Sampler interface {
	Fill(first int64, codes [][]int32)
}

// Generator makes the persons of a plan from a seed.
type Generator struct {
	plan    *plan.Plan
	sampler Sampler
	seed    uint64
	size    int64
	ctx     context.Context // ends templates
}

// WithContext returns a generator whose workers stop executing templates once ctx
// is done.
func (g *Generator) WithContext(ctx context.Context) *Generator {
	bounded := *g
	bounded.ctx = ctx
	return &bounded
}

// New returns a generator of the plan's persons. Size is the size of the population,
// 0 when persons do not depend on it.
func New(p *plan.Plan, s Sampler, seed uint64, size int64) (*Generator, error) {
	if _, err := structure(p); err != nil {
		return nil, err
	}
	return &Generator{plan: p, sampler: s, seed: seed, size: size, ctx: context.Background()}, nil
}

// structure decodes the plan's structure hash.
func structure(p *plan.Plan) (hash [32]byte, err error) {
	b, err := hex.DecodeString(p.Structure)
	if err != nil || len(b) != len(hash) {
		return hash, fmt.Errorf("the plan's structure hash %q is damaged", p.Structure)
	}
	copy(hash[:], b)
	return hash, nil
}

// Worker makes batches for one goroutine.
type Worker struct {
	sampler Sampler
	batch   *frame.Batch
	codes   [][]int32
	targets []target
	added   []int // columns of texts and scores, which stay null here
	programs
}

// target is the column that a variable of the model fills.
type target struct {
	variable, column int
	field            *kind.Field
	codes            []int32 // the field's code of each value
}

// Worker returns a new worker.
func (g *Generator) Worker() *Worker {
	w := &Worker{sampler: g.sampler, batch: frame.New(g.plan.Schema()), codes: make([][]int32, len(g.plan.Variables))}
	for v, x := range g.plan.Variables {
		if x.Bands || x.Rates {
			continue
		}
		for i, f := range g.plan.Fields {
			if f.Name == x.Field {
				w.targets = append(w.targets, target{v, i, f, x.Codes})
			}
		}
	}
	for i, f := range g.plan.Fields {
		if f.Class.Added() {
			w.added = append(w.added, i)
		}
	}
	w.programs = bind(g.ctx, g.plan, g.seed, g.size, g.plan.Order)
	return w
}

// Batch makes n persons from number first on. The batch belongs to the worker and is
// overwritten by the next call. The error names the field whose program failed, and
// the person.
func (w *Worker) Batch(first int64, n int) (*frame.Batch, error) {
	w.batch.Resize(first, n)
	for v := range w.codes {
		w.codes[v] = frame.Grow(w.codes[v], n)
	}
	w.sampler.Fill(first, w.codes)
	for _, t := range w.targets {
		t.decode(&w.batch.Columns[t.column], w.codes[t.variable])
	}
	for _, column := range w.added {
		erase(&w.batch.Columns[column], n)
	}
	return w.batch, w.fill(w.batch)
}

// decode fills the column from the values of the variable. The code after the last
// value of the field is null.
func (t target) decode(c *frame.Column, values []int32) {
	null := int32(t.field.Domain.Size())
	if t.field.Type == frame.Category {
		for r, v := range values {
			c.Codes[r] = t.codes[v]
			if c.Codes[r] == null {
				c.Codes[r] = -1
			}
		}
		return
	}
	if t.field.Nullable {
		c.Null = make([]bool, len(values))
	}
	for r, v := range values {
		if t.codes[v] == null {
			c.Ints[r], c.Null[r] = 0, true
		} else {
			c.Ints[r] = t.field.Domain.Min + int64(t.codes[v])
		}
	}
}

// programs are the bound programs of some fields, each after its inputs.
type programs struct {
	bound []program
	cases []int32
}

type program struct {
	name   string
	column int
	typ    frame.Type
	filler kind.Filler
	when   *kind.BoundSelector
}

// bind binds the programs of the named fields.
func bind(ctx context.Context, p *plan.Plan, seed uint64, size int64, order []string) programs {
	hash, _ := structure(p) // checked by New and NewDeriver
	var ps programs
	for _, name := range order {
		env := &kind.Env{Fields: p.Fields, Seed: seed, Size: size, Structure: hash, Context: ctx}
		i := env.Index(name)
		f := p.Fields[i]
		if f.Class.Added() {
			continue
		}
		env.Field = f
		pr := program{name: name, column: i, typ: f.Type, filler: f.Program.Bind(env)}
		if f.When != nil {
			pr.when = f.When.Bind(env)
		}
		ps.bound = append(ps.bound, pr)
	}
	return ps
}

// fill runs every program on the batch, and makes a field null where its when does
// not hold.
func (ps *programs) fill(b *frame.Batch) error {
	for i := range ps.bound {
		p := &ps.bound[i]
		c := &b.Columns[p.column]
		p.filler.Fill(b, c)
		if p.when != nil {
			ps.cases = p.when.Cases(b, ps.cases)
			nullify(c, p.typ, ps.cases)
		}
		if f, ok := p.filler.(kind.Failer); ok {
			for _, failed := range f.Failed() {
				if p.when == nil || ps.cases[failed.Row] != 0 {
					return fmt.Errorf("field %q of person %d: %w", p.name, b.First+int64(failed.Row), failed.Err)
				}
			}
		}
	}
	return nil
}

// nullify makes the rows of case 0 null.
func nullify(c *frame.Column, t frame.Type, cases []int32) {
	for r, holds := range cases {
		if holds == 0 {
			c.SetNull(t, r, len(cases))
		}
	}
}

// erase makes all n rows of a column of texts, lists of texts or whole numbers null.
func erase(c *frame.Column, n int) {
	clear(c.Texts)
	clear(c.Ints)
	c.Null = make([]bool, n)
	for r := range c.Null {
		c.Null[r] = true
	}
}

// Deriver fills columns that are functions of others, in data that was read.
type Deriver struct{ programs }

// NewDeriver returns a deriver of those of the named fields that are derived.
func NewDeriver(p *plan.Plan, names []string) (*Deriver, error) {
	if _, err := structure(p); err != nil {
		return nil, err
	}
	var order []string
	for _, name := range p.Order {
		for _, wanted := range names {
			if name == wanted && p.Field(name).Follows() {
				order = append(order, name)
			}
		}
	}
	return &Deriver{bind(context.Background(), p, 0, 0, order)}, nil
}

// Fill fills the derived columns of the batch. The error names the field whose program
// failed, and the row.
func (d *Deriver) Fill(b *frame.Batch) error { return d.fill(b) }
