package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"runtime"
	"testing"
)

// plenty is the number of answers of a run of 100,000 persons with ten text
// fields; an answer is about 1.5 kB.
const plenty = 1_000_000

var answer = make([]byte, 1485)

func plentyKey(n int) Key {
	var number [8]byte
	binary.LittleEndian.PutUint64(number[:], uint64(n))
	return MakeKey(sha256.Sum256(number[:]), int64(n))
}

func fill(b *testing.B, dir string, group int) {
	j, err := Open(dir, Options{})
	if err != nil {
		b.Fatal(err)
	}
	records := make([]Record, group)
	for n := 0; n < plenty; n += group {
		for i := range records {
			records[i] = Record{plentyKey(n + i), answer}
		}
		if err := j.Append(records...); err != nil {
			b.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkAppendMillion(b *testing.B) {
	for b.Loop() {
		fill(b, b.TempDir(), 500)
	}
	b.ReportMetric(plenty*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkOpenMillion(b *testing.B) {
	dir := b.TempDir()
	fill(b, dir, 1000)
	var used float64
	for b.Loop() {
		before := heap()
		j, err := Open(dir, Options{})
		if err != nil {
			b.Fatal(err)
		}
		used = heap() - before
		if j.Len() != plenty {
			b.Fatalf("%d records", j.Len())
		}
		j.Close()
	}
	b.ReportMetric(used/plenty, "B/record")
	b.ReportMetric(plenty*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

func heap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

func BenchmarkGet(b *testing.B) {
	j, err := Open(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	records := make([]Record, 10_000)
	for i := range records {
		records[i] = Record{plentyKey(i), answer}
	}
	if err := j.Append(records...); err != nil {
		b.Fatal(err)
	}
	i := 0
	for b.Loop() {
		if _, ok, err := j.Get(records[i*7919%len(records)].Key); !ok || err != nil {
			b.Fatal(ok, err)
		}
		i++
	}
}
