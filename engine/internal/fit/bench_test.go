package fit

import (
	"context"
	"encoding/json"
	"os"
	"testing"
)

// loadProblem reads a Problem kept as JSON under testdata.
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

// BenchmarkRealistic fits a problem of realistic size and quality: eleven
// published tables over seven variables that do not quite agree.
func BenchmarkRealistic(b *testing.B) {
	p := loadProblem(b, "realistic.json")
	for b.Loop() {
		if _, err := Fit(context.Background(), p, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
