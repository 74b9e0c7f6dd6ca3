package kind

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/spec"
)

var numberKind = Kind{
	Name:    "number",
	Uses:    numberUses,
	Compile: compileNumber,
	New:     func() Program { return &number{} },
}

// number draws from a distribution that conditions on finite fields select and
// the factors of other fields scale. It takes one uniform number per person, or
// one correlated normal score, by inverse transform.
type number struct {
	// Shapes[0] is the distribution of persons in no case; its Kind is "" when they
	// have none. Shapes[i] is that of case i.
	Shapes []Shape       `json:"shapes"`
	Cases  *Selector     `json:"cases"`
	Scales []scale       `json:"scales,omitempty"`
	Limits Limits        `json:"limits"`
	Copula *copula       `json:"copula,omitempty"`
	Unique *uniqueNumber `json:"unique,omitempty"` // nil unless no two persons have the same
}

// scale multiplies a distribution by the factor of a field's value, or of a group of
// persons whose statistics are published.
type scale struct {
	By      *Selector `json:"by"`      // the case of a value is a position in Factors
	Factors []float64 `json:"factors"` // position 0 is for labels that the spec does not name
	// Spreads multiply the standard deviation (of a lognormal distribution, that of the
	// logarithm); nil for none.
	Spreads []float64 `json:"spreads,omitempty"`
	// Calibrated says that statistics gave the factors, not the spec.
	Calibrated bool `json:"calibrated,omitempty"`
}

// maxShapes is the largest number of combinations of case and factors. A filler
// may keep a distribution for each.
const maxShapes = 1 << 18

// leastMass is the least probability that a distribution must have within the
// limits.
const leastMass = 1e-9

// numberUses returns the fields in the conditions of cases, those that scale, and those
// by which statistics are published.
func numberUses(s *spec.Field) []spec.String {
	var uses []spec.String
	if cases := s.Body.Get("cases"); cases != nil {
		for _, n := range cases.Items {
			for _, t := range n.Get("when").Cond.Terms {
				uses = append(uses, spec.String{Value: t.Field, Place: t.Place})
			}
		}
	}
	if scales := s.Body.Get("scale"); scales != nil {
		for _, n := range scales.Items {
			by := n.Get("by")
			uses = append(uses, by.AsString())
		}
	}
	return append(uses, statisticUses(s)...)
}

func compileNumber(c *Compiler, s *spec.Field, f *Field) {
	f.Class, f.Type, f.Decimals = Drawn, frame.Number, -1
	p := &number{}
	var ok bool
	if p.Limits, ok = c.readLimits(s); !ok {
		return
	}
	f.Decimals = p.Limits.Decimals
	if !c.readShapes(s, p) || !c.readScales(s, p) || !c.checkLimits(s, p) {
		return
	}
	f.Program = p
	least, greatest := f.Bounds()
	if f.Statistics, ok = c.ReadStatistics(s, least, greatest, nil); !ok || !c.addStatistics(p, f) {
		f.Program = nil
		return
	}
	p.Copula = c.readCopula(s.Name)
	f.Nullable = s.When != nil || p.Shapes[0].Kind == "" && slices.Contains(p.Cases.Case, 0)
	f.Program, f.Inputs = p, slices.Clone(p.Cases.Fields)
	for _, sc := range p.Scales {
		for _, name := range sc.By.Fields {
			if !slices.Contains(f.Inputs, name) {
				f.Inputs = append(f.Inputs, name)
			}
		}
	}
}

// bounds returns the limits of the field's values, infinite where there are none.
func (p *number) bounds() (least, greatest float64) {
	l := p.Limits
	if l.Round > 0 {
		return l.lowest(), l.highest()
	}
	least, greatest = math.Inf(-1), math.Inf(1)
	if l.Min != nil {
		least = *l.Min
	}
	if l.Max != nil {
		greatest = *l.Max
	}
	return least, greatest
}

// readLimits reads min, max and round. It returns false after it has reported a
// fault, as do the other read methods.
func (c *Compiler) readLimits(s *spec.Field) (Limits, bool) {
	l := Limits{Decimals: -1}
	low, high, round := s.Body.Get("min"), s.Body.Get("max"), s.Body.Get("round")
	if low != nil {
		l.Min = &low.Number
	}
	if high != nil {
		l.Max = &high.Number
	}
	if low != nil && high != nil && low.Number >= high.Number {
		c.Diags.Errorf(low.Place, "empty-range", "min %v is not below max %v", low.Number, high.Number).WithHint("swap them, or make the field a constant")
		return l, false
	}
	if round == nil {
		return l, true
	}
	l.Round, l.Decimals = round.Number, decimals(round.Number)
	if l.Min != nil && l.Max != nil && l.lowest() > l.highest() {
		c.Diags.Errorf(round.Place, "round-too-wide", "no multiple of %v is between min %v and max %v", l.Round, *l.Min, *l.Max).WithHint("round to a smaller step")
		return l, false
	}
	return l, true
}

