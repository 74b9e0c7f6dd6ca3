package dataset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/personagen/personagen/engine/frame"
)

// draw is SplitMix64, a cheap generator of the same test data on every machine.
type draw uint64

func (d *draw) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	x := uint64(*d)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (d *draw) below(n int) int { return int(d.next() >> 33 % uint64(n)) }

// wideSchema has 35 columns: 28 categories of 2 to 900 labels, 4 integers, 1
// number and 2 names as text.
func wideSchema() frame.Schema {
	sizes := []int{2, 3, 5, 7, 8, 10, 12, 15, 20, 35, 40, 60, 100, 900}
	var s frame.Schema
	for i := range 28 {
		k := sizes[i%len(sizes)]
		labels := make([]string, k)
		for j := range labels {
			labels[j] = fmt.Sprintf("label %d of field %02d", j, i)
		}
		s = append(s, frame.Field{Name: fmt.Sprintf("cat_%02d", i), Type: frame.Category, Labels: labels})
	}
	for i := range 4 {
		s = append(s, frame.Field{Name: fmt.Sprintf("int_%d", i), Type: frame.Integer})
	}
	s = append(s, frame.Field{Name: "score", Type: frame.Number, Decimals: 2})
	return append(s, frame.Field{Name: "first", Type: frame.Text}, frame.Field{Name: "second", Type: frame.Text})
}

// wideBatch fills n rows of wideSchema.
func wideBatch(s frame.Schema, first, n int) *frame.Batch {
	b := frame.New(s)
	b.Resize(int64(first), n)
	d := draw(first)
	for i := range s {
		c := &b.Columns[i]
		for r := range n {
			switch s[i].Type {
			case frame.Category:
				c.Codes[r] = int32(d.below(len(s[i].Labels)))
			case frame.Integer:
				c.Ints[r] = int64(d.below(100 * (i + 1)))
			case frame.Number:
				c.Floats[r] = float64(d.below(10000)) / 100
			case frame.Text:
				c.Texts[r] = fmt.Sprintf("Name%dov", d.below(2000))
			}
		}
	}
	return b
}

// writeAll writes the batches again and again until there are rows rows.
func writeAll(w Writer, batches []*frame.Batch, rows, chunk, workers int) error {
	type job struct {
		part Part
		done chan error
	}
	jobs := (rows + chunk - 1) / chunk
	queue := make(chan int, jobs)
	results := make([]job, jobs)
	for j := range jobs {
		queue <- j
		results[j].done = make(chan error, 1)
	}
	close(queue)
	free := make(chan Part, workers+1)
	for range workers + 1 {
		free <- w.NewPart()
	}
	var wg sync.WaitGroup
	var order sync.Mutex // a part is taken in the order of the chunks
	for range workers {
		wg.Go(func() {
			for {
				order.Lock()
				j, ok := <-queue
				if !ok {
					order.Unlock()
					return
				}
				results[j].part = <-free
				order.Unlock()
				results[j].done <- writeChunk(results[j].part, batches, min(chunk, rows-j*chunk))
			}
		})
	}
	var failed error
	for j := range results {
		err := <-results[j].done
		if err == nil && failed == nil {
			err = w.Append(results[j].part)
		}
		if failed == nil {
			failed = err
		}
		free <- results[j].part
	}
	wg.Wait()
	return failed
}

func writeChunk(p Part, batches []*frame.Batch, rows int) error {
	for k := 0; p.Rows() < rows; k++ {
		if err := p.Write(batches[k%len(batches)]); err != nil {
			return err
		}
	}
	return p.Finish()
}

// BenchmarkEncode encodes chunks of 32,768 rows of 35 columns on one core,
// without writing them.
func BenchmarkEncode(b *testing.B) {
	s := wideSchema()
	batches := []*frame.Batch{wideBatch(s, 0, 1<<12), wideBatch(s, 1<<12, 1<<12)}
	for _, f := range Formats() {
		b.Run(f.Name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "x"+f.Extension)
			w, err := Create(f.Name, path, s, Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer w.Abort()
			part := w.NewPart()
			bytes := 0
			for b.Loop() {
				part.Reset()
				if err := writeChunk(part, batches, ChunkRows); err != nil {
					b.Fatal(err)
				}
				if text, ok := part.(*textPart); ok {
					for _, block := range text.blocks {
						bytes += len(*block)
					}
				}
			}
			seconds := b.Elapsed().Seconds()
			b.ReportMetric(float64(b.N)*ChunkRows/seconds/1e6, "Mrows/s")
			b.ReportMetric(float64(bytes)/seconds/1e6, "MB/s")
		})
	}
}

// BenchmarkWrite writes 1,048,576 rows of 35 columns.
func BenchmarkWrite(b *testing.B) {
	s := wideSchema()
	batches := make([]*frame.Batch, 16)
	for i := range batches {
		batches[i] = wideBatch(s, i<<12, 1<<12)
	}
	const rows = 1 << 20
	for _, f := range Formats() {
		for _, chunk := range []int{1 << 12, ChunkRows} {
			for _, workers := range []int{1, 2} {
				b.Run(fmt.Sprintf("%s/chunk=%d/workers=%d", f.Name, chunk, workers), func(b *testing.B) {
					path := filepath.Join(b.TempDir(), "x"+f.Extension)
					b.ReportAllocs()
					for b.Loop() {
						w, err := Create(f.Name, path, s, Options{})
						if err != nil {
							b.Fatal(err)
						}
						if err := writeAll(w, batches, rows, chunk, workers); err != nil {
							b.Fatal(err)
						}
						if err := w.Close(); err != nil {
							b.Fatal(err)
						}
					}
					info, err := os.Stat(path)
					if err != nil {
						b.Fatal(err)
					}
					seconds := b.Elapsed().Seconds() / float64(b.N)
					b.ReportMetric(rows/seconds/1e6, "Mrows/s")
					b.ReportMetric(float64(info.Size())/seconds/1e6, "MB/s")
					b.ReportMetric(float64(info.Size())/1e6, "MB")
				})
			}
		}
	}
}

// BenchmarkRead reads 131,072 rows of 35 columns.
func BenchmarkRead(b *testing.B) {
	s := wideSchema()
	batches := []*frame.Batch{wideBatch(s, 0, 1<<12), wideBatch(s, 1<<12, 1<<12)}
	const rows = 1 << 17
	for _, f := range Formats() {
		path := filepath.Join(b.TempDir(), "x"+f.Extension)
		w, err := Create(f.Name, path, s, Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := errors.Join(writeAll(w, batches, rows, ChunkRows, 1), w.Close()); err != nil {
			b.Fatal(err)
		}
		b.Run(f.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r, err := Open(path, OpenOptions{Schema: s})
				if err != nil {
					b.Fatal(err)
				}
				if n, err := drainBy(r, 4096); err != nil || n != rows {
					b.Fatal(n, err)
				}
				r.Close()
			}
			b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}
