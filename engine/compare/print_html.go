package compare

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"strings"
)

// WriteHTML writes the comparison as an HTML fragment: one section element without
// a style sheet or scripts.
func (c *Comparison) WriteHTML(w io.Writer) error {
	var b bytes.Buffer
	esc := html.EscapeString
	fmt.Fprintf(&b, "<section class=\"comparison\">\n<h2>Comparison of %s</h2>\n", esc(c.names()))
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
		b.WriteString("<h3>Notes</h3>\n")
		list(notes)
	}
	b.WriteString("</section>\n")
	_, err := w.Write(b.Bytes())
	return err
}

// right returns the style attribute of a column that is aligned to the right.
func right(head string) string {
	if strings.HasSuffix(head, ">") {
		return ` style="text-align:right"`
	}
	return ""
}
