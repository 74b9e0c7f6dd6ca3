package load

import (
	"math"
	"path/filepath"
	"slices"
	"strconv"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/plaintext"
	"github.com/personagen/personagen/engine/spec"
)

// reader converts CUE values to nodes and checks them against the schema. It
// continues after a fault, so that one pass finds them all.
type reader struct {
	*loader
	ctx    *cue.Context
	model  *model
	places *places
	value  cue.Value // of the spec

	stanzas map[string]stanza // by name
}

// broken reports whether CUE has an error for v, and adds it to the list. Values
// that refer to unresolved ones are errors here, although CUE's validation accepts
// them.
func (r *reader) broken(v cue.Value) bool {
	err := v.Err()
	if err != nil {
		r.fromCUE(err, r.places)
	}
	return err != nil
}

// fault adds an error about the value at a path.
func (r *reader) fault(path []cue.Selector, at diag.Place, code, format string, args ...any) *diag.Diagnostic {
	return r.list.Errorf(at, code, "%s"+format, append([]any{prefix(path)}, args...)...)
}

// node reads v, which must have the shape s. It returns nil if v is faulty, which it
// reports.
func (r *reader) node(v cue.Value, s *shape, path []cue.Selector) *spec.Node {
	if s.condition {
		return r.conditionNode(v, path)
	}
	broken := r.broken(v)
	fields, items, isList := children(v)
	switch {
	case isList:
		return r.listNode(v, items, s, path)
	case fields != nil || v.IncompleteKind() == cue.StructKind:
		return r.structNode(v, fields, s, path)
	case broken:
		return nil
	}
	return r.scalarNode(v, s, path)
}

// children returns the fields of a struct or the items of a list, even if some of
// them are faulty.
func children(v cue.Value) (fields []field, items []cue.Value, isList bool) {
	if d, ok := v.Default(); ok {
		v = d
	}
	switch v.Kind() {
	case cue.NullKind, cue.BoolKind, cue.IntKind, cue.FloatKind, cue.StringKind:
		return nil, nil, false
	case cue.ListKind:
		isList = true
	}
	it, err := v.Fields()
	if err != nil {
		list, listErr := v.List()
		if listErr != nil {
			return nil, nil, isList
		}
		for list.Next() {
			items = append(items, list.Value())
		}
		return nil, items, true
	}
	for it.Next() {
		if it.Selector().LabelType() == cue.IndexLabel {
			isList = true
			items = append(items, it.Value())
		} else {
			fields = append(fields, field{it.Selector(), it.Value()})
		}
	}
	return fields, items, isList
}

type field struct {
	label cue.Selector
	value cue.Value
}

func (f field) name() string { return f.label.Unquoted() }

func (r *reader) listNode(v cue.Value, items []cue.Value, s *shape, path []cue.Selector) *spec.Node {
	at := r.places.value(path, v)
	if s.list == nil && !s.any {
		r.wrongForm(path, at, "a list", s)
		return nil
	}
	node := &spec.Node{Kind: spec.ListNode, Place: at}
	shapes := &listShape{rest: s}
	if s.list != nil {
		shapes = s.list
	}
	if len(items) < len(shapes.first) {
		r.tooShort(path, at, len(items), len(shapes.first))
		return nil
	}
	for i, item := range items {
		expected := shapes.rest
		if i < len(shapes.first) {
			expected = shapes.first[i]
		}
		if expected == nil {
			r.tooLong(path, at, len(items), len(shapes.first))
			return nil
		}
		if n := r.node(item, expected, append(path[:len(path):len(path)], cue.Index(i))); n != nil {
			if n.Kind == spec.StringNode {
				r.refuseSteering(path, n.Place, n.String)
			}
			node.Items = append(node.Items, n)
		}
	}
	return node
}

