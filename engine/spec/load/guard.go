package load

import (
	"context"
	"errors"
	"fmt"
	"runtime/metrics"
	"time"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/scanner"
	"cuelang.org/go/cue/token"

	"github.com/personagen/personagen/engine/diag"
)

// stop is why an evaluation was given up.
type stop struct{ code, message, hint string }

func (s *stop) at(place diag.Place) *diag.List {
	l := &diag.List{}
	l.Errorf(place, s.code, "%s", s.message).Hint = s.hint
	return l
}

// guarded runs work and gives it up when it takes too long, when the heap
// grows too much, or when ctx ends. The work's goroutine cannot be killed.
func guarded[T any](ctx context.Context, o Options, work func() T) (T, *stop) {
	done := make(chan T, 1)
	broke := make(chan any, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				broke <- p
			}
		}()
		done <- work()
	}()
	timeout := time.NewTimer(o.Limit)
	defer timeout.Stop()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	var none T
	for before := heapBytes(); ; {
		select {
		case res := <-done:
			return res, nil
		case p := <-broke:
			return none, &stop{"evaluation", fmt.Sprintf("CUE gave up on the spec: %v", p),
				"take the last change back, and report this text as a fault of personagen"}
		case <-ctx.Done():
			return none, &stop{"interrupted", "reading the spec was interrupted", ""}
		case <-timeout.C:
			return none, &stop{"limit", fmt.Sprintf("evaluating the spec takes longer than %v", o.Limit),
				"look for comprehensions over large lists and for fields that refer to each other; put long tables into CSV files"}
		case <-look.C:
			if grown := heapBytes() - before; grown > o.MemoryLimit {
				return none, &stop{"limit", fmt.Sprintf("evaluating the spec takes more than %d MiB of memory", o.MemoryLimit>>20),
					"look for comprehensions over large lists; put long tables into CSV files"}
			}
		}
	}
}

func heapBytes() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// Limits on the text of one file. The parser and the evaluator are recursive,
// and Go ends the process when a stack overflows, so deep nesting is refused
// before it is parsed.
const (
	maxFileBytes   = 16 << 20
	maxNesting     = 500
	maxExprTokens  = 50_000
	tooLongMessage = "an expression of more than %d tokens; put long tables into CSV files"
)

var (
	errTooDeep = fmt.Errorf("brackets nested more than %d deep", maxNesting)
	errTooLong = fmt.Errorf(tooLongMessage, maxExprTokens)
)

// parseGuarded is the parser that CUE's loader calls for each file.
func parseGuarded(name string, src any, cfg parser.Config) (*ast.File, error) {
	if text, ok := src.([]byte); ok {
		if at, err := tooDeep(name, text); err != nil {
			return nil, cueError(at, err)
		}
	}
	return parser.ParseFile(name, src, cfg, parser.ParseComments, parser.AllErrors)
}

// tooDeep looks for nesting and expressions beyond the limits.
func tooDeep(name string, text []byte) (token.Pos, error) {
	if len(text) > maxFileBytes {
		return token.NoPos, errors.New("the file is larger than 16 MiB; put tables into CSV files")
	}
	var s scanner.Scanner
	file := token.NewFile(name, -1, len(text))
	s.Init(file, text, nil, 0)
	depth, run := 0, 0
	for {
		pos, tok, _ := s.Scan()
		switch tok {
		case token.EOF:
			return token.NoPos, nil
		case token.LPAREN, token.LBRACK, token.LBRACE:
			depth++
		case token.RPAREN, token.RBRACK, token.RBRACE:
			depth--
		case token.COMMA:
			run = 0
		}
		run++
		if depth > maxNesting {
			return pos, errTooDeep
		}
		if run > maxExprTokens {
			return pos, errTooLong
		}
	}
}
