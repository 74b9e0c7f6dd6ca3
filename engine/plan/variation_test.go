package plan_test

import (
	"testing"

	"github.com/personagen/personagen/engine/plan"
)

// A plan that is read may have been changed by anybody.
func TestVariationIsValidated(t *testing.T) {
	for _, c := range []struct {
		name string
		v    plan.Variation
		ok   bool
	}{
		{"all", plan.Variation{Examples: 1, Shares: []plan.ModelShare{{Share: 0.7}, {Share: 0.3, Model: "m"}}, Avoid: &plan.Avoid{After: 20, Most: 6, AtLeast: 0.02}}, true},
		{"examples", plan.Variation{Examples: -1}, false},
		{"a share", plan.Variation{Shares: []plan.ModelShare{{Share: 1}, {Share: 0}}}, false},
		{"shares", plan.Variation{Shares: []plan.ModelShare{{Share: 0.7}, {Share: 0.7}}}, false},
		{"no window", plan.Variation{Avoid: &plan.Avoid{Most: 6, AtLeast: 0.02}}, false},
		{"no phrases", plan.Variation{Avoid: &plan.Avoid{After: 20, AtLeast: 0.02}}, false},
	} {
		p := &plan.Plan{Variation: &c.v}
		if err := p.Validate(); (err == nil) != c.ok {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}
