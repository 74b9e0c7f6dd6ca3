package report

import (
	"fmt"
	"strings"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/spec"
)

// texts shows the written fields.
func (s *Stats) texts(d *document) {
	if s.Texts == nil || s.Texts.Written == 0 {
		return
	}
	d.line("## Texts\n")
	d.line("Lengths are in characters; for lists, of each item. *Not written* counts the persons who should have a text and have none.\n")
	var rows [][]string
	for i := range s.Texts.Fields {
		f := &s.Texts.Fields[i]
		row := []string{Escape(f.Field), humanize.Thousands(f.Written), humanize.Thousands(f.Missing)}
		row = append(row, lengths(f.Chars)...)
		if f.Items != nil {
			row = append(row, fmt.Sprintf("%s to %s", number(f.Items.Min), number(f.Items.Max)))
		} else {
			row = append(row, "")
		}
		rows = append(rows, append(row, written(f.Sources)))
	}
	d.table([]string{"field", "written>", "not written>", "mean>", "min>", "10 %>", "median>", "90 %>", "max>", "items", "written by"}, rows)
	s.compareReferences(d)
	s.broken(d)
	s.repetition(d)
	s.groups(d)
}

// groups shows the most distinctive words of groups of persons.
func (s *Stats) groups(d *document) {
	var rows [][]string
	for _, g := range s.Texts.Groups {
		var words []string
		for _, w := range g.Words {
			words = append(words, fmt.Sprintf("%s (%.0f %% : %.0f %%)", Escape(w.Word), 100*w.Share, 100*w.Others))
		}
		if words == nil {
			words = []string{"none"}
		}
		field := Escape(g.Field)
		if g.Language != "" {
			field += " (" + Escape(g.Language) + ")"
		}
		rows = append(rows, []string{field, Escape(g.Value), humanize.Thousands(g.Persons), strings.Join(words, ", ")})
	}
	if rows == nil {
		return
	}
	d.line("### Distinctive words by group\n")
	d.line("The words most typical of the texts of a group, in a sample, ranked by weighted log-odds (Monroe, Colaresi and Quinn 2008). Brackets give the share of persons in the group and outside it whose texts contain the word. A word that is not a fact about the person may be a cliché.\n")
	d.table([]string{"field", "group", "persons>", "words"}, rows)
}

func lengths(n *check.Summary) []string {
	if n == nil {
		return make([]string, 6)
	}
	return []string{number(n.Mean), number(n.Min), number(n.P10), number(n.P50), number(n.P90), number(n.Max)}
}

// written lists who wrote the texts of a field, with shares.
func written(sources []check.TextSource) string {
	var parts []string
	for _, x := range sources {
		parts = append(parts, fmt.Sprintf("%s %s", Escape(x.Name), percent(x.Share)))
	}
	return strings.Join(parts, ", ")
}

// compareReferences compares the lengths of texts and lists with the known figures
// of the references.
func (s *Stats) compareReferences(d *document) {
	for i := range s.References {
		r := s.References[i].Known
		var rows [][]string
		for k := range s.Texts.Fields {
			f := &s.Texts.Fields[k]
			known := r.Field(f.Field)
			if known == nil {
				continue
			}
			row := func(what string, here *check.Summary, there *spec.KnownFigure) {
				if here != nil && there != nil {
					rows = append(rows, []string{Escape(f.Field), what, number(here.Mean), there.String(), there.Status, Escape(there.Origin)})
				}
			}
			row("characters, mean", f.Chars, known.Chars)
			row("characters, one quoted text", f.Chars, known.ExampleChars)
			row("items, mean", f.Items, known.Items)
		}
		if rows == nil {
			continue
		}
		d.line("### Compared with %s\n", Escape(r.Title))
		d.line("*This release* is a mean measured here; the figures of the other data set are taken from what is published about it.\n")
		d.table([]string{"field", "measure", "this release>", Escape(r.Title) + ">", "status", "origin"}, rows)
	}
}

// broken lists the requirements that texts do not meet.
func (s *Stats) broken(d *document) {
	var rows [][]string
	for _, f := range s.Texts.Fields {
		for _, b := range f.Broken {
			rows = append(rows, []string{Escape(f.Field), b.Demand, Escape(b.Name), humanize.Thousands(b.Texts), percent(share(b.Texts, f.Written))})
		}
	}
	if rows == nil {
		d.line("All texts meet the requirements of their fields and the rules.\n")
		return
	}
	d.line("### Requirements that texts do not meet\n")
	d.table([]string{"field", "requirement", "name", "texts>", "share>"}, rows)
}

// repetition shows how much texts repeat each other.
func (s *Stats) repetition(d *document) {
	var rows [][]string
	compared, kept := int64(0), int64(0)
	for _, f := range s.Texts.Fields {
		a := f.NearDuplicates
		if a == nil {
			continue
		}
		compared, kept = max(compared, a.Texts), max(kept, a.Words.Texts)
		row := []string{Escape(f.Field), humanize.Thousands(a.NearDuplicates), percent(a.NearDuplicateShare), percent(a.Openings.Repeated), fmt.Sprintf("%.1f of %.1f", a.Openings.Entropy, a.Openings.Most)}
		for _, d := range a.Words.Distinct {
			row = append(row, fmt.Sprintf("%.3f", d))
		}
		phrase := "none"
		if w := a.Words; w.Phrase > 0 {
			phrase = fmt.Sprintf("%d words, %s of a text, in %s texts", w.Phrase, percent(w.PhraseShare), humanize.Thousands(w.PhraseTexts))
		}
		rows = append(rows, append(row, phrase))
	}
	if rows == nil {
		return
	}
	d.line("### Repetition in texts\n")
	d.line("Measured on at most %s texts per field, with names, places and numbers masked. A *near-duplicate* shares at least 80 %% of its five-word shingles with an earlier text. An *opening* is the first eight words; it is *repeated* if another of the same hundred texts has it. *Distinct-n* is the ratio of different to all runs of n words. Distinct-n and the longest repeated phrase are measured on at most %s texts.\n", humanize.Thousands(compared), humanize.Thousands(kept))
	d.table([]string{"field", "near-duplicates>", "share>", "openings repeated>", "entropy of openings, bits>", "distinct-1>", "distinct-2>", "distinct-3>", "longest repeated phrase"}, rows)
}
