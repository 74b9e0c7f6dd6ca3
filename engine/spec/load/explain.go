package load

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"

	"github.com/personagen/personagen/engine/diag"
)

// firstParagraph is the first paragraph of the comments above a node, on one
// line.
func firstParagraph(groups []*ast.CommentGroup) string {
	text, _, _ := strings.Cut(comment(groups), "\n\n")
	return strings.Join(strings.Fields(text), " ")
}

// comment is the text of the comments above and beside a node.
func comment(groups []*ast.CommentGroup) string {
	var parts []string
	for _, g := range groups {
		parts = append(parts, strings.TrimSpace(g.Text()))
	}
	return strings.Join(parts, "\n")
}

// Topics lists what Explain knows: the kinds of fields first, then the other
// definitions of the schema.
func Topics() []string {
	topics := Kinds()
	for _, d := range definitions() {
		name := topicOf(d.name)
		if d.name != "#Kinds" && d.name != "#Common" && !slices.Contains(topics, name) {
			topics = append(topics, name)
		}
	}
	return topics
}

// topicOf turns the name of a definition, such as "#TextList", into a topic in
// the spelling of the kinds: "text_list".
func topicOf(definition string) string {
	var topic strings.Builder
	for i, r := range strings.TrimPrefix(definition, "#") {
		previous := definition[max(i, 1)]
		if unicode.IsUpper(r) && i > 0 && !unicode.IsUpper(rune(previous)) {
			topic.WriteByte('_')
		}
		topic.WriteRune(unicode.ToLower(r))
	}
	return topic.String()
}

// Explain tells what the schema says of a topic: what it is, then each field
// with its type, whether it must be there, its default and its meaning. An
// unknown topic is an error that guesses at the one meant.
func Explain(topic string) (string, error) {
	word := strings.ToLower(topic)
	for _, d := range definitions() {
		if topicOf(d.name) == word && slices.Contains(Topics(), word) {
			return explain(word, d), nil
		}
	}
	if near := diag.Guess(word, Topics()); near != "" {
		return "", fmt.Errorf("no topic %q: did you mean %q?", topic, near)
	}
	return "", fmt.Errorf("no topic %q: there are %s", topic, strings.Join(Topics(), ", "))
}

func explain(topic string, d definition) string {
	e := explainer{}
	fmt.Fprintf(&e.out, "%s\n\n", strings.ReplaceAll(comment(d.doc), "\t", "    "))
	lit, ok := d.expr.(*ast.StructLit)
	if !ok {
		fmt.Fprintf(&e.out, "%s: %s\n", topic, source1(d.expr))
		return e.out.String()
	}
	if slices.Contains(Kinds(), topic) {
		fmt.Fprintf(&e.out, "kind: %q\n", topic)
	}
	e.fields("", lit)
	if topic == "field" || slices.ContainsFunc(lit.Elts, embedsCommon) {
		common, _ := definitionNamed("#Common")
		e.out.WriteString("\nSettings of every field:\n")
		e.fields("", common.expr.(*ast.StructLit))
	}
	if more := named(topic, e.out.String()); len(more) > 0 {
		fmt.Fprintf(&e.out, "\nSee also: %s\n", strings.Join(more, ", "))
	}
	return e.out.String()
}

var definitionName = regexp.MustCompile(`#[A-Z][A-Za-z]*`)

// named lists the other topics whose definitions a text names, sorted.
func named(topic, text string) []string {
	var more []string
	for _, name := range definitionName.FindAllString(text, -1) {
		if t := topicOf(name); t != topic && !slices.Contains(more, t) && slices.Contains(Topics(), t) {
			more = append(more, t)
		}
	}
	slices.Sort(more)
	return more
}

func embedsCommon(d ast.Decl) bool {
	e, ok := d.(*ast.EmbedDecl)
	return ok && source1(e.Expr) == "#Common"
}

// explainer prints fields; a definition that is embedded twice is printed once.
type explainer struct {
	out  strings.Builder
	seen []string
}

