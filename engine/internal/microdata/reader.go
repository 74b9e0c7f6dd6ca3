// Package microdata counts the records of surveys: it reads them one at a time from CSV
// and Parquet files, smooths what was counted, and finds which variables depend on each
// other. No record is kept.
package microdata

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/table"
)

// Reader reads the records of a file, as texts. Its memory does not grow with the file.
type Reader struct {
	Columns []string
	source  source
	drops   table.Drops
	sum     func() (string, error) // SHA-256 of the file, in hex
	file    *os.File
}

type source interface {
	next(faults *diag.List) ([]string, error)
	place(column int) diag.Place
	close() error
}

// Open reads the beginning of a file, which messages call shown. A name that ends in
// .parquet is a Parquet file, any other a text file with a layout. It returns nil after it
// has reported a fault. The Reader closes the file.
func Open(file *os.File, shown string, layout *table.Layout, faults *diag.List) *Reader {
	r := &Reader{file: file}
	if IsParquet(shown) {
		p, err := openParquet(file, shown)
		if err != nil {
			faults.Errorf(layoutPlace(layout, shown), "parquet", "%s cannot be read: %v", shown, err).WithHint("name a Parquet or CSV file of records")
			return nil // the file is closed
		}
		r.source, r.Columns = p, p.names()
		r.sum = func() (string, error) { return sumOf(file) }
		return r.dropping(shown, layout, faults)
	}
	hash := sha256.New()
	bytes := io.TeeReader(file, hash)
	s := table.NewStream(bytes, shown, layout, faults)
	if s == nil {
		file.Close()
		return nil
	}
	r.source, r.Columns = text{s, file}, s.Header
	r.sum = func() (string, error) {
		_, err := io.Copy(io.Discard, bytes) // what follows a byte order mark or the last record
		return hex.EncodeToString(hash.Sum(nil)), err
	}
	return r.dropping(shown, layout, faults)
}

func (r *Reader) dropping(shown string, layout *table.Layout, faults *diag.List) *Reader {
	var ok bool
	if r.drops, ok = layout.Drops(r.Columns, shown, faults); !ok {
		r.Close()
		return nil
	}
	return r
}

// IsParquet reports whether a file is read as Parquet.
func IsParquet(path string) bool { return strings.EqualFold(filepath.Ext(path), ".parquet") }

func layoutPlace(l *table.Layout, shown string) diag.Place {
	if l.Place.File != "" {
		return l.Place
	}
	return diag.Place{File: shown}
}

// sumOf returns the SHA-256 of a file, in hex.
func sumOf(file *os.File) (string, error) {
	hash := sha256.New()
	info, err := file.Stat()
	if err == nil {
		_, err = io.Copy(hash, io.NewSectionReader(file, 0, info.Size()))
	}
	return hex.EncodeToString(hash.Sum(nil)), err
}

// Next returns the cells of the next record, one for each column, without blanks around
// them; a null is "". They are valid until the next call. After the last record it returns
// io.EOF; any other error has been reported. Records that the layout drops are left out.
func (r *Reader) Next(faults *diag.List) ([]string, error) {
	for {
		cells, err := r.source.next(faults)
		if err != nil || !r.drops.Has(cells) {
			return cells, err
		}
	}
}

// Place returns the place of a cell of the record that was read last.
func (r *Reader) Place(column int) diag.Place { return r.source.place(column) }

// Sum returns the SHA-256 of the file, in hex, after its last record was read.
func (r *Reader) Sum() (string, error) { return r.sum() }

// Close closes the file.
func (r *Reader) Close() error { return r.source.close() }

// text is a text file.
type text struct {
	*table.Stream
	file *os.File
}

func (t text) next(faults *diag.List) ([]string, error) { return t.Next(faults) }
func (t text) place(column int) diag.Place              { return t.Place(column) }
func (t text) close() error                             { return t.file.Close() }

var errReported = errors.New("a fault was reported")
