package specs_test

import (
	"testing"

	"github.com/personagen/personagen/engine/run"
)

// Ids of persons must not change, because releases, journals and users refer to
// persons by them. Only a change of a spec's tables or fitted fields changes its
// structure hash and ids, and the values below.
func TestIDsAreFrozen(t *testing.T) {
	seed := uint64(1)
	for _, c := range []struct {
		file, structure, first, last string
	}{
		{"quickstart.cue", "45ff116ea876365a2fc36e47d25dc9b3b4c4343921759388a39e8efbd3fe072b", "dbab78db-a7d1-8a01-beca-a496348e48ed", "085ec05e-ac7b-806b-a339-7e98433133f4"},
		{"brazil.cue", "x", "x", "x"},
		{"moldova.cue", "144b252261b79a92120dcb92d3748667889c7b3f266cc31888c15fb9e1826c8f", "4801aab3-5a69-8d20-af17-5cd05adf74f6", "b8fbd5c8-0a87-89b6-8574-e801cb11ad6c"},
	} {
		made, err := run.Preview(t.Context(), run.Config{Spec: c.file, Seed: &seed, Size: 500}, 500)
		if err != nil {
			t.Fatal(err)
		}
		ids := made.Persons.Columns[made.Persons.Schema.Index("id")].Texts
		if made.Plan.Structure != c.structure || ids[0] != c.first || ids[499] != c.last {
			t.Errorf("%s: got structure %s, first id %s, last id %s; want %s, %s, %s", c.file, made.Plan.Structure, ids[0], ids[499], c.structure, c.first, c.last)
		}
	}
}
