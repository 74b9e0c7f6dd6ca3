package prompt

import (
	"regexp"
	"strings"
	"text/template/parse"
	"unicode/utf8"
)

func parseTree(text string) (*parse.Tree, map[string]*parse.Tree, error) {
	tree, trees := parse.New(treeName), map[string]*parse.Tree{}
	tree.Mode = parse.SkipFuncCheck
	_, err := tree.Parse(text, "", "", trees)
	return tree, trees, err
}

var syntaxError = regexp.MustCompile(`(?s)^template: ` + treeName + `:\d+(?::\d+)?:\s*(.*)$`)

// syntaxMessage is what the parser says of a text, without the place, of which
// it knows the line only; empty when the text parses.
func syntaxMessage(text string) string {
	_, _, err := parseTree(text)
	if err == nil {
		return ""
	}
	if m := syntaxError.FindStringSubmatch(err.Error()); m != nil {
		return strings.ReplaceAll(m[1], treeName+":", "line ")
	}
	return err.Error()
}

const endless = "unexpected EOF"

// syntaxFault turns an error of the parser into a fault where it begins.
func syntaxFault(name, text string, err error) Fault {
	f := Fault{Name: name, Message: syntaxMessage(text)}
	if f.Message == endless {
		f.Offset = unended(text)
		f.Message, f.Hint = "this block has no end", "write {{ end }} where it ends"
	} else {
		f.Offset = faultStart(text, faultEnd(text, f.Message), f.Message)
	}
	f.Line, f.Column = lineColumn(text, f.Offset)
	return f
}

// faultEnd finds how much of a text the parser needs to say the message. It
// reads from the front and stops at the first fault, so whatever follows does
// not matter; what is cut off inside of an action may only look alike.
func faultEnd(text, message string) int {
	const close = "}}"
	least, most := 0, len(text)
	for end := strings.LastIndex(text, close); end >= 0; end = strings.LastIndex(text[:end], close) {
		if syntaxMessage(text[:end+len(close)]) != message {
			least = end + len(close)
			break
		}
		most = end + len(close)
	}
	for end := most; ; most = end { // whole lines first
		if end = strings.LastIndexByte(text[:end], '\n'); end <= least || syntaxMessage(text[:end]) != message {
			break
		}
	}
	for most > least+1 && syntaxMessage(text[:most-1]) == message {
		most--
	}
	return most
}

// quoted is how the parser's messages name a sign or word that is wrong.
var quoted = regexp.MustCompile(`^(?:unexpected|bad number syntax:|undefined variable|malformed character constant:) (?:"(.+?)"|<(.+?)>|('.*'))`)

// faultStart finds where the fault begins that the parser knows of at end: the
// sign or word that the message names, else the action.
func faultStart(text string, end int, message string) int {
	action := max(0, strings.LastIndex(text[:end], "{{"))
	inside := text[action:end]
	if m := quoted.FindStringSubmatch(message); m != nil {
		if at := strings.LastIndex(inside, m[1]+m[2]+m[3]); at > 0 {
			return action + at
		}
	}
	switch {
	case strings.HasPrefix(message, "unterminated"), message == "unexpected right paren":
		_, size := utf8.DecodeLastRuneInString(inside)
		return end - size
	case message == "unclosed left paren":
		closed := 0
		for i := len(inside) - 1; i >= 0; i-- {
			switch inside[i] {
			case ')':
				closed++
			case '(':
				if closed == 0 {
					return action + i
				}
				closed--
			}
		}
	}
	return action
}

var blockAction = regexp.MustCompile(`\{\{(?:- )?\s*(if|range|with|block|define|end)\b`)

// unended finds the innermost block that is still open at the end of a text.
func unended(text string) int {
	var open []int
	for _, m := range blockAction.FindAllStringSubmatchIndex(text, -1) {
		switch {
		case text[m[2]:m[3]] != "end":
			open = append(open, m[0])
		case len(open) > 0:
			open = open[:len(open)-1]
		}
	}
	if len(open) == 0 {
		return len(text)
	}
	return open[len(open)-1]
}
