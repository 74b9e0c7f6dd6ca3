package compile

import (
	"slices"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// compileVariation compiles what differs between the requests about persons.
func (k *calls) compileVariation() {
	s := k.spec.Variation
	if s == nil {
		return
	}
	v := &plan.Variation{Examples: s.Examples}
	if len(k.plan.Calls) == 0 {
		k.diags.Errorf(s.Place, "variation", "the spec has no calls that could vary").WithHint("remove variation, or add calls")
		return
	}
	k.kinds.Once(s.Calls)
	for _, t := range s.Calls {
		if k.mustBeOneOf(t, "call", "unknown-call", k.declared) {
			v.Calls = append(v.Calls, k.parts[t.Value]...)
		}
	}
	most := 0
	var written []string
	for _, c := range k.plan.Calls {
		if s.Calls == nil || slices.Contains(v.Calls, c.Name) {
			most = max(most, len(c.Examples))
			for _, name := range c.Fields {
				if t := k.kinds.Fields[name].Text; t != nil && t.Of == "" { // not scores; a translation says what its original does
					written = append(written, name)
				}
			}
		}
	}
	if s.Examples > 0 && most <= s.Examples {
		k.diags.Warnf(s.Place, "variation", "no call has more than %s, so each person is shown all", humanize.Count(int64(s.Examples), "example", "examples")).
			WithHint("give the calls more examples, or remove examples from variation")
	}
	k.compileShares(s, v)
	if s.Avoid != nil {
		k.compileAvoid(s.Avoid, v, written)
	}
	k.plan.Variation = v
}

// compileShares compiles the settings of the model for shares of the persons.
func (k *calls) compileShares(s *spec.Variation, v *plan.Variation) {
	sum := 0.0
	for _, x := range s.Shares {
		sum += x.Share
	}
	for i, x := range s.Shares {
		same := func(y spec.ModelShare) bool {
			return x.Model == y.Model && (x.Temperature == nil) == (y.Temperature == nil) && (x.Temperature == nil || *x.Temperature == *y.Temperature)
		}
		if slices.ContainsFunc(s.Shares[:i], same) {
			k.diags.Errorf(x.Place, "variation", "two shares have the same model and temperature").WithHint("change one of them, or write one share with their sum")
		}
		if size := k.sampleSize(); size > 0 && x.Share/sum*float64(size) < 0.5 {
			k.diags.Warnf(x.Place, "variation", "of %s persons, this share is %.2g, so probably nobody has it", humanize.Thousands(size), x.Share/sum*float64(size)).
				WithHint("raise it, or remove it")
		}
		v.Shares = append(v.Shares, plan.ModelShare{Share: x.Share / sum, Model: x.Model, Temperature: x.Temperature})
	}
}

// compileAvoid compiles how phrases are collected that later texts are to avoid.
func (k *calls) compileAvoid(s *spec.Avoid, v *plan.Variation, written []string) {
	v.Avoid = &plan.Avoid{After: s.After, Most: s.Most, AtLeast: s.AtLeast, Fields: written}
	if s.Fields != nil {
		v.Avoid.Fields = nil
		k.kinds.Once(s.Fields)
		for _, t := range s.Fields {
			if k.mustBeOneOf(t, "text field of a call that varies", "unknown-field", written) {
				v.Avoid.Fields = append(v.Avoid.Fields, t.Value)
			}
		}
	}
	for _, c := range k.plan.Calls {
		if slices.Contains(k.avoids, c.Name) || !slices.ContainsFunc(c.Fields, func(f string) bool { return slices.Contains(v.Avoid.Fields, f) }) {
			continue
		}
		k.diags.Errorf(s.Place, "variation", "the prompt of call %q does not show what to avoid", c.Name).
			WithHint("write {{ with .avoid }}Do not write: {{ join \"; \" . }}{{ end }} where the prompt ranges over .Fields, or list fields of other calls")
	}
}
