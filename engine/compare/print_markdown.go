package compare

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// WriteMarkdown writes the comparison as a Markdown document.
func (c *Comparison) WriteMarkdown(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Comparison of %s\n\n", markdown(c.names()))
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
		b.WriteString("\n## Notes\n\n")
		for _, n := range notes {
			fmt.Fprintf(&b, "* %s\n", markdown(n))
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// markdown escapes the special characters of Markdown.
func markdown(text string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", "[", `\[`, "\n", " ").Replace(text)
}
