package check

import (
	"fmt"
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/wire"
)

var uniqueCheck = definition{kind: KindUnique, compile: compileUnique}

// unique: no two persons have the same id.
type unique struct {
	temp    *tempFiles
	columns []uniqueColumn
}

type uniqueColumn struct {
	column      int
	constructed bool // its values are unique by construction
	compared    bool // they are compared all the same
}

func compileUnique(s *shared) check {
	u := &unique{temp: s.temp}
	for i := range s.plan.Fields {
		if s.identifies(i) {
			constructed := s.constructed(i)
			u.columns = append(u.columns, uniqueColumn{i, constructed, !constructed || !s.options.Constructed})
		}
	}
	if u.columns == nil {
		return nil
	}
	return u
}

type uniqueTally struct {
	*unique
	ids []*distinct // per column that is compared, else nil
}

func (u *unique) newTally(*accumulators) tally {
	t := &uniqueTally{unique: u}
	for _, x := range u.columns {
		var ids *distinct
		if x.compared {
			ids = &distinct{temp: u.temp}
		}
		t.ids = append(t.ids, ids)
	}
	return t
}

func (t *uniqueTally) add(b *frame.Batch) {
	for i, x := range t.columns {
		if !x.compared {
			continue
		}
		c, typ := &b.Columns[x.column], b.Schema[x.column].Type
		for r := range b.N {
			if c.IsNull(typ, r) {
				continue
			}
			var f fingerprint
			f.value(b, x.column, r)
			t.ids[i].add(f.finish(), b.First+int64(r))
		}
	}
}

func (t *uniqueTally) merge(o tally) {
	for i, ids := range t.ids {
		if ids != nil {
			ids.merge(o.(*uniqueTally).ids[i])
		}
	}
}

// code leaves out the fingerprints: see Tally.WriteFingerprints.
func (t *uniqueTally) code(*wire.Coder) {}

func (t *uniqueTally) distinct() []*distinct {
	return slices.DeleteFunc(slices.Clone(t.ids), func(ids *distinct) bool { return ids == nil })
}

func (u *unique) judge(j *judging, t tally) (out []finding, _ error) {
	for i, x := range u.columns {
		name := j.plan.Fields[x.column].Name
		o := Outcome{ID: "unique." + name, Kind: KindUnique, Name: name, Fields: []string{name}, Message: "every value occurs once"}
		if x.constructed {
			o.Message += ", by construction"
		}
		var r repeats
		if x.compared {
			var err error
			if r, err = t.(*uniqueTally).ids[i].search(); err != nil {
				return nil, err
			}
		}
		if r.count > 0 {
			o.Status, o.Persons, o.Rows = Fail, r.count, r.rows
			o.Message = fmt.Sprintf("%s with the value of an earlier one: person %d has that of person %d", persons(r.count), r.rows[1], r.rows[0])
		}
		out = append(out, only(o)...)
	}
	return out, nil
}
