package kind

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/spec"
)

// integer is a whole number of a record, which is drawn: that of a person is fitted. A
// value is that of another field plus a draw, within Min, Max and the limits of the record.
type integer struct {
	// Given selects the distribution: case i+1 is Draws[i], case 0 none.
	Given  *Selector      `json:"given"`
	Draws  []wholes       `json:"draws"`
	Min    int64          `json:"min"`
	Max    int64          `json:"max"`
	Limits []*recordLimit `json:"limits,omitempty"` // comparisons, which limit what is drawn
}

// wholes is a distribution of whole numbers: of Low, Low+1 and so on.
type wholes struct {
	Base   string    `json:"base,omitempty"` // the field to which the draw is added, "" for none
	Low    int64     `json:"low"`
	Shares []float64 `json:"shares"`
}

// maxBase is the largest range of the field to which a draw is added.
const maxBase = 1 << 20

var drawForms = []string{"uniform", "normal", "values", "csv", "xlsx"}

// integerUses returns the fields on which a drawn integer depends.
func integerUses(s *spec.Field) []spec.String {
	var uses []spec.String
	if n := s.Body.Get("from"); n != nil {
		uses = append(uses, n.AsString())
	}
	if cases := s.Body.Get("cases"); cases != nil {
		for _, n := range cases.Items {
			if from := n.Get("from"); from != nil {
				uses = append(uses, from.AsString())
			}
		}
	}
	return append(uses, s.Body.Get("given").Names()...)
}

// compileDrawn compiles an integer of a record.
func compileDrawn(c *Compiler, s *spec.Field, f *Field) {
	f.Class, f.Type = Drawn, frame.Integer
	f.Nullable = s.When != nil
	p := &integer{Min: int64(s.Body.Get("min").Number), Max: int64(s.Body.Get("max").Number), Given: newSelector()}
	switch {
	case p.Min > p.Max:
		c.Diags.Errorf(s.Body.Get("min").Place, "empty-range", "min %d is above max %d", p.Min, p.Max).WithHint("swap them")
		return
	case p.Max-p.Min >= maxIntegers:
		c.Diags.Errorf(s.Body.Get("max").Place, "huge-range", "%d to %d is %d values; an integer can have at most %d", p.Min, p.Max, p.Max-p.Min+1, maxIntegers).
			WithHint("make it a number, or count in larger units")
		return
	}
	f.Domain = &Domain{Integer: true, Min: p.Min, Max: p.Max}
	span, ok := c.drawSpan(f, s.Body.Get("from"))
	if !ok || !c.readDraws(s, f, p, span) {
		return
	}
	for _, name := range p.Given.Fields {
		if !slices.Contains(f.Inputs, name) {
			f.Inputs = append(f.Inputs, name)
		}
	}
	f.Nullable = f.Nullable || slices.Contains(p.Given.Case, 0)
	f.Program = p
}

// drawSpan returns the values that can be drawn so that added to the field that is named,
// if one is, they give one of the values of f. It returns false after it has reported a
// fault.
func (c *Compiler) drawSpan(f *Field, from *spec.Node) (wholes, bool) {
	d := f.Domain
	if from == nil {
		return wholes{Low: d.Min, Shares: make([]float64, d.Max-d.Min+1)}, true
	}
	base := c.comparable(f, from.AsString())
	switch {
	case base == nil:
		return wholes{}, false
	case base.Type != frame.Integer:
		c.Diags.Errorf(from.Place, "not-whole", "field %q has numbers that are not whole", base.Name).WithHint("name an integer, or make this field a number")
		return wholes{}, false
	}
	f.addInput(base)
	low, high := base.Bounds()
	if !(high-low < maxBase) {
		c.Diags.Errorf(from.Place, "huge-range", "field %q can be from %g to %g, which is too wide a range to draw from", base.Name, low, high).WithHint("name a field with at most %d values", maxBase)
		return wholes{}, false
	}
	return wholes{Base: base.Name, Low: d.Min - int64(high), Shares: make([]float64, int64(high)-int64(low)+d.Max-d.Min+1)}, true
}

