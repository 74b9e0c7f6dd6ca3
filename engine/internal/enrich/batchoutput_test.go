package enrich_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/internal/enrich"
)

// Whatever lines the file of answers has, every answer that can be told goes to its
// person, the others are asked for again, and nothing else is taken.
func TestCasesServerBatchOutput(t *testing.T) {
	renamed := func(change func(i int, line []byte) [][]byte) func([][]byte) [][]byte {
		return func(lines [][]byte) (out [][]byte) {
			for i, line := range lines {
				out = append(out, change(i, line)...)
			}
			return out
		}
	}
	id := func(line []byte) []byte {
		_, rest, _ := bytes.Cut(line, []byte(`"custom_id":"`))
		name, _, _ := bytes.Cut(rest, []byte(`"`))
		return name
	}
	for name, output := range map[string]func([][]byte) [][]byte{
		"unknown ids": renamed(func(i int, line []byte) [][]byte {
			if i%5 == 1 {
				return [][]byte{bytes.Replace(line, id(line), []byte("req-999999-1"), 1)}
			}
			return [][]byte{line}
		}),
		"ids of another form": renamed(func(i int, line []byte) [][]byte {
			return [][]byte{bytes.Replace(line, id(line), fmt.Appendf(nil, "x%d", -i), 1), line}
		}),
		"numeric ids": renamed(func(i int, line []byte) [][]byte {
			if i%4 == 0 {
				return [][]byte{bytes.Replace(line, append(append([]byte(`"`), id(line)...), '"'), []byte("17"), 1)}
			}
			return [][]byte{line}
		}),
		"duplicates":    renamed(func(_ int, line []byte) [][]byte { return [][]byte{line, line, line} }),
		"missing lines": renamed(func(i int, line []byte) [][]byte { return [][]byte{line}[:min(1, i%3)] }),
		"no lines":      func([][]byte) [][]byte { return nil },
		"blank and broken": renamed(func(i int, line []byte) [][]byte {
			return [][]byte{nil, []byte("{"), line[:len(line)/2], []byte("null"), line}
		}),
		"huge lines": renamed(func(i int, line []byte) [][]byte {
			if i%10 == 0 {
				return [][]byte{bytes.Replace(line, []byte(`"id":"r-`), []byte(`"id":"`+strings.Repeat("r", 200_000)), 1)}
			}
			return [][]byte{line}
		}),
		"another order": func(lines [][]byte) [][]byte {
			out := bytes.Clone(bytes.Join(lines, []byte("\n")))
			return append(bytes.Split(out, []byte("\n"))[1:], lines[0])
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, identified)
			o.config.Requests = 40
			calls := 0
			o.server.Batches.Output = func(lines [][]byte) [][]byte {
				if calls++; calls > 2 {
					return lines
				}
				return output(lines)
			}
			c, left, err := o.run(t, t.Context(), enrich.Options{})
			all := wholeOf(t, c, 3)
			if left.Batches > 0 || err == nil && all.Accepted+all.NotApplicable+all.Unanswered != 3*people {
				t.Fatalf("got %v, %+v, left %+v", err, all, left)
			}
			calls = 10
			if all = o.finish(t); all.Accepted+all.Cached+all.NotApplicable != 3*people {
				t.Errorf("finally got %+v", all)
			}
		})
	}
}