// decimals returns the number of decimal places of a step, -1 when there are more
// than 12, as of 1/3.
func decimals(step float64) int {
	const most = 12
	_, after, _ := strings.Cut(strconv.FormatFloat(step, 'f', -1, 64), ".")
	if len(after) > most {
		return -1
	}
	return len(after)
}

// readShapes reads the distributions and the conditions that select among them.
func (c *Compiler) readShapes(s *spec.Field, p *number) bool {
	rest, ok := c.readShape(s.Body, p.Limits, true)
	p.Shapes = []Shape{rest}
	var conditions []*spec.Condition
	if cases := s.Body.Get("cases"); cases != nil {
		for _, n := range cases.Items {
			shape, read := c.readShape(n, p.Limits, false)
			ok = ok && read
			p.Shapes = append(p.Shapes, shape)
			conditions = append(conditions, n.Get("when").Cond)
		}
	}
	if ok && rest.Kind == "" && len(conditions) == 0 {
		c.Diags.Errorf(s.Place, "no-distribution", "number %q has no distribution", s.Name).WithHint("add one of %s, or cases", strings.Join(shapeKinds, ", "))
		return false
	}
	p.Cases = c.Select(conditions)
	return ok && p.Cases != nil
}

// readShape reads the distribution of a stanza or case. If it is optional and
// absent, the shape has no Kind.
func (c *Compiler) readShape(n *spec.Node, l Limits, optional bool) (Shape, bool) {
	var found []string
	for _, kind := range shapeKinds {
		if n.Get(kind) != nil {
			found = append(found, kind)
		}
	}
	if len(found) == 0 && optional {
		return Shape{}, true
	}
	if len(found) != 1 {
		c.Diags.Errorf(n.Place, "one-distribution", "exactly one distribution is needed, and there are %d", len(found)).WithHint("give one of %s", strings.Join(shapeKinds, ", "))
		return Shape{}, false
	}
	body := n.Get(found[0])
	value := func(name string) float64 { return body.Get(name).Number }
	switch s := (Shape{Kind: found[0]}); s.Kind {
	case Normal:
		s.A, s.B = value("mean"), value("sd")
		return s, true
	case Lognormal:
		return c.readLognormal(body)
	case Beta:
		return c.readBeta(body, l)
	default:
		s.A, s.B = value("low"), value("high")
		if s.A >= s.B {
			c.Diags.Errorf(body.Place, "empty-range", "low %v is not below high %v", s.A, s.B).WithHint("swap them")
			return s, false
		}
		return s, true
	}
}

func (c *Compiler) readLognormal(body *spec.Node) (Shape, bool) {
	s := Shape{Kind: Lognormal, B: body.Get("sigma").Number}
	mean, median := body.Get("mean"), body.Get("median")
	switch {
	case (mean == nil) == (median == nil):
		c.Diags.Errorf(body.Place, "mean-or-median", "a lognormal distribution needs either mean or median").WithHint("give exactly one of the two")
		return s, false
	case mean != nil:
		s.A = log(mean.Number) - float64(s.B*s.B)/2
	default:
		s.A = log(median.Number)
	}
	return s, true
}

func (c *Compiler) readBeta(body *spec.Node, l Limits) (Shape, bool) {
	s := Shape{Kind: Beta, A: body.Get("alpha").Number, B: body.Get("beta").Number, High: 1}
	if l.Min != nil {
		s.Low = *l.Min
	}
	if l.Max != nil {
		s.High = *l.Max
	}
	if s.Low >= s.High {
		c.Diags.Errorf(body.Place, "empty-range", "the range of the beta distribution, %v to %v, is empty", s.Low, s.High).WithHint("give both min and max")
		return s, false
	}
	return s, true
}

