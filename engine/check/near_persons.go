package check

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/mathext"

	"github.com/personagen/personagen/engine/humanize"
)

// mostNearPersons is the share of near-duplicate persons above which it is a
// fault; fewer, if chance does not explain them, are warned of.
const mostNearPersons = 0.001

// slack is how far the expected number of near-duplicates may be too low: it is an
// estimate from few pairs, and pairs come in clusters.
const slack = 10

// nearFound is what the sketch holds of one thing.
type nearFound struct {
	persons, pairs float64 // of the sample
	rows           []int64 // the first person who is the same as an earlier one, that one before
}

// found sums up the matches of every thing. Counts are whole numbers.
func (s *nearSketch) found(things int) []nearFound {
	out := make([]nearFound, things)
	for i := range s.slots {
		m := &s.slots[i]
		if m.count < 2 || m.differ != 0 {
			continue
		}
		f, c := &out[m.thing], float64(m.count)
		f.persons += c - 1
		f.pairs += float64(c*(c-1)) / 2
		if f.rows == nil || m.rows[1] < f.rows[1] || m.rows[1] == f.rows[1] && m.rows[0] < f.rows[0] {
			f.rows = m.rows[:]
		}
	}
	for i := range out {
		out[i].rows = slices.Clone(out[i].rows)
	}
	return out
}

// checkNear looks for persons who are the same as another but for one thing: what
// resampling, copying and jitter leave. With a few fields chance makes such pairs,
// and they are told apart by how many it would make.
func (b *builder) checkNear() {
	x := b.suite.near
	if x == nil || b.Rows == 0 {
		return
	}
	o := Outcome{ID: KindNear, Kind: KindNear, Name: "near-duplicate persons"}
	sketch := &b.tally.near.sketch
	found := sketch.found(len(x.things))
	rate := math.Ldexp(1, -sketch.level)
	near := &NearPersons{Fields: x.base, Sampled: rate}
	o.Near = near
	counted := make([]float64, len(x.things)) // persons of each thing, but for chance
	var byChance, expected float64
	for k, f := range found {
		if f.pairs == 0 {
			continue
		}
		e := b.tally.near.sample.expected(x, k, float64(b.Rows))
		chance := b.byChance(f.pairs, e*rate)
		near.ByThing = append(near.ByThing, NearThing{x.things[k].name, f.pairs / rate, tidy(e), chance})
		if chance {
			byChance += f.pairs / rate
			continue
		}
		expected += e
		counted[k] = f.persons / rate
		if o.Rows == nil || f.rows[1] < o.Rows[1] {
			o.Rows = f.rows
		}
	}
	slices.SortStableFunc(near.ByThing, func(p, q NearThing) int { return int(min(1, max(-1, q.Pairs-p.Pairs))) })
	near.Persons = min(x.total(counted), float64(b.Rows))
	near.Share = tidy(near.Persons / float64(b.Rows))
	o.Persons = int64(near.Persons)
	o.Message = b.nearMessage(&o, byChance, expected)
	limited := b.limited("near_duplicate_persons", "")
	switch {
	case near.Persons == 0:
	case limited: // the spec says how many there may be
	case near.Share > mostNearPersons:
		o.Status = Fail
	default:
		o.Status = Warn
	}
	b.add(o)
}

// total adds up persons by thing. Those who differ in one of several fields that
// are also one thing together are counted there too.
func (x *nearCheck) total(persons []float64) float64 {
	inside := make([]bool, len(x.things))
	total := 0.0
	for k, thing := range x.things {
		parts := 0.0
		for _, p := range thing.parts {
			inside[p] = true
			parts += persons[p]
		}
		if thing.parts != nil {
			total += max(parts, persons[k])
		}
	}
	for k := range x.things {
		if !inside[k] && x.things[k].parts == nil {
			total += persons[k]
		}
	}
	return total
}

