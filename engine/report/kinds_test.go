package report_test

import (
	"bytes"
	"testing"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/report"
)

// Every kind of check has a line on a terminal, also if it passes.
func TestEveryKindHasALine(t *testing.T) {
	for _, of := range check.Kinds() {
		var out bytes.Buffer
		if err := report.WriteText(&out, &check.Result{Outcomes: []check.Outcome{{ID: of, Kind: of, Status: check.Pass}}}, false); err != nil {
			t.Fatal(err)
		}
		if out.Len() == 0 {
			t.Errorf("nothing is written of a check of kind %q that passed", of)
		}
	}
}