// readDraws reads the distributions. Span has the values that can be drawn.
func (c *Compiler) readDraws(s *spec.Field, f *Field, p *integer, span wholes) bool {
	if s.Body.Get("csv") != nil || s.Body.Get("xlsx") != nil {
		return c.readDrawTable(s, f, p, span)
	}
	if n := s.Body.Get("given"); n != nil {
		c.Diags.Errorf(n.Place, "needs-csv", "given is for a distribution from a file").WithHint("remove it, or use cases")
		return false
	}
	var conditions []*spec.Condition
	if cases := s.Body.Get("cases"); cases != nil {
		for _, n := range cases.Items {
			within := span
			if from := n.Get("from"); from != nil {
				var ok bool
				if within, ok = c.drawSpan(f, from); !ok {
					return false
				}
			}
			d, ok := c.readDraw(n, within, false)
			if !ok {
				return false
			}
			p.Draws = append(p.Draws, d)
			conditions = append(conditions, n.Get("when").Cond)
		}
	}
	rest, ok := c.readDraw(s.Body, span, span.Base == "" || len(conditions) > 0)
	if !ok {
		return false
	}
	if p.Given = c.Select(conditions); p.Given == nil {
		return false
	}
	if rest.Shares == nil && len(conditions) == 0 { // every value is equally likely
		rest = span
		for i := range rest.Shares {
			rest.Shares[i] = 1
		}
	}
	if rest.Shares != nil {
		p.Draws = append(p.Draws, rest)
		for config, k := range p.Given.Case {
			if k == 0 {
				p.Given.Case[config] = int32(len(p.Draws))
			}
		}
	}
	return true
}

// readDraw reads the distribution of a stanza or case; one that is optional and absent has
// no shares.
func (c *Compiler) readDraw(n *spec.Node, span wholes, optional bool) (wholes, bool) {
	var found []string
	for _, form := range drawForms {
		if n.Get(form) != nil {
			found = append(found, form)
		}
	}
	if len(found) == 0 && optional {
		return wholes{}, true
	}
	if len(found) != 1 {
		c.Diags.Errorf(n.Place, "one-distribution", "exactly one distribution is needed, and there are %d", len(found)).WithHint("give one of uniform, normal and values")
		return wholes{}, false
	}
	body := n.Get(found[0])
	weight := map[int64]float64{}
	within := span
	within.Shares = make([]float64, len(span.Shares))
	switch found[0] {
	case "values":
		for _, e := range body.Fields {
			k, err := strconv.ParseInt(e.Name, 10, 64)
			if err != nil {
				c.Diags.Errorf(e.Place, "not-whole", "%q is not a whole number", e.Name).WithHint("write the values as whole numbers: {\"-1\": 0.2, \"0\": 0.8}")
				return wholes{}, false
			}
			weight[k] += e.Value.Number
			if i := k - span.Low; e.Value.Number > 0 && (i < 0 || i >= int64(len(span.Shares))) {
				c.Diags.Errorf(e.Place, "outside-limits", "%d gives no value between min and max", k).WithHint("remove it, or change min and max")
				return wholes{}, false
			}
		}
		for i := range within.Shares {
			within.Shares[i] = weight[span.Low+int64(i)]
		}
	case "uniform":
		low, high := body.Get("low").Number, body.Get("high").Number
		for i := range within.Shares {
			if k := float64(span.Low + int64(i)); k >= low && k <= high {
				within.Shares[i] = 1
			}
		}
	default:
		shape := Shape{Kind: Normal, A: body.Get("mean").Number, B: body.Get("sd").Number}
		for i := range within.Shares {
			k := float64(span.Low + int64(i))
			within.Shares[i] = max(0, shape.CDF(k+0.5)-shape.CDF(k-0.5))
		}
	}
	if within.trim(); len(within.Shares) == 0 {
		c.Diags.Errorf(body.Place, "outside-limits", "the distribution has no value between min and max").WithHint("widen the limits, or check the parameters")
		return wholes{}, false
	}
	return within, true
}

