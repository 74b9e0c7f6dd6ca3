package compile

import (
	"slices"
	"strconv"

	"github.com/personagen/personagen/engine/internal/identity"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// smoothing is a table whose shares by bands of an integer are interpolated over the
// single values.
type smoothing struct {
	table  *figures
	of     int           // variable of the integer
	bands  []int32       // per value of the integer, as the table has them
	fields []*kind.Field // that get other shares
	given  []*kind.Field // with a curve for each combination of their values
	edge   []bool        // per value: there may be a step to the next
	inside []bool        // per value: the table describes it
	from   int           // first value whose steps are checked
}

// smoothed is one field of a smoothing.
type smoothed struct {
	*smoothing
	field *kind.Field
	vars  []int // on which the field depends
	at    int   // position in plan.Smoothed
}

// readSmoothings finds out what the tables with smooth interpolate.
func (c *compiler) readSmoothings() {
	c.ties = map[int][]tie{}
	for i := range c.tables {
		if c.tables[i].spec.Smooth == nil {
			continue
		}
		if s, ok := c.smoothingOf(&c.tables[i]); ok {
			c.smoothings = append(c.smoothings, s)
		}
	}
}

// smoothingOf reads how a table is smoothed.
func (c *compiler) smoothingOf(f *figures) (s smoothing, ok bool) {
	t := f.spec
	s.table = f
	if s.of, ok = c.bandedBy(f); !ok {
		return s, false
	}
	if _, known := c.ties[s.of]; !known {
		c.ties[s.of] = c.tiesOf(s.of)
	}
	s.bands, _ = c.space.classes(f.part, s.of)
	for i, field := range f.fields {
		scope := c.space.known[field.Name].scope
		switch {
		case slices.Contains(scope, s.of):
		case i < f.given:
			s.given = append(s.given, field)
		case slices.ContainsFunc(scope, func(v int) bool { return !c.bySingleValues(&s, v) }):
			s.fields = append(s.fields, field)
		}
	}
	of := c.space.fields[s.of]
	if len(s.fields) == 0 {
		c.diags.Errorf(t.Smooth.Place, "nothing-smooth", "table %q has no field in over whose shares could be smooth over %q: they are its bands, or other tables give them by its single values", t.Name, of.Name).
			WithHint("name the field in over, and the bands in given, or remove smooth")
		return s, false
	}
	for _, other := range c.smoothings {
		for _, field := range s.fields {
			if other.of == s.of && slices.Contains(other.fields, field) {
				c.diags.Errorf(t.Smooth.Place, "smooth-twice", "field %q is smoothed over %q by table %q already", field.Name, of.Name, other.table.spec.Name).WithHint("remove smooth from one of them")
				return s, false
			}
		}
	}
	return s, c.readEdges(&s, of, t.Smooth)
}

// bandedBy returns the variable of the integer whose bands a table has.
func (c *compiler) bandedBy(f *figures) (v int, ok bool) {
	found := map[int]bool{}
	for _, field := range f.fields {
		scope := c.space.known[field.Name].scope
		if field.Class == kind.Fitted || len(scope) != 1 || !c.space.fields[scope[0]].Domain.Integer {
			continue
		}
		found[scope[0]], v = true, scope[0]
	}
	if len(found) == 1 {
		return v, true
	}
	if len(found) == 0 {
		c.diags.Errorf(f.spec.Smooth.Place, "no-bands", "table %q has no bands of an integer field over whose values its shares could be smooth", f.spec.Name).
			WithHint(`add a field such as bands: {kind: "group", of: "age", cuts: […]} and give the table by it`)
	} else {
		c.diags.Errorf(f.spec.Smooth.Place, "no-bands", "table %q has bands of %d integer fields, and its shares can be smooth over the values of one", f.spec.Name, len(found)).
			WithHint("name the other integer itself, or a category")
	}
	return 0, false
}

// bySingleValues reports whether a table, mean or joint that is not smoothed connects a
// field with almost every value of an integer.
func (c *compiler) bySingleValues(s *smoothing, field int) bool {
	return slices.ContainsFunc(c.ties[s.of], func(x tie) bool { return slices.Contains(x.scope, field) && x.single(s.bands) })
}

// tie is a table, mean or joint of an integer with other variables.
type tie struct {
	constraint
	class  []int32 // per value of the integer: values of a class are not distinguished
	smooth bool    // the table is smoothed
}

// single reports whether a tie distinguishes almost all values of the integer, and more
// than bands do.
func (x *tie) single(bands []int32) bool {
	both, n := refine(bands, x.class)
	return !x.smooth && int(slices.Max(x.class)) >= len(both)*3/5 && n > int(slices.Max(bands))+1
}

// tiesOf lists what the smoothed shares must keep.
func (c *compiler) tiesOf(of int) (out []tie) {
	add := func(x constraint, smooth bool) {
		if len(x.scope) < 2 || !slices.Contains(x.scope, of) {
			return
		}
		class, _ := c.space.classes(x, of)
		out = append(out, tie{x, class, smooth})
	}
	for i := range c.tables {
		add(c.tables[i].part, c.tables[i].spec.Smooth != nil)
	}
	for i := range c.means {
		add(c.means[i].part, false)
	}
	for _, x := range c.joints {
		add(x, false)
	}
	return out
}

// readEdges reads where curves end and where steps are checked.
func (c *compiler) readEdges(s *smoothing, of *kind.Field, said *spec.Smooth) bool {
	card := c.space.cards[s.of]
	s.edge, s.inside = make([]bool, card), make([]bool, card)
	part := s.table.part
	value := c.space.index(part.scope, []int{s.of})
	for k, cell := range part.cell {
		if v := value[k]; cell >= 0 && int(v) < of.Domain.Size() {
			s.inside[v] = true
		}
	}
	for v := range card - 1 {
		s.edge[v] = s.inside[v] != s.inside[v+1]
	}
	s.from = max(0, slices.Index(s.inside, true))
	within := func(n *spec.Node, least int, hint string) (int, bool) {
		x, err := strconv.ParseInt(n.String, 10, 64)
		if at := x - of.Domain.Min; err == nil && at >= int64(least) && at < int64(of.Domain.Size()) {
			return int(at), true
		}
		c.diags.Errorf(n.Place, "no-value", "%s is not among the values of %q, %d to %d", n.String, of.Name, of.Domain.Min+int64(least), of.Domain.Min+int64(of.Domain.Size())-1).
			WithHint("%s", hint)
		return 0, false
	}
	for _, n := range said.Edges {
		at, ok := within(n, 1, "correct it: an edge is the first value after a step")
		if !ok {
			return false
		}
		s.edge[at-1] = true
	}
	if said.From != nil {
		at, ok := within(said.From, 0, "correct it")
		if !ok {
			return false
		}
		s.from = at
	}
	return true
}

// smooth interpolates the tables that say so, and describes that in the plan.
func (c *compiler) smooth() {
	curves := map[int][]smoothed{} // by integer
	for i := range c.smoothings {
		s := &c.smoothings[i]
		for _, field := range s.fields {
			of := c.space.fields[s.of]
			x := plan.Smoothed{Table: s.table.spec.Name, Field: field.Name, Of: of.Name, MaxStep: s.table.spec.Smooth.MaxStep}
			x.From = of.Domain.Min + int64(s.from)
			for a, edge := range s.edge {
				if edge && a >= s.from {
					x.Edges = append(x.Edges, of.Domain.Min+int64(a+1))
				}
			}
			curves[s.of] = append(curves[s.of], smoothed{s, field, c.space.known[field.Name].scope, len(c.plan.Smoothed)})
			c.plan.Smoothed = append(c.plan.Smoothed, x)
		}
	}
	for of := range c.space.fields {
		if len(curves[of]) > 0 && !c.refineOver(of, inOrder(curves[of])) {
			return
		}
	}
}

// inOrder sorts curves so that one on whose field the curves of another depend comes first.
func inOrder(pending []smoothed) (out []smoothed) {
	for len(pending) > 0 {
		next := max(0, slices.IndexFunc(pending, func(x smoothed) bool {
			return !slices.ContainsFunc(pending, func(y smoothed) bool { return y.field != x.field && slices.Contains(x.given, y.field) })
		}))
		out = append(out, pending[next])
		pending = slices.Delete(slices.Clone(pending), next, next+1)
	}
	return out
}

// expectSmoothed adds the joint distributions of smoothed fields and their integers, and
// warns of steps that are left.
func (c *compiler) expectSmoothed() {
	for i := range c.plan.Smoothed {
		x := &c.plan.Smoothed[i]
		t := c.tables[c.tableNamed(x.Table)].spec
		c.expected(plan.Expected{Name: x.Of + " x " + x.Field, Origin: "joint", Fields: []string{x.Of, x.Field}}, nil, t.Place)
		if x.After.Points > x.MaxStep {
			c.diags.Warnf(t.Smooth.Place, "steep", "table %q is smooth, and still the share of %s %q changes by %.1f points from %s %d to %d, more than %g", x.Table, x.Field, x.After.Label, x.After.Points, x.Of, x.After.Value-1, x.After.Value, x.MaxStep).
				WithHint("give the table by finer bands there, declare the step with edges, or raise max_step")
		}
	}
}

// steepest returns the largest difference between the shares of neighbouring values of
// persons who can be wanted. Mass is row-major over the values and the slots of the field.
func (c *compiler) steepest(x *plan.Smoothed, of int, mass []float64) (worst plan.Step) {
	field := c.kinds.Fields[x.Field]
	if c.where != nil && slices.Equal(c.where.scope, []int{of}) {
		for a, wanted := range c.where.cell {
			if wanted == 0 {
				clear(mass[a*field.Slots() : (a+1)*field.Slots()])
			}
		}
	}
	for _, s := range x.Steps(c.space.fields[of].Domain, mass, field.Slots(), field.Domain) {
		if s.Points > worst.Points {
			worst = s
		}
	}
	return worst
}

// smoothIdentity lists what is smoothed, in the order of the tables' names.
func (c *compiler) smoothIdentity() (out []identity.Smooth) {
	for i := range c.smoothings {
		s := &c.smoothings[i]
		x := identity.Smooth{Table: s.table.spec.Name, Of: c.space.fields[s.of].Name}
		for _, field := range s.fields {
			x.Fields = append(x.Fields, field.Name)
		}
		slices.Sort(x.Fields)
		for a, edge := range s.edge {
			if edge {
				x.Edges = append(x.Edges, a+1)
			}
		}
		out = append(out, x)
	}
	return out
}
