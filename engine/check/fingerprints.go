package check

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
)

// Tallies of parts of a population that are made apart cannot remember every person. Each
// writes the fingerprints of its rows, sorted, in partitions by their first bits; whoever
// reads one partition of every part finds all values that repeat in it.
//
// The form is an index, FingerprintPartitions+1 offsets of eight bytes, and then the
// partitions. A partition has, for each kind of value that is compared, a count of four
// bytes and records of recordSize bytes; a CRC-32C ends it.

// FingerprintPartitions is the number of partitions.
const FingerprintPartitions = partitions

const indexBytes = 8 * (partitions + 1)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// compared is a tally of values that must not repeat.
type compared interface{ distinct() []*distinct }

// distinct lists the kinds of values that are compared.
func (t *Tally) distinct() (all []*distinct) {
	for _, x := range t.each {
		if x, ok := x.(compared); ok {
			all = append(all, x.distinct()...)
		}
	}
	return all
}

// WriteFingerprints writes the fingerprints of the rows. The same rows give the same
// bytes, whatever their order.
func (t *Tally) WriteFingerprints(w io.Writer) error {
	all := t.distinct()
	index, at := make([]byte, 0, indexBytes), uint64(indexBytes)
	for p := range partitions + 1 {
		index = binary.LittleEndian.AppendUint64(index, at)
		if p < partitions {
			at += crc32.Size
			for _, d := range all {
				at += 4 + recordSize*uint64(d.records(p))
			}
		}
	}
	out := bufio.NewWriterSize(w, 1<<18)
	out.Write(index) // the last write tells of errors
	var records []record
	var block []byte
	for p := range partitions {
		block = block[:0]
		for _, d := range all {
			if d.err != nil {
				return d.err
			}
			var err error
			if records, err = d.load(p, records[:0]); err != nil {
				return err
			}
			slices.SortFunc(records, record.compare)
			block = binary.LittleEndian.AppendUint32(block, uint32(len(records)))
			for _, e := range records {
				block = binary.LittleEndian.AppendUint64(block, e.hash)
				block = binary.LittleEndian.AppendUint64(block, e.rest)
			}
		}
		out.Write(binary.LittleEndian.AppendUint32(block, crc32.Checksum(block, castagnoli)))
	}
	return out.Flush()
}

// records is the number of records in a partition.
func (d *distinct) records(p int) int {
	n := len(d.parts[p])
	for _, s := range d.spills {
		for _, b := range s.blocks[p] {
			n += int(b.n)
		}
	}
	return n
}

func (e record) compare(o record) int {
	return cmp.Or(cmp.Compare(e.hash, o.hash), cmp.Compare(e.rest, o.rest))
}

// Repeats are the values of one kind that occur more than once in some partitions.
type Repeats struct {
	Compared int64   `json:"compared"`       // rows
	Count    int64   `json:"count"`          // rows whose value an earlier row has
	Rows     []int64 `json:"rows,omitempty"` // the row that is repeated first, then the first that repeats it
}

// Search finds repeated values in some partitions of the fingerprints of many tallies.
type Search struct {
	from, to int // partitions
	sets     []*distinct
}

// NewSearch returns a search through the partitions from one up to, and without, another.
func (s *Suite) NewSearch(from, to int) *Search {
	return &Search{from: from, to: to, sets: s.NewTally().distinct()}
}

// Index returns where in the fingerprints of a tally the offsets of the partitions are.
func (x *Search) Index() (at, n int64) { return int64(8 * x.from), int64(8 * (x.to - x.from + 1)) }

var errFingerprints = errors.New("the fingerprints are damaged")

// Partitions returns where the partitions are, given the bytes that Index tells of.
func (x *Search) Partitions(index []byte) (at, n int64, err error) {
	if len(index) != 8*(x.to-x.from+1) {
		return 0, 0, errFingerprints
	}
	last := uint64(indexBytes)
	for i := 0; i < len(index); i += 8 {
		next := binary.LittleEndian.Uint64(index[i:])
		if next < last || next > 1<<40 {
			return 0, 0, errFingerprints
		}
		last = next
	}
	first := binary.LittleEndian.Uint64(index)
	return int64(first), int64(last - first), nil
}

// Add adds the partitions of a tally of some rows, from one up to, and without, another.
func (x *Search) Add(index, data []byte, from, to int64) error {
	at, n, err := x.Partitions(index)
	if err != nil || n != int64(len(data)) {
		return errFingerprints
	}
	for p := x.from; p < x.to; p++ {
		i := 8 * (p - x.from)
		block := data[int64(binary.LittleEndian.Uint64(index[i:]))-at : int64(binary.LittleEndian.Uint64(index[i+8:]))-at]
		if err := x.addPartition(p, block, from, to); err != nil {
			return err
		}
	}
	return nil
}

func (x *Search) addPartition(p int, block []byte, from, to int64) error {
	if len(block) < crc32.Size {
		return errFingerprints
	}
	block, sum := block[:len(block)-crc32.Size], block[len(block)-crc32.Size:]
	if crc32.Checksum(block, castagnoli) != binary.LittleEndian.Uint32(sum) {
		return errFingerprints
	}
	for _, d := range x.sets {
		if len(block) < 4 {
			return errFingerprints
		}
		n := int(binary.LittleEndian.Uint32(block))
		block = block[4:]
		if n > len(block)/recordSize {
			return errFingerprints
		}
		for ; n > 0; n-- {
			e := record{binary.LittleEndian.Uint64(block), binary.LittleEndian.Uint64(block[8:])}
			if row := e.row(); e.hash>>56 != uint64(p) || row < from || row >= to {
				return errFingerprints
			}
			d.parts[p] = append(d.parts[p], e)
			block = block[recordSize:]
		}
	}
	if len(block) > 0 {
		return errFingerprints
	}
	return nil
}

// Result returns the repeats of each kind of value.
func (x *Search) Result() ([]Repeats, error) {
	out := make([]Repeats, len(x.sets))
	for k, d := range x.sets {
		found, err := d.search()
		if err != nil {
			return nil, err
		}
		out[k] = Repeats{Compared: found.compared, Count: found.count, Rows: found.rows}
	}
	return out, nil
}

// AddRepeats adds what searches through the fingerprints of the rows have found.
func (t *Tally) AddRepeats(found []Repeats) error {
	all := t.distinct()
	if len(found) != len(all) {
		return fmt.Errorf("repeats of %d kinds of values, of which there are %d", len(found), len(all))
	}
	for k, f := range found {
		if f.Compared < 0 || f.Compared > mostRows || f.Count < 0 || f.Count > f.Compared || (f.Count > 0) != (len(f.Rows) == 2) {
			return errors.New("the repeats are damaged")
		}
		all[k].found.join(repeats{f.Compared, f.Count, f.Rows})
	}
	return nil
}

// mostRows is more than a population has.
const mostRows = 1 << rowBits
