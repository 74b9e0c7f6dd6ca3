package compare

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/sketch"
	"github.com/personagen/personagen/engine/spec"
)

// section is a table of the comparison. Heads that end in ">" stand over columns
// set to the right.
type section struct {
	title, note string
	head        []string
	rows        [][]string
}

// Rows of long lists that are printed.
const shownShares = 8

// sections lays the comparison out in tables.
func (c *Comparison) sections(all bool) []section {
	var out []section
	for _, s := range []section{c.setRows(), c.lengthRows(), c.varietyRows(), c.factRows(), c.listRows(), c.valueRows(), c.shareRows(all), c.numberRows()} {
		if len(s.rows) > 0 {
			out = append(out, s)
		}
	}
	return out
}

func (c *Comparison) setRows() section {
	s := section{title: "Data sets", head: []string{"set", "what", "rows>", "characters of text a row>", "model-written>", "from"}}
	for i := range c.Sets {
		x := &c.Sets[i]
		rows, chars, model := "-", "-", "-"
		switch {
		case x.Known != nil:
			rows, chars = known(x.Known.Rows), known(x.Known.RowChars)
		default:
			rows = humanize.Thousands(*x.Rows)
			if x.RowChars != nil && x.RowChars.Mean > 0 {
				chars = number(x.RowChars.Mean)
			}
		}
		if x.Model != nil {
			model = percent(*x.Model)
		}
		s.rows = append(s.rows, []string{x.Name, x.Kind, rows, chars, model, cmp.Or(x.Origin, x.Title)})
	}
	return s
}

// cell names a field on its first row only.
func cell(field string, first bool) string {
	if first {
		return field
	}
	return ""
}

func (c *Comparison) lengthRows() section {
	s := section{
		title: "Lengths of texts, in characters",
		head:  []string{"field", "set", "texts>", "missing or empty>", "mean>", "10 %>", "median>", "90 %>", "words, mean>"},
	}
	for _, t := range c.Texts {
		first := true
		for i, f := range t.In {
			if f == nil {
				continue
			}
			row := []string{cell(t.Field, first), c.Sets[i].Name}
			switch {
			case f.Known != nil:
				text := known(f.Known.Chars)
				if k := f.Known.ExampleChars; k != nil {
					if f.Known.Chars == nil {
						text = fmt.Sprintf("one text: %s", known(k))
					} else {
						text += fmt.Sprintf("; one text: %s", known(k))
					}
				}
				row = append(row, "-", "-", text, "", "", "", "")
			case f.Chars == nil:
				row = append(row, humanize.Thousands(f.Texts), humanize.Thousands(f.Empty), "-", "-", "-", "-", "-")
			default:
				row = append(row, humanize.Thousands(f.Texts), humanize.Thousands(f.Empty), number(f.Chars.Mean), number(f.Chars.P10), number(f.Chars.P50), number(f.Chars.P90), number(f.Words))
			}
			s.rows, first = append(s.rows, row), false
		}
	}
	return s
}

func (c *Comparison) varietyRows() section {
	s := section{
		title: "Wording",
		note: "Different words in a stretch of 1,000 (moving average), and ratios of different runs of one, two and three words to all; near-duplicates share four fifths of their shingles of five words, openings are the first eight words and repeated within a hundred texts; names, places and numbers are masked for both and for the longest phrase that two texts share. " +
			"Within a field every set is measured on equally many texts and words.",
		head: []string{"field", "set", "texts>", "words>", "different in 1,000>", "distinct-1>", "distinct-2>", "distinct-3>", "near-duplicates>", "openings repeated>", "longest phrase>"},
	}
	for _, t := range c.Texts {
		first := true
		for i, f := range t.In {
			if f == nil || f.Sample.Words == 0 {
				continue
			}
			types := "-"
			if f.PerThousand > 0 {
				types = number(f.PerThousand)
			}
			row := []string{cell(t.Field, first), c.Sets[i].Name, humanize.Thousands(f.Sample.Texts), humanize.Thousands(f.Sample.Words), types}
			for _, d := range f.Distinct {
				row = append(row, fmt.Sprintf("%.3f", d))
			}
			s.rows = append(s.rows, append(row, percent(f.Near), percent(f.Opening), fmt.Sprintf("%d words", f.Phrase)))
			first = false
		}
	}
	return s
}

