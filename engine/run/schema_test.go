package run_test

import (
	"bytes"
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/report"
	"github.com/personagen/personagen/engine/run"
	"github.com/personagen/personagen/schemas"
)

// documents are the documents of a release that have a JSON Schema.
var documents = []struct {
	file, title string
	value       any
	embedded    *[]byte
}{
	{"stats.schema.json", "stats.json of a release", report.Stats{}, &schemas.Stats},
	{"manifest.schema.json", "manifest.json of a release", release.Manifest{}, &schemas.Manifest},
}

// The schemas that the program prints are those of its Go types, with their
// comments. UPDATE=1 rewrites them.
func TestSchemasAreThoseOfTheTypes(t *testing.T) {
	for _, d := range documents {
		w := schemaWriter{t: t, defs: map[string]any{}, docs: map[string]map[string]string{}}
		root := w.schema(reflect.TypeOf(d.value))
		document := map[string]any{
			"$schema": "https://json-schema.org/draft/2020-12/schema", "title": d.title, "$ref": root["$ref"], "$defs": w.defs,
		}
		var want bytes.Buffer
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		e.SetIndent("", " ")
		if err := e.Encode(document); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("..", "..", "schemas", d.file)
		if os.Getenv("UPDATE") == "1" {
			if err := os.WriteFile(file, want.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(want.String(), string(*d.embedded)); diff != "" {
			t.Errorf("schemas/%s differs from the Go types; UPDATE=1 go test ./engine/run -run TestSchemas rewrites it\n%s", d.file, diff)
		}
	}
}

// schemaWriter turns Go types into JSON Schemas.
type schemaWriter struct {
	t    *testing.T
	defs map[string]any
	docs map[string]map[string]string // by package path: "Type" and "Type.Field" to comment
}

func (w *schemaWriter) schema(t reflect.Type) map[string]any {
	w.t.Helper()
	switch t.Kind() {
	case reflect.Pointer:
		return w.schema(t.Elem())
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Int, reflect.Int32, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Uint64:
		return map[string]any{"type": "integer", "minimum": 0}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": w.schema(t.Elem())}
	case reflect.Array:
		return map[string]any{"type": "array", "items": w.schema(t.Elem()), "minItems": t.Len(), "maxItems": t.Len()}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": w.schema(t.Elem())}
	case reflect.Struct:
		name := path.Base(t.PkgPath()) + "." + t.Name()
		if _, done := w.defs[name]; !done {
			w.defs[name] = nil // for types that contain themselves
			w.defs[name] = w.object(t)
		}
		return map[string]any{"$ref": "#/$defs/" + name}
	}
	w.t.Fatalf("no schema for %v", t)
	return nil
}

func (w *schemaWriter) object(t reflect.Type) map[string]any {
	properties := map[string]any{}
	required := []string{}
	w.fields(t, properties, &required)
	o := map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
	if doc := w.doc(t, t.Name()); doc != "" {
		o["description"] = doc
	}
	return o
}

func (w *schemaWriter) fields(t reflect.Type, properties map[string]any, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case tag == "-" || !f.IsExported() && !f.Anonymous:
			continue
		case f.Anonymous && tag == "":
			w.fields(f.Type, properties, required)
			continue
		case tag == "":
			tag = f.Name
		}
		s := w.schema(f.Type)
		optional := strings.Contains(options, "omit")
		if !optional {
			*required = append(*required, tag)
			switch k := f.Type.Kind(); {
			case k == reflect.Pointer && s["$ref"] != nil:
				s = map[string]any{"anyOf": []any{s, map[string]any{"type": "null"}}}
			case k == reflect.Slice || k == reflect.Map || k == reflect.Pointer:
				s["type"] = []any{s["type"], "null"}
			}
		}
		if doc := w.doc(t, t.Name()+"."+f.Name); doc != "" {
			s["description"] = doc
		}
		properties[tag] = s
	}
}

// doc is the comment on a type or on a field of one.
func (w *schemaWriter) doc(t reflect.Type, name string) string {
	docs, ok := w.docs[t.PkgPath()]
	if !ok {
		docs = map[string]string{}
		w.docs[t.PkgPath()] = docs
		_, dir, _ := strings.Cut(t.PkgPath(), "/engine/")
		files, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(dir), "*.go"))
		if err != nil || files == nil {
			w.t.Fatalf("no files of %s: %v", t.PkgPath(), err)
		}
		for _, file := range files {
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
			if err != nil {
				w.t.Fatal(err)
			}
			readDocs(f, docs)
		}
	}
	return docs[name]
}

