// Package phrase reads files of phrase banks, which a linguist writes:
//
//	# a comment
//	[bank.name] age: >=60, zone: "north"
//	One phrase a line, with {field} and {one|other} and <other.bank>,
//	  continued on a line that begins with white space.
//	  /facet The same thing, said in another way.
//
// A heading names a bank and, if it likes, a condition: the inside of a CUE
// struct over finite fields. A bank may have any number of sections in any
// file. In a phrase {field} is the value of a field, {one|other} the form that
// fits the person, <bank> a phrase of another bank, <bank:2> the second of the
// person's own order of it, <bank/facet:2> a facet of that same phrase; \ takes
// the special meaning from the sign behind it (one of { } < > | \ # [ /).
//
// In goes the text of a file, out come its sections, their phrases cut into
// parts, and every fault with its place. Nothing here knows which fields and
// banks exist.
package phrase

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind says what a part of a phrase stands for.
type Kind uint8

const (
	Literal Kind = iota // Text as it stands
	Field               // the value of the field called Text
	Forms               // one of Forms
	Bank                // a phrase of the bank that Text refers to, see ParseRef
)

// Part is a piece of a phrase.
type Part struct {
	Kind   Kind
	Text   string
	Forms  []string
	Offset int // in bytes from the beginning of the phrase
}

// Fault is something wrong inside a phrase.
type Fault struct {
	Offset        int // in bytes from the beginning of the phrase
	Message, Hint string
}

func (f *Fault) Error() string { return f.Message }

// special are the signs that \ makes ordinary.
const special = `{}<>|\#[/`

// Compile cuts a phrase into its parts and reports every fault in it. Literals
// have their escapes resolved; an empty phrase has no parts.
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
			c.fault(c.at, "a } without a { before it", `write \} for the sign itself`)
			c.at++
		case '|':
			c.fault(c.at, "a | outside braces", `forms stand in braces: {one|other}; write \| for the sign itself`)
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
	from    int // where the literal begins
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

// escape takes a \ and the sign behind it into the literal.
func (c *compiler) escape() {
	sign, size := c.escaped()
	c.literal = append(c.literal, sign...)
	c.at += size
}

// escaped reads a \ and the sign behind it.
func (c *compiler) escaped() (sign string, size int) {
	if c.at+1 < len(c.text) && strings.IndexByte(special, c.text[c.at+1]) >= 0 {
		return c.text[c.at+1 : c.at+2], 2
	}
	c.fault(c.at, `a \ before nothing special`, `\ stands before one of { } < > | \ # [ /; write \\ for the sign itself`)
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
				continue // it closes a brace that has been reported
			}
			if len(c.faults) == before {
				c.closed(start, append(forms, string(form)))
			}
			return
		case '|':
			forms, form = append(forms, string(form)), form[:0]
			c.at++
		case '\\':
			sign, size := c.escaped()
			form = append(form, sign...)
			c.at += size
		case '{', '<':
			if b == '{' {
				depth++
			}
			c.fault(c.at, fmt.Sprintf("a %c inside braces", b), fmt.Sprintf(`braces hold the name of a field, or forms of plain text; write \%c for the sign itself`, b))
			c.at++
		default:
			form = append(form, b)
			c.at++
		}
	}
	c.fault(start, "a { without a } behind it", `close it, or write \{ for the sign itself`)
}

// closed adds what the braces from start up to here hold.
func (c *compiler) closed(start int, forms []string) {
	if len(forms) > 1 {
		c.add(Part{Kind: Forms, Forms: forms, Offset: start})
		return
	}
	name := strings.TrimSpace(forms[0])
	if !IsFieldName(name) {
		c.fault(start, fmt.Sprintf("%q is neither a field nor forms", c.text[start:c.at]), "write {field}, or {one|other} with a | between the forms")
	}
	c.add(Part{Kind: Field, Text: name, Offset: start})
}

// reference reads <bank>.
func (c *compiler) reference() {
	length := strings.IndexByte(c.text[c.at:], '>')
	if length < 0 {
		c.fault(c.at, "a < without a > behind it", `write <bank>, or \< for the sign itself`)
		c.at++
		return
	}
	start, end := c.at, c.at+length+1
	name := strings.TrimSpace(c.text[start+1 : end-1])
	if _, ok := ParseRef(name); !ok {
		c.fault(start, fmt.Sprintf("%q is no reference to a bank", c.text[start:end]), `write <bank>, <bank:1>, <bank/facet> or <bank/facet:1>: the name of a bank is letters, digits and . _ -, its number 1 to 99; write \< for the sign itself`)
		c.at++
		return
	}
	c.at = end
	c.add(Part{Kind: Bank, Text: name, Offset: start})
}

// IsFieldName reports whether a text could be the name of a field.
func IsFieldName(s string) bool {
	for i := range len(s) {
		b := s[i]
		if !(b >= 'a' && b <= 'z' || i > 0 && (b >= '0' && b <= '9' || b == '_')) {
			return false
		}
	}
	return s != ""
}

// IsBankName reports whether a text can be the name of a bank: letters, digits
// and . _ -.
func IsBankName(s string) bool {
	for _, r := range s {
		if r == utf8.RuneError || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-", r) {
			return false
		}
	}
	return s != ""
}

// Ref is a reference to a bank: a phrase of it that has not come yet or, with a
// number, the phrase at that place of the person's own order of the bank, which
// is the same wherever it is asked for.
type Ref struct {
	Bank   string
	Facet  string // empty for the phrase itself
	Number int    // from 1; 0 for the next phrase
}

// ParseRef reads bank, bank/facet, bank:number or bank/facet:number, and
// reports whether the text is one of these.
func ParseRef(s string) (Ref, bool) {
	var r Ref
	s, number, numbered := strings.Cut(s, ":")
	if numbered {
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > 99 || number != strconv.Itoa(n) {
			return r, false
		}
		r.Number = n
	}
	bank, facet, faceted := strings.Cut(s, "/")
	r.Bank, r.Facet = bank, facet
	return r, IsBankName(bank) && (!faceted || IsBankName(facet))
}
