package check

import "github.com/personagen/personagen/engine/internal/stat"

// count counts a value of a fitted field, of which there are so many.
func (g *groupTally) count(code int32, values int) {
	if g.counts == nil {
		g.counts = make([]int64, values)
	}
	g.counts[code]++
}

// mergeCounts adds the counts of another tally.
func (g *groupTally) mergeCounts(o *groupTally) {
	if g.counts == nil {
		g.counts = o.counts
		return
	}
	if o.counts != nil {
		addAll(g.counts, o.counts)
	}
}

// fittedQuantile compares the share of persons up to the published quantile of a fitted
// field with the plan: the sum of independent draws that count in full, in part or not.
func (x *judgedStatistic) fittedQuantile(v *GroupStatistic, t *groupTally, group int) (p, z float64, fault string) {
	n := float64(v.Persons)
	weights := make([]float64, len(x.points))
	observed, part := 0.0, 0.0
	for i, count := range t.counts {
		weights[i] = float64(count)
		upto := x.of.Upto(x.points[i], v.Published)
		observed += float64(weights[i] * upto)
	}
	for _, point := range x.points {
		if upto := x.of.Upto(point, v.Published); upto > 0 && upto < 1 {
			part = upto
		}
	}
	v.Reached = tidy(x.of.QuantileOf(x.points, weights, group))
	v.Share, v.ExpectedShare = tidy(observed/n), tidy(x.of.ShareUpto[group])
	full, within := x.of.ShareBelow[group], 0.0
	if part > 0 {
		within = max(x.of.ShareUpto[group]-full, 0) / part
	}
	draws := stat.Draws{N: n, X: []float64{0, part, 1}, W: []float64{max(1-full-within, 0), within, full}}
	p, sd := stat.SumTail([]stat.Draws{draws}, observed-float64(n*draws.Mean()))
	v.Error = tidy(sd / n)
	if sd > 0 {
		z = (observed - float64(n*draws.Mean())) / sd
	}
	return p, z, ""
}