func readDocs(f *ast.File, docs map[string]string) {
	text := func(groups ...*ast.CommentGroup) string {
		var parts []string
		for _, g := range groups {
			if s := strings.Join(strings.Fields(g.Text()), " "); s != "" {
				parts = append(parts, s)
			}
		}
		return strings.Join(parts, " ")
	}
	ast.Inspect(f, func(n ast.Node) bool {
		d, ok := n.(*ast.GenDecl)
		if !ok || d.Tok != token.TYPE {
			return true
		}
		for _, spec := range d.Specs {
			s := spec.(*ast.TypeSpec)
			docs[s.Name.Name] = text(d.Doc, s.Doc)
			if body, ok := s.Type.(*ast.StructType); ok {
				for _, field := range body.Fields.List {
					for _, name := range field.Names {
						docs[s.Name.Name+"."+name.Name] = text(field.Doc, field.Comment)
					}
				}
			}
		}
		return false
	})
}

// compiled compiles a schema.
func compiled(t *testing.T, schema []byte) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valid(s *jsonschema.Schema, text string) error {
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// The documents and rows of releases are valid under their schemas.
func TestReleasesMeetTheirSchemas(t *testing.T) {
	fleet, dir := fleetSpec(t)
	configs := map[string]run.Config{
		"listed": {Spec: fleet, Size: 700, Aliases: "listed"},
		"fleet":  {Spec: fleet, Size: 700, Shard: release.Shard{Index: 2, Of: 2}, Aliases: "other"},
		"bare":   {Spec: fleet, Size: 500, Provider: run.NoTexts, Sampling: check.Independent},
	}
	specs, err := filepath.Glob(filepath.Join("..", "..", "specs", "*.cue"))
	if err != nil || len(specs) == 0 {
		t.Fatal("no specs", err)
	}
	for _, spec := range specs {
		configs[filepath.Base(spec)] = run.Config{Spec: spec, Size: 300}
	}
	for name, cfg := range configs {
		t.Run(name, func(t *testing.T) {
			cfg.Out, cfg.Formats, cfg.Cache = filepath.Join(dir, name), []string{"jsonl"}, filepath.Join(dir, "cache")
			s, err := run.Run(context.Background(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			written := files(t, s.Dir)
			for _, d := range documents {
				file := strings.Replace(d.file, ".schema", "", 1)
				if err := valid(compiled(t, *d.embedded), written[file]); err != nil {
					t.Errorf("%s: %v", file, err)
				}
			}
			m, err := run.RowSchema(context.Background(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			schema := compiled(t, text)
			lines := strings.Split(strings.TrimSpace(written["jsonl/train-00000-of-00001.jsonl"]), "\n")
			if int64(len(lines)) != s.Manifest.Rows {
				t.Fatalf("got %d lines, want one per row", len(lines))
			}
			for i, line := range lines {
				if err := valid(schema, line); err != nil {
					t.Fatalf("row %d: %v", i, err)
				}
			}
		})
	}
}

// A schema of rows refuses rows that no persona of the spec can have.
func TestRowSchemaRefuses(t *testing.T) {
	spec, dir := fleetSpec(t)
	cfg := run.Config{Spec: spec, Size: 300, Out: filepath.Join(dir, "out"), Formats: []string{"jsonl"}}
	s, err := run.Run(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	m, err := run.RowSchema(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	schema := compiled(t, text)
	var red map[string]any
	for line := range strings.SplitSeq(files(t, s.Dir)["jsonl/train-00000-of-00001.jsonl"], "\n") {
		red = nil
		if err := json.Unmarshal([]byte(line), &red); err != nil {
			t.Fatal(err)
		}
		if red["hue"] == "red" && red["tale"] != nil {
			break
		}
	}
	for name, c := range map[string]struct {
		change func(row map[string]any)
		fine   bool
	}{
		"nothing":                   {func(map[string]any) {}, true},
		"a text missing":            {func(row map[string]any) { row["tale"] = nil }, true},
		"a label":                   {func(row map[string]any) { row["hue"] = "green" }, false},
		"a null":                    {func(row map[string]any) { row["deck"] = nil }, false},
		"a number too large":        {func(row map[string]any) { row["service"] = 50 }, false},
		"half a year":               {func(row map[string]any) { row["service"] = 1.5 }, false},
		"no value where one is due": {func(row map[string]any) { row["pay"] = nil }, false},
		"a value where none is":     {func(row map[string]any) { row["hue"] = "blue" }, false},
		"an item twice":             {func(row map[string]any) { row["likes"] = []string{"rum", "rum"} }, false},
		"too many items":            {func(row map[string]any) { row["likes"] = []string{"rum", "tea", "rain"} }, false},
		"a text too short":          {func(row map[string]any) { row["tale"] = "Oh." }, false},
		"no list":                   {func(row map[string]any) { row["tools"] = "a knife" }, false},
		"no id":                     {func(row map[string]any) { row["id"] = "seven" }, false},
		"a column too many":         {func(row map[string]any) { row["inner"] = "calm" }, false},
		"a column too few":          {func(row map[string]any) { delete(row, "deck") }, false},
	} {
		row := map[string]any{}
		for k, v := range red {
			row[k] = v
		}
		c.change(row)
		text, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(schema, string(text)); (err == nil) != c.fine {
			t.Errorf("%s: %v", name, err)
		}
	}
}
