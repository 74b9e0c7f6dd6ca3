package check

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/sketch"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// builder gathers the outcomes of a result.
type builder struct {
	*Result
	suite *Suite
	tally *Tally
	rows  part
	tests []pending
}

// pending is an outcome whose test waits for the others. Conformity indices
// are adjusted among themselves and decide nothing.
type pending struct {
	outcome    int
	deciding   bool
	comparison *comparison // of a table
}

// Result judges what a tally gathered; it needs the temporary files, so it comes
// before Suite.Close. The error is that a temporary file could not be written
// or read.
func (s *Suite) Result(t *Tally) (*Result, error) {
	if s.err != nil {
		return nil, s.err
	}
	if t.err != nil {
		return nil, fmt.Errorf("remember persons for the check of duplicates: %w; free some space or choose another folder for temporary files", t.err)
	}
	b := s.builder(t)
	r := b.Result
	b.checkRows()
	b.checkFields()
	if err := b.checkUnique(); err != nil {
		return nil, err
	}
	if err := b.checkPersons(); err != nil {
		return nil, err
	}
	b.checkNear()
	b.checkGroups()
	b.checkImpossible()
	b.checkDraws()
	b.checkTables()
	b.checkNumbers()
	b.checkIndependence()
	b.decide()
	b.checkLimits()
	b.checkTexts()
	b.checkMeasures()
	b.judgeGoals()
	for _, status := range []string{Pass, Note, Warn, Fail, Skip} {
		r.Counts[status] = 0
	}
	for i := range r.Outcomes {
		r.Counts[r.Outcomes[i].Status]++
	}
	for i := range s.fields {
		r.Profiles = append(r.Profiles, t.profile(i))
	}
	return r, nil
}

// Tables judges the tables alone of what Tally.AddTables gathered.
func (s *Suite) Tables(t *Tally) []Outcome {
	b := s.builder(t)
	b.checkTables()
	b.decide()
	return b.Outcomes
}

func (s *Suite) builder(t *Tally) *builder {
	o := s.options
	r := &Result{Sampling: o.Sampling, Rows: t.rows, First: o.First, Total: max(o.Total, t.rows), Budget: o.Budget, Parts: max(1, o.Parts), Counts: map[string]int{}, Exceptions: o.Exceptions}
	if o.Sampling == Independent {
		r.Total = t.rows
	}
	if t.rows > 0 {
		r.Parts = max(r.Parts, int((r.Total+t.rows-1)/t.rows))
	}
	b := &builder{Result: r, suite: s, tally: t}
	b.rows = part{n: float64(t.rows), total: float64(r.Total), whole: r.Whole(), quota: o.Sampling == Quota}
	return b
}

// add appends an outcome; it passes and is severe where it does not say.
func (b *builder) add(o Outcome) {
	if o.Severity == "" {
		o.Severity = Fail
	}
	if o.Status == "" {
		o.Status = Pass
	}
	b.Outcomes = append(b.Outcomes, o)
}

// untold skips an outcome about fields that a release does not tell.
func (b *builder) untold(o *Outcome) bool {
	for _, name := range o.Fields {
		if !b.suite.told[name] {
			o.Status, o.Message = Skip, fmt.Sprintf("field %s is hidden, and no written field tells it", name)
			b.add(*o)
			return true
		}
	}
	return false
}

func (b *builder) checkRows() {
	o := Outcome{ID: "rows", Kind: KindRows, Name: "number of persons", Message: persons(b.Rows)}
	switch want := b.suite.options.Rows; {
	case b.Rows == 0:
		o.Status, o.Message = Fail, "there are no persons"
	case want != 0 && want != b.Rows:
		o.Status, o.Message = Fail, fmt.Sprintf("%s where there should be %d", persons(b.Rows), want)
	}
	if !b.rows.whole {
		o.Message += fmt.Sprintf(", part of a population of %d", b.Total)
	}
	b.add(o)
}

// fault joins what was found of several sorts in one column.
type fault struct {
	finds
	texts []string
}

