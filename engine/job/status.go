package job

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/job/store"
	"github.com/personagen/personagen/engine/release"
)

// State says how far a job is.
type State struct {
	*Job
	MissingParts      []string `json:"missing_parts"`      // as Part takes them: "3", "7..9"
	MissingReductions []string `json:"missing_reductions"` // as Reduce takes them
	Committed         bool     `json:"committed"`          // there is a manifest
	// Done and Reduced count receipts.
	Done    int `json:"parts_done"`
	Reduced int `json:"reductions_done"`
}

// Status says how far a job is. It reads the names of objects only.
func Status(ctx context.Context, in store.Store) (*State, error) {
	j, err := Read(ctx, in)
	if err != nil {
		return nil, err
	}
	s := &session{Job: j, store: in}
	state := &State{Job: j}
	missing, err := s.missing(ctx, receipts, j.Parts, receiptName)
	if err != nil {
		return nil, err
	}
	state.Done, state.MissingParts = j.Parts-len(missing), rangeList(missing)
	if missing, err = s.missing(ctx, reduced, j.Reductions, reducedName); err != nil {
		return nil, err
	}
	state.Reduced, state.MissingReductions = j.Reductions-len(missing), rangeList(missing)
	state.Committed, err = s.has(ctx, release.ManifestFile)
	return state, err
}

// has reports whether there is an object.
func (s *session) has(ctx context.Context, name string) (bool, error) {
	for o, err := range s.store.List(ctx, name) {
		if err != nil || o.Name == name {
			return err == nil, err
		}
	}
	return false, nil
}

// missing lists the numbers below n without an object in a folder.
func (s *session) missing(ctx context.Context, folder string, n int, name func(int) string) ([]int, error) {
	there := map[string]bool{}
	for o, err := range s.store.List(ctx, folder) {
		if err != nil {
			return nil, err
		}
		there[o.Name] = true
	}
	var out []int
	for i := range n {
		if !there[name(i)] {
			out = append(out, i)
		}
	}
	return out, nil
}

// rangeList writes ascending numbers as ranges: "3", "7..9".
func rangeList(numbers []int) []string {
	numbers = slices.Compact(slices.Sorted(slices.Values(numbers)))
	out := []string{}
	for i := 0; i < len(numbers); {
		k := i
		for k+1 < len(numbers) && numbers[k+1] == numbers[k]+1 {
			k++
		}
		if k == i {
			out = append(out, fmt.Sprint(numbers[i]))
		} else {
			out = append(out, fmt.Sprintf("%d..%d", numbers[i], numbers[k]))
		}
		i = k + 1
	}
	return out
}

// ranges writes numbers for a message, a few of them.
func ranges(numbers []int) string {
	all := rangeList(numbers)
	if len(all) > 10 {
		return strings.Join(all[:10], ", ") + fmt.Sprintf(" and %d more", len(all)-10)
	}
	return strings.Join(all, ", ")
}

// parent is the folder of an object, with a slash.
func parent(name string) string { return path.Dir(name) + "/" }