// readScales reads the fields that scale the distribution and their factors.
func (c *Compiler) readScales(s *spec.Field, p *number) bool {
	node := s.Body.Get("scale")
	if node == nil {
		return true
	}
	ok, size := true, len(p.Shapes)
	for _, n := range node.Items {
		base := c.DiscreteField(n.Get("by").String, n.Get("by").Place)
		if base == nil {
			ok = false
			continue
		}
		sc := scale{By: newSelector(base), Factors: []float64{1}}
		if other := n.Get("other"); other != nil {
			sc.Factors[0] = other.Number
		}
		factors := n.Get("factors")
		if factors == nil {
			ok = c.readLabelFactors(&sc, base, n) && ok
			factors = &spec.Node{}
		}
		for _, e := range factors.Fields {
			if !c.checkLabel(base, e.Name, e.Place) {
				ok = false
				continue
			}
			code, _ := base.Domain.Index(e.Name)
			sc.set(code, e.Value.Number)
		}
		p.Scales = append(p.Scales, sc)
		size *= len(sc.Factors)
	}
	if ok && size > maxShapes {
		c.Diags.Errorf(node.Place, "too-many-factors", "%d distributions and %d lists of factors give more than %d combinations", len(p.Shapes), len(p.Scales), maxShapes).
			WithHint("use fewer distinct factors")
		return false
	}
	return ok
}

// set sets the factor of a value.
func (sc *scale) set(code int, factor float64) {
	at := slices.Index(sc.Factors, factor)
	if at < 0 {
		at = len(sc.Factors)
		sc.Factors = append(sc.Factors, factor)
	}
	sc.By.Case[code] = int32(at)
}

// readLabelFactors reads the labels of a field as factors.
func (c *Compiler) readLabelFactors(sc *scale, base *Field, n *spec.Node) bool {
	for code := range base.Domain.Size() {
		label := base.Domain.Label(code)
		factor, err := strconv.ParseFloat(label, 64)
		if err != nil || !(factor > 0) || math.IsInf(factor, 0) {
			c.Diags.Errorf(n.Get("by").Place, "not-a-factor", "the value %q of %q is not a factor: a number above 0", label, base.Name).
				WithHint("give the factors: factors: {%q: 1}", label)
			return false
		}
		sc.set(code, factor)
	}
	return true
}

// checkLimits checks that every distribution has at least leastMass within the
// limits, with the least and with the greatest factor. It warns if rounding leaves
// nearly everyone the same value.
func (c *Compiler) checkLimits(s *spec.Field, p *number) bool {
	least, greatest := 1.0, 1.0
	for _, sc := range p.Scales {
		least, greatest = least*slices.Min(sc.Factors), greatest*slices.Max(sc.Factors)
	}
	values := map[float64]bool{}
	for i, shape := range p.Shapes {
		if shape.Kind == "" {
			continue
		}
		for _, factor := range []float64{least, greatest} {
			d := newTruncated(shape.scaled(factor), p.Limits)
			if c.tooLarge(s, p, &d) {
				return false
			}
			if d.mass >= leastMass {
				for _, u := range []float64{0.001, 0.5, 0.999} {
					values[p.Limits.rounded(d.quantile(u))] = true
				}
				continue
			}
			at, which := s.Place, "the distribution"
			if i > 0 {
				n := s.Body.Get("cases").Items[i-1]
				at, which = n.Place, "the distribution where "+n.Get("when").Cond.Text
			}
			if len(p.Scales) > 0 {
				which += " times " + strconv.FormatFloat(factor, 'g', 4, 64)
			}
			c.Diags.Errorf(at, "outside-limits", "%s has almost no probability between min and max", which).
				WithHint("widen the limits, or check the parameters")
			return false
		}
	}
	if p.Limits.Round > 0 && len(values) == 1 {
		for value := range values {
			c.Diags.Warnf(s.Place, "one-value", "rounded to multiples of %g, nearly every value of %q is %g", p.Limits.Round, s.Name, value).
				WithHint("round to smaller multiples, or make the field a constant")
		}
	}
	return true
}

// rounded returns a number as it is written: a multiple of Round, if that is set.
func (l Limits) rounded(x float64) float64 {
	if l.Round > 0 {
		return l.multiple(math.Round(x / l.Round))
	}
	return x
}

// maxNumber is the largest magnitude of a number: up to it, neighbouring whole
// numbers differ, so that sums and roundings mean something.
const maxNumber = 1e15

// tooLarge reports a distribution with values that are not finite, or too large.
func (c *Compiler) tooLarge(s *spec.Field, p *number, d *truncated) bool {
	const tail = 1e-12
	for _, u := range []float64{tail, 0.5, 1 - tail} {
		x := p.Limits.rounded(d.quantile(u))
		if !(math.Abs(x) <= maxNumber) { // also for NaN
			c.Diags.Errorf(s.Place, "huge-number", "the distribution of %q has values such as %g, and numbers are at most %g", s.Name, x, float64(maxNumber)).
				WithHint("check the parameters, the factors and round, or count in larger units")
			return true
		}
	}
	return false
}

// copula is a number's part in a Gaussian copula (Nelsen, An Introduction to
// Copulas, 2006, section 5): its normal score is the inner product of Row and the
// independent scores that all fields of the correlation share.
type copula struct {
	Name string    `json:"name"` // of the correlation and of the stream of its scores
	Row  []float64 `json:"row"`  // the field's row of the Cholesky factor
}

