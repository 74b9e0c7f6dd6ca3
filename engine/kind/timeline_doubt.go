package kind

import (
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/spec"
)

// doubtEvents warns of events that nobody can have, and of ages at which persons can have
// fewer events than they should, as far as the years of birth are known.
func (c *Compiler) doubtEvents(s *spec.Field, f *Field, p *timeline, from *bank, life lifeSpan) {
	if !life.known {
		return
	}
	c.doubtNever(p, from, life)
	c.doubtFew(s, p, f, life)
}

// doubtNever warns of events whose years have passed or are to come for everyone.
func (c *Compiler) doubtNever(p *timeline, from *bank, life lifeSpan) {
	var never []int
	drawn := make([]bool, len(p.Rows))
	for _, row := range from.Rows {
		drawn[row] = true
	}
	reached := p.reached()
	for i := range p.Rows {
		possible := !drawn[i]
		if !possible && !reached[i] {
			never = append(never, from.selected[i])
			continue
		}
		for birth := life.low; birth <= life.high && !possible; birth++ {
			possible = p.Rows[i].years(birth, p.Until) > 0
		}
		if !possible {
			never = append(never, from.selected[i])
		}
	}
	if len(never) > 0 {
		label := from.file.Rows[never[0]]
		c.Diags.Warnf(from.file.Place(never[0], 0), "never", "%s of %s: nobody can have the event, in its years at its ages and after the events that it names; the first is %q", humanize.Count(len(never), "row", "rows"), from.file.Path, strings.Join(label, ",")).
			WithHint("correct its ages, years and other events, or leave the rows out with where or drop; persons are born from %d to %d, and lives are told until %d", life.low, life.high, p.Until)
	}
}

// reached says which rows of the bank have events that can come after the events that they
// name: none of these depends on the event itself, or is one that it excludes.
func (p *timeline) reached() []bool {
	events := map[int32]bool{}
	for _, e := range p.Placed {
		events[e.Event] = true
	}
	reached := make([]bool, len(p.Rows))
	for changed := true; changed; {
		changed = false
		for k, code := range p.Bank.Codes {
			row := p.Bank.Rows[k]
			missing := slices.ContainsFunc(p.Rows[row].After, func(other int32) bool { return !events[other] || slices.Contains(p.Rows[row].Excludes, other) })
			if !reached[row] && !missing {
				reached[row], events[code], changed = true, true, true
			}
		}
	}
	return reached
}

// years returns the number of years in which a person can have the event.
func (e *eventRow) years(birth, last int64) int64 {
	return max(0, min(birth+e.ToAge, e.ToYear, last)-max(birth+e.FromAge, e.FromYear)+1)
}

// possible returns the number of events that a person can draw from a list, from 1, 0 for
// none: those that come after no other, without regard to what others exclude.
func (p *timeline) possible(list int32, birth, last int64) (n int) {
	if list == 0 {
		return 0
	}
	for e := p.Bank.Start[list-1]; e < p.Bank.Start[list]; e++ {
		row := &p.Rows[p.Bank.Rows[e]]
		if row.After != nil {
			continue
		}
		n += int(min(int64(row.Times), row.years(birth, last)))
	}
	return n
}

// always returns the number of placed events that everyone has.
func (p *timeline) always(find map[string]*Field) (n int) {
	for _, e := range p.Placed {
		if f := find[e.Year.Field]; e.When == nil && e.Each == "" && f != nil && !f.Nullable {
			n++
		}
	}
	return n
}

// doubtFew warns of ages or years of birth for which the bank has too few events.
func (c *Compiler) doubtFew(s *spec.Field, p *timeline, f *Field, life lifeSpan) {
	const most = 1 << 16 // combinations of values that are looked into
	need := p.Least - p.always(c.Fields)
	given := p.Bank.Given
	if need <= 0 || len(given.Case) > most {
		return
	}
	low, n, what := life.low, int(life.high-life.low+1), "born in"
	if life.age != nil {
		low, n, what = life.age.Domain.Min, life.age.Domain.Size(), "aged"
	}
	ages := make([][][]bool, len(given.Fields)) // at which each field can have each code, nil for all
	for k, name := range given.Fields {
		ages[k] = make([][]bool, given.Slots[k])
		for code := range ages[k] {
			if of := c.Fields[name]; of != nil && life.age != nil {
				ages[k][code] = c.agesWith(life.age, of, code)
			}
		}
	}
	fewest := make([]int, n)   // events by age
	example := make([]int, n)  // combination
	seen := map[[2]int64]int{} // events by list and age
	for i := range fewest {
		fewest[i] = need
	}
	codes := make([]int, len(given.Fields))
	lists := given.Case
	if p.Bank.Key != nil {
		lists = nil
		for list := range len(p.Bank.Start) - 1 {
			lists = append(lists, int32(list)+1)
		}
	}
	for config, list := range lists {
		rest := config
		for k := len(codes) - 1; k >= 0; k-- {
			codes[k] = rest % given.Slots[k]
			rest /= given.Slots[k]
		}
		for i := range fewest {
			fits := true
			for k, code := range codes {
				fits = fits && (ages[k][code] == nil || ages[k][code][i])
			}
			if !fits {
				continue
			}
			key := [2]int64{int64(list), int64(i)}
			events, known := seen[key]
			if !known {
				events = p.fewestAt(list, low+int64(i), life)
				seen[key] = events
			}
			if events < fewest[i] {
				fewest[i], example[i] = events, config
			}
		}
	}
	var ranges []string
	first := -1
	for i := 0; i < n; i++ {
		if fewest[i] >= need {
			continue
		}
		if first < 0 {
			first = i
		}
		from := i
		for i+1 < n && fewest[i+1] < need {
			i++
		}
		if text := fmt.Sprint(low + int64(from)); i > from {
			ranges = append(ranges, text+" to "+fmt.Sprint(low+int64(i)))
		} else {
			ranges = append(ranges, text)
		}
	}
	if first < 0 {
		return
	}
	if len(ranges) > 6 {
		ranges = append(ranges[:6], "others")
	}
	of := ""
	for k, code := range given.codes(example[first]) {
		value := "null"
		if d := c.Fields[given.Fields[k]].Domain; code < d.Size() {
			value = d.Label(code)
		}
		of += ", " + given.Fields[k] + "=" + value
	}
	c.Diags.Warnf(s.Body.Get("count").Place, "few-events", "persons %s %s may have fewer than %d events: for example, the bank has %d for those %s %d%s", what, strings.Join(ranges, ", "), p.Least, fewest[first], what, low+int64(first), of).
		WithHint("add events that they can have, or lower the count: it may depend on a field; they get as many events as there are")
}

// fewestAt returns the number of events for an age, or a year of birth if ages are not
// known.
func (p *timeline) fewestAt(list int32, at int64, life lifeSpan) int {
	if life.age == nil {
		return p.possible(list, at, p.Until)
	}
	birth := int64(yearOf(int64(life.on))) - at
	n := p.possible(list, birth, min(p.Until, birth+at))
	if !p.Birth.Age { // some are born in the year before
		n = min(n, p.possible(list, birth-1, min(p.Until, birth-1+at)))
	}
	return n
}

// codes returns the codes of the fields of a configuration.
func (s *Selector) codes(config int) []int {
	codes := make([]int, len(s.Slots))
	for k := len(codes) - 1; k >= 0; k-- {
		codes[k] = config % s.Slots[k]
		config /= s.Slots[k]
	}
	return codes
}
