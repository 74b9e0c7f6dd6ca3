package enrich

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/internal/atomicfile"
	"github.com/personagen/personagen/engine/journal"
)

// indexLine is a line of the index of a batch, about the request on the same line
// of the batch's file. The index is not sent; it assigns the answers.
type indexLine struct {
	Person int64         `json:"person"`
	Call   string        `json:"call"`
	Tasks  []indexTask   `json:"tasks"`
	Worst  endpoint.Cost `json:"worst"`
	Least  int64         `json:"least,omitempty"` // tokens that the prompt has at least
	// MaxTokens is the limit of the answer, 0 in an index of an older program.
	MaxTokens int `json:"max_tokens,omitempty"`
}

// indexTask is a field that a request asks for.
type indexTask struct {
	Key string `json:"key"` // start of the field's key
	Try int    `json:"try"` // counted from 1
}

// shortKey is a key as in the index.
func shortKey(k journal.Key) string { return hex.EncodeToString(k[:12]) }

// requestID names a request at the provider.
func requestID(number, person int64) string { return fmt.Sprintf("%d-%d", number, person) }

// requestNumber parses a requestID.
func requestNumber(id string) (number, person int64, ok bool) {
	a, b, found := strings.Cut(id, "-")
	number, err := strconv.ParseInt(a, 10, 64)
	person, err2 := strconv.ParseInt(b, 10, 64)
	return number, person, found && err == nil && err2 == nil && number >= 0
}

// lineFile is a buffered file of lines.
type lineFile struct {
	file *os.File
	*bufio.Writer
}

func newLineFile(path string) (*lineFile, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &lineFile{f, bufio.NewWriterSize(f, 1<<18)}, nil
}

func (f *lineFile) close() error { return errors.Join(f.Flush(), f.file.Sync(), f.file.Close()) }

// batchFile is a file of requests that is being written, with its index.
type batchFile struct {
	entry    entry
	in       *lineFile
	index    *lineFile
	bytes    int64
	reserved *endpoint.Reservation
}

func newBatchFile(l *ledger, e entry, reserved *endpoint.Reservation) (*batchFile, error) {
	in, err := newLineFile(l.input(e.Number))
	if err != nil {
		return nil, err
	}
	index, err := newLineFile(l.index(e.Number))
	if err != nil {
		in.close()
		return nil, err
	}
	return &batchFile{entry: e, in: in, index: index, reserved: reserved}, nil
}

// add writes a request.
func (f *batchFile) add(line []byte, a indexLine) error {
	data, err := json.Marshal(a)
	if err != nil {
		return err
	}
	f.entry.Requests++
	f.bytes += int64(len(line))
	if _, err := f.in.Write(line); err != nil {
		return err
	}
	_, err = f.index.Write(append(data, '\n'))
	return err
}

func (f *batchFile) close() error {
	f.entry.Worst = f.reserved.Worst()
	return errors.Join(f.in.close(), f.index.close(), atomicfile.SyncFolder(filepath.Dir(f.in.file.Name())))
}

// maxLine bounds a line of a provider's file in bytes.
const maxLine = 32 << 20

// eachLine reads a file line by line; a file that does not exist has no lines.
// The line is valid during the call only.
func eachLine(path string, visit func(offset int64, line []byte) error) error {
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil
	} else if err != nil {
		return err
	}
	defer f.Close()
	in, at := bufio.NewReaderSize(f, 1<<18), int64(0)
	var long []byte
	for {
		line, err := in.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			if long = append(long, line...); len(long) > maxLine {
				return fmt.Errorf("%s has a line of more than %d bytes", path, maxLine)
			}
			continue
		}
		if len(long) > 0 {
			long = append(long, line...)
			line = long
		}
		if len(line) > 0 {
			if err := visit(at, line); err != nil {
				return err
			}
		}
		at, long = at+int64(len(line)), long[:0]
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// eachAsked reads the index of a batch.
func (l *ledger) eachAsked(e entry, visit func(number int64, a indexLine) error) error {
	path, number := l.index(e.Number), int64(0)
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("the index of batch %s cannot be read: %w", e.ID, err)
	}
	err := eachLine(path, func(_ int64, line []byte) error {
		var a indexLine
		if err := json.Unmarshal(line, &a); err != nil {
			return fmt.Errorf("%s, line %d: %w", path, number+1, err)
		}
		number++
		return visit(number-1, a)
	})
	if err == nil && number != e.Requests {
		err = fmt.Errorf("%s has %d lines, but the batch has %d requests", path, number, e.Requests)
	}
	return err
}

// replies finds the lines that answer the requests of a batch, in either of the
// provider's files and in any order.
type replies struct {
	files [2]*os.File
	at    []linePosition // by number of request
}

// linePosition is the position of a line; the length is 0 if there is none.
type linePosition struct {
	file   int
	offset int64
	length int
}

func (l *ledger) replies(e entry) (*replies, error) {
	r := &replies{at: make([]linePosition, e.Requests)}
	for i, path := range []string{l.output(e.Number), l.errors(e.Number)} {
		err := eachLine(path, func(offset int64, line []byte) error {
			id, err := endpoint.BatchID(line)
			number, _, ok := requestNumber(id)
			if err == nil && ok && number < e.Requests && r.at[number].length == 0 { // else it answers no request
				r.at[number] = linePosition{i, offset, len(line)}
			}
			return nil
		})
		if err == nil {
			if r.files[i], err = os.Open(path); os.IsNotExist(err) {
				err = nil
			}
		}
		if err != nil {
			r.close()
			return nil, err
		}
	}
	return r, nil
}

// line returns the answer to a request, nil if there is none.
func (r *replies) line(number int64, buf []byte) ([]byte, error) {
	p := r.at[number]
	if p.length == 0 {
		return nil, nil
	}
	if cap(buf) < p.length {
		buf = make([]byte, p.length)
	}
	buf = buf[:p.length]
	_, err := r.files[p.file].ReadAt(buf, p.offset)
	return buf, err
}

func (r *replies) close() {
	for _, f := range r.files {
		if f != nil {
			f.Close()
		}
	}
}
