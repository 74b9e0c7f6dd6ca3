package importer

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// cue writes a text as a CUE string.
func cue(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// plainName matches names that CUE reads without quotation marks.
var plainName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// cueName writes a name as the label of a field in CUE.
func cueName(name string) string {
	if plainName.MatchString(name) {
		return name
	}
	return cue(name)
}

// cueList writes texts as a list, a long one in lines of ten.
func cueList(texts []string) string {
	var q []string
	for _, t := range texts {
		q = append(q, cue(t))
	}
	if len(q) <= 12 {
		return "[" + strings.Join(q, ", ") + "]"
	}
	var b strings.Builder
	b.WriteString("[\n")
	for line := range slices.Chunk(q, 10) {
		b.WriteString("\t" + strings.Join(line, ", ") + ",\n")
	}
	return b.String() + "]"
}

// cueRaw writes a string in CUE, raw if it has backslashes.
func cueRaw(s string) string {
	if strings.Contains(s, `\`) && !strings.ContainsAny(s, "\"\n#") {
		return `#"` + s + `"#`
	}
	return cue(s)
}
