package kind

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/table"
	"github.com/personagen/personagen/engine/spec"
)

// bank holds lists of weighted entries, one list for each configuration of the
// given fields. A choice draws one entry of a list, a list field several.
type bank struct {
	// Given maps a configuration to the number of its list, from 1; 0 means that
	// it has no entry. Configurations with equal entries share a list.
	Given *Selector `json:"given"`
	Start []int32   `json:"start"` // list i is entries Start[i-1] to Start[i]-1; one longer than the lists
	Codes []int32   `json:"codes"` // code of each entry's label
	// Upto says which 32-bit words draw an entry: those above the Upto of the
	// entry before it in its list, up to and including its own.
	Upto []uint32 `json:"upto"`
	// Rows are the row of each entry, from 0 among the rows that the choice reads;
	// nil if no field takes columns of them.
	Rows []int32 `json:"rows,omitempty"`
	// Key chooses the list by the row of another choice instead of by Given, which then
	// has no field.
	Key *rowKey `json:"key,omitempty"`

	file     *table.File // while fields are compiled: the file of the rows
	selected []int       // its rows
}

// Uncovered returns the given fields and the configurations of them (row-major,
// null last where a field is nullable) that have no entry. A person in such a
// configuration gets null. Whether one can occur is known only after the fit.
func (b *bank) Uncovered() (fields []string, configs []int) {
	if b.Key != nil {
		return nil, nil // every row that can be drawn has a list
	}
	for config, list := range b.Given.Case {
		if list == 0 {
			configs = append(configs, config)
		}
	}
	return b.Given.Fields, configs
}

func (b *bank) entries() *Entries { return &Entries{bank: b} }

// bankUses returns the fields on which the list of a stanza depends.
func bankUses(s *spec.Field) []spec.String {
	names, admit := s.Body.Get("given").Names(), s.Body.Get("admit").Names()
	if by := s.Body.Get("column").Get("by"); by != nil && !slices.ContainsFunc(slices.Concat(names, admit), func(n spec.String) bool { return n.Value == by.String }) {
		names = append(names, by.AsString())
	}
	return append(names, admit...)
}

// entry is an entry while the bank is compiled.
type entry struct {
	row    int   // of the file, from 0
	code   int32 // of the label
	weight float64
	below  bool // its figure is not printed
}

// rowGroup is the entries of the rows that have the same values of the given
// fields.
type rowGroup struct {
	id int
	// cells are the code of each given field, anyCode where the row is for every value,
	// or firstSet minus the number of a set of codes.
	cells []int32
	rows  []entry
}

// anyCode is the code of a cell that matches every value, unknownCode of one whose text
// has been reported as unknown, and firstSet of one that matches the first set of values.
const (
	anyCode     = -1
	unknownCode = -2
	firstSet    = -3
)

// compileBank reads the entries of a choice or list and sets the field's Domain
// to their labels. It returns nil after it has reported a fault.
func (c *Compiler) compileBank(s *spec.Field, f *Field) *bank {
	f.Domain = &Domain{}
	if values := s.Body.Get("values"); values != nil {
		return c.inlineBank(s, f, values)
	}
	return c.fileBank(s, f)
}

// inlineBank reads entries that the spec lists as label: weight.
func (c *Compiler) inlineBank(s *spec.Field, f *Field, values *spec.Node) *bank {
	ok := true
	for _, key := range []string{"given", "admit", "key", "column", "weight", "any", "zipf", "rest"} {
		if n := s.Body.Get(key); n != nil {
			c.Diags.Errorf(n.Place, "needs-csv", "%s is only for entries from a CSV file, and the entries of %q are inline", key, s.Name).
				WithHint("remove it, or move the entries to a CSV file")
			ok = false
		}
	}
	var list []entry
	for _, e := range values.Fields {
		if e.Name == "" {
			c.Diags.Errorf(e.Place, "empty-label", "a label is empty").WithHint("write a label")
			ok = false
		}
		list = append(list, entry{code: f.Domain.addLabel(e.Name) - 1, weight: e.Value.Number})
	}
	if !ok {
		return nil
	}
	if !hasWeight(list) {
		c.Diags.Errorf(values.Place, "no-weight", "no entry of %q has a weight above 0", s.Name).WithHint("give at least one entry a weight")
		return nil
	}
	b := &bank{Given: newSelector(), Start: []int32{0}}
	b.Given.Case[0] = b.addList(list)
	return b
}

