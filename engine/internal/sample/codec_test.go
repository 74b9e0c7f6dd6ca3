package sample

import (
	"bytes"
	"reflect"
	"testing"
)

// stored returns an allocation with an exception, and its binary form.
func stored(t testing.TB) (*Allocation, []byte) {
	t.Helper()
	a := allocate(t, &family().model, 90, 3)
	a.Exceptions = append(a.Exceptions, Exception{Control: 2, Cell: 1, Count: 14, Target: 12.5})
	b, err := a.AppendBinary([]byte("head"))
	if err != nil {
		t.Fatal(err)
	}
	return a, b[len("head"):]
}

func TestAllocationRoundTrip(t *testing.T) {
	a, data := stored(t)
	var back Allocation
	if err := back.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(*a, back) {
		t.Errorf("got %+v, want %+v", back, *a)
	}
}

func TestDamagedAllocationIsRefused(t *testing.T) {
	_, data := stored(t)
	var a Allocation
	for n := range data {
		if a.UnmarshalBinary(data[:n]) == nil {
			t.Errorf("the first %d of %d bytes were accepted", n, len(data))
		}
	}
	if a.UnmarshalBinary(append(bytes.Clone(data), 0)) == nil {
		t.Error("an extra byte was accepted")
	}
	if a.N != 0 || a.Steps != nil {
		t.Errorf("failed reads left %+v", a)
	}
}

// Arbitrary bytes cause no panic, and what is accepted makes a sampler that works
// or is refused by NewQuota.
func FuzzUnmarshalBinary(f *testing.F) {
	m := &family().model
	_, data := stored(f)
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, data []byte) {
		var a, again Allocation
		if a.UnmarshalBinary(data) != nil {
			return
		}
		b, err := a.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := again.UnmarshalBinary(b); err != nil {
			t.Fatalf("the written form is not accepted: %v", err)
		}
		q, err := NewQuota(m, &a)
		if err != nil {
			return
		}
		n := int(min(a.N, 100))
		fill(m, q, a.N-int64(n), n)
	})
}
