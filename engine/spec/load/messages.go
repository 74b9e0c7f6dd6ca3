package load

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/spec"
	"github.com/personagen/personagen/schemas"
)

// Most messages of this package are in this file; testdata/messages contains a
// golden of each.

// prefix returns the path that a message is about, as its beginning.
func prefix(path []cue.Selector) string {
	if len(path) == 0 {
		return ""
	}
	return cue.MakePath(path...).String() + ": "
}

// unknownField reports an unknown name. It returns the name that was probably
// meant, or "".
func (r *reader) unknownField(path []cue.Selector, at diag.Place, name string, expected *structShape) string {
	d := r.fault(path, at, "unknown-field", "unknown field %q", name)
	near := diag.Guess(name, expected.names())
	switch {
	case near != "":
		d.WithHint("did you mean %q?", near)
	case len(path) == 0:
		d.WithHint("for a value of your own, use a hidden field: _%s", name)
	case len(expected.members) > 0:
		d.WithHint("the fields here are %s", strings.Join(expected.names(), ", "))
	}
	return near
}

// missingKind reports a field without a kind, or the misspelt name of the kind.
func (r *reader) missingKind(path []cue.Selector, at diag.Place, s *structShape, fields []field) {
	name := s.by
	for _, f := range fields {
		if diag.Guess(f.name(), []string{name}) != "" {
			inner := append(path[:len(path):len(path)], f.label)
			r.unknownField(path, r.places.name(inner, f.value), f.name(), &structShape{members: []*member{{name: name}}})
			return
		}
	}
	r.missing(path, at, name).WithHint("give one of %s", strings.Join(s.kindNames, ", "))
}

func (r *reader) badName(path []cue.Selector, at diag.Place, name string, expected *structShape) {
	r.fault(path, at, "bad-name", "%q is not a valid name here", name).
		WithHint("names must match %s", expected.keys)
}

func (r *reader) missing(path []cue.Selector, at diag.Place, name string) *diag.Diagnostic {
	return r.fault(path, at, "missing-field", "%q is missing", name)
}

func (r *reader) brokenRule(path []cue.Selector, at diag.Place, rule rule, has []string) {
	if len(has) == 0 {
		r.fault(path, at, "missing-field", "none of %s is given", strings.Join(rule.names, ", ")).
			WithHint("give %s", howMany(rule))
		return
	}
	r.fault(path, at, "too-many-fields", "%s exclude each other", strings.Join(has, " and ")).
		WithHint("give %s of %s", howMany(rule), strings.Join(rule.names, ", "))
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
			d.WithHint("did you mean %q?", near)
		}
	}
}

// notFitting reports a scalar that violates its constraint.
func (r *reader) notFitting(path []cue.Selector, at diag.Place, v cue.Value, s *shape) {
	if choices := enumeration(s.scalar.expr); choices != nil {
		r.notOneOf(path, at, v, choices)
		return
	}
	d := r.fault(path, at, "bad-value", "%s is not %s", shownValue(v), describe(s))
	if hint := otherwiseWritten(v, s); hint != "" {
		d.WithHint("%s", hint)
	} else if doc := firstParagraph(s.doc); doc != "" && strings.Contains(sourceLine(s.scalar.expr), "=~") {
		d.WithHint("%s", doc)
	}
}

// otherwiseWritten returns how to write a scalar that would fit as another type: a
// number or truth value as text, a text as a number, 1e3 as 1000. It is "" if that
// would not fit either.
func otherwiseWritten(v cue.Value, s *shape) string {
	ctx := cuecontext.New()
	fits := func(source string) bool {
		other := ctx.CompileString(source)
		return other.Err() == nil && s.scalar.value.Unify(other).Validate(cue.Concrete(true)) == nil
	}
	switch v.IncompleteKind() {
	case cue.StringKind:
		if text, err := v.String(); err == nil && plainNumber.MatchString(text) && fits(text) {
			return fmt.Sprintf("write %s without quotation marks", text)
		}
	case cue.IntKind, cue.FloatKind, cue.NumberKind, cue.BoolKind:
		text := oneLine(v)
		if node := plainNode(v, diag.Place{}); node != nil && node.Kind == spec.NumberNode {
			if text = node.String; v.IncompleteKind() == cue.FloatKind && fits(text) && !strings.Contains(text, ".") {
				return fmt.Sprintf("write %s: in CUE, whole numbers have neither a point nor an exponent", text)
			}
		}
		if fits(strconv.Quote(text)) {
			return fmt.Sprintf("put quotation marks around text: %q", text)
		}
	}
	return ""
}

