package check

import (
	"fmt"

	"github.com/personagen/personagen/engine/frame"
)

var uniqueCheck = definition{kind: KindUnique, compile: compileUnique}

// unique: no two persons have the same id.
type unique struct {
	temp    *tempFiles
	columns []int
}

func compileUnique(s *shared) check {
	u := &unique{temp: s.temp}
	for i := range s.plan.Fields {
		if s.identifies(i) {
			u.columns = append(u.columns, i)
		}
	}
	if u.columns == nil {
		return nil
	}
	return u
}

type uniqueTally struct {
	*unique
	ids []*distinct // per column
}

func (u *unique) newTally(*accumulators) tally {
	t := &uniqueTally{unique: u}
	for range u.columns {
		t.ids = append(t.ids, &distinct{temp: u.temp})
	}
	return t
}

func (t *uniqueTally) add(b *frame.Batch) {
	for i, column := range t.columns {
		c, typ := &b.Columns[column], b.Schema[column].Type
		for r := range b.N {
			if c.IsNull(typ, r) {
				continue
			}
			var f fingerprint
			f.value(b, column, r)
			t.ids[i].add(f.finish(), b.First+int64(r))
		}
	}
}

func (t *uniqueTally) merge(o tally) {
	for i := range t.ids {
		t.ids[i].merge(o.(*uniqueTally).ids[i])
	}
}

func (u *unique) judge(j *judging, t tally) (out []finding, _ error) {
	for i, column := range u.columns {
		name := j.plan.Fields[column].Name
		o := Outcome{ID: "unique." + name, Kind: KindUnique, Name: name, Fields: []string{name}, Message: "every value occurs once"}
		r, err := t.(*uniqueTally).ids[i].search()
		if err != nil {
			return nil, err
		}
		if r.count > 0 {
			o.Status, o.Persons, o.Rows = Fail, r.count, r.rows
			o.Message = fmt.Sprintf("%s with the value of an earlier one: person %d has that of person %d", persons(r.count), r.rows[1], r.rows[0])
		}
		out = append(out, only(o)...)
	}
	return out, nil
}
