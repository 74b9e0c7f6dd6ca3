package compile

import (
	"slices"

	"github.com/personagen/personagen/engine/internal/phrase"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// compileNarrator reads the phrase banks and resolves the names in them, in the
// text fields and in the rules.
func (c *compiler) compileNarrator() {
	n := &narrator{compiler: c, banks: map[string]*bank{}, conditions: map[string]*kind.Selector{}, referred: map[string]bool{}, proof: &proof{}}
	for i := range c.spec.Fields {
		if f := c.plan.Fields[i]; f.Text != nil {
			n.written = append(n.written, writtenField{f, &c.spec.Fields[i]})
		}
	}
	n.checkMentions()
	n.compileRules()
	if c.spec.Narrator == nil {
		n.refuseOffline()
		return
	}
	n.compileForms()
	n.compileCases()
	n.compileRelations()
	n.compileReferences()
	if !n.readBanks() {
		return // names of banks in a file that cannot be read would be reported as unknown
	}
	n.compileHeadings()
	n.resolvePhrases()
	n.resolveTags()
	n.resolveFields()
	n.checkFacets()
	if c.diags.Failed() {
		return
	}
	if order, ok := n.bankOrder(); ok {
		n.checkUsed(order)
		n.checkLists()
		n.checkReferred()
		n.checkCoverage(order)
		n.store()
	}
}

// store puts the banks in use into the plan, in the order of the files.
func (n *narrator) store() {
	for _, name := range n.names {
		b := n.banks[name]
		if !b.used {
			continue
		}
		out := plan.Bank{Name: name}
		for _, s := range b.sections {
			to := plan.Section{When: s.when}
			tagged := slices.ContainsFunc(s.Phrases, func(x phrase.Phrase) bool { return x.Tags != nil })
			for k := range s.Phrases {
				p := &s.Phrases[k]
				to.Phrases = append(to.Phrases, p.Text)
				if tagged {
					to.Tags = append(to.Tags, tagsOf(p))
				}
				for _, facet := range b.facets {
					if to.Facets == nil {
						to.Facets = map[string][]string{}
					}
					x, _ := p.Facet(facet)
					to.Facets[facet] = append(to.Facets[facet], x.Text)
				}
			}
			if to.Phrases != nil {
				out.Sections = append(out.Sections, to)
			}
		}
		n.plan.Narrator.Banks = append(n.plan.Narrator.Banks, out)
	}
}
