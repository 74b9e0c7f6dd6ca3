package pairwise

import (
	"github.com/personagen/personagen/engine/compare"
	"github.com/personagen/personagen/engine/internal/sketch"
	"github.com/personagen/personagen/engine/internal/stat"
	"github.com/personagen/personagen/engine/journal"
)

// Outcome counts the answers in the journal.
func (c *Contest) Outcome(j *journal.Journal) (*compare.Judged, error) {
	out := &compare.Judged{
		Ours: c.labels[0], Theirs: c.labels[1], Model: c.options.Model, Fields: c.options.Fields, Equal: c.options.Equal,
		Wanted: c.options.Pairs, Pairs: len(c.pairs), Matching: c.matching,
	}
	sides := make([][2]int, len(c.pairs))
	answers, first := 0, 0
	for i := range c.questions {
		q := &c.questions[i]
		r, err := answered(j, q)
		if err != nil {
			return nil, err
		}
		if r == nil || r.Refused != "" {
			continue
		}
		at := 0
		if q.swapped {
			at = 1
		}
		sides[q.pair][at] = side(r.Better, q.swapped)
		if r.Better != "tie" {
			answers++
			if r.Better == "A" {
				first++
			}
		}
	}
	sum, squares, longer, unequal := 0.0, 0.0, 0, 0
	for i, s := range sides {
		out.Chars[0] += float64(c.chars[i][0]) / float64(len(c.pairs))
		out.Chars[1] += float64(c.chars[i][1]) / float64(len(c.pairs))
		switch {
		case s[0] == 0 || s[1] == 0:
			out.Unanswered++
			continue
		case s[0] != s[1]:
			out.Inconsistent++
			continue
		}
		score := 0.5
		switch s[0] {
		case 1:
			out.Wins++
			score = 1
		case -1:
			out.Losses++
			score = 0
		default:
			out.Ties++
		}
		sum += score
		squares += score * score
		if n := c.chars[i]; s[0] != 2 && n[0] != n[1] {
			unequal++
			if (n[0] > n[1]) == (s[0] == 1) {
				longer++
			}
		}
	}
	out.Chars[0], out.Chars[1] = sketch.Tidy(out.Chars[0]), sketch.Tidy(out.Chars[1])
	share := func(n, of int) *float64 {
		if of == 0 {
			return nil
		}
		x := sketch.Tidy(float64(n) / float64(of))
		return &x
	}
	consistent := out.Wins + out.Losses + out.Ties
	out.Consistent = share(consistent, consistent+out.Inconsistent)
	out.First, out.Longer = share(first, answers), share(longer, unequal)
	if consistent > 0 {
		n := float64(consistent)
		low, high := stat.BoundedMean(sum/n, squares/n, n, 0, 1, stat.Z95)
		rate := sketch.Tidy(sum / n)
		low, high = sketch.Tidy(low), sketch.Tidy(high)
		out.WinRate, out.Low, out.High = &rate, &low, &high
	}
	out.Decide()
	return out, nil
}
