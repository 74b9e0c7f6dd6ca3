package check

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"os"
	"runtime"
	"slices"
	"sync"
)

// distinct finds values that occur more than once. It keeps 88 bits of a
// fingerprint and the row number of each value, in partitions by the first
// bits; beyond Options.Spill of them it writes full blocks to a temporary file.
// Among 100 million different values the chance that any two are taken for the
// same is 2e-11.
type distinct struct {
	parts  [partitions][]entry
	held   int
	spills []*spill // of this tally and of those merged into it
	own    *spill
}

const (
	partitions = 256
	entrySize  = 16 // bytes
	rowBits    = 40
)

// entry is 64 bits of a fingerprint, then 24 more above a row number.
type entry struct{ hash, rest uint64 }

func (e entry) row() int64 { return int64(e.rest & (1<<rowBits - 1)) }

func (e entry) same(o entry) bool { return e.hash == o.hash && e.rest>>rowBits == o.rest>>rowBits }

// spill is a temporary file of blocks of entries of one partition each.
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

var filesMutex sync.Mutex

func (d *distinct) add(s *Suite, f fingerprint, row int64) error {
	p := f.a >> 56
	d.parts[p] = append(d.parts[p], entry{f.a, f.b>>rowBits<<rowBits | uint64(row)&(1<<rowBits-1)})
	d.held++
	if d.held < s.options.Spill {
		return nil
	}
	return d.write(s)
}

// write moves what is held in memory to the temporary file.
func (d *distinct) write(s *Suite) error {
	d.held = 0
	if d.own == nil {
		file, err := os.CreateTemp(s.options.TempDir, "personagen-check-*")
		if err != nil {
			d.forget()
			return err
		}
		filesMutex.Lock()
		s.files = append(s.files, file)
		filesMutex.Unlock()
		d.own = &spill{file: file}
		d.spills = append(d.spills, d.own)
	}
	o := d.own
	o.buffer = o.buffer[:0]
	for p, entries := range d.parts {
		if len(entries) == 0 {
			continue
		}
		o.blocks[p] = append(o.blocks[p], block{o.size + int64(len(o.buffer)), int32(len(entries))})
		for _, e := range entries {
			o.buffer = binary.LittleEndian.AppendUint64(o.buffer, e.hash)
			o.buffer = binary.LittleEndian.AppendUint64(o.buffer, e.rest)
		}
	}
	d.forget()
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
	d.held += o.held
	d.spills = append(d.spills, o.spills...)
}

// repeats is what a search for values that occur more than once found.
type repeats struct {
	count int64   // rows whose value occurred in an earlier row
	rows  []int64 // the first row that repeats one, and before it the row it repeats
}

// search looks through all partitions, several at a time.
func (d *distinct) search() (repeats, error) {
	found := make([]repeats, partitions)
	errs := make([]error, partitions)
	var wait sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), 8)
	for w := range workers {
		wait.Go(func() {
			var entries []entry
			var table []uint32
			for p := w; p < partitions; p += workers {
				if entries, errs[p] = d.load(p, entries[:0]); errs[p] != nil {
					continue
				}
				var repeated bool
				if table, repeated = hasRepeats(entries, table); repeated {
					found[p] = findRepeats(entries)
				}
			}
		})
	}
	wait.Wait()
	var all repeats
	for p, f := range found {
		if errs[p] != nil {
			return repeats{}, errs[p]
		}
		all.count += f.count
		if f.rows != nil && (all.rows == nil || f.rows[1] < all.rows[1]) {
			all.rows = f.rows
		}
	}
	return all, nil
}

// load reads a partition.
func (d *distinct) load(p int, out []entry) ([]entry, error) {
	out = append(out, d.parts[p]...)
	var buffer []byte
	for _, s := range d.spills {
		for _, b := range s.blocks[p] {
			n := int(b.n) * entrySize
			buffer = slices.Grow(buffer[:0], n)[:n]
			if _, err := s.file.ReadAt(buffer, b.at); err != nil {
				return out, err
			}
			for i := 0; i < n; i += entrySize {
				out = append(out, entry{binary.LittleEndian.Uint64(buffer[i:]), binary.LittleEndian.Uint64(buffer[i+8:])})
			}
		}
	}
	return out, nil
}

// hasRepeats tells by a hash table whether any value occurs twice: mostly none
// does, and then there is nothing to sort. The table is scratch.
func hasRepeats(entries []entry, table []uint32) ([]uint32, bool) {
	width := bits.Len(uint(2*len(entries) + 1))
	table = slices.Grow(table[:0], 1<<width)[:1<<width]
	clear(table)
	last := uint64(len(table) - 1)
	for i, e := range entries {
		at := e.hash & last
		for table[at] != 0 {
			if entries[table[at]-1].same(e) {
				return table, true
			}
			at = (at + 1) & last
		}
		table[at] = uint32(i + 1)
	}
	return table, false
}

// findRepeats sorts the entries.
func findRepeats(entries []entry) repeats {
	slices.SortFunc(entries, func(x, y entry) int {
		if c := cmp.Compare(x.hash, y.hash); c != 0 {
			return c
		}
		return cmp.Compare(x.rest, y.rest)
	})
	var r repeats
	for i := 0; i < len(entries); {
		k := i + 1
		for k < len(entries) && entries[k].same(entries[i]) {
			k++
		}
		if n := k - i; n > 1 {
			r.count += int64(n - 1)
			if second := entries[i+1].row(); r.rows == nil || second < r.rows[1] {
				r.rows = []int64{entries[i].row(), second}
			}
		}
		i = k
	}
	return r
}
