package enrich

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/personagen/personagen/engine/internal/prompt"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/plan"
)

// variant is how a call is made for some persons: by which model, and after which examples.
// Without plan.Variation a call has one.
type variant struct {
	share       int
	model       string
	temperature *float64
	examples    []example
	common      [][32]byte   // by field of the call: hash of what its records have in common
	former      [][][32]byte // common under Options.Former
}

// example is an answered request.
type example struct {
	plan.Example
	template *prompt.Template // of the prompt; nil for a text
}

// parseExamples parses the prompts of the examples of a call.
func parseExamples(c *plan.Call) ([]example, error) {
	var out []example
	for _, x := range c.Examples {
		parsed := example{Example: x}
		if plan.IsTemplate(x.Prompt) {
			t, faults := prompt.Parse(c.Name, x.Prompt, nil)
			if len(faults) > 0 {
				return nil, &faults[0]
			}
			parsed.template = t
		}
		out = append(out, parsed)
	}
	return out, nil
}

// variety draws the variants of persons.
type variety struct {
	*plan.Variation
	share rng.Stream
}

func newVariety(p *plan.Plan, seed uint64) *variety {
	if p.Variation == nil {
		return &variety{Variation: &plan.Variation{}}
	}
	return &variety{p.Variation, rng.New(seed, "variation share")}
}

// varies reports whether a call differs between persons. One that judges them does not.
func (e *Enricher) varies(c *plan.Call) bool {
	v := e.variety
	return (v.Calls == nil || slices.Contains(v.Calls, c.Name)) && !e.judges(c)
}

// shareBlock is how many persons in a row are spread evenly over the shares.
const shareBlock = 20

// shareOf returns the share of a person. The draws of persons 0 to 19, 20 to 39 and so on are
// stratified, so that a few hundred persons have the shares nearly exactly.
func (v *variety) shareOf(person int64) int {
	block := person / shareBlock
	stratum := rng.NewPermutation(shareBlock, v.share.Uint64(block)).At(person % shareBlock)
	within, _ := v.share.At(person, 1)
	u := (float64(stratum) + rng.Float64(within)) / shareBlock
	for i, s := range v.Shares {
		if u -= s.Share; u < 0 {
			return i
		}
	}
	return max(0, len(v.Shares)-1)
}

// variants returns the variants of a call: of each share, one for each example that is
// shown first, or one if all are shown.
func (e *Enricher) variants(c *call) [][]*variant {
	shares := []plan.ModelShare{{}}
	if c.ownName == "" && e.varies(c.Call) && len(e.variety.Shares) > 0 {
		shares = e.variety.Shares
	}
	var out [][]*variant
	for i, s := range shares {
		one := variant{share: i, model: cmp.Or(c.ownName, e.options.Model, s.Model, c.Model), temperature: cmp.Or(s.Temperature, c.Temperature), examples: c.examples}
		if !c.rotates() {
			out = append(out, []*variant{&one})
			continue
		}
		var rotated []*variant
		for first := range c.examples {
			v := one
			v.examples = slices.Concat(c.examples[first:], c.examples[:first])[:e.variety.Examples]
			rotated = append(rotated, &v)
		}
		out = append(out, rotated)
	}
	return out
}

// rotates reports whether persons are shown different examples.
func (c *call) rotates() bool { return len(c.draws) > 0 }

// draws returns a stream for each example of a call that shows persons some of them. The
// stream follows from the example, so that other examples do not change who is shown it.
func (e *Enricher) draws(c *plan.Call, seed uint64) []rng.Stream {
	if n := e.variety.Examples; n == 0 || n >= len(c.Examples) || !e.varies(c) {
		return nil
	}
	var out []rng.Stream
	for _, x := range c.Examples {
		data, _ := json.Marshal(x) // strings always marshal
		sum := sha256.Sum256(data)
		out = append(out, rng.New(seed, "variation example "+hex.EncodeToString(sum[:])))
	}
	return out
}

// variant returns how a call is made for a person. Of the examples, the one with the largest
// draw is shown first (rendezvous hashing), and those that follow it in the spec.
func (e *Enricher) variant(c *call, person int64) *variant {
	share, first := 0, 0
	if len(c.variants) > 1 {
		share = e.variety.shareOf(person)
	}
	best := uint64(0)
	for i, s := range c.draws {
		if u := s.Uint64(person); i == 0 || u > best {
			first, best = i, u
		}
	}
	return c.variants[share][first]
}

// Models lists the models that are asked, each once, without those of single calls.
func (e *Enricher) Models() []string {
	var names []string
	for i := range e.calls {
		if e.calls[i].ownName != "" {
			continue
		}
		for _, share := range e.calls[i].variants {
			if !slices.Contains(names, share[0].model) {
				names = append(names, share[0].model)
			}
		}
	}
	return names
}
