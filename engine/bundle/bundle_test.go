package bundle

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/sample"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// small is a bundle of every part, made by hand.
func small(t testing.TB) *Bundle {
	t.Helper()
	hue := &kind.Field{Name: "hue", Kind: "category", Class: kind.Fitted, Type: "category", Decimals: -1, Domain: &kind.Domain{Labels: []string{"red", "green"}}}
	p := &plan.Plan{
		Format: plan.Format, Name: "town", Population: plan.Population{Size: 10, Seed: 3, Wanted: 1},
		Fields:    []*kind.Field{hue},
		Expected:  []plan.Expected{{Name: "hue", Origin: "margin", Fields: []string{"hue"}, Slots: []int{2}, Share: []float64{0.5, 0.5}, Rank: 1}},
		Variables: []plan.Variable{{Name: "hue", Field: "hue", Card: 2, Codes: []int32{1, 0}}},
		Structure: strings.Repeat("5e", 32),
	}
	p.Stamp()
	m := &sample.Model{
		Vars:     []sample.Var{{Name: "hue", Card: 2}},
		Steps:    []sample.Step{{Var: 0, Weight: []float64{0.5, 0.5}}},
		Controls: []sample.Control{{Name: "hue", Scope: []int{0}, Cell: []int32{0, 1}, Share: []float64{0.5, 0.5}, Rank: 1}},
		Limits:   []sample.Limit{{Name: "few", Scope: []int{0}, Cell: []int32{-1, 1}, AtLeast: 0, AtMost: 1}},
	}
	a, err := sample.Allocate(context.Background(), m, 10, 3)
	if err != nil {
		t.Fatal(err)
	}
	yes := true
	return &Bundle{
		Plan: p, Model: m, Controls: []Control{{Expected: 0, Cell: []int32{1, 0}}}, Allocation: a,
		Request: &Request{Size: 10, Seed: 3, Sampling: "quota"},
		Writers: Writers{
			Repairs: 2, AskAbove: 5,
			Endpoints: []Endpoint{{Name: "bay", BaseURL: "https://bay.test/v1", KeyHeader: "api-key", Local: &yes, Extra: map[string]json.RawMessage{"top_k": json.RawMessage("1")}, Limits: Limits{TokensPerMinute: 9}, Batch: Batch{Bytes: 1}}},
			Prices:    &Prices{Date: "2026-01-01", Currency: "EUR", Models: []Price{{Model: "m", Input: 1, Output: 2}}},
		},
		Warnings: []diag.Diagnostic{{Place: diag.Place{File: "town.cue", Line: 3}, Severity: diag.Warning, Code: "odd", Message: "odd"}},
	}
}

