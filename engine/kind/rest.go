package kind

import (
	"errors"
	"fmt"
	"slices"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/table"
	"github.com/personagen/personagen/engine/spec"
)

// rest says what figures are that a file does not print because they are below a
// threshold: those of entries that other lists have, and those that are missing.
type rest struct {
	threshold float64
	even      bool
	across    []bool // per given field: lists that differ in it have the same entries
	total     string // label of the rows of totals, "" if there are none
	label     string // what remains is drawn as, "" for the printed entries

	totals  map[string]float64 // by the cells of a list
	cells   [][]int32          // of the totals, in the order of the file
	total0  int                // first row of a total, -1 if there is none
	printed int                // figures
	small   int                // the first row whose figure is below the threshold, -1 for none

	// Of all lists: figures that are not printed, the persons they stand for, all persons,
	// and those that are more than the entries can have.
	unprinted                int
	persons, whole, leftover float64
}

// readRest reads the settings of a choice's rest. It returns false after it has reported
// a fault.
func (r *bankReader) readRest() bool {
	n := r.field.Body.Get("rest")
	if n == nil {
		return true
	}
	x := &rest{threshold: n.Get("threshold").Number, across: make([]bool, len(r.given)), totals: map[string]float64{}, total0: -1, small: -1}
	ok := true
	fault := func(at *spec.Node, text, hint string) {
		r.Diags.Errorf(at.Place, "rest", "%s", text).WithHint("%s", hint)
		ok = false
	}
	for _, key := range []string{"any", "zipf", "admit"} {
		if other := r.field.Body.Get(key); other != nil {
			fault(other, fmt.Sprintf("%s and rest exclude each other", key), "remove one of them")
		}
	}
	if r.forms != nil {
		fault(r.field.Body.Get("column"), "an entry of several forms cannot be found in other lists", `name a column without forms, such as a code, and take the form with a field of kind "column"`)
	}
	if r.field.Body.Get("weight") == nil {
		fault(n, "rest is about figures, and no column of figures is named", "name it, for example weight: \"count\"")
	}
	if s := n.Get("spread"); s != nil {
		x.even = s.String == "even"
	}
	if s := n.Get("total"); s != nil {
		x.total = s.String
	}
	if s := n.Get("label"); s != nil {
		x.label = s.String
		switch {
		case x.total == "":
			fault(s, "what remains is known only if rows give the totals", "name their label, for example total: \"Total\", or remove label")
		case r.hasColumns():
			fault(s, "the entry for the rest is no row of the file, and fields take columns of rows", "remove label: what remains then goes to the printed entries")
		}
	}
	across := n.Get("across")
	switch {
	case across == nil && len(r.columns) > 1:
		fault(n, fmt.Sprintf("%q is given %d fields, and rest does not say which of them have the same entries", r.field.Name, len(r.columns)), fmt.Sprintf("for example across: [%q]: what one %s prints, another has too", r.given[0].Name, r.given[0].Name))
	case across == nil && len(r.columns) == 0 && x.total == "":
		fault(n, "without given fields there is one list, which prints all its entries", "remove rest, or name the rows of totals: total: \"Total\"")
	case across == nil:
		for i := range r.columns {
			x.across[i] = true
		}
	}
	for _, name := range across.AsStrings() {
		i := slices.IndexFunc(r.given[:len(r.columns)], func(g *Field) bool { return g.Name == name.Value })
		if i < 0 {
			r.Diags.Errorf(name.Place, "not-given", "%q is not a given field of %q", name.Value, r.field.Name).WithHint("name given fields only")
			ok = false
			continue
		}
		x.across[i] = true
	}
	r.rest = x
	return ok
}

// isTotal reads a row of a total. It returns false for another row.
func (r *bankReader) isTotal(row int, cells []int32) bool {
	x := r.rest
	label := r.file.Rows[row][r.label]
	if x.total == "" || label != x.total {
		return false
	}
	if x.total0 < 0 {
		x.total0 = row
	}
	n, err := r.file.Number(row, r.weight)
	key := fmt.Sprint(cells)
	switch _, twice := x.totals[key]; {
	case err != nil || n < 0:
		r.reportCell(r.file, row, r.weight, cmpError(err), "write the total, or leave the row out with where or drop")
		r.failed = true
	case twice:
		r.Diags.Errorf(r.file.Place(row, r.label), "duplicate-entry", "a list has two totals").WithHint("keep one of them")
		r.failed = true
	}
	x.totals[key], x.cells = n, append(x.cells, cells)
	return true
}

