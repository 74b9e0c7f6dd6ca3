package kind

import (
	"math"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/personagen/personagen/engine/spec"
)

// Ratio bounds the characters of a translation per character of its original.
type Ratio struct {
	Min float64 `json:"min"`
	Max float64 `json:"max"`
}

// defaultRatio holds between languages that are written with letters.
var defaultRatio = Ratio{0.5, 2}

// readTranslation reads what makes a text the translation of another, which has been
// compiled, and reports what it cannot be.
func (c *Compiler) readTranslation(s *spec.Field, f *Field) {
	of, ratio := s.Body.Get("of"), s.Body.Get("ratio")
	if of == nil {
		if ratio != nil {
			c.Diags.Errorf(ratio.Place, "ratio", "field %q has a ratio, and is the translation of no text", f.Name).WithHint("name the original with of, or remove ratio")
		}
		return
	}
	f.Text.Of, f.Text.Ratio = of.String, &Ratio{defaultRatio.Min, defaultRatio.Max}
	if ratio != nil {
		r := &Ratio{ratio.Get("min").Number, ratio.Get("max").Number}
		if f.Text.Ratio = r; r.Min > r.Max {
			c.Diags.Errorf(ratio.Place, "ratio", "min %g is above max %g", r.Min, r.Max).WithHint("swap them")
		}
	}
	if offline := s.Body.Get("offline"); offline != nil {
		c.Diags.Errorf(offline.Place, "translation", "field %q is a translation, which only a model can write", f.Name).WithHint("remove offline, or of")
	}
	if f.Text.Call == "" {
		c.Diags.Errorf(s.Place, "translation", "field %q is a translation, and no call writes it", f.Name).WithHint("name a call that translates: call: \"translation\"")
	}
	original := c.Fields[of.String]
	switch {
	case original == nil: // reported
		return
	case original.Text == nil || original.Text.Items != nil:
		c.Diags.Errorf(of.Place, "not-a-text", "field %q is a %s, and only a text can be translated", original.Name, original.Kind).WithHint("name a field of kind text")
		return
	case original.Text.Of != "":
		c.Diags.Errorf(of.Place, "translated-twice", "field %q is a translation itself, of %q", original.Name, original.Text.Of).WithHint("translate the original: of: %q", original.Text.Of)
		return
	case original.Text.Call == "":
		c.Diags.Errorf(of.Place, "not-written", "field %q translates %q, which no call writes", f.Name, original.Name).WithHint("give %q a call: a model translates what a model has written", original.Name)
	}
	c.checkLengths(s, f, original)
	c.readSecondLanguage(s, f, original)
	c.meetOriginal(s, f, original)
}

// checkLengths reports limits of characters that no translation can keep together with the
// ratio, or none of an original that is as long or as short as it may be.
func (c *Compiler) checkLengths(s *spec.Field, f, original *Field) {
	own, of, r := f.Text.Chars, original.Text.Chars, f.Text.Ratio
	least := func(chars int) float64 { return math.Ceil(r.Min * float64(chars)) }
	most := func(chars int) float64 { return math.Floor(r.Max * float64(chars)) }
	at := s.Body.Get("chars").Place
	switch {
	case r.Min > r.Max || own.Min > own.Max || of.Min > of.Max: // reported
	case float64(own.Max) < least(of.Min) || float64(own.Min) > most(of.Max):
		c.Diags.Errorf(at, "ratio", "no translation of %q fits: the original has %d to %d characters, so with a ratio of %g to %g the translation has %.0f to %.0f, and chars allows %d to %d",
			original.Name, of.Min, of.Max, r.Min, r.Max, least(of.Min), most(of.Max), own.Min, own.Max).WithHint("change chars or ratio")
	case float64(own.Max) < least(of.Max):
		c.Diags.Warnf(at, "ratio", "no translation of the longest texts of %q fits: of %d characters it has at least %.0f by the ratio, and chars allows at most %d", original.Name, of.Max, least(of.Max), own.Max).
			WithHint("raise max of chars, or lower min of ratio")
	case float64(own.Min) > most(of.Min):
		c.Diags.Warnf(at, "ratio", "no translation of the shortest texts of %q fits: of %d characters it has at most %.0f by the ratio, and chars requires at least %d", original.Name, of.Min, most(of.Min), own.Min).
			WithHint("lower min of chars, or raise max of ratio")
	}
}

// readSecondLanguage checks that a translation is in another language than its original.
func (c *Compiler) readSecondLanguage(s *spec.Field, f, original *Field) {
	n := s.Body.Get("language")
	if n == nil {
		c.Diags.Errorf(s.Place, "language", "field %q is a translation, and its language is not given", f.Name).WithHint("give it a tag from languages, such as language: \"en\"")
		return
	}
	own, err := language.Parse(n.String)
	if err != nil {
		c.Diags.Errorf(n.Place, "language", "%q is not a language: %s", n.String, strings.TrimPrefix(err.Error(), "language: ")).WithHint("write a BCP 47 tag, such as \"ru\" or \"pt-BR\"")
		return
	}
	of := original.Text.Language
	if of == "" {
		of = c.Spec.Language
	}
	if of == "" {
		c.Diags.Errorf(n.Place, "language", "field %q translates %q, whose language is not known", f.Name, original.Name).WithHint("give the spec its language")
		return
	}
	if other, err := language.Parse(of); err == nil && sameLanguage(own, other) {
		c.Diags.Errorf(n.Place, "language", "field %q is in %q, the language of its original %q", f.Name, n.String, original.Name).WithHint("name another language, or remove of")
	}
}

// sameLanguage reports whether two tags differ in nothing, or only in that one leaves out
// the region. Regions and scripts of a language may differ enough for a translation.
func sameLanguage(a, b language.Tag) bool {
	baseA, scriptA, _ := a.Raw()
	baseB, scriptB, _ := b.Raw()
	if baseA != baseB || scriptA != scriptB {
		return false
	}
	_, exactA := a.Region()
	_, exactB := b.Region()
	regionA, _ := a.Region()
	regionB, _ := b.Region()
	return exactA != language.Exact || exactB != language.Exact || regionA == regionB
}

// meetOriginal gives a translation to those who have its original and meet its own
// condition.
func (c *Compiler) meetOriginal(s *spec.Field, f, original *Field) {
	at := slices.IndexFunc(c.Spec.Fields, func(x spec.Field) bool { return x.Name == original.Name })
	when := c.Spec.Fields[at].When
	switch {
	case when == nil:
		return
	case s.When == nil:
		f.When, f.WhenText = original.When, original.WhenText
	default:
		both := &spec.Condition{Terms: slices.Concat(when.Terms, s.When.Terms), Text: when.Text + ", " + s.When.Text, Place: s.When.Place}
		f.When, f.WhenText = c.Select([]*spec.Condition{both}), both.Text
	}
	for _, name := range original.Inputs {
		if !slices.Contains(f.Inputs, name) {
			f.Inputs = append(f.Inputs, name)
		}
	}
}