func (c *Comparison) factRows() section {
	s := section{
		title: "Facts that texts name",
		note:  "Share of the sampled texts that name the fact of their person: a name by one of its words, an age by its number, others by all their longer words, whatever the ending. A dash: the set has no such column.",
		head:  []string{"field", "set"},
	}
	var roles []string
	for _, role := range factRoles {
		if slices.ContainsFunc(c.Texts, func(t Text) bool {
			return slices.ContainsFunc(t.In, func(f *TextFigures) bool { return f != nil && f.share(role) != nil })
		}) {
			roles = append(roles, role)
			s.head = append(s.head, roleTitle(role)+">")
		}
	}
	for _, t := range c.Texts {
		first := true
		for i, f := range t.In {
			if f == nil || len(f.Named) == 0 {
				continue
			}
			row := []string{cell(t.Field, first), c.Sets[i].Name}
			for _, role := range roles {
				text := "-"
				if x := f.share(role); x != nil {
					text = percent(*x)
				}
				row = append(row, text)
			}
			s.rows, first = append(s.rows, row), false
		}
	}
	return s
}

func (f *TextFigures) share(role string) *float64 {
	for i := range f.Named {
		if f.Named[i].Role == role {
			return &f.Named[i].Share
		}
	}
	return nil
}

func (c *Comparison) listRows() section {
	s := section{
		title: "Lists",
		note:  "Different items are those of all among equally many items of each set.",
		head:  []string{"field", "set", "lists>", "empty>", "items, mean>", "10 %>", "median>", "90 %>", "characters of an item>", "different items>", "written as"},
	}
	for _, l := range c.Lists {
		first := true
		for i, f := range l.In {
			if f == nil {
				continue
			}
			row := []string{cell(l.Field, first), c.Sets[i].Name}
			if f.Known != nil {
				row = append(row, "-", "-", known(f.Known.Items), "", "", "", "", "", "")
			} else {
				row = append(row, humanize.Thousands(f.Lists), humanize.Thousands(f.Empty))
				row = append(row, four(f.Items)...)
				chars, different, form := "-", "-", "lists"
				if f.Chars != nil {
					chars = number(f.Chars.Mean)
				}
				if f.Sample > 0 {
					different = fmt.Sprintf("%s of %s", percent(f.Different), humanize.Thousands(f.Sample))
				}
				if f.Strings {
					form = "strings"
				}
				row = append(row, chars, different, form)
			}
			s.rows, first = append(s.rows, row), false
		}
	}
	return s
}

func four(n *sketch.Summary) []string {
	if n == nil {
		return []string{"-", "-", "-", "-"}
	}
	return []string{number(n.Mean), number(n.P10), number(n.P50), number(n.P90)}
}

func (c *Comparison) valueRows() section {
	s := section{title: "Values", note: "Distance is the total variation distance to the first set: the share of its persons who would have to change. A dash: no value in common, or too many.", head: []string{"field"}}
	for i := range c.Sets {
		s.head = append(s.head, c.Sets[i].Name+": values>", "none>")
		if i > 0 {
			s.head = append(s.head, "distance>")
		}
	}
	for _, v := range c.Values {
		has := 0
		for _, f := range v.In {
			if f != nil {
				has++
			}
		}
		if has < min(2, len(c.Sets)) {
			continue
		}
		row := []string{v.Field}
		for i, f := range v.In {
			different, nulls := "-", "-"
			switch {
			case f == nil:
			case f.Known != nil:
				different = known(f.Known.Values)
			default:
				different, nulls = humanize.Thousands(f.Different), humanize.Thousands(f.Nulls)
				if f.Many {
					different = "over " + different
				}
			}
			row = append(row, different, nulls)
			if i > 0 {
				text := "-"
				if d := v.TVD[i]; d != nil {
					text = fmt.Sprintf("%.3f", *d)
				}
				row = append(row, text)
			}
		}
		s.rows = append(s.rows, row)
	}
	return s
}

// shareRows shows the largest values of fields with labels in common side by
// side.
func (c *Comparison) shareRows(all bool) section {
	s := section{title: "Shares", note: fmt.Sprintf("Of the persons who have a value. The %d largest of the first set, and those that are larger elsewhere.", shownShares), head: []string{"field", "value"}}
	if all {
		s.note = "Of the persons who have a value."
	}
	for i := range c.Sets {
		if c.Sets[i].Known == nil {
			s.head = append(s.head, c.Sets[i].Name+">")
		}
	}
	for _, v := range c.Values {
		measured := 0
		most := 0
		for _, f := range v.In {
			if f != nil && f.Known == nil {
				measured++
				most = max(most, int(f.Different))
			}
		}
		if measured == 0 || len(c.Sets) > 1 && measured < 2 && !all || most > mostShares && !all {
			continue
		}
		first := true
		for _, label := range v.labels(all) {
			row := []string{cell(v.Field, first), label}
			for i, f := range v.In {
				if c.Sets[i].Known != nil {
					continue
				}
				text := "-"
				if f != nil {
					if at := slices.IndexFunc(f.Shares, func(x Share) bool { return x.Label == label }); at >= 0 {
						text = percent(f.Shares[at].Share)
					}
				}
				row = append(row, text)
			}
			s.rows, first = append(s.rows, row), false
		}
	}
	return s
}