func (f *fault) add(x *finds, what string) {
	if x.count == 0 {
		return
	}
	f.texts = append(f.texts, fmt.Sprintf("%s %s", persons(x.count), what))
	f.merge(x)
}

// outcome makes the outcome of a column.
func (f *fault) outcome(kind, field, fine string) Outcome {
	o := Outcome{ID: kind + "." + field, Kind: kind, Name: field, Fields: []string{field}, Message: fine}
	if f.count > 0 {
		o.Status, o.Persons, o.Rows = Fail, f.count, f.rows
		o.Message = strings.Join(f.texts, "; ") + first(f.rows)
	}
	return o
}

func (b *builder) checkFields() {
	for i := range b.suite.fields {
		c, t := &b.suite.fields[i], &b.tally.fields[i]
		if c.field.Class == kind.Written || !b.suite.told[c.field.Name] {
			continue // judged with the texts, or not in a release
		}
		var f fault
		f.add(&t.unknown, "with "+notOf(c.field))
		f.add(&t.outside, fmt.Sprintf("outside %g to %g", c.low, c.high))
		f.add(&t.empty, "with an empty text")
		b.add(f.outcome(KindValues, c.field.Name, "every value is "+of(c)))
	}
	for i := range b.suite.fields {
		c, t := &b.suite.fields[i], &b.tally.fields[i]
		if c.when < 0 && c.field.Nullable || c.field.Class == kind.Written {
			continue // any row may be null, or a group's base fields say which
		}
		var f fault
		f.add(&t.missing, "without a value that should have one")
		f.add(&t.extra, "with a value that should have none")
		fine := "nobody is without a value"
		if c.when >= 0 {
			fine = "a value where the condition says so, null elsewhere"
			if c.field.WhenText != "" {
				fine = fmt.Sprintf("a value where %s, null elsewhere", c.field.WhenText)
			}
		}
		b.add(f.outcome(KindNulls, c.field.Name, fine))
	}
}

// of describes the values that a column may hold.
func of(c *fieldCheck) string {
	switch d := c.field.Domain; {
	case d != nil && d.Integer:
		return fmt.Sprintf("a whole number from %d to %d", d.Min, d.Max)
	case d != nil:
		return fmt.Sprintf("one of %d labels", d.Size())
	case c.bounded:
		return fmt.Sprintf("a number from %g to %g", c.low, c.high)
	case c.field.Type == frame.Integer:
		return "a whole number"
	case c.field.Type == frame.Number:
		return "a finite number"
	}
	return "a text"
}

func notOf(f *kind.Field) string {
	switch d := f.Domain; {
	case d != nil && d.Integer:
		return fmt.Sprintf("a number outside %d to %d", d.Min, d.Max)
	case d != nil:
		return "a label that the field does not have"
	}
	return "something that is no finite number"
}

func (b *builder) checkUnique() error {
	for i, column := range b.suite.ids {
		name := b.suite.plan.Fields[column].Name
		o := Outcome{ID: "unique." + name, Kind: KindUnique, Name: name, Fields: []string{name}, Message: "every value occurs once"}
		r, err := b.tally.ids[i].search()
		if err != nil {
			return err
		}
		if r.count > 0 {
			o.Status, o.Persons, o.Rows = Fail, r.count, r.rows
			o.Message = fmt.Sprintf("%s with a value that an earlier one has: person %d has that of person %d", persons(r.count), r.rows[1], r.rows[0])
		}
		b.add(o)
	}
	return nil
}

// unlikely is the number of pairs that chance alone is expected to make alike
// below which a repetition is a fault.
const unlikely = 0.01

// checkPersons looks for persons who are the same in all that is written but
// their ids. Whether that is a fault depends on the spec: with a few fields it
// happens by itself, with some drawn numbers it never should.
func (b *builder) checkPersons() error {
	if b.tally.persons == nil {
		return nil
	}
	o := Outcome{ID: "persons", Kind: KindPersons, Name: "duplicated persons", Message: "no two persons are the same"}
	r, err := b.tally.persons.search()
	if err != nil {
		return err
	}
	if r.count > 0 {
		chance := b.chance()
		o.Persons, o.Rows, o.Status = r.count, r.rows, Note
		o.Message = fmt.Sprintf("%s the same as an earlier one, as person %d and person %d; ", humanize.Count(r.count, "person is", "persons are"), r.rows[1], r.rows[0])
		if chance < unlikely {
			o.Status = Fail
			o.Message += fmt.Sprintf("chance would make about %.1g such pairs", chance)
		} else {
			o.Message += "with the fields of this spec that happens by chance"
		}
	}
	b.add(o)
	return nil
}

