package kind

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/spec"
)

// placedEvent is an event of which other fields know the year.
type placedEvent struct {
	Event int32      `json:"event"` // code
	Year  yearSource `json:"year"`
	// Each is the field of records, "" for an event of the person; Group is their group, -1
	// for all.
	Each  string `json:"each,omitempty"`
	Group int    `json:"group"`
	// When selects the persons who have the event: case 1.
	When *Selector      `json:"when,omitempty"`
	Most int            `json:"most"` // the largest number of such events of a person
	With []*placedValue `json:"with,omitempty"`
}

// placedValue is the value of a further column of a placed event: that of a field, or a
// label.
type placedValue struct {
	Column int    `json:"column"`          // among the further columns
	Field  string `json:"field,omitempty"` // of the person or the record
	Label  string `json:"label,omitempty"`
	// Codes are the codes in the column of the values of a category, or of the label.
	Codes []int32 `json:"codes,omitempty"`
}

func placedStanzas(s *spec.Field) []*spec.Node {
	if n := s.Body.Get("placed"); n != nil {
		return n.Items
	}
	return nil
}

// placedUses returns the fields of the person from which placed events follow.
func placedUses(s *spec.Field) (uses []spec.String) {
	for _, n := range placedStanzas(s) {
		if each := n.Get("each"); each != nil {
			use := each.AsString()
			use.Value, _, _ = strings.Cut(use.Value, ".")
			uses = append(uses, use)
		} else {
			for _, key := range []string{"year", "age"} {
				if of := n.Get(key); of != nil {
					uses = append(uses, of.AsString())
				}
			}
		}
		if with := n.Get("with"); with != nil {
			for _, e := range with.Fields {
				if e.Value.Kind == spec.StringNode && n.Get("each") == nil {
					uses = append(uses, e.Value.AsString())
				}
			}
		}
	}
	return uses
}

// placedEvents compiles the events that other fields know. Without the further columns,
// which a bank with faults does not give, it only reports faults of the years.
func (c *Compiler) placedEvents(s *spec.Field, f *Field, p *timeline, columns bool) (placed []*placedEvent) {
	events := f.Records[eventAt].Domain
	if events == nil {
		events = &Domain{}
	}
	drawn := events.Size()
	for _, n := range placedStanzas(s) {
		name := n.Get("event").AsString()
		if code, ok := events.Index(name.Value); ok && code < drawn {
			c.Diags.Errorf(name.Place, "placed-and-drawn", "event %q is placed, and also in the bank", name.Value).
				WithHint("remove it from the bank, or give one of them another name: it is then drawn for persons who cannot have the other, for example with excludes")
			continue
		}
		if name.Value == "" {
			c.Diags.Errorf(name.Place, "empty-label", "an event has no name").WithHint("write one")
			continue
		}
		e := &placedEvent{Event: events.addLabel(name.Value) - 1, Group: -1, Most: 1}
		if c.readPlaced(n, f, p, e, columns) {
			placed = append(placed, e)
		}
	}
	return placed
}

// readPlaced reads where the year and the columns of a placed event come from. It returns
// false after it has reported what is wrong.
func (c *Compiler) readPlaced(n *spec.Node, f *Field, p *timeline, e *placedEvent, columns bool) (ok bool) {
	find := c.anyField
	if each := n.Get("each"); each != nil {
		of := c.readEach(each.AsString(), e)
		if of == nil {
			return false
		}
		f.addInputName(of.Name)
		find = func(name spec.String) *Field { return c.recordFieldOf(of, name) }
	}
	ok = c.readPlacedYear(n, f, e, find)
	if when := n.Get("when"); when != nil {
		if e.When = c.SelectDrawn([]*spec.Condition{when.Cond}); e.When == nil {
			ok = false
		} else {
			for _, name := range e.When.Fields {
				f.addInputName(name)
			}
		}
	}
	with := n.Get("with")
	if with == nil || !columns {
		return ok
	}
	for _, v := range with.Fields {
		value := c.readPlacedValue(v, f, p, find)
		if value == nil {
			ok = false
			continue
		}
		if value.Field != "" && e.Each == "" {
			f.addInputName(value.Field)
		}
		e.With = append(e.With, value)
	}
	return ok
}

