package kind

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/table"
	"github.com/personagen/personagen/engine/spec"
)

// termValues are the values that a term is compared with.
type termValues struct {
	what, name string // "field" or "column"
	numbers    bool   // rather than texts
	all        func() []string
	has        func(string) bool
	summary    string
}

// doubtTerm warns of a term that no value of its field meets, or that names values
// that the field does not have, and says what was probably meant.
func (c *Compiler) doubtTerm(t *spec.Term, f *Field, met bool) {
	has := func(label string) bool { _, ok := f.Domain.Index(label); return ok }
	c.doubtValues(t, met, termValues{"field", f.Name, f.Domain.Integer, f.Domain.AllLabels, has, f.Domain.Summary()})
}

// doubtCells is doubtTerm for a term about a column of a file. Its cells are texts,
// the keys of the map.
func (c *Compiler) doubtCells(t *spec.Term, column string, cells map[string]bool, met bool) {
	has := func(text string) bool { _, ok := cells[text]; return ok }
	all := slices.Sorted(maps.Keys(cells))
	const most = 8
	summary := strings.Join(all[:min(len(all), most)], ", ")
	if len(all) > most {
		summary += ", …, " + all[len(all)-1]
	}
	c.doubtValues(t, met, termValues{"column", column, false, func() []string { return all }, has, summary})
}

// doubtValues compares a term with the values of a field or column. It is met if some
// value meets it.
func (c *Compiler) doubtValues(t *spec.Term, met bool, v termValues) {
	var unknown []string
	for _, n := range t.Names {
		if v.numbers || !v.has(n) {
			unknown = append(unknown, n)
		}
	}
	misread := ""
	if t.OtherKinds && !v.numbers {
		misread = acceptedOtherwise(t, v.all())
	}
	if met && len(unknown) == 0 && misread == "" {
		return
	}
	hint := "the values are " + v.summary
	switch {
	case misread != "" && !strings.ContainsAny(t.Text, "<>!"):
		hint = fmt.Sprintf("the values of %s %q are texts, in quotation marks: write %q", v.what, v.name, misread)
	case t.OtherKinds && !v.numbers:
		hint = fmt.Sprintf("the values of %s %q are texts, in quotation marks: %s", v.what, v.name, v.summary)
	case v.numbers && len(unknown) > 0 && unquoted(unknown[0]):
		hint = fmt.Sprintf("the values of %s %q are numbers: write %s without quotation marks", v.what, v.name, unknown[0])
	case len(unknown) > 0 && !v.numbers:
		if g := diag.Guess(unknown[0], v.all()); g != "" {
			hint = fmt.Sprintf("did you mean %q?", g)
		}
	}
	switch {
	case !met:
		c.Diags.Warnf(t.Place, "never-holds", "no value of %s %q satisfies %s", v.what, v.name, t.Text).WithHint("%s", hint)
	case misread != "":
		c.Diags.Warnf(t.Place, "never-holds", "%s is no value of %s %q, in the condition %s", misread, v.what, v.name, t.Text).WithHint("%s", hint)
	default:
		d := c.Diags.Warnf(t.Place, "never-holds", "%q is not a value of %s %q, in the condition %s", unknown[0], v.what, v.name, t.Text).WithHint("%s", hint)
		if n := len(unknown) - 1; n > 0 {
			d.Note("nor is %s", quotedList(unknown[1:]))
		}
	}
}

// acceptedOtherwise returns a label that a term would accept if it were a number or a
// truth value, "" if there is none.
func acceptedOtherwise(t *spec.Term, labels []string) string {
	for _, l := range labels {
		var value any
		if n, err := strconv.ParseInt(l, 10, 64); err == nil {
			value = n
		} else if x, err := table.ParseNumber(l); err == nil {
			value = x
		} else if l == "true" || l == "false" {
			value = l == "true"
		} else {
			continue
		}
		if t.Accept(value) && !t.Accept(l) {
			return l
		}
	}
	return ""
}

// unquoted reports whether a text would be a constraint on numbers without its
// quotation marks.
func unquoted(text string) bool {
	text = strings.TrimLeft(text, "<>=! ")
	_, err := table.ParseNumber(text)
	return err == nil
}

func quotedList(texts []string) string {
	var all []string
	for _, t := range texts {
		all = append(all, strconv.Quote(t))
	}
	return strings.Join(all, ", ")
}
