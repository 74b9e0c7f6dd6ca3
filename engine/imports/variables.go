package imports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/importer"
	"github.com/personagen/personagen/engine/internal/microdata"
)

// column is a column of the survey as a field.
type column struct {
	Variable
	index  int               // of the column
	title  string            // of the codebook
	labels *codes            // of coded values, nil if the texts are the values
	codes  map[string]int    // of texts; of an integer nil
	maps   map[string]string // texts that are not the labels
	// Of an integer: its least and greatest value, and the size of its bands.
	min, max, band int64
	over           string // field of the tables
	bands          string // the group that over is, in CUE, if the spec lacks it
	text           string // the field in CUE, if the spec lacks it
}

func (v *column) size() int {
	if v.codes == nil {
		return int((v.max-v.min)/v.band) + 1
	}
	n := 0
	for _, c := range v.codes {
		n = max(n, c+1)
	}
	return n
}

// cells is the number of values of the field of the tables.
func (v *column) cells() int {
	if v.codes == nil {
		return int(v.max-v.min) + 1
	}
	return v.size()
}

// code returns the value of a record, -1 for none.
func (v *column) code(text string) int {
	if v.codes != nil {
		if c, ok := v.codes[text]; ok {
			return c
		}
		return -1
	}
	n, ok := microdata.Whole(text)
	if !ok || n < v.min || n > v.max {
		return -1
	}
	return int((n - v.min) / v.band)
}

// decide decides which field a column is.
func (s *survey) decide(c int, p *microdata.Profile) {
	ignore := func(why string) { s.out.Ignored = append(s.out.Ignored, Ignored{p.Name, why}) }
	wanted := s.cfg.Field[p.Name]
	v := &column{Variable: Variable{Column: p.Name, Empty: p.Empty}, index: c, band: 1}
	if l := s.labels[p.Name]; l != nil {
		v.title = l.title
		if v.labels = l; !l.isCoded(p) {
			v.labels = nil
			s.special(p, l)
		}
	}
	for k := range s.known.Fields {
		f := &s.known.Fields[k]
		if wanted != "" && wanted != f.Name || wanted == "" && !named(f, p.Name) && (v.title == "" || !named(f, v.title)) {
			continue
		}
		if why := s.matches(v, f, p); why != "" {
			if wanted != "" {
				s.out.Open = append(s.out.Open, fmt.Sprintf("column %q is not field %q: %s; write the table by hand with a map (personagen explain microdata), or choose another field name", p.Name, wanted, why))
			}
			ignore("not field " + f.Name + ": " + why)
			return
		}
		if slices.ContainsFunc(s.vars, func(o *column) bool { return o.over == v.over }) {
			ignore("another column is " + v.over)
			return
		}
		s.take(v, p)
		return
	}
	if wanted == "" && len(s.known.Fields) > 0 {
		ignore("no field of the spec")
		return
	}
	if why := s.makeField(v, p, wanted); why != "" {
		if wanted != "" {
			s.out.Open = append(s.out.Open, fmt.Sprintf("column %q cannot become field %q: it %s", p.Name, wanted, why))
		}
		ignore(why)
		return
	}
	s.take(v, p)
}

// take adds a variable, and says what about its codes is not known.
func (s *survey) take(v *column, p *microdata.Profile) {
	switch {
	case v.labels != nil:
		s.unlabelled(p, v.labels)
	case v.New && p.Integers && strings.Contains(v.text, `kind: "category"`) && len(p.Texts) > 2:
		s.coded = append(s.coded, p.Name)
	}
	s.add(v)
}

func (s *survey) add(v *column) {
	if v.over != v.Field {
		v.Group = v.over
	}
	s.vars, s.out.Variables = append(s.vars, v), append(s.out.Variables, v.Variable)
}

func named(f *importer.Field, column string) bool {
	return slices.ContainsFunc(append([]string{f.Name}, f.Names...), func(n string) bool { return strings.EqualFold(plain(n), plain(column)) })
}

// plain is a name without what programs replace in it.
func plain(name string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "", ".", "").Replace(name)
}