// chance estimates how many pairs of persons agree in everything: from the
// sample how many agree in all but their drawn numbers, times the chances that
// the numbers agree.
func (b *builder) chance() float64 {
	n := float64(b.Rows)
	if len(b.suite.person.numbers) == 0 {
		return n * (n - 1) / 2
	}
	p := b.tally.sample.agreement()
	for _, column := range b.suite.person.numbers {
		f, t := b.suite.plan.Fields[column], &b.tally.fields[column]
		a := square(t.nulls, b.Rows)
		if t.numbers.N > 0 {
			has := float64(t.numbers.N) / n
			a += has * has * t.numbers.Agreement(f.Decimals)
		}
		p *= min(1, a)
	}
	return n * (n - 1) / 2 * p
}

func (b *builder) checkGroups() {
	for i, g := range b.suite.groups {
		name := b.suite.plan.Fields[g.column].Name
		bases := strings.Join(b.suite.plan.Fields[g.column].Lookup().Fields, ", ")
		if told := append(slices.Clone(b.suite.plan.Fields[g.column].Lookup().Fields), name); slices.ContainsFunc(told, func(name string) bool { return !b.suite.told[name] }) {
			continue // a release could not show it
		}
		var f fault
		f.add(&b.tally.groups[i], "where it is not what "+bases+" make it")
		o := f.outcome(KindGroup, name, "always what "+bases+" make it")
		o.Fields = append(o.Fields, b.suite.plan.Fields[g.column].Lookup().Fields...)
		b.add(o)
	}
}

func (b *builder) checkImpossible() {
	for i, rule := range b.suite.plan.Impossible {
		f := &b.tally.impossible[i]
		o := Outcome{ID: fmt.Sprintf("impossible.%d", i+1), Kind: KindImpossible, Name: rule.Text, Fields: rule.Selector.Fields, Message: "nobody"}
		if b.untold(&o) {
			continue
		}
		if f.count > 0 {
			o.Status, o.Persons, o.Rows = Fail, f.count, f.rows
			o.Message = persons(f.count) + " though it is impossible" + first(f.rows)
		}
		b.add(o)
	}
}

func (b *builder) checkTables() {
	for i := range b.suite.plan.Expected {
		e := &b.suite.plan.Expected[i]
		o := Outcome{ID: e.Origin + "." + e.Name, Kind: KindTable, Name: e.Name, Fields: e.Fields}
		if e.Universe != nil {
			o.Fields = append(slices.Clip(o.Fields), e.Universe.Fields...)
		}
		if b.untold(&o) {
			b.Observed = append(b.Observed, nil)
			continue
		}
		o.Fields = e.Fields
		counts := b.tally.counts[b.suite.expected[i]]
		b.Observed = append(b.Observed, slices.Clone(counts))
		if b.Rows == 0 {
			o.Status, o.Message = Skip, "there are no persons"
			b.add(o)
			continue
		}
		c := b.suite.compare(i, counts, b.rows)
		o.Table, o.Test, o.Persons = &c.numbers, c.test, c.numbers.ZeroPersons
		b.tests = append(b.tests, pending{outcome: len(b.Outcomes), deciding: c.decides, comparison: &c})
		b.add(o)
	}
}

