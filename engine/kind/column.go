package kind

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/table"
	"github.com/personagen/personagen/engine/spec"
)

var columnKind = Kind{
	Name:    "column",
	Uses:    columnUses,
	Compile: compileColumn,
	New:     func() Program { return &column{} },
}

// columnUses returns the choice, and the field that chooses the column.
func columnUses(s *spec.Field) []spec.String {
	names := []spec.String{s.Body.Get("of").AsString()}
	if by := s.Body.Get("column").Get("by"); by != nil {
		names = append(names, by.AsString())
	}
	return names
}

// hasColumns reports whether a field takes columns of the rows of the choice, has them as
// keys, or counts records by one.
func (r *bankReader) hasColumns() bool {
	return r.field.Kind == timelineName || slices.ContainsFunc(r.Spec.Fields, func(f spec.Field) bool {
		switch f.Kind {
		case columnKind.Name:
			return f.Body.Get("of").String == r.field.Name
		case recordsName:
			return slices.ContainsFunc(f.Body.Get("groups").Fields, func(g spec.Named) bool {
				of := g.Value.Get("count").Get("of")
				return of != nil && of.String == r.field.Name
			})
		}
		return slices.ContainsFunc(keyUses(&f), func(of spec.String) bool { return of.Value == r.field.Name })
	})
}

// addRows appends the rows of the list that addList has appended.
func (b *bank) addRows(list []entry) {
	for _, e := range list {
		if e.weight > 0 {
			row, _ := slices.BinarySearch(b.selected, e.row)
			b.Rows = append(b.Rows, int32(row))
		}
	}
}

// column has a cell of the row that a choice has drawn.
type column struct {
	Of string `json:"of"` // the choice
	// By chooses the column: case i+1 is Columns[i]. It is nil if there is one column.
	By      *Selector `json:"by,omitempty"`
	Columns []cells   `json:"columns"`
}

// cells are the cells of a column, by row of the choice.
type cells struct {
	Codes   []int32   `json:"codes,omitempty"`   // of texts: codes of the field's labels, -1 for an empty cell
	Numbers []float64 `json:"numbers,omitempty"` // of numbers
	Empty   []int32   `json:"empty,omitempty"`   // rows without a number, ascending
}

func compileColumn(c *Compiler, s *spec.Field, f *Field) {
	f.Class = Drawn
	f.Nullable = true
	from := c.rowsOf(s.Body.Get("of").AsString())
	p, empty := c.readColumn(s, f, from)
	if p == nil {
		return
	}
	p.Of = s.Body.Get("of").String
	of := c.Fields[p.Of]
	f.Nullable = s.When != nil || empty || of.Nullable || from.Key == nil && slices.Contains(from.Given.Case, 0) || p.By != nil && slices.Contains(p.By.Case, 0)
	f.Inputs = append([]string{p.Of}, from.inputs(c)...)
	if p.By != nil && !slices.Contains(f.Inputs, p.By.Fields[0]) {
		f.Inputs = append(f.Inputs, p.By.Fields[0])
	}
	f.Program = p
}

// readColumn sets the type of a field of cells and reads them from the rows of entries. It
// returns nil after it has reported a fault, and whether a cell is empty.
func (c *Compiler) readColumn(s *spec.Field, f *Field, from *bank) (p *column, empty bool) {
	f.setColumnType(s)
	if from == nil {
		return nil, false
	}
	file := from.file
	p = &column{}
	at := s.Body.Get("column")
	var columns []int
	if at.Kind == spec.StructNode {
		x := c.readForms(at, file)
		if x == nil {
			return nil, false
		}
		columns = x.columns
		p.By = newSelector(x.by)
		for code, form := range x.form {
			p.By.Case[code] = form + 1
		}
	} else {
		i, ok := c.Column(file, at.AsString())
		if !ok {
			return nil, false
		}
		columns = []int{i}
	}
	ok := true
	for _, i := range columns {
		r := cellReader{Compiler: c, file: file, column: i, integer: f.Type == frame.Integer, field: f, body: s.Body}
		ok = r.read(from) && ok
		p.Columns = append(p.Columns, r.cells)
		empty = empty || r.empty
	}
	if !ok {
		return nil, false
	}
	return p, empty
}

