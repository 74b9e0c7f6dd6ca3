package enrich

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/internal/identity"
	"github.com/personagen/personagen/engine/plan"
)

// A changed rule must ask for texts again, whatever part of it changed.
func TestIdentityOfARuleHasAllOfIt(t *testing.T) {
	got := ruleOf(&plan.Rule{
		Name: "r", About: "a", Severity: "warn", WhenText: "w", Never: []string{"n"}, NeverMatch: "m", Number: "d", Field: "f",
		By: &plan.ByValue{Field: "b", Words: [][]string{{"x"}}, Said: []string{"s"}, Unless: []string{"u"}, Opening: true},
	})
	want := identity.Rule{
		Name: "r", About: "a", Severity: "warn", WhenText: "w", Never: []string{"n"}, NeverMatch: "m", Number: "d", Field: "f",
		By: &identity.ByValue{Field: "b", Words: [][]string{{"x"}}, Said: []string{"s"}, Unless: []string{"u"}, Opening: true},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A text that a prompt shows another list to is another text.
func TestWhatIsShownHasLists(t *testing.T) {
	c := &call{sees: []seen{{name: "tools", list: true}}}
	if c.shown(map[string]any{"tools": []string{"adze"}}) == c.shown(map[string]any{"tools": []string{"awl"}}) {
		t.Error("different lists have the same hash")
	}
}