// labels lists the values that are shown, the largest of the first set first.
func (v *Values) labels(all bool) []string {
	var out []string
	for _, f := range v.In {
		if f == nil {
			continue
		}
		for k, x := range f.Shares {
			if (all || k < shownShares) && !slices.Contains(out, x.Label) {
				out = append(out, x.Label)
			}
		}
	}
	return out
}

func (c *Comparison) numberRows() section {
	s := section{title: "Numbers", head: []string{"field", "set", "values>", "mean>", "standard deviation>", "least>", "10 %>", "median>", "90 %>", "most>"}}
	for _, x := range c.Number {
		first := true
		for i, n := range x.In {
			if n == nil {
				continue
			}
			s.rows = append(s.rows, []string{cell(x.Field, first), c.Sets[i].Name, humanize.Thousands(n.N), number(n.Mean), number(n.SD), number(n.Min), number(n.P10), number(n.P50), number(n.P90), number(n.Max)})
			first = false
		}
	}
	return s
}

// notes say what a reader must know beside the tables.
func (c *Comparison) notes() []string {
	var out []string
	for i := range c.Sets {
		s := &c.Sets[i]
		if len(s.Only) > 0 {
			out = append(out, fmt.Sprintf("Only %s has: %s.", s.Name, strings.Join(s.Only, ", ")))
		}
		if s.Note != "" {
			out = append(out, fmt.Sprintf("%s: %s", s.Name, s.Note))
		}
		if s.Known == nil {
			continue
		}
		var missing []string
		for _, f := range s.Known.Fields {
			if f.Absent {
				missing = append(missing, f.Field)
			}
		}
		if missing != nil {
			out = append(out, fmt.Sprintf("%s has no %s.", s.Name, strings.Join(missing, ", ")))
		}
		for _, o := range origins(s.Known) {
			out = append(out, fmt.Sprintf("%s, %s", s.Name, o))
		}
	}
	return out
}

// origins tells once where each figure of a reference comes from.
func origins(r *spec.Reference) []string {
	type origin struct{ status, text string }
	var order []origin
	about := map[origin][]string{}
	take := func(what string, k *spec.KnownFigure) {
		if k == nil {
			return
		}
		o := origin{k.Status, k.Origin}
		if about[o] == nil {
			order = append(order, o)
		}
		if !slices.Contains(about[o], what) {
			about[o] = append(about[o], what)
		}
	}
	take("rows", r.Rows)
	take("characters of a row", r.RowChars)
	for _, f := range r.Fields {
		take("mean lengths of texts", f.Chars)
		take("lengths of one text", f.ExampleChars)
		take("items of lists", f.Items)
		take("numbers of values", f.Values)
	}
	var out []string
	for _, o := range order {
		out = append(out, fmt.Sprintf("%s (%s): %s.", strings.Join(about[o], ", "), o.status, o.text))
	}
	return out
}

