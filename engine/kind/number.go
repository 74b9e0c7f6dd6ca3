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

// number draws from a distribution that depends on the case of some finite
// fields, scaled by the factors of others: inverse transform of one uniform
// number per person.
type number struct {
	// Shapes holds the distribution of everyone else (no Kind when there is
	// none) and then that of each case.
	Shapes []Shape   `json:"shapes"`
	Cases  *Selector `json:"cases"`
	Scales []scale   `json:"scales,omitempty"`
	Limits Limits    `json:"limits"`
	Copula *copula   `json:"copula,omitempty"`
}

// scale multiplies a distribution by the factor of a field's value.
type scale struct {
	By      *Selector `json:"by"`      // Case is a position in Factors
	Factors []float64 `json:"factors"` // the different ones; position 0 is that of labels not named
}

// maxShapes bounds cases times factors, each of which is prepared once.
const maxShapes = 1 << 18

// leastMass is the least probability that limits may leave of a distribution.
const leastMass = 1e-9

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
	return uses
}

func compileNumber(c *Compiler, s *spec.Field, f *Field) {
	f.Class, f.Type, f.Decimals = Drawn, frame.Number, -1
	p := &number{}
	var ok bool
	if p.Limits, ok = c.limits(s); !ok {
		return
	}
	f.Decimals = p.Limits.Decimals
	if !c.shapes(s, p) || !c.scales(s, p) || !c.fits(s, p) {
		return
	}
	p.Copula = c.copula(s.Name)
	f.Nullable = s.When != nil || p.Shapes[0].Kind == "" && slices.Contains(p.Cases.Case, 0)
	f.Program, f.Inputs = p, slices.Clone(p.Cases.Fields)
	for _, sc := range p.Scales {
		if !slices.Contains(f.Inputs, sc.By.Fields[0]) {
			f.Inputs = append(f.Inputs, sc.By.Fields[0])
		}
	}
}

// limits reads min, max and round.
func (c *Compiler) limits(s *spec.Field) (Limits, bool) {
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
		c.Diags.Errorf(round.Place, "round-too-wide", "no multiple of %v lies between min %v and max %v", l.Round, *l.Min, *l.Max).WithHint("round to less")
		return l, false
	}
	return l, true
}

// decimals counts the decimal places of a step, -1 when there are too many to
// be meant.
func decimals(step float64) int {
	const most = 12
	_, after, _ := strings.Cut(strconv.FormatFloat(step, 'f', -1, 64), ".")
	if len(after) > most {
		return -1
	}
	return len(after)
}

// shapes reads the distributions and the conditions that choose among them.
func (c *Compiler) shapes(s *spec.Field, p *number) bool {
	rest, ok := c.shape(s.Body, p.Limits, true)
	p.Shapes = []Shape{rest}
	var conditions []*spec.Condition
	if cases := s.Body.Get("cases"); cases != nil {
		for _, n := range cases.Items {
			shape, fine := c.shape(n, p.Limits, false)
			ok = ok && fine
			p.Shapes = append(p.Shapes, shape)
			conditions = append(conditions, n.Get("when").Cond)
		}
	}
	if ok && rest.Kind == "" && len(conditions) == 0 {
		c.Diags.Errorf(s.Place, "no-distribution", "number %q has no distribution", s.Name).WithHint("give it one of %s, or cases", strings.Join(shapeKinds, ", "))
		return false
	}
	p.Cases = c.Select(conditions)
	return ok && p.Cases != nil
}

// shape reads the one distribution of a stanza; optional says that there may
// be none.
func (c *Compiler) shape(n *spec.Node, l Limits, optional bool) (Shape, bool) {
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
		c.Diags.Errorf(n.Place, "one-distribution", "%d distributions where exactly one belongs", len(found)).WithHint("give one of %s", strings.Join(shapeKinds, ", "))
		return Shape{}, false
	}
	body := n.Get(found[0])
	value := func(name string) float64 { return body.Get(name).Number }
	switch s := (Shape{Kind: found[0]}); s.Kind {
	case Normal:
		s.A, s.B = value("mean"), value("sd")
		return s, true
	case Lognormal:
		return c.lognormal(body)
	case Beta:
		return c.beta(body, l)
	default:
		s.A, s.B = value("low"), value("high")
		if s.A >= s.B {
			c.Diags.Errorf(body.Place, "empty-range", "low %v is not below high %v", s.A, s.B).WithHint("swap them")
			return s, false
		}
		return s, true
	}
}

func (c *Compiler) lognormal(body *spec.Node) (Shape, bool) {
	s := Shape{Kind: Lognormal, B: body.Get("sigma").Number}
	mean, median := body.Get("mean"), body.Get("median")
	switch {
	case (mean == nil) == (median == nil):
		c.Diags.Errorf(body.Place, "mean-or-median", "a lognormal needs either its mean or its median").WithHint("give one of the two")
		return s, false
	case mean != nil:
		s.A = log(mean.Number) - float64(s.B*s.B)/2
	default:
		s.A = log(median.Number)
	}
	return s, true
}

func (c *Compiler) beta(body *spec.Node, l Limits) (Shape, bool) {
	s := Shape{Kind: Beta, A: body.Get("alpha").Number, B: body.Get("beta").Number, High: 1}
	if l.Min != nil {
		s.Low = *l.Min
	}
	if l.Max != nil {
		s.High = *l.Max
	}
	if s.Low >= s.High {
		c.Diags.Errorf(body.Place, "empty-range", "a beta distribution stretched to %v to %v is empty", s.Low, s.High).WithHint("give both min and max")
		return s, false
	}
	return s, true
}

