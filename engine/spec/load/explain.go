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

// firstParagraph returns the first paragraph of the comments on a node, on one
// line.
func firstParagraph(groups []*ast.CommentGroup) string {
	text, _, _ := strings.Cut(comment(groups), "\n\n")
	return strings.Join(strings.Fields(text), " ")
}

// comment returns the text of the comments above and beside a node.
func comment(groups []*ast.CommentGroup) string {
	var parts []string
	for _, g := range groups {
		parts = append(parts, strings.TrimSpace(g.Text()))
	}
	return strings.Join(parts, "\n")
}

// Topics lists the topics that Explain knows: the kinds of fields first, then the
// other definitions of the schema, then the packs.
func Topics() []string {
	topics := Kinds()
	for _, d := range definitions() {
		name := topicOf(d.name)
		if d.name != "#Kinds" && d.name != "#RecordKinds" && d.name != "#Common" && !slices.Contains(topics, name) {
			topics = append(topics, name)
		}
	}
	topics = append(topics, packsTopic)
	for _, pack := range Packs() {
		topics = append(topics, packTopic(pack))
	}
	return topics
}

// topicOf returns the topic of a definition, spelled like the kinds of fields:
// "text_list" for "#TextList".
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

// Explain returns the documentation of a topic from the schema: what it is, then
// each field with its type, whether it is required, its default and its meaning. The
// error for an unknown topic suggests the one that was probably meant.
func Explain(topic string) (string, error) {
	word := strings.ToLower(topic)
	if word == packsTopic {
		return explainPacks(), nil
	}
	if pack, ok := strings.CutPrefix(word, packTopic("")); ok && slices.Contains(Packs(), pack) {
		return explainPack(pack), nil
	}
	for _, d := range definitions() {
		if topicOf(d.name) == word && slices.Contains(Topics(), word) {
			return explain(word, d), nil
		}
	}
	if near := diag.Guess(word, Topics()); near != "" {
		return "", fmt.Errorf("no topic %q: did you mean %q?", topic, near)
	}
	return "", fmt.Errorf("no topic %q: the topics are %s", topic, strings.Join(Topics(), ", "))
}

func explain(topic string, d definition) string {
	e := explainer{}
	fmt.Fprintf(&e.out, "%s\n\n", strings.ReplaceAll(comment(d.doc), "\t", "    "))
	lit, ok := d.expr.(*ast.StructLit)
	if !ok {
		fmt.Fprintf(&e.out, "%s: %s\n", topic, sourceLine(d.expr))
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

// named lists the other topics whose definitions a text mentions, sorted.
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
	return ok && sourceLine(e.Expr) == "#Common"
}

// explainer prints fields. It prints a definition that is embedded twice only once.
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
		choice, kinds := sourceLine(x.Index), kindsOf(sourceLine(x.X))
		fmt.Fprintf(&e.out, "%s%s: %s  (required)\n%s    The other settings depend on it: personagen explain %s.\n",
			indent, choice, strings.Join(kinds, " | "), indent, kinds[0])
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

// field prints one field: its name and type, its comment, and the fields inside.
func (e *explainer) field(indent string, f *ast.Field) {
	label := sourceLine(f.Label)
	if label == "kind" {
		return // printed above
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

// innerStruct returns the struct that a type spells out, directly or as the items
// of a list; nil if there is none.
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

// typeText returns a type in CUE, without its default. A struct whose fields are
// printed below it is {…}.
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
		text := strings.NewReplacer("{ ", "{", " }", "}").Replace(sourceLine(unwrapped(alt)))
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

// defaultOf returns the default of a type, or "".
func defaultOf(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.ParenExpr:
		return defaultOf(x.X)
	case *ast.UnaryExpr:
		if x.Op == token.MUL {
			return sourceLine(x.X)
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
