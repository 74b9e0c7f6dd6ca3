package fit

import (
	"context"
	"encoding/json"
	"os"
	"testing"
)

// loadProblem reads a Problem from a JSON file in testdata.
func loadProblem(t testing.TB, file string) *Problem {
	t.Helper()
	b, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	p := new(Problem)
	if err := json.Unmarshal(b, p); err != nil {
		t.Fatal(err)
	}
	return p
}

// BenchmarkRealistic fits a problem of realistic size: eleven tables over seven
// variables that disagree slightly.
func BenchmarkRealistic(b *testing.B) {
	p := loadProblem(b, "realistic.json")
	for b.Loop() {
		if _, err := Fit(context.Background(), p, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