func (e *explainer) fields(indent string, lit *ast.StructLit) {
	for _, decl := range lit.Elts {
		switch decl := decl.(type) {
		case *ast.Attribute:
			r := readRule(decl)
			fmt.Fprintf(&e.out, "%s(%s of %s)\n", indent, howMany(r), strings.Join(r.names, ", "))
		case *ast.EmbedDecl:
			e.embedded(indent, decl)
		case *ast.Field:
			e.field(indent, decl)
		}
	}
}

func (e *explainer) embedded(indent string, decl *ast.EmbedDecl) {
	switch x := decl.Expr.(type) {
	case *ast.IndexExpr:
		choice := source1(x.Index)
		fmt.Fprintf(&e.out, "%s%s: %s  (required)\n%s    The other settings depend on it: personagen explain %s.\n",
			indent, choice, strings.Join(Kinds(), " | "), indent, Kinds()[0])
	case *ast.Ident:
		def, ok := definitionNamed(x.Name)
		switch {
		case !ok || x.Name == "#Common":
		case slices.Contains(e.seen, x.Name):
			fmt.Fprintf(&e.out, "%s(and the fields of %s as above)\n", indent, topicOf(x.Name))
		default:
			e.seen = append(e.seen, x.Name)
			e.fields(indent, def.expr.(*ast.StructLit))
		}
	}
}

// field prints one field: its name and type, then its comment, then the fields
// within.
func (e *explainer) field(indent string, f *ast.Field) {
	label := source1(f.Label)
	if label == "kind" {
		return // said already
	}
	need := ""
	switch f.Constraint {
	case token.NOT:
		need = "  (required)"
	case token.ILLEGAL:
		if value := defaultOf(f.Value); value != "" {
			need = "  (default " + value + ")"
		}
	}
	fmt.Fprintf(&e.out, "%s%s: %s%s\n", indent, label, typeText(f.Value), need)
	for line := range strings.SplitSeq(comment(ast.Comments(f)), "\n") {
		if line != "" {
			fmt.Fprintf(&e.out, "%s    %s\n", indent, strings.TrimSpace(line))
		}
	}
	if inner := innerStruct(f.Value); inner != nil {
		e.fields(indent+"    ", inner)
	}
}

// innerStruct is the struct that a type spells out, by itself or as a list's
// items.
func innerStruct(x ast.Expr) *ast.StructLit {
	switch x := x.(type) {
	case *ast.StructLit:
		if len(x.Elts) > 0 && !isPattern(x) {
			return x
		}
	case *ast.ListLit:
		if len(x.Elts) == 1 {
			if rest, ok := x.Elts[0].(*ast.Ellipsis); ok && rest.Type != nil {
				return innerStruct(rest.Type)
			}
		}
	}
	return nil
}

func isPattern(x *ast.StructLit) bool {
	f, ok := x.Elts[0].(*ast.Field)
	if !ok {
		return false
	}
	_, ok = f.Label.(*ast.ListLit)
	return ok
}

// typeText is a type in CUE, without its default; a struct whose fields follow
// is {…}.
func typeText(x ast.Expr) string {
	if inner := innerStruct(x); inner != nil {
		if _, list := x.(*ast.ListLit); list {
			return "[...{…}]"
		}
		return "{…}"
	}
	var parts []string
	defaulted := defaultOf(x)
	for _, alt := range alternatives(x) {
		text := strings.NewReplacer("{ ", "{", " }", "}").Replace(source1(unwrapped(alt)))
		if text != defaulted || isText(alt) {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, " | ")
}

func isText(x ast.Expr) bool {
	lit, ok := x.(*ast.BasicLit)
	return ok && lit.Kind == token.STRING
}

func unwrapped(x ast.Expr) ast.Expr {
	if p, ok := x.(*ast.ParenExpr); ok {
		return unwrapped(p.X)
	}
	return x
}

// defaultOf is the marked alternative of a type, or "".
func defaultOf(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.ParenExpr:
		return defaultOf(x.X)
	case *ast.UnaryExpr:
		if x.Op == token.MUL {
			return source1(x.X)
		}
	case *ast.BinaryExpr:
		if x.Op == token.OR {
			if d := defaultOf(x.X); d != "" {
				return d
			}
			return defaultOf(x.Y)
		}
	}
	return ""
}
