package check

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"os"
	"runtime"
	"slices"
	"sync"
)

// distinct finds values that occur more than once. It keeps 88 bits of a
// fingerprint and the row number of each value, in partitions by the first bits;
// when it has Options.Spill of them it writes them to a temporary file. Among 100
// million different values the chance that any two are confused is 2e-11.
type distinct struct {
	temp   *tempFiles
	parts  [partitions][]record
	n      int      // records in memory
	spills []*spill // of this tally and of those merged into it
	own    *spill
	err    error   // the first failure to write
	found  repeats // in fingerprints that were written: see Tally.WriteFingerprints
}

// tempFiles are the temporary files of all tallies of a suite.
type tempFiles struct {
	dir   string
	spill int // records that a tally keeps in memory

	mu    sync.Mutex
	files []*os.File
}

func (t *tempFiles) create() (*os.File, error) {
	file, err := os.CreateTemp(t.dir, "personagen-check-*")
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.files = append(t.files, file)
	return file, nil
}

// close removes the files.
func (t *tempFiles) close() error {
	var first error
	for _, f := range t.files {
		f.Close()
		if err := os.Remove(f.Name()); err != nil && !os.IsNotExist(err) && first == nil {
			first = err
		}
	}
	t.files = nil
	return first
}

const (
	partitions = 256
	recordSize = 16 // bytes
	rowBits    = 40
)

// record is 64 bits of a fingerprint, then 24 more above a row number.
type record struct{ hash, rest uint64 }

func (e record) row() int64 { return int64(e.rest & (1<<rowBits - 1)) }

func (e record) same(o record) bool { return e.hash == o.hash && e.rest>>rowBits == o.rest>>rowBits }

// spill is a temporary file of blocks, each with the records of one partition.
type spill struct {
	file   *os.File
	size   int64
	blocks [partitions][]block
	buffer []byte
}

type block struct {
	at int64
	n  int32
}

func (d *distinct) add(f fingerprint, row int64) {
	p := f.a >> 56
	d.parts[p] = append(d.parts[p], record{f.a, f.b>>rowBits<<rowBits | uint64(row)&(1<<rowBits-1)})
	d.n++
	if d.n < d.temp.spill {
		return
	}
	if err := d.write(); err != nil && d.err == nil {
		d.err = err
	}
}

// write moves the records in memory to the temporary file.
func (d *distinct) write() error {
	d.n = 0
	defer d.forget()
	if d.own == nil {
		file, err := d.temp.create()
		if err != nil {
			return err
		}
		d.own = &spill{file: file}
		d.spills = append(d.spills, d.own)
	}
	o := d.own
	o.buffer = o.buffer[:0]
	for p, records := range d.parts {
		if len(records) == 0 {
			continue
		}
		o.blocks[p] = append(o.blocks[p], block{o.size + int64(len(o.buffer)), int32(len(records))})
		for _, e := range records {
			o.buffer = binary.LittleEndian.AppendUint64(o.buffer, e.hash)
			o.buffer = binary.LittleEndian.AppendUint64(o.buffer, e.rest)
		}
	}
	_, err := o.file.WriteAt(o.buffer, o.size)
	o.size += int64(len(o.buffer))
	return err
}

func (d *distinct) forget() {
	for p := range d.parts {
		d.parts[p] = d.parts[p][:0]
	}
}

func (d *distinct) merge(o *distinct) {
	for p := range d.parts {
		d.parts[p] = append(d.parts[p], o.parts[p]...)
	}
	d.n += o.n
	d.spills = append(d.spills, o.spills...)
	d.found.join(o.found)
	if d.err == nil {
		d.err = o.err
	}
}

// repeats are the values that occur more than once.
type repeats struct {
	compared int64   // rows that were compared
	count    int64   // rows whose value an earlier row has
	rows     []int64 // the row that is repeated first, then the first that repeats it
}

// join adds the repeats of other values.
func (r *repeats) join(o repeats) {
	r.compared += o.compared
	r.count += o.count
	if o.rows != nil && (r.rows == nil || o.rows[1] < r.rows[1]) {
		r.rows = o.rows
	}
}

// search looks through all partitions, several at a time.
func (d *distinct) search() (repeats, error) {
	if d.err != nil {
		return repeats{}, fmt.Errorf("write fingerprints for the search for duplicates: %w; free some space or choose another folder for temporary files", d.err)
	}
	found := make([]repeats, partitions)
	errs := make([]error, partitions)
	var wait sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), 8)
	for w := range workers {
		wait.Go(func() {
			var records []record
			var table []uint32
			for p := w; p < partitions; p += workers {
				if records, errs[p] = d.load(p, records[:0]); errs[p] != nil {
					continue
				}
				var repeated bool
				n := int64(len(records))
				if table, repeated = hasRepeats(records, table); repeated {
					found[p] = findRepeats(records)
				}
				found[p].compared = n
			}
		})
	}
	wait.Wait()
	all := d.found
	for p, f := range found {
		if errs[p] != nil {
			return repeats{}, errs[p]
		}
		all.join(f)
	}
	return all, nil
}

// load reads a partition.
func (d *distinct) load(p int, out []record) ([]record, error) {
	out = append(out, d.parts[p]...)
	var buffer []byte
	for _, s := range d.spills {
		for _, b := range s.blocks[p] {
			n := int(b.n) * recordSize
			buffer = slices.Grow(buffer[:0], n)[:n]
			if _, err := s.file.ReadAt(buffer, b.at); err != nil {
				return out, err
			}
			for i := 0; i < n; i += recordSize {
				out = append(out, record{binary.LittleEndian.Uint64(buffer[i:]), binary.LittleEndian.Uint64(buffer[i+8:])})
			}
		}
	}
	return out, nil
}

// hasRepeats finds out by a hash table whether any value occurs twice. Usually
// none does, which saves the sorting. The table is scratch.
func hasRepeats(records []record, table []uint32) ([]uint32, bool) {
	width := bits.Len(uint(2*len(records) + 1))
	table = slices.Grow(table[:0], 1<<width)[:1<<width]
	clear(table)
	last := uint64(len(table) - 1)
	for i, e := range records {
		at := e.hash & last
		for table[at] != 0 {
			if records[table[at]-1].same(e) {
				return table, true
			}
			at = (at + 1) & last
		}
		table[at] = uint32(i + 1)
	}
	return table, false
}

// findRepeats sorts the records of a partition to find its repeats.
func findRepeats(records []record) repeats {
	slices.SortFunc(records, record.compare)
	var r repeats
	for i := 0; i < len(records); {
		k := i + 1
		for k < len(records) && records[k].same(records[i]) {
			k++
		}
		if n := k - i; n > 1 {
			r.count += int64(n - 1)
			if second := records[i+1].row(); r.rows == nil || second < r.rows[1] {
				r.rows = []int64{records[i].row(), second}
			}
		}
		i = k
	}
	return r
}
