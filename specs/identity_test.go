package specs_test

import (
	"slices"
	"testing"

	"github.com/personagen/personagen/engine/run"
)

// Ids of persons must not change, because releases, journals and users refer to
// persons by them. Only a change of a spec's tables or fitted fields changes its
// structure hash and ids, and the values below. Former is the structure hash under
// version 1 of the identity, from which journals of that version have their keys.
func TestIDsAreFrozen(t *testing.T) {
	seed := uint64(1)
	for _, c := range []struct {
		file, structure, former, first, last string
	}{
		{"quickstart.cue", "f8d5d5df2803c5868a6e2211b969ab5d2b0e2bf6414205078c7792bad0231647", "45ff116ea876365a2fc36e47d25dc9b3b4c4343921759388a39e8efbd3fe072b", "a4339b83-814d-8da2-933b-85b91b053dc2", "9d87c518-c44e-82f4-af44-2b5828f196f7"},
		{"moldova.cue", "9c088b78f4d24b077121a4b5fca73e91fe27f81181e37ba1abb8744ba44cc59e", "144b252261b79a92120dcb92d3748667889c7b3f266cc31888c15fb9e1826c8f", "3d276f62-c767-84ca-9620-712f95eae921", "6eea2a69-828e-8a92-8325-31b8e10e9d45"},
		{"brazil.cue", "5a034f760eca23a2a3fa61186d66525725038a1d4c1b30e873c75b23db4b4bc0", "8e7f21fb5e39ff98a1a4a4963f77cdfbed14da7f642f4abed7ba5eb90aac3409", "294bde25-0996-8644-b474-faf2ce79ec6f", "cbf5f30e-0df9-89ec-860b-cd69d481bdbc"},
	} {
		made, err := run.Preview(t.Context(), run.Config{Spec: c.file, Seed: &seed, Size: 500}, 500)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(made.Plan.FirstStructures, c.former) {
			t.Errorf("%s: no hash of version 1 is %s: %v", c.file, c.former, made.Plan.FirstStructures)
		}
		ids := made.Persons.Columns[made.Persons.Schema.Index("id")].Texts
		if made.Plan.Structure != c.structure || ids[0] != c.first || ids[499] != c.last {
			t.Errorf("%s: got structure %s, first id %s, last id %s; want %s, %s, %s", c.file, made.Plan.Structure, ids[0], ids[499], c.structure, c.first, c.last)
		}
	}
}
