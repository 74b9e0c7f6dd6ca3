package check

import (
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/kind"
)

// entriesPlan lists the choices and lists whose entries a release can show.
type entriesPlan struct {
	options Options
	fields  []entriesField
	untold  map[string][]string // by other field: what decides about its entries
}

// entriesField is a choice or list, whose values are drawn from a list of entries
// that depends on the person's other fields.
type entriesField struct {
	column  int
	name    string
	list    bool // several items
	entries *kind.Entries
	// sampled fields also get the chances of the first persons' values.
	sampled bool
}

func compileEntries(b *basis) *entriesPlan {
	p := &entriesPlan{options: b.options, untold: map[string][]string{}}
	for i, f := range b.plan.Fields {
		if f.Type != frame.Category && f.Type != frame.CategoryList || !b.measurable[f.Name] {
			continue
		}
		switch e := f.Entries(b.env(f)); {
		case e == nil:
		case b.measures(e.Given):
			p.fields = append(p.fields, entriesField{column: i, name: f.Name, list: f.Type == frame.CategoryList, entries: e})
		default:
			p.untold[f.Name] = e.Given
		}
	}
	return p
}

// field returns the position of the field in a column, -1 when there is none.
func (p *entriesPlan) field(column int) int {
	for i := range p.fields {
		if p.fields[i].column == column {
			return i
		}
	}
	return -1
}

// given names what the entries depend on, for messages.
func (f *entriesField) given() string {
	if len(f.entries.Given) == 0 {
		return "the spec"
	}
	return strings.Join(f.entries.Given, ", ")
}

// bounds are the least and most items of a list of entries: those drawn, or all
// entries where there are fewer.
func (f *entriesField) bounds(list int) (least, most int) {
	from, to := f.entries.Range(list)
	return min(f.entries.Min, int(to-from)), min(f.entries.Max, int(to-from))
}

// entries are the values of the current batch as entries of their lists.
type entries struct {
	plan   *entriesPlan
	fields []entriesTally
}

type entriesTally struct {
	lists []int32 // per row, the list of entries; -1 where there is none
	// entry is, per row, the entry of the value or of a list's first item; noEntry
	// where there is none to count, notOpen where any item is not in the list.
	entry []int32
	// chance is the probability of the values of the first persons, 0 for those not
	// seen. Of sampled fields.
	chance []float32
}

const (
	noEntry = -1
	notOpen = -2
)

func (p *entriesPlan) newTally() *entries {
	return &entries{plan: p, fields: make([]entriesTally, len(p.fields))}
}

func (t *entries) add(b *frame.Batch) {
	for i := range t.fields {
		f, x := &t.plan.fields[i], &t.fields[i]
		x.lists, x.entry = f.entries.RowLists(b, x.lists), frame.Grow(x.entry, b.N)
		if f.list {
			x.findFirst(f, &b.Columns[f.column])
		} else {
			x.find(f, &b.Columns[f.column])
		}
		if f.sampled {
			t.sample(b, f, x)
		}
	}
}

// find finds the entry of every row's value.
func (x *entriesTally) find(f *entriesField, c *frame.Column) {
	for r, list := range x.lists {
		switch code := c.Codes[r]; {
		case code < 0: // null, or a label that its own check reports
			x.entry[r] = noEntry
		case list < 0:
			x.entry[r] = notOpen
		default:
			if x.entry[r] = f.entries.Find(list, code); x.entry[r] < 0 {
				x.entry[r] = notOpen
			}
		}
	}
}

// findFirst finds the entry of every row's first item.
func (x *entriesTally) findFirst(f *entriesField, c *frame.Column) {
	for r, list := range x.lists {
		x.entry[r] = noEntry
		if c.Null != nil && c.Null[r] {
			continue
		}
		items := c.Codes[c.Offsets[r]:c.Offsets[r+1]]
		if list < 0 && len(items) > 0 {
			x.entry[r] = notOpen
			continue
		}
		for k, code := range items {
			if code < 0 {
				continue
			}
			switch entry := f.entries.Find(list, code); {
			case entry < 0:
				x.entry[r] = notOpen
			case k == 0:
				x.entry[r] = entry
			}
			if x.entry[r] == notOpen {
				break
			}
		}
	}
}

// sample keeps the chances of the values of the first persons, 1 for no value.
func (t *entries) sample(b *frame.Batch, f *entriesField, x *entriesTally) {
	at, n := t.plan.options.sampled(b)
	if n > 0 && x.chance == nil {
		x.chance = make([]float32, sampleRows)
	}
	for r := range n {
		x.chance[at+r] = 1
		if entry := x.entry[r]; entry >= 0 {
			x.chance[at+r] = float32(f.entries.Share(int(x.lists[r]), entry))
		}
	}
}

func (t *entries) merge(o tally) {
	for i := range t.fields {
		t.fields[i].chance = union(t.fields[i].chance, o.(*entries).fields[i].chance)
	}
}

func (t *entries) code(c *wire.Coder) {
	for i := range t.fields {
		codeChances(c, &t.fields[i].chance)
	}
}