// setColumnType sets the type of a field of cells.
func (f *Field) setColumnType(s *spec.Field) {
	kind := ""
	if n := s.Body.Get("type"); n != nil {
		kind = n.String
	}
	switch kind {
	case "integer":
		f.Type, f.Decimals = frame.Integer, 0
	case "number":
		f.Type = frame.Number
	default:
		f.Type, f.Domain = frame.Category, &Domain{}
	}
}

// rowsOf returns the entries of a choice whose rows a field takes cells of. It returns
// nil after it has reported a fault.
func (c *Compiler) rowsOf(name spec.String) *bank {
	of := c.Fields[name.Value]
	if of != nil && strings.Contains(name.Value, ".") {
		c.Diags.Errorf(name.Place, "not-a-choice", "the row that %q draws is not one of this record", name.Value).WithHint("name a choice of the record, or make the column a field beside that choice")
		return nil
	}
	if of == nil {
		c.FiniteField(name.Value, name.Place) // reports a name that no field has
		return nil
	}
	p, ok := of.Program.(*choice)
	switch {
	case !ok:
		c.Diags.Errorf(name.Place, "not-a-choice", "field %q is a %s, which draws no row of a file", of.Name, of.Kind).
			WithHint("name a choice whose entries are in a file; labels of a category are translated by a group")
		return nil
	case p.file == nil:
		c.Diags.Errorf(name.Place, "not-a-choice", "the entries of %q are in the spec, and have no columns", of.Name).WithHint("move the entries to a CSV file")
		return nil
	}
	return &p.bank
}

// cellReader reads the cells of a column.
type cellReader struct {
	*Compiler
	file    *table.File
	column  int
	integer bool
	field   *Field
	body    *spec.Node
	cells   cells
	empty   bool // a cell is empty
}

// read reads the cells of every row of a choice. It returns false after it has reported
// a fault.
func (r *cellReader) read(from *bank) bool {
	drawn := from.drawnRows()
	ok, faults := true, 0
	for i, row := range from.selected {
		switch {
		case !drawn[i] && r.field.Domain != nil:
			r.cells.Codes = append(r.cells.Codes, -1)
		case !drawn[i]:
			r.add(i, 0, true)
		case r.field.Domain != nil:
			r.cells.Codes = append(r.cells.Codes, r.code(row))
		case !r.number(i, row):
			ok = false
			if faults++; faults >= table.MaxFaults {
				return false
			}
		}
	}
	if ok && r.field.Domain != nil && len(r.field.Domain.Labels) == 0 {
		r.Diags.Errorf(r.body.Get("column").Place, "empty-column", "every cell of column %q of %s is empty", r.file.Header[r.column], r.file.Path).WithHint("name another column")
		return false
	}
	return ok
}

// code returns the code of a text, -1 for an empty cell.
func (r *cellReader) code(row int) int32 {
	text := r.file.Rows[row][r.column]
	if to := r.body.Get("map").Get(text); to != nil {
		text = to.String
	}
	if text == "" {
		r.empty = true
		return -1
	}
	return r.field.Domain.addLabel(text) - 1
}

// number reads a number. It returns false after it has reported a fault.
func (r *cellReader) number(i, row int) bool {
	x, err := r.file.Number(row, r.column)
	switch {
	case errors.Is(err, table.ErrEmpty), errors.Is(err, table.ErrMissing):
		r.empty = true
		r.add(i, 0, true)
		return true
	case err != nil:
		r.reportCell(r.file, row, r.column, err, `write a number, or make the field a text: type: "text"`)
		return false
	case r.integer && x != math.Trunc(x):
		r.Diags.Errorf(r.file.Place(row, r.column), "not-whole", "column %q: %v is not a whole number", r.file.Header[r.column], x).WithHint(`make the field a number: type: "number"`)
		return false
	}
	r.add(i, x, false)
	return true
}

func (r *cellReader) add(i int, x float64, empty bool) {
	r.cells.Numbers = append(r.cells.Numbers, x)
	if empty {
		r.cells.Empty = append(r.cells.Empty, int32(i))
	}
}

