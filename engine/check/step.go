package check

import (
	"fmt"
	"math"

	"github.com/personagen/personagen/engine/internal/stat"
	"github.com/personagen/personagen/engine/plan"
)

var stepCheck = definition{kind: KindStep, compile: compileSteps}

// steps: where shares by bands of an integer are interpolated, neighbouring values differ
// by no more than the spec says, as far as chance does not explain it.
type steps struct {
	plan     *plan.Plan
	counters []int // per Plan.Smoothed
}

func compileSteps(s *shared) check {
	x := &steps{plan: s.plan}
	for i := range s.plan.Smoothed {
		of := &s.plan.Smoothed[i]
		x.counters = append(x.counters, s.counts.counter(&s.coding, s.coding.space([]string{of.Of, of.Field}), s.coding.mask(nil)))
	}
	if x.counters == nil {
		return nil
	}
	return x
}

// wholePersons is by how many persons a value of a whole quota population may be off in a
// step: two in the cell of the label, two in the others.
const wholePersons = 4

func (*steps) newTally(a *accumulators) tally { return a.counts }

func (x *steps) judge(j *judging, t tally) (out []finding, _ error) {
	for i := range x.plan.Smoothed {
		of := &x.plan.Smoothed[i]
		o := Outcome{ID: "smooth." + of.Field, Kind: KindStep, Name: of.Field, Fields: []string{of.Of, of.Field}}
		if !j.unmeasurable(&o, o.Fields) {
			integer, field := x.plan.Field(of.Of), x.plan.Field(of.Field)
			sum, squares := t.(*counts).weighted(x.counters[i])
			all := of.Steps(integer.Domain, sum, field.Slots(), field.Domain)
			for k := range all {
				for i, row := range [2]int64{-1, 0} { // the effective numbers of persons
					at := int(all[k].Value+row-integer.Domain.Min) * field.Slots()
					w := weighted{sum: all[k].N[i]}
					for _, square := range squares[at : at+field.Domain.Size()] {
						w.squares += square
					}
					all[k].N[i] = w.effective()
				}
			}
			j.steps(&o, of, all)
		}
		out = append(out, only(o)...)
	}
	return out, nil
}

// steps reports the step that is largest beyond its error.
func (j *judging) steps(o *Outcome, of *plan.Smoothed, all []plan.Step) {
	planned := fmt.Sprintf("at most %.1f planned, %.1f without smooth", of.After.Points, of.Before.Points)
	worst, least, most := -1, 0.0, 0.0
	for i := range all {
		if low, high := j.stepInterval(&all[i]); worst < 0 || low > least {
			worst, least, most = i, low, high
		}
	}
	if worst < 0 {
		o.Status, o.Message = Skip, "no neighbouring values have persons"
		return
	}
	s := &all[worst]
	o.Message = fmt.Sprintf("the steepest step for certain is %.1f points (%.1f to %.1f), %s from %s %d to %d; %s; the limit is %g", s.Points, max(0, least), most, s.Label, of.Of, s.Value-1, s.Value, planned, of.MaxStep)
	if least <= 0 {
		o.Message = fmt.Sprintf("too few persons to see a step; %s; the limit is %g", planned, of.MaxStep)
	}
	if least > of.MaxStep {
		o.Status, o.Persons = Fail, int64(s.N[0]+s.N[1])
	}
}

// stepInterval returns the limits, in points, between which a step is for certain. In a
// whole quota population a share may be off by a few persons. Otherwise it is the interval
// of a difference between two shares of Agresti and Caffo (2000, "Simple and effective
// confidence intervals for proportions and differences of proportions result from adding
// two successes and two failures", The American Statistician 54), for a chance of one in a
// million, with the effective sizes where rows have weights.
func (j *judging) stepInterval(s *plan.Step) (low, high float64) {
	if j.rows.quota && j.rows.whole && j.plan.Population.Design == nil {
		room := 100 * wholePersons * (1/s.N[0] + 1/s.N[1])
		return s.Points - room, s.Points + room
	}
	var share [2]float64
	variance := 0.0
	for i, n := range s.N {
		share[i] = (math.Round(s.Share[i]*n) + 1) / (n + 2)
		variance += share[i] * (1 - share[i]) / (n + 2)
	}
	d, room := math.Abs(share[1]-share[0]), stat.ZCertain*math.Sqrt(variance)
	return 100 * (d - room), 100 * (d + room)
}
