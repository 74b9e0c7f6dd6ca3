package plan

import "github.com/personagen/personagen/engine/kind"

// Goal is one point of what the user calls success. Which members are set
// depends on Kind, a name of package spec.
type Goal struct {
	Name  string `json:"name"`
	About string `json:"about,omitempty"`
	Kind  string `json:"kind"`

	// share: the share of persons with case 1 of Where among those with case 1
	// of Within (nil for all) is Percent.
	Where      *kind.Selector `json:"where,omitempty"`
	Text       string         `json:"text,omitempty"`
	Within     *kind.Selector `json:"within,omitempty"`
	WithinText string         `json:"within_text,omitempty"`
	Percent    float64        `json:"percent,omitempty"`
	// share, values: by at most so many points.
	Points float64 `json:"points,omitempty"`
	// values, chars: the field. Percents are the shares wanted of its values,
	// negative for one that is free; nil for the plan's own targets.
	Field    string    `json:"field,omitempty"`
	Percents []float64 `json:"percents,omitempty"`
	// p_value: of all margins, and of joints of fields.
	Above   float64    `json:"above,omitempty"`
	Margins bool       `json:"margins,omitempty"`
	Joints  [][]string `json:"joints,omitempty"`
	// written, model_written: text fields.
	Fields []string `json:"fields,omitempty"`
	// chars: characters; model_written: a share.
	AtLeast float64 `json:"at_least,omitempty"`
}
