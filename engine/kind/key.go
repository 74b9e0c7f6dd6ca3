package kind

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/table"
	"github.com/personagen/personagen/engine/spec"
)

// rowKey says which list a person draws from by the row that a choice has drawn.
type rowKey struct {
	Of    string  `json:"of"`    // the choice
	Lists []int32 `json:"lists"` // of each of its rows, from 1; 0 for rows that are never drawn

	keys []string // while fields are compiled: the key of each list
}

// lister finds the lists that persons draw from.
type lister interface {
	// Cases writes the number of each row's list, from 1, to out, which is resized to the
	// batch's length, and returns it. It writes 0 for persons without a list.
	Cases(b *frame.Batch, out []int32) []int32
}

// bindLists returns what finds the lists of a bank, and the fields on which they depend.
func (b *bank) bindLists(env *Env) (lister, []string) {
	if b.Key == nil {
		return b.Given.Bind(env), b.Given.Fields
	}
	of := env.Index(b.Key.Of)
	e := env.Fields[of].Entries(env)
	return &keyLists{key: b.Key, of: of, entries: e}, append([]string{b.Key.Of}, e.Given...)
}

// keyLists finds lists by the rows of a choice. It may be shared by goroutines.
type keyLists struct {
	key     *rowKey
	of      int // column of the choice
	entries *Entries
}

func (k *keyLists) Cases(b *frame.Batch, out []int32) []int32 {
	out = k.entries.RowLists(b, out)
	for r, code := range b.Columns[k.of].Codes[:b.N] {
		list := int32(0)
		if row := k.entries.row(out[r], code); row >= 0 {
			list = k.key.Lists[row]
		}
		out[r] = list
	}
	return out
}

// keyUses returns the choice whose row decides on the entries of a stanza, if there is one.
func keyUses(s *spec.Field) []spec.String {
	if of := s.Body.Get("key").Get("of"); of != nil {
		return []spec.String{of.AsString()}
	}
	return nil
}

// inputs returns the fields that the draw of an entry reads.
func (b *bank) inputs(c *Compiler) []string {
	if b.Key == nil {
		return b.Given.Fields
	}
	return append([]string{b.Key.Of}, c.Fields[b.Key.Of].Program.(*choice).inputs(c)...)
}

// keyReader reads entries that have a key: a cell of a row of another file.
type keyReader struct {
	*bankReader
	node    *spec.Node // the key of the stanza
	from    *bank      // whose rows are the keys
	columns []int      // of the file of from
	column  int        // of the file of the entries
	groups  map[string]*rowGroup
	order   []string // the keys as they appear in the file
}

// keyedBank reads the lists of entries by the rows of a choice. It returns nil after it
// has reported a fault.
func (r *bankReader) keyedBank(node *spec.Node) *bank {
	k := keyReader{bankReader: r, node: node, groups: map[string]*rowGroup{}}
	if k.from = r.rowsOf(node.Get("of").AsString()); k.from == nil || !k.findColumns() || !k.readGroups() {
		return nil
	}
	k.doubtKeys()
	b := k.bank()
	if r.failed {
		return nil
	}
	return b
}

// findColumns finds the columns of the key in both files. It returns false after it has
// reported a fault.
func (k *keyReader) findColumns() bool {
	if n := k.field.Body.Get("column"); k.forms != nil {
		k.Diags.Errorf(n.Place, "key", "entries with a key have one form, and column names several").
			WithHint("name one column, and take the forms with a field of kind \"column\"")
		return false
	}
	for _, name := range k.node.Get("columns").AsStrings() {
		i, ok := k.Column(k.from.file, name)
		if !ok {
			return false
		}
		k.columns = append(k.columns, i)
	}
	name := k.node.Get("columns").AsStrings()[0]
	if n := k.node.Get("column"); n != nil {
		name = n.AsString()
	}
	var ok bool
	k.column, ok = k.Column(k.file, name, "name the column of the key in this file: key: column: \"<column>\"")
	return ok
}

// readGroups reads the selected rows and groups them by their key. It returns false after
// it has reported a fault.
func (k *keyReader) readGroups() bool {
	rows, ok := k.selectRows(k.file, k.rows.Where)
	if !ok {
		return false
	}
	k.selected = rows
	before := len(k.Diags.Items)
	for _, row := range rows {
		if len(k.Diags.Items)-before > table.MaxFaults {
			return false // every row has one: the cause is the same
		}
		e, ok := k.entry(row)
		key := k.file.Rows[row][k.column]
		if key == "" {
			k.Diags.Errorf(k.file.Place(row, k.column), "empty-key", "the key in column %q is empty", k.file.Header[k.column]).
				WithHint("write the key, or leave the row out with where")
			ok = false
		}
		if !ok {
			k.failed = true
			continue
		}
		g := k.groups[key]
		if g == nil {
			g = &rowGroup{}
			k.groups[key], k.order = g, append(k.order, key)
		}
		if k.zipf > 0 {
			e.weight = math.Pow(float64(len(g.rows)+1), -k.zipf)
		}
		g.rows = append(g.rows, e)
	}
	k.doubtWeights()
	k.warnMissing()
	if len(rows) == 0 {
		k.Diags.Errorf(k.bankReader.rows.Place, "no-rows", "no row of %s gives an entry", k.file.Path).WithHint("check where")
		return false
	}
	return !k.failed
}

