package compile

import (
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/phrase"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// compileAxes compiles what decides between forms, if phrases name it.
func (n *narrator) compileAxes() {
	for i := range n.spec.Narrator.Forms {
		forms := &n.spec.Narrator.Forms[i]
		name := forms.Name
		if name.Value == "" {
			name = forms.By
		}
		if name.Value == "" {
			n.diags.Errorf(forms.Place, "forms", "forms by cases have no name").WithHint("give them one, by which phrases call them: name: \"people\"")
			continue
		}
		if slices.ContainsFunc(n.plan.Narrator.Axes, func(a plan.FormAxis) bool { return a.Name == name.Value }) {
			n.diags.Errorf(name.Place, "forms", "two forms are called %q", name.Value).WithHint("give one of them another name")
			continue
		}
		axis := plan.FormAxis{Name: name.Value, Count: max(len(forms.Values), len(forms.Cases))}
		if axis.Of = n.axisOf(forms); axis.Of != nil {
			n.plan.Narrator.Axes = append(n.plan.Narrator.Axes, axis)
		}
	}
}

// axisOf returns the selector of forms: case i+1 has form i. It is nil after a fault.
func (n *narrator) axisOf(forms *spec.Forms) *kind.Selector {
	if forms.Cases == nil {
		f, formOf := n.formsBy(forms)
		if f == nil {
			return nil
		}
		s := &kind.Selector{Fields: []string{f.Name}, Slots: []int{f.Slots()}, Nullable: []bool{f.Nullable}, Min: []int64{f.Domain.Min}}
		for _, form := range formOf {
			s.Case = append(s.Case, form+1)
		}
		return s
	}
	s := n.kinds.Select(forms.Cases)
	if s == nil {
		return nil
	}
	if at := slices.Index(s.Case, 0); at >= 0 {
		var fields []*kind.Field
		for _, name := range s.Fields {
			fields = append(fields, n.kinds.Fields[name])
		}
		n.diags.Errorf(forms.Place, "forms", "no case has %s", plan.SlotName(fields, at)).WithHint("add a case for it; null is a value, too")
		return nil
	}
	return s
}

// contractions returns the contractions of the narrator.
func (n *narrator) contractions() map[string]string {
	var out map[string]string
	for _, c := range n.spec.Narrator.Contractions {
		if out == nil {
			out = map[string]string{}
		}
		out[c.Name] = c.Value.String
	}
	return out
}

// checkForms checks that a phrase has a form for every value or case.
func (n *narrator) checkForms(part *phrase.Part, at diag.Place) {
	axes := n.plan.Narrator.Axes
	switch all := n.spec.Narrator.Forms; {
	case all == nil:
		n.diags.Errorf(at, "forms", "the spec does not say which field decides between forms").WithHint("add narrator: forms: {by: …, values: […]}")
		return
	case !n.spec.Narrator.Axes:
		if count := len(part.Forms); count != len(all[0].Values) {
			n.diags.Errorf(at, "forms", "there are %d forms here, but narrator.forms has %d values of %q", count, len(all[0].Values), all[0].By.Value).WithHint("write one form for each value, in their order")
		}
		return
	case len(axes) < len(all):
		return // reported
	}
	names, _ := phrase.Axes(part.Forms)
	if names == nil {
		names = []string{axes[0].Name}
	}
	count := 1
	for _, name := range names {
		i := slices.IndexFunc(axes, func(a plan.FormAxis) bool { return a.Name == name })
		if i < 0 {
			var known []string
			for _, a := range axes {
				known = append(known, a.Name)
			}
			d := n.diags.Errorf(at, "forms", "narrator.forms has nothing called %q", name)
			if g := diag.Guess(name, known); g != "" {
				d.WithHint("did you mean %q?", g)
			} else {
				d.WithHint("it has %s", strings.Join(known, ", "))
			}
			return
		}
		count *= axes[i].Count
	}
	if len(part.Forms) != count {
		n.diags.Errorf(at, "forms", "there are %d forms here, but %s has %d", len(part.Forms), strings.Join(names, ", "), count).WithHint("write one form for each value or case, in their order; of several, the last changes fastest")
	}
}
