package check_test

import (
	"fmt"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// A plan asks for one red hat in four; three of four persons wear one.
func ExampleSuite() {
	p := &plan.Plan{
		Fields: []*kind.Field{{
			Name: "hat", Kind: "category", Class: kind.Fitted, Type: frame.Category,
			Domain: &kind.Domain{Labels: []string{"red", "blue"}},
		}},
		Expected: []plan.Expected{{
			Name: "hat", Origin: "margin", Rank: 1, Fields: []string{"hat"}, Slots: []int{2}, Share: []float64{0.25, 0.75},
		}},
	}
	suite := check.New(p, check.Options{Sampling: check.Quota, Rows: 4})
	defer suite.Close()

	tally := suite.NewTally() // one per worker, merged in any order
	b := frame.New(p.Schema())
	b.Resize(0, 4)
	copy(b.Columns[0].Codes, []int32{0, 0, 0, 1})
	tally.Add(b)

	result, err := suite.Result(tally)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, o := range result.Failures() {
		fmt.Printf("%s: off by %.0f persons at %q\n", o.ID, o.Table.Persons, o.Table.PersonsCell)
	}
	// Output: margin.hat: off by 2 persons at "hat red"
}
