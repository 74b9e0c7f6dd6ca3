package dataset

import (
	"fmt"
	"unicode/utf8"
)

// Problem is a kind of fault in a data file.
type Problem string

const (
	MissingColumn  Problem = "missing column"   // a column of the schema that the file does not have
	ExtraColumn    Problem = "extra column"     // a column of the file that is not in the schema
	Unsupported    Problem = "unsupported type" // a Parquet column of a type that cannot be read
	UnknownLabel   Problem = "unknown label"    // a text that is not a label of the category
	WrongType      Problem = "wrong type"       // a value that does not have the type of the column
	MalformedLine  Problem = "malformed line"   // a line that is not a JSON object
	MalformedCell  Problem = "malformed cell"   // quotes in an unquoted CSV cell
	CellCount      Problem = "wrong cell count" // a CSV line with more or fewer cells than the header
	DuplicateValue Problem = "duplicate value"  // a key that occurs twice in a JSON object
)

// UnknownCode is the code of a category whose value in the file is not a label. It
// differs from the code of null, -1, so checks can tell the two apart.
const UnknownCode = -2

// ReadIssue is a fault in a data file. It does not stop the reader: the row is
// read with null for the value, or with UnknownCode in a category.
type ReadIssue struct {
	Row     int64   `json:"row"`            // counted from 0; -1 for a fault of the whole column
	Line    int64   `json:"line,omitempty"` // of a text file, counted from 1; else 0
	Column  string  `json:"column,omitempty"`
	Value   string  `json:"value,omitempty"` // shortened
	Problem Problem `json:"problem"`
}

func (i ReadIssue) String() string {
	where := ""
	switch {
	case i.Line > 0:
		where = fmt.Sprintf("line %d: ", i.Line)
	case i.Row >= 0:
		where = fmt.Sprintf("row %d: ", i.Row)
	}
	if i.Column != "" {
		where += fmt.Sprintf("column %q: ", i.Column)
	}
	if i.Value == "" {
		return where + string(i.Problem)
	}
	return fmt.Sprintf("%s%s: %q", where, i.Problem, i.Value)
}

// IssueCount counts the issues with one problem in one column.
type IssueCount struct {
	Column  string  `json:"column,omitempty"`
	Problem Problem `json:"problem"`
	Count   int64   `json:"count"`
}

// issueLog counts all issues and keeps the first few.
type issueLog struct {
	keep   int
	row    int64 // of the row being read
	line   int64
	list   []ReadIssue
	counts []IssueCount
	index  map[[2]string]int
}

const maxIssueValue = 80 // bytes of a value shown in an issue

// add records a fault of the row being read.
func (l *issueLog) add(column string, p Problem, value []byte) {
	l.addAt(l.row, l.line, column, p, value)
}

// addColumn records a fault of a whole column.
func (l *issueLog) addColumn(column string, p Problem, value string) {
	l.addAt(-1, 0, column, p, []byte(value))
}

func (l *issueLog) addAt(row, line int64, column string, p Problem, value []byte) {
	key := [2]string{column, string(p)}
	i, known := l.index[key]
	if !known {
		i = len(l.counts)
		l.index[key] = i
		l.counts = append(l.counts, IssueCount{Column: column, Problem: p})
	}
	l.counts[i].Count++
	if len(l.list) < l.keep {
		l.list = append(l.list, ReadIssue{Row: row, Line: line, Column: column, Value: shorten(value), Problem: p})
	}
}

// shorten cuts v at a character and makes it valid UTF-8.
func shorten(v []byte) string {
	if len(v) <= maxIssueValue {
		return validText(string(v))
	}
	n := maxIssueValue
	for n > maxIssueValue-utf8.UTFMax && !utf8.RuneStart(v[n]) {
		n--
	}
	return validText(string(v[:n])) + "…"
}
