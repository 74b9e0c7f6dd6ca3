package compile

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"slices"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/inputs"
	"github.com/personagen/personagen/engine/internal/phrase"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// narrator carries the compilation of the phrase banks.
type narrator struct {
	*compiler
	written    []writtenField
	banks      map[string]*bank
	names      []string // of the banks, in the order of the files
	conditions map[string]*kind.Selector
	proof      *proof          // that the banks have phrases for everyone
	cases      []plan.WordCase // that the spec declares
	referred   map[string]bool // references that phrases make
}

type writtenField struct {
	*kind.Field
	stanza *spec.Field
}

// bank is all sections of one name, from all files.
type bank struct {
	name     string
	sections []section
	used     bool
	numbers  int      // largest number by which one of its phrases is used
	lettered bool     // one of its phrases is used by a letter
	facets   []string // in use, sorted
}

type section struct {
	phrase.Section
	when *kind.Selector // nil for everyone
}

// checkMentions reports texts that must mention another text, or records.
func (n *narrator) checkMentions() {
	for _, w := range n.written {
		for _, t := range w.stanza.Body.Get("mentions").AsStrings() {
			f := n.kinds.Fields[t.Value]
			switch {
			case f == nil:
			case f.Type == frame.Records:
				n.diags.Errorf(t.Place, "mentions", "field %q is a list of records, which no text can contain", t.Value).WithHint("name a template that ranges over its records")
			case f.Class.Added():
				n.diags.Errorf(t.Place, "mentions", "field %q is a %s itself, and a text can mention only what is known before it is written", t.Value, f.Kind).WithHint("name a field that is not a text")
			}
		}
	}
}

// refuseOffline reports text fields with an offline part when there are no banks.
func (n *narrator) refuseOffline() {
	for _, w := range n.written {
		if w.Text.Offline != nil {
			n.diags.Errorf(w.stanza.Body.Get("offline").Place, "no-narrator", "the spec has no phrase banks for the offline narrator").
				WithHint(`add narrator: banks: ["phrases.txt"]`)
			return
		}
	}
}

// compileForms finds what decides between the forms of phrases.
func (n *narrator) compileForms() {
	n.plan.Narrator = &plan.Narrator{Contractions: n.contractions()}
	switch forms := n.spec.Narrator.Forms; {
	case n.spec.Narrator.Axes:
		n.compileAxes()
	case forms != nil && forms[0].Cases != nil:
		n.diags.Errorf(forms[0].Place, "forms", "cases need a list").WithHint("write forms: [{name: ..., cases: [...]}]")
	case forms != nil:
		if f, formOf := n.formsBy(&forms[0]); f != nil {
			n.plan.Narrator.Forms, n.plan.Narrator.FormOf = f.Name, formOf
		}
	}
}

// formsBy finds which form of a phrase each code of a field takes. The field is nil after
// a fault.
func (n *narrator) formsBy(forms *spec.Forms) (*kind.Field, []int32) {
	f := n.kinds.FiniteField(forms.By.Value, forms.By.Place)
	if f == nil {
		return nil, nil
	}
	if forms.Values == nil {
		n.diags.Errorf(forms.By.Place, "missing", "the values of field %q have no order of forms", f.Name).WithHint("name them: values: [...]")
		return nil, nil
	}
	formOf := make([]int32, f.Slots())
	for i := range formOf {
		formOf[i] = -1
	}
	for form, t := range forms.Values {
		code, ok := f.Domain.Index(t.Value)
		if !ok {
			d := n.diags.Errorf(t.Place, "unknown-label", "field %q has no value %q", f.Name, t.Value)
			if g := diag.Guess(t.Value, f.Domain.AllLabels()); g != "" {
				d.WithHint("did you mean %q?", g)
			} else {
				d.WithHint("the values are %s", f.Domain.Summary())
			}
			continue
		}
		formOf[code] = int32(form)
	}
	for code, form := range formOf[:f.Domain.Size()] {
		if form < 0 && !n.diags.Failed() {
			n.diags.Errorf(forms.By.Place, "forms", "the value %q of field %q has no form", f.Domain.Label(code), f.Name).WithHint("name every value in narrator.forms.values")
		}
	}
	if f.Nullable {
		n.diags.Errorf(forms.By.Place, "forms", "field %q can be null, and null has no form", f.Name).WithHint("choose forms by a field that everyone has")
	}
	return f, formOf
}

// readBanks parses the files and joins sections of the same name. It returns
// whether all files could be read.
func (n *narrator) readBanks() bool {
	all := true
	for _, file := range n.spec.Narrator.Banks {
		shown := n.spec.Shown(file.Path)
		data, err := n.spec.Inputs.Read(file.Path)
		if err != nil {
			n.unreadable(file, shown, err)
			all = false
			continue
		}
		sum := sha256.Sum256(data)
		n.plan.Files = append(n.plan.Files, plan.File{Path: n.spec.FileName(file.Path), SHA256: hex.EncodeToString(sum[:])})
		for _, s := range phrase.Parse(shown, data, n.diags) {
			b := n.banks[s.Bank]
			if b == nil {
				b = &bank{name: s.Bank}
				n.banks[s.Bank], n.names = b, append(n.names, s.Bank)
			}
			if len(s.Phrases) == 0 && !n.diags.Failed() {
				n.diags.Warnf(s.Place, "empty-section", "the section has no phrases").WithHint("add phrases, or remove the heading")
			}
			b.sections = append(b.sections, section{Section: s})
		}
	}
	return all
}

// unreadable reports a file that cannot be read.
func (n *narrator) unreadable(file spec.BankFile, shown string, err error) {
	if errors.Is(err, fs.ErrNotExist) {
		n.diags.Errorf(file.Place, "missing-file", "there is no file %s", shown).WithHint("paths are relative to the folder of the .cue file that names them")
		return
	}
	n.diags.Errorf(file.Place, "unreadable-file", "%s cannot be read: %v", shown, inputs.Cause(err)).WithHint("%s", inputs.Hint(err))
}

// compileHeadings compiles the conditions of the headings, each different one once.
func (n *narrator) compileHeadings() {
	var texts []string
	var places []diag.Place
	for _, name := range n.names {
		for _, s := range n.banks[name].sections {
			if s.Condition != "" && !slices.Contains(texts, s.Condition) {
				texts, places = append(texts, s.Condition), append(places, s.ConditionAt)
			}
		}
	}
	for i, cond := range n.spec.ParseConditions(texts, places, n.diags) {
		if cond != nil {
			n.conditions[texts[i]] = n.kinds.Select([]*spec.Condition{cond})
		}
	}
	for _, b := range n.banks {
		for i := range b.sections {
			b.sections[i].when = n.conditions[b.sections[i].Condition]
		}
	}
}