// matches makes a variable of a field of the spec, or says why its values are not those
// of the column.
func (s *survey) matches(v *column, f *importer.Field, p *microdata.Profile) string {
	v.Field, v.over = f.Name, f.Name
	if f.Kind == "integer" {
		low, high := f.Span()
		if !p.Integers {
			return "it has texts that are no whole numbers"
		}
		if p.Min < int64(low) || p.Max > int64(high) {
			return fmt.Sprintf("it has %d to %d, the field %d to %d", p.Min, p.Max, low, high)
		}
		v.min, v.max = int64(low), int64(high)
		v.band = (v.max-v.min)/mostBands + 1
		v.Values = int(v.max-v.min) + 1
		if i := slices.IndexFunc(s.known.Fields, func(g importer.Field) bool {
			return g.Kind == "group" && g.Of == f.Name && len(g.Ages) == len(g.Labels) && len(g.Labels) > 1 && len(g.Labels) <= mostLabels
		}); i >= 0 && p.Texts != nil {
			g := &s.known.Fields[i]
			v.over, v.Values, v.codes = g.Name, len(g.Labels), map[string]int{}
			for text := range p.Texts {
				n, _ := microdata.Whole(text)
				if band := g.Band(int(n)); band >= 0 {
					v.codes[text] = band
				}
			}
		}
		return ""
	}
	if p.Texts == nil {
		return "it has too many values"
	}
	v.codes, v.maps, v.Values = map[string]int{}, map[string]string{}, len(f.Labels)
	var unknown []string
	texts, labels := v.labels.values(p)
	for k, text := range texts {
		i := slices.Index(f.Labels, labels[k])
		if i < 0 {
			i = slices.IndexFunc(f.Labels, func(l string) bool { return strings.EqualFold(l, labels[k]) })
		}
		switch {
		case i < 0:
			unknown = append(unknown, strconv.Quote(labels[k]))
			continue
		case f.Labels[i] != text:
			v.maps[text] = f.Labels[i]
		}
		v.codes[text] = i
	}
	if unknown != nil {
		return "it has " + humanize.Some(unknown) + ", which are no values of the field"
	}
	return ""
}

// makeField makes a field of a column, or says why it cannot become one.
func (s *survey) makeField(v *column, p *microdata.Profile, wanted string) string {
	v.New = true
	v.Field = wanted
	if wanted == "" {
		v.Field = importer.Slug(40, p.Name, "column")
		for base, n := v.Field, 2; slices.ContainsFunc(s.vars, func(o *column) bool { return o.Field == v.Field || o.over == v.Field }); n++ {
			v.Field = base + "_" + strconv.Itoa(n)
		}
	}
	v.over = v.Field
	span := p.Max - p.Min
	switch {
	case v.labels == nil && p.Integers && p.Texts != nil && len(p.Texts) > 12 && span < mostSpan:
		v.min, v.max = p.Min, p.Max
		v.Values = int(span) + 1
		v.text = fmt.Sprintf("{kind: \"integer\", title: %s, min: %d, max: %d}", strconv.Quote(v.heading()), v.min, v.max)
		v.makeBands()
		return ""
	case p.Texts == nil || len(p.Texts) > mostLabels:
		return "has too many different values"
	case len(p.Texts) < 2:
		return "has one value"
	}
	v.codes, v.maps = map[string]int{}, map[string]string{}
	var values, quoted []string
	texts, labels := v.labels.values(p)
	for k, text := range texts {
		i := slices.Index(values, labels[k])
		if i < 0 {
			i, values, quoted = len(values), append(values, labels[k]), append(quoted, strconv.Quote(labels[k]))
		}
		if v.codes[text] = i; labels[k] != text {
			v.maps[text] = labels[k]
		}
	}
	v.Values = len(values)
	if v.Values < 2 {
		return "has one value"
	}
	v.text = fmt.Sprintf("{kind: \"category\", title: %s, values: [%s]}", strconv.Quote(v.heading()), strings.Join(quoted, ", "))
	return ""
}

// heading is the title of a new field.
func (v *column) heading() string {
	if v.title != "" {
		return v.title
	}
	return v.Column
}

// makeBands makes a group of an integer, with bands that begin at round numbers.
func (v *column) makeBands() {
	width := int64(1)
	for _, w := range []int64{1, 2, 5, 10, 20, 25, 50} {
		if width = w; (v.max-v.min)/w+1 <= mostBands {
			break
		}
	}
	if width == 1 {
		return
	}
	var cuts, labels []string
	v.codes = map[string]int{}
	from := v.min
	next := (v.min/width + 1) * width
	for v.min < 0 && next-v.min > width {
		next -= width
	}
	for band := 0; from <= v.max; band++ {
		to := min(next-1, v.max)
		if band > 0 {
			cuts = append(cuts, strconv.FormatInt(from, 10))
		}
		label := fmt.Sprintf("%d to %d", from, to)
		if from == to {
			label = strconv.FormatInt(from, 10)
		}
		labels = append(labels, strconv.Quote(label))
		for n := from; n <= to; n++ {
			v.codes[strconv.FormatInt(n, 10)] = band
		}
		from, next = next, next+width
	}
	v.over = v.Field + "_bands"
	v.bands = fmt.Sprintf("{kind: \"group\", of: %q, cuts: [%s], labels: [%s]}", v.Field, strings.Join(cuts, ", "), strings.Join(labels, ", "))
}
