package spec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/schemas"
)

// Everything this package says to people is worded here; testdata/messages
// holds a golden of each.

// prefix names the place in the spec that a message is about.
func prefix(path []cue.Selector) string {
	if len(path) == 0 {
		return ""
	}
	return cue.MakePath(path...).String() + ": "
}

func (r *reader) unknownField(path []cue.Selector, at diag.Place, name string, want *structShape) {
	d := r.fault(path, at, "unknown-field", "unknown field %q", name)
	if near := diag.Guess(name, want.names()); near != "" {
		d.Do("did you mean %q?", near)
	} else if len(want.members) > 0 {
		d.Do("known here: %s", strings.Join(want.names(), ", "))
	}
}

func (r *reader) badName(path []cue.Selector, at diag.Place, name string, want *structShape) {
	r.fault(path, at, "bad-name", "%q cannot be a name here", name).
		Do("names match %s", want.keys)
}

func (r *reader) missing(path []cue.Selector, at diag.Place, name string) *diag.Diagnostic {
	return r.fault(path, at, "missing-field", "%q is missing", name)
}

func (r *reader) brokenRule(path []cue.Selector, at diag.Place, rule rule, has []string) {
	if len(has) == 0 {
		r.fault(path, at, "missing-field", "none of %s is given", words(rule.names)).
			Do("give %s", howMany(rule))
		return
	}
	r.fault(path, at, "too-many-fields", "%s exclude each other", words(has)).
		Do("give %s of %s", howMany(rule), words(rule.names))
}

func howMany(r rule) string {
	switch {
	case r.most > 1:
		return "at least one"
	case r.least == 1:
		return "exactly one"
	}
	return "at most one"
}

func (r *reader) notOneOf(path []cue.Selector, at diag.Place, v cue.Value, choices []string) {
	d := r.fault(path, at, "bad-value", "%s is not one of %s", shownValue(v), strings.Join(choices, ", "))
	if s, err := v.String(); err == nil {
		if near := diag.Guess(s, choices); near != "" {
			d.Do("did you mean %q?", near)
		}
	}
}

// notFitting reports a scalar that breaks its constraint.
func (r *reader) notFitting(path []cue.Selector, at diag.Place, v cue.Value, s *shape) {
	if choices := enumeration(s.scalar.expr); choices != nil {
		r.notOneOf(path, at, v, choices)
		return
	}
	r.fault(path, at, "bad-value", "%s is not %s", shownValue(v), wanted(s))
}

func (r *reader) wrongForm(path []cue.Selector, at diag.Place, is string, s *shape) {
	r.fault(path, at, "wrong-type", "%s stands where %s belongs", is, wanted(s))
}

func (r *reader) notConcrete(path []cue.Selector, at diag.Place, v cue.Value, s *shape) {
	r.fault(path, at, "incomplete", "%s is not a definite value", oneLine(v)).
		Do("write %s; constraints belong into conditions (when, where, within, impossible)", wanted(s))
}

const conditionExample = `write it as {age: >=15 & <25, region: "North" | "South"}`

func (r *reader) noCondition(path []cue.Selector, at diag.Place, v cue.Value) {
	r.fault(path, at, "wrong-type", "%s is not a condition", shownValue(v)).Do(conditionExample)
}

func (r *reader) emptyCondition(path []cue.Selector, at diag.Place) {
	r.fault(path, at, "empty-condition", "the condition names no field").Do("leave it out, or " + conditionExample)
}

func (r *reader) noConstraint(path []cue.Selector, at diag.Place) {
	r.fault(path, at, "wrong-type", "a field's constraint must be about text or numbers").
		Do(`write a value such as "North", alternatives such as "North" | "South", or bounds such as >=15 & <25`)
}

// wanted says in words what the schema has at a place.
func wanted(s *shape) string {
	var forms []string
	if s.condition {
		return "a condition"
	}
	if s.scalar != nil {
		forms = append(forms, inWords(s.scalar.expr))
	}
	if s.list != nil {
		forms = append(forms, "a list")
	}
	if s.fields != nil {
		form := "a struct"
		if len(s.fields.members) > 0 {
			form = "{" + strings.Join(s.fields.names(), ", ") + "}"
		} else if s.fields.each != nil {
			form = "a struct of names and values"
		}
		forms = append(forms, form)
	}
	if len(forms) == 0 {
		return "a value"
	}
	return strings.Join(forms, " or ")
}

var kindWords = map[string]string{
	"string": "text", "int": "a whole number", "number": "a number", "bool": "true or false", "#File": "the path of a file",
}