// hasWeight reports whether an entry has a weight above 0.
func hasWeight(list []entry) bool {
	return slices.ContainsFunc(list, func(e entry) bool { return e.weight > 0 })
}

// addList appends a list and returns its number, from 1. It drops entries of
// weight 0, which are never drawn. At least one weight must be above 0.
func (b *bank) addList(list []entry) int32 {
	var weights []float64
	for _, e := range list {
		if e.weight > 0 {
			b.Codes = append(b.Codes, e.code)
			weights = append(weights, e.weight)
		}
	}
	b.Upto = append(b.Upto, thresholds(weights)...)
	b.Start = append(b.Start, int32(len(b.Codes)))
	return int32(len(b.Start)) - 1
}

// thresholds divides the 32-bit words among entries in proportion to their
// weights, which must be positive: entry k has the words above threshold k-1, up
// to and including threshold k. Every entry has at least one word.
func thresholds(weights []float64) []uint32 {
	greatest := slices.Max(weights)
	var total float64
	for _, w := range weights {
		total += w / greatest
	}
	upto := make([]uint32, len(weights))
	var sum float64
	var last uint64
	for k, w := range weights {
		sum += w / greatest
		rest := uint64(len(weights) - 1 - k)
		last = min(max(uint64(sum/total*(1<<32)+0.5), last+1), 1<<32-rest)
		if rest == 0 {
			last = 1 << 32
		}
		upto[k] = uint32(last - 1)
	}
	return upto
}

// bankReader reads the rows of a bank's CSV file.
type bankReader struct {
	*Compiler
	field  *spec.Field
	domain *Domain
	rows   *spec.Rows
	file   *table.File

	label, weight int                // columns; weight is -1 for equal weights
	zipf          float64            // exponent of weights by rank, 0 for none
	any           *string            // cell text that matches every value
	given         []*Field           // those that have a column, the one that decides the form, those that entries admit
	columns       []int              // of each given field that has one
	labels        []*FileLabels      // of each given field
	admits        []*admission       // of each given field, nil for those that entries do not speak of
	rest          *rest              // nil if all figures are printed
	forms         *forms             // of the label, nil if it has one
	own           spec.LabelMap      // of the field itself
	known         []map[string]int32 // per given field: code of a cell's text
	missing       int                // weights that are not given
	selected      []int              // the rows that are read
	keyText       string             // of the list that is made, if entries have keys
	nobody        []int              // the rows that admit nobody
	failed        bool               // a fault has been reported
	notation      notation           // of the weights
}

// fileBank reads entries from a CSV file.
func (c *Compiler) fileBank(s *spec.Field, f *Field) *bank {
	r := &bankReader{Compiler: c, field: s, domain: f.Domain, rows: s.Body.FileRows()}
	r.rows.Rename(s.Body.Get("given"))
	r.rows.Translate(c.Spec.DefaultMaps)
	if !r.findFields() || !r.findColumns() {
		return nil
	}
	if key := s.Body.Get("key"); key != nil {
		return r.keyedBank(key)
	}
	groups := r.groups()
	if r.failed {
		return nil
	}
	r.doubtWeights()
	r.warnMissing()
	if len(groups) == 0 {
		c.Diags.Errorf(r.rows.Place, "no-rows", "no row of %s gives an entry", r.file.Path).WithHint("check where")
		return nil
	}
	b := r.bank(groups)
	if r.rest != nil && b != nil {
		f.Rest = r.rest.remark()
	}
	return b
}