// names joins the names of the sets.
func (c *Comparison) names() string {
	var names []string
	for i := range c.Sets {
		names = append(names, c.Sets[i].Name)
	}
	if len(names) == 1 {
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// WriteText prints the comparison for a terminal. all prints every share.
func (c *Comparison) WriteText(w io.Writer, all bool) error {
	var b bytes.Buffer
	var names []string
	for i := range c.Sets {
		names = append(names, c.Sets[i].Name)
	}
	for i, s := range c.sections(all) {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(s.title + "\n")
		aligned(&b, s, names)
	}
	for _, list := range [][]string{c.Findings, c.notes()} {
		if len(list) > 0 {
			b.WriteByte('\n')
		}
		for _, line := range list {
			wrap(&b, "* "+line)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// aligned writes rows with their cells under each other.
func aligned(b *bytes.Buffer, s section, names []string) {
	head, widths := make([]string, len(s.head)), make([]int, len(s.head))
	for i, h := range s.head {
		head[i] = strings.TrimSuffix(h, ">")
		if !slices.Contains(names, head[i]) { // names stay as they are
			head[i] = strings.ToUpper(head[i])
		}
		if at := strings.Index(h, ": "); at >= 0 {
			head[i] = h[:at+2] + strings.ToUpper(strings.TrimSuffix(h[at+2:], ">"))
		}
	}
	rows := append([][]string{head}, s.rows...)
	for _, row := range rows {
		for i, text := range row {
			if lead := i + 1; lead < len(row) && allEmpty(row[lead:]) {
				continue // may run over the empty cells behind it
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	for _, row := range rows {
		line := " "
		for i, text := range row {
			pad := strings.Repeat(" ", max(0, widths[i]-utf8.RuneCountInString(text)))
			if strings.HasSuffix(s.head[i], ">") && !(i+1 < len(row) && allEmpty(row[i+1:])) {
				line += " " + pad + text + " "
			} else {
				line += " " + text + pad + " "
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

func allEmpty(cells []string) bool {
	return !slices.ContainsFunc(cells, func(c string) bool { return c != "" })
}

// wrap writes a paragraph in lines of a readable length.
func wrap(b *bytes.Buffer, text string) {
	const longest = 110
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > longest {
			b.WriteString(line + "\n")
			line = " "
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	b.WriteString(line + "\n")
}

// WriteJSON writes the comparison as one document.
func (c *Comparison) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(c)
}

// WriteMarkdown writes the comparison as a report in Markdown.
func (c *Comparison) WriteMarkdown(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s compared\n\n", markdown(c.names()))
	for _, f := range c.Findings {
		fmt.Fprintf(&b, "* %s\n", markdown(f))
	}
	for _, s := range c.sections(true) {
		fmt.Fprintf(&b, "\n## %s\n\n", s.title)
		if s.note != "" {
			fmt.Fprintf(&b, "%s\n\n", s.note)
		}
		line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
		titles, rule := make([]string, len(s.head)), make([]string, len(s.head))
		for i, h := range s.head {
			titles[i], rule[i] = markdown(strings.TrimSuffix(h, ">")), "---"
			if strings.HasSuffix(h, ">") {
				rule[i] = "---:"
			}
		}
		line(titles)
		line(rule)
		for _, row := range s.rows {
			cells := make([]string, len(row))
			for i, text := range row {
				cells[i] = markdown(text)
			}
			line(cells)
		}
	}
	if notes := c.notes(); len(notes) > 0 {
		b.WriteString("\n## What to know\n\n")
		for _, n := range notes {
			fmt.Fprintf(&b, "* %s\n", markdown(n))
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// markdown keeps text from being read as marks.
func markdown(text string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", "[", `\[`, "\n", " ").Replace(text)
}

// WriteHTML writes the comparison as a fragment of HTML: one section element
// without styles or scripts of its own.
func (c *Comparison) WriteHTML(w io.Writer) error {
	var b bytes.Buffer
	esc := html.EscapeString
	fmt.Fprintf(&b, "<section class=\"comparison\">\n<h2>%s compared</h2>\n", esc(c.names()))
	list := func(items []string) {
		b.WriteString("<ul>\n")
		for _, item := range items {
			fmt.Fprintf(&b, "<li>%s</li>\n", esc(item))
		}
		b.WriteString("</ul>\n")
	}
	list(c.Findings)
	for _, s := range c.sections(true) {
		fmt.Fprintf(&b, "<h3>%s</h3>\n", esc(s.title))
		if s.note != "" {
			fmt.Fprintf(&b, "<p>%s</p>\n", esc(s.note))
		}
		b.WriteString("<table>\n<thead><tr>")
		for _, h := range s.head {
			fmt.Fprintf(&b, "<th scope=\"col\"%s>%s</th>", right(h), esc(strings.TrimSuffix(h, ">")))
		}
		b.WriteString("</tr></thead>\n<tbody>\n")
		for _, row := range s.rows {
			b.WriteString("<tr>")
			for i, text := range row {
				if i == 0 {
					fmt.Fprintf(&b, "<th scope=\"row\">%s</th>", esc(text))
				} else {
					fmt.Fprintf(&b, "<td%s>%s</td>", right(s.head[i]), esc(text))
				}
			}
			b.WriteString("</tr>\n")
		}
		b.WriteString("</tbody>\n</table>\n")
	}
	if notes := c.notes(); len(notes) > 0 {
		b.WriteString("<h3>What to know</h3>\n")
		list(notes)
	}
	b.WriteString("</section>\n")
	_, err := w.Write(b.Bytes())
	return err
}

func right(head string) string {
	if strings.HasSuffix(head, ">") {
		return ` style="text-align:right"`
	}
	return ""
}

// known writes a figure of a reference with its status.
func known(k *spec.KnownFigure) string {
	if k == nil {
		return "-"
	}
	return fmt.Sprintf("%s (%s)", k, k.Status)
}

// number writes a number for people: whole from 100 on, with one decimal below,
// two below ten.
func number(x float64) string {
	switch a := math.Abs(x); {
	case x == math.Trunc(x) && a < 1e15:
		return humanize.Thousands(int64(x))
	case a >= 100:
		return humanize.Thousands(int64(math.Round(x)))
	case a >= 10:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return strconv.FormatFloat(x, 'f', 2, 64)
}

// percent writes a share.
func percent(share float64) string {
	p := 100 * share
	switch {
	case p == 0 || p == 100:
		return fmt.Sprintf("%.0f %%", p)
	case p < 0.01:
		return "under 0.01 %"
	case p > 99.95:
		return "over 99.9 %"
	case p < 10:
		return fmt.Sprintf("%.2f %%", p)
	}
	return fmt.Sprintf("%.1f %%", p)
}
