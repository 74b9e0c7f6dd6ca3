// Package compile turns a spec and its tables into a plan's bundle, or reports
// every fault of them. The stages run in the order of the lists below; each file
// holds one stage and uses only the files of earlier ones:
//
//	names, fields, labels           names of the spec, fields of every kind
//	space, conditions, strata,      fitted fields as variables, conditions as
//	checks, goals                   functions of them
//	banks, phrases, rules,          phrase banks, rules about texts, and whether
//	coverage, narrator              everyone finds a phrase
//	endpoints, prompts, calls       how models are asked
//	tables, spread, means, doubts,  figures over the variables
//	bands, problem
//	structure, cache, explain, fit  the fit, and what it says when it fails
//	smooth, refine                  shares by bands over single values
//	statistics                      factors that meet published means and quantiles
//	report, moves, expected, entries  what became of the tables, what a sample follows
//	model, independence             the sampler's model, and what it leaves independent
package compile

import (
	"context"
	"slices"
	"time"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/table"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// stage is one named step of a compilation.
type stage struct {
	name string
	run  func(*compiler)
}

// checking are the stages before the fit. Fields come before tables, because
// tables are checked against domains; tables before bands, because they decide
// how finely an integer must be divided; conditions before the narrator, because
// they decide who can occur.
var checking = []stage{
	{"names", (*compiler).checkNames},
	{"fields", (*compiler).compileFields},
	{"labels", (*compiler).checkLabels},
	{"space", (*compiler).buildSpace},
	{"conditions", func(c *compiler) { c.compileConditions(); c.compileStrata(); c.compileChecks(); c.compileGoals() }},
	{"narrator", (*compiler).compileNarrator},
	{"calls", (*compiler).compileCalls},
	{"tables", (*compiler).readTables},
	{"means", (*compiler).readMeans},
	{"smoothings", (*compiler).readSmoothings},
	{"doubts", (*compiler).listDoubts},
	{"problem", (*compiler).poseProblem},
}

// fitting are the stages from the fit on.
var fitting = []stage{
	{"fit", (*compiler).fit},
	{"smooth", (*compiler).smooth},
	{"slice", (*compiler).slice},
	{"strata", (*compiler).solveStrata},
	{"statistics", (*compiler).meetStatistics},
	{"tables", (*compiler).reportTables},
	{"moves", (*compiler).reportMoves},
	{"untold", (*compiler).reportUntold},
	{"expected", (*compiler).expect},
	{"entries", (*compiler).checkEntries},
	{"model", (*compiler).buildModel},
	{"independence", (*compiler).listIndependences},
	{"warnings", (*compiler).recordWarnings},
	{"hash", func(c *compiler) { c.plan.Stamp() }},
}

// Vet reports what can be found without the fit.
func Vet(ctx context.Context, s *spec.Spec, o Options) *diag.List {
	c := newCompiler(ctx, s, o)
	c.runStages(checking)
	c.diags.Sort()
	return c.diags
}

// Compile turns a spec into its plan's bundle, without an allocation. The bundle
// is nil when the list holds an error; otherwise the list holds its warnings.
func Compile(ctx context.Context, s *spec.Spec, o Options) (*bundle.Bundle, *diag.List) {
	c := newCompiler(ctx, s, o)
	c.runStages(checking)
	c.runStages(fitting)
	c.diags.Sort()
	if c.diags.Failed() {
		return nil, c.diags
	}
	b := &bundle.Bundle{Plan: c.plan, Model: c.model, Writers: c.writers, Warnings: slices.Clone(c.diags.Items)}
	for _, x := range c.controls {
		b.Controls = append(b.Controls, x.ref)
	}
	return b, c.diags
}

func newCompiler(ctx context.Context, s *spec.Spec, o Options) *compiler {
	c := &compiler{ctx: ctx, spec: s, opts: o, diags: &diag.List{}, files: map[string]*table.File{}}
	c.kinds = &kind.Compiler{Spec: s, Diags: c.diags, Fields: map[string]*kind.Field{}, Table: c.table}
	c.plan = &plan.Plan{
		Format: plan.Format,
		Name:   s.Name, Title: s.Title, Description: s.Description, Language: s.Language,
		License: s.License, Version: s.Version, Limitations: s.Limitations, Card: s.Card, Sources: s.Sources, References: s.References,
		Population: plan.Population{Size: s.Population.Size, Seed: s.Population.Seed, Persons: s.Population.Persons, Wanted: 1},
		Roles:      map[string]string{},
	}
	return c
}

func (c *compiler) runStages(stages []stage) {
	for _, s := range stages {
		if c.diags.Failed() {
			return
		}
		if err := c.ctx.Err(); err != nil {
			c.diags.Errorf(c.spec.Place, "interrupted", "compilation was interrupted: %v", err)
			return
		}
		start := time.Now()
		s.run(c)
		if c.opts.Timings != nil {
			c.opts.Timings(s.name, time.Since(start))
		}
	}
}