// scales reads the factors.
func (c *Compiler) scales(s *spec.Field, p *number) bool {
	node := s.Body.Get("scale")
	if node == nil {
		return true
	}
	ok, size := true, len(p.Shapes)
	for _, n := range node.Items {
		base := c.FiniteField(n.Get("by").String, n.Get("by").Place)
		if base == nil {
			ok = false
			continue
		}
		sc := scale{By: over(base), Factors: []float64{1}}
		if other := n.Get("other"); other != nil {
			sc.Factors[0] = other.Number
		}
		for _, e := range n.Get("factors").Fields {
			if !c.mustKnow(base, e.Name, e.Place) {
				ok = false
				continue
			}
			at := slices.Index(sc.Factors, e.Value.Number)
			if at < 0 {
				at = len(sc.Factors)
				sc.Factors = append(sc.Factors, e.Value.Number)
			}
			code, _ := base.Domain.Index(e.Name)
			sc.By.Case[code] = int32(at)
		}
		p.Scales = append(p.Scales, sc)
		size *= len(sc.Factors)
	}
	if ok && size > maxShapes {
		c.Diags.Errorf(node.Place, "too-many-factors", "%d cases and %d lists of factors make more than %d distributions", len(p.Shapes), len(p.Scales), maxShapes).
			WithHint("use fewer different factors")
		return false
	}
	return ok
}

// fits checks that the limits leave something of every distribution, at the
// least and the greatest factor.
func (c *Compiler) fits(s *spec.Field, p *number) bool {
	least, greatest := 1.0, 1.0
	for _, sc := range p.Scales {
		least, greatest = least*slices.Min(sc.Factors), greatest*slices.Max(sc.Factors)
	}
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
			c.Diags.Errorf(at, "outside-limits", "%s has nearly nothing between min and max", which).
				WithHint("widen the limits, or check the parameters")
			return false
		}
	}
	return true
}

// maxNumber is the largest magnitude of a number: up to it, neighbouring whole
// numbers differ, so that sums and roundings mean something.
const maxNumber = 1e15

// tooLarge reports a distribution with values that are not finite, or too large.
func (c *Compiler) tooLarge(s *spec.Field, p *number, d *truncated) bool {
	const tail = 1e-12
	for _, u := range []float64{tail, 0.5, 1 - tail} {
		x := d.quantile(u)
		if p.Limits.Round > 0 {
			x = p.Limits.multiple(math.Round(x / p.Limits.Round))
		}
		if !(math.Abs(x) <= maxNumber) { // also for NaN
			c.Diags.Errorf(s.Place, "huge-number", "the distribution of %q has values such as %g, and numbers are at most %g", s.Name, x, float64(maxNumber)).
				WithHint("check the parameters, the factors and round, or count in larger units")
			return true
		}
	}
	return false
}

// copula makes a number depend on others: its normal score is the sum of Row
// times the independent scores of the correlation called Name, which all its
// fields share (Nelsen, An Introduction to Copulas, 2006, section 5).
type copula struct {
	Name string    `json:"name"`
	Row  []float64 `json:"row"` // of the Cholesky factor
}

// copula returns the copula of a number field, nil when it is in no (valid)
// correlation.
func (c *Compiler) copula(field string) *copula {
	for i := range c.Spec.Correlations {
		corr := &c.Spec.Correlations[i]
		at := slices.IndexFunc(corr.Fields, func(t spec.String) bool { return t.Value == field })
		if at < 0 {
			continue
		}
		if !wellFormed(corr, &diag.List{}) {
			return nil // CheckCorrelations reports why
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
	b := p.bind(env)
	if p.Copula != nil {
		b.shared = rng.New(env.Seed, p.Copula.Name)
	}
	return b
}

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
	dists       []*truncated // by case and factors, made when first needed

	lowest, highest float64 // multiples of Round inside the limits
	index, factor   []int32 // of the batch
}

func (p *numberFiller) Fill(b *frame.Batch, c *frame.Column) {
	for r, at := range p.indexes(b) {
		d := p.dist(at)
		if d == nil {
			if c.Null == nil {
				c.Null = make([]bool, b.N)
			}
			c.Floats[r], c.Null[r] = 0, true
			continue
		}
		c.Floats[r] = p.round(p.draw(d, b.First+int64(r))) + 0 // -0 + 0 is 0
	}
}

// indexes writes for each row the position of its distribution in dists.
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

// dist returns the distribution at a position, nil for none.
func (p *numberFiller) dist(at int32) *truncated {
	if d := p.dists[at]; d != nil {
		return d
	}
	rest, factor := int(at), 1.0
	for _, s := range slices.Backward(p.p.Scales) {
		factor *= s.Factors[rest%len(s.Factors)]
		rest /= len(s.Factors)
	}
	shape := p.p.Shapes[rest]
	if shape.Kind == "" {
		return nil
	}
	d := newTruncated(shape.scaled(factor), p.p.Limits)
	p.dists[at] = &d
	return &d
}

func (p *numberFiller) draw(d *truncated, person int64) float64 {
	if p.p.Copula == nil {
		return d.quantile(rng.Float64(p.own.Uint64(person)))
	}
	return d.fromScore(p.score(person))
}

// score is the person's correlated normal score.
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

// round rounds to a multiple inside the limits.
func (p *numberFiller) round(x float64) float64 {
	if p.p.Limits.Round == 0 {
		return x
	}
	return min(max(p.p.Limits.multiple(math.Round(x/p.p.Limits.Round)), p.lowest), p.highest)
}
