package check

import (
	"fmt"
	"math"

	"github.com/personagen/personagen/engine/internal/stat"
	"github.com/personagen/personagen/engine/plan"
)

// leastEffective is the expected effective count to which cells are joined in the test of
// weighted shares, whose design effects are estimated.
const leastEffective = 5

// compareWeighted compares the sums of weights in the cells with the shares of the
// persons wanted. The test is Pearson's statistic of the weighted shares, scaled so that
// it has the mean and the variance of a chi-square distribution, given the design effects
// (Rao and Scott 1984, "On chi-squared tests for multiway contingency tables with cell
// proportions estimated from survey data", Annals of Statistics 12, second order). The
// covariances of weighted shares are those of ratios of sums over independent draws with
// unequal weights; in a quota population they are smaller, so the test can only be too
// lenient. It fails below the run's budget, divided by the number of tables (Bonferroni).
func (x *tables) compareWeighted(c *comparison, e *plan.Expected, sum, squares []float64, all weighted, j *judging) {
	w := &WeightedNumbers{}
	at := -1
	for k, p := range e.Share {
		d := float64(j.Rows) * (sum[k]/all.sum - p)
		if at < 0 || math.Abs(d) > math.Abs(w.Persons)+1e-9 {
			w.Persons, at = d, k
		}
	}
	w.Persons, w.PersonsCell = tidy(w.Persons), Cell(x.plan, e, at)
	c.numbers.Weighted = w
	w.test(e, sum, squares, all, float64(j.Rows))
	if limit := j.Budget / float64(j.Parts*len(x.plan.Expected)); w.DF > 0 && w.P < limit {
		c.faults = append(c.faults, fmt.Sprintf("the weighted shares are not those of the population: p %.2g, below %.2g", w.P, limit))
	}
}

// test tests weighted shares of n rows.
func (w *WeightedNumbers) test(e *plan.Expected, sum, squares []float64, all weighted, n float64) {
	var share, observed, square []float64
	restShare, restSum, restSquare := 1.0, all.sum, all.squares
	for k, p := range e.Share {
		restShare, restSum, restSquare = restShare-p, restSum-sum[k], restSquare-squares[k]
		if p > 0 {
			share, observed, square = append(share, p), append(observed, sum[k]), append(square, squares[k])
		}
	}
	if restShare > 1e-9 {
		share, observed, square = append(share, restShare), append(observed, restSum), append(square, restSquare)
	}
	size := make([]float64, len(share))
	for k, p := range share {
		size[k] = all.effective() * p / leastEffective
	}
	of, pools, _ := stat.Pool(size)
	if pools < 2 || all.sum == 0 {
		return
	}
	share, observed, square = stat.Pooled(share, of, pools), stat.Pooled(observed, of, pools), stat.Pooled(square, of, pools)
	chi := 0.0
	// The covariance matrix of the shares is (D(Q) - πQ' - Qπ' + qππ')/W², with the
	// shares π, the sums of squares Q of the cells, their total q, and the sum W of weights.
	// Divided by sqrt(π) on both sides and times n, its eigenvalues are the design effects;
	// trace and square are their sum and the sum of their squares.
	var ratios, ratioSquares, cross float64
	for k, p := range share {
		d := observed[k]/all.sum - p
		chi += float64(n * d * d / p)
		q := square[k] / p
		ratios += q
		ratioSquares += float64(q * q)
		cross += float64(q * square[k])
	}
	scale := n / float64(all.sum*all.sum)
	trace := scale * (ratios - all.squares)
	traceSquares := scale * scale * (ratioSquares - 2*cross + float64(all.squares*all.squares))
	if !(trace > 0 && traceSquares > 0) {
		return
	}
	df := float64(trace*trace) / traceSquares
	chi *= trace / traceSquares
	w.Effect, w.ChiSquare, w.DF = tidy(trace/float64(pools-1)), tidy(chi), max(1, int(math.Round(df)))
	w.P = tidy(stat.ChiSquareTail(chi, df))
}
