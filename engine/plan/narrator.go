package plan

import "github.com/personagen/personagen/engine/kind"

// Narrator is what the offline narrator works with.
type Narrator struct {
	// Forms is the field that decides between the forms of a phrase, and which
	// form (from 0) each of its codes takes, -1 for none.
	Forms  string  `json:"forms,omitempty"`
	FormOf []int32 `json:"form_of,omitempty"`
	Banks  []Bank  `json:"banks"`
}

// Bank is a named collection of phrases in sections.
type Bank struct {
	Name     string    `json:"name"`
	Sections []Section `json:"sections"`
}

// Section is the phrases of a bank that are open to persons with case 1 of
// When; nil for everyone.
type Section struct {
	When    *kind.Selector      `json:"when,omitempty"`
	Phrases []string            `json:"phrases"`          // in the grammar of package phrase
	Facets  map[string][]string `json:"facets,omitempty"` // by name, one for each phrase
}

// Rule is a spec.Rule, compiled.
type Rule struct {
	Name       string         `json:"name"`
	About      string         `json:"about"`
	Severity   string         `json:"severity"`
	When       *kind.Selector `json:"when,omitempty"`
	WhenText   string         `json:"when_text,omitempty"`
	Never      []string       `json:"never,omitempty"`
	NeverMatch string         `json:"never_match,omitempty"`
	Number     string         `json:"number,omitempty"` // regular expression
	Field      string         `json:"field,omitempty"`  // that Number's first group must equal
	By         *ByValue       `json:"by,omitempty"`
	Fields     []string       `json:"fields"` // text fields it concerns
}

// ByValue forbids what tells another value of Field than the person's. Words are
// those of each of the field's values, nil for the values themselves.
type ByValue struct {
	Field   string     `json:"field"`
	Words   [][]string `json:"words,omitempty"`
	Said    []string   `json:"said,omitempty"`   // {} stands for the words
	Unless  []string   `json:"unless,omitempty"` // words before it that turn it round
	Opening bool       `json:"opening,omitempty"`
}

// Language says how texts of at least Least words look: at most Foreign of
// their characters are letters of other alphabets, at least Accented are among
// Letters, and at least Common of their words among Words.
type Language struct {
	Name     string   `json:"name"`
	Letters  string   `json:"letters,omitempty"`
	Own      bool     `json:"own,omitempty"` // a to z are not among its letters
	Foreign  float64  `json:"foreign"`
	Accented float64  `json:"accented,omitempty"`
	Words    []string `json:"words,omitempty"`
	Common   float64  `json:"common,omitempty"`
	Least    int      `json:"least"`
}
