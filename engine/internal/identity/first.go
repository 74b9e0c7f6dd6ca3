package identity

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
)

// FirstEncoder hashes a structure as version 1 did, with several choices of tolerances.
// Its encoding of the other parts is made once.
type FirstEncoder struct {
	head, tail []byte
	tables     [][]byte // up to the number of the tolerance
	tolerance  []float64
}

// FirstEncoder returns the encoder of a structure that is as version 1 had it: without
// bounds of tables, and with Together in the order of the spec.
func (s *Structure) FirstEncoder() *FirstEncoder {
	bare, problem := *s, *s.Problem
	bare.Version, bare.Problem = 0, &problem
	none := Table{Name: "\x00"}
	problem.Tables = []Table{none}
	head, tail, _ := bytes.Cut(encode(bare), bytes.TrimSpace(encode(none)))
	e := &FirstEncoder{head: head, tail: tail}
	if len(s.Problem.Tables) == 0 {
		problem.Tables = s.Problem.Tables
		e.head, e.tail = encode(bare), nil
	}
	for _, t := range s.Problem.Tables {
		e.tolerance = append(e.tolerance, t.Tolerance)
		t.Tolerance, t.Low, t.High = 0, nil, nil
		e.tables = append(e.tables, bytes.TrimSuffix(bytes.TrimSpace(encode(t)), []byte("0}")))
	}
	return e
}

// Hash returns the hash in hex with other tolerances of some tables, by their position.
func (e *FirstEncoder) Hash(tolerance map[int]float64) string {
	h := sha256.New()
	h.Write(e.head)
	for i, t := range e.tables {
		if i > 0 {
			h.Write([]byte{','})
		}
		x, ok := tolerance[i]
		if !ok {
			x = e.tolerance[i]
		}
		h.Write(t)
		h.Write(bytes.TrimSpace(encode(x)))
		h.Write([]byte{'}'})
	}
	h.Write(e.tail)
	return hex.EncodeToString(h.Sum(nil))
}