func cmpError(err error) error {
	if err == nil {
		return errors.New("the total is negative")
	}
	return err
}

// restEntry is an entry of a class of lists that have the same entries.
type restEntry struct {
	code  int32
	row   int     // the first
	shape float64 // its figures of all lists, half the threshold where they are not printed
}

// spread gives weights to the entries that lists do not print. It adds the lists of which
// only the total is printed.
func (r *bankReader) spread(groups []*rowGroup) []*rowGroup {
	x := r.rest
	for _, cells := range x.cells {
		if !slices.ContainsFunc(groups, func(g *rowGroup) bool { return slices.Equal(g.cells, cells) }) {
			groups = append(groups, &rowGroup{cells: cells})
		}
	}
	if x.total != "" && x.total0 < 0 {
		r.Diags.Errorf(r.field.Body.Get("rest").Get("total").Place, "rest", "no row of %s has the label %q in column %q", r.file.Path, x.total, r.file.Header[r.label]).WithHint("correct total, or remove it")
		r.failed = true
		return nil
	}
	if _, known := r.domain.Index(x.label); known {
		r.Diags.Errorf(r.field.Body.Get("rest").Get("label").Place, "rest", "%q is an entry of the file", x.label).WithHint("choose another label for what remains")
		r.failed = true
		return nil
	}
	if x.small >= 0 {
		r.Diags.Warnf(r.file.Place(x.small, r.weight), "rest", "the figure is %s, and figures below %v are said not to be printed", r.file.Figure(x.small, r.weight), x.threshold).WithHint("correct threshold")
	}
	classes := map[string][]*rowGroup{}
	var order []string
	for _, g := range groups {
		key := ""
		for i, cell := range g.cells {
			if !x.across[i] {
				key += fmt.Sprint(cell, " ")
			}
		}
		if classes[key] == nil {
			order = append(order, key)
		}
		classes[key] = append(classes[key], g)
	}
	for _, key := range order {
		r.spreadClass(classes[key])
	}
	if x.label != "" && x.leftover == 0 {
		r.Diags.Warnf(r.field.Body.Get("rest").Get("label").Place, "rest", "nothing remains for %q: the totals leave no more than the threshold for each entry that is not printed", x.label).WithHint("remove label")
	}
	return slices.DeleteFunc(groups, func(g *rowGroup) bool { return len(g.rows) == 0 })
}

// spreadClass spreads the rest of lists that have the same entries.
func (r *bankReader) spreadClass(lists []*rowGroup) {
	x := r.rest
	var entries []restEntry
	at := map[int32]int{}
	all := 0.0
	sums := make([]float64, len(lists))
	printed := make([]map[int32]bool, len(lists))
	for l, g := range lists {
		printed[l] = map[int32]bool{}
		for _, e := range g.rows {
			k, known := at[e.code]
			if !known {
				k = len(entries)
				at[e.code], entries = k, append(entries, restEntry{code: e.code, row: e.row})
			}
			if !e.below {
				printed[l][e.code] = true
				entries[k].shape += e.weight
				sums[l] += e.weight
			}
		}
		all += sums[l]
	}
	for k := range entries {
		for l := range lists {
			if !printed[l][entries[k].code] {
				entries[k].shape += x.threshold / 2
			}
		}
	}
	for l, g := range lists {
		var open []restEntry
		for _, e := range entries {
			if !printed[l][e.code] {
				open = append(open, e)
			}
		}
		own := map[int32]int{} // rows of entries whose figure is missing
		for _, e := range g.rows {
			if e.below {
				own[e.code] = e.row
			}
		}
		g.rows = slices.DeleteFunc(g.rows, func(e entry) bool { return e.below })
		weights, leftover, ok := r.restOf(g, open, sums[l], all)
		if !ok {
			continue
		}
		x.unprinted += len(open)
		x.printed += len(g.rows)
		x.whole += sums[l] + leftover
		x.leftover += leftover
		if leftover > 0 && x.label == "" && sums[l] > 0 {
			for k := range g.rows {
				g.rows[k].weight *= (sums[l] + leftover) / sums[l]
			}
		}
		for k, e := range open {
			row, has := own[e.code]
			if !has {
				row = e.row
			}
			x.persons += weights[k]
			x.whole += weights[k]
			g.rows = append(g.rows, entry{row: row, code: e.code, weight: weights[k]})
		}
		if leftover > 0 && x.label != "" {
			g.rows = append(g.rows, entry{row: len(r.file.Rows), code: r.restCode(), weight: leftover})
		}
	}
}

