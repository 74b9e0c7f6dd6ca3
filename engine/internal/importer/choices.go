package importer

import (
	"fmt"
	"slices"
	"strings"
)

// Choices are decisions of the user.
type Choices struct {
	Pick    []Choice // the one category of a dimension that is read
	Drop    []Choice // categories that are left out
	Keep    []string // dimensions whose categories are parts of a whole
	Given   []string // dimensions within which the figures are shares
	Unit    string   // category of the dimension of units
	Measure string   // what the figures are: counts, percent or shares
}

// Choice is a category of a dimension, both as the file or the user writes them.
type Choice struct{ Dimension, Category string }

// ChoiceError is a choice that names nothing in the file.
type ChoiceError struct{ Text string }

func (e *ChoiceError) Error() string { return e.Text }

// choose takes the picks and drops of the user.
func (l *looker) choose() error {
	picks := slices.Clone(l.choices.Pick)
	if l.choices.Unit != "" {
		i := slices.IndexFunc(l.Axes, func(a Axis) bool { return a.About == Units })
		for k := range l.Axes { // of several, the one that has it
			if _, ok := l.Cube.Dims[k].Find(l.choices.Unit); ok && l.Axes[k].About == Units {
				i = k
				break
			}
		}
		if i < 0 {
			return &ChoiceError{"--unit: no dimension of the file is about units" + l.unitOfFile()}
		}
		picks = append(picks, Choice{l.Cube.Dims[i].Name(), l.choices.Unit})
	}
	for _, p := range picks {
		i, j, err := l.find(p, "--pick")
		if err != nil {
			return err
		}
		if len(j) > 1 {
			return &ChoiceError{fmt.Sprintf("--pick: %s has %d categories called %q; use a code", l.Cube.Dims[i].Name(), len(j), p.Category)}
		}
		if l.Axes[i].Fixed >= 0 && l.Axes[i].Fixed != j[0] {
			return &ChoiceError{fmt.Sprintf("--pick: two categories of %s are picked", l.Cube.Dims[i].Name())}
		}
		l.Axes[i].Fixed, l.Axes[i].Why = j[0], "picked"
	}
	for _, p := range l.choices.Drop {
		i, found, err := l.find(p, "--drop")
		if err != nil {
			return err
		}
		for _, j := range found {
			if l.Axes[i].Fixed == j {
				return &ChoiceError{fmt.Sprintf("--drop: %s is picked", p.Category)}
			}
			l.drop(i, j, "you chose it")
			if l.dropped[i] == nil {
				l.dropped[i] = map[int]bool{}
			}
			l.dropped[i][j] = true
		}
		if len(l.Kept(i)) == 0 {
			return &ChoiceError{fmt.Sprintf("--drop: no category of %s is left", l.Cube.Dims[i].Name())}
		}
	}
	for flag, names := range map[string][]string{"--keep": l.choices.Keep, "--given": l.choices.Given} {
		for _, k := range names {
			i, ok := l.Cube.Find(k)
			if !ok {
				return &ChoiceError{l.noDimension(flag, k)}
			}
			if flag == "--given" {
				l.Given = append(l.Given, i)
			}
		}
	}
	for i := range l.Axes {
		if kept := l.Kept(i); l.Axes[i].Fixed < 0 && len(kept) == 1 {
			l.Axes[i].Fixed, l.Axes[i].Why = kept[0], "the only category"
		}
	}
	l.implied()
	return nil
}

// implied fixes the units, contents and periods that follow from what is picked: only one
// category has figures then.
func (l *looker) implied() {
	if !slices.ContainsFunc(l.Axes, func(a Axis) bool { return a.Why == "picked" }) {
		return
	}
	const none, several = -1, -2
	for again := true; again; {
		again = false
		only := slices.Repeat([]int{none}, len(l.Axes)) // category with figures, by axis
		var at []int
		for k := range l.Cube.Cells {
			at = l.Cube.Split(l.Cube.Cells[k].At, at)
			inside := true
			for i, j := range at {
				inside = inside && (l.Axes[i].Fixed < 0 || l.Axes[i].Fixed == j)
			}
			for i, j := range at {
				switch {
				case !inside || only[i] == j:
				case only[i] == none:
					only[i] = j
				default:
					only[i] = several
				}
			}
		}
		for i := range l.Axes {
			a := &l.Axes[i]
			if a.Fixed < 0 && only[i] >= 0 && (a.About == Units || a.About == Metrics || a.About == Periods) {
				a.Fixed, a.Why, again = only[i], "the only one of what is picked", true
			}
		}
	}
}

func (l *looker) unitOfFile() string {
	if l.Cube.Unit != "" {
		return fmt.Sprintf("; the unit of all figures is %q", l.Cube.Unit)
	}
	return ""
}

func (l *looker) noDimension(flag, name string) string {
	var names []string
	for i := range l.Cube.Dims {
		names = append(names, fmt.Sprintf("%q", l.Cube.Dims[i].Name()))
	}
	return fmt.Sprintf("%s: the file has no dimension %q; it has %s", flag, name, strings.Join(names, ", "))
}

// find returns the dimension of a choice and its categories: one, or all that have the
// label.
func (l *looker) find(p Choice, flag string) (int, []int, error) {
	i, ok := l.Cube.Find(p.Dimension)
	if !ok {
		return 0, nil, &ChoiceError{l.noDimension(flag, p.Dimension)}
	}
	d := &l.Cube.Dims[i]
	if j, ok := d.Find(p.Category); ok {
		return i, []int{j}, nil
	}
	var found []int
	for j := range d.Categories {
		if strings.EqualFold(d.Categories[j].Label, strings.TrimSpace(p.Category)) {
			found = append(found, j)
		}
	}
	if len(found) > 0 {
		return i, found, nil
	}
	return 0, nil, &ChoiceError{fmt.Sprintf("%s: %s has no category %q; it has %s", flag, d.Name(), p.Category, Examples(d, 8))}
}

// kept reports whether the user says that the categories of a dimension are parts of a
// whole.
func (l *looker) keeps(axis int) bool {
	return slices.ContainsFunc(l.choices.Keep, func(k string) bool {
		i, ok := l.Cube.Find(k)
		return ok && i == axis
	})
}