var boundWords = map[token.Token]string{
	token.GTR: "above", token.GEQ: "at least", token.LSS: "below", token.LEQ: "at most", token.MAT: "matching", token.NEQ: "other than",
}

// inWords describes a type expression of the schema.
func inWords(x ast.Expr) string {
	if choices := enumeration(x); len(choices) > 1 {
		return "one of " + strings.Join(choices, ", ")
	}
	if all := alternatives(x); len(all) > 1 {
		var parts []string
		for _, alt := range all {
			if _, literal := alt.(*ast.BasicLit); !literal { // a default, or one value of many
				parts = append(parts, inWords(alt))
			}
		}
		return strings.Join(parts, " or ")
	}
	switch x := x.(type) {
	case *ast.ParenExpr:
		return inWords(x.X)
	case *ast.Ident:
		if word, ok := kindWords[x.Name]; ok {
			return word
		}
		if def, ok := definitionNamed(x.Name); ok {
			return inWords(def.expr)
		}
	case *ast.UnaryExpr:
		if x.Op == token.MAT {
			return "text matching " + source1(x.X)
		}
		return boundWords[x.Op] + " " + source1(x.X)
	case *ast.BinaryExpr:
		return inConjunction(x)
	}
	return source1(x)
}

// inConjunction writes int & >0 & <=9 as "a whole number above 0 and at most 9".
func inConjunction(x *ast.BinaryExpr) string {
	var parts []string
	var flatten func(ast.Expr)
	flatten = func(x ast.Expr) {
		if b, ok := x.(*ast.BinaryExpr); ok && b.Op == token.AND {
			flatten(b.X)
			flatten(b.Y)
			return
		}
		parts = append(parts, inWords(x))
	}
	flatten(x)
	return parts[0] + " " + strings.Join(parts[1:], " and ")
}

// enumeration returns the strings of a disjunction of nothing else.
func enumeration(x ast.Expr) []string {
	if id, ok := x.(*ast.Ident); ok {
		def, ok := definitionNamed(id.Name)
		if !ok {
			return nil
		}
		return enumeration(def.expr)
	}
	var out []string
	for _, alt := range alternatives(x) {
		lit, ok := alt.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return nil
		}
		text, err := strconv.Unquote(lit.Value)
		if err != nil {
			return nil
		}
		out = append(out, text)
	}
	return out
}

// shownValue is a value of the spec inside a message.
func shownValue(v cue.Value) string {
	switch v.IncompleteKind() {
	case cue.StructKind:
		return "a struct"
	case cue.ListKind:
		return "a list"
	}
	text := oneLine(v)
	if runes := []rune(text); len(runes) > 60 {
		text = string(runes[:57]) + "..."
	}
	return text
}

func words(names []string) string { return strings.Join(names, ", ") }

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// evaluation reports what CUE found wrong with the user's files by themselves.
func (r *reader) evaluation(v cue.Value) {
	if err := v.Validate(); err != nil {
		r.fromCUE(err, r.places)
	}
}

// cueError makes an error of CUE out of one of ours, for its loader to hand on.
func cueError(at token.Pos, err error) error {
	return errors.Newf(at, "%s", err.Error())
}

// fromCUE turns CUE's errors into diagnostics: one for each fault, at the
// user's place. places may be nil while files are being read.
func (l *loader) fromCUE(err error, p *places) {
	reported := map[string]bool{}
	for _, e := range errors.Errors(err) {
		format, args := e.Msg()
		if strings.HasSuffix(format, "errors in empty disjunction:") {
			continue // heads the errors of the branches, which follow
		}
		m := translate(format, args, e)
		at := l.errorPlace(e, p)
		key := strings.Join(e.Path(), "\x00")
		if m.code == "conflict" && len(e.Path()) > 0 && reported[key] {
			continue // another branch, or the same conflict seen from elsewhere
		}
		reported[key] = true
		message := m.text
		if path := e.Path(); len(path) > 0 && p != nil {
			message = pathText(path) + ": " + message
		}
		d := l.list.Errorf(at, m.code, "%s", message)
		d.Hint = m.hint
		if m.code == "conflict" {
			l.noteOtherPlaces(d, e)
		}
		if m.name != "" {
			d.Hint = l.guessName(m.name, p)
		}
	}
}

type translation struct {
	code, text, hint string
	name             string // an unknown name to guess at
}

