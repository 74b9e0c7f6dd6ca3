package spec

import "github.com/personagen/personagen/engine/diag"

// Kinds of goals, as the schema names them.
const (
	GoalShare   = "share"
	GoalValues  = "values"
	GoalPValue  = "p_value"
	GoalWritten = "written"
	GoalChars   = "chars"
	GoalModel   = "model_written"
	GoalScore   = "score"
)

// Goal is one point of what counts as success. The comments on its fields name the
// kinds that use them.
type Goal struct {
	Name  string
	Place diag.Place
	About string
	Kind  string

	Where, Within *Condition // share
	Percent       float64    // share
	Points        float64    // share, values
	Field         String     // values, chars
	Figures       []Figure   // values; nil for the targets of the plan
	Above         float64    // p_value
	Margins       bool       // p_value
	Joints        []Joint    // p_value
	Fields        []String   // written, model_written; nil for all
	AtLeast       float64    // chars, model_written
	Score         *ScoreOf   // score
	Least, Most   *float64   // score
}

// Figure is the number of a label.
type Figure struct {
	Label String
	Value float64
}