func (r *reader) structNode(v cue.Value, fields []field, s *shape, path []cue.Selector) *spec.Node {
	at := r.places.value(path, v)
	node := &spec.Node{Kind: spec.StructNode, Place: at}
	spread := !r.places.sort(path, fields)
	if s.any {
		for _, f := range fields {
			r.addField(node, f, s, path)
		}
		return node
	}
	if s.fields == nil {
		r.wrongForm(path, at, "a struct", s)
		return nil
	}
	expected, ok := r.chosen(v, fields, s.fields, path)
	if !ok {
		return nil
	}
	if len(path) == 1 {
		r.stanzas[path[0].String()] = r.stanzaOf(fields, spread, path)
	}
	var meant []string // fields that misspelt names mean: they are not missing
	for _, f := range fields {
		inner := append(path[:len(path):len(path)], f.label)
		member := expected.member(f.name())
		switch {
		case member != nil:
			r.addField(node, f, member.shape, path)
		case expected.keys == nil:
			meant = append(meant, r.unknownField(path, r.places.name(inner, f.value), f.name(), expected))
		case !expected.keys.MatchString(f.name()):
			r.badName(path, r.places.name(inner, f.value), f.name(), expected)
		default:
			r.addField(node, f, expected.each, path)
		}
	}
	r.complete(node, v, fields, meant, expected, path)
	return node
}

func (r *reader) addField(node *spec.Node, f field, s *shape, path []cue.Selector) {
	inner := append(path[:len(path):len(path)], f.label)
	name, at := f.name(), r.places.name(inner, f.value) // CUE composes names
	r.refuseSteering(path, at, name)
	if n := r.node(f.value, s, inner); n != nil {
		if n.Kind == spec.StringNode {
			r.refuseSteering(inner, n.Place, n.String)
		}
		node.Fields = append(node.Fields, spec.Named{Name: name, Place: at, Value: n})
	}
}

// refuseSteering reports a character in a text that would steer a terminal or the
// direction of the text around it, wherever the text is printed.
func (r *reader) refuseSteering(path []cue.Selector, at diag.Place, text string) {
	if _, c, found := plaintext.Steering(text); found {
		r.fault(path, at, "invisible", "the text has the invisible character %U", c).WithHint("remove it: it can steer a terminal or reverse what is read")
	}
}

// chosen returns the shape that a struct must have. For a field of a persona it
// depends on the kind.
func (r *reader) chosen(v cue.Value, fields []field, s *structShape, path []cue.Selector) (*structShape, bool) {
	if s.by == "" {
		return s, true
	}
	i := slices.IndexFunc(fields, func(f field) bool { return f.name() == s.by })
	if i < 0 {
		r.missingKind(path, r.places.name(path, v), s, fields)
		return nil, false
	}
	inner := append(path[:len(path):len(path)], fields[i].label)
	at := r.places.value(inner, fields[i].value)
	value, _ := fields[i].value.Default()
	if r.broken(value) {
		return nil, false
	}
	kind, err := value.String()
	if err != nil || s.kinds[kind] == nil {
		r.notOneOf(inner, at, value, s.kindNames)
		return nil, false
	}
	return s.kinds[kind].fields, true
}

// complete adds defaults, and reports missing fields and violated rules.
func (r *reader) complete(node *spec.Node, v cue.Value, fields []field, meant []string, expected *structShape, path []cue.Selector) {
	given := func(name string) bool {
		return slices.Contains(meant, name) || slices.ContainsFunc(fields, func(f field) bool { return f.name() == name })
	}
	for _, m := range expected.members {
		switch {
		case given(m.name) || m.optional:
		case m.required:
			r.missing(path, r.places.name(path, v), m.name)
		case m.shape.scalar != nil:
			if value, ok := m.shape.scalar.value.Default(); ok || value.IsConcrete() {
				node.Fields = append(node.Fields, spec.Named{Name: m.name, Place: node.Place, Value: plainNode(value, node.Place)})
			}
		}
	}
	for _, rule := range expected.rules {
		var has []string
		for _, name := range rule.names {
			if given(name) {
				has = append(has, name)
			}
		}
		if len(has) < rule.least || len(has) > rule.most {
			r.brokenRule(path, r.places.name(path, v), rule, has)
		}
	}
}

