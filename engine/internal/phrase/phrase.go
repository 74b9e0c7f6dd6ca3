// Package phrase reads files of phrase banks, which linguists write:
//
//	# a comment
//	[bank.name] age: >=60, zone: "north"
//	One phrase per line, with {field} and {one|other} and <other.bank>,
//	  continued on a line that begins with white space.
//	  /facet Another wording of the same phrase.
//	[gift | giver | memory] [fact: gift]
//	[later: work] a clock | {his|her} aunt | it still runs
//
// A heading names a bank and may have a condition: the fields of a CUE struct,
// without braces, over finite fields. A bank may have any number of sections in
// any number of files. In a phrase {field} is the value of a field, {field.case} its word
// in a grammatical case, {one|other} the
// form that agrees with the person, {axis: one|other} by what is called so, <bank> a phrase of another bank, <bank:2> the
// second phrase in the person's own order of the bank, <bank/facet:2> a facet of
// that same phrase, <bank:a> and <bank/facet:a> the same phrase throughout one phrase, with a
// capital throughout one text; \ makes the next character ordinary (one of { } < > | \ # [ /).
//
// A heading with names after a | lays facets out in columns. Tags say which facts a phrase
// tells, which must be told before it, and how it can be connected; see Tag.
//
// Parse returns the sections of a file, their phrases split into parts, and every
// fault with its place. The package does not know which fields and banks exist.
package phrase

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is the kind of a part of a phrase.
type Kind uint8

const (
	Literal Kind = iota // Text as written
	Field               // the value of the field called Text
	Forms               // one of Forms
	Bank                // a phrase of the bank that Text refers to, see ParseRef
	Refer               // a reference called Text, in a Case; Compile gives it as a Field
)

// Part is a part of a phrase.
type Part struct {
	Kind   Kind
	Text   string
	Case   string // of a Field: the case of its value, "" for the value itself
	Forms  []string
	Offset int // position in the phrase, in bytes
}

// Fault is an error in a phrase.
type Fault struct {
	Offset        int // position in the phrase, in bytes
	Message, Hint string
}

func (f *Fault) Error() string { return f.Message }

// special is the characters that \ makes ordinary.
const special = `{}<>|\#[/`

// Compile splits a phrase into its parts and returns every fault in it. In literals
// and forms, escapes are resolved. An empty phrase has no parts.
func Compile(text string) ([]Part, []Fault) {
	c := compiler{text: text}
	for c.at < len(text) {
		switch text[c.at] {
		case '{':
			c.braces()
		case '<':
			c.reference()
		case '\\':
			c.escape()
		case '}':
			c.fault(c.at, "a } without a {", `remove it, or write \} for a literal }`)
			c.at++
		case '|':
			c.fault(c.at, "a | outside braces", `write forms in braces: {one|other}; write \| for a literal |`)
			c.at++
		default:
			c.literal = append(c.literal, text[c.at])
			c.at++
		}
	}
	c.flush()
	return c.parts, c.faults
}

type compiler struct {
	text    string
	at      int
	parts   []Part
	faults  []Fault
	literal []byte
	from    int // position where the literal begins
}

func (c *compiler) fault(offset int, message, hint string) {
	c.faults = append(c.faults, Fault{offset, message, hint})
}

// flush ends a literal.
func (c *compiler) flush() {
	if len(c.literal) > 0 {
		c.parts = append(c.parts, Part{Kind: Literal, Text: string(c.literal), Offset: c.from})
		c.literal = c.literal[:0]
	}
	c.from = c.at
}

// add ends the literal before a part that ends here.
func (c *compiler) add(p Part) {
	c.flush()
	c.parts = append(c.parts, p)
}

// escape adds an escaped character to the literal.
func (c *compiler) escape() {
	char, size := c.escaped()
	c.literal = append(c.literal, char...)
	c.at += size
}

