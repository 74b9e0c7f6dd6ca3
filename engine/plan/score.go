package plan

import (
	"fmt"
	"strings"
)

// ScoreOf is what a check or goal says about scores with the same scale: their mean over
// the persons who have all of them, or, with Below, the share of these whose score is
// below it. Of several scores, a person's is the mean.
type ScoreOf struct {
	Fields []string `json:"fields"`
	Below  *float64 `json:"below,omitempty"`
}

// String says what is measured, such as "mean score of coherence and respect".
func (s *ScoreOf) String() string {
	names := strings.Join(s.Fields, " and ")
	if s.Below != nil {
		return fmt.Sprintf("score of %s below %g", names, *s.Below)
	}
	return "mean score of " + names
}
