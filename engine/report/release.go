package report

import (
	"path"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// Release is what the documents about a release as a whole are written from: the
// dataset card, the Croissant description and the citation.
type Release struct {
	*Stats
	Plan    *plan.Plan
	Columns []plan.FileColumn // of the data files; nil for the visible fields
	Files   []File            // data files first, in the order of their rows
	// Command rebuilds the release. Remark says what else is needed, if anything.
	Command string
	Remark  string
}

// column is a column of the data files, with its statistics and its field in the
// plan. A constant column has a field without values.
type column struct {
	*Field
	plan *kind.Field
	file plan.FileColumn
}

// columns lists the columns of the data files, in their order.
func (r *Release) columns() []column {
	files := r.Columns
	if files == nil {
		files = r.Plan.FileColumns("")
	}
	var out []column
	for _, c := range files {
		switch f := r.field(c.Field); {
		case c.Of == nil:
			out = append(out, constantColumn(c))
		case f != nil:
			out = append(out, column{f, c.Of, c})
		}
	}
	return out
}

// constantColumn describes a constant column.
func constantColumn(c plan.FileColumn) column {
	f := &Field{Name: c.Name, Kind: "constant", Class: kind.Derived, Type: frame.Text, Values: []Value{{Label: *c.Value}}}
	if c.Type == plan.AsInteger {
		f.Type = frame.Integer
	}
	return column{f, &kind.Field{Name: c.Name, Kind: f.Kind, Type: f.Type}, c}
}

// stored is the type of the column in the data files.
func (c column) stored() frame.Type {
	switch c.file.Type {
	case plan.AsInteger:
		return frame.Integer
	case plan.AsNumber:
		return frame.Number
	case plan.AsText, plan.AsJSON, plan.AsPython:
		return frame.Text
	}
	return c.Type
}

// name is the name of the column in the data files.
func (f *Field) name() string {
	if f.Column != "" {
		return f.Column
	}
	return f.Name
}

// list reports whether the column holds lists.
func (c column) list() bool {
	return c.stored().List()
}

// lists reports whether the column holds lists in the recommended data files. In
// CSV files lists are strings of JSON.
func (r *Release) lists(c column) bool {
	return c.list() && r.format() != "csv"
}

// text returns the index in Texts.Fields of a field, or -1.
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

// format is the format of the recommended data files, the one that preserves types best;
// "" if there are none.
func (r *Release) format() string {
	for _, format := range []string{"parquet", "jsonl", "csv"} {
		if slices.ContainsFunc(r.Files, func(f File) bool { return f.Format == format }) {
			return format
		}
	}
	return ""
}

// data returns the recommended data files.
func (r *Release) data() (out []File) {
	format := r.format()
	for _, f := range r.Files {
		if f.Format == format && format != "" {
			out = append(out, f)
		}
	}
	return out
}

// pattern returns a glob pattern for the names of files of one format, which are in
// one folder and differ in their numbers only.
func pattern(files []File) string {
	folder, name := path.Split(files[0].Name)
	split, _, _ := strings.Cut(name, "-")
	return folder + split + "-*" + path.Ext(name)
}

// MostListed is how many data files of a format the documents list one by one. The manifest
// has all, with their hashes.
const MostListed = 32

// listed returns the files as a document lists them. More than MostListed files of a format
// are one, with the pattern of their names and the sums of their rows and bytes, and no hash.
func listed(files []File) (list []File) {
	formats := map[string][]File{}
	for _, f := range files {
		formats[f.Format] = append(formats[f.Format], f)
	}
	for _, f := range files {
		of := formats[f.Format]
		switch {
		case f.Format == "" || len(of) <= MostListed:
			list = append(list, f)
		case f == of[0]:
			sum := File{Name: pattern(of), Format: f.Format}
			for _, x := range of {
				sum.Rows += x.Rows
				sum.Bytes += x.Bytes
			}
			list = append(list, sum)
		}
	}
	return list
}

// title returns the title, or else the name.
func (p *Population) title() string {
	if p.Title != "" {
		return p.Title
	}
	return p.Name
}
