package load

import (
	"testing"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/parser"
)

// Only a package that loops, and names a struct with fields in several files, is read
// twice.
func TestLoopsOverFiles(t *testing.T) {
	for _, c := range []struct {
		files []string
		want  bool
	}{
		{[]string{`x: [for e in ["a", "b"] {e}]`, "y: 1"}, false},
		{[]string{"x: [for k, v in _map {v}]", "_map: {a: 1, b: 2}"}, false},
		{[]string{"x: [for k, v in _map {v}]", "_map: a: 1", "_map: b: 2"}, true},
		{[]string{"x: [for k, v in y {v}], y: _map", "_map: a: 1", "_map: b: 2"}, true},
		{[]string{"x: {let L = _map, y: [for k, v in L {v}]}", "_map: a: 1", "_map: b: 2"}, true},
		{[]string{"x: [for k, v in _a.b {v}]", "_a: b: c: 1", "_a: b: d: 2"}, true},
		{[]string{"s: {m: a: 1, n: [for k, v in m {v}]}", "s: m: b: 2"}, true}, // by the name within s
		{[]string{"s: {m: a: 1, n: [for k, v in _o {v}]}", "s: m: b: 2", "_o: {c: 3}"}, false},
		{[]string{"x: [for k, v in M {v}], M=_map: a: 1", "_map: b: 2"}, true}, // by an alias
		{[]string{"x: _map", "_map: a: 1", "_map: b: 2"}, false},               // no loop
	} {
		inst := &build.Instance{}
		for _, text := range c.files {
			f, err := parser.ParseFile("x.cue", text)
			if err != nil {
				t.Fatal(err)
			}
			inst.Files = append(inst.Files, f)
		}
		ps := &packages{all: []*build.Instance{inst}, imports: map[*ast.ImportSpec]*build.Instance{}}
		if got := ps.loopsOverFiles(); got != c.want {
			t.Errorf("%q: got %v, want %v", c.files, got, c.want)
		}
	}
}