// readPlacedYear reads where the year of a placed event comes from. It returns false after
// it has reported a fault.
func (c *Compiler) readPlacedYear(n *spec.Node, f *Field, e *placedEvent, find func(spec.String) *Field) bool {
	year := n.Get("year")
	if year == nil {
		year, e.Year.Age = n.Get("age"), true
	}
	of := find(year.AsString())
	if of == nil {
		return false
	}
	source, ok := c.readYear(of, year.Place)
	if !ok {
		return false
	}
	if e.Year.Age && of.Type == frame.Date {
		c.Diags.Errorf(year.Place, "not-an-age", "field %q is a date, not an age", of.Name).WithHint("name it as year")
		return false
	}
	source.Age = e.Year.Age
	e.Year = source
	if e.Each == "" {
		f.addInputName(of.Name)
	}
	return true
}

// readEach reads the records of which each gives an event. It returns nil after it has
// reported a fault.
func (c *Compiler) readEach(each spec.String, e *placedEvent) *Field {
	name, group, one := strings.Cut(each.Value, ".")
	of := c.anyField(spec.String{Value: name, Place: each.Place})
	if of == nil {
		return nil
	}
	if of.Type != frame.Records {
		c.Diags.Errorf(each.Place, "not-records", "field %q is a %s, and has no records", of.Name, of.Kind).WithHint("name a field of kind records, or a group of one: \"family.child\"")
		return nil
	}
	e.Each, e.Most = of.Name, of.MaxItems()
	if !one {
		return of
	}
	groups := of.Records[0].Domain.Labels
	if e.Group = slices.Index(groups, group); e.Group < 0 {
		d := c.Diags.Errorf(each.Place, "unknown-group", "field %q has no records %q", of.Name, group)
		if g := diag.Guess(group, groups); g != "" {
			d.WithHint("did you mean %q?", of.Name+"."+g)
		} else {
			d.WithHint("it has %s", strings.Join(groups, ", "))
		}
		return nil
	}
	if q, ok := of.Program.(*records); ok {
		e.Most = q.Groups[e.Group].Count.Max
	}
	return of
}

// recordFieldOf returns a column of records, nil after it has reported that there is none.
func (c *Compiler) recordFieldOf(of *Field, name spec.String) *Field {
	var names []string
	for _, x := range of.Records {
		if x.Name == name.Value {
			return x
		}
		names = append(names, x.Name)
	}
	d := c.Diags.Errorf(name.Place, "unknown-field", "the records of %q have no column %q", of.Name, name.Value)
	if g := diag.Guess(name.Value, names); g != "" {
		d.WithHint("did you mean %q?", g)
	} else {
		d.WithHint("with each, year and with name columns of the records that are not hidden: %s", strings.Join(names, ", "))
	}
	return nil
}

// readPlacedValue reads the value of a further column. It returns nil after it has
// reported a fault.
func (c *Compiler) readPlacedValue(v spec.Named, f *Field, p *timeline, find func(spec.String) *Field) *placedValue {
	at := slices.IndexFunc(p.Columns, func(x *eventColumn) bool { return x.Name == v.Name })
	if at < 0 {
		var names []string
		for _, x := range p.Columns {
			names = append(names, x.Name)
		}
		d := c.Diags.Errorf(v.Place, "unknown-column", "the events have no column %q", v.Name)
		if g := diag.Guess(v.Name, names); g != "" {
			d.WithHint("did you mean %q?", g)
		} else {
			d.WithHint("add it to columns")
		}
		return nil
	}
	x, column := f.Records[firstEventColumn+at], p.Columns[at]
	value := &placedValue{Column: at}
	if v.Value.Kind == spec.StructNode {
		value.Label = v.Value.Get("text").String
		switch x.Type {
		case frame.Category:
			value.Codes = []int32{x.Domain.addLabel(value.Label) - 1}
		case frame.Text:
		default:
			c.refuseValue(v, x, "texts")
			return nil
		}
		return value
	}
	of := find(v.Value.AsString())
	if of == nil {
		return nil
	}
	value.Field = of.Name
	switch text := x.Type == frame.Category || x.Type == frame.Text; {
	case text && of.Type == frame.Category:
		if x.Type == frame.Category {
			for _, l := range of.Domain.Labels {
				value.Codes = append(value.Codes, x.Domain.addLabel(l)-1)
			}
		}
	case text && (of.Type == frame.Text || of.Type == frame.Integer || of.Type == frame.Date):
		if x.Type == frame.Category {
			x.Type, column.Labels, x.Domain = frame.Text, x.Domain.Labels, nil
		}
	case x.Type == of.Type:
	case x.Type == frame.Number && of.Type == frame.Integer:
	default:
		c.refuseValue(v, x, of.valuesName())
		return nil
	}
	return value
}