func (b *builder) checkIndependence() {
	tests := b.suite.testIndependences(&b.tally.sample)
	for i, pair := range b.suite.plan.Independent {
		o := Outcome{
			ID: "independent." + pair.Fields[0] + "." + pair.Fields[1], Kind: KindIndependent,
			Name: pair.Fields[0] + " and " + pair.Fields[1], Fields: append(pair.Fields[:], pair.Given...),
		}
		if len(pair.Given) > 0 {
			o.Name += " given " + strings.Join(pair.Given, ", ")
		}
		if b.untold(&o) {
			continue
		}
		if tests[i].DF == 0 {
			o.Status, o.Message = Skip, "too few persons to tell"
		} else {
			o.Test = &tests[i]
			b.tests = append(b.tests, pending{outcome: len(b.Outcomes), deciding: true})
		}
		b.add(o)
	}
}

// testIndependences tests every pair of the ledger on the sample, several at a
// time. Pairs with the same given fields share their strata.
func (s *Suite) testIndependences(m *sample) []Test {
	pairs := s.plan.Independent
	tests := make([]Test, len(pairs))
	axes := func(names []string) []int {
		var out []int
		for _, name := range names {
			out = append(out, s.axisOf[s.column(name)])
		}
		return out
	}
	strata := map[string][][]int32{}
	for _, pair := range pairs {
		if key := strings.Join(pair.Given, "\n"); strata[key] == nil {
			strata[key] = s.strata(m, axes(pair.Given))
		}
	}
	var wait sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), 8)
	for w := range workers {
		wait.Go(func() {
			for i := w; i < len(pairs); i += workers {
				ends := axes(pairs[i].Fields[:])
				tests[i] = s.testIndependence(m, [2]int{ends[0], ends[1]}, strata[strings.Join(pairs[i].Given, "\n")])
			}
		})
	}
	wait.Wait()
	return tests
}

// testIndependence adds up the tests of a pair in every stratum.
func (s *Suite) testIndependence(m *sample, pair [2]int, strata [][]int32) Test {
	t := Test{Reference: ReferenceConditional, P: 1, PDeviance: 1}
	var chi, mean, variance, g, df float64
	for _, stratum := range strata {
		table, columns, joined := s.pairTable(m, pair, stratum)
		if columns < 2 || len(table) < 2*columns {
			continue
		}
		x, m, v := conditional(table, columns)
		chi, mean, variance = chi+x, mean+m, variance+v
		dev, d := deviance(table, columns)
		g, df = g+dev, df+d
		t.Persons += int64(len(stratum))
		t.Pooled += joined
		t.Strata++
	}
	if df > 0 && variance > 0 {
		// The chi-square distribution with the mean and variance of the sum.
		scale := variance / (2 * mean)
		t.ChiSquare, t.P, t.DF = tidy(chi/scale), tidy(chiSquareTail(chi/scale, mean/scale)), max(1, int(math.Round(mean/scale)))
		t.Deviance, t.PDeviance = tidy(g), tidy(chiSquareTail(g, df))
	}
	return t
}

// decide adjusts the p-values of all tests together and writes the sentences.
func (b *builder) decide() {
	for _, deciding := range []bool{true, false} {
		var p []float64
		var at []*Test
		for _, t := range b.tests {
			test := b.Outcomes[t.outcome].Test
			switch {
			case test == nil || t.deciding != deciding:
			case deciding:
				p, at = append(p, max(test.P, test.PDeviance)), append(at, test)
			default:
				p, at = append(p, test.P), append(at, test)
			}
		}
		for k, adjusted := range holm(p) {
			at[k].PHolm = tidy(adjusted)
		}
		if deciding {
			b.Tests = len(p)
		}
	}
	budget := b.Budget / float64(b.Parts)
	for _, t := range b.tests {
		o := &b.Outcomes[t.outcome]
		var faults []string
		switch o.Kind {
		case KindTable:
			o.Message, faults = t.comparison.message(), t.comparison.faults
		case KindNumber:
			o.Message = numbersMessage(o)
		case KindCorrelation:
			o.Message = correlationMessage(o)
		case KindFrequency:
			o.Message = fmt.Sprintf("%s, of %s", o.Test, persons(o.Test.Persons))
		default:
			o.Message = fmt.Sprintf("%s in %s of the first %s", o.Test, humanize.Count(o.Test.Strata, "stratum", "strata"), persons(o.Test.Persons))
		}
		if t.deciding && o.Test.PHolm < budget {
			faults = append(faults, fmt.Sprintf("the adjusted p-value is below the run's budget of %.2g", budget))
		}
		if len(faults) > 0 {
			o.Status = Fail
			o.Message = strings.Join(faults, "; ") + "; " + o.Message
		}
	}
}