// warnMissing warns of weights that are not given.
func (r *bankReader) warnMissing() {
	if r.missing == 0 {
		return
	}
	as := "left out"
	if n := r.rows.Missing.Number; n != nil {
		as = fmt.Sprintf("taken to be %v", *n)
	}
	r.Diags.Warnf(r.rows.Missing.Place, "missing", "%q has %s, %s", r.field.Name, humanize.Count(r.missing, "weight that is not given", "weights that are not given"), as)
}

// findFields looks up the given fields.
func (r *bankReader) findFields() bool {
	ok, size := true, 1
	for _, name := range bankUses(r.field) {
		g := r.DiscreteField(name.Value, name.Place)
		switch {
		case g == nil:
			ok = false
			continue
		case slices.Contains(r.given, g):
			r.Diags.Errorf(name.Place, "given-twice", "%q is given twice", name.Value).WithHint("remove one")
			ok = false
			continue
		}
		r.given = append(r.given, g)
		r.known = append(r.known, map[string]int32{})
		if size *= g.Slots(); size > maxSelector {
			r.Diags.Errorf(name.Place, "too-wide", "the given fields of %q have more than %d combinations of values", r.field.Name, maxSelector).
				WithHint("use fewer given fields, or groups with fewer values")
			return false
		}
	}
	return ok
}

// findColumns reads the file, the columns of labels, weights and given fields,
// and the settings that decide weights.
func (r *bankReader) findColumns() bool {
	body := r.field.Body
	names := []string{r.field.Name}
	for _, g := range r.given {
		names = append(names, g.Name)
	}
	ok := r.checkNames(names)
	r.admits = make([]*admission, len(r.given))
	if n := body.Get("weight"); n != nil && len(r.rows.Layout.Wide) > 0 && r.rows.Layout.Value == "" {
		r.rows.Layout.Value = n.String
	}
	if r.file = r.Table(r.rows); r.file == nil {
		return false
	}
	column := func(name spec.String) int {
		i, found := r.Column(r.file, name)
		ok = ok && found
		return i
	}
	r.label, r.weight = -1, -1
	switch n := body.Get("column"); {
	case n == nil:
		r.label = column(r.columnOf(r.field.Name))
	case n.Kind == spec.StructNode:
		if r.forms = r.readForms(n, r.file); r.forms == nil {
			ok = false
		} else {
			r.label = r.forms.columns[0]
		}
	default:
		r.label = column(n.AsString())
	}
	for _, name := range body.Get("given").Names() {
		r.columns = append(r.columns, column(r.columnOf(name.Value)))
	}
	ok = r.findAdmissions() && ok
	ok = r.readRest() && ok
	switch n := body.Get("weight"); {
	case n != nil:
		r.weight = column(n.AsString())
	case len(r.rows.Layout.Wide) > 0:
		r.Diags.Errorf(r.rows.Place, "missing", "the cells of a wide file are weights, and no column is named for them").WithHint("name it, for example weight: \"weight\"")
		ok = false
	}
	if n := body.Get("zipf"); n != nil {
		r.zipf = n.Number
		if r.weight >= 0 {
			r.Diags.Errorf(n.Place, "two-weights", "%q has both a weight column and zipf", r.field.Name).WithHint("remove one")
			ok = false
		}
	}
	if n := body.Get("any"); n != nil {
		r.any = &n.String
	}
	for _, g := range r.given {
		l := r.FileLabels(r.rows, g)
		ok = ok && l != nil
		r.labels = append(r.labels, l)
	}
	r.own = r.rows.Map[r.field.Name]
	if m := r.rows.Files[r.field.Name]; m != nil {
		r.own = r.readLabelMap(m)
		ok = ok && r.own != nil
	}
	return ok
}

