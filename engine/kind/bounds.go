package kind

import "math"

// Bounds are the least and the greatest value that a field of integers or
// numbers can have, infinite where nothing limits it.
func (f *Field) Bounds() (least, greatest float64) {
	if p, ok := f.Program.(*number); ok {
		l := p.Limits
		if l.Round > 0 {
			return l.lowest(), l.highest()
		}
		least, greatest = math.Inf(-1), math.Inf(1)
		if l.Min != nil {
			least = *l.Min
		}
		if l.Max != nil {
			greatest = *l.Max
		}
		return least, greatest
	}
	if d := f.Domain; d != nil && d.Integer {
		return float64(d.Min), float64(d.Max)
	}
	return math.Inf(-1), math.Inf(1)
}

// MostItems is the largest number of items of a list.
func (f *Field) MostItems() int {
	if p, ok := f.Program.(*list); ok {
		return p.Max
	}
	if f.Text != nil && f.Text.Items != nil {
		return f.Text.Items.Max
	}
	return 0
}

// Sets are the values that each field of a selector may have for case 1, by
// position among its slots, when these decide case by case: nil when case 1
// depends on how the values of several fields meet.
func (s *Selector) Sets() [][]bool {
	sets := make([][]bool, len(s.Fields))
	for i, n := range s.Slots {
		sets[i] = make([]bool, n)
	}
	each := func(visit func(k int, at []int)) {
		at := make([]int, len(s.Slots))
		for k := range s.Case {
			visit(k, at)
			for i := len(at) - 1; i >= 0; i-- {
				if at[i]++; at[i] < s.Slots[i] {
					break
				}
				at[i] = 0
			}
		}
	}
	each(func(k int, at []int) {
		for i, v := range at {
			sets[i][v] = sets[i][v] || s.Case[k] == 1
		}
	})
	whole := true
	each(func(k int, at []int) {
		inside := true
		for i, v := range at {
			inside = inside && sets[i][v]
		}
		whole = whole && inside == (s.Case[k] == 1)
	})
	if !whole {
		return nil
	}
	return sets
}
