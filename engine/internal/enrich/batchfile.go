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
	"runtime"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/journal"
)

// asked is a line of the index of a batch: what the request of the same number
// is about. The index stays here; it says which answer is whose.
type asked struct {
	Person int64         `json:"person"`
	Call   string        `json:"call"`
	Tasks  []askedTask   `json:"tasks"`
	Worst  endpoint.Cost `json:"worst"`
}

// askedTask is a field that a request asks for.
type askedTask struct {
	Key string `json:"key"` // beginning of the field's key
	Try int    `json:"try"` // counted from 1
}

// shortKey is a key as the index has it.
func shortKey(k journal.Key) string { return hex.EncodeToString(k[:12]) }

// requestID names a request at the provider.
func requestID(number, person int64) string { return fmt.Sprintf("%d-%d", number, person) }

// requestNumber reads the number of a request from its name.
func requestNumber(id string) (number, person int64, ok bool) {
	a, b, found := strings.Cut(id, "-")
	number, err := strconv.ParseInt(a, 10, 64)
	person, err2 := strconv.ParseInt(b, 10, 64)
	return number, person, found && err == nil && err2 == nil && number >= 0
}

// lineFile is a file that is written line by line.
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
	entry entry
	in    *lineFile
	index *lineFile
	bytes int64
	hold  *endpoint.Hold
}

func newBatchFile(l *ledger, e entry, hold *endpoint.Hold) (*batchFile, error) {
	in, err := newLineFile(l.input(e.Number))
	if err != nil {
		return nil, err
	}
	index, err := newLineFile(l.index(e.Number))
	if err != nil {
		in.close()
		return nil, err
	}
	return &batchFile{entry: e, in: in, index: index, hold: hold}, nil
}

// add writes a request.
func (f *batchFile) add(line []byte, a asked) error {
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
	f.entry.Worst = f.hold.Worst()
	return errors.Join(f.in.close(), f.index.close(), syncDir(filepath.Dir(f.in.file.Name())))
}

// syncDir makes the names of new files durable.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // Windows cannot sync a folder
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// longestLine bounds a line of a provider's file.
const longestLine = 32 << 20

// eachLine reads a file line by line; a file that is not there has none. The
// line is valid during the call only.
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
			if long = append(long, line...); len(long) > longestLine {
				return fmt.Errorf("%s has a line of more than %d bytes", path, longestLine)
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

// replies finds the lines that answer the requests of a batch, wherever they
// stand.
type replies struct {
	files [2]*os.File
	at    []place // by number of request
	odd   int     // lines that answer no request
}

// place of a line; a length of 0 is none.
type place struct {
	file   int
	offset int64
	length int
}

func (l *ledger) replies(e entry) (*replies, error) {
	r := &replies{at: make([]place, e.Requests)}
	for i, path := range []string{l.output(e.Number), l.errors(e.Number)} {
		err := eachLine(path, func(offset int64, line []byte) error {
			id, err := endpoint.BatchID(line)
			number, _, ok := requestNumber(id)
			if err != nil || !ok || number >= e.Requests || r.at[number].length > 0 {
				r.odd++
				return nil
			}
			r.at[number] = place{i, offset, len(line)}
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

// line returns the answer to a request, nil when there is none.
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
