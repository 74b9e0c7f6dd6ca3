package dataset

import (
	"fmt"
	"unicode/utf8"
)

// Problem is a kind of fault in a data file.
type Problem string

const (
	MissingColumn  Problem = "missing column"   // wanted, but the file has none of that name
	ExtraColumn    Problem = "extra column"     // in the file, but not wanted
	Unsupported    Problem = "unsupported type" // a Parquet column of a type that cannot be read here
	UnknownLabel   Problem = "unknown label"    // a text that is no label of the category
	WrongType      Problem = "wrong type"       // a value of another type than the column's
	MalformedLine  Problem = "malformed line"   // a line that is no JSON object
	MalformedCell  Problem = "malformed cell"   // quotes inside an unquoted CSV cell
	CellCount      Problem = "wrong cell count" // a CSV line with more or fewer cells than the header
	DuplicateValue Problem = "duplicate value"  // a key that occurs twice in a JSON object
)

// UnknownCode is the code of a category whose value in the file is no label
// (or not even a text). It is below the code of null, so that checks can tell
// the two apart.
const UnknownCode = -2

// ReadIssue is one fault found while reading. It is data, not a failure: the
// row is delivered with null, or UnknownCode in a category, for that value.
type ReadIssue struct {
	Row     int64   `json:"row"`            // 0-based, -1 for a fault of the whole column
	Line    int64   `json:"line,omitempty"` // 1-based line of a text file, else 0
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

// IssueCount says how often a column has a problem.
type IssueCount struct {
	Column  string  `json:"column,omitempty"`
	Problem Problem `json:"problem"`
	Count   int64   `json:"count"`
}

// issueLog counts every issue and keeps the first few.
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

// shorten cuts v between two characters and makes it valid UTF-8.
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
