package release

import (
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
		data, err := json.Marshal(v)
		if err == nil {
			_, err = w.Write(append(indent(data), '\n'))
		}
		return err
	}
}

// indent lays out JSON without blanks as json.Indent does with one blank, but with arrays of
// numbers on one line: most of a plan is numbers.
func indent(data []byte) []byte {
	out := make([]byte, 0, len(data)+len(data)/2)
	depth := 0
	newLine := func() {
		out = append(out, '\n')
		for range depth {
			out = append(out, ' ')
		}
	}
	for i := 0; i < len(data); i++ {
		switch c := data[i]; c {
		case '{', '[':
			numbers := 0
			if c == '[' {
				numbers = numbersEnd(data[i+1:])
			}
			switch {
			case data[i+1] == c+2: // the closing one
				i++
				out = append(out, c, c+2)
			case numbers > 0:
				array := data[i : i+numbers+2]
				i += numbers + 1
				for _, c := range array {
					if out = append(out, c); c == ',' {
						out = append(out, ' ')
					}
				}
			default:
				out = append(out, c)
				depth++
				newLine()
			}
		case '}', ']':
			depth--
			newLine()
			out = append(out, c)
		case ',':
			out = append(out, c)
			newLine()
		case ':':
			out = append(out, c, ' ')
		case '"':
			end := i + 1
			for ; data[end] != '"'; end++ {
				if data[end] == '\\' {
					end++
				}
			}
			out = append(out, data[i:end+1]...)
			i = end
		default:
			out = append(out, c)
		}
	}
	return out
}

// numbersEnd returns where the array that begins here ends, if it has only numbers, else 0.
func numbersEnd(data []byte) int {
	for i, c := range data {
		switch {
		case c == ']':
			return i
		case c >= '0' && c <= '9', c == ',', c == '-', c == '+', c == '.', c == 'e', c == 'E':
		default:
			return 0
		}
	}
	return 0
}
