package load

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"

	"github.com/personagen/personagen/schemas"
)

// definition is a definition of the schema as written.
type definition struct {
	name string // with the "#"
	doc  []*ast.CommentGroup
	expr ast.Expr
}

// schemaFiles returns the files of the embedded schema, parsed once.
var schemaFiles = sync.OnceValue(func() []*ast.File {
	names, err := fs.Glob(schemas.Files, "*.cue")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	var files []*ast.File
	for _, name := range names {
		text, err := schemas.Files.ReadFile(name)
		if err != nil {
			panic(err) // the file is embedded
		}
		f, err := parser.ParseFile(path.Join(schemas.ImportPath, name), text, parser.ParseComments)
		if err != nil {
			panic(err) // a test parses the schema
		}
		files = append(files, f)
	}
	return files
})

// definitions returns the definitions of the schema in order.
var definitions = sync.OnceValue(func() []definition {
	var defs []definition
	for _, f := range schemaFiles() {
		for _, d := range f.Decls {
			if field, ok := d.(*ast.Field); ok {
				name, _, _ := ast.LabelName(field.Label)
				defs = append(defs, definition{name, ast.Comments(field), field.Value})
			}
		}
	}
	return defs
})

func definitionNamed(name string) (definition, bool) {
	defs := definitions()
	i := slices.IndexFunc(defs, func(d definition) bool { return d.name == name })
	if i < 0 {
		return definition{}, false
	}
	return defs[i], true
}

// Kinds lists the kinds of fields in the schema, in order.
func Kinds() []string { return kindsOf("#Kinds") }

// kindsOf lists the kinds in a definition that has their stanzas.
func kindsOf(definition string) []string {
	def, _ := definitionNamed(definition)
	var kinds []string
	for _, d := range def.expr.(*ast.StructLit).Elts {
		if f, ok := d.(*ast.Field); ok {
			name, _, _ := ast.LabelName(f.Label)
			kinds = append(kinds, name)
		}
	}
	return kinds
}

// openSchema returns the package of the schema, by file name, with definitions that
// accept everything.
var openSchema = sync.OnceValue(func() map[string]string {
	files := map[string]string{}
	for _, f := range schemaFiles() {
		files[path.Base(f.Filename)] = "package " + f.PackageName() + "\n"
	}
	first := path.Base(schemaFiles()[0].Filename)
	for _, d := range definitions() {
		open := "_"
		if _, ok := d.expr.(*ast.StructLit); ok {
			open = "{...}"
		}
		files[first] += d.name + ": " + open + "\n"
	}
	return files
})

// shape is what the schema allows at one place of a spec. It may allow several forms,
// for example a number or a struct.
type shape struct {
	expr      ast.Expr
	doc       []*ast.CommentGroup
	any       bool        // everything is allowed
	condition bool        // a condition
	file      bool        // a string that names a file
	scalar    *constraint // nil if no scalar is allowed
	list      *listShape  // nil if no list is allowed
	fields    *structShape
}

type constraint struct {
	expr  ast.Expr
	value cue.Value
	plain cue.Kind // the type, if the constraint is only a type
}

type listShape struct {
	first []*shape // required items
	rest  *shape   // further items; nil if there must be none
}

type structShape struct {
	members []*member
	keys    *regexp.Regexp // names of other fields, whose shape is each; nil if there must be none
	each    *shape
	rules   []rule
	// by is the field whose value selects one of the shapes in kinds.
	by        string
	kinds     map[string]*shape
	kindNames []string // in order
}

type member struct {
	name     string
	required bool
	optional bool // if neither is set, the field has a default or a fixed value
	shape    *shape
}

func (s *structShape) member(name string) *member {
	for _, m := range s.members {
		if m.name == name {
			return m
		}
	}
	return nil
}

func (s *structShape) names() []string {
	var names []string
	for _, m := range s.members {
		names = append(names, m.name)
	}
	return names
}

// rule says how many of some fields a struct must have. In the schema it is an
// attribute such as @exactlyOne(a, b).
type rule struct {
	least, most int
	names       []string
}

var ruleLimits = map[string][2]int{
	"exactlyOne": {1, 1},
	"atMostOne":  {0, 1},
	"atLeastOne": {1, 1 << 30},
}

// model interprets the schema for one cue.Context.
type model struct {
	ctx   *cue.Context
	value cue.Value
	known map[string]*shape
}

func newModel(ctx *cue.Context) *model {
	inst := build.NewContext().NewInstance("", nil)
	for _, f := range schemaFiles() {
		if err := inst.AddSyntax(copyOf(f)); err != nil {
			panic(err) // a test builds the schema
		}
	}
	return &model{ctx: ctx, value: ctx.BuildInstance(inst), known: map[string]*shape{}}
}

// copyOf parses a schema file again, because building an instance modifies the syntax
// tree.
func copyOf(f *ast.File) *ast.File {
	text, err := schemas.Files.ReadFile(path.Base(f.Filename))
	if err != nil {
		panic(err) // the file is embedded
	}
	file, err := parser.ParseFile(f.Filename, text, parser.ParseComments)
	if err != nil {
		panic(err) // a test parses the schema
	}
	return file
}

// definition returns the shape of a definition. Definitions may be recursive.
func (m *model) definition(name string) *shape {
	if s, ok := m.known[name]; ok {
		return s
	}
	def, ok := definitionNamed(name)
	if !ok {
		panic("the schema has no definition " + name) // a test walks the schema
	}
	s := &shape{expr: def.expr, doc: def.doc}
	m.known[name] = s
	switch name {
	case "#Condition":
		s.condition = true
		return s
	case "#File":
		s.file = true
	}
	if _, ok := def.expr.(*ast.StructLit); ok {
		s.fields = &structShape{} // recursive references get this pointer before it is filled
	}
	m.fill(s, def.expr)
	return s
}

