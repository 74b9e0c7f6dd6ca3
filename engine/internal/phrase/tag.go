package phrase

import (
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
)

// Tag is a statement about a phrase, written before it or after the heading of its section:
//
//	[fact: wedding]          it tells this fact
//	[after: wedding, move]   it stands only where one of these facts has been told
//	[contrast: wedding]      after a sentence that tells this fact, a word for the relation
//	                         called contrast may connect it; any stands for every fact
type Tag struct {
	Name  string // Fact, After or a relation
	Facts []string
	Place diag.Place
}

// The names of tags that are not relations.
const (
	Fact  = "fact"
	After = "after"
)

// Any is the fact in the tag of a relation that stands for every sentence before.
const Any = "any"

// isTag reports whether a line that begins with [ begins with a tag: the brackets of a
// heading have no colon.
func isTag(text string) bool {
	inside, _, closed := strings.Cut(text[1:], "]")
	return closed && strings.Contains(inside, ":")
}

// tags reads the tags at the beginning of a text that begins in a column, and returns the
// text after them.
func (p *parser) tags(text string, column int) (tags []Tag, rest string) {
	for strings.HasPrefix(text, "[") && isTag(text) {
		end := strings.IndexByte(text, ']')
		name, facts, _ := strings.Cut(text[1:end], ":")
		t := Tag{Name: strings.Trim(name, blanks), Place: p.place(column)}
		for _, fact := range strings.Split(facts, ",") {
			t.Facts = append(t.Facts, strings.Trim(fact, blanks))
		}
		if IsFieldName(t.Name) && !slices.ContainsFunc(t.Facts, func(fact string) bool { return !IsBankName(fact) }) {
			tags = append(tags, t)
		} else {
			p.faults.Errorf(t.Place, "tag", "%s is not a tag", text[:end+1]).
				WithHint("write [fact: name], [after: name] or [relation: name], with commas between several names of letters, digits and . _ -")
		}
		after := strings.TrimLeft(text[end+1:], blanks)
		column += len(text) - len(after)
		text = after
	}
	return tags, text
}
