package compile

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// compileCases reads the words for the values of fields in grammatical cases.
func (n *narrator) compileCases() {
	for _, c := range n.spec.Narrator.Cases {
		var names []string
		for _, f := range n.plan.Fields {
			names = append(names, f.Name)
		}
		if !n.mustBeOneOf(spec.String{Value: c.Name, Place: c.Place}, "field", "unknown-field", names) {
			continue
		}
		f := n.kinds.Fields[c.Name]
		switch {
		case f == nil: // reported
		case f.Type != frame.Category:
			n.diags.Errorf(c.Place, "cases", "field %q is of kind %s, whose values are not labels", f.Name, f.Kind).WithHint("name a category, group, choice or column")
		case c.Value.Get("words") != nil:
			n.listedCases(f, c.Value.Get("words"))
		default:
			n.casesInFile(f, c.Value)
		}
	}
}

// wordCase returns the words of a case, which it adds.
func (n *narrator) wordCase(f *kind.Field, name string) *plan.WordCase {
	for i := range n.cases {
		if x := &n.cases[i]; x.Field == f.Name && x.Name == name {
			return x
		}
	}
	n.cases = append(n.cases, plan.WordCase{Field: f.Name, Name: name, Words: make([]string, f.Domain.Size())})
	return &n.cases[len(n.cases)-1]
}

// listedCases reads words that the spec lists.
func (n *narrator) listedCases(f *kind.Field, words *spec.Node) {
	for _, value := range words.Fields {
		code, ok := f.Domain.Index(value.Name)
		if !ok {
			n.unknownLabel(f, value.Name, value.Place)
			continue
		}
		for _, w := range value.Value.Fields {
			n.wordCase(f, w.Name).Words[code] = w.Value.String
		}
	}
}

// casesInFile reads words from a file. Rows of values that the field does not have are
// left out.
func (n *narrator) casesInFile(f *kind.Field, node *spec.Node) {
	rows := node.FileRows()
	file := n.table(rows)
	if file == nil {
		return
	}
	columns := node.Get("columns")
	if columns == nil {
		n.diags.Errorf(node.Place, "missing", "the columns of the cases are not named").WithHint("name them, for example columns: {gen: %q}", file.Header[len(file.Header)-1])
		return
	}
	from := spec.String{Value: f.Name, Place: rows.Place}
	if named := node.Get("from"); named != nil {
		from = named.AsString()
	}
	at, ok := n.kinds.Column(file, from)
	if !ok {
		return
	}
	selected := n.kinds.SelectRows(file, rows.Where)
	for _, c := range columns.Fields {
		column, ok := n.kinds.Column(file, c.Value.AsString())
		if !ok {
			continue
		}
		x := n.wordCase(f, c.Name)
		for _, r := range selected {
			code, known := f.Domain.Index(file.Rows[r][at])
			word := file.Rows[r][column]
			if !known {
				continue
			}
			if before := x.Words[code]; before != "" && before != word {
				n.diags.Errorf(file.Place(r, column), "two-values", "%q is %q here and %q above", file.Rows[r][at], word, before).WithHint("keep one word for each value")
				return
			}
			x.Words[code] = word
		}
	}
}

// checkCase checks that a case that a phrase uses has a word for every value, and keeps it
// in the plan.
func (n *narrator) checkCase(field, name string, at diag.Place) {
	i := slices.IndexFunc(n.cases, func(x plan.WordCase) bool { return x.Field == field && x.Name == name })
	if i < 0 {
		var known []string
		for _, x := range n.cases {
			if x.Field == field {
				known = append(known, x.Name)
			}
		}
		d := n.diags.Errorf(at, "cases", "there are no words for field %q in a case %q", field, name)
		switch g := diag.Guess(name, known); {
		case g != "":
			d.WithHint("did you mean {%s.%s}?", field, g)
		case known != nil:
			d.WithHint("its cases are %v", known)
		default:
			d.WithHint("give them in narrator: cases: %s: {csv: ..., columns: %s: ...}", field, name)
		}
		return
	}
	x := n.cases[i]
	if slices.ContainsFunc(n.plan.Narrator.Cases, func(c plan.WordCase) bool { return c.Field == field && c.Name == name }) {
		return
	}
	n.plan.Narrator.Cases = append(n.plan.Narrator.Cases, x)
	var missing []string
	for code, word := range x.Words {
		if word == "" {
			missing = append(missing, strconv.Quote(n.kinds.Fields[field].Domain.Label(code)))
		}
	}
	if missing == nil {
		return
	}
	const most = 3
	text := missing[0]
	for i := 1; i < min(len(missing), most); i++ {
		text += ", " + missing[i]
	}
	if more := len(missing) - most; more > 0 {
		text += fmt.Sprintf(" and %s more", humanize.Thousands(int64(more)))
	}
	n.diags.Errorf(at, "cases", "field %q has no word in the case %q for %s", field, name, text).WithHint("add the words; a value that does not change has itself")
}