// doubtKeys warns of keys that no row of the choice has.
func (k *keyReader) doubtKeys() {
	has := map[string]bool{}
	var all []string
	for _, column := range k.columns {
		for _, row := range k.from.selected {
			if cell := k.from.file.Rows[row][column]; !has[cell] {
				has[cell], all = true, append(all, cell)
			}
		}
	}
	var unknown []string
	for _, key := range k.order {
		if !has[key] && (k.any == nil || key != *k.any) {
			unknown = append(unknown, key)
		}
	}
	if len(unknown) == 0 {
		return
	}
	first := unknown[0]
	d := k.Diags.Warnf(k.file.Place(k.groups[first].rows[0].row, k.column), "unknown-key", "%s of %s, so that nobody can have the entries; the first is %q",
		humanize.Count(len(unknown), "key is in no row", "keys are in no row"), k.from.file.Path, first)
	if g := diag.Guess(first, all); g != "" {
		d.WithHint("did you mean %q?", g)
	} else {
		d.WithHint("correct the key, or leave its rows out with where")
	}
}

// bank makes the list of every row of the choice that can be drawn: the entries with the
// key in the first column that has any, and those for every key.
func (k *keyReader) bank() *bank {
	b := &bank{Given: newSelector(), Start: []int32{0}, Key: &rowKey{Of: k.node.Get("of").String}, file: k.file, selected: k.selected}
	b.Key.Lists = make([]int32, len(k.from.selected))
	keepRows := k.hasColumns()
	byKey := map[string]int32{} // numbers of lists
	reported := map[int]bool{}  // rows reported as duplicates
	drawn := k.from.drawnRows()
	var none []string // keys without entries
	for i, row := range k.from.selected {
		if !drawn[i] {
			continue
		}
		key, groups := k.groupsOf(row)
		if groups == nil {
			if !slices.Contains(none, key) {
				none = append(none, key)
			}
			continue
		}
		if list, ok := byKey[key]; ok {
			b.Key.Lists[i] = list
			continue
		}
		k.keyText = key
		list := k.merge(groups, 0, -1, reported)
		if list == nil {
			continue // reported
		}
		byKey[key] = b.addList(list)
		b.Key.keys = append(b.Key.keys, key)
		if keepRows {
			b.addRows(list)
		}
		b.Key.Lists[i] = byKey[key]
		if len(b.Codes) > maxEntries {
			k.reportTooMany()
			k.failed = true
			return nil
		}
	}
	if none != nil {
		k.failed = true
		d := k.Diags.Errorf(k.node.Place, "no-entry", "%s has no entry of %q for %s of rows of %s that can be drawn", k.file.Path, k.field.Name, humanize.Count(len(none), "key", "keys"), k.from.file.Path).
			WithHint("add entries with these keys, or entries for every key, whose cell any names, such as any: \"*\"")
		for i, key := range none {
			if i == 5 {
				d.Note("and %d more", len(none)-i)
				break
			}
			d.Note("%q", key)
		}
	}
	return b
}

// groupsOf returns the entries of a row of the choice, and the key that decides: the cell
// of the first column whose cell has entries. Without any, it is all these cells.
func (k *keyReader) groupsOf(row int) (key string, groups []*rowGroup) {
	if k.any != nil && k.groups[*k.any] != nil {
		groups = append(groups, k.groups[*k.any])
	}
	var cells []string
	for _, column := range k.columns {
		cell := k.from.file.Rows[row][column]
		if g := k.groups[cell]; g != nil && (k.any == nil || cell != *k.any) {
			return cell, append(groups, g)
		}
		cells = append(cells, cell)
	}
	return strings.Join(cells, ", "), groups
}

// drawnRows says which of the rows of a choice can be drawn.
func (b *bank) drawnRows() []bool {
	drawn := make([]bool, len(b.selected))
	for _, row := range b.Rows {
		drawn[row] = true
	}
	return drawn
}

// validateKey checks that a bank of a plan that was read has a list for every row of the
// choice that decides.
func (b *bank) validateKey(find func(name string) *Field) error {
	if b.Key == nil {
		return nil
	}
	seen := map[*rowKey]bool{}
	for key := b.Key; key != nil; {
		if seen[key] {
			return errors.New("its entries depend on themselves")
		}
		seen[key] = true
		of := find(key.Of)
		if of == nil {
			return fmt.Errorf("there is no field %q", key.Of)
		}
		q, ok := of.Program.(*choice)
		if !ok || len(q.Rows) != len(q.Codes) {
			return fmt.Errorf("the entries of %q have no rows", key.Of)
		}
		if slices.ContainsFunc(q.Rows, func(row int32) bool { return row < 0 || int(row) >= len(key.Lists) }) {
			return fmt.Errorf("a row of %q has no list", key.Of)
		}
		key = q.Key
	}
	for _, list := range b.Key.Lists {
		if list < 0 || int(list) >= len(b.Start) {
			return fmt.Errorf("there is no list %d of entries", list)
		}
	}
	return nil
}
