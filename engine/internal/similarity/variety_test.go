package similarity

import "testing"

// TestVariety counts words and types.
func TestVariety(t *testing.T) {
	texts := [][]uint64{hashes("a b a"), hashes("c d"), hashes("a a")}
	if n := Words(texts); n != 7 {
		t.Errorf("got %d words, want 7", n)
	}
	if n := Types(texts); n != 4 {
		t.Errorf("got %d types, want 4", n)
	}
	for words, want := range map[int]int{0: 0, 2: 2, 3: 3, 4: 4, 7: 7, 100: 7} {
		if cut := Cut(texts, words); Words(cut) != want {
			t.Errorf("cut at %d: got %d words, want %d", words, Words(cut), want)
		}
	}
	if Words(texts) != 7 {
		t.Error("got texts changed by Cut")
	}
	// Windows of three: aba 2, bac 3, acd 3, cda 3, daa 2.
	if got := MovingTypes(texts, 3); got != 2.6 {
		t.Errorf("got %v types in a window of 3, want 2.6", got)
	}
	if got := MovingTypes(texts, 8); got != 0 {
		t.Errorf("got %v types in a window longer than the texts, want 0", got)
	}
}