// trim removes values at both ends that are not drawn.
func (d *wholes) trim() {
	for len(d.Shares) > 0 && d.Shares[0] <= 0 {
		d.Shares = d.Shares[1:]
		d.Low++
	}
	for len(d.Shares) > 0 && d.Shares[len(d.Shares)-1] <= 0 {
		d.Shares = d.Shares[:len(d.Shares)-1]
	}
}

// readDrawTable reads distributions from a file, one for each combination of values of
// the given fields.
func (c *Compiler) readDrawTable(s *spec.Field, f *Field, p *integer, span wholes) bool {
	for _, form := range append([]string{"cases"}, drawForms[:3]...) {
		if n := s.Body.Get(form); n != nil {
			c.Diags.Errorf(n.Place, "one-distribution", "the distribution is in a file, and %s gives another", form).WithHint("remove one of the two")
			return false
		}
	}
	labels := &Field{Name: f.Name}
	b := c.compileBank(s, labels)
	if b == nil {
		return false
	}
	values := make([]int64, len(labels.Domain.Labels))
	for i, l := range labels.Domain.Labels {
		k, err := strconv.ParseInt(strings.TrimSpace(l), 10, 64)
		switch at := k - span.Low; {
		case err != nil:
			c.Diags.Errorf(s.Place, "not-whole", "the file has the value %q for %q, which is not a whole number", l, f.Name).WithHint("name the column of the numbers: column: \"difference\"")
			return false
		case at < 0 || at >= int64(len(span.Shares)):
			c.Diags.Errorf(s.Place, "outside-limits", "the file has %d for %q, which gives no value between min and max", k, f.Name).WithHint("leave the row out with where, or change min and max")
			return false
		}
		values[i] = k
	}
	p.Given = b.Given
	for list := range len(b.Start) - 1 {
		d := wholes{Base: span.Base, Low: span.Low, Shares: make([]float64, len(span.Shares))}
		before := int64(-1)
		for k := b.Start[list]; k < b.Start[list+1]; k++ {
			d.Shares[values[b.Codes[k]]-span.Low] += float64(int64(b.Upto[k]) - before)
			before = int64(b.Upto[k])
		}
		d.trim()
		p.Draws = append(p.Draws, d)
	}
	if _, configs := b.Uncovered(); len(configs) > 0 && s.When == nil {
		c.Diags.Warnf(s.Place, "no-entry", "for %d of the combinations of values of the fields given to %q there is no row: records with one of them have no value", len(configs), s.Name).
			WithHint("add the rows, or a when that says which records have a value")
	}
	return true
}

func (p *integer) bounds() (least, greatest float64) { return float64(p.Min), float64(p.Max) }

func (p *integer) validate(f *Field) error {
	if f.Domain == nil || !f.Domain.Integer || p.Min != f.Domain.Min || p.Max != f.Domain.Max || p.Given == nil {
		return errors.New("it is not complete")
	}
	for _, d := range p.Draws {
		if len(d.Shares) == 0 || slices.ContainsFunc(d.Shares, func(x float64) bool { return !(x >= 0) || math.IsInf(x, 0) }) || slices.Max(d.Shares) <= 0 {
			return errors.New("a distribution has no value")
		}
	}
	for _, k := range p.Given.Case {
		if k < 0 || int(k) > len(p.Draws) {
			return fmt.Errorf("there is no distribution %d", k)
		}
	}
	if slices.Contains(p.Limits, nil) {
		return errors.New("a limit is missing")
	}
	names := p.limitFields()
	for _, d := range p.Draws {
		names = append(names, d.Base)
	}
	for _, name := range names {
		if name != "" && !slices.Contains(f.Inputs, name) {
			return fmt.Errorf("%q is not among its inputs", name)
		}
	}
	return nil
}

