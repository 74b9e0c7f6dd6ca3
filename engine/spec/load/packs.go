package load

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"

	"github.com/personagen/personagen/cue.mod/pkg/personagen.dev/packs"
	"github.com/personagen/personagen/schemas"
)

// Packs lists the names of the packs that specs can import, sorted.
var Packs = sync.OnceValue(func() []string {
	entries, err := packs.Files.ReadDir(".")
	if err != nil {
		panic(err) // the folder is embedded
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
})

// packFiles returns the names of the embedded files of a pack.
func packFiles(pack string) []string {
	names, err := fs.Glob(packs.Files, path.Join(pack, "*.cue"))
	if err != nil {
		panic(err) // the pattern is a constant
	}
	return names
}

// overlayPacks makes the embedded packs importable by a spec in the module with the
// given root. A pack in the module's own cue.mod folder wins: the user may have
// changed it, or may need that of another version.
func (l *loader) overlayPacks(root string) {
	for _, pack := range Packs() {
		if slices.ContainsFunc(vendorFolders, func(folder string) bool {
			return len(l.inputs.List(filepath.Join(root, filepath.FromSlash(folder), filepath.FromSlash(packs.ImportPath), pack))) > 0
		}) {
			continue
		}
		for _, name := range packFiles(pack) {
			text, err := packs.Files.ReadFile(name)
			if err != nil {
				panic(err) // the file is embedded
			}
			file := filepath.Join(root, "cue.mod", "pkg", filepath.FromSlash(packs.ImportPath), filepath.FromSlash(name))
			l.inputs.Overlay(file, text)
			l.links = slices.Insert(l.links, 0, alias{file, path.Join(packs.ImportPath, name)})
		}
	}
}

// importPaths are the paths of the schema and the packs.
func importPaths() []string {
	paths := []string{schemas.ImportPath}
	for _, pack := range Packs() {
		paths = append(paths, packPath(pack))
	}
	return paths
}

func packPath(pack string) string { return path.Join(packs.ImportPath, pack) }

// packTopic returns the topic of a pack.
func packTopic(pack string) string { return "packs/" + pack }

const packsTopic = "packs"

// explainPacks lists the packs with the first sentence of their documentation.
func explainPacks() string {
	var out strings.Builder
	out.WriteString("Packs are CUE packages of what the specs of countries share. personagen contains\n" +
		"them, so that any spec can import them; a pack of the same name in the folder\n" +
		"cue.mod/pkg of the spec's own module wins.\n\n")
	for _, pack := range Packs() {
		sentence, _, _ := strings.Cut(strings.Join(strings.Fields(packDoc(pack)), " "), ". ")
		fmt.Fprintf(&out, "import %q\n    %s.\n", packPath(pack), strings.TrimSuffix(sentence, "."))
	}
	var topics []string
	for _, pack := range Packs() {
		topics = append(topics, packTopic(pack))
	}
	fmt.Fprintf(&out, "\nSee also: %s\n", strings.Join(topics, ", "))
	return out.String()
}

// explainPack returns the documentation of a pack: that of the package, then each of
// its fields and definitions with its comment and what it contains.
func explainPack(pack string) string {
	e := explainer{}
	fmt.Fprintf(&e.out, "%s\n", strings.ReplaceAll(strings.TrimSpace(packDoc(pack)), "\t", "    "))
	for _, f := range parsedPack(pack) {
		for _, d := range f.Decls {
			field, ok := d.(*ast.Field)
			if !ok {
				continue
			}
			name, _, err := ast.LabelName(field.Label)
			if err != nil || strings.HasPrefix(name, "_") {
				continue
			}
			fmt.Fprintf(&e.out, "\n%s: %s\n", name, contentsOf(field.Value))
			for line := range strings.SplitSeq(comment(ast.Comments(field)), "\n") {
				fmt.Fprintf(&e.out, "    %s\n", strings.TrimSpace(line))
			}
		}
	}
	return e.out.String()
}

// contentsOf returns the names of the fields in a struct, down to structs of plain
// values, and the source of other expressions.
func contentsOf(x ast.Expr) string {
	lit, ok := x.(*ast.StructLit)
	if !ok {
		return sourceLine(x)
	}
	var names []string
	for _, d := range lit.Elts {
		field, ok := d.(*ast.Field)
		if !ok {
			continue
		}
		name := sourceLine(field.Label)
		if len(names) == 12 {
			names = append(names, "…")
			break
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return "{…}"
	}
	return "{" + strings.Join(names, ", ") + "}"
}

// parsedPack parses the files of a pack.
func parsedPack(pack string) []*ast.File {
	var files []*ast.File
	for _, name := range packFiles(pack) {
		text, err := packs.Files.ReadFile(name)
		if err != nil {
			panic(err) // the file is embedded
		}
		f, err := parser.ParseFile(path.Join(packs.ImportPath, name), text, parser.ParseComments)
		if err != nil {
			panic(err) // a test parses the packs
		}
		files = append(files, f)
	}
	return files
}

// packDoc returns the comment above the package clause.
func packDoc(pack string) string {
	for _, f := range parsedPack(pack) {
		for _, d := range f.Decls {
			if p, ok := d.(*ast.Package); ok {
				if text := comment(ast.Comments(p)); text != "" {
					return text
				}
			}
		}
		if text := comment(ast.Comments(f)); text != "" {
			return text
		}
	}
	return ""
}