// checkNames checks that columns and map name no field but the given ones: the
// field itself and its given fields.
func (r *bankReader) checkNames(names []string) bool {
	ok := true
	check := func(name string, at diag.Place) {
		if slices.Contains(names, name) {
			return
		}
		d := r.Diags.Errorf(at, "not-given", "%q is neither %q nor one of its given fields", name, r.field.Name)
		if g := diag.Guess(name, names); g != "" {
			d.WithHint("did you mean %q?", g)
		} else {
			d.WithHint("add it to given, or remove it")
		}
		ok = false
	}
	csv := cmp.Or(r.field.Body.Get("csv"), r.field.Body.Get("xlsx"))
	for _, key := range []string{"columns", "map", "ages"} {
		if n := csv.Get(key); n != nil {
			for _, e := range n.Fields {
				check(e.Name, e.Place)
			}
		}
	}
	return ok
}

// columnOf returns the name of a field's column in the file.
func (r *bankReader) columnOf(field string) spec.String {
	if c, ok := r.rows.Columns[field]; ok {
		return c
	}
	_, own, dotted := strings.Cut(field, ".") // a field of the person, for a record
	if dotted {
		field = own
	}
	return spec.String{Value: field, Place: r.rows.Place}
}

// groups reads the selected rows and groups them by their given cells, in the
// order of the file.
func (r *bankReader) groups() []*rowGroup {
	var groups []*rowGroup
	index := map[string]*rowGroup{}
	ranks := map[string]int{} // rows so far, by the cells of the given fields
	rows, ok := r.selectRows(r.file, r.rows.Where)
	r.failed, r.selected = !ok, rows
	before := len(r.Diags.Items)
	for _, row := range rows {
		if len(r.Diags.Items)-before > table.MaxFaults {
			break // every row has one: the cause is the same
		}
		cells := make([]int32, len(r.given))
		known, nobody := true, false
		for i := range r.given {
			switch {
			case i < len(r.columns):
				cells[i] = r.cell(i, row)
			case r.admits[i] != nil:
				var some bool
				cells[i], some = r.admit(i, row)
				nobody = nobody || !some
			default:
				cells[i] = anyCode
			}
			known = known && cells[i] != unknownCode
		}
		if r.rest != nil && known && r.isTotal(row, cells) {
			continue
		}
		e, ok := r.entry(row)
		if !ok || !known {
			r.failed = true
			continue
		}
		if r.zipf > 0 {
			rank := fmt.Sprint(cells[:len(r.columns)])
			ranks[rank]++
			e.weight = math.Pow(float64(ranks[rank]), -r.zipf)
		}
		if nobody {
			r.nobody = append(r.nobody, row)
			continue
		}
		key := fmt.Sprint(cells)
		g := index[key]
		if g == nil {
			g = &rowGroup{cells: cells}
			index[key], groups = g, append(groups, g)
		}
		g.rows = append(g.rows, e)
	}
	r.doubtNobody()
	if r.rest != nil && !r.failed {
		groups = r.spread(groups)
	}
	return groups
}

// cell returns the code of a row's value of given field i: anyCode for every
// value, unknownCode for a label that the field does not have, which is reported
// once. An empty cell is null where the field is nullable.
func (r *bankReader) cell(i, row int) int32 {
	text, f := r.file.Rows[row][r.columns[i]], r.given[i]
	if code, ok := r.known[i][text]; ok {
		return code
	}
	at := r.file.Place(row, r.columns[i])
	to, mapped := r.labels[i].Translate(text)
	label := to.Value
	if mapped {
		at = to.Place
	}
	code, ok := f.Domain.Index(label)
	switch {
	case r.any != nil && text == *r.any:
		code = anyCode
	case ok:
	case label == "" && f.Nullable:
		code = f.Domain.Size()
	default:
		r.checkLabel(f, label, at)
		if hint := r.labels[i].Hint(text); hint != "" {
			r.Diags.Items[len(r.Diags.Items)-1].WithHint("%s", hint)
		}
		code = unknownCode
	}
	r.known[i][text] = int32(code)
	return int32(code)
}