// readCopula returns the copula of a number field, nil when it is in no valid
// correlation.
func (c *Compiler) readCopula(field string) *copula {
	for i := range c.Spec.Correlations {
		corr := &c.Spec.Correlations[i]
		at := slices.IndexFunc(corr.Fields, func(t spec.String) bool { return t.Value == field })
		if at < 0 {
			continue
		}
		if !checkMatrix(corr, &diag.List{}) {
			return nil // CheckCorrelations reports it
		}
		factor, ok := cholesky(corr.Matrix)
		if !ok {
			return nil
		}
		return &copula{Name: corr.Name, Row: factor[at][:at+1]}
	}
	return nil
}

func (p *number) Bind(env *Env) Filler {
	if u := p.Unique; u != nil {
		return &uniqueNumberFiller{draws: newDraws(u.N, env.Seed, env.Field.Name), first: u.First, limits: p.Limits}
	}
	b := p.bind(env)
	if p.Copula != nil {
		b.shared = rng.New(env.Seed, p.Copula.Name)
	}
	return b
}

// bind returns a filler without the stream of a copula, which is enough to score
// values.
func (p *number) bind(env *Env) *numberFiller {
	b := &numberFiller{p: p, cases: p.Cases.Bind(env), own: rng.New(env.Seed, env.Field.Name)}
	size := len(p.Shapes)
	for i := range p.Scales {
		b.scales = append(b.scales, p.Scales[i].By.Bind(env))
		size *= len(p.Scales[i].Factors)
	}
	b.dists = make([]*truncated, size)
	if p.Limits.Round > 0 {
		b.lowest, b.highest = p.Limits.lowest(), p.Limits.highest()
	}
	return b
}

type numberFiller struct {
	p           *number
	cases       *BoundSelector
	scales      []*BoundSelector
	own, shared rng.Stream
	dists       []*truncated // by case and factors, made on first use

	lowest, highest float64 // the least and greatest multiple of Round within the limits
	index, factor   []int32 // buffers of indexes, a value per row
}

func (p *numberFiller) Fill(b *frame.Batch, c *frame.Column) {
	for r, at := range p.indexes(b) {
		d := p.dist(at)
		if d == nil {
			c.SetNull(frame.Number, r, b.N)
			continue
		}
		c.Floats[r] = p.round(p.draw(d, b.Number(r))) + 0 // -0 + 0 is 0
	}
}

// indexes returns, for each row, the position of its distribution in dists.
func (p *numberFiller) indexes(b *frame.Batch) []int32 {
	p.index = p.cases.Cases(b, p.index)
	for i, s := range p.scales {
		p.factor = s.Cases(b, p.factor)
		n := int32(len(p.p.Scales[i].Factors))
		for r, f := range p.factor {
			p.index[r] = p.index[r]*n + f
		}
	}
	return p.index
}

// dist returns the distribution at a position of dists, nil when there is none.
func (p *numberFiller) dist(at int32) *truncated {
	if d := p.dists[at]; d != nil {
		return d
	}
	rest, factor, spread := int(at), 1.0, 1.0
	for _, s := range slices.Backward(p.p.Scales) {
		at := rest % len(s.Factors)
		factor *= s.Factors[at]
		if s.Spreads != nil {
			spread *= s.Spreads[at]
		}
		rest /= len(s.Factors)
	}
	shape := p.p.Shapes[rest]
	if shape.Kind == "" {
		return nil
	}
	shape.B *= spread
	d := newTruncated(shape.scaled(factor), p.p.Limits)
	p.dists[at] = &d
	return &d
}

// draw returns a person's value, not rounded.
func (p *numberFiller) draw(d *truncated, person int64) float64 {
	if p.p.Copula == nil {
		return d.quantile(rng.Float64(p.own.Uint64(person)))
	}
	return d.fromScore(p.score(person))
}

// score returns the person's correlated normal score.
func (p *numberFiller) score(person int64) float64 {
	var sum float64
	var pair [2]uint64
	for j, weight := range p.p.Copula.Row {
		if j%2 == 0 {
			pair[0], pair[1] = p.shared.At(person, uint64(j/2))
		}
		if weight != 0 {
			sum += float64(weight * normalQuantile(rng.Float64(pair[j%2])))
		}
	}
	return sum
}

// round rounds to the nearest multiple of Round within the limits.
func (p *numberFiller) round(x float64) float64 {
	if p.p.Limits.Round == 0 {
		return x
	}
	return min(max(p.p.Limits.multiple(math.Round(x/p.p.Limits.Round)), p.lowest), p.highest)
}