func (m *model) shape(x ast.Expr) *shape {
	if id, ok := x.(*ast.Ident); ok && strings.HasPrefix(id.Name, "#") {
		return m.definition(id.Name)
	}
	s := &shape{expr: x}
	m.fill(s, x)
	return s
}

// fill reads a type expression of the schema.
func (m *model) fill(s *shape, x ast.Expr) {
	var scalars []ast.Expr
	for _, alt := range alternatives(x) {
		switch alt := alt.(type) {
		case *ast.StructLit:
			if s.fields == nil {
				s.fields = &structShape{}
			}
			m.fillStruct(s.fields, alt)
		case *ast.ListLit:
			s.list = m.listShape(alt)
		case *ast.Ident:
			switch {
			case alt.Name == "_":
				s.any = true
			case strings.HasPrefix(alt.Name, "#"):
				def := m.definition(alt.Name)
				s.file = s.file || def.file
				if def.scalar != nil {
					scalars = append(scalars, alt)
				}
				if def.list != nil {
					s.list = def.list
				}
				if def.fields != nil {
					s.fields = def.fields
				}
			default:
				scalars = append(scalars, alt)
			}
		default:
			scalars = append(scalars, alt)
		}
	}
	if len(scalars) == len(alternatives(x)) {
		scalars = []ast.Expr{x} // keeps the default
	}
	if len(scalars) > 0 {
		s.scalar = m.constraint(scalars)
	}
}

// alternatives splits a disjunction. It removes the marks of defaults.
func alternatives(x ast.Expr) []ast.Expr {
	switch x := x.(type) {
	case *ast.ParenExpr:
		return alternatives(x.X)
	case *ast.UnaryExpr:
		if x.Op == token.MUL {
			return []ast.Expr{x.X}
		}
	case *ast.BinaryExpr:
		if x.Op == token.OR {
			return append(alternatives(x.X), alternatives(x.Y)...)
		}
	}
	return []ast.Expr{x}
}

var plainKinds = map[string]cue.Kind{
	"string": cue.StringKind, "int": cue.IntKind, "number": cue.NumberKind, "bool": cue.BoolKind,
}

func (m *model) constraint(alts []ast.Expr) *constraint {
	c := &constraint{expr: alts[0]}
	for _, alt := range alts[1:] {
		c.expr = &ast.BinaryExpr{X: c.expr, Op: token.OR, Y: alt}
	}
	if id, ok := c.expr.(*ast.Ident); ok {
		c.plain = plainKinds[id.Name]
	}
	c.value = m.ctx.CompileString(sourceLine(c.expr), cue.Scope(m.value))
	return c
}

func (m *model) listShape(x *ast.ListLit) *listShape {
	l := &listShape{}
	for _, item := range x.Elts {
		if rest, ok := item.(*ast.Ellipsis); ok {
			l.rest = &shape{any: true}
			if rest.Type != nil {
				l.rest = m.shape(rest.Type)
			}
			continue
		}
		l.first = append(l.first, m.shape(item))
	}
	return l
}

func (m *model) fillStruct(s *structShape, x *ast.StructLit) {
	for _, d := range x.Elts {
		switch d := d.(type) {
		case *ast.EmbedDecl:
			m.embed(s, d.Expr)
		case *ast.Attribute:
			s.rules = append(s.rules, readRule(d))
		case *ast.Field:
			if pattern, ok := d.Label.(*ast.ListLit); ok {
				s.keys, s.each = keyPattern(pattern.Elts[0]), m.shape(d.Value)
				continue
			}
			name, _, _ := ast.LabelName(d.Label)
			value := m.shape(d.Value)
			if value.doc == nil {
				value.doc = ast.Comments(d)
			}
			s.members = append(s.members, &member{
				name:     name,
				required: d.Constraint == token.NOT,
				optional: d.Constraint == token.OPTION,
				shape:    value,
			})
		}
	}
}

// embed adds the fields of an embedded definition, or the selection #Kinds[kind].
func (m *model) embed(s *structShape, x ast.Expr) {
	if choice, ok := x.(*ast.IndexExpr); ok {
		s.by = choice.Index.(*ast.Ident).Name
		s.kinds = map[string]*shape{}
		for _, mem := range m.shape(choice.X).fields.members {
			s.kinds[mem.name] = mem.shape
			s.kindNames = append(s.kindNames, mem.name)
		}
		return
	}
	from := m.shape(x).fields
	s.members = append(s.members, from.members...)
	s.rules = append(s.rules, from.rules...)
}

func readRule(a *ast.Attribute) rule {
	key, body := a.Split()
	limits, ok := ruleLimits[key]
	if !ok {
		panic("the schema has an unknown attribute " + a.Text) // a test walks the schema
	}
	r := rule{least: limits[0], most: limits[1]}
	for name := range strings.SplitSeq(body, ",") {
		r.names = append(r.names, strings.TrimSpace(name))
	}
	return r
}

// keyPattern compiles the label of a pattern constraint: string, =~"expression", or
// !="name" beside a member of that name.
func keyPattern(x ast.Expr) *regexp.Regexp {
	if u, ok := x.(*ast.UnaryExpr); ok && u.Op != token.NEQ {
		text, err := strconv.Unquote(u.X.(*ast.BasicLit).Value)
		if err != nil {
			panic(err) // a test walks the schema
		}
		return regexp.MustCompile(text)
	}
	return regexp.MustCompile("")
}

// sourceLine returns the source of an expression on one line.
func sourceLine(n ast.Node) string {
	text, err := format.Node(n, format.Simplify())
	if err != nil {
		return ""
	}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, " ")
}
