package view

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/rules"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/view/store"
)

// checksPage lists the checks of a release, each with a way to its persons.
type checksPage struct {
	page
	Counts []statusCount
	Only   string
	List   []shownCheck
	Lacks  bool // there are no statistics
}

type (
	statusCount struct {
		Status, Text, To string
		On               bool
	}
	shownCheck struct {
		*check.Outcome
		To, What string // persons
		Persons  string
		Cross    string
		Examples []shownExample
	}
	shownExample struct {
		check.Example
		To int64 // number of the person in this release, from 1
	}
)

// outcome returns the outcome of a check, or nil.
func (d *Data) outcome(id string) *check.Outcome {
	if d.Stats == nil {
		return nil
	}
	for i := range d.Stats.Checks.Outcomes {
		if o := &d.Stats.Checks.Outcomes[i]; o.ID == id {
			return o
		}
	}
	return nil
}

// statuses are in the order of their weight.
var statuses = []string{check.Fail, check.Warn, check.Note, check.Pass, check.Skip}

func (v *Viewer) checks(w http.ResponseWriter, r *http.Request) {
	d := v.data
	p := &checksPage{page: page{View: v, Data: d, State: &State{Page: 1}, Here: "checks", Title: "Checks – " + d.Name, Total: humanize.Thousands(int64(d.Table.Rows))}, Lacks: d.Stats == nil}
	p.Only = r.URL.Query().Get("status")
	if !slices.Contains(statuses, p.Only) {
		p.Only = ""
	}
	if d.Stats != nil {
		all := d.Stats.Checks.Outcomes
		p.Counts = append(p.Counts, statusCount{"", fmt.Sprintf("all %d", len(all)), "/checks", p.Only == ""})
		for _, s := range statuses {
			if n := d.Stats.Checks.Counts[s]; n > 0 {
				p.Counts = append(p.Counts, statusCount{s, fmt.Sprintf("%d %s", n, statusWord(s)), "/checks?status=" + s, p.Only == s})
			}
		}
		for _, status := range statuses {
			for i := range all {
				if o := &all[i]; o.Status == status && (p.Only == "" || p.Only == status) {
					p.List = append(p.List, d.shownCheck(o))
				}
			}
		}
	}
	v.render(w, r, "checks.html.tmpl", p)
}

func statusWord(status string) string {
	return map[string]string{check.Fail: "failed", check.Warn: "warnings", check.Note: "notes", check.Pass: "hold", check.Skip: "not tested"}[status]
}

// shownCheck finds the persons of a check: those who break it, or those of the cell that is
// furthest from its target, or those whom a limit counts.
func (d *Data) shownCheck(o *check.Outcome) shownCheck {
	x := shownCheck{Outcome: o}
	for _, e := range o.Examples[:min(len(o.Examples), 3)] {
		x.Examples = append(x.Examples, shownExample{e, e.Person - d.firstPerson() + 1})
	}
	if o.Persons > 0 {
		x.Persons = humanize.Count(o.Persons, "person", "persons")
	}
	switch {
	case len(o.Rows) > 0 || o.Persons > 0 && o.Kind == check.KindRule && d.rules != nil:
		x.To, x.What = "/?check="+url.QueryEscape(o.ID), "Those who break it"
	case o.Table != nil:
		if _, cell := o.Table.Deviation(); cell != "" {
			if where, ok := d.cell(cell, o.Fields); ok {
				x.To, x.What = (&State{Where: where}).Link("/"), "Those of the cell that is furthest off"
			}
		}
	case o.Kind == check.KindLimit && d.Plan != nil:
		if where := d.limitConditions(o.Name); where != nil {
			x.To, x.What = (&State{Where: where}).Link("/"), "Those whom it counts"
		}
	}
	var fields []string
	for _, f := range o.Fields {
		if d.Table.Column(f) != nil {
			fields = append(fields, f)
		}
	}
	if len(fields) == len(o.Fields) && len(fields) == 2 {
		x.Cross = (&State{X: fields[0], Y: fields[1]}).Link("/cross")
	}
	if x.To == "" && len(fields) > 0 {
		x.To, x.What = (&State{Cols: fields}).Link("/"), "With "+strings.Join(fields, ", ")
	}
	return x
}

