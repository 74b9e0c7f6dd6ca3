package compile

import (
	"slices"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// judge reports a call that gives scores and writes texts, or has a sample without scores.
// It gives the sample of a call to its scores.
func (k *calls) judge(s *spec.Call) {
	var texts, scores, judged []string
	for _, name := range k.writes[s.Name] {
		switch f := k.kinds.Fields[name]; {
		case f.Text != nil:
			texts = append(texts, name)
		case f.Scale():
			scores = append(scores, name)
			fallthrough
		default:
			judged = append(judged, name)
		}
	}
	switch {
	case len(texts) > 0 && len(judged) > 0:
		k.diags.Errorf(s.Place, "judge", "call %q writes the text %q and judges it with %q", s.Name, texts[0], judged[0]).
			WithHint("give the texts and the scores calls of their own: a judge reads the complete person")
	case len(judged) > 0 && len(scores) == 0:
		k.diags.Errorf(s.Place, "judge", "call %q gives the reason %q and no score", s.Name, judged[0]).WithHint("give it a field of kind score")
	case s.Sample != nil && len(texts) > 0:
		k.diags.Errorf(s.Sample.Place, "sample", "call %q writes texts, which every person has, so it cannot have a sample", s.Name).WithHint("remove sample; only calls that give scores have one")
	case s.Sample != nil:
		for _, name := range judged {
			k.kinds.Fields[name].Judged.Sample = &kind.Sample{Of: s.Name, Share: s.Sample.Share, AtLeast: s.Sample.AtLeast}
		}
	}
}

// endpoints lists the endpoints that a call can name.
func (c *compiler) endpoints() []string {
	var names []string
	for i := range c.spec.Endpoints {
		names = append(names, c.spec.Endpoints[i].Name)
	}
	for _, name := range endpoint.Providers() {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// scoreOf compiles what a check or goal says about scores; nil after a fault.
func (c *compiler) scoreOf(s *spec.ScoreOf) *plan.ScoreOf {
	var names []string
	for _, f := range c.plan.Fields {
		if f.Scale() {
			names = append(names, f.Name)
		}
	}
	out := &plan.ScoreOf{Below: s.Below}
	var first *kind.Field
	for _, t := range s.Fields {
		if !c.mustBeOneOf(t, "score", "unknown-field", names) {
			return nil
		}
		f := c.plan.Field(t.Value)
		switch {
		case f.Hidden:
			c.diags.Errorf(t.Place, "hidden", "field %q is hidden, so a release cannot show its scores", f.Name).WithHint("name a visible field")
			return nil
		case slices.Contains(out.Fields, f.Name):
			c.diags.Errorf(t.Place, "twice", "score %q is named twice", f.Name).WithHint("name it once")
			return nil
		case first == nil:
			first = f
		case f.Domain.Min != first.Domain.Min || f.Domain.Max != first.Domain.Max:
			c.diags.Errorf(t.Place, "scale", "the scale of %q is %d to %d, and that of %q is %d to %d", f.Name, f.Domain.Min, f.Domain.Max, first.Name, first.Domain.Min, first.Domain.Max).
				WithHint("name scores with the same scale")
			return nil
		}
		out.Fields = append(out.Fields, f.Name)
	}
	if b := s.Below; b != nil && (*b <= float64(first.Domain.Min) || *b > float64(first.Domain.Max)) {
		c.diags.Errorf(s.Place, "scale", "every score is on the same side of below: %g, on a scale of %d to %d", *b, first.Domain.Min, first.Domain.Max).
			WithHint("name a figure above %d, at most %d", first.Domain.Min, first.Domain.Max)
		return nil
	}
	return out
}

// checkScoreLimits reports limits that no mean, or no share, can be beyond.
func (c *compiler) checkScoreLimits(s *spec.ScoreOf, of *plan.ScoreOf, least, most *float64) {
	if of == nil {
		return
	}
	low, high, what := 0.0, 1.0, "share"
	if of.Below == nil {
		d := c.plan.Field(of.Fields[0]).Domain
		low, high, what = float64(d.Min), float64(d.Max), "mean"
	}
	for _, v := range []*float64{least, most} {
		if v != nil && (*v < low || *v > high) {
			c.diags.Errorf(s.Place, "limit", "the limit %g of a %s of scores is not from %g to %g", *v, what, low, high).WithHint("write a %s from %g to %g", what, low, high)
		}
	}
	if least != nil && most != nil && *least > *most {
		c.diags.Errorf(s.Place, "limit", "at_least %g is above at_most %g", *least, *most).WithHint("swap them")
	}
}
