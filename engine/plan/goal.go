package plan

import "github.com/personagen/personagen/engine/kind"

// Goal is one criterion of success that the spec states. Kind, one of the goal kinds
// of package spec, decides which members are set.
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
	// share, values: the largest deviation in percentage points.
	Points float64 `json:"points,omitempty"`
	// values, chars: the field. Percents are the expected shares of its values,
	// negative for one that may be anything; nil for the plan's own distribution.
	Field    string    `json:"field,omitempty"`
	Percents []float64 `json:"percents,omitempty"`
	// p_value: for all margins, and for joints of fields.
	Above   float64    `json:"above,omitempty"`
	Margins bool       `json:"margins,omitempty"`
	Joints  [][]string `json:"joints,omitempty"`
	// written, model_written: text fields.
	Fields []string `json:"fields,omitempty"`
	// chars: a number of characters; model_written: a share.
	AtLeast float64 `json:"at_least,omitempty"`
	// score: what is between Least and Most.
	Score *ScoreOf `json:"score,omitempty"`
	Least *float64 `json:"least,omitempty"`
	Most  *float64 `json:"most,omitempty"`
}
