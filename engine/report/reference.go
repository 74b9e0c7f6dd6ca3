package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// Reference is another population of which only published figures are known.
type Reference struct {
	Title string `json:"title"`
	// Origin is a sentence on where the figures below come from.
	Origin string `json:"origin,omitempty"`
	// Lengths are the mean lengths of its texts in characters, Items the mean
	// numbers of items of its lists, by field of the spec; where only a range is
	// known, its midpoint.
	Lengths map[string]float64 `json:"lengths,omitempty"`
	Items   map[string]float64 `json:"items,omitempty"`
	// Known is all the spec states about it, figure by figure.
	Known *spec.Reference `json:"known"`
}

// references returns the references of a plan with the figures the report shows.
func references(p *plan.Plan) []Reference {
	var out []Reference
	for i := range p.References {
		known := &p.References[i]
		r := Reference{Title: known.Title, Lengths: map[string]float64{}, Items: map[string]float64{}, Known: known}
		var origins []string
		take := func(to map[string]float64, field, what string, k *spec.KnownFigure) {
			if k == nil {
				return
			}
			to[field] = (k.Low + k.High) / 2
			if said := fmt.Sprintf("%s %s (%s: %s)", k, what, k.Status, k.Origin); !slices.Contains(origins, said) {
				origins = append(origins, said)
			}
		}
		for _, f := range known.Fields {
			take(r.Lengths, f.Field, "characters", f.Chars)
			take(r.Items, f.Field, "items", f.Items)
		}
		if origins != nil {
			r.Origin = fmt.Sprintf("Means of %s are taken from what is published about it, not from its data: %s.", r.Title, strings.Join(origins, "; "))
		}
		out = append(out, r)
	}
	return out
}
