package report

import (
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// Release is a release as the papers see that are about the whole of it: its
// card, its Croissant description and its citation.
type Release struct {
	*Stats
	Plan  *plan.Plan
	Files []File // data first, in the order of the rows
	// Command makes the release again; Remark says what else that takes.
	Command string
	Remark  string
}

// column is a column of the data: what the plan and the statistics say of it.
type column struct {
	*Field
	plan *kind.Field
}

// columns lists the columns of the data files, in their order.
func (r *Release) columns() []column {
	var out []column
	for i := range r.Fields {
		if f := &r.Fields[i]; !f.Hidden {
			out = append(out, column{f, r.Plan.Field(f.Name)})
		}
	}
	return out
}

// name is what the column is called in the data files.
func (f *Field) name() string {
	if f.Column != "" {
		return f.Column
	}
	return f.Name
}

// list reports whether the column holds lists.
func (c column) list() bool { return c.Type == frame.CategoryList || c.Type == frame.TextList }

// lists reports whether the column holds lists in the files that a reader
// should take: CSV has them as JSON.
func (r *Release) lists(c column) bool {
	data := r.data()
	return c.list() && (len(data) == 0 || data[0].Format != "csv")
}

// text finds the statistics of a written column, by the name of its field.
func (r *Release) text(field string) int {
	if r.Texts != nil {
		for i := range r.Texts.Fields {
			if r.Texts.Fields[i].Field == field {
				return i
			}
		}
	}
	return -1
}

// data lists the data files of the format that a reader should take, the one
// that keeps types best.
func (r *Release) data() []File {
	for _, format := range []string{"parquet", "jsonl", "csv"} {
		var out []File
		for _, f := range r.Files {
			if f.Format == format {
				out = append(out, f)
			}
		}
		if out != nil {
			return out
		}
	}
	return nil
}

// pattern matches the names of files of one format, which differ in their
// number: the name itself where there is one.
func pattern(files []File) string {
	if len(files) == 1 {
		return files[0].Name
	}
	head, _, _ := strings.Cut(files[0].Name, "-")
	at := strings.LastIndexByte(files[0].Name, '.')
	return head + "-*" + files[0].Name[at:]
}

// title is the title for people, else the name.
func (p *Population) title() string {
	if p.Title != "" {
		return p.Title
	}
	return p.Name
}
