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

// syntaxMessage is the parser's message about a text, without the position, of
// which the parser knows only the line; "" if the text parses.
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

const unexpectedEOF = "unexpected EOF"

// syntaxFault converts an error of the parser to a fault at the position where it
// starts.
func syntaxFault(name, text string, err error) Fault {
	f := Fault{Name: name, Message: syntaxMessage(text)}
	if f.Message == unexpectedEOF {
		f.Offset = openBlock(text)
		f.Message, f.Hint = "this block has no end", "close it with {{ end }}"
	} else {
		f.Offset = faultStart(text, faultEnd(text, f.Message), f.Message)
	}
	f.Line, f.Column = lineColumn(text, f.Offset)
	return f
}

// faultEnd returns the length of the shortest prefix of a text for which the parser
// reports the message. The parser stops at the first fault, so that what follows
// does not matter. It tries ends of actions first, because a prefix that ends within
// an action may have the same message for another reason.
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

// quoted matches the wrong token in messages of the parser.
var quoted = regexp.MustCompile(`^(?:unexpected|bad number syntax:|undefined variable|malformed character constant:) (?:"(.+?)"|<(.+?)>|('.*'))`)

// faultStart returns the start of the fault that the parser reports at end: that of
// the token in the message, else that of the action.
func faultStart(text string, end int, message string) int {
	action := max(0, strings.LastIndex(text[:end], "{{"))
	within := text[action:end]
	if m := quoted.FindStringSubmatch(message); m != nil {
		if at := strings.LastIndex(within, m[1]+m[2]+m[3]); at > 0 {
			return action + at
		}
	}
	switch {
	case strings.HasPrefix(message, "unterminated"), message == "unexpected right paren":
		_, size := utf8.DecodeLastRuneInString(within)
		return end - size
	case message == "unclosed left paren":
		closed := 0
		for i := len(within) - 1; i >= 0; i-- {
			switch within[i] {
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

// openBlock returns the offset of the innermost block that is open at the end of a
// text.
func openBlock(text string) int {
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
