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
// field with the plan: the sum of independent draws that count in full, in part or not. A
// sample with weights counts as many draws as its effective size (Kish, Survey Sampling,
// 1965, section 11.7).
func (x *judgedStatistic) fittedQuantile(v *GroupStatistic, t *weightedGroup, group int) (p, z float64, fault string) {
	observed, part := 0.0, 0.0
	for i, weight := range t.counts {
		observed += float64(weight * x.of.Upto(x.points[i], v.Published))
	}
	observed /= t.sum
	for _, point := range x.points {
		if upto := x.of.Upto(point, v.Published); upto > 0 && upto < 1 {
			part = upto
		}
	}
	v.Reached = tidy(x.of.QuantileOf(x.points, t.counts, group))
	v.Share, v.ExpectedShare = tidy(observed), tidy(x.of.ShareUpto[group])
	full, within := x.of.ShareBelow[group], 0.0
	if part > 0 {
		within = max(x.of.ShareUpto[group]-full, 0) / part
	}
	draws := stat.Draws{N: t.effective(), X: []float64{0, part, 1}, W: []float64{max(1-full-within, 0), within, full}}
	deviation := float64(draws.N * (observed - draws.Mean()))
	p, sd := stat.SumTail([]stat.Draws{draws}, deviation)
	v.Error = tidy(sd / draws.N)
	if sd > 0 {
		z = deviation / sd
	}
	return p, z, ""
}