// translate words one error of CUE. Texts that are clear already pass through.
func translate(format string, args []any, e errors.Error) translation {
	text := strings.TrimSuffix(fmt.Sprintf(format, args...), ":")
	arg := func(i int) string {
		if i < len(args) {
			return fmt.Sprint(args[i])
		}
		return ""
	}
	switch {
	case strings.HasPrefix(format, "conflicting values %s and %s"):
		return translation{code: "conflict", text: "is given both " + arg(1) + " and " + arg(0), hint: "keep one of them"}
	case strings.HasPrefix(format, "incompatible number bounds"):
		return translation{code: "conflict", text: "no number is both " + arg(1) + " and " + arg(0), hint: "swap or correct the bounds"}
	case strings.HasPrefix(format, "invalid value %v (out of bound"):
		return translation{code: "conflict", text: arg(0) + " contradicts " + arg(1), hint: "keep one of them"}
	case strings.Contains(format, "reference %q not found"):
		return translation{code: "unresolved", text: fmt.Sprintf("%q is not defined", arg(0)), name: arg(0)}
	case strings.HasPrefix(format, "undefined field"):
		return translation{code: "unresolved", text: "the spec has no " + strings.TrimPrefix(text, "undefined field: ") + " there"}
	case strings.Contains(format, "structural cycle"):
		return translation{code: "cycle", text: "the value contains itself", hint: "write the part out that refers back"}
	case strings.HasPrefix(format, "cycle with field"), strings.HasPrefix(format, "cycle error"):
		return translation{code: "cycle", text: "the value refers to itself: " + text}
	case strings.HasPrefix(format, "imported and not used"):
		return translation{code: "import", text: text, hint: "use it, or take the import out"}
	case strings.Contains(text, "import failed"), strings.Contains(text, "cannot find package"), strings.Contains(text, "package or module"):
		return translation{code: "import", text: plainImport(text),
			hint: fmt.Sprintf("nothing is fetched: %q, CUE's own packages and those of the spec's own module can be imported", schemas.ImportPath)}
	case strings.HasPrefix(format, "field not allowed"):
		return translation{code: "unknown-field", text: "unknown field"}
	case strings.HasPrefix(format, "field is required"):
		return translation{code: "missing-field", text: "is missing"}
	case len(e.Path()) == 0:
		return translation{code: "syntax", text: text}
	}
	return translation{code: "evaluation", text: text}
}

// plainImport keeps the first sentence of a chain of import errors.
func plainImport(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	return strings.TrimSpace(strings.TrimPrefix(text, "import failed: "))
}

// errorPlace picks the first position in a file of the user's.
func (l *loader) errorPlace(e errors.Error, p *places) diag.Place {
	for _, pos := range append([]token.Pos{e.Position()}, e.InputPositions()...) {
		if pos.IsValid() && pos.Filename() != "" && (p == nil || p.own[pos.Filename()]) {
			return l.place(pos)
		}
	}
	if p == nil {
		return l.place(token.NoPos)
	}
	for path := e.Path(); len(path) > 0; path = path[:len(path)-1] {
		if d := p.at[errorKey(path)]; len(d) > 0 {
			return p.place(d[0].label)
		}
	}
	return p.place(token.NoPos)
}

// errorKey is the key of a path in an error, whose parts are plain strings.
func errorKey(path []string) string {
	var b strings.Builder
	for _, part := range path {
		b.WriteString(part)
		b.WriteByte(0)
	}
	return b.String()
}

func pathText(path []string) string {
	var b strings.Builder
	for i, part := range path {
		if _, err := strconv.Atoi(part); err == nil && i > 0 {
			fmt.Fprintf(&b, "[%s]", part)
			continue
		}
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(part)
	}
	return b.String()
}

func (l *loader) noteOtherPlaces(d *diag.Diagnostic, e errors.Error) {
	seen := []diag.Place{d.Place}
	for _, pos := range e.InputPositions() {
		at := l.place(pos)
		if pos.IsValid() && at.File == d.Place.File && !slices.Contains(seen, at) {
			seen = append(seen, at)
			d.Note("the other is at %s:%d:%d", at.File, at.Line, at.Column)
		}
	}
}

// guessName looks for the name that was meant among the names of the spec.
func (l *loader) guessName(name string, p *places) string {
	if p != nil {
		var names []string
		for key := range p.at {
			if i := strings.IndexByte(key, 0); i == len(key)-1 {
				names = append(names, key[:i])
			}
		}
		slices.Sort(names)
		if near := diag.Guess(name, names); near != "" {
			return fmt.Sprintf("did you mean %q?", near)
		}
	}
	return fmt.Sprintf("put text into quotation marks: %q", name)
}
