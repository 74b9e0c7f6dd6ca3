package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// Reference is another population, by what is known of it without having it.
type Reference struct {
	Title string `json:"title"`
	// Origin says in a sentence where the figures below come from.
	Origin string `json:"origin,omitempty"`
	// Lengths are the mean characters of its texts, Items the mean items of its
	// lists, by our field; the middle where two figures are known that it lies
	// between.
	Lengths map[string]float64 `json:"lengths,omitempty"`
	Items   map[string]float64 `json:"items,omitempty"`
	// Known is everything that the spec says of it, figure by figure.
	Known *spec.Reference `json:"known"`
}

// references makes the references of a plan ready to be shown.
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
			r.Origin = fmt.Sprintf("Means of %s are what is known without its data: %s.", r.Title, strings.Join(origins, "; "))
		}
		out = append(out, r)
	}
	return out
}
