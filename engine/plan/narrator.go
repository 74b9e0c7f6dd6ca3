package plan

import (
	"slices"

	"github.com/personagen/personagen/engine/kind"
)

// Narrator is what the offline narrator writes texts from.
type Narrator struct {
	// Forms is the field that decides between the forms of a phrase. FormOf is the
	// form, from 0, of each of its codes, -1 for none.
	Forms  string  `json:"forms,omitempty"`
	FormOf []int32 `json:"form_of,omitempty"`
	// Axes are in place of Forms if phrases name what decides between their forms.
	Axes []FormAxis `json:"axes,omitempty"`
	// Contractions are pairs of words and the word that stands for them.
	Contractions map[string]string `json:"contractions,omitempty"`
	// Cases are words for the values of fields, of those that phrases use.
	Cases []WordCase `json:"cases,omitempty"`
	// Relations have the connectives between phrases, References the wordings of mentions.
	Relations  []Relation  `json:"relations,omitempty"`
	References []Reference `json:"references,omitempty"`
	// Spread leaves phrases that earlier persons of a hundred took often for later.
	Spread bool   `json:"spread,omitempty"`
	Banks  []Bank `json:"banks"`
}

// Relation is a relation between neighbouring phrases, with its connectives.
type Relation struct {
	Name  string   `json:"name"`
	Words []string `json:"words"`
}

// Reference has the wordings of a reference in a grammatical case, "" for none: phrases of
// fields and forms, of which one list is used in turn. It is near up to Within phrases
// after its last mention.
type Reference struct {
	Name   string   `json:"name"`
	Case   string   `json:"case,omitempty"`
	First  []string `json:"first"`
	Near   []string `json:"near,omitempty"`
	Far    []string `json:"far,omitempty"`
	Within int      `json:"within"`
}

// WordCase has the words for the labels of a field, in their order, in a grammatical case.
type WordCase struct {
	Field string   `json:"field"`
	Name  string   `json:"name"`
	Words []string `json:"words"`
}

// FormAxis decides between Count forms of a phrase: case i+1 of Of has form i.
type FormAxis struct {
	Name  string         `json:"name"`
	Count int            `json:"count"`
	Of    *kind.Selector `json:"of"`
}

// Bank is a named collection of phrases, in sections.
type Bank struct {
	Name     string    `json:"name"`
	Sections []Section `json:"sections"`
}

// Section has the phrases of a bank that are open to persons with case 1 of When, to
// everyone when that is nil.
type Section struct {
	When    *kind.Selector      `json:"when,omitempty"`
	Phrases []string            `json:"phrases"`          // in the grammar of package phrase
	Facets  map[string][]string `json:"facets,omitempty"` // by name, one per phrase
	Tags    []Tags              `json:"tags,omitempty"`   // one per phrase, nil if none has any
}

// Tags say what a phrase tells and what it follows from.
type Tags struct {
	Facts   []string   `json:"facts,omitempty"`
	After   [][]string `json:"after,omitempty"` // one fact of each must have been told
	Follows []Follow   `json:"follows,omitempty"`
}

// Follow is a relation that a phrase can have to a phrase before it that tells one of some
// facts, or, without facts, to any phrase.
type Follow struct {
	Relation string   `json:"relation"`
	Facts    []string `json:"facts,omitempty"`
}

// Rule is a rule about texts.
type Rule struct {
	Name       string         `json:"name"`
	About      string         `json:"about"`
	Severity   string         `json:"severity"`
	When       *kind.Selector `json:"when,omitempty"`
	WhenText   string         `json:"when_text,omitempty"`
	Never      []string       `json:"never,omitempty"`
	NeverMatch string         `json:"never_match,omitempty"`
	Number     string         `json:"number,omitempty"` // regular expression
	Field      string         `json:"field,omitempty"`  // that the first group of Number must equal
	By         *ByValue       `json:"by,omitempty"`
	Fields     []string       `json:"fields"` // the text fields that it is about
}

// Compared lists the fields that the rule compares texts with.
func (r *Rule) Compared() []string {
	var names []string
	if r.When != nil {
		names = slices.Clone(r.When.Fields)
	}
	if r.Field != "" {
		names = append(names, r.Field)
	}
	if r.By != nil {
		names = append(names, r.By.Field)
	}
	return names
}

// ByValue forbids the words of any value of Field but the person's. Words are the
// words of each value, nil for the values themselves.
type ByValue struct {
	Field   string     `json:"field"`
	Words   [][]string `json:"words,omitempty"`
	Said    []string   `json:"said,omitempty"`   // with {} for the words
	Unless  []string   `json:"unless,omitempty"` // words before it that negate it
	Opening bool       `json:"opening,omitempty"`
}

// Language describes texts of at least Least words in a language: at most the share
// Foreign of their characters are letters of other alphabets, at least Accented are
// among Letters, and at least Common of their words are among Words.
type Language struct {
	Name     string   `json:"name"`
	Letters  string   `json:"letters,omitempty"`
	Own      bool     `json:"own,omitempty"` // a to z are not letters of the language
	Foreign  float64  `json:"foreign"`
	Accented float64  `json:"accented,omitempty"`
	Words    []string `json:"words,omitempty"`
	Common   float64  `json:"common,omitempty"`
	Least    int      `json:"least"`
}
