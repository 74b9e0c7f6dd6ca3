package check

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/kind"
)

// Sources that are not models.
const (
	Offline = "offline" // the offline narrator
	Unknown = "unknown" // not known
)

// sourcesPlan is the column that says who wrote a person's texts.
type sourcesPlan struct {
	column int
	fields []textField
}

// compileSources returns nil when no field says who wrote the texts.
func compileSources(b *basis, texts []textField) (p *sourcesPlan) {
	for i, f := range b.plan.Fields {
		if f.Meaning() == kind.Provenance {
			p = &sourcesPlan{column: i, fields: texts}
		}
	}
	return p
}

// sources counts who wrote the texts.
type sources struct {
	plan   *sourcesPlan
	counts []map[string]int64 // per text field, texts by source
	// unsourced are persons with a text of unknown source.
	unsourced violations
}

func (p *sourcesPlan) newTally() *sources {
	t := &sources{plan: p}
	for range p.fields {
		t.counts = append(t.counts, map[string]int64{})
	}
	return t
}

func (t *sources) add(b *frame.Batch) {
	parsed := map[string]map[string]string{} // few: most rows are the same
	col := &b.Columns[t.plan.column]
	for r := range b.N {
		text := ""
		if !col.IsNull(frame.Text, r) {
			text = col.Texts[r]
		}
		by, ok := parsed[text]
		if !ok {
			by = ParseSource(text)
			parsed[text] = by
		}
		unsourced := false
		for i, c := range t.plan.fields {
			if b.Columns[c.column].IsNull(c.field.Type, r) {
				continue
			}
			source, ok := by[c.field.Name]
			if !ok {
				source = by[""]
			}
			unsourced = unsourced || source == Unknown
			t.counts[i][source]++
		}
		if unsourced {
			t.unsourced.add(b.First + int64(r))
		}
	}
}

func (t *sources) merge(other tally) {
	o := other.(*sources)
	for i, counts := range o.counts {
		for source, n := range counts {
			t.counts[i][source] += n
		}
	}
	t.unsourced.merge(&o.unsourced)
}

func (t *sources) code(c *wire.Coder) {
	for i := range t.counts {
		wire.Map(c, &t.counts[i], maxSources, c.Text, c.Count)
	}
	t.unsourced.code(c)
}

// maxSources is more than the writers of the texts of a population.
const maxSources = 1 << 16

// total adds up the texts of some fields by source.
func (t *sources) total(fields []string) map[string]int64 {
	out := map[string]int64{}
	for i, c := range t.plan.fields {
		if slices.Contains(fields, c.field.Name) {
			for source, n := range t.counts[i] {
				out[source] += n
			}
		}
	}
	return out
}

// of lists who wrote the texts of a field, and the share that models wrote; nil
// when it is not known of any.
func (t *sources) of(field string, written int64) ([]TextSource, *float64) {
	counts := t.total([]string{field})
	_, known, model := wroteBy(counts)
	if known == 0 {
		return nil, nil
	}
	share := tidy(float64(model) / float64(written))
	return sortSources(counts, written), &share
}

// wroteBy counts texts, those whose source is known, and those by models.
func wroteBy(sources map[string]int64) (texts, known, model int64) {
	for source, n := range sources {
		texts += n
		if source != Unknown {
			known += n
			if source != Offline {
				model += n
			}
		}
	}
	return texts, known, model
}

// sortSources lists sources by their count, the largest first.
func sortSources(counts map[string]int64, of int64) []TextSource {
	var out []TextSource
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, TextSource{name, counts[name], tidy(float64(counts[name]) / float64(of))})
	}
	slices.SortStableFunc(out, func(a, b TextSource) int { return int(b.Texts - a.Texts) })
	return out
}

// ParseSource reads who wrote a person's texts: one source of all of them, or a
// JSON object of field to source. The source under "" is that of fields not named.
func ParseSource(text string) map[string]string {
	by := map[string]string{}
	if strings.HasPrefix(text, "{") {
		if err := json.Unmarshal([]byte(text), &by); err != nil {
			clear(by)
		}
		text = ""
	}
	if text == "" {
		text = Unknown
	}
	by[""] = text
	for field, source := range by {
		if source == "" {
			by[field] = Unknown
		}
	}
	return by
}
