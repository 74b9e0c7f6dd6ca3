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
		{"moldova.cue", "b95b264d462f2841db3fc0ad95e6bf7752b839cf0ec68e018ab7b474f79243e2", "baac634af91c658afb9d06d14b6a2806513bc036a9059696bba718527024c94e", "1ccec266-5e3d-8e5a-9982-744df70f7660", "49e3a136-fdf1-8d7f-80de-32015e4ffc5b"},
		{"brazil.cue", "9315ad7e22801f2d018d94279271d8f100d826756a9e2f78c4b6a774ed4f87aa", "cc8356942cbe97462db2c1d5a98ebeadeb18a3f9fe97b5032d4c757e92eb3d8c", "965bf15e-84ee-8437-9079-df1a3efc1ce5", "1bc77a4a-b938-819f-9c12-c5e00f1ba46c"},
	} {
		made, err := run.Preview(t.Context(), run.Config{Spec: c.file, Cache: cache, Seed: &seed, Size: 500}, 500)
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
