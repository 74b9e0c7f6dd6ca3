package plan

import (
	"context"
	"time"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/fit"
	"github.com/personagen/personagen/engine/internal/table"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/spec"
)

// Options steer a compilation. The zero value is ready to use.
type Options struct {
	// MaxCells bounds the junction tree; 0 means fit's default.
	MaxCells int64
	// Cache is the folder of fitted plans; empty means no cache.
	Cache string
	// Progress, when set, hears of the fit.
	Progress func(fit.Progress)
	// Timings, when set, hears how long each stage took.
	Timings func(stage string, took time.Duration)
}

// compiler carries a compilation from stage to stage. Each stage reads what
// the earlier ones left and reports every fault it finds; a stage runs only
// when the earlier ones found none.
type compiler struct {
	ctx   context.Context
	spec  *spec.Spec
	opts  Options
	diags *diag.List
	kinds *kind.Compiler
	files map[string]*table.File // by path, nil when unreadable
	plan  *Plan

	space  space        // the fitted fields as variables
	tables []figures    // of the spec's tables, over the space
	zeros  []zero       // impossible combinations and whens
	joints []constraint // scopes that must be read off together
	where  *constraint  // the persons wanted
	limits []constraint // of plan.Checks: cell 0 those spoken of, 1 those counted

	problem fit.Problem
	whole   *fit.Result // everyone
	wanted  *fit.Result // the persons wanted

	controls []control // of plan.Expected, in its order
}

// stage is one named step of a compilation.
type stage struct {
	name string
	run  func(*compiler)
}

// The order matters: names before kinds, because kinds look fields up; kinds
// before tables, because tables are checked against domains; tables before
// bands, because only they say how finely an integer must be told apart. The
// narrator comes after the conditions, because these say who can occur.
var checking = []stage{
	{"names", (*compiler).checkNames},
	{"fields", (*compiler).compileFields},
	{"labels", (*compiler).warnMisread},
	{"space", (*compiler).laySpace},
	{"conditions", (*compiler).compileConditions},
	{"narrator", (*compiler).compileNarrator},
	{"calls", (*compiler).compileCalls},
	{"tables", (*compiler).readTables},
	{"problem", (*compiler).poseProblem},
}

var fitting = []stage{
	{"fit", (*compiler).fit},
	{"slice", (*compiler).slice},
	{"tables", (*compiler).reportTables},
	{"expected", (*compiler).expect},
	{"coverage", (*compiler).checkCoverage},
	{"model", (*compiler).layModel},
	{"independence", (*compiler).listIndependences},
	{"hash", (*compiler).hash},
}

// Vet checks everything that can be checked without the fit.
func Vet(ctx context.Context, s *spec.Spec, o Options) *diag.List {
	c := newCompiler(ctx, s, o)
	c.runStages(checking)
	c.diags.Sort()
	return c.diags
}

// Compile turns a spec into a plan. The plan is nil when the list holds an
// error.
func Compile(ctx context.Context, s *spec.Spec, o Options) (*Plan, *diag.List) {
	c := newCompiler(ctx, s, o)
	c.runStages(checking)
	c.runStages(fitting)
	c.diags.Sort()
	if c.diags.Failed() {
		return nil, c.diags
	}
	return c.plan, c.diags
}

func newCompiler(ctx context.Context, s *spec.Spec, o Options) *compiler {
	c := &compiler{ctx: ctx, spec: s, opts: o, diags: &diag.List{}, files: map[string]*table.File{}}
	c.kinds = &kind.Compiler{Spec: s, Diags: c.diags, Fields: map[string]*kind.Field{}, CSV: c.csv}
	c.plan = &Plan{
		Format: Format,
		Name:   s.Name, Title: s.Title, Description: s.Description, Language: s.Language,
		License: s.License, Version: s.Version, Limitations: s.Limitations, Card: s.Card, Sources: s.Sources, References: s.References,
		Population: Population{Size: s.Population.Size, Seed: s.Population.Seed, Persons: s.Population.Persons, Wanted: 1},
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

// csv reads a CSV file once; its faults are reported once.
func (c *compiler) csv(path string, from diag.Place) *table.File {
	if f, tried := c.files[path]; tried {
		return f
	}
	f, faults := table.Read(path, c.spec.Shown(path), from)
	if faults != nil {
		c.diags.Items = append(c.diags.Items, faults.Items...)
	}
	c.files[path] = f
	if f != nil {
		c.plan.Files = append(c.plan.Files, File{Path: c.spec.FileName(path), SHA256: f.SHA256})
	}
	return f
}
