package load

import (
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/spec"
)

// positions returns where the parts of a string of the spec are written, or nil if
// it is not composed of literals. If the path has only one expression, it starts
// there, and otherwise at the source that CUE has for the value.
func (r *reader) positions(path []cue.Selector, v cue.Value, s string) []spec.Position {
	var x ast.Expr
	if d, ok := r.places.only(path); ok {
		x = d.value
	}
	w := assembler{places: r.places}
	if !w.expr(x, v, 0) || w.text.String() != s {
		return nil
	}
	return w.positions
}

// assembler builds a string from its source again, to record where each part of it
// is written.
type assembler struct {
	places    *places
	escape    string // what begins an escape in the current literal: a backslash and as many # as its quotes have
	text      strings.Builder
	positions []spec.Position
}

// depth is the largest number of references that are followed.
const depth = 20

// expr adds the string that x evaluates to, and reports whether its source is known.
// v is the value of x, through which references are followed.
func (w *assembler) expr(x ast.Expr, v cue.Value, level int) bool {
	if level > depth {
		return false
	}
	switch x := x.(type) {
	case *ast.ParenExpr:
		return w.expr(x.X, v, level+1)
	case *ast.UnaryExpr: // the default of a disjunction
		return x.Op == token.MUL && w.expr(x.X, v, level+1)
	case *ast.BasicLit:
		return x.Kind == token.STRING && w.literal(x)
	case *ast.Interpolation:
		op, parts := v.Expr()
		return op == cue.InterpolationOp && len(parts) == len(x.Elts) && w.interpolation(x, parts)
	case *ast.BinaryExpr:
		op, parts := v.Expr()
		return x.Op == token.ADD && op == cue.AddOp && len(parts) == 2 &&
			w.expr(x.X, parts[0], level+1) && w.expr(x.Y, parts[1], level+1)
	case *ast.Ident:
		if let, ok := x.Node.(*ast.LetClause); ok {
			return w.expr(let.Expr, v, level+1)
		}
	}
	target := cue.Dereference(v)
	switch source := target.Source().(type) {
	case *ast.Field:
		return source.Value != x && w.expr(source.Value, target, level+1)
	case ast.Expr:
		return source != x && w.expr(source, target, level+1)
	}
	return false
}

func (w *assembler) literal(x *ast.BasicLit) bool {
	quotes, begin, _, err := literal.ParseQuotes(x.Value, x.Value)
	return err == nil && quotes.IsDouble() && w.quoted(x, begin, quotes, true)
}

// interpolation adds the literal parts of an interpolation and the values between
// them. The position of a value is that of its expression.
func (w *assembler) interpolation(x *ast.Interpolation, parts []cue.Value) bool {
	first, ok := x.Elts[0].(*ast.BasicLit)
	last, ok2 := x.Elts[len(x.Elts)-1].(*ast.BasicLit)
	if !ok || !ok2 {
		return false
	}
	quotes, begin, _, err := literal.ParseQuotes(first.Value, last.Value)
	if err != nil || !quotes.IsDouble() {
		return false
	}
	for i, e := range x.Elts {
		if i%2 == 0 {
			lit, ok := e.(*ast.BasicLit)
			if !ok || !w.quoted(lit, begin, quotes, i == len(x.Elts)-1) {
				return false
			}
			begin = len(")")
			continue
		}
		w.add(w.places.place(e.Pos()), true)
		value, _ := parts[i].Default()
		switch value.Kind() {
		case cue.StringKind:
			s, _ := value.String()
			w.text.WriteString(s)
		case cue.IntKind, cue.FloatKind, cue.BoolKind:
			s, err := value.MarshalJSON()
			if err != nil {
				return false
			}
			w.text.Write(s)
		default:
			return false
		}
	}
	return true
}

func (w *assembler) add(at diag.Place, fixed bool) {
	w.positions = append(w.positions, spec.Position{Offset: w.text.Len(), Place: at, Fixed: fixed})
}

// quoted adds the contents of a quoted literal from its byte begin on. As CUE
// specifies, the contents of a multi-line string include neither the white space at
// the beginning of each line, as much as precedes the closing quotes, nor the line
// break before these. If toEnd is false, the part ends before an expression.
func (w *assembler) quoted(lit *ast.BasicLit, begin int, quotes literal.QuoteInfo, toEnd bool) bool {
	s := lit.Value
	if s[0] != ')' {
		w.escape = `\` + strings.Repeat("#", len(s)-len(strings.TrimLeft(s, "#")))
	}
	end := strings.LastIndex(s, w.escape+"(")
	if toEnd {
		end = strings.LastIndexByte(s, '"')
	}
	if toEnd && quotes.IsMulti() {
		end = strings.LastIndexByte(s, '\n')
	}
	if end < begin {
		return true // nothing between the quotes
	}
	at := w.places.place(lit.Pos())
	place := func(i int) diag.Place {
		if line := strings.LastIndexByte(s[:i], '\n'); line >= 0 {
			return diag.Place{File: at.File, Line: at.Line + strings.Count(s[:i], "\n"), Column: i - line}
		}
		return diag.Place{File: at.File, Line: at.Line, Column: at.Column + i}
	}
	w.add(place(begin), false)
	for i := begin; i < end; {
		switch {
		case s[i] == '\n':
			w.text.WriteByte('\n')
			i += 1 + indent(s[i+1:end], quotes)
			w.add(place(i), false)
		case strings.HasPrefix(s[i:end], w.escape):
			char, size := w.escaped(s[i+len(w.escape) : end])
			if size == 0 {
				return false
			}
			w.add(place(i), true)
			w.text.WriteString(char)
			i += len(w.escape) + size
			w.add(place(i), false)
		default:
			w.text.WriteByte(s[i])
			i++
		}
	}
	return true
}

// indent returns the number of bytes at the beginning of a line that are not part of
// the string.
func indent(line string, quotes literal.QuoteInfo) int {
	if strings.HasPrefix(line, quotes.Whitespace()) {
		return len(quotes.Whitespace())
	}
	return 0 // an empty line
}

// escaped reads what follows the beginning of an escape. It returns the characters
// that the escape produces and its length in bytes, 0 if it is not an escape.
func (w *assembler) escaped(s string) (string, int) {
	sizes := map[byte]int{'u': 5, 'U': 9}
	if s == "" {
		return "", 0
	}
	size := max(1, sizes[s[0]])
	if size > len(s) {
		return "", 0
	}
	char, err := literal.Unquote(`"\` + s[:size] + `"`)
	if err == nil {
		return char, size
	}
	// The first half of a surrogate pair has no meaning alone.
	second := size + len(w.escape)
	if len(s) < second+5 || !strings.HasPrefix(s[size:], w.escape+"u") {
		return "", 0
	}
	if char, err = literal.Unquote(`"\` + s[:size] + `\` + s[second:second+5] + `"`); err != nil {
		return "", 0
	}
	return char, second + 5
}
