package spec

import (
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/humanize"
)

// Reference is another data set, described by what is known about it.
type Reference struct {
	Name      string     `json:"name"`
	Place     diag.Place `json:"-"`
	Title     string     `json:"title"`
	Publisher string     `json:"publisher,omitempty"`
	URL       string     `json:"url,omitempty"`
	License   string     `json:"license,omitempty"`
	Note      string     `json:"note,omitempty"`

	Rows     *KnownFigure     `json:"rows,omitempty"`
	RowChars *KnownFigure     `json:"row_chars,omitempty"` // mean, of all texts of a row together
	Fields   []ReferenceField `json:"fields,omitempty"`
}

// Field returns what is known about the column of a field, or nil.
func (r *Reference) Field(name string) *ReferenceField {
	for i := range r.Fields {
		if r.Fields[i].Field == name {
			return &r.Fields[i]
		}
	}
	return nil
}

// ReferenceField is what is known about a column of a reference.
type ReferenceField struct {
	Field  string     `json:"field"`
	Place  diag.Place `json:"-"`
	Column string     `json:"column,omitempty"` // its name in the reference, if it is not that of the field
	Absent bool       `json:"absent,omitempty"`
	Note   string     `json:"note,omitempty"`

	Chars        *KnownFigure `json:"chars,omitempty"`         // mean
	ExampleChars *KnownFigure `json:"example_chars,omitempty"` // of one text
	Items        *KnownFigure `json:"items,omitempty"`         // mean
	Values       *KnownFigure `json:"values,omitempty"`        // number of different values
}

// KnownFigure is a figure about data that is not at hand. It is between Low and
// High, which are equal if the figure is known exactly.
type KnownFigure struct {
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Status string  `json:"status"` // "quoted" or "derived"
	Origin string  `json:"origin"`
}

// String returns the figure, or the range that it is in.
func (k *KnownFigure) String() string {
	if k.Low == k.High {
		return humanize.Number(k.Low)
	}
	return humanize.Number(k.Low) + " to " + humanize.Number(k.High)
}
