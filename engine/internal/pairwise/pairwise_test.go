package pairwise

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/compare"
	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/journal"
)

// TestMatch: no person is in two pairs, those in a pair are alike as far as the counts say,
// and the pairs are the same every time.
func TestMatch(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	some := func(n int) (all []person) {
		for range n {
			all = append(all, person{sex: int32(r.IntN(3)), age: int32(r.IntN(80)) - 1, work: int32(r.IntN(30))})
		}
		return all
	}
	ours, theirs := some(3000), some(2000)
	pairs, m := match(ours, theirs, 1500)
	again, n := match(ours, theirs, 1500)
	if !reflect.DeepEqual(pairs, again) || !reflect.DeepEqual(m, n) {
		t.Error("the pairs are not the same twice")
	}
	var got compare.Matching
	left, right := map[int32]bool{}, map[int32]bool{}
	for _, p := range pairs {
		if left[p.ours] || right[p.theirs] {
			t.Fatalf("%+v: one of them is in two pairs", p)
		}
		left[p.ours], right[p.theirs] = true, true
		a, b := ours[p.ours], theirs[p.theirs]
		years := max(a.age-b.age, b.age-a.age)
		switch {
		case a.sex != b.sex || (a.age < 0) != (b.age < 0) || years > mostYears || (a.work == 0) != (b.work == 0):
			t.Fatalf("%+v and %+v are a pair", a, b)
		case a.work != b.work:
			got.OtherWork++
		case years > 0:
			got.NearAge++
		default:
			got.Exact++
		}
	}
	if got.Unmatched = m.Unmatched; !reflect.DeepEqual(got, m) {
		t.Errorf("got %+v, counted %+v", got, m)
	}
	if len(pairs) != 1500 || m.Exact == 0 || m.NearAge == 0 || m.OtherWork == 0 {
		t.Errorf("got %d pairs, %+v", len(pairs), m)
	}
}

// TestMatchTakesTheNearest: an equal person is preferred to a near one.
func TestMatchTakesTheNearest(t *testing.T) {
	pairs, m := match([]person{{1, 7, 40}}, []person{{1, 7, 43}, {2, 7, 40}, {1, 8, 40}, {1, 7, 41}, {1, 7, 40}}, 9)
	if len(pairs) != 1 || pairs[0].theirs != 4 || m.Exact != 1 {
		t.Errorf("got %+v, %+v", pairs, m)
	}
}

func TestCut(t *testing.T) {
	for _, x := range []struct {
		text string
		n    int
		want string
	}{{"one two", 7, "one two"}, {"one two", 6, "one…"}, {"one two", 3, "one…"}, {"onetwo", 3, "one…"}, {"două mii", 4, "două…"}, {"x y", 0, "…"}} {
		if got := cut(x.text, x.n); got != x.want || utf8.RuneCountInString(got) > max(x.n, 0)+1 {
			t.Errorf("%q to %d: got %q, want %q", x.text, x.n, got, x.want)
		}
	}
}

// model answers as a function says, and counts.
type model struct {
	says  func(user string) string
	width int
	mu    sync.Mutex
	asked map[string]int
}

func (m *model) Width() int { return m.width }

func (m *model) Do(_ context.Context, req endpoint.Request) (endpoint.Answer, error) {
	m.mu.Lock()
	m.asked[req.User]++
	m.mu.Unlock()
	text, _ := json.Marshal(map[string]string{"reason": "so", "better": m.says(req.User)})
	return endpoint.Answer{Text: string(text)}, nil
}

// contest is one of so many pairs, with texts of different lengths.
func contest(pairs int) *Contest {
	c := &Contest{options: Options{Pairs: pairs, Fields: []string{"story"}, Model: "m", Tries: 2}, labels: [2]string{"ours", "theirs"}}
	for i := range pairs {
		ours, theirs := []string{fmt.Sprint("ours ", i, strings.Repeat("x", i%7))}, []string{fmt.Sprint("theirs ", i, strings.Repeat("y", i%5))}
		c.ask(i, ours, theirs)
		c.pairs, c.chars = append(c.pairs, pair{int32(i), int32(i)}), append(c.chars, [2]int{chars(ours), chars(theirs)})
	}
	return c
}

// TestOutcome: what judges of several tempers lead to, with any number of requests at once.
func TestOutcome(t *testing.T) {
	first := func(user string) bool {
		return strings.Index(user, "ours ") < strings.Index(user, "theirs ")
	}
	for name, x := range map[string]struct {
		says    func(user string) string
		verdict string
		wins    int
	}{
		"the first":  {func(string) string { return "A" }, compare.NoVerdict, 0},
		"ours":       {func(user string) string { return map[bool]string{true: "A", false: "B"}[first(user)] }, compare.OursPreferred, 60},
		"theirs":     {func(user string) string { return map[bool]string{true: "person B", false: "'a'"}[first(user)] }, compare.TheirsPreferred, 0},
		"neither":    {func(string) string { return "tie" }, compare.NoDifference, 0},
		"no answers": {func(string) string { return "C" }, compare.NoVerdict, 0},
	} {
		var want *compare.Judged
		for _, width := range []int{1, 8} {
			j, err := journal.Open(filepath.Join(t.TempDir(), "j"), journal.Options{})
			if err != nil {
				t.Fatal(err)
			}
			m := &model{says: x.says, width: width, asked: map[string]int{}}
			c := contest(60)
			for range 2 { // the second run asks nothing
				if err := c.Run(context.Background(), m, j, nil); err != nil {
					t.Fatal(err)
				}
			}
			for user, n := range m.asked {
				if n > 1 {
					t.Fatalf("%s: asked %d times: %s", name, n, user)
				}
			}
			got, err := c.Outcome(j)
			j.Close()
			if err != nil {
				t.Fatal(err)
			}
			if got.Verdict != x.verdict || got.Wins != x.wins || got.Wins+got.Losses+got.Ties+got.Inconsistent+got.Unanswered != 60 {
				t.Errorf("%s: got %+v", name, got)
			}
			if want == nil {
				want = got
			} else if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %d requests at once change the outcome", name, width)
			}
		}
	}
}

// FuzzVerdict checks that an answer is read as a verdict or as none.
func FuzzVerdict(f *testing.F) {
	for _, text := range []string{"A", " b.", "tie", "**A**", "A or B", "", "\xff", "Person A"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v := verdictOf(text)
		if (v == "") != (side(v, false) == 0) || v == "A" && side(v, true) != -1 {
			t.Errorf("%q is read as %q", text, v)
		}
	})
}