func (r *reader) scalarNode(v cue.Value, s *shape, path []cue.Selector) *spec.Node {
	at := r.places.value(path, v)
	if d, ok := v.Default(); ok {
		v = d
	}
	if s.any {
		if !v.IsConcrete() {
			r.notConcrete(path, at, v, s)
			return nil
		}
		node := plainNode(v, at)
		if node == nil {
			r.wrongForm(path, at, shownValue(v), s)
		} else if node.Kind == spec.StringNode {
			node.Positions = r.positions(path, v, node.String)
		}
		return node
	}
	if s.scalar == nil {
		r.wrongForm(path, at, shownValue(v), s)
		return nil
	}
	written := v
	if s.scalar.plain&v.Kind() == 0 || v.Kind() == cue.BottomKind {
		u := s.scalar.value.Unify(v)
		if u.Validate() != nil {
			r.notFitting(path, at, v, s)
			return nil
		}
		if d, ok := u.Default(); ok {
			u = d
		}
		if !u.IsConcrete() {
			r.notConcrete(path, at, v, s)
			return nil
		}
		v = u
	}
	node := plainNode(v, at)
	if node == nil {
		r.notFitting(path, at, v, s)
		return nil
	}
	if node.Kind == spec.StringNode {
		node.Positions = r.positions(path, written, node.String)
	}
	if s.file {
		node.Path = r.resolve(node.String, path, v)
	}
	return node
}

// resolve returns the absolute path of a file that the spec names. A relative path
// starts from the folder of the .cue file that contains it.
func (r *reader) resolve(file string, path []cue.Selector, v cue.Value) string {
	if filepath.IsAbs(file) {
		full := filepath.Clean(file)
		r.nameFile(spec.File{Path: full, Name: filepath.ToSlash(full)})
		return full
	}
	pos := v.Pos()
	if d, ok := r.places.only(path); ok {
		if _, literal := d.value.(*ast.BasicLit); literal {
			pos = d.value.Pos()
		}
	}
	from := r.places.first
	if pos.IsValid() && pos.Filename() != "" {
		from = pos.Filename()
	}
	full := filepath.Join(filepath.Dir(from), filepath.FromSlash(file))
	name, err := filepath.Rel(r.places.home, full)
	if err != nil {
		name = full // on another drive
	}
	r.nameFile(spec.File{Path: full, Name: filepath.ToSlash(name)})
	return full
}

// nameFile records a file that the spec names. If the spec names it more than once,
// the first name counts.
func (r *reader) nameFile(f spec.File) {
	if !slices.ContainsFunc(r.named, func(known spec.File) bool { return known.Path == f.Path }) {
		r.named = append(r.named, f)
	}
}

// plainNode returns the node of a concrete scalar, or nil if v is not one or is too
// large for a float64.
func plainNode(v cue.Value, at diag.Place) *spec.Node {
	switch v.Kind() {
	case cue.NullKind:
		return &spec.Node{Kind: spec.NullNode, Place: at}
	case cue.BoolKind:
		b, _ := v.Bool()
		return &spec.Node{Kind: spec.BoolNode, Place: at, Bool: b}
	case cue.StringKind:
		s, _ := v.String()
		return &spec.Node{Kind: spec.StringNode, Place: at, String: plaintext.NFC(s)}
	case cue.IntKind, cue.FloatKind, cue.NumberKind:
		f, err := v.Float64()
		if err != nil && f != 0 || math.IsNaN(f) || math.IsInf(f, 0) {
			return nil
		}
		return &spec.Node{Kind: spec.NumberNode, Place: at, Number: f, String: digits(v, f), Decimals: decimals(v)}
	}
	return nil
}

// decimals returns the decimal places of a number as it is written: 1 for 60.0.
func decimals(v cue.Value) int {
	if exponent, err := v.MantExp(nil); err == nil && exponent < 0 {
		return -exponent
	}
	return 0
}

// digits returns a number in decimal, without an exponent unless it is very large or
// small; whole numbers are exact, and zero has no sign.
func digits(v cue.Value, f float64) string {
	if i, err := v.Int(nil); err == nil {
		return i.String()
	}
	form := byte('f')
	if size := math.Abs(f); size >= 1e21 || size > 0 && size < 1e-6 {
		form = 'g'
	}
	return strconv.FormatFloat(f+0, form, -1, 64)
}
