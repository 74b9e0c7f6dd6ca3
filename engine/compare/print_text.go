package compare

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// WriteText writes the comparison for a terminal, with the shares of all values if
// all is set.
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

// aligned writes a table with aligned columns. The names of the sets are not
// changed to upper case.
func aligned(b *bytes.Buffer, s section, names []string) {
	head, widths := make([]string, len(s.head)), make([]int, len(s.head))
	for i, h := range s.head {
		head[i] = strings.TrimSuffix(h, ">")
		if !slices.Contains(names, head[i]) { // names keep their case
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
				continue // may extend over the empty cells after it
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

// wrap writes a paragraph in lines of at most 110 characters.
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
