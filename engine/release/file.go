package release

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/personagen/personagen/engine/internal/atomicfile"
)

// WriteFile writes a document so that a reader sees all of it or nothing, after a power
// loss too. It replaces an existing file.
func WriteFile(path string, data []byte) error { return atomicfile.Write(path, data, 0o644) }

// asJSON returns a function that writes v as an indented document, with arrays of
// numbers on one line.
func asJSON(v any) func(io.Writer) error {
	return func(w io.Writer) error {
		data, err := json.MarshalIndent(v, "", " ")
		if err == nil {
			_, err = w.Write(append(joinNumbers(data), '\n'))
		}
		return err
	}
}

// joinNumbers puts each array of numbers in indented JSON on one line.
func joinNumbers(data []byte) []byte {
	var out []byte
	lines := bytes.Split(data, []byte{'\n'})
	for i := 0; i < len(lines); i++ {
		if len(out) > 0 {
			out = append(out, '\n')
		}
		out = append(out, lines[i]...)
		if !bytes.HasSuffix(lines[i], []byte{'['}) {
			continue
		}
		end := i + 1
		for end < len(lines) && isNumber(lines[end]) {
			end++
		}
		if end == i+1 || end == len(lines) || bytes.TrimLeft(lines[end], " ")[0] != ']' {
			continue
		}
		for k := i + 1; k < end; k++ {
			if k > i+1 {
				out = append(out, ' ')
			}
			out = append(out, bytes.TrimLeft(lines[k], " ")...)
		}
		out = append(out, bytes.TrimLeft(lines[end], " ")...)
		i = end
	}
	return out
}

// isNumber reports whether a line of indented JSON is a number.
func isNumber(line []byte) bool {
	line = bytes.TrimLeft(line, " ")
	return len(line) > 0 && (line[0] == '-' || line[0] >= '0' && line[0] <= '9')
}
