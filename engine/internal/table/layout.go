package table

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
)

// Layout says how a file is written, where it differs from a CSV file in UTF-8 with
// one row of header. The zero value is such a file.
type Layout struct {
	Place diag.Place // of the stanza that declares it, for messages

	// Of a text file. The separator is one character; "" is the comma, or what a
	// first line such as "sep=;" says. The encoding is an IANA name; "" is UTF-8, or
	// what a byte order mark says.
	Encoding, Separator string
	// Of a text file whose columns have fixed positions in each line; nil for one with a
	// separator. There is no header.
	Fixed []FixedColumn
	// Of a file with several tables: the name of the one that is read.
	Table string
	// Of a PC-Axis file in several languages: the one that is read; "" is the default one.
	Language string
	// Of a spreadsheet: nil for a text file.
	Sheet *Sheet

	Skip     int  // lines, or rows of a sheet, above the header
	Header   int  // rows of header; 0 means one
	NoHeader bool // there is no header: columns are called "#1", "#2" and so on
	// Until matches the first filled cell of the row at which the table ends, such as
	// that of a footnote; nil for the end of the file.
	Until *Pattern
	// Headings is the column, which the file does not have, of the texts of rows that
	// have a single text: headings of the rows below them. "" for none.
	Headings string

	FillDown []Name   // columns in which an empty cell repeats the one above, outermost first
	Drop     []Labels // rows that are left out, by column
	// Wide are fields whose labels are in the header: every column that has a label
	// of each of them becomes rows, with the labels in columns named after the
	// fields and the cell in the column called Value.
	Wide  []Labels
	Value string // "" means "value"

	Numbers Numbers
}

// Sheet is the part of a spreadsheet that is read.
type Sheet struct {
	Name  string // "" for the only sheet that has cells
	Range string // such as "A5:F30", "A5:F" or "A5"; "" for all
}

// Name is a name with its place in the spec.
type Name struct {
	Text  string
	Place diag.Place
}

// Pattern is a regular expression with its place in the spec.
type Pattern struct {
	*regexp.Regexp
	Place diag.Place
}

// Labels are labels of a column or field: those in the list, or all that a regular
// expression matches. Of a header, the first group of the expression, or else the
// whole match, is the label.
type Labels struct {
	Of      string // the column or field
	Place   diag.Place
	List    []Name
	Pattern *regexp.Regexp // nil if List has the labels
}

// valueColumn is the column of the cells of a wide table.
func (l *Layout) valueColumn() string {
	if l.Value == "" {
		return "value"
	}
	return l.Value
}

// headerRows is the number of rows of the header.
func (l *Layout) headerRows() int {
	switch {
	case l.NoHeader:
		return 0
	case l.Header == 0:
		return 1
	}
	return l.Header
}

// has reports whether a cell has one of the labels.
func (l *Labels) has(cell string) bool {
	if l.Pattern != nil {
		return l.Pattern.MatchString(cell)
	}
	return slices.ContainsFunc(l.List, func(n Name) bool { return n.Text == cell })
}

// find returns the label of a column, given the cells of its header and their join.
func (l *Labels) find(cells []string, joined string) (string, bool) {
	if l.Pattern == nil {
		for _, cell := range append(cells, joined) {
			if l.has(cell) {
				return cell, true
			}
		}
		return "", false
	}
	for _, cell := range append([]string{joined}, cells...) {
		m := l.Pattern.FindStringSubmatch(cell)
		switch {
		case m == nil || m[0] == "":
			continue
		case len(m) > 1:
			return strings.TrimSpace(m[1]), true
		}
		return m[0], true
	}
	return "", false
}

// Key identifies the layout: two layouts with the same key read a file alike.
func (l *Layout) Key() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q %q %q %q %q %d %d %q %q %q", l.Encoding, l.Separator, l.Table, l.Language, l.Headings, l.Skip, l.headerRows(), l.Numbers, texts(l.FillDown), l.valueColumn())
	if l.Sheet != nil {
		fmt.Fprintf(&b, " %q", *l.Sheet)
	}
	if l.Until != nil {
		fmt.Fprintf(&b, " until %q", l.Until.String())
	}
	for _, c := range l.Fixed {
		fmt.Fprintf(&b, " fixed %q %d %d", c.Name, c.From, c.To)
	}
	for _, of := range [][]Labels{l.Drop, l.Wide} {
		b.WriteString(" |")
		for _, x := range of {
			fmt.Fprintf(&b, " %q %q", x.Of, texts(x.List))
			if x.Pattern != nil {
				fmt.Fprintf(&b, " %q", x.Pattern)
			}
		}
	}
	return b.String()
}

func texts(names []Name) []string {
	var out []string
	for _, n := range names {
		out = append(out, n.Text)
	}
	return out
}