func (b *builder) checkLimits() {
	for i, l := range b.suite.plan.Checks {
		if l.Where == nil {
			continue // a measure
		}
		o := Outcome{ID: "check." + l.Name, Kind: KindLimit, Name: l.Name, Severity: l.Severity, Fields: l.Where.Fields}
		if b.untold(&o) {
			continue
		}
		hits, n := b.tally.hits[i], b.tally.within[i]
		if n == 0 {
			o.Status, o.Message = Skip, "there is nobody it speaks of"
			b.add(o)
			continue
		}
		sh := Share{Hits: hits, Of: n, Share: float64(hits) / float64(n), AtLeast: l.AtLeast, AtMost: l.AtMost}
		sh.Low, sh.High = wilson(hits, n, usual)
		low, high := l.AtLeast != nil && sh.Share < *l.AtLeast, l.AtMost != nil && sh.Share > *l.AtMost
		verdict := "within"
		if low || high {
			o.Status, o.Persons, verdict = broken(l.Severity), hits, "outside"
		}
		o.Message = fmt.Sprintf("%s of %s (%.4g %%, 95 %% interval %.4g to %.4g %%), %s the limit of %s",
			humanize.Thousands(hits), persons(n), 100*sh.Share, 100*sh.Low, 100*sh.High, verdict, bounds(l.AtLeast, l.AtMost))
		if verdict == "outside" && b.explained(hits, n, l) {
			o.Status = Note
			o.Message += ", as chance may have it among so few"
		}
		sh.Share, sh.Low, sh.High = tidy(sh.Share), tidy(sh.Low), tidy(sh.High)
		o.Share = &sh
		b.add(o)
	}
}

// explained reports whether chance may have carried a share over a limit: never
// in a whole quota population, which has no chance in it.
func (b *builder) explained(hits, n int64, l plan.Limit) bool {
	if b.rows.quota && b.rows.whole {
		return false
	}
	low, high := wilson(hits, n, certain)
	return (l.AtLeast == nil || high >= *l.AtLeast) && (l.AtMost == nil || low <= *l.AtMost)
}

// broken is the status of a broken check of the given severity.
func broken(severity string) string {
	if severity == Warn || severity == Note {
		return severity
	}
	return Fail
}

func bounds(low, high *float64) string {
	switch {
	case low != nil && high != nil:
		return fmt.Sprintf("%.4g to %.4g %%", 100**low, 100**high)
	case low != nil:
		return fmt.Sprintf("at least %.4g %%", 100**low)
	case high != nil:
		return fmt.Sprintf("at most %.4g %%", 100**high)
	}
	return "anything"
}

// profile describes a column.
func (t *Tally) profile(i int) Profile {
	c, f := &t.suite.fields[i], &t.fields[i]
	p := Profile{Field: c.field.Name, Rows: t.rows, Nulls: f.nulls, Counts: f.items}
	if c.counter >= 0 {
		counts := t.counts[c.counter]
		p.Counts = slices.Clone(counts[:c.field.Domain.Size()])
		if c.field.Type == frame.Integer {
			p.Numbers = sketch.Exact(p.Counts, c.field.Domain.Min)
		}
		return p
	}
	p.Numbers = f.numbers.Describe()
	if p.Numbers == nil {
		return p
	}
	switch c.field.Type {
	case frame.Text:
		p.Numbers.Of = "characters"
	case frame.CategoryList, frame.TextList:
		p.Numbers.Of = "items"
	}
	return p
}

// square is the chance that two draws are both among c of n.
func square(c, n int64) float64 {
	p := float64(c) / float64(n)
	return p * p
}

func persons(n int64) string { return humanize.Count(n, "person", "persons") }

func first(rows []int64) string {
	if len(rows) == 0 {
		return ""
	}
	return fmt.Sprintf(" (the first is person %d)", rows[0])
}
