package enrich

import (
	"encoding/json"
	"testing"

	"github.com/personagen/personagen/engine/kind"
)

func TestAsScore(t *testing.T) {
	for answer, want := range map[string]int64{
		`4`: 4, ` 4 `: 4, `4.0`: 4, `4e0`: 4, `"4"`: 4, `"4/5"`: 4, `"4 / 5."`: 4, `"4 out of 5"`: 4, `"Score: 4"`: 4, `"**4**"`: 4, `"+4"`: 4,
		`{"score":4}`: 4, `{"score":"4 of 5","why":"x"}`: 4, `{"value":4}`: 4, `{"type":"integer","value":4}`: 4, `-3`: -3, `9`: 9,
	} {
		got, ok := asScore(json.RawMessage(answer), 5)
		if !ok || got != want {
			t.Errorf("%s: got %d, %v, want %d", answer, got, ok, want)
		}
	}
	for _, answer := range []string{``, `null`, `true`, `4.5`, `"4.5"`, `"four"`, `"4/10"`, `"3-4"`, `"{\"score\": 4}"`, `"4 or 5"`, `[4]`, `{}`, `{"a":1,"b":2}`, `1e9`, `"99999999"`, `{"score":{"score":{"score":{"score":{"score":4}}}}}`} {
		if got, ok := asScore(json.RawMessage(answer), 5); ok {
			t.Errorf("%s: got %d, want none", answer, got)
		}
	}
}

// FuzzJudgement checks that what is accepted is on the scale and can be stored.
func FuzzJudgement(f *testing.F) {
	for _, answer := range []string{`4`, `"4/5"`, `{"score":2}`, `"Rating = 3."`, `-0.0`, `1e400`, `{"score":`, `"\ud800"`, `{"score":{"score":1}}`} {
		f.Add(answer, int64(1), int64(5))
	}
	f.Fuzz(func(t *testing.T, answer string, low, high int64) {
		if low < -1000 || high > 1000 || low >= high {
			return
		}
		score := &field{Field: &kind.Field{Name: "sense", Judged: &kind.Judgement{}, Domain: &kind.Domain{Integer: true, Min: low, Max: high}}}
		reason := &field{Field: &kind.Field{Name: "why", Judged: &kind.Judgement{Chars: &kind.Length{Min: 2, Max: 20}}}}
		for _, x := range []*field{score, reason} {
			r := &record{Field: x.Name}
			if fault := judgement(x, json.RawMessage(answer), r); fault != "" {
				continue
			}
			var back record
			if err := json.Unmarshal(r.bytes(), &back); err != nil || !x.stores(&back) {
				t.Errorf("%q is accepted as %s, and cannot be stored: %v", answer, r.bytes(), err)
			}
		}
		if members, err := parseAnswer(answer, []string{"sense"}); err == nil {
			judgement(score, members["sense"], &record{})
		}
	})
}