// entry reads a row's label and weight. It returns false after it has reported a
// fault.
func (r *bankReader) entry(row int) (entry, bool) {
	e := entry{row: row, weight: 1}
	if r.forms != nil {
		if !r.readForm(row) {
			return entry{}, false
		}
	} else {
		code, ok := r.labelCode(row, r.label)
		if !ok {
			return entry{}, false
		}
		e.code = code
	}
	if r.weight >= 0 {
		w, err := r.file.Number(row, r.weight)
		if r.missingFigure(err) {
			e.below = true
			return e, true
		}
		if errors.Is(err, table.ErrMissing) && r.rows.Missing != nil {
			if w = 0; r.rows.Missing.Number != nil {
				w = *r.rows.Missing.Number
			}
			r.missing++
		} else if err != nil || w < 0 {
			r.reportWeight(row, err)
			return entry{}, false
		}
		e.weight = w
		if r.rest != nil && w > 0 && w < r.rest.threshold && r.rest.small < 0 {
			r.rest.small = row
		}
		r.notation.note(r.file.Figure(row, r.weight), row)
	}
	return e, true
}

// labelCode returns the code of the label in a column. It returns false after it has
// reported that there is none.
func (r *bankReader) labelCode(row, column int) (int32, bool) {
	label := r.file.Rows[row][column]
	if to, ok := r.own[label]; ok {
		label = to.Value
	}
	if label == "" {
		r.Diags.Errorf(r.file.Place(row, column), "empty-label", "the label in column %q is empty", r.file.Header[column]).
			WithHint("write a label, or exclude the row with where")
		return 0, false
	}
	return r.domain.addLabel(label) - 1, true
}

// pointed matches a number whose point may separate thousands.
var pointed = regexp.MustCompile(`^[1-9][0-9]{0,2}\.[0-9]{3}$`)

// notation is how the weights of a file are written.
type notation struct {
	pointed string // the first weight such as 1.234, "" for none
	row     int    // of pointed
	wholes  bool   // there are whole numbers of at least 100
	others  bool   // there are fractions of another form
}

func (n *notation) note(text string, row int) {
	text = strings.TrimSpace(text)
	switch {
	case !pointed.MatchString(text):
		n.others = n.others || strings.ContainsAny(text, ".eE")
		n.wholes = n.wholes || len(text) > 2 && !n.others
	case n.pointed == "":
		n.pointed, n.row = text, row
	}
}

// doubtWeights warns of weights such as 1.234 beside whole numbers such as 987, whose
// points probably separate thousands.
func (r *bankReader) doubtWeights() {
	if n := &r.notation; n.pointed != "" && n.wholes && !n.others {
		r.Diags.Warnf(r.file.Place(n.row, r.weight), "thousands", "the weight is %s, and others are whole numbers: does the point separate thousands?", n.pointed).
			WithHint("write %s; or, if the weights do have fractions, write the others with a point, too", strings.ReplaceAll(n.pointed, ".", ""))
	}
}

// reportWeight reports a weight that is not a number of at least 0.
func (r *bankReader) reportWeight(row int, err error) {
	text := r.file.Rows[row][r.weight]
	d := r.Diags.Errorf(r.file.Place(row, r.weight), "bad-weight", "weight %q is not a number of at least 0", text)
	advice, evidence := "", []string(nil)
	if err != nil {
		advice, evidence = r.file.NumberAdvice(row, r.weight)
	}
	switch {
	case errors.Is(err, table.ErrMissing):
		d.WithHint("a weight that is not given is not 0: leave out its entry with missing_is: \"unknown\", or set it with a number such as missing_is: 2")
	case errors.Is(err, table.ErrEmpty):
		d.WithHint("if it means none, say zero: [\"\"]; if it is not given, missing: [\"\"]; otherwise leave the row out with where or drop")
	case advice != "":
		d.WithHint("say how figures are written: %s", advice)
		d.Notes = append(d.Notes, evidence...)
	default:
		d.WithHint("write a plain number such as 12.5")
	}
}

