package diag

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/internal/plaintext"
)

// TextOptions configures Text.
type TextOptions struct {
	Color bool
	// Source returns the contents of the file of a place. If it is nil or returns
	// an error, the source line is left out.
	Source func(file string) ([]byte, error)
	// Max is the number of diagnostics to print; 0 means 50. The rest are counted.
	Max int
}

// Text prints each diagnostic for people: place, severity and message, the source
// line with a mark, then the hint and the notes.
//
//	specs/x.cue:41:9: error: fields.age: unknown field "mim"
//	    age: {kind: "integer", mim: 0}
//	                           ^
//	  did you mean "min"?
func Text(w io.Writer, l *List, o TextOptions) error {
	if o.Max <= 0 {
		o.Max = 50
	}
	p := printer{TextOptions: o, files: map[string][][]byte{}}
	for i, d := range l.Items {
		if i == o.Max {
			fmt.Fprintf(&p.out, "and %d more\n", len(l.Items)-i)
			break
		}
		p.print(d)
	}
	_, err := w.Write(p.out.Bytes())
	return err
}

type printer struct {
	TextOptions
	out   bytes.Buffer
	files map[string][][]byte // lines of the files read so far
}

const (
	bold, red, yellow, cyan, green, plain = "\x1b[1m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[1;36m", "\x1b[32m", "\x1b[0m"
)

var severityColor = map[Severity]string{Error: red, Warning: yellow, Note: cyan}

func (p *printer) paint(color, text string) string {
	if !p.Color || text == "" {
		return text
	}
	return color + text + plain
}

func (p *printer) print(d Diagnostic) {
	if at := d.Place.String(); at != "" {
		p.out.WriteString(p.paint(bold, harmless(at)+":") + " ")
	}
	fmt.Fprintf(&p.out, "%s %s\n", p.paint(severityColor[d.Severity], string(d.Severity)+":"), harmless(d.Message))
	if !d.Private {
		p.source(d.Place)
	}
	if d.Hint != "" {
		fmt.Fprintf(&p.out, "  %s\n", p.paint(green, harmless(d.Hint)))
	}
	for _, note := range d.Notes {
		fmt.Fprintf(&p.out, "  %s\n", harmless(note))
	}
}

// String returns file:line:column, as far as they are known.
func (p Place) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// source prints the line of a place and a mark under its column.
func (p *printer) source(at Place) {
	line, ok := p.line(at)
	if !ok || at.Column < 1 {
		return
	}
	mark := min(at.Column-1, len(line)) // a column may be the one after the end of the line
	if !utf8.Valid(line[:mark]) || bytes.IndexByte(line, 0) >= 0 {
		return // the file is in another encoding, and its columns are those of the decoded text
	}
	before, after := excerpt(shown(line[:mark]), shown(line[mark:]))
	fmt.Fprintf(&p.out, "    %s%s\n    %s%s\n", before, after, strings.Repeat(" ", width(before)), p.paint(green, "^"))
}

func (p *printer) line(at Place) ([]byte, bool) {
	if p.Source == nil || at.Line < 1 {
		return nil, false
	}
	lines, known := p.files[at.File]
	if !known {
		if text, err := p.Source(at.File); err == nil {
			lines = bytes.Split(bytes.TrimPrefix(text, []byte("\ufeff")), []byte("\n")) // columns do not count a byte order mark
		}
		p.files[at.File] = lines
	}
	if at.Line > len(lines) {
		return nil, false
	}
	return bytes.TrimSuffix(lines[at.Line-1], []byte("\r")), true
}

// shown returns a part of a source line in a form that is safe to print.
func shown(text []byte) string {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	return harmless(strings.ReplaceAll(string(text), "\t", "    "))
}

// harmless replaces characters that could steer the terminal, and invalid UTF-8.
func harmless(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || plaintext.Steers(r) {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, string(utf8.RuneError)))
}

// excerpt shortens a long line to the part around the mark.
func excerpt(before, after string) (string, string) {
	const left, right = 70, 40
	b, a := []rune(before), []rune(after)
	if len(b)+len(a) <= left+right {
		return before, after
	}
	if len(b) > left {
		before = "…" + string(b[len(b)-left:])
	}
	if len(a) > right {
		after = string(a[:right]) + "…"
	}
	return before, after
}

// width returns the number of terminal cells that a text takes.
func width(s string) int {
	cells := 0
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case isWide(r):
			cells += 2
		default:
			cells++
		}
	}
	return cells
}

// isWide reports whether a character takes two terminal cells. It checks the
// blocks of East Asian scripts and of pictographs (Unicode Standard Annex 11,
// classes W and F, without the exceptions of single characters).
func isWide(r rune) bool {
	return r >= 0x1100 && r <= 0x115f || r >= 0x2e80 && r <= 0x303e || r >= 0x3041 && r <= 0xa4cf ||
		r >= 0xac00 && r <= 0xd7a3 || r >= 0xf900 && r <= 0xfaff || r >= 0xfe30 && r <= 0xfe6f ||
		r >= 0xff00 && r <= 0xff60 || r >= 0xffe0 && r <= 0xffe6 || r >= 0x1f300 && r <= 0x1faff ||
		r >= 0x20000 && r <= 0x3fffd
}

// JSON prints one JSON document: {"diagnostics": […], "errors": n, "warnings": n}.
func JSON(w io.Writer, l *List) error {
	document := struct {
		Diagnostics []Diagnostic `json:"diagnostics"`
		Errors      int          `json:"errors"`
		Warnings    int          `json:"warnings"`
	}{Diagnostics: []Diagnostic{}}
	for _, d := range l.Items {
		switch d.Severity {
		case Error:
			document.Errors++
		case Warning:
			document.Warnings++
		}
		document.Diagnostics = append(document.Diagnostics, d)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(document)
}
