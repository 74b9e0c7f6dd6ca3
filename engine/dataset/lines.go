package dataset

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxRecord limits the length of a line or CSV record in bytes. A longer one means
// a damaged file.
const maxRecord = 64 << 20

// lineReader reads the lines of a text file and counts them.
type lineReader struct {
	file *os.File
	in   *bufio.Reader
	long []byte // memory for lines that are longer than the buffer of in
	line int64  // number of the last line, counted from 1
	at   int64  // bytes before the next line
}

func newLineReader(file *os.File) *lineReader {
	l := &lineReader{file: file, in: bufio.NewReaderSize(file, 256<<10)}
	l.skipBOM()
	return l
}

// skipBOM skips the byte order mark that some editors write before UTF-8.
func (l *lineReader) skipBOM() {
	if mark, err := l.in.Peek(3); err == nil && string(mark) == "\ufeff" {
		l.in.Discard(3)
		l.at = 3
	}
}

// rewind goes back to the first line.
func (l *lineReader) rewind() error {
	if _, err := l.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("cannot read the file a second time: %w", err)
	}
	l.in.Reset(l.file)
	l.at = 0
	l.skipBOM()
	l.line = 0
	return nil
}

// next returns the next line, including its line end. The line is valid until the
// next call. After the last line the error is io.EOF.
func (l *lineReader) next() ([]byte, error) {
	part, err := l.in.ReadSlice('\n')
	if err == nil || (errors.Is(err, io.EOF) && len(part) > 0) {
		l.line++
		l.at += int64(len(part))
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
	l.at += int64(len(l.long))
	return l.long, nil
}

// chomp removes the line end.
func chomp(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte{'\n'})
	return bytes.TrimSuffix(line, []byte{'\r'})
}

// guess says which kinds of values a column has; its type is inferred from them.
type guess struct{ integer, number, text, list bool }

func (g guess) textual() bool { return g.text || g.list && (g.integer || g.number) }