// Range returns the least and the greatest number.
func (p *column) Range() (low, high float64, ok bool) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, c := range p.Columns {
		for i, x := range c.Numbers {
			if _, empty := slices.BinarySearch(c.Empty, int32(i)); !empty {
				low, high, ok = min(low, x), max(high, x), true
			}
		}
	}
	return low, high, ok
}

func (p *column) bounds() (least, greatest float64) {
	if low, high, ok := p.Range(); ok {
		return low, high
	}
	return math.Inf(-1), math.Inf(1)
}

func (p *column) Bind(env *Env) Filler {
	of := env.Index(p.Of)
	f := &columnFiller{p: p, typ: env.Field.Type, of: of, entries: env.Fields[of].Entries(env)}
	if p.By != nil {
		f.by = p.By.Bind(env)
	}
	for _, c := range p.Columns {
		var empty []bool
		if c.Codes == nil {
			empty = make([]bool, len(c.Numbers))
			for _, row := range c.Empty {
				empty[row] = true
			}
		}
		f.empty = append(f.empty, empty)
	}
	return f
}

type columnFiller struct {
	p       *column
	typ     frame.Type
	of      int // column of the choice
	by      *BoundSelector
	entries *Entries
	empty   [][]bool // per column and row: there is no number
	lists   []int32
	forms   []int32
}

func (p *columnFiller) Fill(b *frame.Batch, c *frame.Column) {
	p.lists = p.entries.RowLists(b, p.lists)
	if p.by != nil {
		p.forms = p.by.Cases(b, p.forms)
	}
	for r, code := range b.Columns[p.of].Codes[:b.N] {
		row, form := int32(-1), 0
		if p.by != nil {
			form = int(p.forms[r]) - 1
		}
		if form >= 0 {
			row = p.entries.row(p.lists[r], code)
		}
		p.set(b, c, r, form, row)
	}
}

// set sets the value of person r to a cell, null for row -1.
func (p *columnFiller) set(b *frame.Batch, c *frame.Column, r, form int, row int32) {
	if p.typ == frame.Category {
		c.Codes[r] = -1
		if row >= 0 {
			c.Codes[r] = p.p.Columns[form].Codes[row]
		}
		return
	}
	switch {
	case row < 0 || p.empty[form][row]:
		c.SetNull(p.typ, r, b.N)
	case p.typ == frame.Integer:
		c.Ints[r] = int64(p.p.Columns[form].Numbers[row])
	default:
		c.Floats[r] = p.p.Columns[form].Numbers[row]
	}
}

// validate checks a column that has been read against the fields of its plan.
func (p *column) validate(f *Field, find func(name string) *Field) error {
	of := find(p.Of)
	if of == nil {
		return fmt.Errorf("there is no field %q", p.Of)
	}
	q, ok := of.Program.(*choice)
	if !ok || len(q.Rows) != len(q.Codes) {
		return fmt.Errorf("the entries of %q have no rows", p.Of)
	}
	if len(p.Columns) == 0 {
		return errors.New("it has no column")
	}
	if p.By != nil && (len(p.By.Fields) != 1 || slices.ContainsFunc(p.By.Case, func(k int32) bool { return k < 0 || int(k) > len(p.Columns) })) {
		return errors.New("it has not a column for each form")
	}
	rows := int32(-1)
	for _, row := range q.Rows {
		if row < 0 {
			return fmt.Errorf("an entry of %q has row %d", p.Of, row)
		}
		rows = max(rows, row)
	}
	for _, c := range p.Columns {
		texts := f.Type == frame.Category
		if texts && len(c.Codes) <= int(rows) || !texts && len(c.Numbers) <= int(rows) {
			return fmt.Errorf("a column has fewer cells than %q has rows", p.Of)
		}
		if texts && slices.ContainsFunc(c.Codes, func(code int32) bool { return code < -1 || int(code) >= f.Domain.Size() }) {
			return errors.New("a cell has a label that the field does not have")
		}
		if slices.ContainsFunc(c.Empty, func(row int32) bool { return row < 0 || int(row) >= len(c.Numbers) }) || !slices.IsSorted(c.Empty) {
			return errors.New("its empty cells are not rows")
		}
	}
	return nil
}
