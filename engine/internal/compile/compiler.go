package compile

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/fit"
	"github.com/personagen/personagen/engine/internal/sample"
	"github.com/personagen/personagen/engine/internal/table"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// Options steer a compilation. The zero value is ready to use.
type Options struct {
	// MaxCells bounds the junction tree; 0 means fit's default.
	MaxCells int64
	// Size is the number of persons for which strata with a least number are sampled; 0
	// means the spec's.
	Size int64
	// Cache is the folder of fitted plans; empty means no cache.
	Cache string
	// Damaged, when set, is called with an entry of the cache that is damaged. The
	// fit is then computed again.
	Damaged func(path string, err error)
	// Progress, when set, is called while the fit runs.
	Progress func(fit.Progress)
	// Timings, when set, is called after each stage with the time it took.
	Timings func(stage string, took time.Duration)
}

// compiler carries a compilation from stage to stage. Each stage reads what the
// earlier ones left and reports every fault it finds. A stage runs only when the
// earlier ones found none.
type compiler struct {
	ctx       context.Context
	spec      *spec.Spec
	opts      Options
	diags     *diag.List
	kinds     *kind.Compiler
	files     map[string]*table.File // by path and layout; nil when it cannot be read
	tabulated map[string]*tabulator  // by table, of records
	plan      *plan.Plan

	space      space             // the fitted fields as variables
	tables     []figures         // of the spec's tables, over the space
	zeros      []zero            // impossible combinations, and nulls outside a when
	joints     []constraint      // joints that the model must be able to give
	where      *constraint       // the persons wanted
	strata     *strata           // who is sampled at another rate; nil without any
	means      []fittedStatistic // published statistics that the fit meets
	posed      []posed           // of each mean of the problem
	smoothings []smoothing       // tables whose bands are interpolated
	ties       map[int][]tie     // of the integers in them
	limits     []constraint      // per plan.Checks: cell 0 is counted among, cell 1 counted

	problem  fit.Problem
	together [][]int     // Problem.Together in the order of the spec
	whole    *fit.Result // everyone
	wanted   *fit.Result // the persons wanted
	drawn    *fit.Result // the sample; that of the persons wanted unless strata have other rates

	controls []control     // of plan.Expected; in the order of the model once that is built
	model    *sample.Model // of drawn, as the sampler reads it
	writers  bundle.Writers
}

// table reads the file of rows and reports its faults, once per file and layout.
func (c *compiler) table(rows *spec.Rows) *table.File {
	if rows.Faults.Failed() {
		c.diags.Items = append(c.diags.Items, rows.Faults.Items...)
		return nil
	}
	key := rows.Path + "\x00" + rows.Layout.Key()
	if f, tried := c.files[key]; tried {
		return f
	}
	f, faults := table.Read(c.spec.Inputs, rows.Path, c.spec.Shown(rows.Path), rows.Layout, rows.Place)
	c.diags.Items = append(c.diags.Items, faults.Items...)
	c.files[key] = f
	if name := c.spec.FileName(rows.Path); f != nil && !slices.ContainsFunc(c.plan.Files, func(known plan.File) bool { return known.Path == name }) {
		c.plan.Files = append(c.plan.Files, plan.File{Path: name, SHA256: f.SHA256})
	}
	return f
}

// mustBeOneOf reports a name that is not among names.
func (c *compiler) mustBeOneOf(t spec.String, what, code string, names []string) bool {
	if slices.Contains(names, t.Value) {
		return true
	}
	d := c.diags.Errorf(t.Place, code, "no %s is called %q", what, t.Value)
	if g := diag.Guess(t.Value, names); g != "" {
		d.WithHint("did you mean %q?", g)
	} else {
		d.WithHint("declare it, or correct the name")
	}
	return false
}

// unknownLabel reports a label that is not a value of the field.
func (c *compiler) unknownLabel(f *kind.Field, label string, at diag.Place) *diag.Diagnostic {
	d := c.diags.Errorf(at, "unknown-label", "%q is not a value of field %q", label, f.Name)
	_, err := strconv.Atoi(label)
	guess := diag.Guess(label, f.Domain.AllLabels())
	switch {
	case f.Domain.Integer && err != nil && strings.ContainsAny(label, "0123456789"):
		d.WithHint("for bands, add a field {kind: \"group\", of: %q, cuts: [...]} and name that field: personagen explain group", f.Name)
	case guess != "" && !f.Domain.Integer:
		d.WithHint("did you mean %q?", guess)
	default:
		d.WithHint("its values are %s", f.Domain.Summary())
	}
	return d
}

// failedSince reports whether the list has an error from position before on.
func failedSince(l *diag.List, before int) bool {
	return slices.ContainsFunc(l.Items[before:], func(d diag.Diagnostic) bool { return d.Severity == diag.Error })
}

func placeText(p diag.Place) string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }
