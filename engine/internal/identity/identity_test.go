package identity_test

import (
	"crypto/sha256"
	"encoding/hex"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/internal/identity"
)

// The canonical bytes of a structure decide every person's id. A change here
// changes all of them: see StructureVersion.
func TestStructureBytesAreFrozen(t *testing.T) {
	half := 0.5
	s := identity.Structure{
		Name: "town", Labels: [][]string{{"<b>", "a"}, nil},
		Problem: &identity.Problem{
			Vars: []identity.Var{{Name: "hue", Card: 2}, {Name: "age", Card: 3}},
			Tables: []identity.Table{
				{Name: "t", Role: "hard", Scope: []int{0, 1}, Cell: []int32{0, 0, 1, 1, -1, -1}, Row: []int32{0, 0}, Share: []float64{0.25, 0.75}, Variance: 1, Tolerance: 0.001, Low: []float64{0.2, 0.7}, High: []float64{0.3, 0.8}},
				{Name: "u", Role: "soft", Scope: []int{1}, Cell: []int32{0, 1, 2}, Row: []int32{0, 0, 0}, Share: []float64{1e-7, 0, 1}, Rho: 2, Variance: 10, Tolerance: 0},
			},
			Supports: []identity.Support{{Name: "impossible: x", Scope: []int{0}, Allowed: []bool{true, false}}},
			Together: [][]int{{0, 1}, {0}, {0, 1}},
		},
		Limits: []identity.Limit{{Where: "hue: \"a\"", Within: "", AtLeast: &half}},
	}
	const want = `{"Version":2,"Name":"town","Labels":[["\u003cb\u003e","a"],null],"Problem":{` +
		`"vars":[{"name":"hue","card":2},{"name":"age","card":3}],"tables":[` +
		`{"name":"t","role":"hard","scope":[0,1],"cell":[0,0,1,1,-1,-1],"row":[0,0],"share":[0.25,0.75],"variance":1,"tolerance":0.001,"low":[0.2,0.7],"high":[0.3,0.8]},` +
		`{"name":"u","role":"soft","scope":[1],"cell":[0,1,2],"row":[0,0,0],"share":[1e-7,0,1],"rho":2,"variance":10,"tolerance":0}],` +
		`"supports":[{"name":"impossible: x","scope":[0],"allowed":[true,false]}],"together":[[0],[0,1]]},` +
		`"Limits":[{"Where":"hue: \"a\"","Within":"","AtLeast":0.5,"AtMost":null}]}` + "\n"
	if d := cmp.Diff(want, string(s.Encode())); d != "" {
		t.Error(d)
	}
	if got, want := s.Hash(), "7bc730b415982713f486788734fa408ff6e9cdfeee60bcd8a975d8981575e7c6"; got != want {
		t.Errorf("structure hash: got %s, want %s", got, want)
	}
	if got, want := s.Problem.Hash(), "4f8a0e3f44fcc22c1063eb323311d85710fc1a30794afa32944e02231d9a609b"; got != want {
		t.Errorf("problem hash: got %s, want %s", got, want)
	}
	bare := identity.Structure{Name: "loose", Problem: &identity.Problem{}}
	if got, want := string(bare.Encode()), `{"Version":2,"Name":"loose","Labels":null,"Problem":{"vars":null,"tables":null,"supports":null}}`+"\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The hash of version 1 is in the keys of the journals of that version.
func TestFirstHashIsFrozen(t *testing.T) {
	half := 0.5
	s := identity.Structure{
		Name: "town", Labels: [][]string{{"<b>", "a"}, nil},
		Problem: &identity.Problem{
			Vars: []identity.Var{{Name: "hue", Card: 2}, {Name: "age", Card: 3}},
			Tables: []identity.Table{
				{Name: "t", Role: "hard", Scope: []int{0, 1}, Cell: []int32{0, 0, 1, 1, -1, -1}, Row: []int32{0, 0}, Share: []float64{0.25, 0.75}, Variance: 1, Tolerance: 0.5},
				{Name: "u", Role: "soft", Scope: []int{1}, Cell: []int32{0, 1, 2}, Row: []int32{0, 0, 0}, Share: []float64{1e-7, 0, 1}, Rho: 2, Variance: 10, Tolerance: 0},
			},
			Supports: []identity.Support{{Name: "impossible: x", Scope: []int{0}, Allowed: []bool{true, false}}},
			Together: [][]int{{0, 1}},
		},
		Limits: []identity.Limit{{Where: "hue: \"a\"", Within: "", AtLeast: &half}},
	}
	if got, want := s.FirstEncoder().Hash(map[int]float64{0: 0.001}), "aa30ea0f29faecc13a6ea9a8a3097f002c552c1e6480c3b74057b8ffa1c2b2de"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	bare := identity.Structure{Name: "loose", Problem: &identity.Problem{}}
	sum := sha256.Sum256([]byte(`{"Name":"loose","Labels":null,"Problem":{"vars":null,"tables":null,"supports":null}}` + "\n"))
	if got, want := bare.FirstEncoder().Hash(nil), hex.EncodeToString(sum[:]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The canonical bytes of a text field decide which record of a journal holds a
// person's text.
func TestTextBytesAreFrozen(t *testing.T) {
	warm := 0.5
	x := identity.Text{
		Population: identity.Population("5eed", "quota", 7, 1000),
		Name:       "story", Title: "Story", About: "a life", Chars: identity.Length{Min: 1, Max: 9, Target: 5}, Items: &identity.Length{Min: 2, Max: 3},
		Mentions: []string{"hue"},
		Rules: []identity.Rule{
			{Name: "r", About: "a", Severity: "fail", WhenText: "age: >1", Never: []string{"x"}, NeverMatch: "y", Number: "z", Field: "age"},
			{Name: "b", By: &identity.ByValue{Field: "hue", Words: [][]string{{"red"}}, Said: []string{"in {}"}, Unless: []string{"not"}, Opening: true}},
		},
		Language: &identity.Language{Name: "xy", Letters: "ä", Own: true, Foreign: 0.1, Accented: 0.2, Words: []string{"the"}, Common: 0.3, Least: 4},
		System:   "s", Prompt: "p", Model: "m", Temperature: &warm,
		Examples: []identity.Exchange{{Prompt: "q", Answer: identity.Answer{Text: "t", Items: []string{"i"}}}},
	}
	const want = `{"Version":1,"Population":"5eed quota 7 1000","Name":"story","Title":"Story","About":"a life","When":"",` +
		`"Chars":{"min":1,"max":9,"target":5},"Items":{"min":2,"max":3},"Mentions":["hue"],"Rules":[` +
		`{"name":"r","about":"a","severity":"fail","when_text":"age: \u003e1","never":["x"],"never_match":"y","number":"z","field":"age","fields":null},` +
		`{"name":"b","about":"","severity":"","by":{"field":"hue","words":[["red"]],"said":["in {}"],"unless":["not"],"opening":true},"fields":null}],` +
		`"Language":{"name":"xy","letters":"ä","own":true,"foreign":0.1,"accented":0.2,"words":["the"],"common":0.3,"least":4},` +
		`"System":"s","Prompt":"p","Model":"m","Temperature":0.5,"Examples":[{"Prompt":"q","Answer":{"text":"t","items":["i"]}}]}`
	if d := cmp.Diff(want, string(x.Encode())); d != "" {
		t.Error(d)
	}
	bare := identity.Text{}
	if got, want := string(bare.Encode()), `{"Version":1,"Population":"","Name":"","Title":"","About":"","When":"","Chars":{"min":0,"max":0},"Items":null,"Mentions":null,"Rules":null,"System":"","Prompt":"","Model":"","Temperature":null}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// streams names the random streams of every package. What is between the string
// literals ("…") comes from the spec: the names of fields, banks and tables.
var streams = []string{
	`engine/check: "check/" …`,
	`engine/check: "check/number/" …`,
	`engine/check: "check/texts"`,
	`engine/compare: "compare/texts"`,
	`engine/endpoint/fake: "fake faults"`,
	`engine/endpoint: "endpoint canary"`,
	`engine/endpoint: "endpoint retries"`,
	`engine/internal/enrich: "variation example " …`,
	`engine/internal/enrich: "variation share"`,
	`engine/internal/narrate: "narrator bank " …`,
	`engine/internal/narrate: "narrator items " …`,
	`engine/internal/narrate: "narrator outline " …`,
	`engine/internal/narrate: "narrator reference " …`,
	`engine/internal/narrate: "narrator relation " …`,
	`engine/internal/pairwise: "compare/ours"`,
	`engine/internal/pairwise: "compare/theirs"`,
	`engine/internal/sample: "allocate " …`,
	`engine/internal/sample: …`,
	`engine/internal/sample: …`,
	`engine/kind: "judged/" …`,
	`engine/kind: …`,
	`engine/kind: …`,
	`engine/kind: …`,
	`engine/kind: …`,
	`engine/kind: …`,
	`engine/kind: …`,
	`engine/kind: … "/event"`,
	`engine/kind: … "/unique"`,
	`engine/report: "gallery"`,
}

// A renamed stream draws other numbers, so other persons, texts or tests.
func TestStreamNamesAreFrozen(t *testing.T) {
	var found []string
	err := filepath.WalkDir("../..", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 2 {
				return true
			}
			if f, ok := call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "New" {
				if x, ok := f.X.(*ast.Ident); ok && x.Name == "rng" {
					folder := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(name)), "../../")
					found = append(found, "engine/"+folder+": "+nameOf(call.Args[1]))
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	if d := cmp.Diff(streams, found); d != "" {
		t.Error(d)
	}
}

// nameOf writes the expression of a stream's name with its literals only.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Value
	case *ast.BinaryExpr:
		return nameOf(e.X) + " " + nameOf(e.Y)
	}
	return "…"
}
