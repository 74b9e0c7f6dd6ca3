package dataset

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxRecord is the longest line or CSV record read, in bytes. More than that is
// a damaged file and not a person.
const maxRecord = 64 << 20

// lineReader reads the lines of a text file and knows their numbers.
type lineReader struct {
	file *os.File
	in   *bufio.Reader
	long []byte // a line longer than the buffer
	line int64  // number of the last line, 1-based
}

func newLineReader(file *os.File) *lineReader {
	l := &lineReader{file: file, in: bufio.NewReaderSize(file, 256<<10)}
	l.skipBOM()
	return l
}

// skipBOM skips the byte order mark that some editors put in front of UTF-8.
func (l *lineReader) skipBOM() {
	if mark, err := l.in.Peek(3); err == nil && string(mark) == "\ufeff" {
		l.in.Discard(3)
	}
}

// rewind goes back to the first line.
func (l *lineReader) rewind() error {
	if _, err := l.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("cannot read the file a second time: %w", err)
	}
	l.in.Reset(l.file)
	l.skipBOM()
	l.line = 0
	return nil
}

// next returns the next line with its line end, if it has one. It is valid
// until the next call. After the last line the error is io.EOF.
func (l *lineReader) next() ([]byte, error) {
	part, err := l.in.ReadSlice('\n')
	if err == nil || (errors.Is(err, io.EOF) && len(part) > 0) {
		l.line++
		return part, nil
	}
	if !errors.Is(err, bufio.ErrBufferFull) {
		return nil, err
	}
	l.long = append(l.long[:0], part...)
	for errors.Is(err, bufio.ErrBufferFull) {
		if len(l.long) > maxRecord {
			return nil, fmt.Errorf("line %d is longer than %d bytes", l.line+1, maxRecord)
		}
		part, err = l.in.ReadSlice('\n')
		l.long = append(l.long, part...)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	l.line++
	return l.long, nil
}

// chomp cuts off the line end.
func chomp(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte{'\n'})
	return bytes.TrimSuffix(line, []byte{'\r'})
}

// guess collects what the values of a column are, to infer its type.
type guess struct{ integer, number, text, list bool }

func (g guess) textual() bool { return g.text || g.list && (g.integer || g.number) }
