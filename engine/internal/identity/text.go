package identity

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
)

// TextVersion is the version of Text's encoding. Raise it when records of older
// journals must no longer be used.
const TextVersion = 1

// Text is what all records of a text field, or score, in a journal have in common. It
// decides, together with the facts that a prompt shows and the person's number,
// the key of a record.
type Text struct {
	Version     int        `json:"Version"`
	Population  string     `json:"Population"`
	Name        string     `json:"Name"`
	Title       string     `json:"Title"`
	About       string     `json:"About"`
	When        string     `json:"When"` // always empty
	Chars       Length     `json:"Chars"`
	Items       *Length    `json:"Items"`
	Scale       *Scale     `json:"Scale,omitempty"`
	Mentions    []string   `json:"Mentions"`
	Rules       []Rule     `json:"Rules"`
	Language    *Language  `json:"Language,omitempty"`
	System      string     `json:"System"`
	Prompt      string     `json:"Prompt"`
	Model       string     `json:"Model"`
	Temperature *float64   `json:"Temperature"`
	Examples    []Exchange `json:"Examples,omitempty"`
	Of          string     `json:"Of,omitempty"` // the text that it translates
	Ratio       []float64  `json:"Ratio,omitempty"`
}

// Length bounds characters or items.
type Length struct {
	Min    int `json:"min"`
	Max    int `json:"max"`
	Target int `json:"target,omitempty"`
}

// Scale is the scale of a score.
type Scale struct {
	Lowest  int64 `json:"lowest"`
	Highest int64 `json:"highest"`
}

// Rule is a rule about the text, without the persons and fields it concerns.
type Rule struct {
	Name       string   `json:"name"`
	About      string   `json:"about"`
	Severity   string   `json:"severity"`
	WhenText   string   `json:"when_text,omitempty"`
	Never      []string `json:"never,omitempty"`
	NeverMatch string   `json:"never_match,omitempty"`
	Number     string   `json:"number,omitempty"`
	Field      string   `json:"field,omitempty"`
	By         *ByValue `json:"by,omitempty"`
	Fields     []string `json:"fields"` // always null
}

// ByValue is a rule that compares the words of a text with a field's value.
type ByValue struct {
	Field   string     `json:"field"`
	Words   [][]string `json:"words,omitempty"`
	Said    []string   `json:"said,omitempty"`
	Unless  []string   `json:"unless,omitempty"`
	Opening bool       `json:"opening,omitempty"`
}

// Language is the language that the text is written in.
type Language struct {
	Name     string   `json:"name"`
	Letters  string   `json:"letters,omitempty"`
	Own      bool     `json:"own,omitempty"`
	Foreign  float64  `json:"foreign"`
	Accented float64  `json:"accented,omitempty"`
	Words    []string `json:"words,omitempty"`
	Common   float64  `json:"common,omitempty"`
	Least    int      `json:"least"`
}

// Exchange is an example's prompt and its answer for the field.
type Exchange struct {
	Prompt string `json:"Prompt"`
	Answer Answer `json:"Answer"`
}

// Answer is a text, the items of a list, or a score.
type Answer struct {
	Text  string   `json:"text,omitempty"`
	Items []string `json:"items,omitempty"`
	Score *int64   `json:"score,omitempty"`
}

// Encode returns the canonical bytes of what records have in common.
func (t *Text) Encode() []byte {
	stamped := *t
	stamped.Version = TextVersion
	data, err := json.Marshal(stamped)
	if err != nil {
		panic(fmt.Sprintf("identity: cannot encode a text field: %v", err)) // finite numbers and strings always encode
	}
	return data
}

// Hash returns the hash of Encode.
func (t *Text) Hash() [32]byte { return sha256.Sum256(t.Encode()) }
