package journal

import (
	"encoding/binary"

	"github.com/personagen/personagen/engine/internal/rng"
)

// location says where a frame starts: segment number in the upper 24 bits,
// offset in the lower 40. No frame has location 0, because segment numbers start
// at 1.
type location uint64

func locate(segment int, offset int64) location {
	return location(segment)<<40 | location(offset)
}

func (l location) segment() int  { return int(l >> 40) }
func (l location) offset() int64 { return int64(l & (1<<40 - 1)) }

// fingerprint hashes a key to 64 bits.
func fingerprint(key *Key) uint64 {
	var h uint64
	for i := 0; i < len(key); i += 8 {
		h = rng.Mix(h ^ binary.LittleEndian.Uint64(key[i:]))
	}
	return h
}

// index is a hash table from fingerprints of keys to locations, with open
// addressing and linear probing: 16 bytes per slot, at most three quarters full.
// Different keys may share a fingerprint; the caller distinguishes them by reading
// the frame.
type index struct {
	slots []slot // its length is a power of two
	used  int
}

type slot struct {
	fingerprint uint64
	at          location
}

// find calls same with the location of each entry that has the fingerprint until
// same returns true, and returns that entry, or nil.
func (x *index) find(fingerprint uint64, same func(location) (bool, error)) (*slot, error) {
	if len(x.slots) == 0 {
		return nil, nil
	}
	mask := uint64(len(x.slots) - 1)
	for i := fingerprint & mask; x.slots[i].at != 0; i = (i + 1) & mask {
		if x.slots[i].fingerprint != fingerprint {
			continue
		}
		if ok, err := same(x.slots[i].at); ok || err != nil {
			return &x.slots[i], err
		}
	}
	return nil, nil
}

// add adds an entry for a key that is not in the index.
func (x *index) add(fingerprint uint64, at location) {
	if 4*(x.used+1) > 3*len(x.slots) {
		x.grow()
	}
	x.put(slot{fingerprint, at})
	x.used++
}

func (x *index) put(s slot) {
	mask := uint64(len(x.slots) - 1)
	i := s.fingerprint & mask
	for x.slots[i].at != 0 {
		i = (i + 1) & mask
	}
	x.slots[i] = s
}

func (x *index) grow() {
	old := x.slots
	x.slots = make([]slot, max(64, 2*len(old)))
	for _, s := range old {
		if s.at != 0 {
			x.put(s)
		}
	}
}
