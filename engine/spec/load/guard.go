package load

import (
	"context"
	"errors"
	"fmt"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/scanner"
	"cuelang.org/go/cue/token"

	"github.com/personagen/personagen/engine/diag"
)

// stop is the reason why an evaluation was abandoned.
type stop struct{ code, message, hint string }

func (s *stop) at(place diag.Place) *diag.List {
	l := &diag.List{}
	l.Errorf(place, s.code, "%s", s.message).Hint = s.hint
	return l
}

// guarded runs work and abandons it if it takes too long, if the heap grows too
// much, or if ctx ends. The goroutine of the work cannot be stopped.
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
			return none, &stop{"evaluation", fmt.Sprintf("CUE failed on the spec: %v", p),
				"undo the last change, and report this message as a bug in personagen"}
		case <-ctx.Done():
			return none, &stop{"interrupted", "reading the spec was interrupted", ""}
		case <-timeout.C:
			return none, &stop{"limit", fmt.Sprintf("evaluating the spec takes longer than %v", o.Limit),
				"look for comprehensions over large lists and for fields that refer to each other; move long tables to CSV files"}
		case <-look.C:
			if grown := heapBytes() - before; grown > o.MemoryLimit {
				return none, &stop{"limit", fmt.Sprintf("evaluating the spec takes more than %d MiB of memory", o.MemoryLimit>>20),
					"look for comprehensions over large lists; move long tables to CSV files"}
			}
		}
	}
}

func heapBytes() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// Limits on one file. The parser and the evaluator are recursive, and a stack
// overflow ends a Go process, so deep nesting is refused before parsing.
const (
	maxFileBytes   = 16 << 20
	maxNesting     = 500
	maxExprTokens  = 50_000
	maxDigits      = 400
	maxExponent    = 400 // CUE computes wrongly with exponents that it cannot represent
	tooLongMessage = "an expression has more than %d tokens; move long tables to CSV files"
)

var (
	errTooDeep = fmt.Errorf("brackets are nested more than %d deep", maxNesting)
	errTooLong = fmt.Errorf(tooLongMessage, maxExprTokens)
	errTooWide = fmt.Errorf("the number has more than %d digits or an exponent beyond ±%d", maxDigits, maxExponent)
)

// parseGuarded parses a file within the limits.
func parseGuarded(name string, src any, cfg parser.Config) (*ast.File, error) {
	if text, ok := src.([]byte); ok {
		if at, err := tooDeep(name, text); err != nil {
			return nil, cueError(at, err)
		}
	}
	return parser.ParseFile(name, src, cfg, parser.ParseComments, parser.AllErrors)
}

// tooDeep returns the first position where nesting, an expression or a number exceeds
// the limits, and the error.
func tooDeep(name string, text []byte) (token.Pos, error) {
	if len(text) > maxFileBytes {
		return token.NoPos, errors.New("the file is larger than 16 MiB; move tables to CSV files")
	}
	var s scanner.Scanner
	file := token.NewFile(name, -1, len(text))
	s.Init(file, text, nil, 0)
	depth, run := 0, 0
	for {
		pos, tok, literal := s.Scan()
		switch tok {
		case token.INT, token.FLOAT:
			if tooWide(literal) {
				return pos, errTooWide
			}
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

// tooWide reports whether a number is beyond the limits.
func tooWide(literal string) bool {
	mantissa, exponent, found := strings.Cut(strings.ToLower(literal), "e")
	if !found || strings.HasPrefix(literal, "0") && len(literal) > 1 && strings.ContainsAny(literal[1:2], "xX") {
		return len(literal) > maxDigits
	}
	n, err := strconv.Atoi(exponent)
	return err != nil || len(mantissa) > maxDigits || n > maxExponent || n < -maxExponent
}
