package cache

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

func TestEveryFlippedBitIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "folder", "entry")
	payload := make([]byte, 300)
	for i := range payload {
		payload[i] = byte(i * 7)
	}
	if err := Write(path, "problem", payload); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(path, "problem"); err != nil || string(got) != string(payload) {
		t.Fatalf("got %d bytes, %v", len(got), err)
	}
	if _, err := Read(path, "another problem"); !errors.Is(err, ErrDamaged) {
		t.Errorf("the entry of another problem: got %v, want %v", err, ErrDamaged)
	}
	if got, err := Read(path+"x", "problem"); got != nil || err != nil {
		t.Errorf("no entry: got %v, %v", got, err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		bit := random.IntN(8 * len(whole))
		bad := append([]byte(nil), whole...)
		bad[bit/8] ^= 1 << (bit % 8)
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path, "problem"); !errors.Is(err, ErrDamaged) {
			t.Fatalf("bit %d: got %v, want %v", bit, err, ErrDamaged)
		}
	}
	for n := range whole {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path, "problem"); !errors.Is(err, ErrDamaged) {
			t.Fatalf("the first %d bytes: got %v, want %v", n, err, ErrDamaged)
		}
	}
}