// escaped reads a \ and the character after it, and returns their size in bytes.
func (c *compiler) escaped() (char string, size int) {
	if c.at+1 < len(c.text) && strings.IndexByte(special, c.text[c.at+1]) >= 0 {
		return c.text[c.at+1 : c.at+2], 2
	}
	c.fault(c.at, `a \ before an ordinary character`, `\ goes before one of { } < > | \ # [ /; write \\ for a literal \`)
	return "", 1
}

// braces reads {field} or {one|other}.
func (c *compiler) braces() {
	start, before, depth := c.at, len(c.faults), 0
	var forms []string
	var form []byte
	c.at++
	for c.at < len(c.text) {
		switch b := c.text[c.at]; b {
		case '}':
			c.at++
			if depth--; depth >= 0 {
				continue // it closes a { that has been reported
			}
			if len(c.faults) == before {
				c.closed(start, append(forms, string(form)))
			}
			return
		case '|':
			forms, form = append(forms, string(form)), form[:0]
			c.at++
		case '\\':
			char, size := c.escaped()
			form = append(form, char...)
			c.at += size
		case '{', '<':
			if b == '{' {
				depth++
			}
			c.fault(c.at, fmt.Sprintf("a %c in braces", b), fmt.Sprintf(`write the name of a field or forms of plain text in braces; write \%[1]c for a literal %[1]c`, b))
			c.at++
		default:
			form = append(form, b)
			c.at++
		}
	}
	c.fault(start, "a { without a }", `add the }, or write \{ for a literal {`)
}

// closed adds the part in the braces that begin at start and end here.
func (c *compiler) closed(start int, forms []string) {
	if len(forms) > 1 {
		c.add(Part{Kind: Forms, Forms: forms, Offset: start})
		return
	}
	name, wordCase, cased := strings.Cut(strings.TrimSpace(forms[0]), ".")
	if !IsFieldName(name) || cased && !IsFieldName(wordCase) {
		c.fault(start, fmt.Sprintf("%q is not the name of a field and has no forms", c.text[start:c.at]), "write {field}, with a name of small letters, digits and _, or {one|other}, with a | between forms")
	}
	c.add(Part{Kind: Field, Text: name, Case: wordCase, Offset: start})
}

// Axes returns the names of what decides between forms, as in {sex: he|she} and
// {sex,number: a|b|c|d}, and the forms without them; nil if there are none.
func Axes(forms []string) (names, without []string) {
	before, after, found := strings.Cut(forms[0], ":")
	if !found {
		return nil, forms
	}
	for _, name := range strings.Split(before, ",") {
		name = strings.TrimSpace(name)
		if !IsFieldName(name) {
			return nil, forms
		}
		names = append(names, name)
	}
	return names, append([]string{strings.TrimLeft(after, " ")}, forms[1:]...)
}

// reference reads <bank>.
func (c *compiler) reference() {
	length := strings.IndexByte(c.text[c.at:], '>')
	if length < 0 {
		c.fault(c.at, "a < without a >", `write <bank>, or \< for a literal <`)
		c.at++
		return
	}
	start, end := c.at, c.at+length+1
	name := strings.TrimSpace(c.text[start+1 : end-1])
	if _, ok := ParseRef(name); !ok {
		c.fault(start, fmt.Sprintf("%q is not a reference to a bank", c.text[start:end]), `write <bank>, <bank:1>, <bank/facet>, <bank/facet:1> or <bank/facet:a>, with names of letters, digits and . _ -, a number from 1 to 99 or a letter; write \< for a literal <`)
		c.at++
		return
	}
	c.at = end
	c.add(Part{Kind: Bank, Text: name, Offset: start})
}

// IsFieldName reports whether a string can be the name of a field: small letters,
// digits and _, with a letter first.
func IsFieldName(s string) bool {
	for i := range len(s) {
		b := s[i]
		if !(b >= 'a' && b <= 'z' || i > 0 && (b >= '0' && b <= '9' || b == '_')) {
			return false
		}
	}
	return s != ""
}

// IsBankName reports whether a string can be the name of a bank or facet: letters,
// digits and . _ -.
func IsBankName(s string) bool {
	for _, r := range s {
		if r == utf8.RuneError || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-", r) {
			return false
		}
	}
	return s != ""
}

// Ref is a reference to a bank: to its next phrase that the person has not had or,
// with a number, to the phrase at that place in the person's own order of the bank,
// which is the same wherever it is referred to. A letter names the next phrase for the
// rest of the phrase that refers to it, a capital for the rest of the text.
type Ref struct {
	Bank   string
	Facet  string // empty for the phrase itself
	Number int    // from 1; 0 for the next phrase
	Letter byte   // 0 for none
}

// ParseRef parses bank or bank/facet, with :number or :letter after it, and reports whether
// the string is one of these.
func ParseRef(s string) (Ref, bool) {
	var r Ref
	s, which, named := strings.Cut(s, ":")
	if named {
		if len(which) == 1 && (which[0] >= 'a' && which[0] <= 'z' || which[0] >= 'A' && which[0] <= 'Z') {
			r.Letter = which[0]
		} else if n, err := strconv.Atoi(which); err == nil && n >= 1 && n <= 99 && which == strconv.Itoa(n) {
			r.Number = n
		} else {
			return r, false
		}
	}
	bank, facet, faceted := strings.Cut(s, "/")
	r.Bank, r.Facet = bank, facet
	return r, IsBankName(bank) && (!faceted || IsBankName(facet))
}
