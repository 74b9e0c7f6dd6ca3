package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/kind"
)

// recordGroups describes the groups of a field of records.
func recordGroups(f *kind.Field, groups []check.RecordGroup) (out []RecordGroup) {
	for _, g := range groups {
		x := RecordGroup{Name: g.Name, Records: g.Records, Persons: []Value{}, Fields: []Field{}}
		total := sum(g.Persons)
		for n, persons := range g.Persons {
			x.Persons = append(x.Persons, Value{Label: strconv.Itoa(n), Count: persons, Share: share(persons, total)})
		}
		for _, p := range g.Fields {
			of := f.Records[slices.IndexFunc(f.Records, func(c *kind.Field) bool { return c.Name == p.Field })]
			x.Fields = append(x.Fields, recordField(of, p))
		}
		out = append(out, x)
	}
	return out
}

// recordField describes a column of the records of a group. Of a field with many values,
// those that occur most are listed.
func recordField(f *kind.Field, p check.Profile) Field {
	out := Field{
		Name: f.Name, Title: f.Title, Kind: f.Kind, Class: f.Class, Type: f.Type, Unit: f.Unit,
		Source: f.Source, Status: f.Status, Note: f.Note, Nulls: p.Nulls, Numbers: p.Numbers, Dates: p.Dates,
	}
	if p.Counts == nil || f.Type == frame.Integer && len(p.Counts) > MostCells {
		return out
	}
	total := sum(p.Counts)
	for i, n := range p.Counts {
		if n > 0 {
			out.Values = append(out.Values, Value{Label: f.Domain.Label(i), Count: n, Share: share(n, total)})
		}
	}
	if len(out.Values) > mostNamed {
		slices.SortStableFunc(out.Values, func(x, y Value) int { return cmp.Compare(y.Count, x.Count) })
		rest := &Rest{Values: len(out.Values) - mostNamed}
		for _, v := range out.Values[mostNamed:] {
			rest.Count += v.Count
			rest.Share += v.Share
		}
		out.Values, out.Rest = out.Values[:mostNamed], rest
	}
	return out
}

// summary describes the values of a column of records in a line.
func (f *Field) summary() string {
	switch {
	case f.Numbers != nil && f.Numbers.N > 0:
		return fmt.Sprintf("%s to %s, median %s, mean %s", short4(f.Numbers.Min), short4(f.Numbers.Max), short4(f.Numbers.P50), short4(f.Numbers.Mean))
	case f.Dates != nil:
		return f.Dates.Period()
	}
	var parts []string
	for _, v := range f.Values {
		parts = append(parts, v.Label+" "+percentOf(v.Share))
	}
	if f.Rest != nil {
		parts = append(parts, humanize.Count(f.Rest.Values, "other", "others")+" "+percentOf(f.Rest.Share))
	}
	return strings.Join(parts, ", ")
}

// counts describes how many records the persons have.
func (g *RecordGroup) counts() string {
	var parts []string
	for _, v := range g.Persons {
		if v.Count > 0 {
			parts = append(parts, v.Label+": "+percentOf(v.Share))
		}
	}
	return strings.Join(parts, ", ")
}

var eventHead = []string{"event", "persons>", "share>", "events>", "years", "ages"}

// eventRows describes the events of a timeline, the commonest first.
func (f *Field) eventRows() (rows [][]string) {
	groups := slices.Clone(f.Records)
	slices.SortStableFunc(groups, func(x, y RecordGroup) int { return cmp.Compare(y.Records, x.Records) })
	for _, g := range groups {
		var persons, share float64
		for n, v := range g.Persons {
			if n > 0 {
				persons += v.Count
				share += v.Share
			}
		}
		row := []string{g.Name, humanize.Thousands(int64(persons)), percentOf(share), humanize.Thousands(g.Records), "", ""}
		for i, x := range g.Fields {
			if n := x.Numbers; i < 2 && n != nil && n.N > 0 { // year and age come first
				row[4+i] = fmt.Sprintf("%.0f to %.0f, median %.0f", n.Min, n.Max, n.P50)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// recordsView shows a field of records.
type recordsView struct {
	Field  fieldName
	Groups []recordGroupView
	Events [][]string // of a timeline: the cells of eventHead
}

type recordGroupView struct {
	Name, Records string
	Persons       marginView
	Fields        [][]string // name, values, nulls, summary
}

func (v *view) records(f *Field) recordsView {
	out := recordsView{Field: v.name(f)}
	if f.Events {
		out.Events = f.eventRows()
		return out
	}
	for _, g := range f.Records {
		x := recordGroupView{Name: g.Name, Records: humanize.Thousands(g.Records)}
		axis := shareScale(g.Persons, 0)
		x.Persons.Axis, x.Persons.Log = shareAxis(axis), axis.log
		for _, n := range g.Persons {
			if n.Count > 0 {
				share := percentOf(n.Share)
				x.Persons.Rows = append(x.Persons.Rows, valueView{Label: n.Label, Share: share, Deviation: humanize.Thousands(int64(n.Count)), Plot: shareStrip(n.Label+": "+share, n.Share, nil, axis)})
			}
		}
		for _, of := range g.Fields {
			x.Fields = append(x.Fields, []string{cmp.Or(of.Title, of.Name), humanize.Thousands(g.Records - of.Nulls), humanize.Thousands(of.Nulls), of.summary()})
		}
		out.Groups = append(out.Groups, x)
	}
	return out
}

// records shows the groups of the fields of records.
func (s *Stats) records(d *document) {
	headed := false
	for _, f := range s.Fields {
		if f.Hidden || f.Records == nil {
			continue
		}
		if !headed {
			d.line("## Records\n")
			d.line("How many records of each group the persons have, and the values of the records.\n")
			headed = true
		}
		d.line("### %s\n", Escape(heading(f)))
		if f.Events {
			rows := f.eventRows()
			for _, row := range rows {
				row[0] = Escape(row[0])
			}
			d.table(eventHead, rows)
			continue
		}
		var rows [][]string
		for _, g := range f.Records {
			rows = append(rows, []string{"**" + Escape(g.Name) + "**", humanize.Thousands(g.Records), "", "persons by number: " + g.counts()})
			for _, x := range g.Fields {
				rows = append(rows, []string{Escape(g.Name + "." + x.Name), humanize.Thousands(g.Records - x.Nulls), humanize.Thousands(x.Nulls), Escape(x.summary())})
			}
		}
		d.table([]string{"group, field", "records>", "null>", "values"}, rows)
	}
}
