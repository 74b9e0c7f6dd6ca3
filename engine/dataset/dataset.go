// Package dataset reads and writes the data files of a release: Parquet,
// JSONL and CSV, from and to the columns of frame.Batch.
//
// Writing is split so that it can use every core and still give the same bytes
// with any number of workers: each worker encodes a chunk of consecutive rows
// into a Part of its own, and one goroutine appends the finished parts in the
// order of the rows. A chunk is a row group in Parquet and plain bytes in the
// text formats.
//
//	w, err := dataset.Create("parquet", path, schema, dataset.Options{})
//	defer w.Abort()                 // no half file; does nothing after Close
//	part := w.NewPart()             // one per worker, used again and again
//	for each chunk {
//		part.Write(batch) …     // in the worker, several batches
//		part.Finish()           // in the worker
//		w.Append(part)          // in order, by one goroutine
//	}
//	err = w.Close()
//
// The file is written under the given path; making it appear only when whole
// (a temporary name, then a rename) is the caller's part.
package dataset

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
)

// ChunkRows is the recommended number of rows of a chunk when no column holds
// long text. A part holds its chunk until the chunks before it are written: with
// 45 columns a chunk takes about 45 MB as JSONL, 25 MB as CSV and 15 MB as a
// Parquet row group. Row groups four times as large make the file 1 % smaller.
const ChunkRows = 1 << 15

// ChunkBytes is the recommended size of a chunk in bytes before encoding when
// there are long texts; see Part.Size.
const ChunkBytes = 64 << 20

// RowsPerChunk returns the recommended rows per chunk for rows with textBytes
// bytes of text each, counted over all text columns: ChunkRows, or as many as
// fit ChunkBytes, but at least 1024.
func RowsPerChunk(textBytes int) int {
	if textBytes <= 0 {
		return ChunkRows
	}
	return max(1024, min(ChunkRows, ChunkBytes/textBytes))
}

// KeyValue is one entry of a file's metadata.
type KeyValue struct{ Key, Value string }

// FieldsKey is the metadata key under which a Parquet file of ours keeps its
// frame.Schema as JSON: types, labels, titles, descriptions and units.
const FieldsKey = "personagen.fields"

// Options are the choices of a writer. The zero value is good.
type Options struct {
	// Metadata is kept in the file, in this order (Parquet; the text formats
	// have no place for it). FieldsKey is added by the writer.
	Metadata []KeyValue
	// Level is the effort of the compression from 1 (fastest) to 4 (smallest);
	// 0 stands for 1. Only Parquet compresses (ZSTD).
	Level int
}

// A Writer makes one data file out of parts.
type Writer interface {
	// NewPart returns an empty part of this file. It may be called by many
	// goroutines at once.
	NewPart() Part
	// Append writes the rows of the part behind those already written and
	// leaves the part empty. One goroutine calls it, in the order of the rows.
	Append(p Part) error
	// Close completes the file: it then is whole and synced to the disk.
	Close() error
	// Abort closes and removes a file that Close has not completed.
	Abort() error
}

// A Part encodes the rows of one chunk. Parts are independent: each belongs to
// one goroutine at a time.
type Part interface {
	// Write encodes the rows of the batch, whose columns must be those of the
	// file's schema. A batch that is not whole (columns of unequal length, a
	// code without label, a null where none is allowed, NaN) is an error, and
	// nothing of it is written.
	Write(b *frame.Batch) error
	// Finish encodes what is still buffered, so that this work is done by the
	// worker; without it Append does it.
	Finish() error
	// Rows is the number of rows written since the part was empty.
	Rows() int
	// Size is the size of these rows in bytes before encoding, a function of
	// the values alone: 8 per number, 4 per category, the length of a text.
	Size() int64
	// Reset drops the rows.
	Reset()
}

// Format is one of the file formats of a release.
type Format struct {
	Name      string // "parquet", "jsonl", "csv"
	Extension string // with the dot
}

var formats = []Format{{"parquet", ".parquet"}, {"jsonl", ".jsonl"}, {"csv", ".csv"}}

// Formats returns the formats, the primary one first.
func Formats() []Format { return slices.Clone(formats) }

// FormatNames returns the names of the formats, in the same order.
func FormatNames() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.Name)
	}
	return names
}

// FormatOf returns the format with the given name.
func FormatOf(name string) (Format, error) {
	for _, f := range formats {
		if f.Name == name {
			return f, nil
		}
	}
	return Format{}, fmt.Errorf("unknown format %q: use parquet, jsonl or csv", name)
}

// FormatOfPath returns the format that the extension of the path stands for;
// .ndjson counts as JSONL.
func FormatOfPath(path string) (Format, error) {
	ext := strings.ToLower(filepath.Ext(path))
	if ext == ".ndjson" {
		ext = ".jsonl"
	}
	for _, f := range formats {
		if f.Extension == ext {
			return f, nil
		}
	}
	return Format{}, fmt.Errorf("%s: cannot tell the format from the name: it must end in .parquet, .jsonl or .csv", path)
}

// Create starts a data file of the named format at path, replacing any file
// that is there.
func Create(format, path string, s frame.Schema, o Options) (Writer, error) {
	switch format {
	case "parquet":
		return CreateParquet(path, s, o)
	case "jsonl":
		return CreateJSONL(path, s)
	case "csv":
		return CreateCSV(path, s)
	}
	_, err := FormatOf(format)
	return nil, err
}