func encode(t testing.TB, b *Bundle) []byte {
	t.Helper()
	data, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestBundleSurvivesItsFile(t *testing.T) {
	b := small(t)
	data := encode(t, b)
	if !bytes.Equal(data, encode(t, b)) {
		t.Error("the same bundle gives different bytes")
	}
	path := filepath.Join(t.TempDir(), "town.bundle")
	if err := b.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	if !Is(path) {
		t.Error("the file is not recognised as a bundle")
	}
	back, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(b, back, cmpopts.IgnoreUnexported(kind.Domain{}), cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
	if !bytes.Equal(data, encode(t, back)) {
		t.Error("a bundle that was read and written again has different bytes")
	}
}

func TestIs(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "town.cue")
	if err := os.WriteFile(path, []byte("name: \"town\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{path, dir, filepath.Join(dir, "none")} {
		if Is(other) {
			t.Errorf("%s is recognised as a bundle", other)
		}
	}
}

// Whatever happens to a file, it is never read as another population.
func TestEveryDamageIsFound(t *testing.T) {
	data := encode(t, small(t))
	for i := range data {
		for bit := range 8 {
			damaged := bytes.Clone(data)
			damaged[i] ^= 1 << bit
			if _, err := Decode(damaged); err == nil {
				t.Fatalf("bit %d of byte %d is flipped, and the bundle is read", bit, i)
			}
		}
	}
	for n := range data {
		if _, err := Decode(data[:n]); err == nil {
			t.Fatalf("the first %d bytes are read", n)
		}
	}
	if _, err := Decode(append(bytes.Clone(data), 0)); err == nil {
		t.Error("a byte after the seal is ignored")
	}
}

// archive packs parts as Encode does, with a valid seal whatever they are.
func archive(t testing.TB, parts []content) []byte {
	t.Helper()
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	for _, p := range parts {
		to, err := w.Create(p.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := to.Write(p.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.SetComment(seal(nil)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	body := file.Bytes()[:file.Len()-len(seal(nil))]
	return append(body, seal(body)...)
}

func sum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Parts of different bundles are refused together, even with a valid seal.
func TestPartsThatDoNotBelongTogether(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(m *Manifest, parts *[]content)
		want string // "" when it is read
	}{
		"as written": {func(*Manifest, *[]content) {}, ""},
		"a part of a later version": {func(m *Manifest, parts *[]content) {
			p := content{Part{Name: "extra.json", Bytes: 2, SHA256: "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}, []byte("{}")}
			*parts = append(*parts, p)
			m.Parts = append(m.Parts, p.Part)
		}, ""},
		"a later format": {func(m *Manifest, _ *[]content) { m.Format = 2 }, "the bundle has format 2, this version reads 1"},
		"a changed plan": {func(m *Manifest, parts *[]content) {
			p := &(*parts)[0]
			p.data = bytes.Replace(p.data, []byte(`"red"`), []byte(`"rot"`), 1)
			p.SHA256 = sum(p.data)
			m.Parts[0] = p.Part
		}, "the bundle is damaged: its plan is not the one that bundle.json names"},
		"a part that is listed twice": {func(m *Manifest, parts *[]content) {
			*parts, m.Parts = append(*parts, (*parts)[0]), append(m.Parts, m.Parts[0])
		}, `the bundle is damaged: "plan.json" is listed twice`},
		"a part in another folder": {func(m *Manifest, parts *[]content) {
			p := content{Part{Name: "../x", SHA256: sum(nil)}, nil}
			*parts, m.Parts = append(*parts, p), append(m.Parts, p.Part)
		}, `the bundle is damaged: "../x" is listed twice, or is not the name of a part`},
		"more objects than memory": {func(m *Manifest, parts *[]content) {
			p := &(*parts)[4]
			p.data = []byte("[" + strings.Repeat("{},", maxObjects) + "{}]")
			p.Bytes, p.SHA256 = int64(len(p.data)), sum(p.data)
			m.Parts[4] = p.Part
		}, "the bundle is damaged: warnings.json: it has 524289 objects"},
		"parts of any size": {func(m *Manifest, parts *[]content) {
			p := content{Part{Name: "zeros", Bytes: maxUnpacked, SHA256: sum(nil)}, nil}
			*parts, m.Parts = append(*parts, p), append(m.Parts, p.Part)
		}, "the bundle is damaged: its parts have more than 512 MB"},
		"another plan": {func(m *Manifest, _ *[]content) { m.Plan = "0" }, "the bundle is damaged: its plan is not the one that bundle.json names"},
		"a part that is not listed": {func(_ *Manifest, parts *[]content) {
			*parts = append(*parts, content{Part{Name: "extra.json"}, []byte("{}")})
		}, "the bundle is damaged: it has 7 parts beside bundle.json, which lists 6"},
		"a part that is missing": {func(m *Manifest, parts *[]content) {
			*parts, m.Parts = slices.Delete(*parts, 1, 2), slices.Delete(m.Parts, 1, 2)
		}, "the bundle is damaged: it has no model.bin"},
		"a changed part": {func(_ *Manifest, parts *[]content) {
			(*parts)[3].data = []byte(strings.Replace(string((*parts)[3].data), "bay.test", "boy.test", 1))
		}, "the bundle is damaged: writers.json is not what bundle.json says"},
		"a part that is too long": {func(_ *Manifest, parts *[]content) {
			(*parts)[3].data = append((*parts)[3].data, ' ')
		}, "the bundle is damaged: writers.json has more than "},
		"a part of any size": {func(m *Manifest, _ *[]content) { m.Parts[0].Bytes = 1 << 40 }, `the bundle is damaged: bundle.json lists a part "plan.json" that is missing`},
	} {
		m, parts, err := small(t).encode()
		if err != nil {
			t.Fatal(err)
		}
		c.edit(m, &parts)
		list, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Decode(archive(t, append([]content{{Part{Name: manifestPart}, list}}, parts...)))
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: got %v", name, err)
		case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)):
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

func TestModelThatDoesNotFitThePlan(t *testing.T) {
	for name, edit := range map[string]func(b *Bundle){
		"other variables":  func(b *Bundle) { b.Plan.Variables[0].Name = "shade" },
		"fewer variables":  func(b *Bundle) { b.Plan.Variables = nil },
		"no controls":      func(b *Bundle) { b.Controls = nil },
		"unknown expected": func(b *Bundle) { b.Controls[0].Expected = 1 },
		"unknown cell":     func(b *Bundle) { b.Controls[0].Cell[0] = 2 },
		"too few cells":    func(b *Bundle) { b.Controls[0].Cell = b.Controls[0].Cell[:1] },
		"an invalid model": func(b *Bundle) { b.Model.Steps[0].Var = 7 },
		"no persons":       func(b *Bundle) { b.Request.Size, b.Allocation = 0, nil },
		"another size":     func(b *Bundle) { b.Request.Size++ },
		"another seed":     func(b *Bundle) { b.Request.Seed++ },
		"other counts":     func(b *Bundle) { b.Allocation.Steps[0].Count[0]++ },
		"an exception of no control": func(b *Bundle) {
			b.Allocation.Exceptions = []sample.Exception{{Control: 1}}
		},
		"another structure": func(b *Bundle) { b.Plan.Format = 9 },
	} {
		b := small(t)
		edit(b)
		b.Plan.Stamp()
		if _, err := Decode(encode(t, b)); err == nil {
			t.Errorf("%s: the bundle is read", name)
		}
	}
}

// A step that depends on a faulty one must not be looked at.
func TestAStepOfAFaultyStep(t *testing.T) {
	m := &sample.Model{
		Vars: []sample.Var{{Name: "a", Card: 1}, {Name: "b", Card: 1}},
		Steps: []sample.Step{
			{Var: 0, Given: []int{1, 9}, Weight: []float64{1}},
			{Var: 1, Given: []int{9}, Weight: []float64{1}},
			{Var: 1, Given: []int{0}, Weight: []float64{1}},
		},
	}
	data, _ := m.MarshalBinary()
	if err := new(sample.Model).UnmarshalBinary(data); err == nil {
		t.Error("the model is read")
	}
}

// Whatever is decoded is a model that is written and read as itself.
func FuzzModel(f *testing.F) {
	seed, _ := small(f).Model.MarshalBinary()
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		var m, again sample.Model
		if m.UnmarshalBinary(data) != nil {
			return
		}
		written, _ := m.MarshalBinary()
		err := again.UnmarshalBinary(written)
		if d := cmp.Diff(m, again, cmpopts.EquateNaNs()); err != nil || d != "" {
			t.Error(err, d)
		}
	})
}