// restCode returns the code of the label of what remains.
func (r *bankReader) restCode() int32 {
	return r.domain.addLabel(r.rest.label) - 1
}

// restOf returns the weights of the entries that a list does not print, and how many
// persons of its total are more than these can be. Sum are the printed figures of the
// list, all those of every list of its class.
func (r *bankReader) restOf(g *rowGroup, open []restEntry, sum, all float64) (weights []float64, leftover float64, ok bool) {
	x := r.rest
	shapes := make([]float64, len(open))
	for k, e := range open {
		if shapes[k] = e.shape; x.even {
			shapes[k] = 1
		}
	}
	weights = make([]float64, len(open))
	if x.total == "" {
		for k := range open {
			switch {
			case x.even || all == 0:
				weights[k] = x.threshold / 2
			default:
				weights[k] = min(x.threshold/2, shapes[k]*sum/all)
			}
		}
		return weights, 0, true
	}
	total, known := x.totals[fmt.Sprint(g.cells)]
	if !known {
		r.Diags.Errorf(r.file.Place(x.total0, r.label), "rest", "no row gives the total%s", r.where(r.config(g))).WithHint("add a row with the label %q, or remove total", x.total)
		r.failed = true
		return nil, 0, false
	}
	if sum > total+float64(len(g.rows))/2 {
		r.Diags.Errorf(r.file.Place(x.total0, r.weight), "rest", "the figures%s are %s, more than their total of %s", r.where(r.config(g)), humanize.Number(sum), humanize.Number(total)).WithHint("correct a figure or the total")
		r.failed = true
		return nil, 0, false
	}
	remaining := max(0, total-sum)
	capped := fillUp(weights, shapes, remaining, x.threshold)
	return weights, remaining - capped, true
}

// config returns the number of the configuration of a list, which has no cells for every
// value.
func (r *bankReader) config(g *rowGroup) int {
	config := 0
	for i, cell := range g.cells {
		config = config*r.given[i].Slots() + int(cell)
	}
	return config
}

// fillUp divides an amount in proportion to shapes, with at most most for each, and
// returns what it could divide.
func fillUp(weights, shapes []float64, amount, most float64) float64 {
	open := make([]int, len(shapes))
	for k := range open {
		open[k] = k
	}
	divided := 0.0
	for len(open) > 0 {
		sum := 0.0
		for _, k := range open {
			sum += shapes[k]
		}
		left := amount - divided
		var below []int
		for _, k := range open {
			if shapes[k]*left < most*sum {
				below = append(below, k)
				continue
			}
			weights[k] = most
		}
		if len(below) == len(open) {
			for _, k := range open {
				weights[k] = shapes[k] * left / sum
			}
			return amount
		}
		divided += float64(most * float64(len(open)-len(below)))
		open = below
	}
	return divided
}

// remark tells what became of the figures that are not printed.
func (x *rest) remark() string {
	how := "in proportion to the entry in other lists"
	if x.even {
		how = "in equal parts"
	}
	share := 0.0
	if x.whole > 0 {
		share = 100 * x.persons / x.whole
	}
	text := fmt.Sprintf("%s of %s figures are not printed, because they are below %v: they are taken to be %s (%.3g %% of all), spread %s",
		humanize.Thousands(int64(x.unprinted)), humanize.Thousands(int64(x.unprinted+x.printed)), x.threshold, humanize.Number(x.persons), share, how)
	if x.total != "" {
		text += ", as the totals leave"
	}
	if x.leftover > 0 {
		text += fmt.Sprintf("; %s more that the totals leave are ", humanize.Number(x.leftover))
		if x.label != "" {
			text += fmt.Sprintf("%q", x.label)
		} else {
			text += "spread over the printed entries"
		}
	}
	return text
}

// missingFigure reports whether the figure of a row is below the threshold of the rest.
func (r *bankReader) missingFigure(err error) bool {
	return r.rest != nil && errors.Is(err, table.ErrMissing)
}
