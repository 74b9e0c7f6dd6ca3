package load

import (
	"testing"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/parser"
)

// Only loops whose order can depend on the order of files make the loader read a
// package twice.
func TestLoops(t *testing.T) {
	for text, want := range map[string]bool{
		`x: [for e in ["a", "b"] {e}]`:                                                    false,
		"x: [for e in _list {e}]\n_list: [\"a\"]":                                         false,
		"x: [for k, v in _map {v}]\n_map: {a: 1, \"b c\": 2}":                             false,
		"x: [for k, v in _map {v}]\n_map: {a: 1}\n_map: b: 2":                             true, // two declarations
		"x: [for k, v in _map {v}]\n_map: {a: 1, for l in [\"b\"] {(l): 2}}":              true,
		"x: [for k, v in _map {v}]\n_map: {a: 1, other}\nother: b: 2":                     true,
		"x: [for k, v in _map {v}]\n_map: other\nother: {a: 1}":                           true,
		"x: {_map: y: 1, z: [for k, v in _map {v}]}\n_map: {a: 1}":                        true, // a name within hides it
		"x: [for _map in [{a: 1}] for k, v in _map {v}]\n_map: {a: 1}":                    true,
		"x: [for k, v in _map.b {v}]\n_map: {a: 1, b: {c: 1}}":                            false,
		"x: [for k, v in _map.b {v}]\n_map: {b: {c: 1}, b: {d: 2}}":                       true,
		"x: [for k, v in #Spec.fields {v}]\n#Spec: fields: {a: 1}\n#Spec: fields: {b: 2}": true,
	} {
		f, err := parser.ParseFile("x.cue", text)
		if err != nil {
			t.Fatal(err)
		}
		ps := &packages{all: []*build.Instance{{Files: []*ast.File{f}}}}
		if got := ps.loops(); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}
