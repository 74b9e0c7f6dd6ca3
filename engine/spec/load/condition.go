package load

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/plaintext"
	"github.com/personagen/personagen/engine/spec"
)

// conditionNode reads a condition. Its constraints remain CUE values inside the
// functions that test them.
func (r *reader) conditionNode(v cue.Value, path []cue.Selector) *spec.Node {
	at := r.places.value(path, v)
	broken := r.broken(v)
	fields, _, isList := children(v)
	if isList || fields == nil && v.IncompleteKind() != cue.StructKind {
		if !broken {
			r.noCondition(path, at, v)
		}
		return nil
	}
	if len(fields) == 0 {
		r.emptyCondition(path, at)
		return nil
	}
	r.places.sort(path, fields)
	cond := &spec.Condition{Place: at}
	var texts []string
	for _, f := range fields {
		term, ok := r.term(f, append(path[:len(path):len(path)], f.label))
		if !ok {
			continue
		}
		cond.Terms = append(cond.Terms, term)
		texts = append(texts, f.label.String()+": "+term.Text)
	}
	cond.Text = strings.Join(texts, ", ")
	return &spec.Node{Kind: spec.CondNode, Place: at, Cond: cond}
}

const scalarKinds = cue.NullKind | cue.BoolKind | cue.NumberKind | cue.StringKind

func (r *reader) term(f field, path []cue.Selector) (spec.Term, bool) {
	if r.broken(f.value) {
		return spec.Term{}, false
	}
	if f.value.IncompleteKind()&scalarKinds == 0 {
		r.noConstraint(path, r.places.value(path, f.value))
		return spec.Term{}, false
	}
	return newTerm(r.ctx, f.name(), r.places.name(path, f.value), r.sourceText(path, f.value), f.value), true
}

// sourceText returns a constraint as written. Names in it are replaced by their
// values.
func (r *reader) sourceText(path []cue.Selector, v cue.Value) string {
	if d, ok := r.places.only(path); ok && !usesNames(d.value) {
		return sourceLine(d.value)
	}
	return oneLine(v)
}

// oneLine returns a value on one line, with references resolved.
func oneLine(v cue.Value) string { return strings.Join(strings.Fields(fmt.Sprint(v)), " ") }

func usesNames(x ast.Expr) bool {
	found := false
	ast.Walk(x, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && plainKinds[id.Name] == 0 && id.Name != "_" && id.Name != "float" {
			found = true
		}
		return !found
	}, nil)
	return found
}

// evaluating limits CUE to one goroutine at a time, because its contexts are not
// safe for concurrent use.
var evaluating sync.Mutex

// newTerm returns the constraint on one field.
func newTerm(ctx *cue.Context, field string, at diag.Place, text string, constraint cue.Value) spec.Term {
	t := spec.Term{Field: field, Place: at, Text: text}
	if all, ok := literals(constraint); ok {
		slices.Sort(all)
		t.Literals = slices.Compact(all)
	}
	t.Names = namesIn(constraint)
	slices.Sort(t.Names)
	t.Names = slices.Compact(t.Names)
	t.OtherKinds = constraint.IncompleteKind()&(cue.NumberKind|cue.BoolKind) != 0
	t.Accept = accepter(ctx, constraint, t.Literals)
	return t
}

// accepter returns the function that tests one constraint. Strings are looked up
// among the literals, if the constraint consists of these; for other values it asks
// CUE once each.
func accepter(ctx *cue.Context, constraint cue.Value, literals []string) func(any) bool {
	seen := map[any]bool{}
	ask := func(value any) bool {
		return constraint.Unify(ctx.Encode(value, cue.NilIsAny(false))).Validate(cue.Concrete(true)) == nil
	}
	return func(value any) bool {
		if text, ok := value.(string); ok && literals != nil {
			_, found := slices.BinarySearch(literals, text)
			return found
		}
		evaluating.Lock()
		defer evaluating.Unlock()
		if ok, known := seen[value]; known {
			return ok
		}
		ok := ask(value)
		if whole, isWhole := otherNumber(value); !ok && isWhole {
			ok = ask(whole) // in a spec, 3 equals 3.0
		}
		seen[value] = ok
		return ok
	}
}

// literals returns the strings of a constraint that consists only of strings.
func literals(v cue.Value) (all []string, ok bool) {
	if s, err := v.String(); err == nil && v.IsConcrete() {
		if op, _ := v.Expr(); op == cue.NoOp {
			return []string{plaintext.NFC(s)}, true
		}
	}
	op, args := v.Expr()
	if op != cue.OrOp {
		return nil, false
	}
	for _, a := range args {
		s, err := a.String()
		if err != nil || !a.IsConcrete() {
			return nil, false
		}
		all = append(all, plaintext.NFC(s))
	}
	return all, true
}

// namesIn returns the strings that a constraint equals, is different from, or is a
// combination of.
func namesIn(v cue.Value) (names []string) {
	op, args := v.Expr()
	switch op {
	case cue.NoOp:
		if s, err := v.String(); err == nil && v.IsConcrete() {
			return []string{plaintext.NFC(s)}
		}
	case cue.OrOp, cue.AndOp, cue.NotEqualOp:
		for _, a := range args {
			names = append(names, namesIn(a)...)
		}
	}
	return names
}

// otherNumber converts a whole float64 to an int64, and an int to a float64.
func otherNumber(value any) (any, bool) {
	switch n := value.(type) {
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case float64:
		if n == float64(int64(n)) {
			return int64(n), true
		}
	}
	return nil, false
}
