package spec

import "github.com/personagen/personagen/engine/diag"

// Kinds of goals: the names of the stanza's fields.
const (
	GoalShare   = "share"
	GoalValues  = "values"
	GoalPValue  = "p_value"
	GoalWritten = "written"
	GoalChars   = "chars"
	GoalModel   = "model_written"
)

var goalKinds = []string{GoalShare, GoalValues, GoalPValue, GoalWritten, GoalChars, GoalModel}

// Goal is one point of what the user calls success. Which members are filled
// depends on its kind.
type Goal struct {
	Name  string
	Place diag.Place
	About string
	Kind  string

	Where, Within *Condition // share
	Percent       float64    // share
	Points        float64    // share, values
	Field         String     // values, chars
	Figures       []Figure   // values: nil for the plan's own targets
	Above         float64    // p_value
	Margins       bool       // p_value
	Joints        []Joint    // p_value
	Fields        []String   // written, model_written: nil for all
	AtLeast       float64    // chars, model_written
}

// Figure is a number for a label.
type Figure struct {
	Label String
	Value float64
}

func decodeGoal(f Named) Goal {
	g := Goal{Name: f.Name, Place: f.Place, About: f.Value.text("about")}
	var n *Node
	for _, kind := range goalKinds {
		if n = f.Value.Get(kind); n != nil {
			g.Kind = kind
			break
		}
	}
	g.Where, g.Within = n.condition("where"), n.condition("within")
	if g.Kind == GoalShare {
		g.Percent = n.number("percent", 0)
	} else {
		for _, m := range n.members("percent") {
			g.Figures = append(g.Figures, Figure{String{m.Name, m.Place}, m.Value.Number})
		}
	}
	g.Points, g.Above, g.AtLeast = n.number("points", 0), n.number("above", 0), n.number("at_least", 0)
	if t := n.Get("field"); t != nil {
		g.Field = t.AsString()
	}
	g.Margins, g.Fields = n.flag("margins"), n.texts("fields")
	for _, j := range n.items("joints") {
		g.Joints = append(g.Joints, Joint{Place: j.Place, Fields: j.AsStrings()})
	}
	return g
}