func (c *Compiler) refuseValue(v spec.Named, x *Field, what string) {
	c.Diags.Errorf(v.Value.Place, "other-type", "column %q has %s, and this has %s", x.Name, x.valuesName(), what).WithHint("name another field, or change the type of the column")
}

func (e *placedEvent) validate(f *Field, find func(name string) *Field) error {
	if e == nil || e.Event < 0 || int(e.Event) >= f.Records[eventAt].Domain.Size() || e.Most < 0 || e.Most >= maxRecords*maxRecords {
		return fmt.Errorf("it has no event")
	}
	if e.Each != "" {
		of := find(e.Each)
		if of == nil || of.Type != frame.Records || len(of.Records) == 0 || of.Records[0].Domain == nil || e.Group >= of.Records[0].Domain.Size() {
			return fmt.Errorf("%q has no records", e.Each)
		}
		find = func(name string) *Field {
			i := slices.IndexFunc(of.Records, func(x *Field) bool { return x.Name == name })
			if i < 0 {
				return nil
			}
			return of.Records[i]
		}
	}
	if err := e.Year.validate(find(e.Year.Field)); err != nil {
		return err
	}
	for _, v := range e.With {
		if v == nil || v.Column < 0 || firstEventColumn+v.Column >= len(f.Records) {
			return fmt.Errorf("a value has no column")
		}
		x := f.Records[firstEventColumn+v.Column]
		size := 1
		if v.Field != "" {
			of := find(v.Field)
			switch text := x.Type == frame.Category || x.Type == frame.Text; {
			case of == nil:
				return fmt.Errorf("there is no field %q", v.Field)
			case text && of.Type == frame.Category && of.Domain != nil:
				size = of.Domain.Size()
			case x.Type == frame.Text && (of.Type == frame.Text || of.Type == frame.Integer || of.Type == frame.Date):
			case x.Type == frame.Number && (of.Type == frame.Integer || of.Type == frame.Number):
			case x.Type == frame.Integer && of.Type == frame.Integer:
			default:
				return fmt.Errorf("field %q has other values", v.Field)
			}
		} else if x.Type != frame.Category && x.Type != frame.Text {
			return fmt.Errorf("a text is for another column")
		}
		if x.Type == frame.Category && (len(v.Codes) != size || slices.ContainsFunc(v.Codes, func(code int32) bool { return code < 0 || int(code) >= x.Domain.Size() })) {
			return fmt.Errorf("a value is no label of %q", x.Name)
		}
	}
	return nil
}

// boundYear reads the years of a column.
type boundYear struct {
	yearSource
	column int
	typ    frame.Type
}

// at returns the number in row r of the column, false if there is none.
func (y *boundYear) at(c *frame.Column, r int) (year int64, ok bool, err error) {
	if c.IsNull(y.typ, r) {
		return 0, false, nil
	}
	switch y.typ {
	case frame.Date:
		return int64(yearOf(c.Ints[r])), true, nil
	case frame.Integer:
		return c.Ints[r], true, nil
	case frame.Category:
		return y.Years[c.Codes[r]], true, nil
	}
	text := strings.TrimSpace(c.Texts[r])
	if text == "" {
		return 0, false, nil
	}
	year, err = strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, false, fmt.Errorf("the year of an event is %q, the value of %s, which is not a whole number", text, y.Field)
	}
	return year, true, nil
}
