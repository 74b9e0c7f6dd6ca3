package run

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/cache"
	"github.com/personagen/personagen/engine/internal/compile"
	"github.com/personagen/personagen/engine/internal/inputs"
	"github.com/personagen/personagen/engine/spec/load"
)

// specSource is a spec and where what follows from it is cached.
type specSource struct {
	path, folder string
	load         load.Options
	damaged      func(path string, err error) // hears of damaged entries of the cache
}

// outcome is what follows from a spec: the entry of the cache by its path. There is one
// entry for a spec, used as long as the program and all that the spec reads stay the
// same, and replaced when they change.
type outcome struct {
	Record         inputs.Record
	Found          []diag.Diagnostic // as the user reads them
	Sized          bool              // the bundle is for one size only: rates of strata depend on it
	Size           int64             // that size, 0 for the spec's own
	Fields, Tables int

	bundle *bundle.Bundle // nil without fit
}

// compile loads, compiles and fits the spec for a population of a size. Without fit, it
// only checks the spec. It takes the outcome from the cache where it can. The outcome of a
// spec with faults has them.
func (s *specSource) compile(ctx context.Context, fit bool, size int64, progress func(FitProgress)) *outcome {
	e := s.entry(fit)
	if o := e.read(s, size); o != nil {
		return o
	}
	spec, found := load.Load(ctx, s.path, s.load)
	if found.Failed() {
		return &outcome{Found: found.Items}
	}
	o := &outcome{Fields: len(spec.Fields), Tables: len(spec.Tables)}
	options := compile.Options{Size: size, Cache: s.folder, Progress: progress, Damaged: s.damaged}
	var more *diag.List
	if fit {
		o.bundle, more = compile.Compile(ctx, spec, options)
	} else {
		more = compile.Vet(ctx, spec, options)
	}
	found.Items = append(found.Items, more.Items...)
	found.Sort()
	o.Found = found.Items
	if b := o.bundle; b != nil {
		b.Warnings = slices.Clone(found.Items)
		for i := range b.Warnings {
			at := &b.Warnings[i].Place
			at.File = inputs.Relative(spec.Dir, at.File)
		}
		if b.Plan.Population.Design != nil {
			o.Sized, o.Size = true, size
		}
	}
	if !found.Failed() && ctx.Err() == nil {
		e.write(o, spec.Inputs)
	}
	return o
}

// entry is a place of the cache; the zero entry is none.
type entry struct{ path, problem string }

// outcomeVersion is raised when the form of an entry changes.
const outcomeVersion = 2

// entry returns the entry for the spec.
func (s *specSource) entry(fit bool) entry {
	program := cache.Program()
	if s.folder == "" || program == "" {
		return entry{}
	}
	files, origin := load.Origin(s.path, s.load)
	if files == nil {
		return entry{}
	}
	files.Close()
	sum := sha256.Sum256([]byte(origin))
	work := "vet"
	if fit {
		work = "plan"
	}
	return entry{
		filepath.Join(s.folder, fmt.Sprintf("%s-%d-%s", work, outcomeVersion, hex.EncodeToString(sum[:])[:32])),
		program + "\n" + origin,
	}
}

// read returns the outcome in the entry, nil if there is none for this program, for what
// the spec reads now, or for a population of this size.
func (e entry) read(s *specSource, size int64) *outcome {
	if e.path == "" {
		return nil
	}
	data, err := cache.Read(e.path, "")
	if data == nil || err != nil {
		if err != nil {
			s.damaged(e.path, err)
		}
		return nil
	}
	from := bytes.NewReader(data)
	decoder := gob.NewDecoder(from)
	var problem string
	var o outcome
	if err := decoder.Decode(&problem); err != nil || problem != e.problem {
		return nil
	}
	if err := decoder.Decode(&o); err != nil || o.Sized && o.Size != size {
		return nil
	}
	files, _ := load.Origin(s.path, s.load)
	if files == nil {
		return nil
	}
	defer files.Close()
	if !files.Answers(o.Record) {
		return nil
	}
	if packed := data[len(data)-from.Len():]; len(packed) > 0 {
		if o.bundle, err = bundle.Decode(packed); err != nil {
			s.damaged(e.path, err)
			return nil
		}
	}
	return &o
}

// write stores the outcome of what was read from files. It ignores errors: a run does not need the cache.
func (e entry) write(o *outcome, files *inputs.FS) {
	if e.path == "" {
		return
	}
	o.Record = files.Record()
	var data bytes.Buffer
	encoder := gob.NewEncoder(&data)
	if encoder.Encode(e.problem) != nil || encoder.Encode(o) != nil {
		return
	}
	if o.bundle != nil {
		packed, err := o.bundle.Encode()
		if err != nil {
			return
		}
		data.Write(packed)
	}
	_ = cache.Write(e.path, "", data.Bytes())
}