func (p *integer) limitFields() (names []string) {
	for _, l := range p.Limits {
		names = append(names, l.inputs()...)
	}
	return names
}

func (p *integer) Bind(env *Env) Filler {
	f := &integerFiller{p: p, given: p.Given.Bind(env), stream: rng.New(env.Seed, env.Field.Name)}
	for _, l := range p.Limits {
		f.limits = append(f.limits, l.bind(env))
	}
	for _, d := range p.Draws {
		base := -1
		if d.Base != "" {
			base = env.Index(d.Base)
		}
		f.bases = append(f.bases, base)
		upto := make([]float64, len(d.Shares)+1)
		for i, x := range d.Shares {
			upto[i+1] = upto[i] + x
		}
		f.upto = append(f.upto, upto)
	}
	return f
}

type integerFiller struct {
	p        *integer
	given    *BoundSelector
	bases    []int // per distribution: the column to which a draw is added, -1 for none
	limits   []*boundLimit
	after    []int32     // of each row: the records that come after it, which need room; nil for none
	upto     [][]float64 // per distribution: the sums of the shares before each value, and of all
	stream   rng.Stream
	cases    []int32
	rejected []int // rows without a value within the limits
}

// rejecter is a Filler that gives records no value because none meets their limits.
type rejecter interface{ rejectedRows() []int }

func (p *integerFiller) rejectedRows() []int { return p.rejected }

func (p *integerFiller) Fill(b *frame.Batch, c *frame.Column) {
	p.rejected = p.rejected[:0]
	p.cases = p.given.Cases(b, p.cases)
	for _, l := range p.limits {
		l.start(b)
	}
	for r, k := range p.cases {
		base, ok := int64(0), k > 0
		if ok && p.bases[k-1] >= 0 {
			from := &b.Columns[p.bases[k-1]]
			base, ok = from.Ints[r], !from.IsNull(frame.Integer, r)
		}
		var value int64
		if ok {
			low, high := p.within(b, r)
			if value, ok = p.draw(int(k-1), low-base, high-base, b.Number(r)); !ok {
				p.rejected = append(p.rejected, r)
			}
		}
		if !ok {
			c.SetNull(frame.Integer, r, b.N)
			continue
		}
		c.Ints[r] = base + value
	}
}

// within returns the least and the greatest value that the limits of a record allow.
func (p *integerFiller) within(b *frame.Batch, r int) (low, high int64) {
	low, high = p.p.Min, p.p.Max
	for _, l := range p.limits {
		if !l.holds(r) {
			continue
		}
		bound, ok := l.bound(b, r)
		switch {
		case !ok:
		case l.Most:
			high = int64(min(float64(high), math.Floor(bound)))
		default:
			low = int64(max(float64(low), math.Ceil(bound)))
		}
	}
	if p.after != nil {
		for _, l := range p.limits {
			if l.After && l.Plus > 0 {
				high = max(min(low, high), high-int64(math.Ceil(l.Plus))*int64(p.after[r]))
			}
		}
	}
	return low, high
}

// draw returns a whole number from low to high of a distribution; false if it has none.
func (p *integerFiller) draw(k int, low, high int64, record int64) (int64, bool) {
	d, upto := &p.p.Draws[k], p.upto[k]
	from, to := max(low-d.Low, 0), min(high-d.Low+1, int64(len(d.Shares)))
	if from >= to || upto[to] <= upto[from] {
		return 0, false
	}
	at := upto[from] + float64(rng.Float64(p.stream.Uint64(record))*(upto[to]-upto[from]))
	i := int64(sort.SearchFloat64s(upto[from+1:to+1], at)) + from
	for i = min(i, to-1); d.Shares[i] <= 0; i-- { // rounding at the end
	}
	return d.Low + i, true
}