// plainNumber matches a number as CUE writes it.
var plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

func (r *reader) wrongForm(path []cue.Selector, at diag.Place, is string, s *shape) {
	r.fault(path, at, "wrong-type", "got %s, want %s", is, describe(s))
}

func (r *reader) notConcrete(path []cue.Selector, at diag.Place, v cue.Value, s *shape) {
	r.fault(path, at, "incomplete", "%s is not a definite value", oneLine(v)).
		WithHint("write %s; constraints belong in conditions (when, where, within, impossible)", describe(s))
}

const conditionExample = `write it as {age: >=15 & <25, region: "North" | "South"}`

func (r *reader) noCondition(path []cue.Selector, at diag.Place, v cue.Value) {
	r.fault(path, at, "wrong-type", "%s is not a condition", shownValue(v)).WithHint(conditionExample)
}

func (r *reader) emptyCondition(path []cue.Selector, at diag.Place) {
	r.fault(path, at, "empty-condition", "the condition names no field").WithHint("remove it, or " + conditionExample)
}

func (r *reader) noConstraint(path []cue.Selector, at diag.Place) {
	r.fault(path, at, "wrong-type", "a constraint on a field must be on text or numbers").
		WithHint(`write a value such as "North", alternatives such as "North" | "South", or bounds such as >=15 & <25`)
}

// describe returns in words what the schema allows.
func describe(s *shape) string {
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
		if s.fields.by != "" {
			form = "{" + s.fields.by + ", …}"
		} else if len(s.fields.members) > 0 {
			form = "{" + strings.Join(s.fields.names(), ", ") + "}"
		} else if s.fields.each != nil {
			form = "a struct of names and values"
		}
		forms = append(forms, form)
	}
	if len(forms) == 0 {
		return "text or a number"
	}
	return strings.Join(forms, " or ")
}

var kindWords = map[string]string{
	"string": "text", "int": "a whole number", "number": "a number", "bool": "true or false", "#File": "the path of a file",
}

var boundWords = map[token.Token]string{
	token.GTR: "above", token.GEQ: "of at least", token.LSS: "below", token.LEQ: "at most", token.MAT: "matching", token.NEQ: "other than",
}

// inWords returns a type expression of the schema in words.
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
			return "text matching " + sourceLine(x.X)
		}
		return boundWords[x.Op] + " " + sourceLine(x.X)
	case *ast.BinaryExpr:
		return inConjunction(x)
	}
	return sourceLine(x)
}

// inConjunction returns a conjunction in words: for int & >0 & <=9, "a whole number
// above 0 and at most 9".
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

// enumeration returns the strings of a disjunction that consists only of strings;
// nil for other expressions.
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

// shownValue returns a value of the spec for a message.
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

func (r *reader) tooShort(path []cue.Selector, at diag.Place, has, least int) {
	r.fault(path, at, "too-short", "the list has %s and needs at least %d", count(has, "item"), least)
}

func (r *reader) tooLong(path []cue.Selector, at diag.Place, has, most int) {
	r.fault(path, at, "too-long", "the list has %s and may have %d", count(has, "item"), most)
}

