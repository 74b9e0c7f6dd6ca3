package similarity

import "testing"

func TestVariety(t *testing.T) {
	texts := [][]uint64{hashes("a b a"), hashes("c d"), hashes("a a")}
	if n := Words(texts); n != 7 {
		t.Errorf("%d words", n)
	}
	if n := Types(texts); n != 4 {
		t.Errorf("%d types", n)
	}
	for words, want := range map[int]int{0: 0, 2: 2, 3: 3, 4: 4, 7: 7, 100: 7} {
		if cut := Cut(texts, words); Words(cut) != want {
			t.Errorf("%d words of %d", Words(cut), words)
		}
	}
	if Words(texts) != 7 {
		t.Error("Cut changes the texts")
	}
	// Windows of three: aba 2, bac 3, acd 3, cda 3, daa 2.
	if got := MovingTypes(texts, 3); got != 2.6 {
		t.Errorf("%v types in three words", got)
	}
	if got := MovingTypes(texts, 8); got != 0 {
		t.Errorf("%v types in a window that is too long", got)
	}
}