// cell reads the name of a cell of some fields, such as "zone A × guild null", as
// conditions; false if a field of it is not in the data files.
func (d *Data) cell(name string, fields []string) (where []string, ok bool) {
	if len(fields) == 0 {
		return nil, name == ""
	}
	rest, found := strings.CutPrefix(name, fields[0]+" ")
	c := d.Table.Column(fields[0])
	if !found || c == nil || !c.Coded() {
		return nil, false
	}
	const between = " × "
	for code := range c.Values() + 1 { // the last one is null
		after, found := strings.CutPrefix(rest, c.Label(code))
		if !found || len(fields) > 1 && !strings.HasPrefix(after, between) {
			continue
		}
		if more, ok := d.cell(strings.TrimPrefix(after, between), fields[1:]); ok {
			return append([]string{fieldLabel(fields[0]) + ": " + literal(c, c.Value(code))}, more...), true
		}
	}
	return nil, false
}

// limitConditions returns the conditions of a check of the spec; nil if they are about
// fields that are not in the data files.
func (d *Data) limitConditions(name string) (where []string) {
	for i := range d.Plan.Checks {
		l := &d.Plan.Checks[i]
		if l.Name != name || l.Where == nil {
			continue
		}
		for _, s := range []struct {
			selector *kind.Selector
			text     string
		}{{l.Where, l.Text}, {l.Within, l.WithinText}} {
			if s.selector == nil {
				continue
			}
			for _, f := range s.selector.Fields {
				if d.Table.Column(f) == nil {
					return nil
				}
			}
			where = append(where, s.text)
		}
	}
	return where
}

// firstPerson is the number of the person in the first row.
func (d *Data) firstPerson() int64 {
	if d.Manifest == nil {
		return 0
	}
	return d.Manifest.Population.First
}

// personsOf returns the persons who break a check.
func (v *Viewer) personsOf(ctx context.Context, d *Data, id string) (*store.Selection, error) {
	o := d.outcome(id)
	if o.Kind == check.KindRule && o.Persons > int64(len(o.Rows)) && d.rules != nil {
		return d.breakers(ctx, o.Name)
	}
	var rows []uint32
	for _, r := range o.Rows {
		if at := r - d.firstPerson(); at >= 0 && at < int64(d.Table.Rows) {
			rows = append(rows, uint32(at))
		}
	}
	slices.Sort(rows)
	return store.Rows(slices.Compact(rows)), nil
}

// breakers reads the texts of a rule and returns the persons of whom one breaks it.
func (d *Data) breakers(ctx context.Context, rule string) (*store.Selection, error) {
	var lock sync.Mutex
	var rows []uint32
	var failed error
	checkers := map[int]*rules.Checker{}
	columns := slices.DeleteFunc(slices.Clone(d.Table.Schema), func(f frame.Field) bool {
		at := d.rules.Column(f.Name)
		return at >= 0 && !slices.ContainsFunc(d.rules.Demands, func(x rules.Demand) bool { return x.Column == at && x.Kind == rules.Rule && x.Name == rule })
	})
	err := d.Table.Scan(ctx, columns, func(worker, first int, b *frame.Batch) {
		lock.Lock()
		c := checkers[worker]
		if c == nil {
			c = d.rules.Checker()
			checkers[worker] = c
		}
		lock.Unlock()
		all, err := complete(d.Plan, b)
		if err != nil {
			lock.Lock()
			failed = err
			lock.Unlock()
			return
		}
		c.Load(all)
		for k := range b.Schema {
			f, column := &b.Schema[k], &b.Columns[k]
			at := d.rules.Column(f.Name)
			if at < 0 {
				continue
			}
			for r := range b.N {
				if column.IsNull(f.Type, r) {
					continue
				}
				var faults []rules.Fault
				if f.Type == frame.Text {
					faults = c.Text(at, r, column.Texts[r])
				} else {
					faults = c.List(at, r, column.Texts[column.Offsets[r]:column.Offsets[r+1]])
				}
				for _, x := range faults {
					if demand := d.rules.Demands[x.Demand]; demand.Kind == rules.Rule && demand.Name == rule {
						lock.Lock()
						rows = append(rows, uint32(first+r))
						lock.Unlock()
						break
					}
				}
			}
		}
	})
	if err == nil {
		err = failed
	}
	slices.Sort(rows)
	return store.Rows(slices.Compact(rows)), err
}
