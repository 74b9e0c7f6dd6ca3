// Package identity holds the encodings from which ids and keys are hashed: who
// a person is, and which record of a journal holds a text. They are written
// down here and nowhere else, with their own types and fixed JSON names, so
// that no change of a type elsewhere in the program can change an id.
//
// The package imports nothing of the program. Callers copy what they know into
// its types. A change to any byte that is hashed here needs a new version: see
// StructureVersion and TextVersion.
package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// StructureVersion is the version of Structure's encoding. Every person's id,
// and through it every journal key, depends on it. Raise it when the encoding
// changes, or when the same encoding no longer gives the same persons, and take
// the records of older journals over: look a text up by its key under the new
// version first, then by its key under the old one.
//
// Version 2 sorts Together, has the bounds of tables, and came with sub-margins as
// controls. Callers compute the hash of version 1 from what version 1 had: see FirstEncoder.
const StructureVersion = 2

// Structure is what persons' identities depend on: the fitted part of a spec.
type Structure struct {
	// Version is absent from version 1. Encode sets it.
	Version int    `json:"Version,omitempty"`
	Name    string `json:"Name"`
	// Labels are, per variable that is not a band, the values of its field in
	// the order of the variable.
	Labels  [][]string `json:"Labels"`
	Problem *Problem   `json:"Problem"`
	Limits  []Limit    `json:"Limits,omitempty"`
	Strata  []Stratum  `json:"Strata,omitempty"`
	Smooth  []Smooth   `json:"Smooth,omitempty"`
}

// Smooth is a table whose shares are interpolated over the values of an integer.
type Smooth struct {
	Table  string   `json:"Table"`
	Of     string   `json:"Of"`
	Fields []string `json:"Fields"`
	Edges  []int    `json:"Edges,omitempty"` // positions of values before which a curve begins
}

// Stratum is a group of persons who are sampled at their own rate. Size is the number of
// persons in the sample if the rate depends on it.
type Stratum struct {
	When    string  `json:"When"`
	Times   float64 `json:"Times,omitempty"`
	AtLeast int64   `json:"AtLeast,omitempty"`
	Size    int64   `json:"Size,omitempty"`
}

// Limit is a share that the sampler enforces.
type Limit struct {
	Where   string   `json:"Where"`
	Within  string   `json:"Within"`
	AtLeast *float64 `json:"AtLeast"`
	AtMost  *float64 `json:"AtMost"`
}

// Problem is the problem that the fit solves.
type Problem struct {
	Vars     []Var     `json:"vars"`
	Tables   []Table   `json:"tables"`
	Supports []Support `json:"supports"`
	Together [][]int   `json:"together,omitempty"`
	Means    []Mean    `json:"means,omitempty"`
}

// Var is a variable of a Problem.
type Var struct {
	Name string `json:"name"`
	Card int    `json:"card"`
}

// Table is a table of a Problem.
type Table struct {
	Name      string    `json:"name"`
	Role      string    `json:"role"`
	Scope     []int     `json:"scope"`
	Cell      []int32   `json:"cell"`
	Row       []int32   `json:"row"`
	Share     []float64 `json:"share"`
	Rho       float64   `json:"rho,omitempty"`
	Variance  float64   `json:"variance"`
	Tolerance float64   `json:"tolerance"`
	Low       []float64 `json:"low,omitempty"`  // from version 2 on
	High      []float64 `json:"high,omitempty"` // from version 2 on
}

// Mean is a demand for the means of a score in a Problem.
type Mean struct {
	Name   string    `json:"name"`
	Scope  []int     `json:"scope"`
	Group  []int32   `json:"group"`
	Score  []float64 `json:"score"`
	Target []float64 `json:"target"`
	Half   []float64 `json:"half"`
	Above  []float64 `json:"above,omitempty"` // where it is not Half, which is then below
	Total  bool      `json:"total,omitempty"`
	Free   bool      `json:"free,omitempty"`
}

// Support is a set of configurations that a Problem allows.
type Support struct {
	Name    string `json:"name"`
	Scope   []int  `json:"scope"`
	Allowed []bool `json:"allowed"`
}

// Encode returns the canonical bytes of a structure, which Hash hashes.
func (s *Structure) Encode() []byte {
	stamped, problem := *s, *s.Problem
	stamped.Version, stamped.Problem = StructureVersion, &problem
	problem.Together = slices.Clone(problem.Together)
	slices.SortFunc(problem.Together, slices.Compare)
	problem.Together = slices.CompactFunc(problem.Together, slices.Equal)
	return encode(stamped)
}

// Hash returns the structure's hash in hex.
func (s *Structure) Hash() string { return hash(s.Encode()) }

// Hash returns the problem's hash in hex: the key of a cached fit.
func (p *Problem) Hash() string { return hash(encode(p)) }

// encode is JSON with a line break behind it.
func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("identity: cannot encode %T: %v", v, err)) // finite numbers and strings always encode
	}
	return append(data, '\n')
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Population names a population: two populations of one name have the same
// persons under the same numbers. Size is 0 when persons do not depend on it.
func Population(structure, sampling string, seed uint64, size int64) string {
	return fmt.Sprintf("%s %s %d %d", structure, sampling, seed, size)
}