func (b *builder) nearMessage(o *Outcome, byChance, expected float64) string {
	n := o.Near
	text := fmt.Sprintf("no two persons are the same but for one of %s", humanize.Count(n.Fields, "field", "fields"))
	about, is := "", "are"
	if o.Persons == 1 {
		is = "is"
	}
	if n.Sampled < 1 {
		about = "about "
	}
	switch {
	case n.Persons > 0:
		text = fmt.Sprintf("%s%s (%.3g %%%s) %s the same as another but for one thing", about, persons(o.Persons), 100*n.Share, b.usual("near_duplicate_persons", "", mostNearPersons), is)
		i := slices.IndexFunc(n.ByThing, func(t NearThing) bool { return !t.Chance })
		text += fmt.Sprintf(", mostly %s; as person %d and person %d; chance would make about %.1g such pairs", n.ByThing[i].Thing, o.Rows[1], o.Rows[0], expected)
	case byChance > 0:
		text = fmt.Sprintf("%s%s of persons the same but for one thing, as chance makes them with %s", about, humanize.Count(int64(byChance), "pair", "pairs"), humanize.Count(n.Fields, "field", "fields"))
	}
	if n.Sampled < 1 {
		text += fmt.Sprintf(", by a sample that holds one such pair in %s", humanize.Thousands(int64(1/n.Sampled)))
	}
	return text
}

// byChance reports whether chance, which makes so many pairs on average, may have
// made those found: a Poisson count, held to the run's budget.
func (b *builder) byChance(pairs, expected float64) bool {
	return mathext.GammaIncReg(pairs, slack*expected) >= b.Budget/float64(b.Parts)
}

// expected estimates how many pairs of n persons chance makes the same but for a
// thing: from the sample, which pairs agree in the fields whose values' chances
// are unknown, times the chances that the others agree. Where fewer than three
// pairs of the sample agree it is the bound that three give.
func (s *nearSample) expected(x *nearCheck, thing int, n float64) float64 {
	type person struct {
		hash   uint32
		chance float64
	}
	var all []person
	mean := 0.0
	for r, taken := range s.taken {
		if !taken {
			continue
		}
		p := person{chance: 1}
		for k := range x.fields {
			switch {
			case slices.Contains(x.things[thing].out, k):
			case s.hashes[k] != nil:
				p.hash += s.hashes[k][r]
			case s.chance[k] != nil:
				p.chance *= float64(s.chance[k][r])
			}
		}
		mean += p.chance
		all = append(all, p)
	}
	if len(all) < 2 {
		return n * (n - 1) / 2
	}
	mean /= float64(len(all))
	slices.SortStableFunc(all, func(p, q person) int {
		if p.hash < q.hash {
			return -1
		}
		if p.hash > q.hash {
			return 1
		}
		return 0
	})
	pairs := 0.0
	for i := 0; i < len(all); {
		k, sum := i, 0.0
		for ; k < len(all) && all[k].hash == all[i].hash; k++ {
			sum += all[k].chance
		}
		pairs += float64(k-i-1) / 2 * sum
		i = k
	}
	m := float64(len(all))
	share := max(pairs, 3*mean) / (m * (m - 1) / 2)
	return n * (n - 1) / 2 * min(1, float64(x.inflation*share))
}

// inflation is how much likelier numbers with these correlations of their normal
// scores agree all together than independent ones: the inverse root of the
// determinant, for the squares of both densities.
func (s *Suite) inflation(fields []string, matrix [][]float64) float64 {
	var known []int
	for i, name := range fields {
		if slices.ContainsFunc(s.numbers, func(c numberCheck) bool { return c.name == name }) {
			known = append(known, i)
		}
	}
	if len(known) < 2 {
		return 1
	}
	m := mat.NewSymDense(len(known), nil)
	for i, p := range known {
		for k, q := range known[:i+1] {
			m.SetSym(i, k, matrix[p][q])
		}
	}
	return 1 / math.Sqrt(max(mat.Det(m), 1e-12))
}
