package check

import "fmt"

var rowsCheck = definition{kind: KindRows, compile: func(*shared) check { return rows{} }}

// rows: there are persons, and as many as expected.
type rows struct{}

func (rows) newTally(*accumulators) tally { return nothing{} }

func (rows) judge(j *judging, _ tally) ([]finding, error) {
	o := Outcome{ID: "rows", Kind: KindRows, Name: "number of persons", Message: persons(j.Rows)}
	switch expected := j.options.Rows; {
	case j.Rows == 0:
		o.Status, o.Message = Fail, "no persons"
	case expected != 0 && expected != j.Rows:
		o.Status, o.Message = Fail, fmt.Sprintf("%s, expected %d", persons(j.Rows), expected)
	}
	if !j.rows.whole {
		o.Message += fmt.Sprintf(", part of a population of %d", j.Total)
	}
	return only(o), nil
}