// bank makes the list of every configuration, from the rows for its values and
// the rows for every value. It returns nil after it has reported a fault.
func (r *bankReader) bank(groups []*rowGroup) *bank {
	for i, g := range groups {
		g.id = i
	}
	b := &bank{Given: newSelector(r.given...), Start: []int32{0}, file: r.file, selected: r.selected}
	groupsOf := make([][]*rowGroup, len(b.Given.Case))
	pairs := 0
	for _, g := range groups {
		for config := range r.configs(g.cells) {
			groupsOf[config] = append(groupsOf[config], g)
			if pairs++; pairs > maxPairs && r.conditional() {
				r.reportTooMany()
				return nil
			}
		}
	}
	keepRows := r.hasColumns()
	byContent := map[string]int32{} // numbers of lists
	byGroups := map[string]int32{}  // the same, to merge the same groups once
	reported := map[int]bool{}      // rows reported as duplicates
	for config, own := range groupsOf {
		if len(own) == 0 {
			continue
		}
		var key []byte
		for _, g := range own {
			key = binary.AppendVarint(key, int64(g.id))
		}
		form := -1
		if r.forms != nil {
			if form = r.forms.of(config, b.Given); form < 0 {
				continue // no form, no entry
			}
			key = binary.AppendVarint(key, int64(form))
		}
		if list, ok := byGroups[string(key)]; ok {
			b.Given.Case[config] = list
			continue
		}
		list := r.merge(own, config, form, reported)
		if list == nil {
			continue
		}
		content := contentKey(list, keepRows)
		if _, ok := byContent[content]; !ok {
			byContent[content] = b.addList(list)
			if keepRows {
				b.addRows(list)
			}
			if len(b.Codes) > maxEntries && r.conditional() {
				r.reportTooMany()
				return nil
			}
		}
		byGroups[string(key)] = byContent[content]
		b.Given.Case[config] = byContent[content]
	}
	if r.failed {
		return nil
	}
	return b
}

// configs yields the numbers of the configurations that have the given cells.
func (r *bankReader) configs(cells []int32) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		var walk func(i, config int) bool
		walk = func(i, config int) bool {
			if i == len(cells) {
				return yield(config)
			}
			slots := r.given[i].Slots()
			if cells[i] <= firstSet {
				for _, code := range r.admits[i].sets[firstSet-cells[i]] {
					if !walk(i+1, config*slots+int(code)) {
						return false
					}
				}
				return true
			}
			if cells[i] != anyCode {
				return walk(i+1, config*slots+int(cells[i]))
			}
			for code := range slots {
				if !walk(i+1, config*slots+code) {
					return false
				}
			}
			return true
		}
		walk(0, 0)
	}
}

// merge returns the entries of groups in the order of the file. It reports labels
// that appear twice, and returns nil after it has reported that every weight is 0.
// A row in reported is not reported again.
func (r *bankReader) merge(groups []*rowGroup, config, form int, reported map[int]bool) []entry {
	var list []entry
	for _, g := range groups {
		list = append(list, g.rows...)
	}
	column := r.label
	if form >= 0 {
		column = r.forms.columns[form]
		for i := range list {
			list[i].code = r.forms.codes[list[i].row][form]
		}
	}
	slices.SortFunc(list, func(a, b entry) int { return a.row - b.row })
	first := make(map[int32]int, len(list))
	for _, e := range list {
		before, duplicate := first[e.code]
		if !duplicate {
			first[e.code] = e.row
			continue
		}
		if !reported[e.row] {
			label := r.domain.Labels[e.code]
			d := r.Diags.Errorf(r.file.Place(e.row, column), "duplicate-entry", "%q appears twice%s, here and on line %d", label, r.where(config), r.file.Place(before, column).Line).
				WithHint("keep one row, with the sum of the weights")
			if r.field.Kind == timelineName {
				d.WithHint("keep one row: how often an event can happen is in the column that times names")
			} else if r.hasColumns() || form >= 0 {
				d.WithHint("an entry is known by its label: name a column without repeats, such as a code, and take this one with a field of kind \"column\"")
			}
		}
		reported[e.row], r.failed = true, true
	}
	if !hasWeight(list) {
		if r.conditional() {
			return nil // persons who have no other entry are named after the fit
		}
		r.Diags.Errorf(r.file.Place(list[0].row, r.weight), "no-weight", "every entry%s has weight 0: %s", r.where(config), r.entries(list)).
			WithHint("give one of them a weight, or leave the rows out: then persons%s have no value", r.where(config))
		r.failed = true
		return nil
	}
	return list
}

