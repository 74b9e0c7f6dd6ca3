package load_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/spec/load"
)

// TestEveryPackCanBeImported: by a spec without a module, by one in a module, and by
// one in a module that has a pack of its own, which wins.
func TestEveryPackCanBeImported(t *testing.T) {
	var imports, uses strings.Builder
	for _, pack := range load.Packs() {
		fmt.Fprintf(&imports, "import %s_pack \"personagen.dev/packs/%[1]s\"\n", pack)
		fmt.Fprintf(&uses, "_%s: %[1]s_pack\n", pack)
	}
	const fields = "name: \"isle\"\npopulation: {}\nfields: job: {kind: \"category\", values: [for _, title in isco_pack.titles.en {title}]}\n"
	text := "package isle\n" + imports.String() + uses.String() + fields
	for _, files := range []map[string]string{
		{"isle.cue": text},
		{"isle.cue": text, "cue.mod/module.cue": module},
		{"isle.cue": text, "cue.mod/module.cue": module, "cue.mod/pkg/personagen.dev/packs/isco/isco.cue": "package isco\ntitles: en: {\"0\": \"farmers\", \"1\": \"others\"}\n"},
	} {
		want := "Armed forces occupations"
		if len(files) == 3 {
			want = "farmers"
		}
		s := mustLoad(t, tree(t, files), "isle.cue")
		if got := s.Fields[0].Body.Get("values").Items[0].String; got != want {
			t.Errorf("%d files: got the label %q, want %q", len(files), got, want)
		}
	}
}

// TestFaultsInAPackNameThePack: a fault of a value that a pack gives has the place
// where the spec uses it, or a place in the pack under its import path.
func TestFaultsInAPackNameThePack(t *testing.T) {
	for _, tt := range []struct {
		text       string
		place      diag.Place
		code, hint string
	}{
		{"import \"personagen.dev/packs/personalty\"\nname: \"isle\"\npopulation: {}\nfields: id: kind: \"id\"\n_p: personalty", diag.Place{File: "isle.cue", Line: 1, Column: 8}, "import", "did you mean \"personagen.dev/packs/personality\"?"},
		{"import \"personagen.dev/packs/prose\"\nname: \"isle\"\npopulation: {}\nfields: id: kind: \"id\"\nrules: r: prose.refusals.xx", diag.Place{File: "isle.cue", Line: 5, Column: 26}, "unresolved", ""},
		{"import \"personagen.dev/packs/country\"\nname: \"isle\"\npopulation: {}\nfields: sex: country.#Fields.en.sex & {nite: \"x\"}", diag.Place{File: "isle.cue", Line: 4, Column: 40}, "unknown-field", "did you mean \"note\"?"},
	} {
		dir := tree(t, map[string]string{"isle.cue": tt.text + "\n"})
		_, list := load.Load(context.Background(), "isle.cue", load.Options{Dir: dir})
		if len(list.Items) == 0 {
			t.Errorf("%s: got no fault", tt.text)
			continue
		}
		if d := list.Items[0]; d.Place != tt.place || d.Code != tt.code || tt.hint != "" && d.Hint != tt.hint {
			t.Errorf("%s: got %s, %s, %s, hint %q; want %s, %s, hint %q", tt.text, d.Place, d.Code, d.Message, d.Hint, tt.place, tt.code, tt.hint)
		}
	}
}
