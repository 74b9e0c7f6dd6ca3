package run

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/mutate"
	"github.com/personagen/personagen/engine/internal/sample"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/release"
)

// patience is how long a command may take with a small file of a stranger.
const patience = 20 * time.Second

// readFiles reads the files of a folder.
func readFiles(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		all[name], err = os.ReadFile(filepath.Join(dir, name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func writeFiles(t testing.TB, dir string, all map[string][]byte) {
	t.Helper()
	for name, data := range all {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// sealAgain makes the hashes of a plan and a manifest those of the files, as somebody
// can who writes them all.
func sealAgain(all map[string][]byte) {
	var m release.Manifest
	if json.Unmarshal(all[release.ManifestFile], &m) != nil {
		return
	}
	if p, err := plan.Read(all[release.PlanFile]); err == nil {
		p.Stamp()
		if data, err := json.Marshal(p); err == nil {
			all[release.PlanFile], m.Plan, m.Structure = data, p.Hash, p.Structure
		}
	}
	for i, f := range m.Files {
		if data, ok := all[f.Name]; ok {
			sum := sha256.Sum256(data)
			m.Files[i].Bytes, m.Files[i].SHA256 = int64(len(data)), hex.EncodeToString(sum[:])
		}
	}
	if data, err := json.Marshal(m); err == nil {
		all[release.ManifestFile] = data
	}
}

// FuzzRelease changes one file of a release, a value of a JSON document or some bytes
// of another, and perhaps makes the hashes right again. Every command that reads
// releases ends with a result or an error; a change that nobody sealed is found.
func FuzzRelease(f *testing.F) {
	good := readFiles(f, quayRelease(f, "1"))
	var names []string
	documents := map[string]*mutate.Document{}
	for name, data := range good {
		names = append(names, name)
		if strings.HasSuffix(name, ".json") {
			doc, err := mutate.Parse(data)
			if err != nil {
				f.Fatal(err)
			}
			documents[name] = doc
		}
	}
	slices.Sort(names)
	for i, name := range names {
		for at, value := range []string{"-1", "null", "[]", "9007199254740993", "@3", "+5", "\x1b[31m"} {
			f.Add(byte(i), uint(len(good[name])*at/10), value, at%2 == 1)
		}
	}
	f.Fuzz(func(t *testing.T, file byte, at uint, value string, seal bool) {
		name := names[int(file)%len(names)]
		all := map[string][]byte{}
		for n, data := range good {
			all[n] = data
		}
		if doc := documents[name]; doc != nil {
			all[name] = doc.Replace(at, value)
		} else if data := bytes.Clone(good[name]); len(data) > 0 {
			copy(data[int(at%uint(len(data))):], value)
			all[name] = data
		}
		changed := !bytes.Equal(all[name], good[name])
		if seal {
			sealAgain(all)
		}
		dir := filepath.Join(t.TempDir(), "out")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		writeFiles(t, dir, all)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		v, err := Validate(ctx, ValidateConfig{Paths: []string{dir}})
		if err == nil && v == nil {
			t.Error("neither a result nor an error")
		}
		if err == nil || errors.Is(err, ErrChecks) {
			if _, err := json.Marshal(v.Stats("test")); err != nil {
				t.Errorf("statistics: %v", err)
			}
		}
		x, inspectErr := release.Inspect(ctx, dir, false)
		if inspectErr == nil && len(x.Faults) == 0 && changed && !seal && name != release.ReportFile && name != release.ManifestFile {
			t.Errorf("%s is changed, and nobody sees it", name)
		}
		for _, sets := range [][]string{{dir}, {dir, filepath.Join(dir, "csv/train-00000-of-00001.csv")}, {filepath.Join(dir, "data/train-00000-of-00001.parquet"), filepath.Join(dir, "jsonl/train-00000-of-00001.jsonl")}} {
			if found, err := Compare(ctx, CompareConfig{Sets: sets}); err == nil {
				if _, err := json.Marshal(found); err != nil {
					t.Errorf("comparison: %v", err)
				}
			}
		}
		if r, err := release.Open(dir); err == nil {
			r.Rows().Close()
			r.DataFiles()
		}
		if ctx.Err() != nil {
			t.Errorf("took longer than %v", patience)
		}
	})
}

// FuzzBundle changes a value of a part of a bundle and seals it again. Whoever runs it
// gets persons or an error.
func FuzzBundle(f *testing.F) {
	dir := f.TempDir()
	path := filepath.Join(dir, "quay.cue")
	if err := os.WriteFile(path, []byte(quaySource("1")), 0o600); err != nil {
		f.Fatal(err)
	}
	forecast, err := Estimate(context.Background(), Config{Spec: path})
	if err != nil {
		f.Fatal(err)
	}
	good := forecast.Bundle
	parts := []any{good.Plan, good.Controls, good.Writers, good.Warnings, good.Request}
	documents := make([]*mutate.Document, len(parts))
	for i, part := range parts {
		data, err := json.Marshal(part)
		if err != nil {
			f.Fatal(err)
		}
		if documents[i], err = mutate.Parse(data); err != nil {
			f.Fatal(err)
		}
	}
	model, err := good.Model.MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	counts, err := good.Allocation.MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	for at, value := range []string{"-1", "null", "[]", "9007199254740993", "@3", "+5", "{}", "\xff\xff"} {
		for part := range byte(7) {
			f.Add(part, uint(at)*131, value)
		}
	}
	f.Fuzz(func(t *testing.T, part byte, at uint, value string) {
		b := *good
		part %= 7
		switch part {
		case 0:
			p, err := plan.Read(documents[0].Replace(at, value))
			if err != nil {
				return
			}
			b.Plan = p
		case 5, 6:
			data := bytes.Clone([][]byte{model, counts}[part-5])
			copy(data[int(at%uint(len(data))):], value)
			if part == 5 {
				b.Model = &sample.Model{}
				err = b.Model.UnmarshalBinary(data)
			} else {
				b.Allocation = &sample.Allocation{}
				err = b.Allocation.UnmarshalBinary(data)
			}
			if err != nil {
				return
			}
		default:
			data := documents[part].Replace(at, value)
			b.Controls, b.Writers, b.Warnings, b.Request = nil, bundle.Writers{}, nil, nil
			to := []any{nil, &b.Controls, &b.Writers, &b.Warnings, &b.Request}[part]
			b2 := *good
			if part != 1 {
				b.Controls = b2.Controls
			}
			if part != 2 {
				b.Writers = b2.Writers
			}
			if part != 3 {
				b.Warnings = b2.Warnings
			}
			if part != 4 {
				b.Request = b2.Request
			}
			if json.Unmarshal(data, to) != nil {
				return
			}
		}
		changed := *b.Plan
		changed.Stamp()
		b.Plan = &changed
		file := filepath.Join(t.TempDir(), "quay.bundle")
		if err := b.WriteFile(file); err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		cfg := Config{Spec: file, Workers: 1}
		for _, sampling := range []string{"", "independent"} {
			cfg.Sampling = sampling
			if p, err := Preview(ctx, cfg, 20); err == nil {
				checkPreview(t, p)
			} else if err.Error() == "" {
				t.Error("an error without words")
			}
		}
		if s, err := RowSchema(ctx, cfg); err == nil {
			if _, err := json.Marshal(s); err != nil {
				t.Errorf("schema: %v", err)
			}
		}
		if v, err := Vet(ctx, file, true, ""); err == nil {
			diag.Text(&bytes.Buffer{}, v.Found, diag.TextOptions{})
		}
		if ctx.Err() != nil {
			t.Errorf("took longer than %v", patience)
		}
	})
}

// checkPreview requires the persons to be as many lines of JSON.
func checkPreview(t *testing.T, p *PreviewResult) {
	t.Helper()
	var out bytes.Buffer
	if err := p.WriteJSONL(&out); err != nil {
		return // a disk, or a value that the format refuses
	}
	lines := 0
	for line := range bytes.Lines(out.Bytes()) {
		if lines++; !json.Valid(line) {
			t.Errorf("not JSON: %s", line)
		}
	}
	if lines != p.Persons.N {
		t.Errorf("%d lines for %d persons", lines, p.Persons.N)
	}
}

// checkFaults requires an error about a spec to tell where the fault is and what it is.
func checkFaults(t *testing.T, err error) {
	t.Helper()
	list, ok := errors.AsType[*diag.ListError](err)
	if !ok {
		if err.Error() == "" {
			t.Error("an error without words")
		}
		return
	}
	for _, d := range list.List.Items {
		if d.Place.File == "" || d.Message == "" || strings.ContainsAny(d.Message, "\n\x1b") {
			t.Errorf("an incomplete fault: %+v", d)
		}
		if strings.Contains(d.Message, "runtime error") || strings.Contains(d.Message, "CUE gave up") {
			t.Errorf("a panic: %s", d.Message)
		}
	}
	diag.Text(&bytes.Buffer{}, list.List, diag.TextOptions{Color: true, Source: os.ReadFile})
}

// previewOf previews the spec of a folder, within limits.
func previewOf(t *testing.T, spec string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	p, err := Preview(ctx, Config{Spec: spec, Workers: 1}, 5)
	switch {
	case ctx.Err() != nil:
		t.Errorf("took longer than %v", patience)
	case err != nil:
		checkFaults(t, err)
	default:
		checkPreview(t, p)
	}
}

// FuzzSpec replaces two tokens of a spec. It has persons, or faults with places.
func FuzzSpec(f *testing.F) {
	specs := []mutate.Tokens{mutate.Split(quaySource("1"))}
	for _, path := range []string{"../../specs/quickstart.cue", "../../cmd/personagen/starter.cue"} {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		specs = append(specs, mutate.Split(strings.NewReplacer("NAME", "town", "PACKAGE", "town").Replace(string(data))))
	}
	for i, value := range []string{"-1", "null", "[]", `"x"`, "9007199254740993", "@30", "+-", "{}", "1e300", `"\u001b"`, "string", "_|_", `=~"("`, "0.1", "#Spec", "+a: a, "} {
		for n := range uint(6) {
			f.Add(byte(i), uint(i)*53+n*41, value, n*67, "@5")
		}
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, which byte, at uint, text string, at2 uint, text2 string) {
		if len(text)+len(text2) > 2000 {
			return
		}
		spec := specs[int(which)%len(specs)].Replace(at, text).Replace(at2, text2).String()
		path := filepath.Join(dir, fmt.Sprintf("x%d.cue", os.Getpid()))
		if err := os.WriteFile(path, []byte(spec), 0o600); err != nil {
			t.Fatal(err)
		}
		previewOf(t, path)
	})
}

// harbour is a spec that reads its figures, labels, names and phrases from files.
const harbour = `name: "harbour", population: {size: 50, seed: 4}
narrator: {banks: ["phrases.txt"], forms: {by: "hue", values: ["amber", "slate"]}}
fields: {
	id: kind: "id"
	zone: {kind: "category", values: {csv: "zones.csv", column: "zone"}}
	shore: {kind: "group", of: "zone", csv: "zones.csv", from: "zone", to: "shore"}
	hue: {kind: "category", values: ["amber", "slate"]}
	name: {kind: "choice", given: ["hue"], csv: {file: "names.csv"}, weight: "bearers", any: "*"}
	tools: {kind: "text_list", items: {min: 1, max: 2}, chars: {min: 1, max: 40}, offline: parts: ["tool"]}
	tale: {kind: "text", chars: {min: 10, target: 60, max: 200}, offline: {parts: ["tale"], more: ["more"]}}
}
tables: people: {over: ["zone", "hue"], csv: {file: "people.csv", value: "people", map: hue: {A: "amber", S: "slate"}}}
`

// FuzzInputs replaces a file that a spec reads, or two tokens of it.
func FuzzInputs(f *testing.F) {
	good := map[string][]byte{
		"harbour.cue": []byte(harbour),
		"zones.csv":   []byte("zone,shore\nnorth,windward\nsouth,leeward\nmole,leeward\n"),
		"names.csv":   []byte("name,hue,bearers\nAda,amber,3\nBen,slate,2.5\nKim,*,1\n"),
		"people.csv":  []byte("zone,hue,people\nnorth,A,10\nnorth,S,20\nsouth,A,30\nsouth,S,5\nmole,A,1\nmole,S,0\n"),
		"phrases.txt": []byte("[tool]\na knife\ntwo nets\n[tale]\nin the {zone} {name} waits: {her|his} {shore} side.\n{her|his} {tools} hang by the door.\n[more] zone: north\nthe sea is near.\n[more]\nnobody asks why!\ngulls cry.\n"),
	}
	names := []string{"zones.csv", "names.csv", "people.csv", "phrases.txt"}
	for i, name := range names {
		f.Add(byte(i), good[name], uint(0), "@0", uint(0), "@0")
		for n, text := range []string{"", "-1", "1e400", "NaN", "1,5", "*", "\"", "\xff", "\ufeff", "{", "[", "|", "\r", "@3", "+,", "1_000", "\u202e", "{age}", "<a>", ": >1"} {
			f.Add(byte(i), []byte{}, uint(n*3+i), text, uint(n), "@1")
		}
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, which byte, whole []byte, at uint, text string, at2 uint, text2 string) {
		if len(whole)+len(text)+len(text2) > 20_000 {
			return
		}
		all := map[string][]byte{}
		for n, data := range good {
			all[n] = data
		}
		name := names[int(which)%len(names)]
		if len(whole) == 0 {
			whole = good[name]
		}
		all[name] = []byte(mutate.Split(string(whole)).Replace(at, text).Replace(at2, text2).String())
		own := filepath.Join(dir, fmt.Sprint(os.Getpid()))
		if err := os.MkdirAll(own, 0o700); err != nil {
			t.Fatal(err)
		}
		writeFiles(t, own, all)
		previewOf(t, filepath.Join(own, "harbour.cue"))
	})
}

// FuzzCompare compares a data file of a stranger with itself and with a release.
func FuzzCompare(f *testing.F) {
	dir := f.TempDir()
	out := quayRelease(f, "1")
	good := readFiles(f, out)
	f.Add(good["jsonl/train-00000-of-00001.jsonl"][:2000], true, "note")
	f.Add(good["csv/train-00000-of-00001.csv"][:1000], false, "load")
	f.Add([]byte("{\"note\":\"\u202e\x1b[1m\",\"load\":1e308,\"gear\":[\"a\",\"a\"]}\n{\"load\":-1e308,\"depth\":9223372036854775807}\n"), true, "side")
	f.Add([]byte("side,depth\nleft,NaN\n,Inf\n"), false, "depth")
	f.Fuzz(func(t *testing.T, data []byte, lines bool, to string) {
		if len(data) > 50_000 {
			return
		}
		path := filepath.Join(dir, fmt.Sprintf("x%d.csv", os.Getpid()))
		if lines {
			path = strings.TrimSuffix(path, "csv") + "jsonl"
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		for _, cfg := range []CompareConfig{{Sets: []string{path}}, {Sets: []string{"a=" + path, "b=" + path}}, {Sets: []string{out, path}}, {Sets: []string{out, path}, Columns: map[string]string{"a": to}}} {
			found, err := Compare(ctx, cfg)
			if err != nil {
				if err.Error() == "" {
					t.Error("an error without words")
				}
				continue
			}
			if _, err := json.Marshal(found); err != nil {
				t.Errorf("the comparison is not JSON: %v", err)
			}
		}
		if ctx.Err() != nil {
			t.Errorf("took longer than %v", patience)
		}
	})
}
