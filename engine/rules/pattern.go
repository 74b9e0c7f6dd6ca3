package rules

import (
	"bytes"
	"regexp"
	"regexp/syntax"
	"strings"
)

// pattern is a regular expression that is tried only where it can match: trying
// one everywhere costs more than everything else that is done with a text.
type pattern struct {
	*regexp.Regexp
	// needed are texts in lower case one of which every match has in it; nil
	// when nothing is known.
	needed [][]byte
	// line is the expression without its leading (?m)^, tied to the beginning
	// of what it is given; nil when it does not begin so.
	line *regexp.Regexp
	// anchored expressions look at the ends of the text.
	anchored bool
}

func newPattern(text string) (*pattern, error) {
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, err
	}
	p := &pattern{Regexp: re}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, err
	}
	p.anchored = anchored(tree)
	for _, s := range needed(tree) {
		p.needed = append(p.needed, []byte(s))
	}
	if first := tree; first.Op == syntax.OpConcat && first.Sub[0].Op == syntax.OpBeginLine {
		first.Sub[0].Op = syntax.OpBeginText
		p.line, err = regexp.Compile(first.String())
	}
	return p, err
}

// possible reports whether a text, given in lower case, has what a match needs.
func (p *pattern) possible(lower []byte) bool {
	if p.needed == nil {
		return true
	}
	for _, s := range p.needed {
		if bytes.Contains(lower, s) {
			return true
		}
	}
	return false
}

// find returns where the first match is, nil when there is none.
func (p *pattern) find(text string, lower []byte) []int {
	if !p.possible(lower) {
		return nil
	}
	if p.line == nil {
		return p.FindStringIndex(text)
	}
	for at := 0; at <= len(text); {
		if loc := p.line.FindStringIndex(text[at:]); loc != nil {
			return []int{at + loc[0], at + loc[1]}
		}
		next := strings.IndexByte(text[at:], '\n')
		if next < 0 {
			break
		}
		at += next + 1
	}
	return nil
}

// most alternatives are looked for one after the other.
const most = 12

// needed returns texts one of which every match of the expression contains.
func needed(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		return []string{lowered(string(re.Rune))}
	case syntax.OpCharClass:
		var out []string
		for i := 0; i < len(re.Rune); i += 2 {
			for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
				if len(out) == most {
					return nil
				}
				out = append(out, lowered(string(r)))
			}
		}
		return out
	case syntax.OpCapture, syntax.OpPlus:
		return needed(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return needed(re.Sub[0])
		}
	case syntax.OpConcat:
		var best []string
		for _, sub := range re.Sub {
			if n := needed(sub); rarity(n) > rarity(best) {
				best = n
			}
		}
		return best
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			n := needed(sub)
			if n == nil || len(all)+len(n) > most {
				return nil
			}
			all = append(all, n...)
		}
		return all
	}
	return nil
}

// rarity tells which of two lists of needed texts is the better: the one whose
// shortest text is longer.
func rarity(list []string) int {
	if len(list) == 0 {
		return 0
	}
	shortest := len(list[0])
	for _, s := range list {
		shortest = min(shortest, len(s))
	}
	return 2*most*shortest - len(list)
}

// anchored reports whether an expression looks at the ends of lines or texts.
func anchored(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText:
		return true
	}
	for _, sub := range re.Sub {
		if anchored(sub) {
			return true
		}
	}
	return false
}
