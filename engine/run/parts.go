package run

import (
	"context"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/release"
)

// Prepared is a population that is ready to be made: compiled, fitted and counted. Its
// persons can be made in parts, in any order and on any number of machines.
type Prepared struct{ run *run }

// Prepare compiles and allocates what Run would. It sends nothing and writes nothing.
// Errors are as with Run.
func Prepare(ctx context.Context, cfg Config) (*Prepared, error) {
	r, err := allocated(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &Prepared{r}, nil
}

// Confirm estimates what texts by a model will cost, from as many persons at most, and asks
// whether they may, as Run does. It returns nil if no model writes. The error is that of
// Writer.Confirm if the answer is no.
func (p *Prepared) Confirm(ctx context.Context, most int64) (*TextForecast, error) {
	r := *p.run
	r.ctx = ctx
	all := r.persons.Count
	r.persons.Count = min(all, most)
	f, err := r.estimateTexts()
	if f == nil || err != nil {
		return nil, err
	}
	if r.persons.Count < all {
		f.scale(r.persons.Count, all)
	}
	return f, r.ask(f)
}

// Bundle returns the sealed form of the population.
func (p *Prepared) Bundle() *bundle.Bundle { return p.run.sealed() }

// Release returns the options of the release.
func (p *Prepared) Release() release.Options { return p.run.releaseOptions() }

// Source returns the rows of the population for one goroutine.
func (p *Prepared) Source() release.Source { return p.run.source() }

// UsesModel reports whether a model is to write texts.
func (p *Prepared) UsesModel() bool { return p.run.usesModel() }
