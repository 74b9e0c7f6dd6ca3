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
		{"moldova.cue", "661cb7d59b7bbecf214da86ee2635176eb45a77175f9f5d48d70c4c995d70021", "f7803f24a0fed3e3d98a6620b086a2782bc4fce40f7796d2c7fd84e7cce3cb29", "1b8cfbe1-28ce-8822-a10d-f880c0ab5abf", "f6662be3-6062-8a3c-8737-55fe9ee5ebc0"},
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