func (l *loader) emptySpec() {
	l.list.Errorf(diag.Place{File: l.shown(l.absolute())}, "empty", "the spec is empty").
		WithHint("begin with name, population and fields; `personagen explain spec` describes them")
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// evaluation reports the errors of CUE in the spec without the schema.
func (r *reader) evaluation(v cue.Value) {
	if err := v.Validate(); err != nil {
		r.fromCUE(err, r.places)
	}
}

// cueError converts an error to a CUE error, which CUE's loader passes on.
func cueError(at token.Pos, err error) error {
	return errors.Newf(at, "%s", err.Error())
}

// fromCUE converts CUE's errors to diagnostics: one for each fault, at a place in the
// user's files. p is nil while files are being read.
func (l *loader) fromCUE(err error, p *places) {
	list := errors.Errors(err)
	for i := 0; i < len(list); i++ {
		e := importedFault(list[i])
		format, args := e.Msg()
		m := translate(format, args, e)
		if n, ok := branches(format, args); ok && i+n < len(list) {
			m = noBranchFits(list[i+1 : i+1+n])
			i += n
			e = list[i]
		}
		l.fromOne(m, e, p)
	}
}

// importedFault returns the fault in an imported file that made an import fail, if
// CUE says where it is, and otherwise e.
func importedFault(e errors.Error) errors.Error {
	for {
		format, _ := e.Msg()
		cause, ok := errors.Unwrap(e).(errors.Error)
		if !strings.HasPrefix(format, "import failed") || !ok || !cause.Position().IsValid() {
			return e
		}
		e = cause
	}
}

func (l *loader) fromOne(m translation, e errors.Error, p *places) {
	path := specPath(e)
	if key := errorKey(path); len(path) > 0 {
		if l.reported[key] {
			return // reported from another place
		}
		l.reported[key] = true
	}
	if len(path) > 0 && p != nil {
		m.text = pathText(path) + ": " + m.text
	}
	d := l.list.Errorf(l.errorPlace(m, e, p), m.code, "%s", m.text)
	d.Hint = m.hint
	switch {
	case m.name != "":
		d.Hint = l.guessName(m.name, d.Place, p)
	case m.code == "conflict":
		l.noteOtherPlaces(d, e)
	}
}

// branches recognises the first error of a failed disjunction: the next n errors are
// those of its branches.
func branches(format string, args []any) (n int, ok bool) {
	if !strings.HasSuffix(format, "errors in empty disjunction:") || len(args) == 0 {
		return 0, false
	}
	n, ok = args[0].(int)
	return n, ok && n > 0
}

// noBranchFits joins the errors of the branches of a disjunction: the value that all
// of them mention fits none of the other values.
func noBranchFits(list []errors.Error) translation {
	var values []string
	seen := map[string]int{}
	for _, e := range list {
		_, args := e.Msg()
		for _, arg := range args[:min(2, len(args))] {
			v := fmt.Sprint(arg)
			if seen[v]++; seen[v] == 1 {
				values = append(values, v)
			}
		}
	}
	for _, v := range values {
		if seen[v] == len(list) {
			others := slices.DeleteFunc(values, func(o string) bool { return o == v })
			return translation{code: "alternatives", text: v + " is none of " + strings.Join(others, ", ")}
		}
	}
	return translation{code: "alternatives", text: "no alternative fits"}
}

type translation struct {
	code, text, hint string
	name             string // an unknown name, for which a hint is found
}

// translate words one error of CUE. Messages that are already clear stay.
func translate(format string, args []any, e errors.Error) translation {
	text := strings.TrimSuffix(fmt.Sprintf(format, args...), ":")
	if text == "" { // an error that only wraps another one
		text = plainText(e.Error())
	}
	arg := func(i int) string {
		if i < len(args) {
			return fmt.Sprint(args[i])
		}
		return ""
	}
	switch {
	case strings.HasPrefix(text, "build constraints exclude all CUE files"):
		return translation{code: "syntax", text: "the attribute @if excludes every file of the spec", hint: "remove it: a spec is read without tags"}
	case strings.HasPrefix(format, "conflicting values %s and %s"):
		return translation{code: "conflict", text: "has two values, " + arg(1) + " and " + arg(0), hint: "keep one of them"}
	case strings.HasPrefix(format, "incompatible number bounds"):
		return translation{code: "conflict", text: "no number is both " + arg(1) + " and " + arg(0), hint: "swap or correct the bounds"}
	case strings.HasPrefix(format, "invalid value %v (out of bound"):
		return translation{code: "conflict", text: arg(0) + " contradicts " + arg(1), hint: "keep one of them"}
	case strings.Contains(format, "reference %q not found"):
		return translation{code: "unresolved", text: fmt.Sprintf("%q is not defined", arg(0)), name: arg(0)}
	case strings.HasPrefix(format, "undefined field"):
		return translation{code: "unresolved", text: "no such field: " + strings.TrimPrefix(text, "undefined field: ")}
	case strings.Contains(format, "structural cycle"):
		return translation{code: "cycle", text: "the value contains itself", hint: "replace the reference by the value that is meant"}
	case strings.HasPrefix(format, "cycle with field"), strings.HasPrefix(format, "cycle error"):
		return translation{code: "cycle", text: "the value refers to itself: " + text}
	case strings.HasPrefix(format, "imported and not used"):
		return translation{code: "import", text: importedText(text), hint: "use it, or remove the import"}
	case strings.Contains(e.Error(), "import failed"), strings.HasPrefix(text, "cannot find package"):
		return importFailed(e.Error())
	case strings.HasPrefix(format, "field not allowed"):
		return translation{code: "unknown-field", text: "unknown field"}
	case strings.HasPrefix(format, "field is required"):
		return translation{code: "missing-field", text: "is missing"}
	case strings.Contains(text, "expected 'EOF'"):
		return translation{code: "syntax", text: text, hint: "there is a closing bracket too many"}
	case strings.Contains(text, "'EOF'"):
		return translation{code: "syntax", text: text, hint: "a closing bracket is missing"}
	case strings.HasPrefix(text, "@embed"):
		if cause := errors.Unwrap(e); cause != nil {
			text += ": " + cause.Error()
		}
		// Links that lead outside, devices and hidden files are not there for CUE.
		text = strings.Replace(text, "no such file or directory", "there is no such file that the spec may read", 1)
		return translation{code: "embed", text: text, hint: "a spec embeds regular files of its own folder or CUE module, by paths relative to the .cue file"}
	case len(e.Path()) == 0:
		return translation{code: "syntax", text: text}
	}
	if cause := errors.Unwrap(e); cause != nil {
		text += ": " + cause.Error()
	}
	return translation{code: "evaluation", text: text}
}

// plainText removes what CUE's loader puts before the reason.
func plainText(text string) string {
	if before, reason, found := strings.Cut(text, `": `); found && strings.HasPrefix(before, "cannot get syntax for") {
		return reason
	}
	return text
}

// quoted finds the import path in a chain of import errors.
var quoted = regexp.MustCompile(`package "?([^\s:"]+)"?|"([^"]+)"`)

func importFailed(chain string) translation {
	m := translation{code: "import", text: chain}
	if found := quoted.FindStringSubmatch(chain); found != nil {
		path := importedPath(found[1] + found[2])
		m.text = fmt.Sprintf("%q cannot be imported", path)
		if near := diag.Guess(path, importPaths()); near != "" {
			m.hint = fmt.Sprintf("did you mean %q?", near)
			return m
		}
	}
	m.hint = fmt.Sprintf("nothing is downloaded: a spec can import %q, the packs (personagen explain packs), CUE's standard packages and packages of its own module", schemas.ImportPath)
	return m
}

// errorPlace returns the first position of an error in the user's files; if no
// alternative fits, the place of the value and not of the alternatives.
func (l *loader) errorPlace(m translation, e errors.Error, p *places) diag.Place {
	positions := append([]token.Pos{e.Position()}, e.InputPositions()...)
	if m.code == "alternatives" {
		positions = nil
	}
	for _, pos := range positions {
		if pos.IsValid() && pos.Filename() != "" && (p == nil || p.own[pos.Filename()]) {
			return l.place(pos)
		}
	}
	if p == nil {
		return l.place(token.NoPos)
	}
	for path := specPath(e); len(path) > 0; path = path[:len(path)-1] {
		if d := p.at[errorKey(path)]; len(d) > 0 {
			return p.place(d[0].value.Pos())
		}
	}
	return p.place(token.NoPos)
}

// specPath returns the path of an error relative to the spec, with or without a
// definition.
func specPath(e errors.Error) []string {
	path := e.Path()
	if len(path) > 0 && path[0] == openedSpec {
		path = path[1:]
	}
	return path
}

// errorKey is pathKey for the path of an error, whose elements are strings.
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
			d.Note("the other is at %s", at)
		}
	}
}

// guessName returns the hint for a name that CUE does not find: how to refer to it,
// or the name in the spec or its package that was probably meant.
func (l *loader) guessName(name string, at diag.Place, p *places) string {
	if p != nil {
		inst := p.packageAt(at.File)
		if hint := p.outOfScope(name, inst); hint != "" {
			return hint
		}
		declared := p.declared(inst)
		if near := diag.Guess(name, slices.Sorted(maps.Keys(declared))); near != "" {
			if place := declared[near]; place.File != at.File {
				return fmt.Sprintf("did you mean %q, at %s?", near, place)
			}
			return fmt.Sprintf("did you mean %q?", near)
		}
	}
	return fmt.Sprintf("put quotation marks around text: %q", name)
}