// entries names the entries of a list, the first five of many.
func (r *bankReader) entries(list []entry) string {
	var names []string
	for i, e := range list {
		if i == 5 {
			names = append(names, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		names = append(names, strconv.Quote(r.domain.Labels[e.code]))
	}
	return strings.Join(names, ", ")
}

// where describes a configuration for messages: " for zone=North, size=null", the
// key, or "" without given fields.
func (r *bankReader) where(config int) string {
	if r.keyText != "" {
		return fmt.Sprintf(" for %q", r.keyText)
	}
	parts := make([]string, len(r.given))
	for i, g := range slices.Backward(r.given) {
		code := config % g.Slots()
		config /= g.Slots()
		value := "null"
		if code < g.Domain.Size() {
			value = g.Domain.Label(code)
		}
		parts[i] = g.Name + "=" + value
	}
	if len(parts) == 0 {
		return ""
	}
	return " for " + strings.Join(parts, ", ")
}

// contentKey returns a key that only equal lists share, of the same rows if rows is set.
func contentKey(list []entry, rows bool) string {
	key := make([]byte, 0, 12*len(list))
	for _, e := range list {
		key = binary.LittleEndian.AppendUint32(key, uint32(e.code))
		key = binary.LittleEndian.AppendUint64(key, math.Float64bits(e.weight))
		if rows {
			key = binary.LittleEndian.AppendUint32(key, uint32(e.row))
		}
	}
	return string(key)
}

// drawer finds the entry that a word draws by inverse transform with a guide
// table (Chen and Asau, "On generating random variates from an empirical
// distribution", AIIE Transactions 6, 1974), which takes about two comparisons
// for a list of any length.
type drawer struct {
	*bank
	given lister
	lists []int32 // number of the list of each row of the batch
	shift []uint8 // per list: low bits of a word that the guide ignores
	first []int32 // per list: where its part of guide begins
	guide []int32 // entry where the search begins, by list and high bits of the word
}

func (b *bank) bind(env *Env) drawer {
	given, _ := b.bindLists(env)
	d := drawer{bank: b, given: given}
	for i := range len(b.Start) - 1 {
		from, to := b.Start[i], b.Start[i+1]
		width := bits.Len(uint(to - from - 1))
		d.shift = append(d.shift, uint8(32-width))
		d.first = append(d.first, int32(len(d.guide)))
		k := from
		for slot := range uint64(1) << width {
			for uint64(b.Upto[k]) < slot<<(32-width) {
				k++
			}
			d.guide = append(d.guide, k)
		}
	}
	return d
}

// draw returns the entry of a list (from 1) that a word draws.
func (d *drawer) draw(list int32, word uint32) int32 {
	k := d.guide[d.first[list-1]+int32(word>>d.shift[list-1])]
	for d.Upto[k] < word {
		k++
	}
	return k
}

// width returns how many of the 2^32 words draw an entry of a list (from 0).
func (b *bank) width(list, entry int32) uint64 {
	width := uint64(b.Upto[entry]) + 1
	if entry > b.Start[list] {
		width -= uint64(b.Upto[entry-1]) + 1
	}
	return width
}
